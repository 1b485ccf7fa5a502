/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/daemon/notify.h"
#include "base/log.h"
#include "base/step.h"
#include "store/store_view.h"

enum {
	STATUS_INTERVAL_MS = 1000,
	LOOK_INTERVAL_MS = 500, /* at the date, and for what turfctl has changed */
	WAIT_MAX_MS = 250,      /* so that a signal is read soon */
	TIME_SERVER_PATIENCE_MS = 120000, /* after a start or a sleep the time server is heard only after a while */
};

/* News that somebody waits for goes out at once; counters may wait for their second. */
static void tell_at_once(struct daemon *daemon)
{
	daemon->status_due = true;
	daemon->status_at_ms = 0;
}

uint32_t upkeep_today(struct daemon *daemon)
{
	bool synchronised = org_date_synchronised(&daemon->date); /* before the date is read: see there */
	struct error error = {{0}};
	uint32_t today;

	if (org_date_today(&daemon->date, &today, &error) < 0) {
		if (!daemon->date_unreadable)
			log_error("date-unreadable reason=\"%s\" turfd uses the last known date", error.text);
		daemon->date_unreadable = true;
		daemon->synchronised = false;
		return daemon->status.today;
	}
	daemon->date_unreadable = false;
	daemon->time_due |= synchronised && !daemon->synchronised; /* a date that waits may be trusted now */
	daemon->synchronised = synchronised;
	if (today != daemon->status.today) {
		daemon->status.today = today;
		daemon->time_due = true;
		tell_at_once(daemon);
		daemon->compact_due = true;
	}
	return today;
}

static void publish_status(struct daemon *daemon)
{
	char topic[TOPIC_BYTES];
	char *json = status_json(&daemon->status, true);

	topic_status(topic, daemon->catalogue.org);
	step_reached("before-status");
	if (json)
		link_publish(daemon, topic, json, strlen(json), true);
	step_reached("after-status");
	daemon->status_due = !json;
	free(json);
	daemon->status_at_ms = clock_monotonic_ms() + STATUS_INTERVAL_MS;
}

static int open_figures(struct daemon *daemon, struct figures *figures, struct store_view **view, struct error *error)
{
	struct store_state state;
	int rc = store_view_open(daemon->store, view, error);

	if (rc < 0)
		return rc;
	store_view_state(*view, &state);
	*figures = (struct figures){
		.view = *view,
		.catalogue = &daemon->catalogue,
		.standing = store_standing(&state, daemon->status.today),
		.generation = state.generation,
		.as_of = (int64_t)clock_unix(),
	};
	return 0;
}

static int touch_all(struct daemon *daemon, struct error *error)
{
	struct store_view *view;
	struct figures figures;
	int rc = open_figures(daemon, &figures, &view, error);

	if (rc < 0)
		return rc;
	rc = publisher_touch_all(daemon->publisher, &figures, error);
	store_view_close(view);
	return rc;
}

static int publish_catalogue(struct daemon *daemon, struct error *error)
{
	char topic[TOPIC_BYTES];
	uint8_t *bytes = malloc(CATALOGUE_BYTES_MAX);

	if (!bytes)
		return error_set(error, FAULT_MEMORY, "no memory for the catalogue");
	topic_catalogue(topic, daemon->catalogue.org);
	step_reached("before-catalogue");
	link_publish(daemon, topic, bytes, catalogue_encode(&daemon->catalogue, bytes, CATALOGUE_BYTES_MAX), true);
	free(bytes);
	return 0;
}

/* Catalogue, status and all figures, to a broker that may have lost everything. */
static int greet(struct daemon *daemon, struct error *error)
{
	int rc = publish_catalogue(daemon, error);

	if (rc == 0)
		rc = touch_all(daemon, error);
	if (rc < 0)
		return rc;
	publish_status(daemon);
	daemon->link.greeted = daemon->link.up;
	return 0;
}

