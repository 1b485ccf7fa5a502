/* SPDX-License-Identifier: EUPL-1.2 */
/* The public keys: which are in force in which week, and the file in which the broker finds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/lib/door_stage.h"

static struct door_stage stage;
static uint8_t code[DOOR_CODE_BYTES];

static int set_up(void **state)
{
	(void)state;
	door_stage_make(&stage);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	door_stage_remove(&stage);
	return 0;
}

static int prepare(void)
{
	return door_prepare(stage.door, stage.now, stage.today, &stage.error);
}

static void pass_days(uint32_t days)
{
	stage.today += days;
	stage.now += days * (uint64_t)86400;
}

static struct token_directory *directory(void)
{
	struct token_directory *directory;

	assert_int_equal(door_directory(stage.door, stage.today, &directory, &stage.error), 0);
	return directory;
}

static size_t count_keys(void)
{
	struct token_directory *read = directory();
	size_t n = read->n_keys;

	token_directory_free(read);
	return n;
}

/* 2026 has 53 weeks: the last of them begins on 28 December. */
static void keys_live_from_the_week_before_theirs_to_two_weeks_after_it(void **state)
{
	const struct iso_week expected[] = {{2026, 52}, {2026, 53}, {2027, 1}, {2027, 2}};
	struct door_phone phone;
	struct token_directory *in_force;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	assert_int_equal(count_keys(), 2);
	for (int i = 0; i < 5; i++) {
		pass_days(7);
		assert_int_equal(prepare(), 0);
	}
	in_force = directory();
	assert_int_equal(in_force->n_keys, 4);
	for (unsigned i = 0; i < 4; i++) {
		int64_t monday = (int64_t)iso_week_first_day(expected[i]) * 86400;

		assert_int_equal(in_force->keys[i].not_before, monday);
		assert_int_equal(in_force->keys[i].not_after, monday + 21 * 86400);
	}
	token_directory_free(in_force);
	door_phone_release(&phone);
}

static void a_scope_without_a_device_and_without_an_invitation_gets_no_keys(void **state)
{
	(void)state;
	assert_int_equal(prepare(), 0);
	assert_int_equal(count_keys(), 0);
	door_stage_invite(&stage, "oost", code);
	assert_int_equal(prepare(), 0);
	assert_int_equal(count_keys(), 2);
	pass_days(28); /* nobody joined */
	assert_int_equal(prepare(), 0);
	assert_int_equal(count_keys(), 0);
}

/* ---- Publishing --------------------------------------------------------------------------------------------------------- */

static char keys_folder[96], keys_file[128];

/* The bytes of the file of keys; the caller frees them. */
static char *published(struct stat *status)
{
	FILE *in = fopen(keys_file, "rb");
	char *text;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), status), 0);
	text = calloc(1, (size_t)status->st_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)status->st_size, in), status->st_size);
	assert_int_equal(fclose(in), 0);
	return text;
}

static void assert_published(struct stat *status)
{
	struct token_directory *in_force = directory();
	char *expected = token_directory_print(in_force), *text = published(status);

	assert_string_equal(text, expected);
	free(text);
	free(expected);
	token_directory_free(in_force);
}

static void the_keys_are_published_whole_whenever_they_change_and_for_everybody_to_read(void **state)
{
	struct door_phone phone;
	struct stat status, again;
	mode_t umask_before = umask(077);

	(void)state;
	(void)snprintf(keys_folder, sizeof keys_folder, "%s-keys", stage.path);
	(void)snprintf(keys_file, sizeof keys_file, "%s/steenwijkerland.json", keys_folder);
	assert_int_equal(prepare(), 0); /* without a folder */
	assert_int_equal(door_set_keys_folder(stage.door, keys_folder, &stage.error), 0);
	assert_int_equal(prepare(), 0);
	assert_published(&status);
	assert_int_equal(status.st_mode & 0777, 0644);
	assert_int_equal(stat(keys_folder, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0755);

	door_stage_enrol(&stage, "oost", &phone);
	assert_published(&status);
	door_stage_close(&stage);
	door_stage_open(&stage);
	assert_int_equal(prepare(), 0);
	assert_published(&again);
	assert_int_equal(again.st_ino, status.st_ino); /* the same keys: the broker need not read them again */
	assert_int_equal(door_rotate(stage.door, "oost", &stage.error), 0);
	assert_int_equal(prepare(), 0);
	assert_published(&status);
	pass_days(7);
	assert_int_equal(prepare(), 0);
	assert_published(&status);
	door_phone_release(&phone);

	assert_int_equal(unlink(keys_file), 0);
	assert_int_equal(rmdir(keys_folder), 0);
	assert_int_equal(prepare(), FAULT_SYSTEM);
	assert_non_null(strstr(stage.error.text, keys_file));
	assert_int_equal(door_set_keys_folder(stage.door, "/proc/none", &stage.error), FAULT_SYSTEM);
	assert_non_null(strstr(stage.error.text, "/proc/none"));
	(void)umask(umask_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_live_from_the_week_before_theirs_to_two_weeks_after_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_scope_without_a_device_and_without_an_invitation_gets_no_keys, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			the_keys_are_published_whole_whenever_they_change_and_for_everybody_to_read, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
