/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What to send next, and when again: counting rule 3 as a pure structure. No clock (`now_ms` is an argument), no I/O,
 * no lock: one thread at a time.
 *
 * An entry is one waiting event of the outbox, known by its sequence number. It is fresh, or in flight in one of a few
 * slots (one slot is one submission), or it waits for its next turn. A slot is freed by receipts for all its entries,
 * or when retry_ms have passed: then its entries wait out their own interval and go again, each alone.
 *
 * A broker may drop the submissions of a team without a word. Such a team must not hold up the others, and a dead
 * aggregator must not be flooded:
 *   - A team is quiet when a slot of it ran out without any receipt, until the next receipt. It has at most one slot for
 *     what was sent before and one for what was not. The receipt makes everything of that team due at once.
 *   - Teams that are quiet, or have no receipt yet, are unheard. They never take the last slot (unless there is only
 *     one), so that a team that has receipts never waits for them, however many they are.
 *   - Unheard teams take turns by team, so that one with much to send does not keep another of them waiting. One slot is
 *     always theirs.
 * tests/data/vectors/sender.json has these rules as examples; the page's sender.js follows the same.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_SENDER_H
#define TURF_BROKER_CLIENT_LIBTURF_SENDER_H

#include "proto/message.h"

enum { SENDER_SLOTS_MAX = 16 };

struct sender_options {
	uint32_t slots;        /* submissions in flight at once, 1..SENDER_SLOTS_MAX */
	uint32_t retry_ms;     /* without a receipt for so long: again */
	uint32_t retry_max_ms; /* the interval doubles up to this */
	uint64_t seed;         /* of the jitter */
};

enum sender_state { SENDER_FRESH, SENDER_IN_FLIGHT, SENDER_WAITING, SENDER_GONE };

struct sender_entry {
	uint64_t seq;
	struct event_id id;
	enum act act;
	enum sender_state state;
	uint32_t team;     /* index */
	uint32_t slot;     /* when in flight */
	uint32_t attempts;
	int64_t due_ms;    /* when waiting */
	bool alone;        /* its batch had no receipt: from now on by itself */
	bool sent;         /* on this connection: only then a receipt for it can be real */
	bool answered;     /* with a verdict that says nothing: its own interval counts, whatever else is heard */
};

/* One submission: these entries of one team, now. */
struct sender_batch {
	char team[SLUG_BYTES];
	uint32_t slot;
	uint32_t n;
	uint64_t seqs[SUBMISSION_EVENTS_MAX];
};

struct sender_slot {
	bool used;
	bool again;        /* holds what was sent before */
	uint32_t team;
	uint32_t n, left;  /* entries at the start, and still without a verdict */
	int64_t sent_ms, until_ms;
};

struct sender_team {
	char team[SLUG_BYTES];
	bool quiet;
	size_t fresh;      /* entries that never went */
	int64_t heard_ms;  /* last receipt; INT64_MIN: none yet */
	int64_t tried_ms;  /* last submission; INT64_MIN: none yet */
};

struct sender {
	struct sender_options options;
	uint64_t random;
	struct sender_entry *entries; /* ascending by seq */
	size_t n, room, gone;
	struct sender_team *teams;
	uint32_t n_teams;
	struct sender_slot slots[SENDER_SLOTS_MAX];
};

void sender_init(struct sender *sender, const struct sender_options *options);
void sender_release(struct sender *sender);

/* A waiting event of the outbox. One that is known already stays as it is. 0 or FAULT_MEMORY. */
int sender_add(struct sender *sender, uint64_t seq, const struct event_id *id, enum act act, const char *team);

/* How many that never went have only their turn to wait for: those of quiet teams are left out. */
size_t sender_fresh(const struct sender *sender);

/* Picks the next submission and takes a slot for it. False: nothing may go now. */
bool sender_next(struct sender *sender, int64_t now_ms, struct sender_batch *batch);

/* The moment from which sender_next or sender_expire may have something to do; INT64_MAX: none. */
int64_t sender_wake_ms(const struct sender *sender, int64_t now_ms);

/* Frees the slots that ran out. */
void sender_expire(struct sender *sender, int64_t now_ms);

/* The connection is gone: all that was in flight goes first on the next. */
void sender_lost(struct sender *sender, int64_t now_ms);

/* The aggregator began anew: what has no receipt by then goes again within `spread_ms`. */
void sender_hurry(struct sender *sender, int64_t now_ms, uint32_t spread_ms);

/* The entry that was sent on this connection with that id; NULL: none, and a receipt for it means nothing. */
struct sender_entry *sender_sent(struct sender *sender, const struct event_id *id);

/* The entry, or NULL. */
struct sender_entry *sender_find(struct sender *sender, uint64_t seq);

/* A receipt named the entry: its team is heard of. */
void sender_heard(struct sender *sender, const struct sender_entry *entry, int64_t now_ms);

/* The entry is done (a verdict that ends it, or the outbox holds it no more). Pointers to entries end here. */
void sender_done(struct sender *sender, struct sender_entry *entry);

/* The verdict says nothing: it stays, and goes again after its interval. */
void sender_keep(struct sender *sender, struct sender_entry *entry, int64_t now_ms);

#endif
