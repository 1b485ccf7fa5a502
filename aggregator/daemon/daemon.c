/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "aggregator/daemon/notify.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/step.h"
#include "store/store_view.h"

static int figures_changed(void *context, const struct folded *folded, struct error *error)
{
	return publisher_touch(context, folded, error);
}

/* Signals become readable events; the loop asks for them between turns. */
static int open_signals(struct daemon *daemon, struct error *error)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	/* A peer that went and a file that may not grow are told by the call that meets them. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return error_set(error, FAULT_SYSTEM, "blocking signals: %s", strerror(errno));
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signals < 0)
		return error_set(error, FAULT_SYSTEM, "signalfd: %s", strerror(errno));
	return 0;
}

static void read_signals(struct daemon *daemon)
{
	struct signalfd_siginfo info;

	while (read(daemon->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			daemon->reload = true;
		else
			daemon->stopping = true;
	}
}

static int open_store(struct daemon *daemon, struct error *error)
{
	struct store_options options = {
		.path = daemon->config.store_path,
		.org = daemon->config.catalogue.org,
		.as_daemon = true,
		.unix_seconds = clock_unix(),
		.today = daemon->status.today,
		.quarantine_limit = daemon->config.quarantine_limit,
	};
	struct store_state state;
	struct store_view *view;
	int rc = store_open(&daemon->store, &options, error);

	if (rc < 0)
		return rc;
	rc = store_view_open(daemon->store, &view, error);
	if (rc < 0) {
		store_close(daemon->store);
		daemon->store = NULL;
		return rc;
	}
	upkeep_note_last_seen(daemon);
	store_view_state(view, &state);
	store_view_close(view);
	memcpy(daemon->status.epoch, state.epoch, sizeof daemon->status.epoch);
	daemon->status.generation = state.generation;
	/* A midnight has passed while nobody was here. Not at every start: what ends a compaction may end the next one too. */
	daemon->compact_due = daemon->status.today != state.clock_day && daemon->status.today != state.pending_day;
	return 0;
}

static void print_problem(void *context, const char *line)
{
	(void)context;
	log_error("config %s", line);
}

static int open_config(struct daemon *daemon, struct error *error)
{
	int rc = config_load(daemon->options.config_path, &daemon->config, print_problem, NULL);

	if (rc > 0)
		return error_set(error, FAULT_INPUT, "%s: %d mistake%s, see above; nothing was started",
				 daemon->options.config_path, rc, rc == 1 ? "" : "s");
	if (rc < 0)
		return error_set(error, rc, "%s: no memory", daemon->options.config_path);
	return reload_override(&daemon->options, &daemon->config, error);
}

/* Instances sort by their start, so that of two daemons each knows which is the younger. */
static int name_instance(struct status *status, struct error *error)
{
	uint8_t bytes[INSTANCE_TEXT_BYTES / 2];

	put_be64(bytes, clock_unix_ms() << 16);
	if (random_bytes(bytes + 6, sizeof bytes - 6) != 0)
		return error_set(error, FAULT_SYSTEM, "random source: %s", strerror(errno));
	hex_encode(bytes, sizeof bytes, status->instance);
	return 0;
}

static int open_status(struct daemon *daemon, struct error *error)
{
	struct status *status = &daemon->status;
	int rc = name_instance(status, error);

	daemon->date = (struct org_date){.timezone = daemon->config.catalogue.timezone, .pinned = daemon->options.today};
	status->org = daemon->config.catalogue.org;
	status->version = TURF_VERSION;
	status->since = clock_unix();
	status->today_pinned = daemon->options.today != NULL;
	return rc < 0 ? rc : org_date_today(&daemon->date, &status->today, error);
}

static int open_parts(struct daemon *daemon, struct error *error)
{
	daemon->receipts = receipts_new(daemon->config.batch_messages);
	daemon->publisher = publisher_new(daemon->config.summary_interval_ms);
	if (!daemon->receipts || !daemon->publisher)
		return error_set(error, FAULT_MEMORY, "no memory to start");
	daemon->pipeline = (struct pipeline){
		.store = daemon->store,
		.catalogue = &daemon->catalogue,
		.receipts = daemon->receipts,
		.counters = &daemon->status.counters,
		.changed = figures_changed,
		.context = daemon->publisher,
	};
	return inbox_init(&daemon->inbox, daemon->config.batch_messages, error);
}

static int take_first_catalogue(struct daemon *daemon, struct error *error)
{
	int rc = reload_catalogue(daemon, &daemon->config, error);

	if (rc <= 0)
		return rc;
	return error_set(error, FAULT_INPUT, "%s: %d change%s that would alter what is counted in %s, see above; nothing was started",
			 daemon->options.config_path, rc, rc == 1 ? "" : "s", daemon->config.store_path);
}

