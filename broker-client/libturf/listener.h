/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A screen's connection: it subscribes, connects again by itself, and gives what comes, one item at a time, to the thread
 * that asks.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_LISTENER_H
#define TURF_BROKER_CLIENT_LIBTURF_LISTENER_H

#include "broker-client/libturf/turf_impl.h"

struct listener;

/* The numbers are those of turf.h, so that no table is needed to convert them. */
enum listener_kind {
	LISTENER_NOTHING = TURF_NEWS_NONE,    /* the time passed */
	LISTENER_UP = TURF_NEWS_ONLINE,       /* the broker has accepted a subscription */
	LISTENER_DOWN = TURF_NEWS_OFFLINE,    /* failed or lost; `text` says why. The listener connects again */
	LISTENER_WOKEN = TURF_NEWS_WOKEN,     /* wake_fd can be read */
	LISTENER_REFUSED = TURF_NEWS_REFUSED, /* the broker has refused the subscription of `slot`, as `text` says */
	LISTENER_MESSAGE,
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

/* Shows tokens of the outbox in the options from now on, if it has joined their org and no handle of this process has it open.
 * Fetches some if there are none. 0 or a fault: there are none. */
int listener_use_tokens(struct listener *listener, const struct turf_options *options, struct error *error);

/* Subscribes from now on, and after each reconnect, in the place of what this slot had before. Messages for the
 * earlier filter may still come until the next reconnect. The slot is the kind of news that the filter brings, from
 * TURF_NEWS_STATUS to TURF_NEWS_WEEKLY. */
enum { LISTENER_SLOTS = TURF_NEWS_WEEKLY + 1 };
void listener_subscribe(struct listener *listener, unsigned slot, const char *filter);

/* The next item, after timeout_ms at the latest (< 0: without end). `wake_fd`: -1 for none. */
struct listener_item listener_next(struct listener *listener, int wake_fd, int timeout_ms);

#endif
