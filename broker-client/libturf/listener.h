/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A screen's connection: it subscribes, connects again by itself, and gives what comes, one item at a time, to the thread
 * that asks.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_LISTENER_H
#define TURF_BROKER_CLIENT_LIBTURF_LISTENER_H

#include "broker-client/libturf/turf_impl.h"

struct listener;

enum listener_kind {
	LISTENER_NOTHING, /* the time passed */
	LISTENER_UP,      /* the broker has accepted a subscription */
	LISTENER_REFUSED, /* the broker has refused a subscription: `text` says so, `slot` is its slot */
	LISTENER_DOWN,    /* the connection failed or was lost; `text` says why. The listener connects again */
	LISTENER_MESSAGE,
	LISTENER_WOKEN, /* wake_fd can be read */
};

/* Valid until the next call. */
struct listener_item {
	enum listener_kind kind;
	const char *text;
	unsigned slot;
	const struct topic *topic;
	const uint8_t *bytes;
	size_t length;
};

/* With the options of the connection, which are copied. 0 or a fault. */
int listener_open(struct listener **out, const struct turf_options *options, struct error *error);
void listener_close(struct listener *listener);

/* Subscribes from now on, and after each reconnect, in the place of what this slot had before. Messages for that may still
 * come until the next reconnect. */
enum { LISTENER_SLOTS = 4 };
void listener_subscribe(struct listener *listener, unsigned slot, const char *filter);

/* The next item, after timeout_ms at the latest (< 0: without end). `wake_fd`: -1 for none. */
struct listener_item listener_next(struct listener *listener, int wake_fd, int timeout_ms);

#endif
