/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What cannot be counted is kept: oldest first, bounded per reason, so that one flood cannot push out the rest.
 */
#include "tests/unit/lib/store_stage.h"

enum { LIMIT = 3 };

static int setup_small(void **state)
{
	int rc = stage_setup(state);
	struct stage *stage = *state;

	if (rc != 0)
		return rc;
	stage->options.quarantine_limit = LIMIT;
	stage_open(stage);
	return 0;
}

static void keep(struct stage *stage, enum verdict reason, const char *team, const char *text)
{
	struct quarantined entry = {.reason = reason, .day = stage->today, .length = strlen(text)};

	(void)snprintf(entry.team, sizeof entry.team, "%s", team);
	memcpy(entry.bytes, text, entry.length);
	change(stage, quarantine, &entry);
}

/* What is there, as one line: "sequence:team:bytes ..." */
struct listing {
	char text[1024];
	enum verdict reason; /* 0: all */
	size_t n, stop_after;
	struct quarantined last;
};

static bool list_entry(void *context, const struct quarantined *entry)
{
	struct listing *listing = context;
	size_t used = strlen(listing->text);

	if (listing->reason != VERDICT_UNSPECIFIED && entry->reason != listing->reason)
		return true;
	(void)snprintf(listing->text + used, sizeof listing->text - used, "%s%u:%s:%.*s", used > 0 ? " " : "",
		       (unsigned)entry->sequence, entry->team, (int)entry->length, (const char *)entry->bytes);
	listing->last = *entry;
	return ++listing->n != listing->stop_after;
}

static void list(struct stage *stage, struct listing *listing)
{
	struct store_view *view;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_quarantine(view, list_entry, listing, &stage->error));
	store_view_close(view);
}

#define assert_kept(stage, of_reason, expected)              \
	do {                                                 \
		struct listing kept = {.reason = of_reason}; \
		list(stage, &kept);                          \
		assert_string_equal(kept.text, expected);    \
	} while (0)

static void test_entries_are_kept_as_they_came(void **state)
{
	struct stage *stage = *state;
	struct listing listing = {.stop_after = 1};

	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "tap");
	keep(stage, VERDICT_REFUSED_MALFORMED, "", "");
	assert_kept(stage, VERDICT_UNSPECIFIED, "2:: 1:zuid:tap"); /* by reason, then by age */
	list(stage, &listing);
	assert_int_equal(listing.n, 1);
	assert_int_equal(listing.last.reason, VERDICT_REFUSED_MALFORMED);
	assert_int_equal(listing.last.day, TODAY);
	assert_int_equal(listing.last.length, 0);
	assert_sound(stage);
}

static void test_the_largest_entry_fits(void **state)
{
	struct stage *stage = *state;
	struct quarantined entry = {.reason = VERDICT_REFUSED_MALFORMED, .day = TODAY, .length = SUBMISSION_BYTES_MAX};
	struct listing listing = {.n = 0};

	memset(entry.bytes, 0xa5, sizeof entry.bytes);
	memset(entry.team, 'a', SLUG_BYTES - 1);
	change(stage, quarantine, &entry);
	list(stage, &listing);
	assert_int_equal(listing.last.length, SUBMISSION_BYTES_MAX);
	assert_memory_equal(listing.last.bytes, entry.bytes, sizeof entry.bytes);
	assert_string_equal(listing.last.team, entry.team);
}

static void test_the_oldest_makes_room_within_its_reason(void **state)
{
	struct stage *stage = *state;

	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "first");
	for (int i = 0; i < 50; i++) /* a flood of another kind */
		keep(stage, VERDICT_REFUSED_MALFORMED, "oost", "x");
	assert_kept(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "1:zuid:first");
	assert_kept(stage, VERDICT_REFUSED_MALFORMED, "49:oost:x 50:oost:x 51:oost:x");
	assert_int_equal(figures_of(stage).quarantined, LIMIT + 1);
	assert_int_equal(state_of(stage).deleted_since, TODAY);
	assert_sound(stage);
}

