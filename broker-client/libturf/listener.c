/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/listener.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/backoff.h"
#include "base/monotonic.h"
#include "broker-client/libturf/token_buyer.h"

enum { RECONNECT_MS = 500, RECONNECT_MAX_MS = 15000 };

struct listener {
	struct connection connection;
	struct outbox *outbox; /* with the tokens; NULL: none are used */
	struct login login;
	int64_t reconnect_ms, reconnect_max_ms;
	char filters[LISTENER_SLOTS][TOPIC_BYTES]; /* empty: none */
	int tokens[LISTENER_SLOTS];                /* of their subscriptions on this connection */
	bool connecting, connected;
	int64_t connect_at_ms;
	uint32_t attempts;                /* to connect, that failed in a row */
	struct connection_event *taken;   /* from the queue, for the next items */
	struct connection_event *current; /* the event into which the last item points */
	char reason[REASON_BYTES];
};

int listener_open(struct listener **out, const struct turf_options *options, struct error *error)
{
	struct listener *listener = calloc(1, sizeof *listener);
	int rc;

	if (!listener)
		return error_set(error, FAULT_MEMORY, "no memory");
	listener->reconnect_ms = options->reconnect_ms ? options->reconnect_ms : RECONNECT_MS;
	listener->reconnect_max_ms = options->reconnect_max_ms ? options->reconnect_max_ms : RECONNECT_MAX_MS;
	rc = connection_init(&listener->connection, options, error);
	if (rc == 0 && !options->broker)
		rc = error_set(error, FAULT_INPUT, "no broker");
	if (rc < 0)
		listener_close(listener);
	else
		*out = listener;
	return rc;
}

/* The token that is taken to look goes back at once. */
static int fetch_if_none(struct listener *listener, const struct turf_options *options, struct error *error)
{
	const struct token_buyer buyer = {.ca_file = options->ca_file, .send = http_send};
	int64_t now = (int64_t)time(NULL);
	struct token_store_token token;
	int rc = token_store_take(listener->outbox, now, &token, error);

	if (rc == 0)
		rc = token_store_give_back(listener->outbox, &token, false, error);
	else if (rc == TOKEN_STORE_NONE)
		rc = token_buyer_fetch(&buyer, listener->outbox, options->org, now, error);
	return rc > 0 ? FAULT_BROKER : rc;
}

int listener_use_tokens(struct listener *listener, const struct turf_options *options, struct error *error)
{
	char org[SLUG_BYTES];

	if (!options->outbox || outbox_org(options->outbox, org) != 0 ||
	    outbox_open(&listener->outbox, options->outbox, options->org, NULL) < 0)
		return 0;
	if (login_use(&listener->login, &listener->connection, listener->outbox))
		return fetch_if_none(listener, options, error);
	outbox_close(listener->outbox);
	listener->outbox = NULL;
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->outbox)
		login_release(&listener->login, &listener->connection, listener->outbox);
	connection_release(&listener->connection);
	outbox_close(listener->outbox);
	connection_free_events(listener->taken);
	free(listener->current);
	free(listener);
}

static struct listener_item down(struct listener *listener, const char *reason)
{
	listener->connecting = listener->connected = false;
	listener->attempts++;
	listener->connect_at_ms =
		monotonic_ms() + backoff_ms(listener->reconnect_ms, listener->reconnect_max_ms, listener->attempts);
	(void)snprintf(listener->reason, sizeof listener->reason, "%.*s", (int)sizeof listener->reason - 1, reason);
	return (struct listener_item){.kind = LISTENER_DOWN, .text = listener->reason};
}

static int subscribe(struct listener *listener, unsigned slot, struct error *error)
{
	return mqtt_async_subscribe(listener->connection.mqtt, listener->filters[slot], &listener->tokens[slot], error);
}

static int subscribe_all(struct listener *listener, struct error *error)
{
	int rc = 0;

	for (unsigned slot = 0; slot < LISTENER_SLOTS && rc == 0; slot++)
		if (*listener->filters[slot])
			rc = subscribe(listener, slot, error);
	return rc;
}

