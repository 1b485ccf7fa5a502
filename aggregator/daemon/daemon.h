/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon: one thread that owns the store, the connection and everything between them.
 *
 * A turn takes what has arrived (link.c), counts it and sends the receipts (daemon.c), and then sees to whatever
 * time has made due (upkeep.c): the date, retention, summaries, status. Nothing else runs, but for the lookup of the
 * broker's name (lookup.h); signals are read as events.
 */
#ifndef TURF_AGGREGATOR_DAEMON_DAEMON_H
#define TURF_AGGREGATOR_DAEMON_DAEMON_H

#include "aggregator/config/clock.h"
#include "aggregator/config/config.h"
#include "aggregator/daemon/inbox.h"
#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/publisher.h"
#include "aggregator/daemon/receipts.h"
#include "aggregator/daemon/status.h"

/* From the command line; NULL: as the config file says. The strings stay the caller's. */
struct daemon_options {
	const char *config_path;
	const char *store_path;
	const char *broker;
	const char *credentials_file;
	const char *today; /* struct org_date's pin */
};

/* The broker's end of things (link.c). */
struct link {
	struct mqtt *mqtt;
	char *will;
	bool up;
	bool greeted;        /* catalogue and status were published on this connection */
	bool session_present;
	bool subscribed;     /* on this connection; see link.c */
	uint64_t listen_at_ms; /* when to subscribe once more, if it is quiet */
	uint64_t up_since_ms;
	uint64_t try_at_ms;  /* when to connect next */
	uint64_t wait_ms;    /* the wait before that: doubles, up to a limit */
	uint32_t strikes;    /* sessions in a row that the broker ended at once */
	struct error told;   /* why connecting failed, as last said in the log; empty: nothing was */
	struct error unreadable; /* the same of the credentials file */
};

struct daemon {
	struct daemon_options options;
	struct config config;
	struct catalogue catalogue; /* in force */
	struct store *store;
	struct inbox inbox;
	struct receipts *receipts;
	struct publisher *publisher;
	struct pipeline pipeline;
	struct status status;
	struct org_date date;
	struct link link;
	int signals; /* signalfd */
	bool stopping;
	bool reload, reload_failing;
	uint64_t reload_at_ms;   /* it failed: not before this */
	enum store_health counting, upkeep; /* the worse one is the status's */
	uint64_t count_at_ms;    /* the store refused: not before this */
	uint64_t upkeep_at_ms;   /* upkeep failed: not before this */
	uint64_t files_at_ms;    /* when to compare the store's files with their names next */
	bool files_lost;         /* they had lost them the last time */
	bool last_seen_failing;  /* said so in the log */
	bool time_due;           /* store_keep_time wants to be called */
	bool synchronised;       /* a time server vouches for status.today */
	uint64_t jumped_at_ms;   /* a date that waits was first seen; 0: none waits */
	bool date_unreadable;    /* said so in the log */
	bool compact_due;
	uint32_t deleted_since;  /* the store's: freed pages hold deleted bytes since then; 0: none do */
	bool status_due;
	uint64_t status_at_ms, look_at_ms, watchdog_at_ms, watchdog_ms;
};

enum { DAEMON_STOPPED = 1 };

/* Opens everything but the connection; waits while the disk is full. DAEMON_STOPPED: it was asked to stop meanwhile. Then, and on
 * failure, what was opened is closed. */
int daemon_open(struct daemon *daemon, const struct daemon_options *options, struct error *error);
void daemon_close(struct daemon *daemon);

/* Runs until SIGTERM or SIGINT (0: drained and said goodbye) or a fault that no retry can mend. */
int daemon_run(struct daemon *daemon, struct error *error);

/* ---- link.c ---------------------------------------------------------------------------------- */

int link_open(struct daemon *daemon, struct error *error);
void link_close(struct daemon *daemon);

/* Ends the connection, if there is one, and connects anew at the next turn. */
void link_reconnect(struct daemon *daemon);

/* Reads the credentials file at `path` (NULL: there is none) for the next connection. `*changed`: they are others than
 * before. 0 or a fault, after which those of before stay. */
int link_use_credentials(struct daemon *daemon, const char *path, bool *changed, struct error *error);

/* Connects when it is time. FAULT_BUSY: someone else has taken this client id, and keeps it. */
int link_keep(struct daemon *daemon, struct error *error);

/* Waits up to wait_ms for messages and takes all that have arrived into the inbox. FAULT_BUSY as above. */
int link_take(struct daemon *daemon, int wait_ms, struct error *error);

/* Publishes when connected; a lost connection is noted and mended later, so there is nothing to return. */
void link_publish(struct daemon *daemon, const char *topic, const void *payload, size_t length, bool retained);
void link_lost(struct daemon *daemon, const char *reason);

/* ---- upkeep.c -------------------------------------------------------------------------------- */

/* The org's date now; the last known one when it cannot be read. */
uint32_t upkeep_today(struct daemon *daemon);

/* Notes what was last committed beside the store, when that can be done. */
void upkeep_note_last_seen(struct daemon *daemon);

/* Whatever time has made due; the status and the watchdog also while upkeep_at_ms holds back the rest. 0 or a fault. */
int upkeep_run(struct daemon *daemon, struct error *error);

/* Milliseconds until upkeep has something to do. */
int upkeep_wait_ms(const struct daemon *daemon);

/* The last words: what waits for its turn goes out at once. */
int upkeep_leave(struct daemon *daemon, struct error *error);

/* The status, after which nothing may follow. */
void upkeep_say_offline(struct daemon *daemon);

/* ---- reload.c -------------------------------------------------------------------------------- */

/* Brings the catalogue of `next` into force, in the store too. Each reason against it is logged. 0; the number of
 * reasons (nothing has changed); or a fault. */
int reload_catalogue(struct daemon *daemon, struct config *next, struct error *error);

/* SIGHUP: reads the config file again. What is wrong with it is logged and the old one stays in force, as it does after a
 * fault. */
int reload_config(struct daemon *daemon, struct error *error);

/* Whether a turfd that runs on the store of `next` would take it, which is read while it runs. Each reason against it is
 * told to `problem`. 0, the number of reasons, or a fault. */
int reload_check(const struct daemon_options *options, struct config *next,
		 void (*problem)(void *context, const char *text), struct error *error);

/* The command line's overrides on a config just read. 0 or FAULT_MEMORY. */
int reload_override(const struct daemon_options *options, struct config *config, struct error *error);

#endif
