/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool zone_known(const char *zone)
{
	const char *folder = getenv("TZDIR"); /* as for the C library */
	char *path = NULL, magic[4] = "";
	FILE *file = NULL;
	bool known;

	if (zone[0] == '/' || strstr(zone, ".."))
		return false;
	if (asprintf(&path, "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", zone) >= 0)
		file = fopen(path, "re");
	known = file && fread(magic, 1, sizeof magic, file) == sizeof magic && !memcmp(magic, "TZif", sizeof magic);
	if (file)
		(void)fclose(file);
	free(path);
	return known;
}

/* tzset reads the zone database, so only when the zone changes. */
static int use_zone(const char *zone, struct error *error)
{
	const char *current = getenv("TZ");

	if (current && strcmp(current, zone) == 0)
		return 0;
	if (setenv("TZ", zone, 1) != 0)
		return error_set(error, FAULT_SYSTEM, "setting the time zone \"%s\": %s", zone, strerror(errno));
	tzset();
	return 0;
}

int zone_time(const char *zone, int64_t unix_seconds, struct tm *local, struct error *error)
{
	time_t moment = (time_t)unix_seconds;
	int rc = use_zone(zone, error);

	if (rc < 0)
		return rc;
	if (moment < 0 || !localtime_r(&moment, local) || local->tm_year < 70 || local->tm_year > 8099)
		return error_set(error, FAULT_SYSTEM, "the system's clock gives no date between 1970 and 9999: set it");
	return 0;
}
