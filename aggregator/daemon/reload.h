/* SPDX-License-Identifier: EUPL-1.2 */
/* Brings a configuration into force, at the start and while turfd runs; and checks one, for turfd --check. */
#ifndef TURF_AGGREGATOR_DAEMON_RELOAD_H
#define TURF_AGGREGATOR_DAEMON_RELOAD_H

#include "aggregator/daemon/upkeep.h"

/* What turfd's command line says in place of its configuration file. NULL: the file decides. The caller owns the
 * strings. */
struct daemon_options {
	const char *config_path;
	const char *store_path;
	const char *broker;
	const char *credentials_file;
	const char *today; /* the pinned date (struct org_date) */
};

struct reload {
	/* What it works with. The caller owns everything. */
	const struct daemon_options *options;
	struct config *config;
	struct catalogue *catalogue; /* in force */
	struct link *link;
	struct upkeep *upkeep; /* has the store and the publisher */

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

/* Reads the config file and the credentials; what the command line says replaces what the file says. Calls `problem`
 * for each mistake. 0 (release `config`), the number of mistakes, or a fault. */
int reload_read(const struct daemon_options *options, struct config *config,
		void (*problem)(void *context, const char *text), struct error *error);

/* Puts what the command line says into a config that was just read. 0 or FAULT_MEMORY. */
int reload_override(const struct daemon_options *options, struct config *config, struct error *error);

/* Whether a turfd that runs on the store of `next` would accept `next` at a reload. Reads that store, also while turfd
 * runs. Calls `problem` for each reason against it. 0, the number of reasons, or a fault. */
int reload_check(const struct daemon_options *options, struct config *next,
		 void (*problem)(void *context, const char *text), struct error *error);

#endif
