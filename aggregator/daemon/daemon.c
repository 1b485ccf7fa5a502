/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/daemon/service.h"
#include "base/log.h"
#include "base/step.h"

/* ---- Counting ------------------------------------------------------------------------------------- */

static int send_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct daemon *daemon = context;
	char topic[TOPIC_BYTES];

	topic_receipt(topic, daemon->catalogue.org, to);
	step_reached("before-receipt");
	link_publish(&daemon->link, topic, bytes, length, false);
	step_reached("after-receipt");
	daemon->counters.receipts += daemon->link.up;
	return daemon->link.up ? 0 : FAULT_BROKER; /* the phones will ask again */
}

/* A registration that the broker keeps would be counted at every reconnect for nothing. */
static void clear_retained(const struct inbox *inbox, struct link *link)
{
	for (size_t i = 0; i < inbox->n; i++) {
		const struct mqtt_message *message = &inbox->messages[i].mqtt;

		if (message->retained)
			link_publish(link, message->topic, "", 0, true);
	}
}

/* Notes a fault; turfd tries again after `retry_ms`. Returns whether the caller must log the fault: it must if the
 * state has changed. So while a state lasts, the log has the reason of its first fault only. */
static bool note_fault(struct health *health, int fault, uint32_t retry_ms)
{
	enum store_health before = health->state;

	health->state = fault == FAULT_FULL ? STORE_FULL : STORE_FAILING;
	health->retry_at_ms = clock_monotonic_ms() + retry_ms;
	return health->state != before;
}

/* Notes that the work succeeded, and logs `line` if it failed before. */
static void note_success(struct health *health, const char *line)
{
	if (health->state != STORE_OK)
		log_info("%s", line);
	*health = (struct health){.state = STORE_OK};
}

/* Events without a receipt are safe, because their phones keep them. What was counted before may be lost; then the
 * reason says so (store/files/files.c). */
static void store_refused(struct daemon *daemon, int fault, const struct error *error)
{
	if (!note_fault(&daemon->counting, fault, daemon->config.retry_ms))
		return;
	if (daemon->counting.state == STORE_FULL)
		log_error(
			"store-full reason=\"%s\" turfd sends no receipts until the store works again; nothing is lost",
			error->text);
	else
		log_error(
			"store-failing reason=\"%s\" turfd sends no receipts until the store works again; phones keep "
			"what has no receipt",
			error->text);
}

static void store_works(struct health *counting)
{
	note_success(counting, "store-works-again");
}

/* If somebody moves, deletes or replaces the store's files while they are open, whatever is counted from then on is lost
 * when this process ends. The store checks that with each transaction; this checks it when nothing arrives. */
static int check_files(struct daemon *daemon, struct error *error)
{
	enum { INTERVAL_MS = 500 };
	int rc = store_check_files(daemon->store, error);

	daemon->files_at_ms = daemon->now_ms + INTERVAL_MS;
	if (rc < 0)
		store_refused(daemon, rc, error);
	else if (daemon->files_lost && daemon->inbox.n == 0)
		store_works(&daemon->counting);
	else if (daemon->files_lost)
		daemon->counting.retry_at_ms = 0;
	daemon->files_lost = rc < 0;
	return 0;
}

/* Counts what is in the inbox; only then are there receipts. */
static int count(struct daemon *daemon, struct error *error)
{
	int rc = pipeline_run(&daemon->pipeline, &daemon->inbox, upkeep_today(&daemon->upkeep), error);

	if (rc < 0) {
		store_refused(daemon, rc, error);
		return 0;
	}
	store_works(&daemon->counting);
	(void)receipts_each(daemon->receipts, send_receipt, daemon);
	clear_retained(&daemon->inbox, &daemon->link);
	inbox_clear(&daemon->inbox);
	step_reached("after-batch");
	return 0;
}

/* ---- The status ----------------------------------------------------------------------------------- */

static struct status collect_status(const struct daemon *daemon)
{
	struct status status = daemon->status; /* who this daemon is */

	status.generation = daemon->upkeep.generation;
	status.today = daemon->upkeep.today;
	status.date_pending = daemon->upkeep.date_pending;
	status.store =
		daemon->counting.state > daemon->upkeeping.state ? daemon->counting.state : daemon->upkeeping.state;
	status.counters = daemon->counters;
	return status;
}

