/* SPDX-License-Identifier: EUPL-1.2 */
/* The store: what it is opened as and refused as, and that a question counts exactly once. */
#include "tests/unit/lib/store_stage.h"

#include <fcntl.h>
#include <lmdb.h>

/* ---- Opening -------------------------------------------------------------------------------------- */

static void test_a_daemon_makes_the_store(void **state)
{
	struct stage *stage = *state;
	struct store_state seen = state_of(stage);
	struct stat status;
	char data[PATH_MAX];

	assert_string_equal(seen.org, "dekop");
	assert_int_equal(strlen(seen.epoch), 32);
	assert_int_equal(seen.created, TODAY);
	assert_int_equal(seen.clock_day, TODAY);
	assert_int_equal(seen.cells.policy, CELLS_LIVE);
	assert_int_equal(seen.final_through, 0);
	assert_int_equal(stat(stage->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	(void)snprintf(data, sizeof data, "%s/data.mdb", stage->path);
	assert_int_equal(stat(data, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_sound(stage);
}

static void test_counts_survive_closing(void **state)
{
	struct stage *stage = *state;
	char epoch[EPOCH_TEXT_BYTES];

	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	memcpy(epoch, state_of(stage).epoch, sizeof epoch);
	stage_close(stage);
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_string_equal(state_of(stage).epoch, epoch);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_ALREADY_COUNTED);
}

static void test_generation_never_falls(void **state)
{
	struct stage *stage = *state;
	uint64_t first = state_of(stage).generation, second;

	assert_int_equal(first, (uint64_t)UNIX_NOW << 20);
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	assert_int_equal(state_of(stage).generation, first + 1);
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED)); /* changes nothing */
	assert_int_equal(state_of(stage).generation, first + 1);
	stage_close(stage);
	stage->options.unix_seconds = UNIX_NOW - 1000; /* a clock that was set back */
	stage_open(stage);
	second = state_of(stage).generation;
	assert_int_equal(second, first + 2);
	stage_close(stage);
	stage->options.unix_seconds = UNIX_NOW + 1;
	stage_open(stage);
	assert_int_equal(state_of(stage).generation, (uint64_t)(UNIX_NOW + 1) << 20);
	stage_close(stage);
	stage->options.unix_seconds = (uint64_t)1 << 33; /* a clock that is wrong */
	stage_open(stage);
	assert_int_equal(state_of(stage).generation, ((uint64_t)(UNIX_NOW + 1) << 20) + 1);
	assert_true(state_of(stage).generation < (uint64_t)1 << 53);
}

static void test_a_tool_finds_out_whose_store_it_is(void **state)
{
	struct stage *stage = *state;

	stage_close(stage);
	stage->options = (struct store_options){.path = stage->path, .read_only = true};
	stage_open(stage);
	assert_string_equal(state_of(stage).org, "dekop");
}

/* A path of something that is no store, or none to be touched. */
static void write_file(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void test_what_is_no_store_is_refused(void **state)
{
	struct stage *stage = *state;
	struct store_options tool = {.path = stage->path};

	must_refuse(stage, store_open(&stage->store, &tool, &stage->error), FAULT_INPUT, "no such store");
	assert_int_equal(mkdir(stage->path, 0700), 0);
	must_refuse(stage, store_open(&stage->store, &tool, &stage->error), FAULT_INPUT, "holds no store");
	write_file(stage->path, "letters.txt", "dear reader");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT, "letters.txt");
	write_file(stage->path, "data.mdb", "dear reader");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN,
		    "not a turf store");
	tool.path = "/dev/null";
	must_refuse(stage, store_open(&stage->store, &tool, &stage->error), FAULT_INPUT, "not a directory");
	assert_null(stage->store);
}

static void test_a_store_is_private(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(mkdir(stage->path, 0700), 0);
	assert_int_equal(chmod(stage->path, 0755), 0);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT, "chmod 700");
	assert_int_equal(chmod(stage->path, 0700), 0);
	stage_open(stage);
}

static void test_an_emptied_file_gets_no_new_store(void **state)
{
	struct stage *stage = *state;
	struct stat status;
	char data[PATH_MAX];

	stage_close(stage);
	write_file(stage->path, "data.mdb", "");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_DAMAGED, "is empty");
	(void)snprintf(data, sizeof data, "%s/data.mdb", stage->path);
	assert_int_equal(stat(data, &status), 0);
	assert_int_equal(status.st_size, 0);
}

