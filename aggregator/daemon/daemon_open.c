/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/daemon.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/daemon/service.h"
#include "base/bytes.h"
#include "base/log.h"
#include "store/store_view.h"

static int open_store(struct daemon *daemon, struct error *error)
{
	struct store_options options = {
		.path = daemon->config.store_path,
		.org = daemon->config.catalogue.org,
		.as_daemon = true,
		.unix_seconds = clock_unix(),
		.today = daemon->upkeep.today,
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
	daemon->upkeep.store = daemon->store;
	upkeep_note_last_seen(&daemon->upkeep);
	store_view_state(view, &state);
	store_view_close(view);
	memcpy(daemon->status.epoch, state.epoch, sizeof daemon->status.epoch);
	daemon->upkeep.generation = state.generation;
	/* If a midnight has passed while turfd did not run. Not at every start: a compaction that ends turfd would do so again. */
	daemon->upkeep.compact_due =
		daemon->upkeep.today != state.clock_day && daemon->upkeep.today != state.pending_day;
	return 0;
}

static void print_problem(void *context, const char *line)
{
	(void)context;
	log_error("config %s", line);
}

static int open_config(const struct daemon_options *options, struct config *config, struct error *error)
{
	int rc = config_load(options->config_path, config, print_problem, NULL);

	if (rc > 0)
		return error_set(error, FAULT_INPUT, "%s: %d mistake%s, see above; nothing was started",
				 options->config_path, rc, rc == 1 ? "" : "s");
	if (rc < 0)
		return error_set(error, rc, "%s: no memory", options->config_path);
	return reload_override(options, config, error);
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

	daemon->upkeep.date =
		(struct org_date){.timezone = daemon->config.catalogue.timezone, .pinned = daemon->options.today};
	status->org = daemon->config.catalogue.org;
	status->version = TURF_VERSION;
	status->since = clock_unix();
	status->today_pinned = daemon->options.today != NULL;
	return rc < 0 ? rc : org_date_today(&daemon->upkeep.date, &daemon->upkeep.today, error);
}

static int open_parts(struct daemon *daemon, struct error *error)
{
	daemon->receipts = receipts_new();
	daemon->publisher = publisher_new(daemon->config.summary_interval_ms);
	if (!daemon->receipts || !daemon->publisher)
		return error_set(error, FAULT_MEMORY, "no memory to start");
	daemon->upkeep.publisher = daemon->publisher;
	daemon->pipeline = (struct pipeline){
		.store = daemon->store,
		.catalogue = &daemon->catalogue,
		.proof_optional = &daemon->config.proof_optional,
		.receipts = daemon->receipts,
		.counters = &daemon->counters,
		.publisher = daemon->publisher,
	};
	return inbox_init(&daemon->inbox, daemon->config.batch_messages, error);
}

static int take_first_catalogue(struct daemon *daemon, struct error *error)
{
	int rc = reload_catalogue(&daemon->reload, &daemon->config, error);

	if (rc <= 0)
		return rc;
	return error_set(error, FAULT_INPUT,
			 "%s: %d change%s that would alter what is counted in %s, see above; nothing was started",
			 daemon->options.config_path, rc, rc == 1 ? "" : "s", daemon->config.store_path);
}

/* Waits while the disk is full: when it has room again, nobody may be there to start turfd. The service manager is asked
 * for more time than passes until the next attempt. */
static int open_with_room(struct daemon *daemon, int (*open_part)(struct daemon *daemon, struct error *error),
			  struct error *error)
{
	bool said = false;
	int rc = open_part(daemon, error);

	while (rc == FAULT_FULL) {
		if (!said)
			log_error("store-full reason=\"%s\" turfd starts as soon as there is room; nothing is lost",
				  error->text);
		said = true;
		service_notify("EXTEND_TIMEOUT_USEC=120000000\nSTATUS=waits for room on the disk");
		service_wait(daemon->signals, (int)daemon->config.retry_ms);
		service_read_signals(daemon->signals, &daemon->stopping, &daemon->reload.asked);
		if (daemon->stopping)
			return DAEMON_STOPPED;
		(void)upkeep_today(&daemon->upkeep);
		rc = open_part(daemon, error);
	}
	if (said && rc == 0)
		log_info("store-works-again");
	return rc;
}

/* A client id that is not kept is fine until the next start; but then the broker holds the old session, until that expires. */
static int open_link(struct daemon *daemon, struct error *error)
{
	int rc = store_client_secret(daemon->store, daemon->link.client_secret, error);

	if (rc < 0 && daemon->link.client_secret[0] == '\0')
		return rc;
	if (rc < 0)
		log_warning("client-id-not-kept reason=\"%s\"", error->text);
	return link_open(&daemon->link, error);
}

/* Gives each part what it works with, as far as it is open. */
static void connect_parts(struct daemon *daemon)
{
	daemon->link = (struct link){
		.config = &daemon->config,
		.status = &daemon->status,
		.inbox = &daemon->inbox,
		.counters = &daemon->counters,
	};
	daemon->upkeep = (struct upkeep){
		.config = &daemon->config,
		.catalogue = &daemon->catalogue,
		.link = &daemon->link,
		.counters = &daemon->counters,
		.time_due = true,
	};
	daemon->reload = (struct reload){
		.options = &daemon->options,
		.config = &daemon->config,
		.catalogue = &daemon->catalogue,
		.link = &daemon->link,
		.upkeep = &daemon->upkeep,
	};
}

int daemon_open(struct daemon *daemon, const struct daemon_options *options, struct error *error)
{
	int rc;

	*daemon = (struct daemon){.options = *options, .signals = -1};
	connect_parts(daemon);
	daemon->watchdog_ms = service_watchdog_ms();
	rc = service_open_signals(&daemon->signals, error);
	if (rc == 0)
		rc = open_config(&daemon->options, &daemon->config, error);
	if (rc == 0)
		rc = open_status(daemon, error);
	if (rc == 0)
		rc = open_with_room(daemon, open_store, error);
	if (rc == 0)
		rc = open_parts(daemon, error);
	if (rc == 0)
		rc = open_with_room(daemon, take_first_catalogue, error);
	if (rc == 0)
		rc = open_link(daemon, error);
	if (rc != 0)
		daemon_close(daemon);
	return rc;
}

void daemon_close(struct daemon *daemon)
{
	link_close(&daemon->link);
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
