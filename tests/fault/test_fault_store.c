/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under the store: made, opened, counted into by the pipeline, read, proved, kept, copied and
 * brought back. A fault leaves things as they were, or as they should be; the same thing tried again succeeds; and what
 * is told is true.
 */
#include "aggregator/figures.h"
#include "aggregator/pipeline.h"
#include "tests/fault/folder.h"
#include "tests/fault/story.h"
#include "tests/unit/store_stage.h"

enum {
	LIVED = 60,  /* questions in the store that the stories begin with */
	TAKEN = 5,   /* of which taken back */
	FRESH = 20,  /* questions of the batch */
	MESSAGES = 5,
	SEAMS_OF_READING = 1 << SEAM_MEMORY | 1 << SEAM_LMDB,
	SEAMS_OF_STORE = 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE,
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"

static const char *const teams[] = {"oost", "west", "noord"};

/* What a store holds, as far as anybody can see. */
struct picture {
	struct tally tallies[3][2];
	uint64_t ids, quarantined;
	uint32_t clock_day, final_through;
	struct cells cells;
};

struct world {
	struct stage *stage;
	char lived[PATH_MAX / 2], copy[PATH_MAX / 2], backup[PATH_MAX / 2];
	struct picture before, after; /* of the story under way */
	bool known;                   /* `after` */
	struct pipeline pipeline;
	struct counters counters;
	struct inbox inbox;
	struct inbox_message messages[MESSAGES];
	uint8_t bytes[MESSAGES][SUBMISSION_BYTES_MAX];
	uint64_t counted;           /* in the store to begin with */
	uint32_t told, told_before; /* a checksum of what was told */
	int findings;
};

static void take_picture(struct world *world, struct picture *picture)
{
	struct stage *stage = world->stage;
	struct store_figures figures = figures_of(stage);
	struct store_state state = state_of(stage);

	memset(picture, 0, sizeof *picture);
	for (int team = 0; team < 3; team++) {
		picture->tallies[team][0] = tally_of(stage, teams[team], Q3_2019);
		picture->tallies[team][1] = tally_of(stage, teams[team], Q4_2019);
	}
	picture->ids = figures.ids;
	picture->quarantined = figures.quarantined;
	picture->clock_day = state.clock_day;
	picture->final_through = state.final_through;
	picture->cells = state.cells;
}

static bool looks_like(const struct picture *a, const struct picture *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* ---- The store that the stories begin with ----------------------------------------------------------------- */

static struct event lived_question(uint32_t number)
{
	struct event event = question(number, TODAY - number % 60, number % 3 ? 1 : 255, number % 4 ? ANSWERED : REFERRED);

	if (number % 5 == 0)
		event.labels[event.n_labels++] = number % 2 ? 7 : 65535;
	return event;
}

static void live(struct stage *stage)
{
	struct store_txn *txn;
	struct folded folded;
	struct quarantined entry = {.reason = VERDICT_REFUSED_UNKNOWN_TEAM, .team = "zuid", .day = TODAY, .length = 1};

	(void)keep_time(stage, TODAY, false);
	txn = begin(stage);
	store_put_catalogue(txn, &stage->rules);
	store_put_cells(txn, (struct cells){.policy = CELLS_EVERY, .every = 4});
	for (uint32_t i = 0; i < LIVED; i++)
		fold_one(stage, txn, teams[i % 3], lived_question(i), &folded);
	for (uint32_t i = 0; i < TAKEN; i++)
		fold_one(stage, txn, "west", retraction(i, lived_question(i).day), &folded);
	for (int i = 0; i < 3; i++)
		store_quarantine(txn, &entry);
	commit(stage, txn);
}

static void ignore_moved(void *context, const struct folded *folded)
{
	(void)context;
	(void)folded;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	struct stage *stage;
	void *made = NULL;

	assert_non_null(world);
	assert_int_equal(stage_setup(&made), 0);
	stage = world->stage = made;
	stage->options.quarantine_limit = 4;
	(void)snprintf(world->lived, sizeof world->lived, "%s/lived", stage->folder);
	(void)snprintf(world->copy, sizeof world->copy, "%s/copy", stage->folder);
	(void)snprintf(world->backup, sizeof world->backup, "%s/backup", stage->folder);
	stage_open(stage);
	live(stage);
	must(stage, store_backup(stage->store, world->copy, &stage->error));
	world->counted = counted_in(stage, TEAM_ALL, Q4_2019);
	stage_close(stage);
	folder_copy(stage->path, world->lived);
	world->pipeline = (struct pipeline){
		.catalogue = &stage->rules, .receipts = receipts_new(MESSAGES), .counters = &world->counters, .moved = ignore_moved};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	void *stage = world->stage;

	receipts_free(world->pipeline.receipts);
	free(world);
	return stage_teardown(&stage);
}

/* What is refused twice is quarantined twice: a batch that was counted, and not known to be, is counted again. */
static void forget_quarantine(struct picture *picture)
{
	picture->quarantined = 0;
}

/* As it was lived in, and open. */
static void begin_open(void *context)
{
	struct world *world = context;

	folder_copy(world->lived, world->stage->path);
	stage_open(world->stage);
	world->pipeline.store = world->stage->store;
	take_picture(world, &world->before);
}

static void reopen(struct world *world)
{
	stage_close(world->stage);
	stage_open(world->stage);
	world->pipeline.store = world->stage->store;
	assert_sound(world->stage);
}

static int act_count(void *context, struct error *error);

/* After an attempt: things are as they were, or as they should be; the first telling that succeeds shows how. Tried
 * again, they are as they should be. */
static void end_change(struct world *world, int rc, int (*again)(void *world, struct error *error))
{
	struct picture now;

	reopen(world);
	take_picture(world, &now);
	if (again == act_count)
		forget_quarantine(&now);
	if (rc < 0) {
		if (!looks_like(&now, &world->before) && world->known && !looks_like(&now, &world->after))
			fail_msg("%s: half done", story_where());
		rc = again(world, &world->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", story_where(), world->stage->error.text);
		reopen(world);
		take_picture(world, &now);
		if (again == act_count)
			forget_quarantine(&now);
	}
	if (!world->known)
		world->after = now;
	world->known = true;
	if (!looks_like(&now, &world->after))
		fail_msg("%s: not done", story_where());
	stage_close(world->stage);
}

static void tell_change(struct world *world, const struct story *story)
{
	world->known = false;
	/* First without a fault, to know what it should be. */
	story->begin(world);
	story->end(world, story->act(world, &world->stage->error), NULL);
	story_tell(story, world, world->stage->folder, SEAMS_OF_STORE);
}

/* ---- Making and opening ------------------------------------------------------------------------------------ */

static void begin_nothing(void *context)
{
	struct world *world = context;

	folder_remove(world->stage->path);
}

static void begin_closed(void *context)
{
	struct world *world = context;

	folder_copy(world->lived, world->stage->path);
}

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
	static const struct story story = {"make a store", begin_nothing, act_open, end_made};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_RANDOM);
}

static void test_opening(void **state)
{
	static const struct story story = {"open a store", begin_closed, act_open, end_open};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE);
}

