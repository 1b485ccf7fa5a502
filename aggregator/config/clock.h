/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The clock, the one place where the daemon and turfctl ask what time it is.
 */
#ifndef TURF_AGGREGATOR_CONFIG_CLOCK_H
#define TURF_AGGREGATOR_CONFIG_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The calendar date in `zone` (a name of the zone database, "Europe/Amsterdam") at a moment, in days since 1970-01-01.
 * Sets the process's TZ. */
int clock_day_at(const char *zone, int64_t unix_seconds, uint32_t *day, struct error *error);

uint64_t clock_unix(void);         /* seconds since 1970-01-01 UTC */
uint64_t clock_unix_ms(void);      /* the same in milliseconds */
uint64_t clock_monotonic_ms(void); /* for intervals only */

/* The org's date: of the clock, pinned to a day, or read from a file that holds one (tests, demos). */
struct org_date {
	const char *timezone;
	const char *pinned; /* NULL: the clock; "YYYY-MM-DD"; or "@FILE", see org_date_synchronised */
};

/* The date now. A file is read again each time. FAULT_INPUT: the pin is no date, or its file cannot be read. */
int org_date_today(const struct org_date *date, uint32_t *day, struct error *error);

/* Whether a time server vouches for the date: for the clock's, by the kernel; for a file's, by the word "synchronised"
 * behind the date. Ask this first and for the date after that: a clock that is set right in between must not have its
 * earlier date vouched for. */
bool org_date_synchronised(const struct org_date *date);

/* Pinned by the operator's own hand, so that no jump needs confirming. */
bool org_date_confirmed(const struct org_date *date);

#endif