static void drop_once(struct store_txn *txn, void *context)
{
	(void)context;
	assert_int_equal(store_quarantine_drop(txn, VERDICT_REFUSED_UNKNOWN_TEAM, 2), 0);
	assert_int_equal(store_quarantine_drop(txn, VERDICT_REFUSED_UNKNOWN_TEAM, 2), STORE_NOT_FOUND);
	assert_int_equal(store_quarantine_drop(txn, VERDICT_REFUSED_MALFORMED, 1), STORE_NOT_FOUND);
}

static void test_an_entry_can_be_dropped(void **state)
{
	struct stage *stage = *state;

	for (int i = 0; i < LIMIT; i++)
		keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "x");
	assert_int_equal(state_of(stage).deleted_since, 0);
	change(stage, drop_once, NULL);
	assert_int_equal(state_of(stage).deleted_since, TODAY); /* its bytes are to be cleared away */
	assert_kept(stage, VERDICT_UNSPECIFIED, "1:zuid:x 3:zuid:x");
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "y"); /* there is room now */
	assert_kept(stage, VERDICT_UNSPECIFIED, "1:zuid:x 3:zuid:x 4:zuid:y");
	assert_sound(stage);
}

static void test_a_smaller_limit_holds_at_once(void **state)
{
	struct stage *stage = *state;

	for (int i = 0; i < LIMIT; i++)
		keep(stage, VERDICT_REFUSED_RETRACTION_TOO_LATE, "zuid", "x");
	stage_close(stage);
	stage->options.quarantine_limit = 1;
	stage_open(stage);
	assert_kept(stage, VERDICT_UNSPECIFIED, "3:zuid:x");
	assert_sound(stage);
}

/* An operator's tool keeps to the daemon's limit, whatever its own would be. */
static void test_a_tool_does_not_know_better(void **state)
{
	struct stage *stage = *state;

	for (int i = 0; i < LIMIT; i++)
		keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "x");
	stage_close(stage);
	stage->options.as_daemon = false;
	stage->options.quarantine_limit = 1;
	stage_open(stage);
	assert_int_equal(figures_of(stage).quarantined, LIMIT);
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "y");
	assert_kept(stage, VERDICT_UNSPECIFIED, "2:zuid:x 3:zuid:x 4:zuid:y");
}

static void test_entries_go_with_the_ids_of_their_day(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "old");
	keep(stage, VERDICT_REFUSED_MALFORMED, "zuid", "old too");
	keep(stage, VERDICT_REFUSED_RETRACTION_TOO_LATE, "zuid", "and old"); /* the first reason, and the last */
	live_until(stage, TODAY + 1);
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "newer");
	live_until(stage, TODAY + 460);
	assert_int_equal(figures_of(stage).quarantined, 4);
	live_until(stage, TODAY + 461);
	assert_kept(stage, VERDICT_UNSPECIFIED, "4:zuid:newer");
	assert_sound(stage);
}

/* The clock was ahead for a while: what came then is kept as long as its day says, and nothing else is for its sake. */
static void test_an_entry_of_a_wrong_day_holds_no_other(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY + 300, true);
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "ahead");
	(void)keep_time(stage, TODAY, true);
	keep(stage, VERDICT_REFUSED_UNKNOWN_TEAM, "zuid", "today");
	live_until(stage, TODAY + 460);
	assert_int_equal(figures_of(stage).quarantined, 2);
	live_until(stage, TODAY + 461);
	assert_kept(stage, VERDICT_UNSPECIFIED, "1:zuid:ahead");
	live_until(stage, TODAY + 761);
	assert_int_equal(figures_of(stage).quarantined, 0);
	assert_sound(stage);
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, setup_small, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SMALL(test_entries_are_kept_as_they_came),           SMALL(test_the_largest_entry_fits),
		SMALL(test_the_oldest_makes_room_within_its_reason), SMALL(test_an_entry_can_be_dropped),
		SMALL(test_a_smaller_limit_holds_at_once),           SMALL(test_a_tool_does_not_know_better),
		SMALL(test_entries_go_with_the_ids_of_their_day),    SMALL(test_an_entry_of_a_wrong_day_holds_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
