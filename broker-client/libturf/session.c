/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The thread of a handle. It connects, sends, and handles what arrives.
 *
 *   DOWN --the backoff is over--> CONNECTING --CONNACK--> SUBSCRIBING --SUBACKs--> UP
 *   each of them --refused, lost, or no answer in time--> DOWN, with a longer backoff each time
 *
 * Each connection has a new Paho client with a new client id. So a receipt that arrives can only be for what was sent on
 * this connection. Nothing is sent before all subscriptions are answered, because otherwise a receipt could be missed.
 */
#include "broker-client/libturf/turf_impl.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/monotonic.h"

enum {
	LINK_TIMEOUT_MS = 15000, /* for CONNACK and SUBACK; Paho's own timeouts are shorter */
	STABLE_LINK_MS = 10000,  /* a connection that lasted this long makes the next backoff short again */
	FRESH_MIN = 512,         /* this many events are read ahead from the queue */
	LOAD_ENTRIES = 256,
};

/* ---- The connection --------------------------------------------------------------------------------------------- */

static int64_t reconnect_wait_ms(struct turf *turf)
{
	int64_t wait_ms = backoff_ms(turf->reconnect_ms, turf->reconnect_max_ms, turf->connect_attempts);

	turf->random = turf->random * 6364136223846793005 + 1442695040888963407;
	return backoff_spread_ms(wait_ms, (uint32_t)(turf->random >> 33));
}

static void set_link(struct turf *turf, enum link link, int64_t now_ms)
{
	turf->link = link;
	turf->link_since_ms = now_ms;
}

static void lose_link(struct turf *turf, enum turf_connection state, const char *reason, int64_t now_ms)
{
	if (turf->link == LINK_DOWN)
		return;
	if (turf->link == LINK_UP && now_ms - turf->link_since_ms >= STABLE_LINK_MS)
		turf->connect_attempts = 0;
	turf->connect_attempts++;
	set_link(turf, LINK_DOWN, now_ms);
	turf->connect_at_ms = now_ms + reconnect_wait_ms(turf);
	(void)pthread_mutex_lock(&turf->lock);
	sender_lost(&turf->sender, now_ms);
	(void)pthread_mutex_unlock(&turf->lock);
	session_set_connection(turf, state, reason);
}

static void link_down(struct turf *turf, const char *reason, int64_t now_ms)
{
	lose_link(turf, TURF_OFFLINE, reason, now_ms);
}

static void start_connecting(struct turf *turf, int64_t now_ms)
{
	struct error error;

	set_link(turf, LINK_CONNECTING, now_ms);
	turf->reconnect_now = false;
	session_set_connection(turf, TURF_CONNECTING, NULL);
	if (connection_begin(&turf->connection, &error) < 0)
		link_down(turf, error.text, now_ms);
}

static void start_subscribing(struct turf *turf, int64_t now_ms)
{
	char catalogue[TOPIC_BYTES], status[TOPIC_BYTES], receipt[TOPIC_BYTES];
	const char *const filters[] = {catalogue, status, receipt};
	struct error error;
	int rc = 0;

	topic_catalogue(catalogue, turf->org);
	topic_status(status, turf->org);
	topic_receipt(receipt, turf->org, turf->connection.client_id);
	set_link(turf, LINK_SUBSCRIBING, now_ms);
	turf->unanswered = sizeof filters / sizeof *filters;
	for (unsigned i = 0; i < turf->unanswered && rc == 0; i++) /* receipts_token: that of the last one */
		rc = mqtt_async_subscribe(turf->connection.mqtt, filters[i], &turf->receipts_token, &error);
	if (rc < 0)
		link_down(turf, error.text, now_ms);
}

static void link_up(struct turf *turf, int64_t now_ms)
{
	set_link(turf, LINK_UP, now_ms);
	turf->reconnect_now = false;
	turf->loaded = 0;
	turf->rescan_at_ms = now_ms + turf->retry_ms;
	session_set_connection(turf, TURF_ONLINE, "");
}

/* A connection with a token ends when there is nothing left to send; the next one begins when there is. */
static void end_link(struct turf *turf, int64_t now_ms)
{
	connection_end(&turf->connection);
	link_down(turf, "", now_ms);
	session_token_ended(turf);
	turf->connect_attempts = 0;
	turf->connect_at_ms = now_ms;
}

