/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A backup is made while the daemon goes on, proves itself, and comes back as a store with a new epoch. And: a
 * compacting copy leaves nothing of what was deleted.
 */
#include "tests/unit/lib/store_stage.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>

static const char *in_folder(struct stage *stage, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%s", stage->folder, name);
	return path;
}

static void backup(struct stage *stage)
{
	must(stage, store_backup(stage->store, in_folder(stage, "backup"), &stage->error));
}

static int restore(struct stage *stage, const char *name, bool replace)
{
	char directory[PATH_MAX];

	(void)snprintf(directory, sizeof directory, "%s/%s", stage->folder, name);
	return store_restore(directory, stage->path, replace, UNIX_NOW, &stage->error);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* A whole file, with a zero behind it. */
static char *read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY);
	struct stat status;
	char *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	bytes = calloc(1, (size_t)status.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
	assert_int_equal(close(fd), 0);
	*length = (size_t)status.st_size;
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(close(fd), 0);
}

/* ---- There and back ------------------------------------------------------------------------------------ */

static void test_a_backup_comes_back(void **state)
{
	struct stage *stage = *state;
	struct store_state before, after;
	struct stat status;

	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	backup(stage);
	assert_int_equal(stat(in_folder(stage, "backup"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(stat(in_folder(stage, "backup/data.mdb"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	(void)tell(stage, "oost", question(2, TODAY, 1, ANSWERED)); /* the backup will miss it */
	for (uint32_t i = 10; i < 20; i++)
		(void)tell(stage, "oost", question(i, TODAY, 1, ANSWERED));
	before = state_of(stage);
	stage_close(stage);
	must(stage, restore(stage, "backup", true));
	assert_true(is_there(in_folder(stage, "store/data.mdb.before-restore")));
	assert_false(is_there(in_folder(stage, "store/data.mdb.new")));
	stage_open(stage);
	after = state_of(stage);
	assert_string_not_equal(after.epoch, before.epoch);
	assert_true(after.generation > before.generation);
	assert_int_equal(after.created, before.created);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	/* The phones see the new epoch and offer again what they remember. */
	assert_verdict(stage, "oost", labelled(1, TODAY, 7), VERDICT_ALREADY_COUNTED);
	assert_verdict(stage, "oost", question(2, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_sound(stage);
}

static void test_a_backup_comes_back_where_nothing_was(void **state)
{
	struct stage *stage = *state;
	uint64_t generation;

	for (uint32_t i = 1; i <= 10; i++)
		(void)tell(stage, "oost", question(i, TODAY, 1, ANSWERED));
	generation = state_of(stage).generation;
	backup(stage);
	stage_close(stage);
	(void)snprintf(stage->path, sizeof stage->path, "%s/elsewhere", stage->folder);
	must(stage, restore(stage, "backup", false));
	assert_false(is_there(in_folder(stage, "elsewhere/data.mdb.before-restore")));
	stage_open(stage);
	assert_true(state_of(stage).generation > generation); /* also where the clock says less */
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 10);
	assert_sound(stage);
}

static void fold_and_backup(struct store_txn *txn, void *stage)
{
	struct folded folded;

	fold_one(stage, txn, "oost", question(2, TODAY, 1, ANSWERED), &folded);
	backup(stage); /* in the middle of a batch */
}

static void test_a_backup_holds_what_was_committed(void **state)
{
	struct stage *stage = *state;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	change(stage, fold_and_backup, stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	stage_close(stage);
	must(stage, restore(stage, "backup", true));
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
}

static void test_the_manifest_says_what_it_is(void **state)
{
	struct stage *stage = *state;
	struct store_state seen = state_of(stage);
	char expected[256], *manifest;
	size_t length;

	backup(stage);
	manifest = read_file(in_folder(stage, "backup/MANIFEST"), &length);
	(void)snprintf(expected, sizeof expected,
		       "turf store backup\nformat 1\norg dekop\nepoch %s\ngeneration %llu\nsha256 data.mdb ",
		       seen.epoch, (unsigned long long)seen.generation);
	assert_memory_equal(manifest, expected, strlen(expected));
	assert_int_equal(length, strlen(expected) + 64 + 1);
	free(manifest);
}

/* root restores, and the daemon is another user. */
static void test_what_root_makes_belongs_to_the_directorys_owner(void **state)
{
	enum { SOMEBODY = 65534 };
	static const char *const names[] = {"data.mdb", "data.mdb.before-restore", "lock.mdb", "access.lock",
					    "turfd.lock"};
	struct stage *stage = *state;
	struct stat status;
	char path[PATH_MAX];

	if (geteuid() != 0) {
		print_message("skipped: only root can give files away\n");
		skip();
	}
	backup(stage);
	stage_close(stage);
	assert_int_equal(chown(stage->path, SOMEBODY, SOMEBODY), 0);
	must(stage, restore(stage, "backup", true));
	stage->options.as_daemon = false;
	stage_open(stage);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", stage->path, names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_uid, SOMEBODY);
		assert_int_equal(status.st_gid, SOMEBODY);
	}
}

/* ---- What is refused ------------------------------------------------------------------------------------- */

static void test_a_backup_needs_a_directory_of_its_own(void **state)
{
	struct stage *stage = *state;

	backup(stage);
	must_refuse(stage, store_backup(stage->store, in_folder(stage, "backup"), &stage->error), FAULT_INPUT,
		    "give a new or empty directory");
	must_refuse(stage, store_backup(stage->store, in_folder(stage, "not/there"), &stage->error), FAULT_SYSTEM,
		    "not/there");
	assert_int_equal(mkdir(in_folder(stage, "empty"), 0700), 0);
	must(stage, store_backup(stage->store, in_folder(stage, "empty"), &stage->error));
}

static void test_nothing_is_replaced_unasked_or_under_a_daemon(void **state)
{
	struct stage *stage = *state;
	char pid[32];

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	backup(stage);
	(void)snprintf(pid, sizeof pid, "process %d", (int)getpid());
	must_refuse(stage, restore(stage, "backup", true), FAULT_BUSY, pid);
	stage_close(stage);
	must_refuse(stage, restore(stage, "backup", false), FAULT_INPUT, "--replace");
	stage->options.as_daemon = false; /* a tool that may write */
	stage_open(stage);
	must_refuse(stage, restore(stage, "backup", true), FAULT_BUSY, "another program");
	stage_close(stage);
	stage->options.as_daemon = true;
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

static void test_another_orgs_backup_is_refused(void **state)
{
	struct stage *stage = *state;

	backup(stage);
	stage_close(stage);
	(void)snprintf(stage->path, sizeof stage->path, "%s/other", stage->folder);
	stage->options.org = "leeuwarden";
	stage_open(stage);
	stage_close(stage);
	must_refuse(stage, restore(stage, "backup", true), FAULT_FOREIGN, "'leeuwarden'");
	stage_open(stage);
	assert_sound(stage);
}

static void test_a_damaged_backup_changes_nothing(void **state)
{
	struct stage *stage = *state;
	size_t length;
	char *data;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	backup(stage);
	(void)tell(stage, "oost", question(2, TODAY, 1, ANSWERED));
	stage_close(stage);
	data = read_file(in_folder(stage, "backup/data.mdb"), &length);
	data[length / 2] ^= 1;
	write_file(in_folder(stage, "backup/data.mdb"), data, length);
	must_refuse(stage, restore(stage, "backup", true), FAULT_DAMAGED, "SHA-256");
	data[length / 2] ^= 1;
	write_file(in_folder(stage, "backup/data.mdb"), data, length - 4096);
	must_refuse(stage, restore(stage, "backup", true), FAULT_DAMAGED, "SHA-256");
	assert_int_equal(unlink(in_folder(stage, "backup/data.mdb")), 0);
	must_refuse(stage, restore(stage, "backup", true), FAULT_INPUT, "data.mdb");
	free(data);
	assert_false(is_there(in_folder(stage, "store/data.mdb.new")));
	assert_false(is_there(in_folder(stage, "store/data.mdb.before-restore")));
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	assert_sound(stage);
}

/* Replaces the first `from` in a text by `to` of the same or another length. */
static void edit(const char *path, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char edited[1024];

	assert_non_null(at);
	(void)snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	write_file(path, edited, strlen(edited));
}

static void test_a_manifest_is_taken_to_the_letter(void **state)
{
	static const struct {
		const char *from, *to;
		int fault;
		const char *word;
	} edits[] = {
		{"turf store backup", "turf store", FAULT_DAMAGED, "not the manifest"},
		{"format 1", "format 2", FAULT_FOREIGN, "a newer turf made this backup: its store format is 2"},
		{"format 1", "format one", FAULT_DAMAGED, "not the manifest"},
		{"format 1", "format 99999999999999999999", FAULT_DAMAGED, "not the manifest"},
		{"org dekop", "org ../dekop", FAULT_DAMAGED, "not the manifest"},
		{"org dekop", "org leeuwarden", FAULT_FOREIGN, "'dekop'"},
		{"org dekop\n", "", FAULT_DAMAGED, "not the manifest"},
		{"epoch ", "epoch 00", FAULT_DAMAGED, "not the manifest"},
		{"generation 1", "generation 2", FAULT_DAMAGED, "not the one that the manifest"},
		{"generation 1", "generation -1", FAULT_DAMAGED, "not the manifest"},
		{"sha256 data.mdb ", "sha256 data.mdb 0", FAULT_DAMAGED, "not the manifest"},
		{"sha256 data.mdb ", "sha256 ../data.mdb ", FAULT_DAMAGED, "not the manifest"},
	};
	struct stage *stage = *state;
	char path[PATH_MAX], *text;
	size_t length;

	backup(stage);
	stage_close(stage);
	(void)snprintf(path, sizeof path, "%s", in_folder(stage, "backup/MANIFEST"));
	text = read_file(path, &length);
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		edit(path, text, edits[i].from, edits[i].to);
		must_refuse(stage, restore(stage, "backup", true), edits[i].fault, edits[i].word);
	}
	for (size_t cut = 0; cut < length; cut++) {
		write_file(path, text, cut);
		assert_int_equal(restore(stage, "backup", true), FAULT_DAMAGED);
	}
	assert_int_equal(unlink(path), 0);
	must_refuse(stage, restore(stage, "backup", true), FAULT_INPUT, "not a whole backup");
	must_refuse(stage, restore(stage, "nowhere", false), FAULT_INPUT, "nowhere");
	free(text);
	stage_open(stage);
	assert_sound(stage);
}

static void test_a_damaged_store_can_be_replaced(void **state)
{
	struct stage *stage = *state;
	size_t length;
	char *data;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	backup(stage);
	stage_close(stage);
	data = read_file(in_folder(stage, "store/data.mdb"), &length);
	memset(data + 8192, 0xff, length - 8192);
	write_file(in_folder(stage, "store/data.mdb"), data, length);
	assert_true(store_open(&stage->store, &stage->options, &stage->error) < 0);
	must(stage, restore(stage, "backup", true));
	write_file(in_folder(stage, "store/data.mdb"), "letters", 7);
	must(stage, restore(stage, "backup", true));
	write_file(in_folder(stage, "store/data.mdb"), "", 0);
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_DAMAGED, "is empty");
	must_refuse(stage, restore(stage, "backup", false), FAULT_INPUT, "--replace");
	must(stage, restore(stage, "backup", true));
	free(data);
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

/* ---- Compaction ------------------------------------------------------------------------------------------ */

static bool file_holds(struct stage *stage, const void *bytes, size_t n)
{
	size_t length;
	char *data = read_file(in_folder(stage, "store/data.mdb"), &length);
	bool holds = memmem(data, length, bytes, n) != NULL;

	free(data);
	return holds;
}

/* Of the question below as it lies in the file: id, state, team 1, domain 255, referred, label 65535. */
static void detail_of(uint32_t number, uint8_t bytes[static 23])
{
	static const uint8_t detail[] = {1, 0, 1, 255, 2, 255, 255};
	struct event_id id = id_number(number);

	memcpy(bytes, id.bytes, sizeof id.bytes);
	memcpy(bytes + sizeof id.bytes, detail, sizeof detail);
}

static void drop_from_quarantine(struct store_txn *txn, void *context)
{
	(void)context;
	assert_int_equal(store_quarantine_drop(txn, VERDICT_REFUSED_MALFORMED, 1), 0);
}

static void test_a_compacting_copy_leaves_deleted_bytes_behind(void **state)
{
	struct stage *stage = *state;
	struct event event = question(1, TODAY, 255, REFERRED);
	struct quarantined entry = {.reason = VERDICT_REFUSED_MALFORMED, .day = TODAY, .length = 18};
	uint8_t detail[23];

	event.labels[event.n_labels++] = 65535;
	detail_of(1, detail);
	(void)keep_time(stage, TODAY, false);
	assert_int_equal(store_compact(stage->store, &stage->error), STORE_NOTHING_DONE); /* nothing was deleted */
	(void)tell(stage, "oost", event);
	memcpy(entry.bytes, "words of a stranger", entry.length);
	change(stage, quarantine, &entry);
	live_until(stage, TODAY + 15);
	assert_true(file_holds(stage, detail, sizeof detail)); /* in pages that are free, until one is used again */
	change(stage, drop_from_quarantine, NULL);
	assert_true(file_holds(stage, "words of a", 10));
	assert_int_not_equal(state_of(stage).deleted_since, 0);
	must(stage, store_compact(stage->store, &stage->error));
	assert_false(file_holds(stage, detail, sizeof detail));
	assert_false(file_holds(stage, "words of a", 10));
	assert_int_equal(state_of(stage).deleted_since, 0);
	assert_int_equal(store_compact(stage->store, &stage->error), STORE_NOTHING_DONE);
	stage_close(stage);
	write_file(in_folder(stage, "store/data.mdb.new"), "old bytes", 9); /* of a copy that did not end */
	stage_open(stage);
	assert_false(is_there(in_folder(stage, "store/data.mdb.new")));
	assert_verdict(stage, "oost", event, VERDICT_ALREADY_COUNTED);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
	stage_close(stage);
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

static void delete_something(struct stage *stage)
{
	(void)tell(stage, "oost", question(1000, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", retraction(1000, TODAY));
}

/* Opens the store and reads; reads again whenever it hears 'r', and ends at any other word. */
struct colleague {
	int words[2], answers[2];
	pid_t pid;
};

static void work_beside(struct stage *stage, struct colleague *colleague, bool read_only)
{
	struct store_options tool = {.path = stage->path, .read_only = read_only};
	uint64_t counted = 0;
	char word;

	expect(store_open(&stage->store, &tool, &stage->error) == 0);
	do {
		counted = counted_in(stage, "oost", Q4_2019);
		expect(write(colleague->answers[1], &counted, sizeof counted) == sizeof counted);
	} while (read(colleague->words[0], &word, 1) == 1 && word == 'r');
	store_close(stage->store);
}

static void call_colleague(struct stage *stage, struct colleague *colleague, bool read_only)
{
	assert_int_equal(pipe(colleague->words), 0);
	assert_int_equal(pipe(colleague->answers), 0);
	colleague->pid = fork();
	assert_true(colleague->pid >= 0);
	if (colleague->pid == 0) {
		work_beside(stage, colleague, read_only);
		_exit(0);
	}
	(void)close(colleague->words[0]);
	(void)close(colleague->answers[1]);
}

static uint64_t hear_from(struct colleague *colleague)
{
	uint64_t counted = 0;

	assert_int_equal(read(colleague->answers[0], &counted, sizeof counted), sizeof counted);
	return counted;
}

static void dismiss(struct colleague *colleague)
{
	int status;

	assert_int_equal(write(colleague->words[1], ".", 1), 1);
	assert_int_equal(waitpid(colleague->pid, &status, 0), colleague->pid);
	assert_int_equal(status, 0);
	(void)close(colleague->words[1]);
	(void)close(colleague->answers[0]);
}

static void test_no_copy_while_a_tool_may_write(void **state)
{
	struct stage *stage = *state;
	struct colleague tool;

	delete_something(stage);
	call_colleague(stage, &tool, false);
	(void)hear_from(&tool);
	assert_int_equal(store_compact(stage->store, &stage->error), STORE_NOTHING_DONE);
	dismiss(&tool);
	must(stage, store_compact(stage->store, &stage->error));
	assert_sound(stage);
}

static void test_a_reader_keeps_the_file_it_has(void **state)
{
	struct stage *stage = *state;
	struct colleague reader, newcomer;

	delete_something(stage);
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	call_colleague(stage, &reader, true);
	assert_int_equal(hear_from(&reader), 1);
	must(stage, store_compact(stage->store, &stage->error));
	for (uint32_t i = 2; i < 50; i++)
		assert_verdict(stage, "oost", question(i, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_int_equal(write(reader.words[1], "r", 1), 1);
	assert_int_equal(hear_from(&reader), 1); /* whole, if not the newest */
	call_colleague(stage, &newcomer, true);
	assert_int_equal(hear_from(&newcomer), 49);
	dismiss(&reader);
	(void)tell(stage, "oost", question(50, TODAY, 1, ANSWERED));
	assert_int_equal(write(newcomer.words[1], "r", 1), 1);
	assert_int_equal(hear_from(&newcomer), 50);
	dismiss(&newcomer);
	assert_sound(stage);
	stage_close(stage);
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 50);
	assert_sound(stage);
}

static size_t length_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

/* Between a daemon's first look at an empty directory and its locks a backup may have been brought back there. */
static void test_a_store_that_appears_while_a_daemon_starts_is_not_replaced(void **state)
{
	struct stage *stage = *state;
	char data[PATH_MAX], path[PATH_MAX / 2], name[PATH_MAX];
	int access_lock, status;
	pid_t pid;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	stage_close(stage);
	(void)snprintf(data, sizeof data, "%s/data.mdb", stage->path);
	(void)snprintf(path, sizeof path, "%s/late", stage->folder);
	(void)snprintf(name, sizeof name, "%s/access.lock", path);
	assert_int_equal(mkdir(path, 0700), 0);
	access_lock = open(name, O_RDWR | O_CREAT, 0600);
	assert_true(access_lock >= 0 && flock(access_lock, LOCK_EX) == 0);
	stage->options.path = path;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(store_open(&stage->store, &stage->options, &stage->error) == 0 ? 0 : 1);
	(void)snprintf(name, sizeof name, "%s/turfd.lock", path);
	while (length_of(name) == 0) { /* until it has looked, and has the first of its locks */
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		(void)sched_yield();
	}
	(void)snprintf(name, sizeof name, "%s/data.mdb", path);
	assert_int_equal(rename(data, name), 0);
	assert_int_equal(flock(access_lock, LOCK_UN), 0);
	(void)close(access_lock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
	stage_close(stage); /* `path` goes */
}

#define OPENED(test) cmocka_unit_test_setup_teardown(test, stage_setup_open, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_a_backup_comes_back),
		OPENED(test_a_backup_comes_back_where_nothing_was),
		OPENED(test_a_backup_holds_what_was_committed),
		OPENED(test_the_manifest_says_what_it_is),
		OPENED(test_what_root_makes_belongs_to_the_directorys_owner),
		OPENED(test_a_backup_needs_a_directory_of_its_own),
		OPENED(test_nothing_is_replaced_unasked_or_under_a_daemon),
		OPENED(test_another_orgs_backup_is_refused),
		OPENED(test_a_damaged_backup_changes_nothing),
		OPENED(test_a_manifest_is_taken_to_the_letter),
		OPENED(test_a_damaged_store_can_be_replaced),
		OPENED(test_a_compacting_copy_leaves_deleted_bytes_behind),
		OPENED(test_no_copy_while_a_tool_may_write),
		OPENED(test_a_reader_keeps_the_file_it_has),
		OPENED(test_a_store_that_appears_while_a_daemon_starts_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
