/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon: one thread that owns the store, the connection and everything between them.
 *
 * A turn takes what has arrived (link.h), and then does whatever is due by the table of deadlines (daemon.c): counts and
 * sends receipts, sees to the date and retention, publishes figures and status, connects. Nothing else runs, but for the
 * lookup of the broker's name (lookup.h); signals are read as events.
 */
#ifndef TURF_AGGREGATOR_DAEMON_DAEMON_H
#define TURF_AGGREGATOR_DAEMON_DAEMON_H

#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/reload.h"

/* Whether something works that needs the store. */
struct health {
	enum store_health state;
	uint64_t retry_at_ms; /* it failed: not before this */
};

struct daemon {
	struct daemon_options options;
	struct config config;
	struct catalogue catalogue; /* in force */
	struct store *store;
	struct inbox inbox;
	struct receipts *receipts;
	struct publisher *publisher;
	struct counters counters;
	struct pipeline pipeline;
	struct link link;
	struct upkeep upkeep;
	struct reload reload;
	uint64_t now_ms; /* when the work of this turn began */
	struct health counting, upkeeping;
	bool files_lost;       /* the store's files had lost their names when they were compared last */
	uint64_t files_at_ms;  /* when to compare them next */
	struct status status;  /* as it was published last */
	bool status_failing;   /* there was no memory for it */
	uint64_t status_at_ms; /* when counters may be published next */
	uint64_t watchdog_ms;  /* the interval; 0: there is no watchdog */
	uint64_t watchdog_at_ms;
	int signals; /* signalfd */
	bool stopping;
};

enum { DAEMON_STOPPED = 1 };

/* Opens everything but the connection; waits while the disk is full. DAEMON_STOPPED: it was asked to stop meanwhile. Then, and on
 * failure, what was opened is closed. */
int daemon_open(struct daemon *daemon, const struct daemon_options *options, struct error *error);
void daemon_close(struct daemon *daemon);

/* Runs until SIGTERM or SIGINT (0: drained, and the last status says offline) or a fault that no retry can mend. */
int daemon_run(struct daemon *daemon, struct error *error);

#endif