/* ---- Counting ---------------------------------------------------------------------------------------------- */

static void put_message(struct world *world, const char *team, const struct event *events, size_t n)
{
	size_t m = world->inbox.n++;

	world->messages[m] = (struct inbox_message){
		.mqtt = {.payload = world->bytes[m],
			 .length = submission_encode(events, n, CLIENT_ID, world->bytes[m], SUBMISSION_BYTES_MAX)}};
	memcpy(world->messages[m].team, team, strlen(team) + 1);
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
	world->pipeline.store = world->stage->store;
	take_picture(world, &world->before);
	forget_quarantine(&world->before);
	world->inbox = (struct inbox){.messages = world->messages, .capacity = MESSAGES};
	for (uint32_t i = 0; i < FRESH; i++)
		events[i] = lived_question(LIVED + i);
	put_message(world, "oost", events, FRESH);
	put_message(world, "zuid", events, 2);
	for (uint32_t i = 0; i < 6; i++)
		events[i] = lived_question(TAKEN + i);
	put_message(world, "west", events, 6);
	events[0] = retraction(6, lived_question(6).day);
	events[1] = retraction(LIVED + 1, lived_question(LIVED + 1).day);
	put_message(world, "west", events, 2);
	put_message(world, "noord", events, 1);
	world->messages[4].mqtt.length = 7; /* cut off */
}

