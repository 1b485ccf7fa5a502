/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two at once: a directory that an operator has looked at, and found empty, is filled by another; and the daemon
 * counts on while a backup begins.
 */
#include "tests/unit/lib/store_stage.h"

#include <dirent.h>
#include <dlfcn.h>
#include <lmdb.h>

/* What the other one does, once, at the end of the next look at a directory. */
static void (*meanwhile)(struct stage *stage);
static struct stage *meanwhile_on;

__attribute__((visibility("default"))) int closedir(DIR *directory)
{
	void (*act)(struct stage * stage) = meanwhile;

	meanwhile = NULL;
	if (act)
		act(meanwhile_on);
	return ((__typeof__(&closedir))dlsym(RTLD_NEXT, "closedir"))(directory);
}

static const char *copy_of(const struct stage *stage, char path[static PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/backup", stage->folder);
	return path;
}

static int backup(struct stage *stage)
{
	char path[PATH_MAX];

	return store_backup(stage->store, copy_of(stage, path), &stage->error);
}

static int restore(struct stage *stage, bool replace)
{
	char path[PATH_MAX];

	return store_restore(copy_of(stage, path), stage->path, replace, UNIX_NOW, &stage->error);
}

static void back_up_first(struct stage *stage)
{
	must(stage, backup(stage));
}

static void restore_first(struct stage *stage)
{
	must(stage, restore(stage, false));
}

static void test_a_backup_leaves_one_that_came_first_alone(void **state)
{
	struct stage *stage = *state;
	char path[PATH_MAX];

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	assert_int_equal(mkdir(copy_of(stage, path), 0700), 0);
	meanwhile = back_up_first;
	meanwhile_on = stage;
	must_refuse(stage, backup(stage), FAULT_SYSTEM, "data.mdb");
	stage_close(stage);
	must(stage, restore(stage, true));
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

static void test_a_store_that_appears_while_one_is_restored_is_not_replaced(void **state)
{
	struct stage *stage = *state;

	must(stage, backup(stage));
	stage_close(stage);
	(void)snprintf(stage->path, sizeof stage->path, "%s/elsewhere", stage->folder);
	assert_int_equal(mkdir(stage->path, 0700), 0);
	meanwhile = restore_first;
	meanwhile_on = stage;
	must_refuse(stage, restore(stage, false), FAULT_INPUT, "--replace");
	stage_open(stage);
	assert_sound(stage);
}

/* ---- A store that grows as a backup begins -------------------------------------------------------------- */

enum { QUESTIONS = 500 };

static int told[2] = {-1, -1}, grown[2] = {-1, -1};
static unsigned begins_left; /* 0: not a begin is waited for, but the copy */
static pid_t tool_process;   /* not the child in which it reads the store first */

/* Waits, once, until the store has grown. */
static void hold(void)
{
	int teller = told[1];
	char word;

	told[1] = -1;
	if (teller >= 0)
		expect(write(teller, "h", 1) == 1 && read(grown[0], &word, 1) == 1);
}

__attribute__((visibility("default"))) int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
	if (getpid() == tool_process && begins_left > 0 && --begins_left == 0)
		hold();
	return ((__typeof__(&mdb_txn_begin))dlsym(RTLD_NEXT, "mdb_txn_begin"))(env, parent, flags, txn);
}

__attribute__((visibility("default"))) int mdb_env_copyfd2(MDB_env *env, mdb_filehandle_t fd, unsigned flags)
{
	hold();
	return ((__typeof__(&mdb_env_copyfd2))dlsym(RTLD_NEXT, "mdb_env_copyfd2"))(env, fd, flags);
}

/* Its map is no larger than the file: that of any store over 64 MiB is so. */
static void back_up_beside(struct stage *stage, unsigned at_begin)
{
	struct store_options tool = {.path = stage->path, .read_only = true, .map_bytes = 4096};

	begins_left = at_begin;
	tool_process = getpid();
	expect(store_open(&stage->store, &tool, &stage->error) == 0);
	expect(backup(stage) == 0);
	store_close(stage->store);
}

static void grow_under_a_backup(struct stage *stage, unsigned at_begin)
{
	char word;
	int status;
	pid_t pid;

	assert_true(pipe(told) == 0 && pipe(grown) == 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		back_up_beside(stage, at_begin);
		_exit(0);
	}
	(void)close(told[1]);
	told[1] = -1;
	assert_int_equal(read(told[0], &word, 1), 1);
	for (uint32_t i = 0; i < QUESTIONS; i++)
		(void)tell(stage, "oost", question(i, TODAY, 1, ANSWERED));
	assert_int_equal(write(grown[1], "g", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(told[0]);
	(void)close(grown[0]);
	(void)close(grown[1]);
}

static void test_a_backup_takes_a_store_that_grows_as_it_begins(void **state)
{
	struct stage *stage = *state;

	grow_under_a_backup(stage, 0);
	stage_close(stage);
	must(stage, restore(stage, true));
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), QUESTIONS);
	assert_sound(stage);
}

static void test_a_store_that_grows_as_it_is_looked_at_opens(void **state)
{
	grow_under_a_backup(*state, 1);
}

static void test_a_store_that_grows_as_its_databases_are_found_opens(void **state)
{
	grow_under_a_backup(*state, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_backup_leaves_one_that_came_first_alone, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_that_appears_while_one_is_restored_is_not_replaced,
						stage_setup_open, stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_backup_takes_a_store_that_grows_as_it_begins, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_that_grows_as_it_is_looked_at_opens, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_that_grows_as_its_databases_are_found_opens,
						stage_setup_open, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