/* Writes to the store's `meta` as another program would, or a newer turf. */
static void put_meta(struct stage *stage, const char *name, const void *value, size_t length)
{
	MDB_val k = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
	MDB_val v = {.mv_size = length, .mv_data = (void *)(uintptr_t)value};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	assert_int_equal(mdb_env_open(env, stage->path, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", MDB_CREATE, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void test_another_orgs_store_is_refused(void **state)
{
	struct stage *stage = *state;

	stage_close(stage);
	stage->options.org = "leeuwarden";
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN, "'dekop'");
	must_refuse(stage, FAULT_FOREIGN, FAULT_FOREIGN, "'leeuwarden'");
}

static void test_a_newer_format_is_refused(void **state)
{
	struct stage *stage = *state;
	uint8_t format[12] = {'t', 'u', 'r', 'f', 0, 0, 0, 2};

	stage_close(stage);
	put_be32(format + 8, crc32c_more(crc32c("format", 6), format, 8));
	put_meta(stage, "format", format, sizeof format);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN,
		    "a newer turf wrote this store: its format is 2");
}

static void test_a_damaged_format_or_state_is_no_newer_one(void **state)
{
	struct stage *stage = *state;

	stage_close(stage);
	put_meta(stage, "state", "nonsense", 8);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_DAMAGED, "state");
	put_meta(stage, "format", "nonsense", 8);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_DAMAGED, "format");
}

static void test_another_programs_environment_is_refused(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(mkdir(stage->path, 0700), 0);
	put_meta(stage, "something", "else", 4);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN,
		    "not a turf store");
}

static void test_a_second_daemon_is_told_who_was_first(void **state)
{
	struct stage *stage = *state;
	struct store *second;
	char pid[32];

	(void)snprintf(pid, sizeof pid, "process %d", (int)getpid());
	must_refuse(stage, store_open(&second, &stage->options, &stage->error), FAULT_BUSY, pid);
	assert_null(second);
	assert_int_equal(figures_of(stage).daemon_pid, getpid());
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED); /* the first goes on */
	stage_close(stage);
	stage->options.as_daemon = false;
	stage_open(stage);
	assert_int_equal(figures_of(stage).daemon_pid, 0);
}

/* ---- Counting ------------------------------------------------------------------------------------- */

static void test_a_question_counts_where_it_belongs(void **state)
{
	struct stage *stage = *state;
	struct event event = question(1, Q4_FIRST, 255, REFERRED);
	struct folded folded;
	struct tally tally;

	event.labels[0] = 7;
	event.labels[1] = 65535;
	event.n_labels = 2;
	folded = folded_of(stage, "oost", event);
	assert_int_equal(folded.verdict, VERDICT_COUNTED);
	assert_true(folded.changed);
	assert_string_equal(folded.team, "oost");
	assert_int_equal(folded.quarter, Q4_2019);
	assert_int_equal(folded.day, Q4_FIRST);
	tally = tally_of(stage, "oost", Q4_2019);
	assert_true(tally.present[255]);
	assert_false(tally.present[1]);
	assert_int_equal(tally.referred[255].counted, 1);
	assert_int_equal(tally.referred[255].shown, 1);
	assert_int_equal(tally.answered[255].counted, 0);
	assert_int_equal(tally.n_labels, 2);
	assert_int_equal(tally.labels[0].label, 7);
	assert_int_equal(tally.labels[1].label, 65535);
	assert_int_equal(tally.labels[1].cell.counted, 1);
	assert_int_equal(tally.revision, 1);
	assert_int_equal(counted_in(stage, "oost", Q3_2019), 0);
	assert_int_equal(counted_in(stage, "west", Q4_2019), 0);
	assert_int_equal(counted_in_week(stage, "oost", 2019, 40), 1);
	assert_sound(stage);
}