static int act_count(void *context, struct error *error)
{
	struct world *world = context;

	return pipeline_run(&world->pipeline, &world->inbox, TODAY, error);
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
	(void)receipts_each(world->pipeline.receipts, add_receipt, &world->told);
	if (rc < 0)
		assert_int_equal(world->told, 0);
	else if (!world->known)
		world->told_before = world->told;
	else
		assert_int_equal(world->told, world->told_before);
	end_change(world, rc, act_count);
	receipts_clear(world->pipeline.receipts);
}

static void test_counting(void **state)
{
	static const struct story story = {"count a batch", begin_counting, act_count, end_count};
	struct world *world = *state;

	receipts_free(world->pipeline.receipts); /* a fresh one has its memory yet to take */
	world->pipeline.receipts = receipts_new(MESSAGES);
	tell_change(world, &story);
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

/* A year and a half: quarters close, held cells show, everything settles and is purged. */
static int act_keep_time(void *context, struct error *error)
{
	struct world *world = context;
	struct store_time time = {.today = TODAY + 500, .confirmed = true, .catalogue = &world->stage->rules};
	bool moved;
	int rc;

	do {
		rc = store_keep_time(world->stage->store, &time, &moved, error);
	} while (rc == STORE_MORE);
	return rc;
}

/* It goes in steps: between before and after there are others. */
static void end_keep_time(void *context, int rc, const char *failed)
{
	struct world *world = context;

	(void)failed;
	reopen(world);
	if (rc < 0) {
		rc = act_keep_time(world, &world->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", story_where(), world->stage->error.text);
	}
	assert_int_equal(figures_of(world->stage).ids, 0);
	end_change(world, 0, act_keep_time);
}

static void test_keeping_time(void **state)
{
	static const struct story story = {"keep time", begin_open, act_keep_time, end_keep_time};

	tell_change(*state, &story);
}

/* ---- The operator's changes ------------------------------------------------------------------------------------ */

static int act_settings(void *context, struct error *error)
{
	struct world *world = context;
	struct store_txn *txn;
	int rc;

	do {
		rc = store_begin(world->stage->store, &txn, error);
		if (rc < 0)
			return rc;
		world->stage->rules.version = 2;
		store_put_catalogue(txn, &world->stage->rules);
		store_put_cells(txn, (struct cells){.policy = CELLS_DAILY});
		(void)store_quarantine_drop(txn, VERDICT_REFUSED_UNKNOWN_TEAM, 2);
		(void)store_confirm_date(txn);
		rc = store_commit(&txn, error);
		world->stage->rules.version = 1;
	} while (rc == STORE_AGAIN);
	return rc;
}

static void end_settings(void *context, int rc, const char *failed)
{
	(void)failed;
	end_change(context, rc, act_settings);
}

static void test_settings(void **state)
{
	static const struct story story = {"change settings", begin_open, act_settings, end_settings};

	tell_change(*state, &story);
}

static void begin_closed_quarter(void *context)
{
	struct world *world = context;
	struct event late = question(900, Q3_LAST, 3, ANSWERED);

	begin_open(world);
	assert_verdict(world->stage, "noord", late, VERDICT_COUNTED_LATE);
	take_picture(world, &world->before);
}

static int act_revise(void *context, struct error *error)
{
	struct world *world = context;
	struct store_txn *txn;
	uint64_t taken_in;
	int rc;

	do {
		rc = store_begin(world->stage->store, &txn, error);
		if (rc < 0)
			return rc;
		store_revise(txn, Q3_2019, &taken_in);
		rc = store_commit(&txn, error);
	} while (rc == STORE_AGAIN);
	return rc;
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
	end_change(context, rc, revise_unless_done);
}

static void test_a_revision(void **state)
{
	static const struct story story = {"revise a quarter", begin_closed_quarter, act_revise, end_revise};

	tell_change(*state, &story);
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static bool add_entry(void *context, const struct quarantined *entry)
{
	struct world *world = context;

	world->told = crc32c_more(world->told, &entry->sequence, sizeof entry->sequence);
	return true;
}

static int add_summary(struct world *world, const struct figures *figures, const char *team, struct period period,
		       struct error *error)
{
	static struct summary summary;
	static uint8_t bytes[SUMMARY_BYTES_MAX];
	char *json;
	int rc = figures_summary(figures, team, period, &summary, error);

	if (rc < 0)
		return rc;
	json = figures_json(&summary, figures->catalogue);
	if (!json)
		return error_set(error, FAULT_MEMORY, "no memory");
	world->told = crc32c_more(world->told, json, strlen(json));
	world->told = crc32c_more(world->told, bytes, summary_encode(&summary, bytes, sizeof bytes));
	free(json);
	return 0;
}

static int add_weekly(struct world *world, const struct figures *figures, struct error *error)
{
	uint8_t bytes[2048];
	struct weekly weekly;
	int rc = figures_weekly(figures, TEAM_ALL, 2019, &weekly, error);

	if (rc == 0)
		world->told = crc32c_more(world->told, bytes, weekly_encode(&weekly, bytes, sizeof bytes));
	return rc;
}

static int read_all(struct world *world, const struct store_view *view, struct error *error)
{
	struct catalogue catalogue;
	struct store_state state;
	struct figures figures = {.view = view, .catalogue = &catalogue};
	uint32_t first, last;
	int rc = store_view_catalogue(view, &catalogue, error);

	store_view_state(view, &state);
	figures.standing = store_standing(&state, TODAY);
	if (rc == 0)
		rc = add_summary(world, &figures, "oost", period_of_quarter(Q4_2019), error);
	if (rc == 0)
		rc = add_summary(world, &figures, TEAM_ALL, period_of_year(2019), error);
	if (rc == 0)
		rc = add_weekly(world, &figures, error);
	if (rc == 0)
		rc = store_view_span(view, "west", &first, &last, error);
	if (rc == 0)
		rc = store_view_quarantine(view, add_entry, world, error);
	if (rc == 0)
		world->told += first + last;
	catalogue_release(&catalogue);
	return rc;
}

static int act_read(void *context, struct error *error)
{
	struct world *world = context;
	struct store_view *view;
	int rc = store_view_open(world->stage->store, &view, error);

	world->told = 0;
	if (rc == 0)
		rc = read_all(world, view, error);
	store_view_close(view);
	return rc;
}

/* Either a fault or the truth. */
static void end_read(void *context, int rc, const char *failed)
{
	struct world *world = context;

	(void)failed;
	if (rc == 0 && world->told != world->told_before)
		fail_msg("%s: what was read is not what is there", story_where());
	reopen(world);
	stage_close(world->stage);
}

static void test_reading(void **state)
{
	static const struct story story = {"read figures", begin_open, act_read, end_read};
	struct world *world = *state;

	begin_open(world);
	must(world->stage, act_read(world, &world->stage->error));
	world->told_before = world->told;
	stage_close(world->stage);
	story_tell(&story, world, world->stage->folder, SEAMS_OF_READING);
}

static void count_finding(void *context, const char *text)
{
	(void)text;
	++*(int *)context;
}

static int act_verify(void *context, struct error *error)
{
	struct world *world = context;

	world->findings = 0;
	return store_verify(world->stage->store, count_finding, &world->findings, error);
}

/* A reading that fails is no proof: a fault or a finding says so, unless beginning anew has helped. */
static void end_verify(void *context, int rc, const char *failed)
{
	struct world *world = context;

	if (rc >= 0)
		assert_int_equal(rc, world->findings);
	if (rc == 0 && failed && (strcmp(failed, "mdb_cursor_get") == 0 || strcmp(failed, "mdb_get") == 0))
		fail_msg("%s: verified, though not all was read", story_where());
	reopen(world);
	stage_close(world->stage);
}

static void test_verifying(void **state)
{
	static const struct story story = {"verify", begin_open, act_verify, end_verify};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_READING);
}

static int act_figures(void *context, struct error *error)
{
	struct world *world = context;
	struct store_figures figures;
	int rc = store_figures(world->stage->store, &figures, error);

	world->told = rc == 0 ? (uint32_t)(figures.ids * 1000 + figures.quarantined * 100 + figures.ids_detailed) : 0;
	return rc;
}

static void test_figures(void **state)
{
	static const struct story story = {"describe the store", begin_open, act_figures, end_read};
	struct world *world = *state;

	begin_open(world);
	must(world->stage, act_figures(world, &world->stage->error));
	world->told_before = world->told;
	stage_close(world->stage);
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE);
}

/* ---- Copies ---------------------------------------------------------------------------------------------------- */

static int act_compact(void *context, struct error *error)
{
	struct world *world = context;

	return store_compact(world->stage->store, error);
}

static void end_compact(void *context, int rc, const char *failed)
{
	(void)failed;
	end_change(context, rc, act_compact);
}

static void test_compacting(void **state)
{
	static const struct story story = {"compact", begin_open, act_compact, end_compact};

	tell_change(*state, &story);
}

static int act_backup(void *context, struct error *error)
{
	struct world *world = context;

	return store_backup(world->stage->store, world->backup, error);
}

/* A backup that was made is whole; what a failed one leaves can be brought back by nobody. */
static void end_backup(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;
	int restored;

	(void)failed;
	reopen(world);
	stage_close(stage);
	folder_remove(stage->path);
	restored = store_restore(world->backup, stage->path, false, UNIX_NOW, &stage->error);
	if (rc == 0 && restored != 0)
		fail_msg("%s: %s", story_where(), stage->error.text);
	if (restored == 0) {
		stage_open(stage);
		assert_sound(stage);
		assert_int_equal(figures_of(stage).ids, LIVED);
		stage_close(stage);
	}
	folder_remove(world->backup);
}

static void test_a_backup(void **state)
{
	static const struct story story = {"back up", begin_open, act_backup, end_backup};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH);
}

