/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store at its limits and among others: maps that grow, disks that are full, readers beside the writer, other
 * processes that read, write, grow the map or die.
 */
#include "tests/unit/lib/store_stage.h"

#include <sys/resource.h>

enum { SMALL_MAP = 256 << 10, MANY = 20000 };

static int setup_small(void **state)
{
	int rc = stage_setup(state);
	struct stage *stage = *state;

	if (rc != 0)
		return rc;
	stage->options.map_bytes = SMALL_MAP;
	stage_open(stage);
	return 0;
}

/* A batch is folded again from its start each time that the map has grown. Nothing of an earlier attempt may be
 * left. */
struct batch {
	struct stage *stage;
	uint32_t from, n;
	unsigned attempts;
	uint64_t counted_before; /* when the last attempt began */
};

static void fold_in(struct store_txn *txn, void *context)
{
	struct batch *batch = context;
	struct folded folded;

	if (++batch->attempts > 1)
		batch->counted_before = counted_in(batch->stage, "oost", Q4_2019);
	for (uint32_t i = batch->from; i < batch->from + batch->n; i++)
		fold_one(batch->stage, txn, "oost", question(i, TODAY - i % 10, 1, ANSWERED), &folded);
}

/* 0 or a fault. */
static int fold_batch(struct stage *stage, uint32_t from, uint32_t n)
{
	struct batch batch = {.stage = stage, .from = from, .n = n};

	return attempt(stage, fold_in, &batch);
}

/* ---- Growing ----------------------------------------------------------------------------------------- */

static void test_the_map_grows_by_itself(void **state)
{
	struct stage *stage = *state;
	struct batch batch = {.stage = stage, .n = 500};

	for (batch.from = 0; batch.from < MANY; batch.from += batch.n)
		change(stage, fold_in, &batch);
	assert_true(batch.attempts >= MANY / batch.n + 2); /* it has grown twice at least */
	assert_true(figures_of(stage).map_bytes > SMALL_MAP);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), MANY);
	assert_sound(stage);
	stage_close(stage);
	stage_open(stage); /* with the small map again: it is as large as the file at least */
	assert_int_equal(fold_batch(stage, 0, 500), 0);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), MANY);
}

static void test_one_batch_larger_than_the_map(void **state)
{
	struct stage *stage = *state;
	struct batch batch = {.stage = stage, .n = MANY, .counted_before = MANY};

	change(stage, fold_in, &batch);
	assert_true(batch.attempts > 1);
	assert_int_equal(batch.counted_before, 0);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), MANY);
	assert_sound(stage);
}

static int fold_until_full(void *context, struct store_txn *txn, struct error *error)
{
	struct batch *batch = context;
	struct folded folded = {.verdict = VERDICT_COUNTED};

	(void)error;
	if (batch->attempts++ > 0)
		return STORE_NOTHING_DONE; /* the map has grown */
	while (folded.verdict == VERDICT_COUNTED)
		fold_one(batch->stage, txn, "oost", question(batch->n++, TODAY, 1, ANSWERED), &folded);
	assert_int_equal(folded.verdict, VERDICT_UNSPECIFIED);
	assert_false(folded.changed);
	fold_one(batch->stage, txn, "oost", question(0, TODAY, 1, ANSWERED), &folded);
	assert_int_equal(folded.verdict, VERDICT_UNSPECIFIED);
	return 0;
}

/* After the map is full, a transaction changes nothing more and reports no change. */
static void test_a_full_transaction_answers_nothing(void **state)
{
	struct stage *stage = *state;
	struct batch batch = {.stage = stage};

	assert_int_equal(store_change(stage->store, fold_until_full, &batch, &stage->error), STORE_NOTHING_DONE);
	assert_int_equal(figures_of(stage).ids, 0);
}

