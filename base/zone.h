/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Dates in a time zone of the zone database ("Europe/Amsterdam"), whatever the machine's own zone is.
 */
#ifndef TURF_BASE_ZONE_H
#define TURF_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct tm;

/* The zone of an organisation that names none. */
#define ZONE_DEFAULT "Europe/Amsterdam"

/* Whether this machine's zone database has it. The C library takes a zone that it does not know for UTC. */
bool zone_known(const char *zone);

/* The calendar date and time of a moment in the zone. Sets the process's TZ. 0; FAULT_SYSTEM, also for what is not between
 * 1970 and 9999. */
int zone_time(const char *zone, int64_t unix_seconds, struct tm *local, struct error *error);

#endif
