/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/calendar.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/*
 * The sums count years from 1 March, so that a leap day is the last of its year, and in eras of 400 years,
 * after which the Gregorian calendar repeats. MARCH_YEAR_0 is the distance from 0000-03-01 to 1970-01-01.
 */
enum {
	YEAR_MIN = 1970,
	YEAR_MAX = 9999,
	ERA_DAYS = 146097,
	MARCH_YEAR_0 = 719468,
	WEEKDAY_OF_DAY_0 = 3, /* Monday is 0; 1970-01-01 was a Thursday */
};

static bool leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

static bool date_valid(struct date date)
{
	return date.year >= YEAR_MIN && date.year <= YEAR_MAX && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
	       date.day <= days_in_month(date.year, date.month);
}

struct date date_of_day(uint32_t day)
{
	uint32_t shifted, in_era, year, in_year, month;
	struct date date;

	assert(day <= CALENDAR_DAY_MAX);
	shifted = day + MARCH_YEAR_0;
	in_era = shifted % ERA_DAYS;
	year = (in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA_DAYS - 1)) / 365;
	in_year = in_era - (365 * year + year / 4 - year / 100);
	month = (5 * in_year + 2) / 153; /* 0 is March */
	date.day = (int)(in_year - (153 * month + 2) / 5 + 1);
	date.month = (int)(month < 10 ? month + 3 : month - 9);
	date.year = (int)(shifted / ERA_DAYS * 400 + year) + (date.month <= 2);
	return date;
}

uint32_t day_of_date(struct date date)
{
	uint32_t year, month, in_year, in_era;

	assert(date_valid(date));
	year = (uint32_t)date.year - (date.month <= 2);
	month = (uint32_t)(date.month > 2 ? date.month - 3 : date.month + 9);
	in_year = (153 * month + 2) / 5 + (uint32_t)date.day - 1;
	in_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + in_year;
	return year / 400 * ERA_DAYS + in_era - MARCH_YEAR_0;
}

static bool year_valid(uint32_t year)
{
	return year >= YEAR_MIN && year <= YEAR_MAX;
}

uint32_t quarter_of_day(uint32_t day)
{
	struct date date = date_of_day(day);

	return (uint32_t)date.year * 4 + (uint32_t)(date.month - 1) / 3;
}

uint32_t quarter_first_day(uint32_t quarter)
{
	assert(year_valid(quarter / 4));
	return day_of_date((struct date){.year = (int)(quarter / 4), .month = (int)(quarter % 4 * 3 + 1), .day = 1});
}

uint32_t quarter_last_day(uint32_t quarter)
{
	struct date date = {.year = (int)(quarter / 4), .month = (int)(quarter % 4 * 3 + 3)};

	assert(year_valid(quarter / 4));
	date.day = days_in_month(date.year, date.month);
	return day_of_date(date);
}

uint32_t year_of_quarter(uint32_t quarter)
{
	return quarter / 4;
}

static uint32_t weekday(uint32_t day)
{
	return (day + WEEKDAY_OF_DAY_0) % 7;
}

/* The Thursday decides: day 0 is one, so no week's Thursday lies before the calendar. */
struct iso_week iso_week_of_day(uint32_t day)
{
	uint32_t thursday = day + 3 - weekday(day);
	struct date date = date_of_day(thursday);
	uint32_t new_year = day_of_date((struct date){.year = date.year, .month = 1, .day = 1});

	return (struct iso_week){.year = (uint32_t)date.year, .week = (thursday - new_year) / 7 + 1};
}

/* 4 January is always in week 1. */
uint32_t iso_week_first_day(struct iso_week week)
{
	uint32_t fourth, monday;

	assert(year_valid(week.year) && week.week >= 1 && week.week <= iso_weeks_in_year(week.year));
	fourth = day_of_date((struct date){.year = (int)week.year, .month = 1, .day = 4});
	monday = fourth + (week.week - 1) * 7;
	return monday < weekday(fourth) ? 0 : monday - weekday(fourth);
}

/* 28 December is always in the last week. */
uint32_t iso_weeks_in_year(uint32_t year)
{
	assert(year_valid(year));
	return iso_week_of_day(day_of_date((struct date){.year = (int)year, .month = 12, .day = 28})).week;
}

/* Reads exactly `width` digits; -1 when there is anything else among them. */
static int get_digits(const char *text, size_t width)
{
	int value = 0;

	for (size_t i = 0; i < width; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

void date_format(uint32_t day, char text[static DATE_TEXT_BYTES])
{
	struct date date = date_of_day(day);

	(void)snprintf(text, DATE_TEXT_BYTES, "%04d-%02d-%02d", date.year, date.month, date.day);
}

int date_parse(const char *text, uint32_t *day)
{
	struct date date;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return -1;
	date.year = get_digits(text, 4);
	date.month = get_digits(text + 5, 2);
	date.day = get_digits(text + 8, 2);
	if (!date_valid(date))
		return -1;
	*day = day_of_date(date);
	return 0;
}

void period_format(struct period period, char text[static PERIOD_TEXT_BYTES])
{
	if (period.is_year)
		(void)snprintf(text, PERIOD_TEXT_BYTES, "%04u", period.year);
	else
		(void)snprintf(text, PERIOD_TEXT_BYTES, "%04u-Q%u", period.year, period.quarter % 4 + 1);
}

int period_parse(const char *text, struct period *period)
{
	size_t length = strlen(text);
	int year;

	if (length != 4 && length != 7)
		return -1;
	year = get_digits(text, 4);
	if (year < YEAR_MIN)
		return -1;
	if (length == 4) {
		*period = period_of_year((uint32_t)year);
		return 0;
	}
	if (text[4] != '-' || text[5] != 'Q' || text[6] < '1' || text[6] > '4')
		return -1;
	*period = period_of_quarter((uint32_t)year * 4 + (uint32_t)(text[6] - '1'));
	return 0;
}

struct period period_of_quarter(uint32_t quarter)
{
	return (struct period){.is_year = false, .year = quarter / 4, .quarter = quarter};
}

struct period period_of_year(uint32_t year)
{
	return (struct period){.is_year = true, .year = year};
}

uint32_t period_first_quarter(struct period period)
{
	return period.is_year ? period.year * 4 : period.quarter;
}

uint32_t period_last_quarter(struct period period)
{
	return period.is_year ? period.year * 4 + 3 : period.quarter;
}
