/* SPDX-License-Identifier: EUPL-1.2 */
/* The calendar against a table of known dates, and against one that counts day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/calendar.h"
#include "tests/unit/lib/iso_week.h"

static const struct {
	uint32_t day;
	const char *text;
	const char *quarter;
	struct iso_week week;
} known[] = {
	{0, "1970-01-01", "1970-Q1", {1970, 1}},
	{364, "1970-12-31", "1970-Q4", {1970, 53}},
	{789, "1972-02-29", "1972-Q1", {1972, 9}},
	{10956, "1999-12-31", "1999-Q4", {1999, 52}},
	{10957, "2000-01-01", "2000-Q1", {1999, 52}},
	{11016, "2000-02-29", "2000-Q1", {2000, 9}}, /* divisible by 400: a leap year */
	{11017, "2000-03-01", "2000-Q1", {2000, 9}},
	{17531, "2017-12-31", "2017-Q4", {2017, 52}},
	{17532, "2018-01-01", "2018-Q1", {2018, 1}},
	{17896, "2018-12-31", "2018-Q4", {2019, 1}}, /* a Monday: its week's Thursday is in 2019 */
	{18169, "2019-09-30", "2019-Q3", {2019, 40}},
	{18170, "2019-10-01", "2019-Q4", {2019, 40}},
	{18261, "2019-12-31", "2019-Q4", {2020, 1}},
	{18630, "2021-01-03", "2021-Q1", {2020, 53}}, /* the Sunday that ends a week 53 */
	{18631, "2021-01-04", "2021-Q1", {2021, 1}},
	{19782, "2024-02-29", "2024-Q1", {2024, 9}},
	{47540, "2100-02-28", "2100-Q1", {2100, 8}},
	{47541, "2100-03-01", "2100-Q1", {2100, 9}}, /* divisible by 100: no leap year */
	{157113, "2400-02-29", "2400-Q1", {2400, 9}},
	{CALENDAR_DAY_MAX, "9999-12-31", "9999-Q4", {9999, 52}},
};

static void known_dates_have_their_day_quarter_and_week(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		char date[DATE_TEXT_BYTES], quarter[PERIOD_TEXT_BYTES];
		struct iso_week week = iso_week_of_day(known[i].day);
		uint32_t day = UINT32_MAX;

		date_format(known[i].day, date);
		assert_string_equal(date, known[i].text);
		assert_int_equal(date_parse(known[i].text, &day), 0);
		assert_int_equal(day, known[i].day);
		period_format(period_of_quarter(quarter_of_day(known[i].day)), quarter);
		assert_string_equal(quarter, known[i].quarter);
		assert_int_equal(week.year, known[i].week.year);
		assert_int_equal(week.week, known[i].week.week);
	}
}

