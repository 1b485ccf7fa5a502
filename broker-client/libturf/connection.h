/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The connection of a phone or a screen to the broker. It has one client of mqtt_async.h at a time. Paho's thread copies the
 * client's events into a queue, and the owner's thread takes them from there and decides when to connect again.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_CONNECTION_H
#define TURF_BROKER_CLIENT_LIBTURF_CONNECTION_H

#include <pthread.h>

#include "broker-client/libturf/turf.h"
#include "broker-client/mqtt/mqtt_async.h"
#include "proto/message.h"

enum {
	/* The longest messages are figures in JSON: all names of a catalogue, each letter escaped, with a count for each. */
	CONNECTION_MESSAGE_BYTES_MAX = 4 * CATALOGUE_BYTES_MAX,
	/* How many events may wait. Dropped messages come again: receipts after a resend, others when they are
	 * published. */
	CONNECTION_EVENTS_MAX = 4096,
};

/* A copy of struct mqtt_event. */
struct connection_event {
	struct connection_event *next;
	enum mqtt_event_kind kind;
	struct topic topic; /* of a message */
	int token;
	size_t length;
	uint8_t bytes[]; /* the payload of a message, or a reason with its final zero */
};

struct connection {
	struct mqtt_options options; /* the connection owns its strings */
	char client_id[CLIENT_ID_BYTES];
	struct mqtt_async *mqtt;
	int wake_fd; /* can be read when something is in the queue */
	pthread_mutex_t lock;
	/* Under the lock. */
	struct connection_event *first, **end;
	size_t n;
	bool event_lost; /* out of memory: an event was dropped; reconnect to recover */
};

/* Copies what the options say of the broker. 0 or a fault. Call connection_release also after a fault. */
int connection_init(struct connection *connection, const struct turf_options *options, struct error *error);
void connection_release(struct connection *connection);

/* Ends the connection, drops what is in the queue, and starts to connect with a new client id. 0 or a fault. */
int connection_begin(struct connection *connection, struct error *error);

/* Ends the connection, and drops what is in the queue. */
void connection_end(struct connection *connection);

/* Waits until something is in the queue, connection_wake is called, `program_fd` (-1: none) can be read, or `until_ms`
 * has come. True: `program_fd` can be read. */
bool connection_wait(struct connection *connection, int program_fd, int64_t until_ms);
void connection_wake(struct connection *connection);

/* Takes all events out of the queue, linked by `next`. `*event_lost`: others were dropped. */
struct connection_event *connection_take(struct connection *connection, bool *event_lost);

/* A copy on the heap. NULL: the event is too long, or there is no memory. */
struct connection_event *connection_copy_event(const struct mqtt_event *event);
void connection_free_events(struct connection_event *all);

#endif
