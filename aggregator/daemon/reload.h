/* SPDX-License-Identifier: EUPL-1.2 */
/* Brings a configuration into force, at the start and while turfd runs. */
#ifndef TURF_AGGREGATOR_DAEMON_RELOAD_H
#define TURF_AGGREGATOR_DAEMON_RELOAD_H

#include "aggregator/daemon/options.h"
#include "aggregator/daemon/upkeep.h"

struct reload {
	/* What it works with; everything stays the caller's. */
	const struct daemon_options *options;
	struct config *config;
	struct catalogue *catalogue; /* in force */
	struct store *store;
	struct publisher *publisher;
	struct link *link;
	struct upkeep *upkeep;

	bool asked;           /* and not done yet */
	bool failing;         /* this was logged */
	uint64_t retry_at_ms; /* it failed: not before this */
};

/* Brings the catalogue of `next` into force, in the store too. Each reason against it is logged. 0; the number of
 * reasons (nothing has changed); or a fault. */
int reload_catalogue(struct reload *reload, struct config *next, struct error *error);

/* Reads the config file again. What is wrong with it is logged and the old one stays in force. After a fault, which is
 * logged too, the old one stays in force until the next attempt. */
void reload_run(struct reload *reload);

/* Whether a turfd that runs on the store of `next` would take it, which is read while it runs. `problem` is called with
 * each reason against it. 0, the number of reasons, or a fault. */
int reload_check(const struct daemon_options *options, struct config *next,
		 void (*problem)(void *context, const char *text), struct error *error);

/* The command line's overrides on a config just read. 0 or FAULT_MEMORY. */
int reload_override(const struct daemon_options *options, struct config *config, struct error *error);

#endif