static int month_length(int year, int month)
{
	if (month == 2)
		return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void step(struct date *date)
{
	if (date->day++ < month_length(date->year, date->month))
		return;
	date->day = 1;
	if (date->month++ < 12)
		return;
	date->month = 1;
	date->year++;
}

static void every_day_follows_the_one_before(void **state)
{
	struct date expected = {1970, 1, 1};

	(void)state;
	for (uint32_t day = 0; day <= CALENDAR_DAY_MAX; day++, step(&expected)) {
		struct date date = date_of_day(day);

		if (date.year != expected.year || date.month != expected.month || date.day != expected.day)
			fail_msg("day %u is %d-%d-%d", (unsigned)day, date.year, date.month, date.day);
		if (day_of_date(date) != day)
			fail_msg("day %u does not come back", (unsigned)day);
	}
	assert_int_equal(expected.year, 10000);
}

static void quarters_join_without_gap_or_overlap(void **state)
{
	uint32_t next = 0;

	(void)state;
	for (uint32_t quarter = 1970 * 4; quarter <= 9999 * 4 + 3; quarter++) {
		uint32_t first = quarter_first_day(quarter), last = quarter_last_day(quarter);

		assert_int_equal(first, next);
		assert_true(last - first >= 89 && last - first <= 91);
		assert_int_equal(quarter_of_day(first), quarter);
		assert_int_equal(quarter_of_day(last), quarter);
		assert_int_equal(year_of_quarter(quarter), quarter / 4);
		next = last + 1;
	}
	assert_int_equal(next - 1, CALENDAR_DAY_MAX);
}

/* Each ISO year's weeks begin on a Monday seven days after the one before; the year has 53 of them when it
 * begins on a Thursday, or on a Wednesday and is a leap year. */
static void iso_weeks_tile_the_calendar(void **state)
{
	int64_t monday = -3;

	(void)state;
	for (uint32_t year = 1970; year <= 9999; year++) {
		uint32_t new_year = day_of_date((struct date){(int)year, 1, 1});
		uint32_t weekday = (new_year + 3) % 7;
		bool leap = month_length((int)year, 2) == 29;
		uint32_t weeks = iso_weeks_in_year(year);

		assert_int_equal(weeks, weekday == 3 || (weekday == 2 && leap) ? 53 : 52);
		for (uint32_t week = 1; week <= weeks; week++, monday += 7) {
			uint32_t begin = iso_week_first_day((struct iso_week){year, week});
			struct iso_week back = iso_week_of_day(begin);

			assert_int_equal(begin, monday < 0 ? 0 : monday);
			assert_int_equal(back.year, year);
			assert_int_equal(back.week, week);
		}
	}
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"2019",
		"2019-1-01",
		"2019-01-1",
		"2019-00-10",
		"2019-13-01",
		"2019-01-00",
		"2019-04-31",
		"2019-02-29",
		"2100-02-29",
		"1969-12-31",
		"0000-01-01",
		"2019-12-31 ",
		" 2019-12-31",
		"2019/12/31",
		"2019-12-3a",
		"20191231",
		"-019-12-31",
		"+019-12-31",
		"2019-+1-01",
		"10000-01-01",
		"2019-12-310",
		"today",
		"2019-Q4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint32_t day = 4711;

		if (date_parse(bad[i], &day) != -1 || day != 4711)
			fail_msg("\"%s\" was taken for a date", bad[i]);
	}
}

static void periods_are_quarters_and_years(void **state)
{
	char text[PERIOD_TEXT_BYTES];
	struct period period;

	(void)state;
	assert_int_equal(period_parse("2019-Q4", &period), 0);
	assert_false(period.is_year);
	assert_int_equal(period.year, 2019);
	assert_int_equal(period.quarter, 8079);
	assert_int_equal(period_first_quarter(period), 8079);
	assert_int_equal(period_last_quarter(period), 8079);

	assert_int_equal(period_parse("2019", &period), 0);
	assert_true(period.is_year);
	assert_int_equal(period_first_quarter(period), 8076);
	assert_int_equal(period_last_quarter(period), 8079);
	period_format(period, text);
	assert_string_equal(text, "2019");
	period_format(period_of_year(9999), text);
	assert_string_equal(text, "9999");
	period_format(period_of_quarter(1970 * 4), text);
	assert_string_equal(text, "1970-Q1");
}

static void what_is_no_period_is_refused(void **state)
{
	static const char *const bad[] = {
		"",        "1969",     "1969-Q4", "0000",     "201",    "20190", "2019-Q0",
		"2019-Q5", "2019-q1",  "2019-Q",  "2019-Q11", "2019Q1", "2019-", "2019-01",
		"Q1-2019", "2019-Q1 ", "+019",    "201a-Q1",  "..",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct period period;

		if (period_parse(bad[i], &period) != -1)
			fail_msg("\"%s\" was taken for a period", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates_have_their_day_quarter_and_week),
		cmocka_unit_test(every_day_follows_the_one_before),
		cmocka_unit_test(quarters_join_without_gap_or_overlap),
		cmocka_unit_test(iso_weeks_tile_the_calendar),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(periods_are_quarters_and_years),
		cmocka_unit_test(what_is_no_period_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
