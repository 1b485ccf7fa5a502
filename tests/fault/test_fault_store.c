/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a store that changes: made, opened, counted into by the pipeline, and as time and the
 * operator change it. A fault leaves things as they were, or as they should be; the same thing tried again succeeds;
 * and what is told is true.
 */
#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/publisher.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/store_fixture.h"

enum {
	FRESH = 20, /* questions of the batch */
	MESSAGES = 5,
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"

/* ---- Making and opening ------------------------------------------------------------------------------------ */

static int act_open(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return store_open(&fixture->stage->store, &fixture->stage->options, error);
}

static void end_open(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;

	(void)failed;
	assert_int_equal(rc < 0, stage->store == NULL);
	stage_close(stage);
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, LIVED);
	assert_int_equal(counted_in(stage, TEAM_ALL, Q4_2019), fixture->counted);
	stage_close(stage);
}

static void end_made(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;

	(void)failed;
	assert_int_equal(rc < 0, stage->store == NULL);
	stage_close(stage);
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, 0);
	stage_close(stage);
}

static void test_making_one(void **state)
{
	static const struct scenario scenario = {"make a store", fixture_begin_nothing, act_open, end_made, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_RANDOM);
}

static void test_opening(void **state)
{
	static const struct scenario scenario = {"open a store", fixture_begin_closed, act_open, end_open, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE);
}

/* ---- Counting ---------------------------------------------------------------------------------------------- */

static struct {
	struct pipeline pipeline;
	struct counters counters;
	struct inbox inbox;
	struct inbox_message messages[MESSAGES];
	uint8_t bytes[MESSAGES][SUBMISSION_BYTES_MAX];
	bool change_not_noted; /* the call that failed was one for the list of figures that change */
} batch;

static const bool proof_optional = true;

static void put_message(const char *team, const struct event *events, size_t n)
{
	size_t m = batch.inbox.n++;

	batch.messages[m] = (struct inbox_message){
		.mqtt = {.payload = batch.bytes[m],
			 .length = submission_encode(events, n, CLIENT_ID, batch.bytes[m], SUBMISSION_BYTES_MAX)}};
	memcpy(batch.messages[m].team, team, strlen(team) + 1);
}

/* Fresh questions, known ones, retractions of both, an unknown team, and no submission at all. */
static void begin_counting(void *context)
{
	struct fixture *fixture = context;
	struct event events[FRESH];

	folder_copy(fixture->lived, fixture->stage->path);
	fixture->stage->options.map_bytes = 1; /* LMDB takes what the file has, and so the map is full at once */
	stage_open(fixture->stage);
	fixture->stage->options.map_bytes = 0;
	fixture_take_picture(fixture, &fixture->before);
	batch.counters = (struct counters){0};
	batch.pipeline.receipts = receipts_new(); /* its memory is yet to be taken */
	batch.pipeline.publisher = publisher_new(1000);
	assert_true(batch.pipeline.receipts && batch.pipeline.publisher);
	batch.inbox = (struct inbox){.messages = batch.messages, .capacity = MESSAGES};
	for (uint32_t i = 0; i < FRESH; i++)
		events[i] = lived_question(LIVED + i);
	put_message("oost", events, FRESH);
	put_message("zuid", events, 2);
	for (uint32_t i = 0; i < 6; i++)
		events[i] = lived_question(TAKEN + i);
	put_message("west", events, 6);
	events[0] = retraction(6, lived_question(6).day);
	events[1] = retraction(LIVED + 1, lived_question(LIVED + 1).day);
	put_message("west", events, 2);
	put_message("noord", events, 1);
	batch.messages[4].mqtt.length = 7; /* cut off */
}

static int act_count(void *context, struct error *error)
{
	struct fixture *fixture = context;
	int rc;

	batch.pipeline.store = fixture->stage->store;
	rc = pipeline_run(&batch.pipeline, &batch.inbox, TODAY, error);
	batch.change_not_noted |=
		rc == FAULT_MEMORY && !strcmp(error->text, "count a batch: no memory for the list of summaries");
	return rc;
}

static int add_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	uint32_t *told = context;

	*told = crc32c_more(crc32c_more(*told, to, strlen(to)), bytes, length);
	return 0;
}

/* A receipt only for what is there; and without a fault always the same. */
static void end_count(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	fixture->told = 0;
	(void)receipts_each(batch.pipeline.receipts, add_receipt, &fixture->told);
	if (rc < 0)
		assert_true(fixture->told == 0 && batch.counters.counted == 0);
	else if (!fixture->known)
		fixture->told_before = fixture->told;
	else
		assert_int_equal(fixture->told, fixture->told_before);
	fixture_end_change(fixture, rc, act_count);
	receipts_free(batch.pipeline.receipts);
	publisher_free(batch.pipeline.publisher);
}

