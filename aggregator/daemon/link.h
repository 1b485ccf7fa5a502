/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon's connection to the broker: connects, subscribes, takes what arrives into the inbox, publishes. A connection
 * that is lost is noted and mended later, so publishing returns nothing.
 */
#ifndef TURF_AGGREGATOR_DAEMON_LINK_H
#define TURF_AGGREGATOR_DAEMON_LINK_H

#include "aggregator/config/config.h"
#include "aggregator/daemon/counters.h"
#include "aggregator/daemon/inbox.h"
#include "aggregator/daemon/status.h"

struct link {
	/* What it works with; everything stays the caller's. */
	const struct config *config; /* address, credentials file, retry_ms: as they are when they are used */
	const struct status *status; /* who this daemon is: for the will, and to tell it from others */
	struct inbox *inbox;
	struct counters *counters;
	char client_secret
		[STORE_CLIENT_SECRET_BYTES]; /* the end of our client id: who knows it can end our connection */

	struct mqtt *mqtt;
	char *will;
	bool up;
	bool session_present;           /* the broker remembered our session */
	bool subscribed;                /* on this connection */
	bool catalogue_published;       /* with all that follows it, on this connection; the caller sets it */
	bool called_offline;            /* somebody's status says so; the caller answers and clears it */
	uint64_t subscribe_again_at_ms; /* if it is quiet */
	uint64_t up_since_ms;
	uint64_t connect_at_ms;
	uint32_t attempts;              /* in a row that failed, for the backoff */
	uint32_t short_sessions;        /* in a row: the broker remembered the session and ended it at once */
	struct error connect_error;     /* as last logged; empty: none was */
	struct error credentials_error; /* the same, of the credentials file */
};

/* `link` has what it works with, and zeros. */
int link_open(struct link *link, struct error *error);
void link_close(struct link *link);

/* Reads the credentials file at `path` (NULL: there is none) for the next connection. `*changed`: they differ from the
 * ones before. 0 or a fault, after which those stay. */
int link_use_credentials(struct link *link, const char *path, bool *changed, struct error *error);

/* Ends the connection, if there is one, and connects again when link_keep is called next. */
void link_reconnect(struct link *link);

/* When to call link_keep next, in the time of clock_monotonic_ms; UINT64_MAX: there is no need. */
uint64_t link_due_ms(const struct link *link);

/* Connects, or subscribes at last. FAULT_BUSY: another client has taken our client id, and keeps it. */
int link_keep(struct link *link, struct error *error);

/* Waits up to wait_ms for messages and takes all that have arrived into the inbox. FAULT_BUSY as above. */
int link_take(struct link *link, int wait_ms, struct error *error);

/* Publishes when connected. */
void link_publish(struct link *link, const char *topic, const void *payload, size_t length, bool retained);

/* The last status, in the words of the will, which the broker does not publish after a proper end. */
void link_publish_offline(struct link *link);

/* The connection is gone: link_keep connects again after a while. */
void link_lost(struct link *link, const char *reason);

#endif