static void wait_for_signals(const struct daemon *daemon, int wait_ms)
{
	struct pollfd signals = {.fd = daemon->signals, .events = POLLIN};

	(void)poll(&signals, 1, wait_ms);
}

/* A full disk has room again some time, without anybody who starts turfd then. The service manager is asked for more
 * time than passes until the next attempt. */
static int open_with_room(struct daemon *daemon, int (*open_part)(struct daemon *daemon, struct error *error), struct error *error)
{
	bool said = false;
	int rc = open_part(daemon, error);

	while (rc == FAULT_FULL) {
		if (!said)
			log_error("store-full reason=\"%s\" turfd starts as soon as there is room; nothing is lost", error->text);
		said = true;
		notify_manager("EXTEND_TIMEOUT_USEC=120000000\nSTATUS=waits for room on the disk");
		wait_for_signals(daemon, (int)daemon->config.retry_ms);
		read_signals(daemon);
		if (daemon->stopping)
			return DAEMON_STOPPED;
		(void)upkeep_today(daemon);
		rc = open_part(daemon, error);
	}
	if (said && rc == 0)
		log_info("store-works-again");
	return rc;
}

int daemon_open(struct daemon *daemon, const struct daemon_options *options, struct error *error)
{
	int rc;

	*daemon = (struct daemon){.options = *options, .signals = -1, .time_due = true};
	daemon->watchdog_ms = notify_watchdog_ms();
	rc = open_signals(daemon, error);
	if (rc == 0)
		rc = open_config(daemon, error);
	if (rc == 0)
		rc = open_status(daemon, error);
	if (rc == 0)
		rc = open_with_room(daemon, open_store, error);
	if (rc == 0)
		rc = open_parts(daemon, error);
	if (rc == 0)
		rc = open_with_room(daemon, take_first_catalogue, error);
	if (rc == 0)
		rc = link_open(daemon, error);
	if (rc != 0)
		daemon_close(daemon);
	return rc;
}

void daemon_close(struct daemon *daemon)
{
	link_close(daemon);
	publisher_free(daemon->publisher);
	receipts_free(daemon->receipts);
	inbox_release(&daemon->inbox);
	store_close(daemon->store);
	catalogue_release(&daemon->catalogue);
	config_release(&daemon->config);
	if (daemon->signals >= 0)
		(void)close(daemon->signals);
	daemon->signals = -1;
}

static int send_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct daemon *daemon = context;
	char topic[TOPIC_BYTES];

	topic_receipt(topic, daemon->catalogue.org, to);
	step_reached("before-receipt");
	link_publish(daemon, topic, bytes, length, false);
	step_reached("after-receipt");
	daemon->status.counters.receipts += daemon->link.up;
	return daemon->link.up ? 0 : FAULT_BROKER; /* the phones will ask again */
}

/* A registration that the broker keeps would be counted at every reconnect for nothing. */
static void clear_retained(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->inbox.n; i++) {
		const struct mqtt_message *message = &daemon->inbox.messages[i].mqtt;

		if (message->retained)
			link_publish(daemon, message->topic, "", 0, true);
	}
}

/* The status tells of the worse of counting and upkeep, and of a change at once. */
static void judge_health(struct daemon *daemon)
{
	enum store_health worse = daemon->counting > daemon->upkeep ? daemon->counting : daemon->upkeep;

	if (daemon->status.store != worse)
		daemon->status_at_ms = 0;
	daemon->status.store = worse;
	daemon->status_due = true;
}

static enum store_health health_of(int fault)
{
	return fault == FAULT_FULL ? STORE_FULL : STORE_FAILING;
}

static void store_refused(struct daemon *daemon, int fault, const struct error *error)
{
	enum store_health health = health_of(fault);

	if (daemon->counting != health)
		log_error("store-%s reason=\"%s\" turfd sends no receipts until the store works again; nothing is lost",
			  health == STORE_FULL ? "full" : "failing", error->text);
	daemon->counting = health;
	daemon->count_at_ms = clock_monotonic_ms() + daemon->config.retry_ms;
	judge_health(daemon);
}

static void store_works(struct daemon *daemon)
{
	if (daemon->counting != STORE_OK)
		log_info("store-works-again");
	daemon->counting = STORE_OK;
	daemon->count_at_ms = 0;
	judge_health(daemon);
}

/* Somebody may move, delete or replace the store's files while it is open: nothing that is counted then would be there
 * after the end of this process. The store looks by itself when it counts; this tells of it when nothing comes in. */
