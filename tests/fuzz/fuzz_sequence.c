/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whole sequences against the model: the bytes are the dice of a harness (tests/unit/lib/harness.h). Phones tap, take back and
 * send again, strangers send anything at all, days pass and jump, the operator confirms dates and revises quarters, the
 * store is closed, opened, compacted, backed up and brought back. Each receipt, each figure and the store's own proof
 * must be right.
 */
#include <string.h>

#include "proto/calendar.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/lib/harness.h"
#include "tests/unit/lib/no_fork.h"

enum { ACTS_MAX = 48, EVENTS = 4, SENT = 8, DAYS_BACK = 20, DAYS_AHEAD = 500, CHECKS_MAX = 3 };

/* Submissions that went out, and may go out again. */
struct sent {
	char team[SLUG_BYTES];
	size_t length;
	uint8_t bytes[HARNESS_BYTES];
};

struct sequence {
	struct feed feed;
	struct harness harness;
	struct harness_batch batch;
	struct sent sent[SENT];
	size_t n_sent; /* in all; the last SENT are kept */
	int checks;
};

static uint32_t throw(void *context, uint32_t sides)
{
	return feed_below(context, sides);
}

/* ---- Messages ------------------------------------------------------------------------------------------ */

static const char *draw_phone(struct sequence *sequence)
{
	static const char *const phones[] = {"abcdefghijklmnopqrstuv", "ABCDEFGHIJKLMNOPQRSTUV",
					     "0123456789-_0123456789", ""};

	return phones[feed_below(&sequence->feed, 4)];
}

static void keep_sent(struct sequence *sequence, const char *team)
{
	struct sent *sent = &sequence->sent[sequence->n_sent++ % SENT];
	const struct mqtt_message *last = &sequence->batch.messages[sequence->batch.inbox.n - 1].mqtt;

	memcpy(sent->team, team, strlen(team) + 1);
	sent->length = last->length;
	memcpy(sent->bytes, last->payload, last->length);
}

static void put_events(struct sequence *sequence)
{
	const char *team = harness_team(&sequence->harness), *phone = draw_phone(sequence);
	struct event events[EVENTS];
	size_t n = 1 + feed_below(&sequence->feed, EVENTS);

	for (size_t i = 0; i < n; i++)
		events[i] = harness_event(&sequence->harness);
	harness_put_events(&sequence->harness, &sequence->batch, team, phone, events, n);
	keep_sent(sequence, team);
}

/* What was sent before, as it was or with a few bytes other than they were, on its own topic or another team's. */
static void put_again(struct sequence *sequence, uint32_t changes)
{
	const struct sent *sent = &sequence->sent[feed_below(&sequence->feed, SENT)];
	uint8_t bytes[HARNESS_BYTES];
	const char *team = feed_below(&sequence->feed, 4) ? sent->team : harness_team(&sequence->harness);

	memcpy(bytes, sent->bytes, sent->length);
	for (; changes > 0 && sent->length > 0; changes--)
		bytes[feed_number(&sequence->feed, 2) % sent->length] = (uint8_t)feed_number(&sequence->feed, 1);
	harness_put_bytes(&sequence->harness, &sequence->batch, team, bytes, sent->length);
}

static void put_hostile(struct sequence *sequence)
{
	const char *team = harness_team(&sequence->harness);
	const uint8_t *bytes;
	size_t length = feed_bytes(&sequence->feed, HARNESS_BYTES, &bytes);

	harness_put_bytes(&sequence->harness, &sequence->batch, team, bytes, length);
}

static void count_batch(struct sequence *sequence)
{
	harness_batch_init(&sequence->batch);
	for (uint32_t left = 1 + feed_below(&sequence->feed, HARNESS_MESSAGES); left > 0; left--) {
		switch (feed_below(&sequence->feed, 6)) {
		case 0:
			put_again(sequence, 0);
			break;
		case 1:
			put_again(sequence, 1 + feed_below(&sequence->feed, 4));
			break;
		case 2:
			put_hostile(sequence);
			break;
		default:
			put_events(sequence);
			break;
		}
	}
	harness_count(&sequence->harness, &sequence->batch);
}

/* ---- Time and the operator -------------------------------------------------------------------------------- */

static void pass_days(struct sequence *sequence)
{
	harness_day(&sequence->harness, sequence->harness.now.model.today + feed_below(&sequence->feed, 3), false);
}

static void jump(struct sequence *sequence)
{
	struct harness *harness = &sequence->harness;
	uint32_t today = harness->now.model.today + 2 * feed_below(&sequence->feed, 128) - 100;

	if (today >= HARNESS_START - DAYS_BACK && today < HARNESS_START + DAYS_AHEAD)
		harness_day(harness, today, feed_below(&sequence->feed, 2));
}

static void revise(struct sequence *sequence)
{
	uint32_t back = feed_below(&sequence->feed, 4);

	harness_revise(&sequence->harness, quarter_of_day(sequence->harness.now.model.today) - back);
}

static void compact(struct sequence *sequence)
{
	struct error error;
	int rc = store_compact(sequence->harness.store, &error);

	hold(rc == 0 || rc == STORE_NOTHING_DONE);
}

static void look(struct sequence *sequence)
{
	if (sequence->checks++ < CHECKS_MAX)
		harness_check_figures(&sequence->harness);
}

static struct cells draw_cells(struct sequence *sequence)
{
	static const struct cells policies[] = {
		{.policy = CELLS_LIVE},
		{.policy = CELLS_DAILY},
		{.policy = CELLS_EVERY, .every = 5},
	};

	return policies[feed_below(&sequence->feed, 3)];
}

static void act(struct sequence *sequence)
{
	switch (feed_below(&sequence->feed, 16)) {
	case 0:
	case 1:
		pass_days(sequence);
		break;
	case 2:
		jump(sequence);
		break;
	case 3:
		harness_confirm_date(&sequence->harness);
		break;
	case 4:
		revise(sequence);
		break;
	case 5:
		harness_reopen(&sequence->harness);
		break;
	case 6:
		compact(sequence);
		break;
	case 7:
		look(sequence);
		break;
	case 8:
		harness_cells(&sequence->harness, draw_cells(sequence));
		break;
	case 9:
		harness_backup(&sequence->harness);
		break;
	case 10:
		harness_restore(&sequence->harness);
		break;
	default:
		count_batch(sequence);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sequence sequence;

	sequence.feed = (struct feed){data, size};
	sequence.n_sent = 0;
	sequence.checks = 0;
	memset(sequence.sent, 0, sizeof sequence.sent);
	harness_init(&sequence.harness, draw_cells(&sequence),
		     (struct harness_dice){.throw = throw, .context = &sequence.feed});
	for (int i = 0; i < ACTS_MAX && sequence.feed.left > 0; i++)
		act(&sequence);
	harness_check_figures(&sequence.harness);
	harness_check_store(&sequence.harness);
	harness_release(&sequence.harness);
	return 0;
}
