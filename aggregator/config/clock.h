/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The clock, the one place where the daemon and turfctl ask what time it is.
 */
#ifndef TURF_AGGREGATOR_CONFIG_CLOCK_H
#define TURF_AGGREGATOR_CONFIG_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The calendar date in `zone` (a name of the zone database, "Europe/Amsterdam") at a moment, and now; in days
 * since 1970-01-01. Both set the process's TZ. */
int clock_day_at(const char *zone, int64_t unix_seconds, uint32_t *day, struct error *error);
int clock_today(const char *zone, uint32_t *day, struct error *error);

uint64_t clock_unix(void);         /* seconds since 1970-01-01 UTC */
uint64_t clock_unix_ms(void);      /* the same in milliseconds */
uint64_t clock_monotonic_ms(void); /* for intervals only */

/* Whether the kernel holds its clock for synchronised with a time server: systemd-timesyncd, chrony and ntpd all tell it so.
 * It forgets that some hours after the last of their corrections, and at each start. In a container: the host's. */
bool clock_synchronised(void);

/* The org's date: of the clock, pinned to a day, or read from a file that holds one (tests, demos). */
struct org_date {
	const char *timezone;
	const char *pinned; /* NULL: the clock; "YYYY-MM-DD"; or "@FILE", see org_date_synchronised */
};

/* The date now. A file is read again each time. FAULT_INPUT: the pin is no date, or its file cannot be read. */
int org_date_today(const struct org_date *date, uint32_t *day, struct error *error);

/* Whether a time server vouches for the date: for the clock's, clock_synchronised; for a file's, the word "synchronised"
 * behind the date. Ask this first and for the date after that: a clock that is set right in between must not have its
 * earlier date vouched for. */
bool org_date_synchronised(const struct org_date *date);

/* Pinned by the operator's own hand, so that no jump needs confirming. */
bool org_date_confirmed(const struct org_date *date);

#endif
