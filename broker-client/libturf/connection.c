/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/monotonic.h"

/* ---- Events ----------------------------------------------------------------------------------------------------- */

struct connection_event *connection_copy_event(const struct mqtt_event *event)
{
	const void *bytes = event->message ? (const void *)event->message->payload : event->reason;
	size_t length = event->message ? event->message->length : event->reason ? strlen(event->reason) + 1 : 0;
	struct connection_event *copy;

	if (length > CONNECTION_MESSAGE_BYTES_MAX)
		return NULL;
	copy = calloc(1, sizeof *copy + length + 1);
	if (!copy)
		return NULL;
	copy->kind = event->kind;
	copy->token = event->token;
	copy->length = length;
	if (length > 0)
		memcpy(copy->bytes, bytes, length);
	if (event->message)
		(void)topic_parse(event->message->topic, event->message->topic_length, &copy->topic);
	return copy;
}

void connection_free_events(struct connection_event *all)
{
	while (all) {
		struct connection_event *next = all->next;

		free(all);
		all = next;
	}
}

/* Runs on Paho's thread. Drops a message that is too long, because turf sends none, and one for which there is no room,
 * because it comes again. */
static void on_event(void *context, const struct mqtt_event *event)
{
	struct connection *connection = context;
	struct connection_event *copy = connection_copy_event(event);
	bool is_message = event->kind == MQTT_EVENT_MESSAGE;

	(void)pthread_mutex_lock(&connection->lock);
	if (copy && (connection->n < CONNECTION_EVENTS_MAX || !is_message)) {
		*connection->end = copy;
		connection->end = &copy->next;
		connection->n++;
		copy = NULL;
	} else if (!copy && !(is_message && event->message->length > CONNECTION_MESSAGE_BYTES_MAX)) {
		connection->event_lost = true;
	}
	(void)pthread_mutex_unlock(&connection->lock);
	connection_wake(connection);
	free(copy);
}

struct connection_event *connection_take(struct connection *connection, bool *event_lost)
{
	struct connection_event *first;

	(void)pthread_mutex_lock(&connection->lock);
	first = connection->first;
	connection->first = NULL;
	connection->end = &connection->first;
	connection->n = 0;
	*event_lost = connection->event_lost;
	connection->event_lost = false;
	(void)pthread_mutex_unlock(&connection->lock);
	return first;
}

bool connection_wait(struct connection *connection, int program_fd, int64_t until_ms)
{
	struct pollfd fds[] = {
		{.fd = connection->wake_fd, .events = POLLIN},
		{.fd = program_fd, .events = POLLIN},
	};
	int64_t left_ms = until_ms - monotonic_ms();
	eventfd_t count;
	int n = poll(fds, 2, left_ms < 0 ? 0 : left_ms > INT32_MAX ? -1 : (int)left_ms);

	(void)eventfd_read(connection->wake_fd, &count);
	return n > 0 && fds[1].revents != 0;
}

void connection_wake(struct connection *connection)
{
	(void)eventfd_write(connection->wake_fd, 1);
}

/* ---- The client ------------------------------------------------------------------------------------------------- */

static int new_client_id(char id[static CLIENT_ID_BYTES], struct error *error)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	uint8_t bytes[CLIENT_ID_CHARS];

	if (random_bytes(bytes, sizeof bytes) != 0)
		return error_set(error, FAULT_SYSTEM, "no random bytes: %s", strerror(errno));
	for (size_t i = 0; i < CLIENT_ID_CHARS; i++)
		id[i] = alphabet[bytes[i] & 63];
	id[CLIENT_ID_CHARS] = '\0';
	return 0;
}

int connection_init(struct connection *connection, const struct turf_options *options, struct error *error)
{
	const struct mqtt_options asked = {
		.broker = options->broker,
		.client_id = "drawn for each connection",
		.user = options->user,
		.password = options->password,
		.ca_file = options->ca_file,
	};
	int rc = mqtt_check_options(&asked, error);

	(void)pthread_mutex_init(&connection->lock, NULL);
	connection->end = &connection->first;
	connection->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rc == 0 && connection->wake_fd < 0)
		rc = error_set(error, FAULT_SYSTEM, "eventfd: %m");
	if (rc == 0)
		rc = mqtt_copy_options(&connection->options, &asked, error);
	connection->options.client_id = connection->client_id;
	return rc;
}

void connection_release(struct connection *connection)
{
	mqtt_async_close(connection->mqtt);
	connection_free_events(connection->first);
	if (connection->wake_fd >= 0)
		(void)close(connection->wake_fd);
	(void)pthread_mutex_destroy(&connection->lock);
	mqtt_release_options(&connection->options);
}

/* The next client is made before the last one is destroyed, because Paho's threads end with the last client. */
int connection_begin(struct connection *connection, struct error *error)
{
	struct mqtt_async *next;
	bool event_lost;
	int rc = new_client_id(connection->client_id, error);

	if (rc == 0)
		rc = mqtt_async_open(&next, &connection->options, on_event, connection, error);
	if (rc < 0)
		return rc;
	mqtt_async_close(connection->mqtt);
	connection->mqtt = next;
	connection_free_events(connection_take(connection, &event_lost));
	return mqtt_async_connect(connection->mqtt, error);
}

void connection_end(struct connection *connection)
{
	bool event_lost;

	mqtt_async_close(connection->mqtt);
	connection->mqtt = NULL;
	connection_free_events(connection_take(connection, &event_lost));
}