/* Retention and closing, in steps; after the last one everything is published again. */
static int keep_time(struct daemon *daemon, struct error *error)
{
	struct store_time time = {
		.today = daemon->status.today,
		.confirmed = org_date_confirmed(&daemon->date),
		.synchronised = daemon->synchronised,
		.catalogue = &daemon->catalogue,
	};
	bool moved = false;
	int rc = store_keep_time(daemon->store, &time, &moved, error);

	if (rc < 0)
		return rc;
	daemon->time_due = rc == STORE_MORE;
	if (daemon->time_due)
		return 0;
	/* A new date begins quarters and weeks even where the store has not moved. */
	rc = touch_all(daemon, error);
	daemon->time_due = rc < 0; /* what is to be published is not known yet */
	return rc;
}

/* A machine that was off for a weekend has the right date and hears the time server a moment later: that is no alarm. */
static bool date_may_be_trusted_soon(struct daemon *daemon, uint64_t now_ms)
{
	if (daemon->jumped_at_ms == 0)
		daemon->jumped_at_ms = now_ms;
	if (daemon->time_due) /* the store has not looked at the date as it is now */
		return true;
	return !daemon->date.pinned && !daemon->synchronised && now_ms < daemon->jumped_at_ms + TIME_SERVER_PATIENCE_MS;
}

static void tell_date_pending(struct daemon *daemon, uint32_t pending_day)
{
	if (pending_day)
		log_error("date-jumped closing and purging wait: if the date is right, run turfctl confirm-date or wait a day; a jump ahead of up to %d days is trusted as soon as the clock is synchronised", RULES_CLOCK_JUMP_DAYS);
	daemon->status.date_pending = pending_day;
	tell_at_once(daemon);
}

/* The store's own view of itself: for the status, and to see what turfctl has changed. */
static int look(struct daemon *daemon, uint64_t now_ms, struct error *error)
{
	struct store_state state;
	struct store_view *view;
	int rc = store_view_open(daemon->store, &view, error);

	if (rc < 0)
		return rc;
	store_view_state(view, &state);
	store_view_close(view);
	if (state.pending_day == 0)
		daemon->jumped_at_ms = 0;
	if (state.pending_day != daemon->status.date_pending && (state.pending_day == 0 || !date_may_be_trusted_soon(daemon, now_ms)))
		tell_date_pending(daemon, state.pending_day);
	daemon->status_due |= state.generation != daemon->status.generation;
	daemon->status.generation = state.generation;
	daemon->deleted_since = state.deleted_since;
	if (!store_changed_elsewhere(daemon->store))
		return 0;
	daemon->time_due = true; /* its end publishes everything again */
	return 0;
}

void upkeep_note_last_seen(struct daemon *daemon)
{
	struct error error = {{0}};
	int rc = store_note_last_seen(daemon->store, &error);

	if (rc < 0 && !daemon->last_seen_failing)
		log_warning("last-seen-not-written reason=\"%s\" counting continues; but if the store is moved away, turfd makes "
			    "an empty one in its place at its next start",
			    error.text);
	daemon->last_seen_failing = rc < 0;
}

static int publish_due(struct daemon *daemon, uint64_t now_ms, struct error *error)
{
	struct store_view *view;
	struct figures figures;
	int rc = open_figures(daemon, &figures, &view, error);

	if (rc < 0)
		return rc;
	rc = publisher_run(daemon->publisher, daemon->link.mqtt, &figures, now_ms, &daemon->status.counters, error);
	store_view_close(view);
	if (rc == FAULT_BROKER)
		link_lost(daemon, error->text);
	else if (rc < 0)
		log_error("figures-unreadable reason=\"%s\" run turfctl verify", error->text);
	return 0;
}

static int publish(struct daemon *daemon, uint64_t now_ms, struct error *error)
{
	int rc = 0;

	if (!daemon->link.greeted)
		rc = greet(daemon, error);
	if (rc == 0 && daemon->link.up && publisher_wait_ms(daemon->publisher, now_ms) == 0)
		rc = publish_due(daemon, now_ms, error);
	return rc;
}

