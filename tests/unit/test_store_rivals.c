/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two operators at once: a directory that one of them has looked at, and found empty, is filled by the other.
 */
#include "tests/unit/store_stage.h"

#include <dirent.h>
#include <dlfcn.h>

/* What the other one does, once, at the end of the next look at a directory. */
static void (*meanwhile)(struct stage *stage);
static struct stage *meanwhile_on;

__attribute__((visibility("default"))) int closedir(DIR *directory)
{
	void (*act)(struct stage *stage) = meanwhile;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_backup_leaves_one_that_came_first_alone, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_that_appears_while_one_is_restored_is_not_replaced,
						stage_setup_open, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