static void test_quarter_and_week_follow_the_day(void **state)
{
	struct stage *stage = *state;

	stage->rules.grace_days = 400;
	(void)tell(stage, "oost", question(1, Q3_LAST, 1, ANSWERED));
	(void)tell(stage, "oost", question(2, Q4_FIRST, 1, ANSWERED));
	stage->today = Q4_LAST;
	(void)tell(stage, "oost", question(3, Q4_LAST, 1, ANSWERED));     /* 2019-12-31 is in week 1 of 2020 */
	(void)tell(stage, "oost", question(4, Q4_LAST + 1, 1, ANSWERED)); /* a phone that is a day ahead */
	assert_int_equal(counted_in(stage, "oost", Q3_2019), 1);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	assert_int_equal(counted_in(stage, "oost", Q1_2020), 1);
	assert_int_equal(counted_in_week(stage, "oost", 2020, 1), 2);
	assert_int_equal(counted_in_week(stage, "oost", 2019, 40), 2);
	assert_sound(stage);
}

static void test_all_is_the_sum_of_the_teams(void **state)
{
	struct stage *stage = *state;
	struct tally tally;

	(void)tell(stage, "west", labelled(1, TODAY, 65535));
	(void)tell(stage, "oost", labelled(2, TODAY, 7));
	(void)tell(stage, "noord", labelled(3, TODAY, 65535));
	(void)tell(stage, "oost", question(4, TODAY, 3, REFERRED));
	tally = tally_of(stage, TEAM_ALL, Q4_2019);
	assert_int_equal(tally.answered[1].counted, 3);
	assert_int_equal(tally.referred[3].counted, 1);
	assert_int_equal(tally.n_labels, 2);
	assert_int_equal(tally.labels[0].label, 7);
	assert_int_equal(tally.labels[1].cell.counted, 2);
	assert_int_equal(counted_in_week(stage, TEAM_ALL, 2019, 46), 4);
	assert_int_equal(counted_in_week(stage, "oost", 2019, 46), 2);
}

static void fold_three_times(struct store_txn *txn, void *stage)
{
	struct folded folded;

	for (int i = 0; i < 3; i++) {
		fold_one(stage, txn, "oost", question(1, TODAY, 1, ANSWERED), &folded);
		assert_int_equal(folded.verdict, i == 0 ? VERDICT_COUNTED : VERDICT_ALREADY_COUNTED);
		assert_int_equal(folded.changed, i == 0);
	}
}

static void test_exactly_once_in_one_batch_and_over_many(void **state)
{
	struct stage *stage = *state;
	uint64_t generation;

	change(stage, fold_three_times, stage);
	/* Also when team and content differ, and then nothing is written; the same id on another day is another question. */
	generation = state_of(stage).generation;
	assert_verdict(stage, "west", question(1, TODAY, 3, REFERRED), VERDICT_ALREADY_COUNTED);
	assert_int_equal(state_of(stage).generation, generation);
	assert_verdict(stage, "oost", question(1, TODAY - 1, 1, ANSWERED), VERDICT_COUNTED);
	assert_int_equal(counted_in(stage, TEAM_ALL, Q4_2019), 2);
	assert_sound(stage);
}

static int fold_and_abort(void *telling, struct store_txn *txn, struct error *error)
{
	(void)error;
	fold_told(txn, telling);
	return STORE_NOTHING_DONE;
}

static void test_an_aborted_batch_never_was(void **state)
{
	struct stage *stage = *state;
	struct telling telling = {.stage = stage, .team = "oost", .event = question(1, TODAY, 1, ANSWERED)};

	assert_int_equal(store_change(stage->store, fold_and_abort, &telling, &stage->error), STORE_NOTHING_DONE);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 0);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_sound(stage);
}

/* The table of rule 1 (docs/wire-format.md). Each row says what is stored (by earlier events), what arrives, and what
 * must happen then. */
enum stored { NOTHING, COUNTED, COUNTED_SETTLED, COUNTED_LATE, RETRACTED };

