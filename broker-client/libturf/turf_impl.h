/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Inside libturf: the handle, and what these share: turf_calls.c (the calls of turf.h), session.c (the handle's
 * thread), session_token.c (its tokens), session_portion.c (what a connection with a token carries), session_inbox.c (what
 * arrives) and session_state.c (what all of them need). Each uses only those after it, but for the date, which session_inbox.c
 * gives to session_portion.c.
 *
 * Four kinds of threads use a handle. The threads of its callers store taps, and then wake the handle's own thread.
 * Paho's threads put events into the queue of `connection` and do nothing else. The fetcher, if there is one, puts tokens
 * into the outbox. The handle's own thread does everything else. `lock` guards what more than one of them uses. It is held for a few lines at a time, and never during a call to
 * Paho, the outbox or on_verdict.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TURF_IMPL_H
#define TURF_BROKER_CLIENT_LIBTURF_TURF_IMPL_H

#include <stdatomic.h>

#include "broker-client/libturf/connection.h"
#include "broker-client/libturf/login.h"
#include "broker-client/libturf/outbox.h"
#include "broker-client/libturf/portion.h"
#include "broker-client/libturf/sender.h"
#include "proto/catalogue.h"

enum { REASON_BYTES = 512 };

enum link { LINK_DOWN, LINK_CONNECTING, LINK_SUBSCRIBING, LINK_UP };

/* How a handle whose outbox has joined an org gets in (session_token.c). */
struct session_tokens {
	/* Under `lock`. */
	bool connect_asked; /* somebody waits for news of the broker */
	bool fetch_asked;
	char fetch_failure[REASON_BYTES]; /* of the last attempt to fetch tokens; empty: it did not fail */

	/* Only the handle's thread uses these. */
	struct login login;
	bool refused;          /* the broker has refused a token since it took one */
	int64_t idle_since_ms; /* since when nothing waits on this connection; INT64_MAX: something does */

	bool has_fetcher;
	pthread_t fetcher;
	atomic_bool stop; /* ends what the fetcher does */
};

/* The days by which it is judged what goes later (session_portion.c). */
struct session_day {
	uint32_t org,
		clock; /* the org's date, and the day that the phone's clock had then (UTC); 0: no status came ever */
	uint32_t made_on; /* by the clock: */
	uint64_t
		made_from; /* taps with this number or a higher one were made on that day, since the program was opened */
};

/* What this connection carries. Only the handle's thread uses it. */
struct session_portion {
	enum {
		CARRIES_UNKNOWN, /* the status has not come yet */
		CARRIES_MOMENT,
		CARRIES_PORTION,
	} carries;
	bool has_status; /* it came on this connection */
	size_t n;
	uint64_t seqs[SUBMISSION_EVENTS_MAX]; /* of the portion */
	unsigned in_vain;                     /* portions in a row that were not answered */
};

struct turf {
	/* Fixed from turf_open to turf_close. */
	struct outbox *outbox;
	char org[SLUG_BYTES];
	uint32_t reconnect_ms, reconnect_max_ms, retry_ms;
	void (*on_verdict)(void *context, const struct turf_answer *answer);
	void *context;
	bool has_thread;
	pthread_t thread;

	struct connection connection; /* the handle's thread waits there; others may wake it */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* callers wait for it */
	/* Under `lock`. */
	bool closing;
	bool send_asked;      /* there is something new to send */
	bool reconnect_asked; /* turf_reconnect_now was called */
	enum turf_connection state;
	char reason[REASON_BYTES];
	uint64_t changes; /* rises with each signal of `changed` */
	bool delivering;  /* verdicts are stored, and on_verdict has not returned for all of them */
	struct sender sender;
	bool has_catalogue, has_today;
	bool catalogue_from_broker; /* it came on this handle; otherwise it is the one that the outbox remembers */
	struct catalogue catalogue;
	uint32_t today; /* the org's date in the last status */
	struct session_day day;

	/* Only the handle's thread uses these. */
	enum link link;
	int64_t link_since_ms, connect_at_ms, rescan_at_ms;
	unsigned unanswered; /* subscriptions of this connection without an answer of the broker */
	int receipts_token;  /* of the subscription to the receipts: without these, nothing can be sent */
	uint32_t connect_attempts;
	bool reconnect_now; /* skip the backoff after the attempt that is under way, which may fail */
	uint64_t loaded;    /* the queue has been read up to this sequence number */
	char instance[64];  /* of turfd's run, as the last status has it; empty: none came */
	uint64_t random;

	struct session_tokens tokens;
	struct session_portion portion;
};

/* ---- session.c -------------------------------------------------------------------------------------------------- */

/* Start and stop the handle's thread. */
int session_start(struct turf *turf, struct error *error);
void session_stop(struct turf *turf);

