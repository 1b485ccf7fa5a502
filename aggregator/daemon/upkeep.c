/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/step.h"
#include "store/store_view.h"

enum {
	LOOK_INTERVAL_MS = 500,
	TIME_SERVER_PATIENCE_MS = 120000, /* after a start or a sleep the time server is heard only after a while */
};

uint32_t upkeep_today(struct upkeep *upkeep)
{
	bool synchronised = org_date_synchronised(&upkeep->date); /* before the date is read: see there */
	struct error error = {{0}};
	uint32_t today;

	if (org_date_today(&upkeep->date, &today, &error) < 0) {
		if (!upkeep->date_unreadable)
			log_error("date-unreadable reason=\"%s\" turfd uses the last known date", error.text);
		upkeep->date_unreadable = true;
		upkeep->synchronised = false;
		return upkeep->today;
	}
	upkeep->date_unreadable = false;
	upkeep->time_due |= synchronised && !upkeep->synchronised; /* a date that waits may be trusted now */
	upkeep->synchronised = synchronised;
	upkeep->time_due |= today != upkeep->today;
	upkeep->compact_due |= today != upkeep->today;
	upkeep->today = today;
	return today;
}

void upkeep_note_last_seen(struct upkeep *upkeep)
{
	struct error error = {{0}};
	int rc = store_note_last_seen(upkeep->store, &error);

	if (rc < 0 && !upkeep->last_seen_failing)
		log_warning(
			"last-seen-not-written reason=\"%s\" counting continues; but if the store is moved away, turfd makes "
			"an empty one in its place at its next start",
			error.text);
	upkeep->last_seen_failing = rc < 0;
}

/* ---- The date and the store --------------------------------------------------------------------- */

/* A machine that was off for a weekend has the right date and hears the time server a moment later: that is no alarm. */
static bool date_may_be_trusted_soon(struct upkeep *upkeep, uint64_t now_ms)
{
	if (upkeep->jumped_at_ms == 0)
		upkeep->jumped_at_ms = now_ms;
	if (upkeep->time_due) /* the store has not looked at the date as it is now */
		return true;
	return !upkeep->date.pinned && !upkeep->synchronised && now_ms < upkeep->jumped_at_ms + TIME_SERVER_PATIENCE_MS;
}

static void note_pending_date(struct upkeep *upkeep, uint32_t pending_day, uint64_t now_ms)
{
	if (pending_day == 0)
		upkeep->jumped_at_ms = 0;
	if (pending_day == upkeep->date_pending || (pending_day != 0 && date_may_be_trusted_soon(upkeep, now_ms)))
		return;
	if (pending_day != 0)
		log_error(
			"date-jumped closing and purging wait: if the date is right, run turfctl confirm-date or wait a day; a jump ahead of up to 31 days is trusted as soon as the clock is synchronised");
	upkeep->date_pending = pending_day;
}

int upkeep_look(struct upkeep *upkeep, uint64_t now_ms, struct error *error)
{
	struct store_state state;
	struct store_view *view;
	int rc;

	upkeep->look_at_ms = now_ms + LOOK_INTERVAL_MS;
	(void)upkeep_today(upkeep);
	store_check_readers(upkeep->store);
	upkeep_note_last_seen(upkeep);
	rc = store_view_open(upkeep->store, &view, error);
	if (rc < 0)
		return rc;
	store_view_state(view, &state);
	store_view_close(view);
	note_pending_date(upkeep, state.pending_day, now_ms);
	upkeep->generation = state.generation;
	upkeep->deleted_since = state.deleted_since;
	upkeep->time_due |= store_changed_elsewhere(upkeep->store); /* its end publishes everything again */
	return 0;
}

static int open_figures(struct upkeep *upkeep, struct figures *figures, struct store_view **view, struct error *error)
{
	int rc = store_view_open(upkeep->store, view, error);

	if (rc == 0)
		*figures = figures_read(*view, upkeep->catalogue, upkeep->today, clock_unix());
	return rc;
}

static int touch_all(struct upkeep *upkeep, struct error *error)
{
	struct store_view *view;
	struct figures figures;
	int rc = open_figures(upkeep, &figures, &view, error);

	if (rc < 0)
		return rc;
	rc = publisher_touch_all(upkeep->publisher, &figures, error);
	store_view_close(view);
	return rc;
}

int upkeep_keep_time(struct upkeep *upkeep, struct error *error)
{
	struct store_time time = {
		.today = upkeep->today,
		.confirmed = org_date_confirmed(&upkeep->date),
		.synchronised = upkeep->synchronised,
		.catalogue = upkeep->catalogue,
	};
	bool changed = false;
	int rc = store_keep_time(upkeep->store, &time, &changed, error);

	if (rc < 0)
		return rc;
	upkeep->time_due = rc == STORE_MORE;
	if (upkeep->time_due)
		return 0;
	/* A new date begins quarters and weeks even where the store has not changed. */
	rc = touch_all(upkeep, error);
	upkeep->time_due = rc < 0; /* what is to be published is not known yet */
	return rc;
}

/* A tool that has the store open makes it wait for the next day. */
int upkeep_compact(struct upkeep *upkeep, struct error *error)
{
	uint32_t days = upkeep->config->compact_days, since = upkeep->deleted_since;
	int rc;

	upkeep->compact_due = false;
	if (days == 0 || since == 0 || upkeep->today < since + days)
		return 0;
	rc = store_compact(upkeep->store, error);
	if (rc == 0)
		log_info("compacted store=%s", upkeep->config->store_path);
	return rc < 0 ? rc : 0;
}

/* ---- What the broker must hold --------------------------------------------------------------------- */

int upkeep_publish_catalogue(struct upkeep *upkeep, struct error *error)
{
	char topic[TOPIC_BYTES];
	uint8_t *bytes = malloc(CATALOGUE_BYTES_MAX);
	int rc;

	if (!bytes)
		return error_set(error, FAULT_MEMORY, "no memory for the catalogue");
	topic_catalogue(topic, upkeep->catalogue->org);
	step_reached("before-catalogue");
	link_publish(upkeep->link, topic, bytes, catalogue_encode(upkeep->catalogue, bytes, CATALOGUE_BYTES_MAX), true);
	free(bytes);
	rc = touch_all(upkeep, error);
	upkeep->link->catalogue_published = rc == 0 && upkeep->link->up;
	return rc;
}

int upkeep_publish_figures(struct upkeep *upkeep, uint64_t now_ms, struct error *error)
{
	struct store_view *view;
	struct figures figures;
	int rc = open_figures(upkeep, &figures, &view, error);

	if (rc < 0)
		return rc;
	rc = publisher_run(upkeep->publisher, upkeep->link->mqtt, &figures, now_ms, upkeep->counters, error);
	store_view_close(view);
	if (rc == FAULT_BROKER)
		link_lost(upkeep->link, error->text);
	else if (rc < 0)
		log_error("figures-unreadable reason=\"%s\" run turfctl verify", error->text);
	return 0;
}

int upkeep_publish_rest(struct upkeep *upkeep, struct error *error)
{
	const uint64_t then_ms = UINT64_MAX / 2; /* by then every figure may be published */
	int rc = 0;

	while (rc == 0 && upkeep->link->up && publisher_due_ms(upkeep->publisher) <= then_ms)
		rc = upkeep_publish_figures(upkeep, then_ms, error);
	return rc;
}