static void test_every_cell_of_the_table(void **state)
{
	static const struct {
		enum stored stored;
		enum act arrives;
		enum verdict verdict;
		int counted; /* by how much the figure moves */
	} table[] = {
		{NOTHING, ACT_QUESTION, VERDICT_COUNTED, 1},
		{NOTHING, ACT_RETRACTION, VERDICT_RETRACTED, 0},
		{COUNTED, ACT_QUESTION, VERDICT_ALREADY_COUNTED, 0},
		{COUNTED, ACT_RETRACTION, VERDICT_RETRACTED, -1},
		{COUNTED_SETTLED, ACT_QUESTION, VERDICT_ALREADY_COUNTED, 0},
		{COUNTED_SETTLED, ACT_RETRACTION, VERDICT_REFUSED_RETRACTION_TOO_LATE, 0},
		{COUNTED_LATE, ACT_QUESTION, VERDICT_ALREADY_COUNTED, 0},
		{COUNTED_LATE, ACT_RETRACTION, VERDICT_REFUSED_RETRACTION_TOO_LATE, 0},
		{RETRACTED, ACT_QUESTION, VERDICT_ALREADY_RETRACTED, 0},
		{RETRACTED, ACT_RETRACTION, VERDICT_ALREADY_RETRACTED, 0},
	};
	static const uint32_t days[] = {
		[NOTHING] = TODAY,        [COUNTED] = TODAY,   [COUNTED_SETTLED] = TODAY - 20,
		[COUNTED_LATE] = Q3_LAST, [RETRACTED] = TODAY,
	};
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false); /* Q3 closes: it ended 46 days ago */
	for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		uint32_t day = days[table[i].stored];
		struct event event = question(i, day, 1, ANSWERED);
		uint64_t before;

		if (table[i].stored == RETRACTED)
			assert_verdict(stage, "oost", retraction(i, day), VERDICT_RETRACTED);
		else if (table[i].stored != NOTHING)
			assert_verdict(stage, "oost", event,
				       table[i].stored == COUNTED_LATE ? VERDICT_COUNTED_LATE : VERDICT_COUNTED);
		before = counted_in(stage, "oost", Q4_2019);
		assert_verdict(stage, "oost", table[i].arrives == ACT_QUESTION ? event : retraction(i, day),
			       table[i].verdict);
		assert_int_equal(counted_in(stage, "oost", Q4_2019), before + (uint64_t)(int64_t)table[i].counted);
		assert_sound(stage);
	}
	assert_int_equal(late_in(stage, "oost", Q3_2019), 2);
	assert_int_equal(counted_in(stage, "oost", Q3_2019), 0);
}

static void test_a_refusal_leaves_no_trace(void **state)
{
	struct stage *stage = *state;
	uint64_t before = state_of(stage).generation;

	assert_verdict(stage, "oost", question(1, TODAY + 2, 1, ANSWERED), VERDICT_REFUSED_DAY_IN_FUTURE);
	assert_verdict(stage, "oost", question(1, UINT32_MAX, 1, ANSWERED), VERDICT_REFUSED_DAY_IN_FUTURE);
	assert_verdict(stage, "oost", question(1, TODAY - 401, 1, ANSWERED), VERDICT_REFUSED_DAY_TOO_OLD);
	assert_verdict(stage, "zuid", question(1, TODAY, 1, ANSWERED), VERDICT_REFUSED_UNKNOWN_TEAM);
	assert_verdict(stage, "oost", question(1, TODAY, 2, ANSWERED), VERDICT_REFUSED_UNKNOWN_DOMAIN);
	assert_verdict(stage, "oost", retraction(1, TODAY - 15), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_int_equal(figures_of(stage).ids, 0);
	assert_int_equal(state_of(stage).generation, before);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED);
}

static void test_a_retraction_finds_its_question_whatever_the_topic(void **state)
{
	struct stage *stage = *state;
	struct event event = labelled(1, TODAY, 7);
	struct folded folded;

	(void)tell(stage, "oost", event);
	(void)tell(stage, "oost", question(2, TODAY, 1, ANSWERED));
	(void)tell(stage, "west", question(3, TODAY, 1, ANSWERED));
	folded = folded_of(stage, "west", retraction(1, TODAY));
	assert_int_equal(folded.verdict, VERDICT_RETRACTED);
	assert_true(folded.changed);
	assert_string_equal(folded.team, "oost");
	assert_int_equal(folded.quarter, Q4_2019);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_int_equal(counted_in(stage, "west", Q4_2019), 1);
	assert_int_equal(counted_in_week(stage, "oost", 2019, 46), 1);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.counted, 0);
	folded = folded_of(stage, "unknown", retraction(3, TODAY));
	assert_string_equal(folded.team, "west");
	assert_true(tally_of(stage, "west", Q4_2019).present[1]);
	assert_sound(stage);
}