/* ---- session_token.c -------------------------------------------------------------------------------------------- */

/* For the handle's thread. Whether it may connect now: it uses no tokens, or it has one, which it will show. Otherwise
 * `connect_at_ms` is later. */
bool session_token_ready(struct turf *turf, int64_t now_ms);

/* The broker has opened the connection. */
void session_token_accepted(struct turf *turf);

/* The broker has refused the token, if the connection showed one. True: it was the first one to be refused, and the keys are
 * looked at; the next connection may wait for that, for SESSION_TOKEN_WAIT_MS. */
enum { SESSION_TOKEN_WAIT_MS = 60 * 1000 };
bool session_token_refused(struct turf *turf);

/* When the connection, which is up, is to end; INT64_MAX: it stays. */
int64_t session_token_end_ms(struct turf *turf, int64_t now_ms);
void session_token_ended(struct turf *turf);

/* When the handle's thread has ended: ends the fetching, and puts a token back that was not used. */
void session_token_stop(struct turf *turf);

/* ---- session_portion.c ------------------------------------------------------------------------------------------ */

enum { SESSION_NEWS_MS = 5000 }; /* how long a connection waits for the status and the catalogue */

/* For turf_open: reads what the outbox knows of the date. 0 or a fault. */
int session_portion_open(struct turf *turf, struct error *error);

/* The rest is for the handle's thread. The status has this date. */
void session_portion_date(struct turf *turf, uint32_t today);

/* Whether something waits that may go now. */
bool session_portion_due(struct turf *turf);

/* The broker has opened a connection. */
void session_portion_begin(struct turf *turf);

/* Whether the connection, which is up, may send: it knows what it carries, and session_portion_has says of an event whether it is
 * part of that. A connection without a token carries all. */
bool session_portion_ready(struct turf *turf, int64_t now_ms);
bool session_portion_has(struct turf *turf, const struct outbox_entry *entry);

/* Nothing is left of what it carries. */
bool session_portion_is_done(struct turf *turf);

/* For any thread: how many events go later, and the moment from which the next of them may (unix seconds; 0: not planned yet). */
int session_portion_later(struct turf *turf, size_t *n, int64_t *from, struct error *error);

/* ---- session_inbox.c -------------------------------------------------------------------------------------------- */

/* For the handle's thread: handles a message. */
void session_message(struct turf *turf, const struct connection_event *message);

/* Uses the catalogue that the outbox remembers, until another one comes. 0 or a fault. */
int session_load_catalogue(struct turf *turf, struct error *error);

/* ---- session_state.c -------------------------------------------------------------------------------------------- */

/* The moment at which a wait of this length ends; < 0: never. */
int64_t session_deadline_ms(int timeout_ms);

/* How long it is until then: 0 or more. */
int session_left_ms(int64_t until_ms);

/* Both structs hold one text; only their names differ. */
static inline struct error *session_error(struct turf_error *error)
{
	return (struct error *)error;
}

/* Wakes the thread, since there is something new to send. */
void session_wake_to_send(struct turf *turf);

/* Waits until `changes` differs from `seen`: true, or false when the moment has come first. Under `lock`. */
bool session_wait_change(struct turf *turf, uint64_t seen, int64_t until_ms);

/* For the handle's thread: what turf_connection returns from now on. `reason` NULL: the last one stays. */
void session_set_connection(struct turf *turf, enum turf_connection state, const char *reason);

/* For the handle's thread: makes a fault of the outbox the reason of turf_connection. */
void session_show_fault(struct turf *turf, const struct error *error);

/* Copies a struct of the caller of turf.h, whose first member is its size. What that struct does not have becomes 0. 0 or
 * FAULT_INPUT. */
int session_take_sized(void *to, size_t to_bytes, const void *from, size_t from_bytes, const char *name,
		       struct error *error);

/* 0 or FAULT_INPUT. */
int session_check_org(const char *org, struct error *error);

/* ---- turf_catalogue.c ------------------------------------------------------------------------------------------- */

/* The catalogue as turf.h has it, for turf_catalogue_free. Takes what `inner` owns; NULL: no memory, and it does not. */
struct turf_catalogue *turf_catalogue_new(struct catalogue *inner);

/* ---- turf_figures.c --------------------------------------------------------------------------------------------- */

/* Make the figures of turf.h from messages. The bytes come from outside: a text that is missing becomes empty, a number
 * that is missing or below zero becomes 0. NULL: the bytes are no figures, or there is no memory. */
struct turf_summary *turf_figures_summary(const void *json, size_t length);
void turf_figures_free_summary(struct turf_summary *summary);
struct turf_weekly *turf_figures_weekly(const uint8_t *bytes, size_t length); /* free() it */

#endif
