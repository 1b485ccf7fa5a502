/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/weeks.h"

struct iso_week weeks_from(uint32_t today, int weeks)
{
	return iso_week_of_day((uint32_t)((int)today + 7 * weeks));
}

int weeks_compare(struct iso_week a, struct iso_week b)
{
	return a.year != b.year ? (a.year < b.year ? -1 : 1) : (a.week > b.week) - (a.week < b.week);
}
