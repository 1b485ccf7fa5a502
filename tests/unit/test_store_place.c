/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where the store is: its files are moved, deleted or replaced while it is open, or before it is opened again. Nothing is
 * reported as counted that would be gone, nobody writes beside the daemon, and no empty or older store takes its place.
 */
#include "tests/unit/lib/store_stage.h"

#include <dirent.h>
#include <fcntl.h>

static const char *in_store(const struct stage *stage, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%s", stage->path, name);
	return path;
}

static const char *beside(const struct stage *stage, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%s", stage->folder, name);
	return path;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void delete_file(const struct stage *stage, const char *name)
{
	assert_int_equal(unlink(in_store(stage, name)), 0);
}

static void count_one(struct stage *stage, uint32_t number)
{
	assert_verdict(stage, "oost", question(number, TODAY, 1, ANSWERED), VERDICT_COUNTED);
}

static void fail_if_run(struct store_txn *txn, void *context)
{
	(void)txn;
	(void)context;
	fail_msg("a transaction has begun");
}

static void must_not_begin(struct stage *stage, const char *word)
{
	must_refuse(stage, store_check_files(stage->store, &stage->error), FAULT_STORE, word);
	must_refuse(stage, attempt(stage, fail_if_run, NULL), FAULT_STORE, word);
}

struct interruption {
	struct stage *stage;
	void (*act)(struct stage *stage);
};

static void fold_and_interrupt(struct store_txn *txn, void *context)
{
	const struct interruption *interruption = context;
	struct folded folded;

	fold_one(interruption->stage, txn, "oost", question(99, TODAY, 1, ANSWERED), &folded);
	interruption->act(interruption->stage);
}

/* A question is counted in a transaction, the file loses its name meanwhile, and the transaction ends. */
static int commit_after(struct stage *stage, void (*act)(struct stage *stage))
{
	struct interruption interruption = {stage, act};

	return attempt(stage, fold_and_interrupt, &interruption);
}

/* ---- Tools beside a daemon ---------------------------------------------------------------------------- */

struct tool {
	struct stage *stage;
	bool read_only;
	int rc;
	const char *word; /* of the refusal */
};

static void open_tool(void *context)
{
	const struct tool *tool = context;
	struct store_options options = {.path = tool->stage->path,
					.read_only = tool->read_only,
					.unix_seconds = tool->read_only ? 0 : UNIX_NOW};
	struct error error = {{0}};
	struct store *store;

	expect(store_open(&store, &options, &error) == tool->rc);
	expect(!tool->word || strstr(error.text, tool->word));
	store_close(store);
}

static void tool_must(struct stage *stage, bool read_only, int rc, const char *word)
{
	struct tool tool = {stage, read_only, rc, word};

	assert_int_equal(in_another_process(open_tool, &tool), 0);
}

static void test_a_tool_may_write_beside_the_daemon(void **state)
{
	tool_must(*state, false, 0, NULL);
}

static void test_without_the_lock_file_nobody_writes(void **state)
{
	struct stage *stage = *state;

	count_one(stage, 1);
	delete_file(stage, "lock.mdb");
	tool_must(stage, false, FAULT_BUSY, "has a lock.mdb open that was deleted");
	assert_int_equal(access(in_store(stage, "lock.mdb"), F_OK), -1); /* a refused tool makes none */
	must_not_begin(stage, "lock.mdb");
	tool_must(stage, true, 0, NULL); /* a reader makes one */
	tool_must(stage, false, FAULT_BUSY, "has a lock.mdb open that was deleted");
	must_not_begin(stage, "lock.mdb");
	stage_close(stage);
	stage_open(stage);
	count_one(stage, 2);
	tool_must(stage, false, 0, NULL);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	assert_sound(stage);
}

static void test_a_tool_is_refused_where_the_daemon_does_not_say_what_it_has(void **state)
{
	struct stage *stage = *state;

	delete_file(stage, "turfd.lock");
	tool_must(stage, false, FAULT_BUSY, "does not say which files");
	tool_must(stage, true, 0, NULL);
	assert_int_equal(figures_of(stage).daemon_pid, -1);
}

static void test_a_tool_may_write_after_a_compaction(void **state)
{
	struct stage *stage = *state;

	count_one(stage, 1);
	(void)keep_time(stage, TODAY + 15, true); /* what is settled is deleted bytes */
	must(stage, store_compact(stage->store, &stage->error));
	tool_must(stage, false, 0, NULL);
	count_one(stage, 2);
}

static void test_a_daemon_does_not_start_beside_a_tool_without_its_lock_file(void **state)
{
	struct stage *stage = *state;
	struct store_options tool = {.path = stage->path, .unix_seconds = UNIX_NOW};
	struct store *store;
	int opened[2], done[2];
	char word;
	pid_t pid;

	stage_close(stage);
	assert_true(pipe(opened) == 0 && pipe(done) == 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		expect(store_open(&store, &tool, NULL) == 0);
		expect(write(opened[1], "o", 1) == 1 && read(done[0], &word, 1) == 1);
		store_close(store);
		_exit(0);
	}
	assert_int_equal(read(opened[0], &word, 1), 1);
	delete_file(stage, "lock.mdb");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_BUSY, "another program");
	assert_int_equal(write(done[1], "d", 1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	stage_open(stage);
}

/* ---- Locks that outlast their files --------------------------------------------------------------------- */

static void open_second_daemon(void *context)
{
	struct stage *stage = context;
	struct store *store;

	expect(store_open(&store, &stage->options, &stage->error) == FAULT_BUSY);
}

static void restore_beside(void *context)
{
	struct stage *stage = context;

	expect(store_restore(beside(stage, "backup"), stage->path, true, UNIX_NOW, &stage->error) == FAULT_BUSY);
}

static void test_a_daemon_keeps_its_store_without_its_lock_file(void **state)
{
	struct stage *stage = *state;

	must(stage, store_backup(stage->store, beside(stage, "backup"), &stage->error));
	delete_file(stage, "turfd.lock");
	delete_file(stage, "access.lock");
	delete_file(stage, "lock.mdb");
	assert_int_equal(in_another_process(open_second_daemon, stage), 0);
	assert_int_equal(in_another_process(restore_beside, stage), 0);
}

/* ---- A data file that loses its name --------------------------------------------------------------------- */

static void replace_data(struct stage *stage)
{
	char data[PATH_MAX];

	(void)snprintf(data, sizeof data, "%s", in_store(stage, "data.mdb"));
	assert_int_equal(link(data, beside(stage, "old")), 0);
	write_text(beside(stage, "other"), "another one");
	assert_int_equal(rename(beside(stage, "other"), data), 0);
}

static void move_directory(struct stage *stage)
{
	assert_int_equal(rename(stage->path, beside(stage, "moved")), 0);
}

static void test_nothing_is_committed_to_a_file_that_was_replaced(void **state)
{
	struct stage *stage = *state;
	char data[PATH_MAX], text[32] = "";
	FILE *file;

	count_one(stage, 1);
	(void)keep_time(stage, TODAY + 15, true);
	must_refuse(stage, commit_after(stage, replace_data), FAULT_STORE, "open was replaced by another file");
	must_not_begin(stage, "open was replaced by another file");
	must_refuse(stage, store_compact(stage->store, &stage->error), FAULT_STORE,
		    "open was replaced by another file");
	(void)snprintf(data, sizeof data, "%s", in_store(stage, "data.mdb"));
	file = fopen(data, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	(void)fclose(file);
	assert_string_equal(text, "another one"); /* it is not ours to remove */
	assert_int_equal(rename(beside(stage, "old"), data), 0);
	must(stage, store_check_files(stage->store, &stage->error));
	count_one(stage, 2);
	assert_sound(stage);
}

static void test_nothing_is_committed_to_a_directory_that_was_moved(void **state)
{
	struct stage *stage = *state;

	must_refuse(stage, commit_after(stage, move_directory), FAULT_STORE, "is gone, while it is open");
	must_not_begin(stage, "is gone, while it is open");
	assert_int_equal(rename(beside(stage, "moved"), stage->path), 0);
	must(stage, store_check_files(stage->store, &stage->error));
	count_one(stage, 2);
}

/* ---- What was last seen ----------------------------------------------------------------------------------- */

static void note_last_seen(struct stage *stage)
{
	must(stage, store_note_last_seen(stage->store, &stage->error));
}

static void test_the_secret_of_the_client_id_stays_with_the_place(void **state)
{
	struct stage *stage = *state;
	char first[STORE_CLIENT_SECRET_BYTES], again[STORE_CLIENT_SECRET_BYTES], other[STORE_CLIENT_SECRET_BYTES];
	struct stat status;

	assert_int_equal(store_client_secret(stage->store, first, &stage->error), 0);
	assert_int_equal(strspn(first, "0123456789abcdef"), STORE_CLIENT_SECRET_BYTES - 1);
	assert_int_equal(stat(beside(stage, "store.last-seen/client-id"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	stage_close(stage);
	stage_open(stage);
	assert_int_equal(store_client_secret(stage->store, again, &stage->error), 0);
	assert_string_equal(again, first);
	write_text(beside(stage, "store.last-seen/client-id"), "0123456789abcde\n");
	assert_int_equal(store_client_secret(stage->store, other, &stage->error), 0);
	assert_int_equal(strlen(other), STORE_CLIENT_SECRET_BYTES - 1);
	assert_string_not_equal(other, first);
	assert_int_equal(store_client_secret(stage->store, again, &stage->error), 0);
	assert_string_equal(again, other);
}

static void test_a_store_that_was_moved_is_not_replaced_by_an_empty_one(void **state)
{
	struct stage *stage = *state;

	note_last_seen(stage);
	stage_close(stage);
	move_directory(stage);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT,
		    "store.last-seen/store");
	assert_int_equal(access(stage->path, F_OK), -1); /* where it can be moved back to */
	assert_int_equal(mkdir(stage->path, 0700), 0);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT, "the store is gone");
	assert_int_equal(rmdir(stage->path), 0);
	assert_int_equal(rename(beside(stage, "moved"), stage->path), 0);
	stage_open(stage);
	stage_close(stage);
	delete_file(stage, "data.mdb");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT, "the store is gone");
	assert_int_equal(unlink(beside(stage, "store.last-seen/store")), 0);
	stage_open(stage);
	assert_int_equal(figures_of(stage).ids, 0);
}

static void copy_file(const struct stage *stage, const char *from, const char *to)
{
	enum { BYTES_MAX = 1 << 20 };
	static char bytes[BYTES_MAX];
	int in = open(beside(stage, from), O_RDONLY), out = open(beside(stage, to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t length = read(in, bytes, sizeof bytes);

	assert_true(length > 0 && length < BYTES_MAX);
	assert_int_equal(write(out, bytes, (size_t)length), length);
	assert_int_equal(close(in), 0);
	assert_int_equal(close(out), 0);
}

static void test_an_older_copy_is_not_taken_for_the_store(void **state)
{
	struct stage *stage = *state;

	stage_close(stage);
	copy_file(stage, "store/data.mdb", "older");
	stage_open(stage);
	count_one(stage, 1);
	note_last_seen(stage);
	must(stage, store_backup(stage->store, beside(stage, "backup"), &stage->error));
	stage_close(stage);
	copy_file(stage, "store/data.mdb", "newer");
	copy_file(stage, "older", "store/data.mdb");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT,
		    "older copy of the store");
	copy_file(stage, "newer", "store/data.mdb");
	stage_open(stage);
	stage_close(stage);
	copy_file(stage, "older", "store/data.mdb");
	must(stage,
	     store_restore(beside(stage, "backup"), stage->path, true, UNIX_NOW, &stage->error)); /* a new epoch */
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
}

static void test_what_was_last_seen_is_what_was_last_committed(void **state)
{
	struct stage *stage = *state;
	char text[512] = "", expected[128];
	struct store_state seen;
	FILE *file;

	note_last_seen(stage);
	count_one(stage, 1);
	note_last_seen(stage);
	seen = state_of(stage);
	file = fopen(beside(stage, "store.last-seen/store"), "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof text - 1, file) > 0);
	(void)fclose(file);
	(void)snprintf(expected, sizeof expected, "\norg dekop\nepoch %s\ngeneration %020llu\n", seen.epoch,
		       (unsigned long long)seen.generation);
	assert_non_null(strstr(text, expected));
}

/* Whatever a power cut or an editor has left of it: the store is there, and opens. */
static void test_a_last_seen_file_that_says_nothing_is_passed_over(void **state)
{
	struct stage *stage = *state;

	note_last_seen(stage);
	stage_close(stage);
	write_text(beside(stage, "store.last-seen/store"), "");
	stage_open(stage);
	stage_close(stage);
	move_directory(stage);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_INPUT, "the store is gone");
}

/* ---- The disk --------------------------------------------------------------------------------------------- */

/* LMDB maps it and writes to the map: where the disk has no room for a page of it, the program ends. */
static void test_the_lock_file_has_its_room_on_the_disk(void **state)
{
	enum { BLOCK_BYTES = 512 };
	struct stage *stage = *state;
	struct stat status;

	assert_int_equal(stat(in_store(stage, "lock.mdb"), &status), 0);
	assert_true(status.st_blocks * BLOCK_BYTES >= status.st_size);
}

#define OPENED(test) cmocka_unit_test_setup_teardown(test, stage_setup_open, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_a_tool_may_write_beside_the_daemon),
		OPENED(test_without_the_lock_file_nobody_writes),
		OPENED(test_a_tool_is_refused_where_the_daemon_does_not_say_what_it_has),
		OPENED(test_a_tool_may_write_after_a_compaction),
		OPENED(test_a_daemon_does_not_start_beside_a_tool_without_its_lock_file),
		OPENED(test_a_daemon_keeps_its_store_without_its_lock_file),
		OPENED(test_nothing_is_committed_to_a_file_that_was_replaced),
		OPENED(test_nothing_is_committed_to_a_directory_that_was_moved),
		OPENED(test_the_secret_of_the_client_id_stays_with_the_place),
		OPENED(test_a_store_that_was_moved_is_not_replaced_by_an_empty_one),
		OPENED(test_an_older_copy_is_not_taken_for_the_store),
		OPENED(test_what_was_last_seen_is_what_was_last_committed),
		OPENED(test_a_last_seen_file_that_says_nothing_is_passed_over),
		OPENED(test_the_lock_file_has_its_room_on_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