static void connect_failed(struct turf *turf, const struct connection_event *event, int64_t now_ms)
{
	if (login_is_refusal(event) && session_token_refused(turf)) {
		lose_link(turf, TURF_CONNECTING, (const char *)event->bytes, now_ms);
		turf->connect_at_ms = now_ms + SESSION_TOKEN_WAIT_MS;
	} else {
		link_down(turf, (const char *)event->bytes, now_ms);
	}
}

static void handle_event(struct turf *turf, const struct connection_event *event, int64_t now_ms)
{
	switch (event->kind) {
	case MQTT_EVENT_CONNECTED:
		if (turf->link == LINK_CONNECTING) {
			session_token_accepted(turf);
			start_subscribing(turf, now_ms);
		}
		break;
	case MQTT_EVENT_SUBSCRIBED:
		if (turf->link == LINK_SUBSCRIBING && event->length > 0 && event->token == turf->receipts_token)
			link_down(turf, (const char *)event->bytes, now_ms);
		else if (turf->link == LINK_SUBSCRIBING && --turf->unanswered == 0)
			link_up(turf, now_ms);
		break;
	case MQTT_EVENT_CONNECT_FAILED:
		connect_failed(turf, event, now_ms);
		break;
	case MQTT_EVENT_LOST:
		link_down(turf, (const char *)event->bytes, now_ms);
		break;
	case MQTT_EVENT_MESSAGE:
		session_message(turf, event);
		break;
	}
}

/* ---- Sending ---------------------------------------------------------------------------------------------------- */

/* Keeps those that this connection carries. */
static size_t keep_carried(struct turf *turf, struct outbox_entry *entries, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (session_portion_has(turf, &entries[i]))
			entries[kept++] = entries[i];
	return kept;
}

/* Reads on in the queue until the sender has enough to choose from. */
static void read_queue(struct turf *turf)
{
	struct outbox_entry entries[LOAD_ENTRIES];
	struct error error;
	uint64_t before;
	size_t n;

	do {
		before = turf->loaded;
		if (sender_fresh(&turf->sender) >= FRESH_MIN)
			return;
		if (outbox_load(turf->outbox, before, entries, LOAD_ENTRIES, &n, &turf->loaded, &error) < 0) {
			session_show_fault(turf, &error);
			return;
		}
		n = keep_carried(turf, entries, n);
		(void)pthread_mutex_lock(&turf->lock);
		for (size_t i = 0; i < n; i++) {
			const struct outbox_entry *entry = &entries[i];

			if (sender_add(&turf->sender, entry->seq, &entry->event.id, entry->event.act, entry->team) == 0)
				continue;
			turf->loaded = entry->seq - 1; /* no memory: read it again later */
			before = turf->loaded;
			break;
		}
		(void)pthread_mutex_unlock(&turf->lock);
	} while (turf->loaded != before);
}

/* Reads the events of the batch from the outbox. Those that it no longer has are removed from the sender. */
static size_t read_batch(struct turf *turf, const struct sender_batch *batch,
			 struct event events[static SUBMISSION_EVENTS_MAX])
{
	struct outbox_entry entries[SUBMISSION_EVENTS_MAX];
	struct error error;
	size_t n = 0;

	if (outbox_get(turf->outbox, batch->seqs, batch->n, entries, &error) < 0) {
		session_show_fault(turf, &error);
		return 0; /* the slot times out, and they are sent again */
	}
	(void)pthread_mutex_lock(&turf->lock);
	for (size_t i = 0; i < batch->n; i++) {
		struct sender_entry *gone = entries[i].seq == 0 ? sender_find(&turf->sender, batch->seqs[i]) : NULL;

		if (entries[i].seq != 0)
			events[n++] = entries[i].event;
		else if (gone)
			sender_done(&turf->sender, gone);
	}
	(void)pthread_mutex_unlock(&turf->lock);
	return n;
}

static int send_batch(struct turf *turf, const struct sender_batch *batch, struct error *error)
{
	struct event events[SUBMISSION_EVENTS_MAX];
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	char topic[TOPIC_BYTES];
	size_t n = read_batch(turf, batch, events);
	size_t length;

	if (n == 0)
		return 0;
	topic_registration(topic, turf->org, batch->team);
	length = submission_encode(events, n, turf->connection.client_id, bytes, sizeof bytes);
	return mqtt_async_publish(turf->connection.mqtt, topic, bytes, length, error);
}

