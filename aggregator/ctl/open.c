/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/ctl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/config/clock.h"
#include "base/text.h"
#include "proto/rules.h"

int ctl_fault(int fault, const struct error *error)
{
	text_print(stderr, "turfctl: %s\n", error->text);
	return fault == FAULT_BUSY ? CTL_BUSY : CTL_FAILED;
}

int ctl_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("turfctl: ", stderr);
	text_vprint(stderr, format, args);
	(void)fputs("\nTry: turfctl --help\n", stderr);
	va_end(args);
	return CTL_USAGE;
}

int ctl_store_open(const struct ctl *ctl, bool read_only, struct store **out, struct error *error)
{
	const struct store_options options = {
		.path = ctl->store,
		.read_only = read_only,
		.unix_seconds = read_only ? 0 : clock_unix(),
	};

	return store_open(out, &options, error);
}

/* A date that jumped waits to be confirmed, and turfd counts by it meanwhile. */
static int reading_date(const struct ctl *ctl, struct ctl_reading *reading, uint32_t *today, struct error *error)
{
	const struct org_date date = {.timezone = reading->catalogue.timezone, .pinned = ctl->today};
	uint32_t trusted = reading->state.clock_day, waiting = reading->state.pending_day;
	int rc = org_date_today(&date, today, error);

	if (rc < 0)
		return rc;
	if (ctl->today || trusted == 0 || !rules_date_jumped(trusted, *today) ||
	    (waiting != 0 && !rules_date_jumped(waiting, *today)))
		return 0;
	*today = waiting != 0 ? waiting : trusted;
	reading->not_the_clocks = true;
	return 0;
}

void ctl_note_date(const struct ctl_reading *reading)
{
	if (reading->not_the_clocks)
		(void)fprintf(stderr,
			      "note: the date here is %s, by which turfd last counted (--today gives another)\n",
			      reading->date);
}

static int reading_begin(const struct ctl *ctl, struct ctl_reading *out, struct error *error)
{
	uint32_t today = 0;
	int rc = ctl_store_open(ctl, true, &out->store, error);

	if (rc < 0)
		return rc;
	rc = store_view_open(out->store, &out->view, error);
	if (rc < 0)
		return rc;
	store_view_state(out->view, &out->state);
	rc = store_view_catalogue(out->view, &out->catalogue, error);
	if (rc == STORE_NOT_FOUND)
		return error_set(error, FAULT_INPUT, "%s has no catalogue yet: start turfd with this store once",
				 ctl->store);
	if (rc < 0)
		return rc;
	rc = reading_date(ctl, out, &today, error);
	if (rc < 0)
		return rc;
	date_format(today, out->date);
	out->figures = figures_read(out->view, &out->catalogue, today, clock_unix());
	return 0;
}

int ctl_reading_open(const struct ctl *ctl, struct ctl_reading *out, struct error *error)
{
	int rc;

	memset(out, 0, sizeof *out);
	rc = reading_begin(ctl, out, error);
	if (rc < 0)
		ctl_reading_release(out);
	return rc;
}

void ctl_reading_close(struct ctl_reading *reading)
{
	store_view_close(reading->view);
	reading->view = NULL;
	reading->figures.view = NULL;
	store_close(reading->store);
	reading->store = NULL;
}

void ctl_reading_release(struct ctl_reading *reading)
{
	ctl_reading_close(reading);
	catalogue_release(&reading->catalogue);
}

int ctl_check_team(const struct catalogue *catalogue, const char *team, struct error *error)
{
	char list[ERROR_TEXT_BYTES / 2] = "";
	size_t used = 0;

	if (strcmp(team, TEAM_ALL) == 0 || catalogue_team(catalogue, team))
		return 0;
	for (size_t i = 0; i < catalogue->n_teams && used < sizeof list; i++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s, ", catalogue->teams[i].id);
	return error_set(error, FAULT_INPUT, "no team is called \"%s\"; there are %s%s", team, list, TEAM_ALL);
}
