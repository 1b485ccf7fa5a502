/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/sender.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/error.h"
#include "base/bytes.h"

enum { JITTER_PART = 4 };

void sender_init(struct sender *sender, const struct sender_options *options)
{
	assert(options->slots >= 1 && options->slots <= SENDER_SLOTS_MAX);
	assert(options->retry_ms >= 1 && options->retry_max_ms >= options->retry_ms);
	*sender = (struct sender){.options = *options, .random = options->seed};
}

void sender_release(struct sender *sender)
{
	free(sender->entries);
	free(sender->teams);
}

/* splitmix64; 0 <= result < limit. */
static int64_t random_below(struct sender *sender, int64_t limit)
{
	uint64_t x = sender->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	x ^= x >> 31;
	return limit > 0 ? (int64_t)(x % (uint64_t)limit) : 0;
}

/* The interval doubles with each attempt. Jitter makes it up to a quarter longer, or, at the limit, shorter. */
static int64_t interval_ms(struct sender *sender, uint32_t attempts)
{
	int64_t limit = sender->options.retry_max_ms;
	int64_t interval = backoff_ms(sender->options.retry_ms, limit, attempts);

	interval += random_below(sender, interval / JITTER_PART + 1);
	return interval <= limit ? interval : limit - random_below(sender, limit / JITTER_PART + 1);
}