static int act_restore(void *context, struct error *error)
{
	struct world *world = context;

	return store_restore(world->copy, world->stage->path, true, UNIX_NOW, error);
}

/* Where there was a store there is one still; the same backup can be brought back then. */
static void end_restore(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;

	(void)failed;
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, rc == 0 || world->before.ids ? LIVED : figures_of(stage).ids);
	stage_close(stage);
	must(stage, act_restore(world, &stage->error));
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, LIVED);
	stage_close(stage);
	folder_remove(stage->path);
}

static void test_restoring_over_a_store(void **state)
{
	static const struct story story = {"restore over a store", begin_closed, act_restore, end_restore};
	struct world *world = *state;

	world->before.ids = LIVED;
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

static void test_restoring_where_nothing_was(void **state)
{
	static const struct story story = {"restore where nothing was", begin_nothing, act_restore, end_restore};
	struct world *world = *state;

	world->before.ids = 0;
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

#define TOLD(test) cmocka_unit_test_teardown(test, story_say_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TOLD(test_making_one),
		TOLD(test_opening),
		TOLD(test_counting),
		TOLD(test_keeping_time),
		TOLD(test_settings),
		TOLD(test_a_revision),
		TOLD(test_reading),
		TOLD(test_verifying),
		TOLD(test_figures),
		TOLD(test_compacting),
		TOLD(test_a_backup),
		TOLD(test_restoring_over_a_store),
		TOLD(test_restoring_where_nothing_was),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, store", tests, setup, teardown);
}