static void send_due(struct turf *turf, int64_t now_ms)
{
	struct sender_batch batch;
	struct error error;
	bool some;

	if (!session_portion_ready(turf, now_ms))
		return;
	if (now_ms >=
	    turf->rescan_at_ms) { /* another process may have changed the queue, or a commit that reported a fault */
		turf->rescan_at_ms = now_ms + turf->retry_ms;
		turf->loaded = 0;
		session_set_connection(turf, TURF_ONLINE, NULL);
	}
	for (;;) {
		read_queue(turf);
		(void)pthread_mutex_lock(&turf->lock);
		sender_expire(&turf->sender, now_ms);
		some = sender_next(&turf->sender, now_ms, &batch);
		(void)pthread_mutex_unlock(&turf->lock);
		if (!some)
			return;
		if (send_batch(turf, &batch, &error) < 0) {
			link_down(turf, error.text, now_ms);
			return;
		}
	}
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

static int64_t wake_ms(struct turf *turf, int64_t now_ms)
{
	int64_t wake, end_ms;

	if (turf->link == LINK_DOWN)
		return turf->connect_at_ms;
	if (turf->link != LINK_UP)
		return turf->link_since_ms + LINK_TIMEOUT_MS;
	wake = sender_wake_ms(&turf->sender, now_ms);
	end_ms = session_token_end_ms(turf, now_ms);
	if (end_ms < wake)
		wake = end_ms;
	return wake < turf->rescan_at_ms ? wake : turf->rescan_at_ms;
}

static void do_what_is_due(struct turf *turf, bool send_asked, bool reconnect_asked)
{
	int64_t now_ms = monotonic_ms();

	if ((turf->link == LINK_CONNECTING || turf->link == LINK_SUBSCRIBING) &&
	    now_ms >= turf->link_since_ms + LINK_TIMEOUT_MS)
		link_down(turf, "the broker does not answer", now_ms);
	if (reconnect_asked && turf->link != LINK_UP)
		turf->reconnect_now = true;
	if (turf->link == LINK_DOWN && turf->reconnect_now)
		turf->connect_at_ms = now_ms;
	else if (turf->link == LINK_DOWN && send_asked &&
		 turf->connect_at_ms > turf->link_since_ms + turf->reconnect_ms)
		turf->connect_at_ms = turf->link_since_ms + turf->reconnect_ms;
	if (turf->link == LINK_UP && session_portion_ready(turf, now_ms) &&
	    now_ms >= session_token_end_ms(turf, now_ms))
		end_link(turf, now_ms);
	if (turf->link == LINK_DOWN && now_ms >= turf->connect_at_ms && session_token_ready(turf, now_ms))
		start_connecting(turf, now_ms);
	if (turf->link == LINK_UP)
		send_due(turf, now_ms);
}

static void *run_thread(void *context)
{
	struct turf *turf = context;

	for (;;) {
		bool closing, send_asked, reconnect_asked, event_lost;
		struct connection_event *all;

		(void)connection_wait(&turf->connection, -1, wake_ms(turf, monotonic_ms()));
		(void)pthread_mutex_lock(&turf->lock);
		closing = turf->closing;
		send_asked = turf->send_asked;
		reconnect_asked = turf->reconnect_asked;
		turf->send_asked = turf->reconnect_asked = false;
		(void)pthread_mutex_unlock(&turf->lock);
		if (closing)
			return NULL;
		all = connection_take(&turf->connection, &event_lost);
		for (const struct connection_event *each = all; each; each = each->next)
			handle_event(turf, each, monotonic_ms());
		connection_free_events(all);
		if (event_lost)
			link_down(turf, "no memory for an event of the connection", monotonic_ms());
		do_what_is_due(turf, send_asked, reconnect_asked);
	}
}

/* The thread, and Paho's threads that it starts, block all signals: those are for the program's own threads. */
int session_start(struct turf *turf, struct error *error)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_mutex_lock(
		&turf->lock); /* the new thread begins when `thread` is set, which turf_wait compares with its caller */
	rc = pthread_create(&turf->thread, NULL, run_thread, turf);
	turf->has_thread = rc == 0;
	(void)pthread_mutex_unlock(&turf->lock);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : error_set(error, FAULT_SYSTEM, "cannot start a thread: %s", strerror(rc));
}

void session_stop(struct turf *turf)
{
	if (!turf->has_thread)
		return;
	(void)pthread_mutex_lock(&turf->lock);
	turf->closing = true;
	(void)pthread_mutex_unlock(&turf->lock);
	connection_wake(&turf->connection);
	(void)pthread_join(turf->thread, NULL);
	session_token_stop(turf);
}