static int publish_status(struct daemon *daemon, struct error *error)
{
	enum { INTERVAL_MS = 1000 };
	struct status status = collect_status(daemon);
	char topic[TOPIC_BYTES];
	char *json = status_json(&status, true);

	(void)error;
	topic_status(topic, daemon->catalogue.org);
	step_reached("before-status");
	if (json)
		link_publish(&daemon->link, topic, json, strlen(json), true);
	step_reached("after-status");
	daemon->status_failing = !json;
	if (json) {
		daemon->status = status;
		daemon->link.called_offline = false;
	}
	free(json);
	daemon->status_at_ms = daemon->now_ms + INTERVAL_MS;
	return 0;
}

/* ---- What is done, and when ------------------------------------------------------------------------- */

enum { WAIT_MAX_MS = 250 }; /* so that a signal is read soon */

static const uint64_t never = UINT64_MAX;

static uint64_t later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t watchdog_due(const struct daemon *daemon)
{
	return daemon->watchdog_ms > 0 ? daemon->watchdog_at_ms : never;
}

static int notify_watchdog(struct daemon *daemon, struct error *error)
{
	(void)error;
	service_notify("WATCHDOG=1");
	daemon->watchdog_at_ms = daemon->now_ms + daemon->watchdog_ms;
	return 0;
}

static uint64_t files_due(const struct daemon *daemon)
{
	return daemon->files_at_ms;
}

static uint64_t count_due(const struct daemon *daemon)
{
	return daemon->inbox.n > 0 ? daemon->counting.retry_at_ms : never;
}

static uint64_t reload_due(const struct daemon *daemon)
{
	return daemon->reload.asked ? daemon->reload.retry_at_ms : never;
}

static int reload(struct daemon *daemon, struct error *error)
{
	(void)error;
	reload_run(&daemon->reload);
	return 0;
}

static uint64_t watch_store_due(const struct daemon *daemon)
{
	return later_of(daemon->upkeep.look_at_ms, daemon->upkeeping.retry_at_ms);
}

static int watch_store(struct daemon *daemon, struct error *error)
{
	return upkeep_look(&daemon->upkeep, daemon->now_ms, error);
}

/* What could not be counted comes first. */
static uint64_t time_due(const struct daemon *daemon)
{
	return daemon->upkeep.time_due && daemon->inbox.n == 0 ? daemon->upkeeping.retry_at_ms : never;
}

static int keep_time(struct daemon *daemon, struct error *error)
{
	return upkeep_keep_time(&daemon->upkeep, error);
}

static uint64_t compact_due(const struct daemon *daemon)
{
	bool due = daemon->upkeep.compact_due && !daemon->upkeep.time_due && daemon->inbox.n == 0;

	return due ? daemon->upkeeping.retry_at_ms : never;
}

static int compact(struct daemon *daemon, struct error *error)
{
	return upkeep_compact(&daemon->upkeep, error);
}

static uint64_t catalogue_due(const struct daemon *daemon)
{
	return daemon->link.up && !daemon->link.catalogue_published ? daemon->upkeeping.retry_at_ms : never;
}

static int publish_catalogue(struct daemon *daemon, struct error *error)
{
	int rc = upkeep_publish_catalogue(&daemon->upkeep, error);

	return rc < 0 ? rc : publish_status(daemon, error);
}

static uint64_t figures_due(const struct daemon *daemon)
{
	if (!daemon->link.up || !daemon->link.catalogue_published)
		return never;
	return later_of(publisher_due_ms(daemon->publisher), daemon->upkeeping.retry_at_ms);
}

static int publish_figures(struct daemon *daemon, struct error *error)
{
	return upkeep_publish_figures(&daemon->upkeep, daemon->now_ms, error);
}

/* News goes out at once, changed counters once a second. */
static uint64_t status_due(const struct daemon *daemon)
{
	struct status status = collect_status(daemon);
	enum status_change change = status_compare(&daemon->status, &status);

	if (!daemon->link.up)
		return never;
	if ((change == STATUS_NEWS || daemon->link.called_offline) && !daemon->status_failing)
		return 0;
	return change != STATUS_SAME || daemon->link.called_offline ? daemon->status_at_ms : never;
}

static uint64_t link_due(const struct daemon *daemon)
{
	return link_due_ms(&daemon->link);
}