static void check_files(struct daemon *daemon)
{
	enum { INTERVAL_MS = 500 };
	uint64_t now_ms = clock_monotonic_ms();
	struct error error = {{0}};
	int rc;

	if (now_ms < daemon->files_at_ms)
		return;
	daemon->files_at_ms = now_ms + INTERVAL_MS;
	rc = store_check_files(daemon->store, &error);
	if (rc < 0)
		store_refused(daemon, rc, &error);
	else if (daemon->files_lost && daemon->inbox.n == 0)
		store_works(daemon);
	else if (daemon->files_lost)
		daemon->count_at_ms = 0;
	daemon->files_lost = rc < 0;
}

/* Counts what is in the inbox; only then are there receipts. */
static void count(struct daemon *daemon)
{
	struct error error = {{0}};
	int rc;

	if (daemon->inbox.n == 0 || clock_monotonic_ms() < daemon->count_at_ms)
		return;
	rc = pipeline_run(&daemon->pipeline, &daemon->inbox, upkeep_today(daemon), &error);
	if (rc < 0) {
		store_refused(daemon, rc, &error);
		return;
	}
	store_works(daemon);
	(void)receipts_each(daemon->receipts, send_receipt, daemon);
	clear_retained(daemon);
	inbox_clear(&daemon->inbox);
	step_reached("after-batch");
}

/* Upkeep may fail where counting does not, as it reads: counting goes on, upkeep is tried again by itself. */
static void keep_up(struct daemon *daemon)
{
	struct error error = {{0}};
	bool held_back = clock_monotonic_ms() < daemon->upkeep_at_ms;
	int rc = upkeep_run(daemon, &error);
	enum store_health health = rc < 0 ? health_of(rc) : STORE_OK;

	if (rc == 0 && (held_back || daemon->upkeep == STORE_OK))
		return;
	if (rc == 0)
		log_info("upkeep-works-again");
	else if (daemon->upkeep != health)
		log_error("upkeep-failing reason=\"%s\" counting continues; figures, closing and purging wait", error.text);
	daemon->upkeep = health;
	daemon->upkeep_at_ms = rc < 0 ? clock_monotonic_ms() + daemon->config.retry_ms : 0;
	judge_health(daemon);
}

/* The disk may be full, or there is no memory: the operator has asked for it, and gets it as soon as it can be done. */
static void reload(struct daemon *daemon)
{
	struct error error = {{0}};
	int rc;

	if (!daemon->reload || clock_monotonic_ms() < daemon->reload_at_ms)
		return;
	rc = reload_config(daemon, &error);
	if (rc < 0 && !daemon->reload_failing)
		log_error("reload-failing reason=\"%s\" the old configuration stays in force; turfd tries again",
			  error.text);
	daemon->reload = daemon->reload_failing = rc < 0;
	daemon->reload_at_ms = rc < 0 ? clock_monotonic_ms() + daemon->config.retry_ms : 0;
}

static int turn(struct daemon *daemon, struct error *error)
{
	int rc = link_keep(daemon, error);
	int wait_ms = upkeep_wait_ms(daemon);

	if (rc < 0)
		return rc;
	if (daemon->link.up)
		rc = link_take(daemon, wait_ms, error);
	else
		wait_for_signals(daemon, wait_ms);
	if (rc < 0)
		return rc;
	check_files(daemon);
	count(daemon);
	reload(daemon);
	keep_up(daemon);
	read_signals(daemon);
	return 0;
}

/* What has arrived is counted and told, the newest figures go out, and the broker hears that we leave. */
static int drain(struct daemon *daemon, struct error *error)
{
	int rc = link_take(daemon, 0, error);

	if (rc < 0)
		return rc;
	daemon->count_at_ms = 0;
	count(daemon);
	if (daemon->inbox.n)
		log_error("stopped-with-uncounted messages=%zu turfd sent no receipts for them; the phones will send them again",
			  daemon->inbox.n);
	if (upkeep_leave(daemon, error) < 0)
		log_error("stopped-with-unpublished reason=\"%s\" the next start publishes all figures", error->text);
	return 0;
}

int daemon_run(struct daemon *daemon, struct error *error)
{
	char today[DATE_TEXT_BYTES];
	int rc = 0;

	date_format(daemon->status.today, today);
	log_info("started version=%s org=%s store=%s epoch=%s today=%s%s", TURF_VERSION, daemon->catalogue.org,
		 daemon->config.store_path, daemon->status.epoch, today, daemon->options.today ? " (pinned)" : "");
	notify_manager("READY=1\nSTATUS=");
	while (!daemon->stopping && rc == 0)
		rc = turn(daemon, error);
	notify_manager("STOPPING=1");
	if (rc == 0)
		rc = drain(daemon, error);
	if (rc != FAULT_BUSY) /* then somebody else's status stands there */
		upkeep_say_offline(daemon);
	if (rc == 0)
		log_info("stopped");
	return rc;
}
