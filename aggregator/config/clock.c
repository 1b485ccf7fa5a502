/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "base/zone.h"
#include "proto/calendar.h"

int clock_day_at(const char *zone, int64_t unix_seconds, uint32_t *day, struct error *error)
{
	struct tm local;
	int rc = zone_time(zone, unix_seconds, &local, error);

	if (rc == 0)
		*day = day_of_date(
			(struct date){.year = local.tm_year + 1900, .month = local.tm_mon + 1, .day = local.tm_mday});
	return rc;
}

static uint64_t read_ms(clockid_t clock)
{
	struct timespec now;
	int rc = clock_gettime(clock, &now);

	assert(rc == 0);
	return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_unix(void)
{
	return read_ms(CLOCK_REALTIME) / 1000;
}

uint64_t clock_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

uint64_t clock_monotonic_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

/* Whether the kernel holds its clock for synchronised with a time server: systemd-timesyncd, chrony and ntpd all tell it so.
 * It forgets that some hours after the last of their corrections, and at each start. In a container: the host's. */
static bool clock_synchronised(void)
{
	struct timex kernel = {.modes = 0}; /* asks, sets nothing */
	int state = adjtimex(&kernel);

	return state >= 0 && state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
}

static const char vouched[] = " synchronised";

static int read_date_file(const char *path, uint32_t *day, bool *synchronised, struct error *error)
{
	char text[DATE_TEXT_BYTES + sizeof vouched] = "";
	FILE *file = fopen(path, "re");
	char *behind;
	size_t length;

	if (!file)
		return error_set(error, FAULT_INPUT, "--today @%s: %s", path, strerror(errno));
	length = fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	behind = text + strcspn(text, " ");
	*synchronised = strcmp(behind, vouched) == 0;
	if (*synchronised)
		*behind = '\0';
	if (date_parse(text, day) != 0)
		return error_set(error, FAULT_INPUT, "--today @%s: \"%s\" is not a date; the file must hold YYYY-MM-DD",
				 path, text);
	return 0;
}

int org_date_today(const struct org_date *date, uint32_t *day, struct error *error)
{
	bool synchronised;

	if (!date->pinned)
		return clock_day_at(date->timezone, (int64_t)time(NULL), day, error);
	if (date->pinned[0] == '@')
		return read_date_file(date->pinned + 1, day, &synchronised, error);
	if (date_parse(date->pinned, day) != 0)
		return error_set(error, FAULT_INPUT, "--today %s: not a date; expected YYYY-MM-DD or @FILE",
				 date->pinned);
	return 0;
}

bool org_date_synchronised(const struct org_date *date)
{
	bool synchronised = false;
	struct error error;
	uint32_t day;

	if (!date->pinned)
		return clock_synchronised();
	if (date->pinned[0] == '@' && read_date_file(date->pinned + 1, &day, &synchronised, &error) < 0)
		return false;
	return synchronised;
}

bool org_date_confirmed(const struct org_date *date)
{
	return date->pinned && date->pinned[0] != '@';
}