static void test_a_retraction_may_come_first(void **state)
{
	struct stage *stage = *state;
	struct folded folded = folded_of(stage, "oost", retraction(1, TODAY));

	assert_int_equal(folded.verdict, VERDICT_RETRACTED);
	assert_false(folded.changed);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_ALREADY_RETRACTED);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 0);
	assert_int_equal(figures_of(stage).ids, 1);
	assert_sound(stage);
}

/* Folds an event that was admitted on an earlier day. On that day its verdict would have been `admitted_as`. */
static enum verdict fold_early(struct stage *stage, struct store_txn *txn, struct event event, uint32_t day,
			       enum verdict admitted_as)
{
	struct standing early = {.today = day};
	struct admitted admitted = rules_admit(&event, "oost", &stage->rules, &early);
	struct folded folded;

	assert_int_equal(event.act == ACT_QUESTION ? admitted.if_unknown : admitted.if_counted, admitted_as);
	store_fold(txn, &admitted, &folded);
	return folded.verdict;
}

static void fold_late_and_settled(struct store_txn *txn, void *stage)
{
	struct event late = question(1, Q3_LAST, 1, ANSWERED), old = question(2, TODAY - 20, 1, ANSWERED);

	assert_int_equal(fold_early(stage, txn, late, TODAY, VERDICT_COUNTED), VERDICT_COUNTED_LATE);
	assert_int_equal(fold_early(stage, txn, old, TODAY, VERDICT_COUNTED), VERDICT_COUNTED);
	assert_int_equal(fold_early(stage, txn, retraction(2, TODAY - 20), TODAY - 10, VERDICT_RETRACTED),
			 VERDICT_REFUSED_RETRACTION_TOO_LATE);
}

static void test_standing_read_too_early_does_no_harm(void **state)
{
	struct stage *stage = *state;

	/* Another process closes Q3 and settles between the reading and the transaction. */
	(void)keep_time(stage, TODAY, false);
	change(stage, fold_late_and_settled, stage);
	assert_int_equal(counted_in(stage, "oost", Q3_2019), 0);
	assert_int_equal(late_in(stage, "oost", Q3_2019), 1);
	assert_sound(stage);
}

enum { PURGED_BEFORE = TODAY - 460 };

static void fold_purged_and_kept(struct store_txn *txn, void *stage)
{
	struct event gone = question(1, PURGED_BEFORE - 1, 1, ANSWERED), kept = question(2, PURGED_BEFORE, 1, ANSWERED);

	assert_int_equal(fold_early(stage, txn, gone, TODAY - 100, VERDICT_COUNTED), VERDICT_REFUSED_DAY_TOO_OLD);
	assert_int_equal(fold_early(stage, txn, kept, TODAY - 100, VERDICT_COUNTED), VERDICT_COUNTED_LATE);
}

/* An id that is gone must not count once more, whatever the reader of the standing still took. */
static void test_what_was_purged_meanwhile_is_refused(void **state)
{
	struct stage *stage = *state;

	stage->rules.counting_since = 0;
	(void)keep_time(stage, TODAY, false);
	assert_int_equal(state_of(stage).purged_before, PURGED_BEFORE);
	change(stage, fold_purged_and_kept, stage);
	assert_int_equal(figures_of(stage).ids, 1);
	assert_sound(stage);
}

/* ---- What is read back ------------------------------------------------------------------------------ */

static void test_the_catalogue_is_kept(void **state)
{
	struct stage *stage = *state;
	struct catalogue back;
	struct store_view *view;
	uint64_t generation;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	assert_int_equal(store_view_catalogue(view, &back, &stage->error), STORE_NOT_FOUND);
	store_view_close(view);
	change(stage, put_catalogue, &stage->rules);
	generation = state_of(stage).generation;
	change(stage, put_catalogue, &stage->rules); /* the same again is no change */
	assert_int_equal(state_of(stage).generation, generation);
	stage_close(stage);
	stage_open(stage);
	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_catalogue(view, &back, &stage->error));
	store_view_close(view);
	assert_true(catalogue_same(&back, &stage->rules));
	catalogue_release(&back);
	assert_sound(stage);
}