int upkeep_leave(struct daemon *daemon, struct error *error)
{
	int rc = 0;

	while (rc == 0 && daemon->link.up && publisher_wait_ms(daemon->publisher, UINT64_MAX / 2) == 0)
		rc = publish_due(daemon, UINT64_MAX / 2, error);
	return rc;
}

/* In the words of the will, which the broker does not say after a proper goodbye. */
void upkeep_say_offline(struct daemon *daemon)
{
	char topic[TOPIC_BYTES];

	topic_status(topic, daemon->catalogue.org);
	step_reached("before-status");
	link_publish(daemon, topic, daemon->link.will, strlen(daemon->link.will), true);
	step_reached("after-status");
}

/* Looked at once a day. A tool that has the store open makes it wait for the next. */
static int compact(struct daemon *daemon, struct error *error)
{
	uint32_t days = daemon->config.compact_days, since = daemon->deleted_since;
	int rc;

	daemon->compact_due = false;
	if (days == 0 || since == 0 || daemon->status.today < since + days)
		return 0;
	rc = store_compact(daemon->store, error);
	if (rc == 0)
		log_info("compacted store=%s", daemon->config.store_path);
	return rc < 0 ? rc : 0;
}

static int keep(struct daemon *daemon, uint64_t now_ms, struct error *error)
{
	int rc = 0;

	if (now_ms >= daemon->look_at_ms) {
		(void)upkeep_today(daemon);
		daemon->look_at_ms = now_ms + LOOK_INTERVAL_MS;
		store_check_readers(daemon->store);
		upkeep_note_last_seen(daemon);
		rc = look(daemon, now_ms, error);
	}
	if (rc == 0 && daemon->time_due && daemon->inbox.n == 0)
		rc = keep_time(daemon, error);
	if (rc == 0 && daemon->compact_due && !daemon->time_due && daemon->inbox.n == 0)
		rc = compact(daemon, error);
	if (rc == 0 && daemon->link.up)
		rc = publish(daemon, now_ms, error);
	return rc;
}

int upkeep_run(struct daemon *daemon, struct error *error)
{
	uint64_t now_ms = clock_monotonic_ms();
	int rc = 0;

	log_tell_lost();
	if (daemon->watchdog_ms && now_ms >= daemon->watchdog_at_ms) {
		notify_manager("WATCHDOG=1");
		daemon->watchdog_at_ms = now_ms + daemon->watchdog_ms;
	}
	if (now_ms >= daemon->upkeep_at_ms)
		rc = keep(daemon, now_ms, error);
	if (daemon->link.up && daemon->status_due && now_ms >= daemon->status_at_ms)
		publish_status(daemon);
	return rc;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int upkeep_wait_ms(const struct daemon *daemon)
{
	uint64_t now_ms = clock_monotonic_ms();
	bool held_back = now_ms < daemon->upkeep_at_ms;
	bool time_due = daemon->time_due && daemon->inbox.n == 0; /* what could not be counted comes first */
	uint64_t until = earlier(now_ms + WAIT_MAX_MS, held_back ? daemon->upkeep_at_ms : daemon->look_at_ms);
	int summaries = publisher_wait_ms(daemon->publisher, now_ms);

	if (!held_back && (time_due || (daemon->link.up && !daemon->link.greeted)))
		return 0;
	if (!held_back && daemon->link.up && summaries >= 0)
		until = earlier(until, now_ms + (uint64_t)summaries);
	if (daemon->reload)
		until = earlier(until, daemon->reload_at_ms);
	if (daemon->link.up && daemon->status_due)
		until = earlier(until, daemon->status_at_ms);
	if (!daemon->link.up)
		until = earlier(until, daemon->link.try_at_ms);
	if (daemon->inbox.n)
		until = earlier(until, daemon->count_at_ms);
	return until <= now_ms ? 0 : (int)(until - now_ms);
}
