/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a store that changes: made, opened, counted into by the pipeline, and as time and the
 * operator change it. A fault leaves things as they were, or as they should be; the same thing tried again succeeds;
 * and what is told is true.
 */
#include "aggregator/daemon/pipeline.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/store_world.h"

enum {
	FRESH = 20, /* questions of the batch */
	MESSAGES = 5,
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"

/* ---- Making and opening ------------------------------------------------------------------------------------ */

static int act_open(void *context, struct error *error)
{
	struct world *world = context;

	return store_open(&world->stage->store, &world->stage->options, error);
}

static void end_open(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;

	(void)failed;
	assert_int_equal(rc < 0, stage->store == NULL);
	stage_close(stage);
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, LIVED);
	assert_int_equal(counted_in(stage, TEAM_ALL, Q4_2019), world->counted);
	stage_close(stage);
}

static void end_made(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;

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
	static const struct story story = {"make a store", world_begin_nothing, act_open, end_made, false};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_RANDOM);
}

static void test_opening(void **state)
{
	static const struct story story = {"open a store", world_begin_closed, act_open, end_open, false};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE);
}

/* ---- Counting ---------------------------------------------------------------------------------------------- */

static struct {
	struct pipeline pipeline;
	struct counters counters;
	struct inbox inbox;
	struct inbox_message messages[MESSAGES];
	uint8_t bytes[MESSAGES][SUBMISSION_BYTES_MAX];
} batch;

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
	struct world *world = context;
	struct event events[FRESH];

	folder_copy(world->lived, world->stage->path);
	world->stage->options.map_bytes = 1; /* LMDB takes what the file has, and so the map is full at once */
	stage_open(world->stage);
	world->stage->options.map_bytes = 0;
	world_take_picture(world, &world->before);
	batch.pipeline.receipts = receipts_new(); /* its memory is yet to be taken */
	assert_non_null(batch.pipeline.receipts);
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
	struct world *world = context;

	batch.pipeline.store = world->stage->store;
	return pipeline_run(&batch.pipeline, &batch.inbox, TODAY, error);
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
	struct world *world = context;

	(void)failed;
	world->told = 0;
	(void)receipts_each(batch.pipeline.receipts, add_receipt, &world->told);
	if (rc < 0)
		assert_int_equal(world->told, 0);
	else if (!world->known)
		world->told_before = world->told;
	else
		assert_int_equal(world->told, world->told_before);
	world_end_change(world, rc, act_count);
	receipts_free(batch.pipeline.receipts);
}

static int ignore_change(void *context, const struct folded *folded, struct error *error)
{
	(void)context;
	(void)folded;
	(void)error;
	return 0;
}

static void test_counting(void **state)
{
	static const struct story story = {"count a batch", begin_counting, act_count, end_count, false};
	struct world *world = *state;

	batch.pipeline = (struct pipeline){
		.catalogue = &world->stage->rules, .counters = &batch.counters, .changed = ignore_change};
	world->quarantined_again = true;
	world_tell_change(world, &story);
	world->quarantined_again = false;
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

/* A year and a half: quarters close, held cells show, everything settles and is purged. */
static int act_keep_time(void *context, struct error *error)
{
	struct world *world = context;
	struct store_time time = {.today = TODAY + 500, .confirmed = true, .catalogue = &world->stage->rules};
	bool changed;
	int rc;

	do {
		rc = store_keep_time(world->stage->store, &time, &changed, error);
	} while (rc == STORE_MORE);
	return rc;
}

/* It goes in steps: between before and after there are others. */
static void end_keep_time(void *context, int rc, const char *failed)
{
	struct world *world = context;

	(void)failed;
	world_reopen(world);
	if (rc < 0) {
		rc = act_keep_time(world, &world->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", story_where(), world->stage->error.text);
	}
	assert_int_equal(figures_of(world->stage).ids, 0);
	world_end_change(world, 0, act_keep_time);
}

static void test_keeping_time(void **state)
{
	static const struct story story = {"keep time", world_begin_open, act_keep_time, end_keep_time, false};

	world_tell_change(*state, &story);
}

/* ---- The operator's changes ------------------------------------------------------------------------------------ */

static int change_settings(void *context, struct store_txn *txn, struct error *error)
{
	struct world *world = context;

	(void)error;
	world->stage->rules.version = 2;
	store_put_catalogue(txn, &world->stage->rules);
	world->stage->rules.version = 1;
	store_put_cells(txn, (struct cells){.policy = CELLS_DAILY});
	(void)store_quarantine_drop(txn, VERDICT_REFUSED_UNKNOWN_TEAM, 2);
	(void)store_confirm_date(txn);
	return 0;
}

static int act_settings(void *context, struct error *error)
{
	const struct world *world = context;

	return store_change(world->stage->store, change_settings, context, error);
}

static void end_settings(void *context, int rc, const char *failed)
{
	(void)failed;
	world_end_change(context, rc, act_settings);
}

static void test_settings(void **state)
{
	static const struct story story = {"change settings", world_begin_open, act_settings, end_settings, false};

	world_tell_change(*state, &story);
}

static void begin_closed_quarter(void *context)
{
	struct world *world = context;
	struct event late = question(900, Q3_LAST, 3, ANSWERED);

	world_begin_open(world);
	assert_verdict(world->stage, "noord", late, VERDICT_COUNTED_LATE);
	world_take_picture(world, &world->before);
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
	const struct world *world = context;

	return store_change(world->stage->store, revise, context, error);
}

/* A revision that was not known to be made may be issued twice: the second takes nothing in. */
static int revise_unless_done(void *context, struct error *error)
{
	struct world *world = context;

	return tally_of(world->stage, "noord", Q3_2019).revision > 1 ? 0 : act_revise(world, error);
}

static void end_revise(void *context, int rc, const char *failed)
{
	(void)failed;
	world_end_change(context, rc, revise_unless_done);
}

static void test_a_revision(void **state)
{
	static const struct story story = {"revise a quarter", begin_closed_quarter, act_revise, end_revise, false};

	world_tell_change(*state, &story);
}

#define TOLD(test) cmocka_unit_test_teardown(test, story_say_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TOLD(test_making_one),   TOLD(test_opening),  TOLD(test_counting),
		TOLD(test_keeping_time), TOLD(test_settings), TOLD(test_a_revision),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, store", tests, world_setup, world_teardown);
}
