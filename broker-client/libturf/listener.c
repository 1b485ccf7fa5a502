/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/listener.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/monotonic.h"

enum { RECONNECT_MS = 500, RECONNECT_MAX_MS = 15000 };

struct listener {
	struct session_access access;
	int64_t reconnect_ms, reconnect_max_ms;
	int event_fd;                              /* can be read when something is in the queue */
	char filters[LISTENER_SLOTS][TOPIC_BYTES]; /* empty: none */
	int tokens[LISTENER_SLOTS];                /* of their subscriptions on this connection */
	struct mqtt_async *mqtt;
	char client_id[CLIENT_ID_BYTES];
	bool connecting, connected;
	int64_t connect_at_ms;
	uint32_t attempts;       /* that failed in a row */
	struct inbound *taken;   /* out of the queue, for the next items */
	struct inbound *current; /* what the last item points into */
	char reason[REASON_BYTES];
	pthread_mutex_t lock;
	/* Under the lock. */
	struct inbound_queue queue;
	bool event_lost; /* out of memory: an event was dropped; reconnect to recover */
};

/* On Paho's thread. */
static void on_event(void *context, const struct mqtt_event *event)
{
	struct listener *listener = context;
	struct inbound *copy = inbound_copy(event);

	(void)pthread_mutex_lock(&listener->lock);
	if (copy)
		inbound_append(&listener->queue, &copy);
	else if (event->kind != MQTT_EVENT_MESSAGE || event->message->length <= INBOUND_BYTES_MAX)
		listener->event_lost = true; /* a longer message is nothing of ours */
	(void)pthread_mutex_unlock(&listener->lock);
	(void)eventfd_write(listener->event_fd, 1);
	free(copy);
}

int listener_open(struct listener **out, const struct turf_options *options, struct error *error)
{
	struct listener *listener = calloc(1, sizeof *listener);
	int rc;

	if (!listener)
		return error_set(error, FAULT_MEMORY, "no memory");
	listener->reconnect_ms = options->reconnect_ms ? options->reconnect_ms : RECONNECT_MS;
	listener->reconnect_max_ms = options->reconnect_max_ms ? options->reconnect_max_ms : RECONNECT_MAX_MS;
	(void)pthread_mutex_init(&listener->lock, NULL);
	(void)inbound_take(&listener->queue);
	listener->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = listener->event_fd < 0 ? error_set(error, FAULT_SYSTEM, "eventfd: %m") : 0;
	if (rc == 0 && !options->broker)
		rc = error_set(error, FAULT_INPUT, "no broker");
	if (rc == 0)
		rc = session_take_access(&listener->access, options, error);
	if (rc < 0) {
		listener_close(listener);
		return rc;
	}
	*out = listener;
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	mqtt_async_close(listener->mqtt);
	inbound_free(inbound_take(&listener->queue));
	inbound_free(listener->taken);
	free(listener->current);
	if (listener->event_fd >= 0)
		(void)close(listener->event_fd);
	(void)pthread_mutex_destroy(&listener->lock);
	session_release_access(&listener->access);
	free(listener);
}

static int connect_again(struct listener *listener, struct error *error)
{
	struct mqtt_async *next;
	int rc = session_open_client(&next, &listener->access, listener->client_id, on_event, listener, error);

	if (rc < 0)
		return rc;
	mqtt_async_close(listener->mqtt);
	listener->mqtt = next;
	(void)pthread_mutex_lock(&listener->lock);
	inbound_free(inbound_take(&listener->queue));
	listener->event_lost = false;
	(void)pthread_mutex_unlock(&listener->lock);
	return mqtt_async_connect(listener->mqtt, error);
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
	return mqtt_async_subscribe(listener->mqtt, listener->filters[slot], &listener->tokens[slot], error);
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

/* The answer to a subscription that another one has taken the place of is nothing. */
static struct listener_item answered(struct listener *listener, const struct inbound *inbound)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};

	listener->attempts = 0;
	while (item.slot < LISTENER_SLOTS && listener->tokens[item.slot] != inbound->token)
		item.slot++;
	if (item.slot == LISTENER_SLOTS)
		return item;
	item.kind = inbound->length > 0 ? LISTENER_REFUSED : LISTENER_UP;
	if (item.kind == LISTENER_UP)
		return item;
	(void)snprintf(listener->reason, sizeof listener->reason, "the broker refuses to let this client read %s",
		       listener->filters[item.slot]);
	item.text = listener->reason;
	return item;
}

/* What an event means to the owner; LISTENER_NOTHING: nothing. */
static struct listener_item item_of(struct listener *listener, const struct inbound *inbound)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};
	struct error error;

	switch (inbound->kind) {
	case MQTT_EVENT_CONNECTED:
		listener->connecting = false;
		listener->connected = true;
		return subscribe_all(listener, &error) < 0 ? down(listener, error.text) : item;
	case MQTT_EVENT_CONNECT_FAILED:
	case MQTT_EVENT_LOST:
		return down(listener, (const char *)inbound->bytes);
	case MQTT_EVENT_SUBSCRIBED:
		return answered(listener, inbound);
	case MQTT_EVENT_MESSAGE:
		item.kind = LISTENER_MESSAGE;
		item.topic = &inbound->topic;
		item.bytes = inbound->bytes;
		item.length = inbound->length;
		return item;
	}
	return item;
}

/* The next event that means something. */
static struct listener_item next_taken(struct listener *listener)
{
	struct listener_item item = {.kind = LISTENER_NOTHING};
	bool event_lost = false;

	if (!listener->taken) {
		(void)pthread_mutex_lock(&listener->lock);
		listener->taken = inbound_take(&listener->queue);
		event_lost = listener->event_lost;
		listener->event_lost = false;
		(void)pthread_mutex_unlock(&listener->lock);
	}
	if (event_lost) { /* what came with it comes again on the next connection */
		inbound_free(listener->taken);
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

/* Until something is there to be taken, or the moment has come. True: wake_fd can be read. */
static bool wait_for_more(struct listener *listener, int wake_fd, int64_t until_ms)
{
	struct pollfd fds[] = {
		{.fd = listener->event_fd, .events = POLLIN},
		{.fd = wake_fd, .events = POLLIN},
	};
	int64_t left = until_ms - monotonic_ms();
	eventfd_t count;
	int n = poll(fds, 2, left < 0 ? 0 : left > INT32_MAX ? -1 : (int)left);

	(void)eventfd_read(listener->event_fd, &count);
	return n > 0 && fds[1].revents != 0;
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
			if (connect_again(listener, &error) < 0)
				return down(listener, error.text);
			idle = false;
		}
		if (wait_for_more(listener, wake_fd,
				  idle && listener->connect_at_ms < until_ms ? listener->connect_at_ms : until_ms)) {
			item.kind = LISTENER_WOKEN;
			return item;
		}
	}
}