/* The map cannot move under a view; the batch waits until the view is closed, and nothing is lost. */
static void test_the_map_does_not_grow_under_a_view(void **state)
{
	struct stage *stage = *state;
	struct store_view *view;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	must_refuse(stage, fold_batch(stage, 0, MANY), FAULT_STORE, "while a view is open");
	store_view_close(view);
	must(stage, fold_batch(stage, 0, MANY));
	assert_int_equal(counted_in(stage, "oost", Q4_2019), MANY);
}

enum { TEAMS = 100 };

static void tap_twice_in_each_team(struct store_txn *txn, void *context)
{
	struct stage *stage = context;
	struct folded folded;

	for (uint32_t i = 0; i < 2 * TEAMS; i++)
		fold_one(stage, txn, stage->rules.teams[i % TEAMS].id, question(i, TODAY, 1, ANSWERED), &folded);
}

static void test_many_teams_in_one_transaction(void **state)
{
	struct stage *stage = *state;
	struct team teams[TEAMS] = {{.id = ""}};

	for (uint32_t i = 0; i < TEAMS; i++) {
		(void)snprintf(teams[i].id, sizeof teams[i].id, "team-%u", i);
		(void)snprintf(teams[i].name, sizeof teams[i].name, "Team %u", i);
	}
	stage->rules.teams = teams;
	stage->rules.n_teams = TEAMS;
	change(stage, tap_twice_in_each_team, stage);
	for (uint32_t i = 0; i < TEAMS; i++)
		assert_int_equal(counted_in(stage, teams[i].id, Q4_2019), 2);
	assert_sound(stage);
}

static void test_as_many_labels_as_an_org_can_have(void **state)
{
	struct stage *stage = *state;
	struct label labels[LABELS_MAX];
	struct tally tally;

	for (uint32_t i = 0; i < LABELS_MAX; i++)
		labels[i] = (struct label){.code = i + 1, .name = "x", .kind = LABEL_SUBJECT};
	stage->rules.labels = labels;
	stage->rules.n_labels = LABELS_MAX;
	for (uint32_t i = 0; i < LABELS_MAX; i++)
		assert_verdict(stage, "oost", labelled(i, TODAY, i + 1), VERDICT_COUNTED);
	tally = tally_of(stage, "oost", Q4_2019);
	assert_int_equal(tally.n_labels, LABELS_MAX);
	for (uint32_t i = 0; i < LABELS_MAX; i++)
		assert_int_equal(tally.labels[i].cell.shown, 1);
}

static void test_a_catalogue_larger_than_its_message_is_refused(void **state)
{
	struct stage *stage = *state;
	struct catalogue large = stage->rules;
	struct label labels[LABELS_MAX];

	for (uint32_t i = 0; i < LABELS_MAX; i++) {
		labels[i] = (struct label){.code = i + 1, .kind = LABEL_SUBJECT};
		memset(labels[i].name, 'x', sizeof labels[i].name - 1);
	}
	large.labels = labels;
	large.n_labels = LABELS_MAX;
	must_refuse(stage, attempt(stage, put_catalogue, &large), FAULT_INPUT, "larger than 65536 bytes");
	assert_sound(stage);
}

static void test_time_may_meet_a_full_map_too(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	must(stage, fold_batch(stage, 0, 5000));
	live_until(stage, TODAY + 100);
	assert_int_equal(figures_of(stage).ids_detailed, 0);
	assert_sound(stage);
}

/* ---- A full disk --------------------------------------------------------------------------------------- */

/* Files may not grow beyond what they are: as on a full disk, a write fails. */
static void limit_files(struct stage *stage, uint64_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(signal(SIGXFSZ, bytes == 0 ? SIG_DFL : SIG_IGN) != SIG_ERR);
	(void)stage;
}

