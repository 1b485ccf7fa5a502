/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The first day of an ISO week, looked for with iso_week_of_day.
 */
#ifndef TURF_TESTS_UNIT_LIB_ISO_WEEK_H
#define TURF_TESTS_UNIT_LIB_ISO_WEEK_H

#include "proto/calendar.h"

/* Its Monday; week 1 of 1970 begins before day 0 and gives 0. Week 1 begins three days before 1 January at the earliest. */
static inline uint32_t iso_week_first_day(struct iso_week week)
{
	uint32_t new_year = day_of_date((struct date){.year = (int)week.year, .month = 1, .day = 1});
	uint32_t earliest = new_year + 7 * (week.week - 1), day = earliest < 3 ? 0 : earliest - 3;
	struct iso_week at = iso_week_of_day(day);

	while (at.year != week.year || at.week != week.week)
		at = iso_week_of_day(++day);
	return day;
}

#endif