static void test_counting(void **state)
{
	static const struct scenario scenario = {"count a batch", begin_counting, act_count, end_count, false};
	struct fixture *fixture = *state;

	batch.pipeline = (struct pipeline){
		.catalogue = &fixture->stage->rules, .counters = &batch.counters, .proof_optional = &proof_optional};
	fixture->quarantined_again = true;
	fixture_run_change(fixture, &scenario);
	fixture->quarantined_again = false;
	assert_true(batch.change_not_noted || getenv("TURF_CALL"));
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

/* A year and a half: quarters close, held cells show, everything settles and is purged. */
static int act_keep_time(void *context, struct error *error)
{
	struct fixture *fixture = context;
	struct store_time time = {.today = TODAY + 500, .confirmed = true, .catalogue = &fixture->stage->rules};
	bool changed;
	int rc;

	do {
		rc = store_keep_time(fixture->stage->store, &time, &changed, error);
	} while (rc == STORE_MORE);
	return rc;
}

/* It goes in steps: between before and after there are others. */
static void end_keep_time(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	fixture_reopen(fixture);
	if (rc < 0) {
		rc = act_keep_time(fixture, &fixture->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", scenario_where(), fixture->stage->error.text);
	}
	assert_int_equal(figures_of(fixture->stage).ids, 0);
	fixture_end_change(fixture, 0, act_keep_time);
}

static void test_keeping_time(void **state)
{
	static const struct scenario scenario = {"keep time", fixture_begin_open, act_keep_time, end_keep_time, false};

	fixture_run_change(*state, &scenario);
}

/* ---- The operator's changes ------------------------------------------------------------------------------------ */

static int change_settings(void *context, struct store_txn *txn, struct error *error)
{
	struct fixture *fixture = context;

	(void)error;
	fixture->stage->rules.version = 2;
	store_put_catalogue(txn, &fixture->stage->rules);
	fixture->stage->rules.version = 1;
	store_put_cells(txn, (struct cells){.policy = CELLS_DAILY});
	(void)store_quarantine_drop(txn, VERDICT_REFUSED_UNKNOWN_TEAM, 2);
	(void)store_confirm_date(txn);
	return 0;
}

static int act_settings(void *context, struct error *error)
{
	const struct fixture *fixture = context;

	return store_change(fixture->stage->store, change_settings, context, error);
}

static void end_settings(void *context, int rc, const char *failed)
{
	(void)failed;
	fixture_end_change(context, rc, act_settings);
}

static void test_settings(void **state)
{
	static const struct scenario scenario = {"change settings", fixture_begin_open, act_settings, end_settings,
						 false};

	fixture_run_change(*state, &scenario);
}

static void begin_closed_quarter(void *context)
{
	struct fixture *fixture = context;
	struct event late = question(900, Q3_LAST, 3, ANSWERED);

	fixture_begin_open(fixture);
	assert_verdict(fixture->stage, "noord", late, VERDICT_COUNTED_LATE);
	fixture_take_picture(fixture, &fixture->before);
}

static int revise(void *context, struct store_txn *txn, struct error *error)
{
	uint64_t taken_in;

	(void)context;
	(void)error;
	store_revise(txn, Q3_2019, &taken_in);
	return 0;
}

static int act_revise(void *context, struct error *error)
{
	const struct fixture *fixture = context;

	return store_change(fixture->stage->store, revise, context, error);
}

/* A revision that was not known to be made may be issued twice: the second takes nothing in. */
static int revise_unless_done(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return tally_of(fixture->stage, "noord", Q3_2019).revision > 1 ? 0 : act_revise(fixture, error);
}

static void end_revise(void *context, int rc, const char *failed)
{
	(void)failed;
	fixture_end_change(context, rc, revise_unless_done);
}

static void test_a_revision(void **state)
{
	static const struct scenario scenario = {"revise a quarter", begin_closed_quarter, act_revise, end_revise,
						 false};

	fixture_run_change(*state, &scenario);
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_making_one),   SCENARIO_TEST(test_opening),  SCENARIO_TEST(test_counting),
		SCENARIO_TEST(test_keeping_time), SCENARIO_TEST(test_settings), SCENARIO_TEST(test_a_revision),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, store", tests, fixture_setup, fixture_teardown);
}