static void test_a_full_disk_loses_nothing_and_counting_resumes(void **state)
{
	struct stage *stage = *state;
	int rc = 0;

	stage_close(stage);
	stage->options.map_bytes = 64 << 20;
	stage_open(stage);
	assert_int_equal(fold_batch(stage, 0, 100), 0);
	limit_files(stage, figures_of(stage).file_bytes + 8192);
	for (uint32_t i = 100; rc == 0; i += 100)
		rc = fold_batch(stage, i, 100);
	must_refuse(stage, rc, FAULT_FULL, "there is no room on the disk");
	assert_true(fold_batch(stage, MANY, 5000) < 0); /* still */
	limit_files(stage, 0);
	assert_true(counted_in(stage, "oost", Q4_2019) >= 100);
	assert_sound(stage);
	for (uint32_t i = 0; i < 1000; i += 100)
		assert_int_equal(fold_batch(stage, i, 100), 0);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1000);
	assert_sound(stage);
}

static void test_a_full_disk_at_creation_leaves_no_store(void **state)
{
	struct stage *stage = *state;

	limit_files(stage, 4096);
	assert_true(store_open(&stage->store, &stage->options, &stage->error) < 0);
	limit_files(stage, 0);
	stage_open(stage);
	assert_sound(stage);
}

/* ---- Views -------------------------------------------------------------------------------------------- */

static void test_a_view_stays_as_it_was(void **state)
{
	struct stage *stage = *state;
	struct store_view *before, *after;
	struct tally tally = {.n_labels = 0};
	struct store_state old, new;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	must(stage, store_view_open(stage->store, &before, &stage->error));
	(void)tell(stage, "oost", question(2, TODAY, 1, ANSWERED));
	must(stage, store_view_open(stage->store, &after, &stage->error));
	must(stage, store_view_quarter(before, "oost", Q4_2019, &tally, &stage->error));
	assert_int_equal(tally.answered[1].counted, 1);
	tally = (struct tally){.n_labels = 0};
	must(stage, store_view_quarter(after, "oost", Q4_2019, &tally, &stage->error));
	assert_int_equal(tally.answered[1].counted, 2);
	store_view_state(before, &old);
	store_view_state(after, &new);
	assert_int_equal(new.generation, old.generation + 1);
	store_view_close(before);
	store_view_close(after);
}

static void fold_and_look(struct store_txn *txn, void *stage)
{
	struct folded folded;

	fold_one(stage, txn, "oost", question(1, TODAY, 1, ANSWERED), &folded);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 0);
}

