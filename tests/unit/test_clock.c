/* SPDX-License-Identifier: EUPL-1.2 */
/* The org's date at the moments where time zones are odd, and dates that a person pins. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/config/clock.h"
#include "proto/calendar.h"

struct moment {
	const char *what;
	const char *zone;
	int64_t unix_seconds;
	const char *date;
};

static const struct moment moments[] = {
	{"a second before midnight in winter", "Europe/Amsterdam", 1546297199 - 86400, "2018-12-30"},
	{"the last second of 2018", "Europe/Amsterdam", 1546297199, "2018-12-31"},
	{"the first second of 2019", "Europe/Amsterdam", 1546297200, "2019-01-01"},
	{"London is an hour behind", "Europe/London", 1546297200, "2018-12-31"},
	{"the midnight before summer time begins", "Europe/Amsterdam", 1553986799, "2019-03-30"},
	{"the day with 23 hours begins", "Europe/Amsterdam", 1553986800, "2019-03-31"},
	{"that day's last second", "Europe/Amsterdam", 1554069599, "2019-03-31"},
	{"that day's end, in summer time", "Europe/Amsterdam", 1554069600, "2019-04-01"},
	{"the day with 25 hours begins", "Europe/Amsterdam", 1572127200, "2019-10-27"},
	{"its 25th hour", "Europe/Amsterdam", 1572127200 + 90000 - 1, "2019-10-27"},
	{"its end, in winter time", "Europe/Amsterdam", 1572127200 + 90000, "2019-10-28"},
	{"the third quarter's last second", "Europe/Amsterdam", 1569880799, "2019-09-30"},
	{"the fourth quarter begins", "Europe/Amsterdam", 1569880800, "2019-10-01"},
	{"a leap day begins", "Europe/Amsterdam", 1582930800, "2020-02-29"},
	{"a leap day ends", "Europe/Amsterdam", 1582930800 + 86400, "2020-03-01"},
};

static void test_date_at_a_moment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		char text[DATE_TEXT_BYTES];
		uint32_t day;

		print_message("%s\n", moments[i].what);
		assert_int_equal(clock_day_at(moments[i].zone, moments[i].unix_seconds, &day, NULL), 0);
		date_format(day, text);
		assert_string_equal(text, moments[i].date);
	}
}

static void test_clock_before_1970_is_refused(void **state)
{
	struct error error;
	uint32_t day;

	(void)state;
	assert_int_equal(clock_day_at("Europe/Amsterdam", -1, &day, &error), FAULT_SYSTEM);
	assert_non_null(strstr(error.text, "set it"));
}

static void test_pinned_date(void **state)
{
	struct org_date date = {.timezone = "Europe/Amsterdam", .pinned = "2020-02-29"};
	uint32_t day;

	(void)state;
	assert_int_equal(org_date_today(&date, &day, NULL), 0);
	assert_int_equal(day, 18321);
	assert_true(org_date_confirmed(&date));
	date.pinned = "2019-02-29";
	assert_int_equal(org_date_today(&date, &day, NULL), FAULT_INPUT);
}

static void write_date(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_date_in_a_file_is_read_each_time(void **state)
{
	char path[] = "@/tmp/turf-clock-XXXXXX";
	struct org_date date = {.timezone = "Europe/Amsterdam", .pinned = path};
	struct error error;
	uint32_t day;
	int fd = mkstemp(path + 1);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_false(org_date_confirmed(&date));
	write_date(path + 1, "2019-12-31\n");
	assert_int_equal(org_date_today(&date, &day, NULL), 0);
	assert_int_equal(day, 18261);
	write_date(path + 1, "2020-01-01");
	assert_int_equal(org_date_today(&date, &day, NULL), 0);
	assert_int_equal(day, 18262);
	assert_false(org_date_synchronised(&date));
	write_date(path + 1, "2020-01-02 synchronised\n");
	assert_int_equal(org_date_today(&date, &day, NULL), 0);
	assert_int_equal(day, 18263);
	assert_true(org_date_synchronised(&date));
	assert_false(org_date_confirmed(&date));
	write_date(path + 1, "2020-01-02 synchronisedx\n");
	assert_int_equal(org_date_today(&date, &day, &error), FAULT_INPUT);
	assert_false(org_date_synchronised(&date));
	write_date(path + 1, "tomorrow\n");
	assert_int_equal(org_date_today(&date, &day, &error), FAULT_INPUT);
	assert_non_null(strstr(error.text, "tomorrow"));
	assert_int_equal(unlink(path + 1), 0);
	assert_int_equal(org_date_today(&date, &day, &error), FAULT_INPUT);
	assert_false(org_date_synchronised(&date));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date_at_a_moment),
		cmocka_unit_test(test_clock_before_1970_is_refused),
		cmocka_unit_test(test_pinned_date),
		cmocka_unit_test(test_date_in_a_file_is_read_each_time),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
