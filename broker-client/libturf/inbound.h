/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Events of mqtt_async, copied on Paho's thread and handled on another thread.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_INBOUND_H
#define TURF_BROKER_CLIENT_LIBTURF_INBOUND_H

#include "broker-client/mqtt/mqtt_async.h"
#include "proto/message.h"

enum {
	/* The longest messages are figures in JSON: all names of a catalogue, each letter escaped, with a count for each. */
	INBOUND_BYTES_MAX = 4 * CATALOGUE_BYTES_MAX,
	INBOUND_MAX =
		4096, /* messages; those that are dropped are sent again: receipts after a resend, others when they are published */
};

struct inbound {
	struct inbound *next;
	enum mqtt_event_kind kind;
	struct topic topic; /* a message's */
	int token;
	size_t length;
	uint8_t bytes[]; /* a message's payload, or a reason with its zero */
};

/* First in, first out; the owner's lock guards it. inbound_take makes a zeroed one ready. */
struct inbound_queue {
	struct inbound *first, **end;
	size_t n;
};

/* A heap copy, for free(); NULL when it is too long or there is no memory. */
struct inbound *inbound_copy(const struct mqtt_event *event);

/* Takes `*copy`, unless it is a message and the queue is full. */
void inbound_append(struct inbound_queue *queue, struct inbound **copy);

/* Gives all that is in the queue, linked by `next`, to the caller. */
struct inbound *inbound_take(struct inbound_queue *queue);
void inbound_free(struct inbound *all);

#endif
