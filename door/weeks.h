/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO weeks as the door counts them. */
#ifndef TURF_DOOR_WEEKS_H
#define TURF_DOOR_WEEKS_H

#include "proto/calendar.h"

/* The week of today + 7 * weeks days. */
struct iso_week weeks_from(uint32_t today, int weeks);

/* As memcmp: negative when `a` is before `b`. */
int weeks_compare(struct iso_week a, struct iso_week b);

#endif
