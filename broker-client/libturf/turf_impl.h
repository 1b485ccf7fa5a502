/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Inside libturf: the handle, and what these share: turf_calls.c (the calls of turf.h), session.c (the handle's thread),
 * session_inbox.c (what arrives) and session_state.c (what all of them need). Each uses only those after it.
 *
 * Three kinds of threads meet here. Callers: store, then poke. Paho's: append to `inbound`, nothing else. The handle's
 * own, the worker: does everything else. `lock` guards what more than one of them touches and is held for a few lines
 * at a time: never around a call to Paho, the outbox or the owner's callback.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TURF_IMPL_H
#define TURF_BROKER_CLIENT_LIBTURF_TURF_IMPL_H

#include <pthread.h>
#include <time.h>

#include "broker-client/libturf/inbound.h"
#include "broker-client/libturf/outbox.h"
#include "broker-client/libturf/sender.h"
#include "broker-client/libturf/turf.h"
#include "proto/catalogue.h"

enum { REASON_BYTES = 512 };

enum link { LINK_DOWN, LINK_CONNECTING, LINK_SUBSCRIBING, LINK_UP };

struct turf {
	/* fixed from open to close */
	struct outbox *outbox;
	char org[SLUG_BYTES];
	char *broker, *user, *password, *ca_file;
	uint32_t reconnect_ms, reconnect_max_ms, retry_ms;
	void (*on_verdict)(void *context, const struct turf_answer *answer);
	void *context;
	bool has_worker;
	pthread_t worker;

	pthread_mutex_t lock;
	pthread_cond_t wake;    /* to the worker */
	pthread_cond_t changed; /* from the worker */
	/* under `lock` */
	bool closing, poked, hurried;
	struct inbound_queue inbound;
	bool deaf;              /* something about the connection could not be put there */
	enum turf_connection connection;
	char reason[REASON_BYTES];
	uint64_t changes;       /* counts what `changed` tells */
	bool delivering;        /* verdicts are stored and not yet told */
	struct sender sender;
	bool has_catalogue, has_today;
	bool catalogue_fresh;   /* it came on this handle, and is not only the cached one */
	struct catalogue catalogue;
	uint32_t today;         /* the org's date, as the aggregator last told it */

	/* the worker's alone */
	struct mqtt_async *mqtt;
	char client_id[CLIENT_ID_BYTES];
	enum link link;
	int64_t link_since_ms, connect_at_ms, rescan_at_ms;
	unsigned unanswered;    /* subscriptions of this connection */
	uint32_t connect_attempts;
	bool hurry;             /* the attempt under way may be of before it: the next does not wait */
	uint64_t loaded;        /* the queue has been read up to here */
	bool met_instance;
	char instance[64];      /* of the daemon's run */
	uint64_t random;
};

/* ---- session.c -------------------------------------------------------------------------------------------------- */

/* Starts the worker; stops it, and ends the connection. */
int session_start(struct turf *turf, struct error *error);
void session_stop(struct turf *turf);

/* ---- session_inbox.c -------------------------------------------------------------------------------------------- */

/* The worker's: takes in a message. */
void session_message(struct turf *turf, const struct inbound *message);

/* The catalogue cached in the outbox is the one in force until another comes. */
int session_load_catalogue(struct turf *turf, struct error *error);

/* ---- session_state.c -------------------------------------------------------------------------------------------- */

int64_t session_monotonic_ms(void);
struct timespec session_timespec(int64_t ms);

/* Wakes the worker: there is something new to send. */
void session_poke(struct turf *turf);

/* Waits on `changed` until `changes` differs from `seen`, or the moment has come (then false). Under `lock`. */
bool session_wait_change(struct turf *turf, uint64_t seen, int64_t until_ms);

/* The worker's: how the connection stands, for turf_connection. `reason` NULL: the last one stays. */
void session_tell(struct turf *turf, enum turf_connection connection, const char *reason);

/* The worker's: a fault of the outbox, for turf_connection. */
void session_fault(struct turf *turf, const struct error *error);

/* 22 fresh random characters for one connection. 0 or FAULT_SYSTEM. */
int session_fresh_client_id(char id[static CLIENT_ID_BYTES], struct error *error);

/* ---- For the command line --------------------------------------------------------------------------------------- */

/* turf_questions with a bookmark of BOOKMARK_BYTES in the same transaction; and the bookmark as it stands. */
int turf_questions_marked(struct turf *turf, const struct turf_question *questions, size_t n, struct turf_id *ids,
			  const uint8_t *bookmark, struct error *error);

/* Waits until there is a catalogue, a cached one unless it must be `fresh`: 0 with a copy for the caller. TURF_TIMEOUT:
 * not in time, or the broker is out of reach. */
int turf_catalogue(struct turf *turf, bool fresh, int timeout_ms, struct catalogue *copy, struct error *error);

/* Waits until a status told the org's date: 0, or TURF_TIMEOUT likewise. */
int turf_today(struct turf *turf, int timeout_ms, uint32_t *today);

#endif