static void test_what_was_ever_counted(void **state)
{
	struct stage *stage = *state;
	struct store_view *view;
	uint32_t first, last;

	stage->rules.grace_days = 400;
	(void)tell(stage, "oost", labelled(1, Q3_LAST, 7));
	(void)tell(stage, "oost", question(2, TODAY, 3, REFERRED));
	(void)tell(stage, "west", question(3, Q3_LAST - 100, 1, ANSWERED));
	must(stage, store_view_open(stage->store, &view, &stage->error));
	assert_true(store_view_counted(view, PART_TEAM, "oost", 0, Q3_2019));
	assert_false(store_view_counted(view, PART_TEAM, "west", 0, Q3_2019));
	assert_false(store_view_counted(view, PART_TEAM, "nobody", 0, Q3_2019));
	assert_true(store_view_counted(view, PART_DOMAIN, NULL, 3, Q4_2019));
	assert_false(store_view_counted(view, PART_DOMAIN, NULL, 7, Q3_2019));
	assert_true(store_view_counted(view, PART_LABEL, NULL, 7, Q3_2019));
	assert_false(store_view_counted(view, PART_LABEL, NULL, 1, Q3_2019));
	assert_false(store_view_counted(view, PART_LABEL, NULL, 7, Q4_2019));
	assert_int_equal(store_view_span(view, "oost", &first, &last, &stage->error), 0);
	assert_int_equal(first, Q3_2019);
	assert_int_equal(last, Q4_2019);
	assert_int_equal(store_view_span(view, "west", &first, &last, &stage->error), 0);
	assert_int_equal(first, Q3_2019 - 1);
	assert_int_equal(last, Q3_2019 - 1);
	assert_int_equal(store_view_span(view, TEAM_ALL, &first, &last, &stage->error), 0);
	assert_int_equal(first, Q3_2019 - 1);
	assert_int_equal(last, Q4_2019);
	assert_int_equal(store_view_span(view, "noord", &first, &last, &stage->error), STORE_NOT_FOUND);
	store_view_close(view);
}

static void test_a_store_of_nothing_has_no_span(void **state)
{
	struct stage *stage = *state;
	struct store_view *view;
	uint32_t first, last;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	assert_int_equal(store_view_span(view, TEAM_ALL, &first, &last, &stage->error), STORE_NOT_FOUND);
	assert_false(store_view_counted(view, PART_DOMAIN, NULL, 1, Q4_2019));
	store_view_close(view);
	assert_int_equal(figures_of(stage).oldest_id_day, 0);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)
#define OPENED(test) cmocka_unit_test_setup_teardown(test, stage_setup_open, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_a_daemon_makes_the_store),
		OPENED(test_counts_survive_closing),
		OPENED(test_generation_never_falls),
		OPENED(test_a_tool_finds_out_whose_store_it_is),
		STAGED(test_what_is_no_store_is_refused),
		STAGED(test_a_store_is_private),
		OPENED(test_an_emptied_file_gets_no_new_store),
		OPENED(test_another_orgs_store_is_refused),
		OPENED(test_a_newer_format_is_refused),
		OPENED(test_a_damaged_format_or_state_is_no_newer_one),
		STAGED(test_another_programs_environment_is_refused),
		OPENED(test_a_second_daemon_is_told_who_was_first),
		OPENED(test_a_question_counts_where_it_belongs),
		OPENED(test_quarter_and_week_follow_the_day),
		OPENED(test_all_is_the_sum_of_the_teams),
		OPENED(test_exactly_once_in_one_batch_and_over_many),
		OPENED(test_an_aborted_batch_never_was),
		OPENED(test_every_cell_of_the_table),
		OPENED(test_a_refusal_leaves_no_trace),
		OPENED(test_a_retraction_finds_its_question_whatever_the_topic),
		OPENED(test_a_retraction_may_come_first),
		OPENED(test_standing_read_too_early_does_no_harm),
		OPENED(test_what_was_purged_meanwhile_is_refused),
		OPENED(test_the_catalogue_is_kept),
		OPENED(test_what_was_ever_counted),
		OPENED(test_a_store_of_nothing_has_no_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
