/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The inbox: registrations that have arrived and are not yet on disk. It takes everything that is there, up to a
 * limit, and keeps it until the transaction that counts it has committed.
 *
 * It keeps copies: Paho looks up every allocation of its own in a tree, which a thousand messages that it must
 * remember make half as fast again. Large and retained messages are rare, and stay in Paho's memory.
 */
#ifndef TURF_AGGREGATOR_DAEMON_INBOX_H
#define TURF_AGGREGATOR_DAEMON_INBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "broker-client/mqtt/mqtt.h"
#include "proto/topic.h"

enum { INBOX_BYTES_MAX = 4 << 20 }; /* of payload: bounds memory whatever the messages' size */

struct inbox_message {
	struct mqtt_message mqtt;
	char team[SLUG_BYTES]; /* from the topic; empty: it cannot be a team */
};

struct inbox {
	struct inbox_message *messages;
	size_t n, capacity;
	size_t bytes;    /* of payload, in all */
	uint8_t *copies; /* of payloads, one after the other */
	size_t copied;
};

int inbox_init(struct inbox *inbox, size_t capacity, struct error *error);
void inbox_release(struct inbox *inbox);

bool inbox_full(const struct inbox *inbox);

/* Takes `message` (*message is cleared); of a copied one payload, length and QoS are kept. The inbox must not be full. */
void inbox_put(struct inbox *inbox, struct mqtt_message *message, const char *team);

/* Gives all messages back to the MQTT library. */
void inbox_clear(struct inbox *inbox);

#endif