static void test_a_view_does_not_see_what_is_not_committed(void **state)
{
	struct stage *stage = *state;

	change(stage, fold_and_look, stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
}

/* ---- Other processes ----------------------------------------------------------------------------------- */

static void open_as_tool(struct stage *stage, bool read_only)
{
	struct store_options tool = {.path = stage->path, .read_only = read_only, .unix_seconds = UNIX_NOW};

	/* What the parent has open is the parent's: LMDB forbids its use after fork. */
	expect(store_open(&stage->store, &tool, &stage->error) == 0);
}

/* This process's words to another, and its answers. */
struct dialogue {
	struct stage *stage;
	int words[2], answers[2];
};

/* `speak` is the other process's part. */
static pid_t dialogue_open(struct dialogue *dialogue, struct stage *stage, void (*speak)(struct dialogue *dialogue))
{
	pid_t pid;

	*dialogue = (struct dialogue){.stage = stage};
	assert_int_equal(pipe(dialogue->words), 0);
	assert_int_equal(pipe(dialogue->answers), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		speak(dialogue);
		_exit(0);
	}
	/* So that the end of the other is heard as the end of its answers. */
	(void)close(dialogue->words[0]);
	(void)close(dialogue->answers[1]);
	return pid;
}

static void dialogue_close(struct dialogue *dialogue)
{
	(void)close(dialogue->words[1]);
	(void)close(dialogue->answers[0]);
}

/* Reads the counts each time it is asked to, in one view that stays open and in a new one. */
static void read_when_asked(struct dialogue *dialogue)
{
	struct stage *stage = dialogue->stage;
	struct store_view *stays;
	struct tally tally;
	uint64_t seen[2];
	char word;

	open_as_tool(stage, true);
	expect(store_view_open(stage->store, &stays, &stage->error) == 0);
	while (read(dialogue->words[0], &word, 1) == 1 && word == '?') {
		tally = (struct tally){.n_labels = 0};
		expect(store_view_quarter(stays, "oost", Q4_2019, &tally, &stage->error) == 0);
		seen[0] = tally.answered[1].counted;
		seen[1] = counted_in(stage, "oost", Q4_2019);
		expect(write(dialogue->answers[1], seen, sizeof seen) == sizeof seen);
	}
	store_view_close(stays);
	store_close(stage->store);
}

static void ask(struct dialogue *dialogue, uint64_t stays, uint64_t now)
{
	uint64_t seen[2];

	assert_int_equal(write(dialogue->words[1], "?", 1), 1);
	assert_int_equal(read(dialogue->answers[0], seen, sizeof seen), sizeof seen);
	assert_int_equal(seen[0], stays);
	assert_int_equal(seen[1], now);
}

static void test_another_process_reads_while_this_one_writes(void **state)
{
	struct stage *stage = *state;
	struct dialogue dialogue;
	int status;
	pid_t pid = dialogue_open(&dialogue, stage, read_when_asked);

	ask(&dialogue, 0, 0);
	for (uint32_t n = 1; n <= 5; n++) {
		assert_verdict(stage, "oost", question(n, TODAY, 1, ANSWERED), VERDICT_COUNTED);
		ask(&dialogue, 0, n);
	}
	assert_int_equal(write(dialogue.words[1], ".", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	dialogue_close(&dialogue);
}

static void write_a_lot(void *context)
{
	struct stage *stage = context;

	open_as_tool(stage, false);
	expect(fold_batch(stage, 0, MANY) == 0);
	store_close(stage->store);
}

static void test_another_process_makes_the_map_grow(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(figures_of(stage).ids, 0);
	assert_false(store_changed_elsewhere(stage->store));
	assert_int_equal(in_another_process(write_a_lot, stage), 0);
	assert_true(store_changed_elsewhere(stage->store));
	assert_false(store_changed_elsewhere(stage->store));
	assert_int_equal(counted_in(stage, "oost", Q4_2019), MANY);
	assert_verdict(stage, "oost", question(MANY, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_false(store_changed_elsewhere(stage->store));
	assert_sound(stage);
}

static void write_one(void *context)
{
	struct stage *stage = context;

	open_as_tool(stage, false);
	expect(tell(stage, "oost", question(1, TODAY, 1, ANSWERED)) == VERDICT_COUNTED);
	store_close(stage->store);
}

/* What it did must be seen, although our own commit is the last one. */
static void test_another_process_writes_between_two_of_ours(void **state)
{
	struct stage *stage = *state;

	(void)figures_of(stage);
	assert_int_equal(in_another_process(write_one, stage), 0);
	assert_verdict(stage, "oost", question(2, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_true(store_changed_elsewhere(stage->store));
	assert_false(store_changed_elsewhere(stage->store));
}

static void be_a_second_daemon(void *context)
{
	struct stage *stage = context;
	char first[32];

	(void)snprintf(first, sizeof first, "process %d ", (int)getppid());
	expect(store_open(&stage->store, &stage->options, &stage->error) == FAULT_BUSY);
	expect(strstr(stage->error.text, first));
	expect(strstr(stage->error.text, stage->path));
}

static void test_a_second_daemon_is_refused(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(in_another_process(be_a_second_daemon, stage), 0);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED);
}

static void fold_and_wait(struct store_txn *txn, void *context)
{
	const struct dialogue *dialogue = context;
	struct folded folded;

	for (uint32_t i = 0; i < 3000; i++) /* enough to fill many pages */
		fold_one(dialogue->stage, txn, "oost", question(i, TODAY, 1, ANSWERED), &folded);
	expect(write(dialogue->answers[1], "!", 1) == 1);
	(void)pause();
}

/* Folds and never commits. Tells the test when it is in the middle; the test kills it there. */
static void fold_until_killed(struct dialogue *dialogue)
{
	struct stage *stage = dialogue->stage;

	expect(store_open(&stage->store, &stage->options, &stage->error) == 0);
	(void)attempt(stage, fold_and_wait, dialogue);
}

static void test_killed_in_the_middle_of_a_transaction(void **state)
{
	struct stage *stage = *state;
	struct dialogue dialogue;
	int status;
	char word;
	pid_t pid;

	stage_close(stage);
	stage->options.map_bytes = 64 << 20;
	stage_open(stage);
	assert_int_equal(fold_batch(stage, 0, 1), 0);
	stage_close(stage);
	pid = dialogue_open(&dialogue, stage, fold_until_killed);
	assert_int_equal(read(dialogue.answers[0], &word, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	dialogue_close(&dialogue);
	stage_open(stage); /* its locks went with it */
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
	assert_int_equal(fold_batch(stage, 0, 3000), 0);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 3000);
	assert_sound(stage);
}

/* Commits batch after batch, and says over the pipe what is on disk. */
static void commit_until_killed(struct dialogue *dialogue)
{
	struct stage *stage = dialogue->stage;

	expect(store_open(&stage->store, &stage->options, &stage->error) == 0);
	for (uint32_t n = 0;; n += 7) {
		expect(fold_batch(stage, n, 7) == 0);
		expect(write(dialogue->answers[1], "!", 1) == 1);
	}
}

static void test_what_was_committed_survives_a_kill(void **state)
{
	struct stage *stage = *state;
	struct dialogue dialogue;
	uint64_t promised, counted;
	int status;
	char word;
	pid_t pid;

	stage_close(stage);
	stage->options.map_bytes = 64 << 20;
	for (uint32_t round = 0; round < 5; round++) {
		pid = dialogue_open(&dialogue, stage, commit_until_killed);
		for (promised = 0; promised < 7 * (3 + round); promised += 7)
			assert_int_equal(read(dialogue.answers[0], &word, 1), 1);
		assert_int_equal(kill(pid, SIGKILL), 0); /* wherever it is by now */
		assert_int_equal(waitpid(pid, &status, 0), pid);
		dialogue_close(&dialogue);
		stage_open(stage);
		counted = counted_in(stage, "oost", Q4_2019);
		assert_true(counted >= promised && counted % 7 == 0);
		assert_sound(stage);
		stage_close(stage);
	}
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, setup_small, stage_teardown)
#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SMALL(test_the_map_grows_by_itself),
		SMALL(test_one_batch_larger_than_the_map),
		SMALL(test_a_full_transaction_answers_nothing),
		SMALL(test_the_map_does_not_grow_under_a_view),
		SMALL(test_many_teams_in_one_transaction),
		SMALL(test_as_many_labels_as_an_org_can_have),
		SMALL(test_a_catalogue_larger_than_its_message_is_refused),
		SMALL(test_time_may_meet_a_full_map_too),
		SMALL(test_a_full_disk_loses_nothing_and_counting_resumes),
		STAGED(test_a_full_disk_at_creation_leaves_no_store),
		SMALL(test_a_view_stays_as_it_was),
		SMALL(test_a_view_does_not_see_what_is_not_committed),
		SMALL(test_another_process_reads_while_this_one_writes),
		SMALL(test_another_process_makes_the_map_grow),
		SMALL(test_another_process_writes_between_two_of_ours),
		SMALL(test_a_second_daemon_is_refused),
		SMALL(test_killed_in_the_middle_of_a_transaction),
		SMALL(test_what_was_committed_survives_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
