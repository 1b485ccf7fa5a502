/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The calendar: days, quarters, years and ISO weeks. Pure; no clock, no time zone.
 *
 * A day is the number of days since 1970-01-01 in the proleptic Gregorian calendar. A quarter is
 * the number year * 4 + (0..3), so that quarters can be compared and counted; 2019-Q4 is 8079.
 */
#ifndef TURF_PROTO_CALENDAR_H
#define TURF_PROTO_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DATE_TEXT_BYTES = 16,       /* "2019-12-31" and its zero */
	PERIOD_TEXT_BYTES = 16,     /* "2019-Q4" or "2019" and its zero */
	CALENDAR_DAY_MAX = 2932896, /* 9999-12-31; later days have no quarter here */
};

struct date {
	int year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

struct iso_week {
	uint32_t year; /* the ISO year: it holds the week's Thursday */
	uint32_t week; /* 1..53 */
};

/* A quarter or a whole year, as topics and commands name it. */
struct period {
	bool is_year;
	uint32_t year;
	uint32_t quarter; /* when !is_year */
};

/* Days up to CALENDAR_DAY_MAX only (asserted): check what comes from outside first. */
struct date date_of_day(uint32_t day);
uint32_t day_of_date(struct date date); /* a date from 1970-01-01 to 9999-12-31 (asserted) */
uint32_t quarter_of_day(uint32_t day);
uint32_t quarter_first_day(uint32_t quarter);
uint32_t quarter_last_day(uint32_t quarter);
uint32_t year_of_quarter(uint32_t quarter);
struct iso_week iso_week_of_day(uint32_t day);
uint32_t iso_weeks_in_year(uint32_t year); /* 52 or 53 */

/* "2019-12-31". Parsing takes this form only and checks the calendar: 0, or -1. */
void date_format(uint32_t day, char text[static DATE_TEXT_BYTES]);
int date_parse(const char *text, uint32_t *day);

/* "2019-Q4" and "2019", as in topics. Parsing takes these forms only: 0, or -1. */
void period_format(struct period period, char text[static PERIOD_TEXT_BYTES]);
int period_parse(const char *text, struct period *period);
struct period period_of_quarter(uint32_t quarter);
struct period period_of_year(uint32_t year);

/* First and last quarter of a period; the same for a quarter. */
uint32_t period_first_quarter(struct period period);
uint32_t period_last_quarter(struct period period);

#endif
