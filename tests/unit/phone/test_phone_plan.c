/* SPDX-License-Identifier: EUPL-1.2 */
/* Which replay a folder of phones is in the midst of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker-client/cli/plan.h"

static char folder[64], file[96];
static int folder_fd;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/turf-plan-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(file, sizeof file, "%s/replay", folder);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(file);
	(void)close(folder_fd);
	return rmdir(folder);
}

static void test_a_plan_begins_goes_on_and_ends(void **state)
{
	struct plan plan = {.mark = 0xfedcba98, .rows = 1886, .clients = 20}, found;
	struct csv csv = {.mark = 0xfedcba98, .n = 1886};

	(void)state;
	assert_int_equal(plan_read(folder_fd, &found, NULL), PLAN_NONE);
	assert_int_equal(plan_write(folder_fd, &plan, NULL), 0);
	assert_int_equal(plan_read(folder_fd, &found, NULL), 0);
	assert_memory_equal(found.id, plan.id, sizeof plan.id);
	assert_true(plan_same(&found, &csv, 20));
	assert_false(plan_same(&found, &csv, 19));
	csv.mark++;
	assert_false(plan_same(&found, &csv, 20));
	assert_int_equal(plan_end(folder_fd, NULL), 0);
	assert_int_equal(plan_read(folder_fd, &found, NULL), PLAN_NONE);
}

static void test_bookmarks_of_another_plan_say_nothing(void **state)
{
	struct plan first = {.clients = 1}, second = {.clients = 1};
	struct turf_bookmark bookmark;

	(void)state;
	assert_int_equal(plan_write(folder_fd, &first, NULL), 0);
	assert_int_equal(plan_write(folder_fd, &second, NULL), 0);
	bookmark = plan_bookmark(&first, 500);
	assert_int_equal(plan_dealt(&first, &bookmark), 500);
	assert_int_equal(plan_dealt(&second, &bookmark), 0);
}

static void test_a_file_that_is_no_plan_is_left_alone(void **state)
{
	static const char *const texts[] = {
		"",
		"turf replay",
		"turf replay 0123456789abcdef0123456789abcdef 1 2",
		"turf replay 0123 1 2 3",
		"turf replay 0123456789abcdef0123456789abcdeg 1 2 3",
		"turf replay 0123456789abcdef0123456789abcdef 1 2 0",
		"someone's own file\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		FILE *out = fopen(file, "w");
		struct plan plan;

		assert_non_null(out);
		assert_true(fputs(texts[i], out) >= 0);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(plan_read(folder_fd, &plan, NULL), FAULT_DAMAGED);
		assert_int_equal(access(file, F_OK), 0);
	}
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_a_plan_begins_goes_on_and_ends),
		FRESH(test_bookmarks_of_another_plan_say_nothing),
		FRESH(test_a_file_that_is_no_plan_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