/* What cannot be subscribed to now, since the connection is lost and that was not yet taken in, is on the next one. */
void listener_subscribe(struct listener *listener, unsigned slot, const char *filter)
{
	struct error error;

	assert(slot < LISTENER_SLOTS && strlen(filter) < TOPIC_BYTES);
	memcpy(listener->filters[slot], filter, strlen(filter) + 1);
	if (listener->connected && subscribe(listener, slot, &error) < 0)
		(void)down(listener, error.text);
}

/* The broker has answered a subscription. Ignores the answer if another subscription has replaced this one. */
static struct listener_item answered(struct listener *listener, const struct connection_event *event)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};

	listener->attempts = 0;
	while (item.slot < LISTENER_SLOTS && listener->tokens[item.slot] != event->token)
		item.slot++;
	if (item.slot == LISTENER_SLOTS)
		return item;
	item.kind = event->length > 0 ? LISTENER_REFUSED : LISTENER_UP;
	if (item.kind == LISTENER_UP)
		return item;
	(void)snprintf(listener->reason, sizeof listener->reason, "the broker refuses to let this client read %s",
		       listener->filters[item.slot]);
	item.text = listener->reason;
	return item;
}

/* What an event means to the owner; LISTENER_NOTHING: nothing. */
static struct listener_item item_of(struct listener *listener, const struct connection_event *event)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};
	struct error error;

	switch (event->kind) {
	case MQTT_EVENT_CONNECTED:
		listener->connecting = false;
		listener->connected = true;
		login_accepted(&listener->login, listener->outbox);
		return subscribe_all(listener, &error) < 0 ? down(listener, error.text) : item;
	case MQTT_EVENT_CONNECT_FAILED:
		if (login_is_refusal(event))
			login_give_back(&listener->login, listener->outbox, true);
		return down(listener, (const char *)event->bytes);
	case MQTT_EVENT_LOST:
		return down(listener, (const char *)event->bytes);
	case MQTT_EVENT_SUBSCRIBED:
		return answered(listener, event);
	case MQTT_EVENT_MESSAGE:
		item.kind = LISTENER_MESSAGE;
		item.topic = &event->topic;
		item.bytes = event->bytes;
		item.length = event->length;
		return item;
	}
	return item;
}

/* The next event that means something. */
static struct listener_item next_taken(struct listener *listener)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};
	bool event_lost = false;

	if (!listener->taken)
		listener->taken = connection_take(&listener->connection, &event_lost);
	if (event_lost) { /* what came with it comes again on the next connection */
		connection_free_events(listener->taken);
		listener->taken = NULL;
		return down(listener, "no memory for an event of the connection");
	}
	while (listener->taken && item.kind == LISTENER_NOTHING) {
		free(listener->current);
		listener->current = listener->taken;
		listener->taken = listener->current->next;
		item = item_of(listener, listener->current);
	}
	return item;
}

static int begin(struct listener *listener, struct error *error)
{
	int rc = 0;

	if (listener->login.used)
		rc = login_take(&listener->login, &listener->connection, listener->outbox, error);
	if (rc == TOKEN_STORE_NONE)
		rc = error_set(error, FAULT_BROKER, "no token is left");
	return rc < 0 ? rc : connection_begin(&listener->connection, error);
}

struct listener_item listener_next(struct listener *listener, int wake_fd, int timeout_ms)
{
	int64_t until_ms = timeout_ms < 0 ? INT64_MAX : monotonic_ms() + timeout_ms;
	struct listener_item item;
	struct error error;

	for (;;) {
		int64_t now_ms = monotonic_ms();
		bool idle = !listener->connecting && !listener->connected;

		item = next_taken(listener);
		if (item.kind != LISTENER_NOTHING || now_ms >= until_ms)
			return item;
		if (idle && now_ms >= listener->connect_at_ms) {
			listener->connecting = true;
			if (begin(listener, &error) < 0)
				return down(listener, error.text);
			idle = false;
		}
		if (connection_wait(&listener->connection, wake_fd,
				    idle && listener->connect_at_ms < until_ms ? listener->connect_at_ms : until_ms)) {
			item.kind = LISTENER_WOKEN;
			return item;
		}
	}
}