static int keep_link(struct daemon *daemon, struct error *error)
{
	return link_keep(&daemon->link, error);
}

/* Everything that is done at a time, in the order in which it is done when several are due. The connection is last: what
 * the broker sends at once, such as the status of another turfd, is taken before anything is published. */
static const struct deadline {
	uint64_t (*due)(const struct daemon *daemon); /* in the time of clock_monotonic_ms; `never` */
	int (*act)(struct daemon *daemon, struct error *error);
	bool upkeep; /* a fault holds back all upkeep for a while; any other ends the daemon */
} deadlines[] = {
	{watchdog_due, notify_watchdog, false},
	{files_due, check_files, false},
	{count_due, count, false},
	{reload_due, reload, false},
	{watch_store_due, watch_store, true},
	{time_due, keep_time, true},
	{compact_due, compact, true},
	{catalogue_due, publish_catalogue, true},
	{figures_due, publish_figures, true},
	{status_due, publish_status, false},
	{link_due, keep_link, false},
};

static int wait_ms(const struct daemon *daemon)
{
	uint64_t now_ms = clock_monotonic_ms(), first = now_ms + WAIT_MAX_MS;

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
		uint64_t due = deadlines[i].due(daemon);

		first = due < first ? due : first;
	}
	return first <= now_ms ? 0 : (int)(first - now_ms);
}

/* Upkeep reads, so it may fail where counting does not. Counting goes on, and upkeep is tried again. */
static void upkeep_failed(struct daemon *daemon, int fault, const struct error *error)
{
	if (note_fault(&daemon->upkeeping, fault, daemon->config.retry_ms))
		log_error("upkeep-failing reason=\"%s\" counting continues; figures, closing and purging wait",
			  error->text);
}

static int do_what_is_due(struct daemon *daemon, struct error *error)
{
	daemon->now_ms = clock_monotonic_ms();
	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
		const struct deadline *deadline = &deadlines[i];
		int rc = deadline->due(daemon) <= daemon->now_ms ? deadline->act(daemon, error) : 0;

		if (rc < 0 && !deadline->upkeep)
			return rc;
		if (rc < 0)
			upkeep_failed(daemon, rc, error);
	}
	if (daemon->upkeeping.retry_at_ms <= daemon->now_ms) /* nothing failed, and nothing was held back */
		note_success(&daemon->upkeeping, "upkeep-works-again");
	return 0;
}

static int turn(struct daemon *daemon, struct error *error)
{
	int wait = wait_ms(daemon), rc = 0;

	if (daemon->link.up)
		rc = link_take(&daemon->link, wait, error);
	else
		service_wait(daemon->signals, wait);
	log_report_lost();
	service_read_signals(daemon->signals, &daemon->stopping, &daemon->reload.asked);
	return rc < 0 || daemon->stopping ? rc : do_what_is_due(daemon, error);
}

/* What has arrived is counted and answered, the newest figures go out, and the last status says that we leave. */
static int drain(struct daemon *daemon, struct error *error)
{
	int rc = link_take(&daemon->link, 0, error);

	if (rc < 0)
		return rc;
	if (daemon->inbox.n > 0)
		(void)count(daemon, error);
	if (daemon->inbox.n > 0)
		log_error(
			"stopped-with-uncounted messages=%zu turfd sent no receipts for them; the phones will send them again",
			daemon->inbox.n);
	if (upkeep_publish_rest(&daemon->upkeep, error) < 0)
		log_error("stopped-with-unpublished reason=\"%s\" the next start publishes all figures", error->text);
	return 0;
}

int daemon_run(struct daemon *daemon, struct error *error)
{
	char today[DATE_TEXT_BYTES];
	int rc = 0;

	date_format(daemon->upkeep.today, today);
	log_info("started version=%s org=%s store=%s epoch=%s today=%s%s", TURF_VERSION, daemon->catalogue.org,
		 daemon->config.store_path, daemon->status.epoch, today, daemon->options.today ? " (pinned)" : "");
	service_notify("READY=1\nSTATUS=");
	while (!daemon->stopping && rc == 0)
		rc = turn(daemon, error);
	service_notify("STOPPING=1");
	if (rc == 0)
		rc = drain(daemon, error);
	if (rc != FAULT_BUSY) /* then somebody else's status stands there */
		link_publish_offline(&daemon->link);
	if (rc == 0)
		log_info("stopped");
	return rc;
}
