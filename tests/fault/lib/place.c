/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/place.h"

#include <stdio.h>
#include <stdlib.h>

void place_make(struct place *place)
{
	folder_make(place->folder);
	(void)snprintf(place->config, sizeof place->config, "%s/turfd.conf", place->folder);
	(void)snprintf(place->store, sizeof place->store, "%s/store", place->folder);
	(void)sigprocmask(SIG_SETMASK, NULL, &place->signals);
}

void place_remove(const struct place *place)
{
	folder_remove(place->folder);
}

void place_clear(const struct place *place)
{
	char last_seen[PATH_MAX];

	(void)snprintf(last_seen, sizeof last_seen, "%s.last-seen", place->store);
	folder_remove(place->store);
	folder_remove(last_seen);
}

void place_configure(const struct place *place, const char *text, const char *last)
{
	FILE *file = fopen(place->config, "we");

	if (!file || fputs(text, file) < 0 || fputs(last, file) < 0 || fclose(file) != 0) {
		perror(place->config);
		abort();
	}
}

void place_restore_signals(const struct place *place)
{
	(void)sigprocmask(SIG_SETMASK, &place->signals, NULL);
}