/* The first entry whose seq is not below `seq`. */
static size_t lower_bound(const struct sender *sender, uint64_t seq)
{
	size_t low = 0, high = sender->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sender->entries[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Removes the entries that are gone, once they are more than half of all. */
static void drop_gone(struct sender *sender)
{
	size_t kept = 0;

	if (sender->gone * 2 <= sender->n)
		return;
	for (size_t i = 0; i < sender->n; i++)
		if (sender->entries[i].state != SENDER_GONE)
			sender->entries[kept++] = sender->entries[i];
	sender->n = kept;
	sender->gone = 0;
}

static int team_index(struct sender *sender, const char *team, uint32_t *index)
{
	struct sender_team *teams;
	uint32_t i = 0;

	while (i < sender->n_teams && strcmp(sender->teams[i].team, team) != 0)
		i++;
	if (i == sender->n_teams) {
		teams = realloc(sender->teams, (i + 1) * sizeof *teams);
		if (!teams)
			return FAULT_MEMORY;
		teams[i] = (struct sender_team){.receipt_ms = INT64_MIN, .sent_ms = INT64_MIN};
		memcpy(teams[i].team, team, strnlen(team, SLUG_BYTES - 1));
		sender->teams = teams;
		sender->n_teams++;
	}
	*index = i;
	return 0;
}

static int make_room_for_entry(struct sender *sender)
{
	struct sender_entry *entries;

	drop_gone(sender);
	entries = room_for_one(sender->entries, sender->n, &sender->room, sizeof *entries);
	if (!entries)
		return FAULT_MEMORY;
	sender->entries = entries;
	return 0;
}

int sender_add(struct sender *sender, uint64_t seq, const struct event_id *id, enum act act, const char *team)
{
	struct sender_entry entry = {.seq = seq, .id = *id, .act = act, .state = SENDER_FRESH};
	size_t at;

	if (make_room_for_entry(sender) != 0 || team_index(sender, team, &entry.team) != 0)
		return FAULT_MEMORY;
	at = lower_bound(sender, seq);
	if (at < sender->n && sender->entries[at].seq == seq) {
		if (sender->entries[at].state != SENDER_GONE)
			return 0;
		sender->gone--;
	} else {
		memmove(sender->entries + at + 1, sender->entries + at, (sender->n - at) * sizeof entry);
		sender->n++;
	}
	sender->entries[at] = entry;
	sender->teams[entry.team].fresh++;
	return 0;
}

size_t sender_fresh(const struct sender *sender)
{
	size_t fresh = 0;

	for (uint32_t i = 0; i < sender->n_teams; i++)
		fresh += sender->teams[i].timed_out ? 0 : sender->teams[i].fresh;
	return fresh;
}

static const struct sender_slot *free_slot(const struct sender *sender)
{
	for (uint32_t i = 0; i < sender->options.slots; i++)
		if (!sender->slots[i].used)
			return &sender->slots[i];
	return NULL;
}

/* A team that is timed out has one slot for entries that were sent before and one for fresh entries. */
static bool team_may(const struct sender *sender, uint32_t team, bool again)
{
	if (!sender->teams[team].timed_out)
		return true;
	for (uint32_t i = 0; i < sender->options.slots; i++) {
		const struct sender_slot *slot = &sender->slots[i];

		if (slot->used && slot->team == team && slot->again == again)
			return false;
	}
	return true;
}

static bool is_due(const struct sender_entry *entry, int64_t now_ms)
{
	return entry->state == SENDER_FRESH || (entry->state == SENDER_WAITING && entry->due_ms <= now_ms);
}

/* It is not known whether the broker lets the submissions of such a team through. */
static bool is_unconfirmed(const struct sender_team *team)
{
	return team->timed_out || team->receipt_ms == INT64_MIN;
}

/* What unconfirmed teams may do with the next slot. */
struct room {
	bool unconfirmed_may;   /* take it: it is not the last one, which is for teams that have receipts */
	bool unconfirmed_first; /* take it before the other teams: they have no slot yet */
};

static struct room room_now(const struct sender *sender)
{
	uint32_t unconfirmed = 0, slots = sender->options.slots;

	for (uint32_t i = 0; i < slots; i++)
		unconfirmed += sender->slots[i].used && is_unconfirmed(&sender->teams[sender->slots[i].team]);
	return (struct room){
		.unconfirmed_may = slots == 1 || unconfirmed + 1 < slots,
		.unconfirmed_first = slots > 1 && unconfirmed == 0,
	};
}

/* Whether `one` is sent before `other`. Unconfirmed teams take turns. Within a team, and between teams that have receipts,
 * entries that were sent before are first, and of those the one that has waited longest. */
static bool before(const struct sender *sender, const struct sender_entry *one, const struct sender_entry *other,
		   struct room room)
{
	const struct sender_team *team = &sender->teams[one->team], *others = &sender->teams[other->team];
	bool unconfirmed = is_unconfirmed(team);

	if (unconfirmed != is_unconfirmed(others))
		return unconfirmed == room.unconfirmed_first;
	if (unconfirmed && team->sent_ms != others->sent_ms)
		return team->sent_ms < others->sent_ms;
	return one->state == SENDER_WAITING && (other->state == SENDER_FRESH || one->due_ms < other->due_ms);
}

static bool may_go(const struct sender *sender, const struct sender_entry *entry, struct room room, int64_t now_ms)
{
	if (!is_due(entry, now_ms) || !team_may(sender, entry->team, entry->state == SENDER_WAITING))
		return false;
	return room.unconfirmed_may || !is_unconfirmed(&sender->teams[entry->team]);
}

/* The entry to send first; of equals the one that was tapped first. NULL: none may be sent. */
static const struct sender_entry *choose_first(const struct sender *sender, int64_t now_ms)
{
	const struct sender_entry *best = NULL;
	struct room room = room_now(sender);

	for (size_t i = 0; i < sender->n; i++) {
		const struct sender_entry *entry = &sender->entries[i];

		if (best && !before(sender, entry, best, room))
			continue;
		if (may_go(sender, entry, room, now_ms))
			best = entry;
	}
	return best;
}

static void take_entry(struct sender *sender, struct sender_entry *entry, struct sender_batch *batch, int64_t now_ms)
{
	if (entry->state == SENDER_FRESH)
		sender->teams[entry->team].fresh--;
	entry->state = SENDER_IN_FLIGHT;
	entry->slot = batch->slot;
	entry->attempts++;
	entry->due_ms = now_ms + interval_ms(sender, entry->attempts);
	entry->sent = true;
	entry->answered = false;
	batch->seqs[batch->n++] = entry->seq;
}

/* Puts `first` in the batch, with as many other entries of its team as may be sent together with it. */
static void fill_batch(struct sender *sender, const struct sender_entry *first, struct sender_batch *batch,
		       int64_t now_ms)
{
	enum sender_state state = first->state;
	uint32_t team = first->team;

	if (first->alone) {
		take_entry(sender, &sender->entries[first - sender->entries], batch, now_ms);
		return;
	}
	for (size_t i = 0; i < sender->n && batch->n < SUBMISSION_EVENTS_MAX; i++) {
		struct sender_entry *entry = &sender->entries[i];

		if (entry->team == team && entry->state == state && !entry->alone && is_due(entry, now_ms))
			take_entry(sender, entry, batch, now_ms);
	}
}

bool sender_next(struct sender *sender, int64_t now_ms, struct sender_batch *batch)
{
	const struct sender_slot *slot = free_slot(sender);
	const struct sender_entry *first;
	struct sender_slot taken;

	drop_gone(sender);
	first = slot ? choose_first(sender, now_ms) : NULL;
	if (!first)
		return false;
	*batch = (struct sender_batch){.slot = (uint32_t)(slot - sender->slots)};
	memcpy(batch->team, sender->teams[first->team].team, sizeof batch->team);
	taken = (struct sender_slot){
		.used = true,
		.again = first->state == SENDER_WAITING,
		.team = first->team,
		.sent_ms = now_ms,
		.until_ms = now_ms + sender->options.retry_ms,
	};
	sender->teams[first->team].sent_ms = now_ms;
	fill_batch(sender, first, batch, now_ms);
	taken.n = taken.left = batch->n;
	sender->slots[batch->slot] = taken;
	return true;
}

int64_t sender_wake_ms(const struct sender *sender, int64_t now_ms)
{
	int64_t wake = INT64_MAX;

	for (uint32_t i = 0; i < sender->options.slots; i++)
		if (sender->slots[i].used && sender->slots[i].until_ms < wake)
			wake = sender->slots[i].until_ms;
	if (!free_slot(sender))
		return wake;
	if (choose_first(sender, now_ms))
		return now_ms;
	for (size_t i = 0; i < sender->n; i++) {
		const struct sender_entry *entry = &sender->entries[i];

		if (entry->state == SENDER_WAITING && entry->due_ms > now_ms && entry->due_ms < wake)
			wake = entry->due_ms;
	}
	return wake;
}

static void slot_timed_out(struct sender *sender, uint32_t index)
{
	struct sender_slot *slot = &sender->slots[index];

	for (size_t i = 0; i < sender->n; i++) {
		struct sender_entry *entry = &sender->entries[i];

		if (entry->state != SENDER_IN_FLIGHT || entry->slot != index)
			continue;
		entry->state = SENDER_WAITING;
		entry->alone = entry->alone || slot->n > 1;
	}
	if (sender->teams[slot->team].receipt_ms < slot->sent_ms)
		sender->teams[slot->team].timed_out = true;
	slot->used = false;
}

void sender_expire(struct sender *sender, int64_t now_ms)
{
	for (uint32_t i = 0; i < sender->options.slots; i++)
		if (sender->slots[i].used && sender->slots[i].until_ms <= now_ms)
			slot_timed_out(sender, i);
}

/* An entry that was in flight at two lost connections is sent alone from then on, in case it is what ends them. */
void sender_lost(struct sender *sender, int64_t now_ms)
{
	for (size_t i = 0; i < sender->n; i++) {
		struct sender_entry *entry = &sender->entries[i];

		if (entry->state == SENDER_IN_FLIGHT) {
			entry->state = SENDER_WAITING;
			entry->alone = entry->alone || entry->attempts > 1;
		}
		if (entry->state == SENDER_WAITING && !entry->answered)
			entry->due_ms = now_ms;
		entry->sent = false;
	}
	for (uint32_t i = 0; i < SENDER_SLOTS_MAX; i++)
		sender->slots[i].used = false;
}

void sender_resend_soon(struct sender *sender, int64_t now_ms, uint32_t spread_ms)
{
	for (size_t i = 0; i < sender->n; i++) {
		struct sender_entry *entry = &sender->entries[i];
		int64_t soon = now_ms + random_below(sender, spread_ms);

		if (entry->state == SENDER_IN_FLIGHT)
			entry->state = SENDER_WAITING;
		if (entry->state == SENDER_WAITING && entry->due_ms > soon)
			entry->due_ms = soon;
	}
	for (uint32_t i = 0; i < SENDER_SLOTS_MAX; i++)
		sender->slots[i].used = false;
}

struct sender_entry *sender_sent(struct sender *sender, const struct event_id *id)
{
	for (size_t i = 0; i < sender->n; i++) {
		struct sender_entry *entry = &sender->entries[i];

		if (entry->sent && entry->state != SENDER_GONE && memcmp(&entry->id, id, sizeof *id) == 0)
			return entry;
	}
	return NULL;
}

struct sender_entry *sender_find(struct sender *sender, uint64_t seq)
{
	size_t at = lower_bound(sender, seq);

	if (at == sender->n || sender->entries[at].seq != seq || sender->entries[at].state == SENDER_GONE)
		return NULL;
	return &sender->entries[at];
}

void sender_note_receipt(struct sender *sender, const struct sender_entry *entry, int64_t now_ms)
{
	struct sender_team *team = &sender->teams[entry->team];

	team->receipt_ms = now_ms;
	if (!team->timed_out)
		return;
	team->timed_out = false;
	for (size_t i = 0; i < sender->n; i++) {
		struct sender_entry *other = &sender->entries[i];

		if (other->state == SENDER_WAITING && other->team == entry->team && !other->answered &&
		    other->due_ms > now_ms)
			other->due_ms = now_ms;
	}
}

static void leave_slot(struct sender *sender, const struct sender_entry *entry)
{
	struct sender_slot *slot = &sender->slots[entry->slot];

	if (entry->state == SENDER_IN_FLIGHT && --slot->left == 0)
		slot->used = false;
}

void sender_done(struct sender *sender, struct sender_entry *entry)
{
	assert(entry->state != SENDER_GONE);
	leave_slot(sender, entry);
	if (entry->state == SENDER_FRESH)
		sender->teams[entry->team].fresh--;
	entry->state = SENDER_GONE;
	sender->gone++;
}

void sender_retry_later(struct sender *sender, struct sender_entry *entry, int64_t now_ms)
{
	assert(entry->state != SENDER_GONE);
	leave_slot(sender, entry);
	if (entry->state == SENDER_FRESH)
		return;
	if (entry->state == SENDER_IN_FLIGHT)
		entry->state = SENDER_WAITING;
	entry->answered = true;
	if (entry->due_ms < now_ms)
		entry->due_ms = now_ms;
}
