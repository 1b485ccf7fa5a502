/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A screen's connection: it subscribes, connects again by itself, and hands over what comes, one item at a time, to
 * the thread that asks. Signals that the program waits for arrive in the same way.
 */
#ifndef TURF_BROKER_CLIENT_CLI_LISTENER_H
#define TURF_BROKER_CLIENT_CLI_LISTENER_H

#include "broker-client/cli/cli.h"

struct listener;

enum listener_kind {
	LISTENER_NOTHING, /* not in time */
	LISTENER_UP,      /* the broker has taken the subscriptions */
	LISTENER_DOWN,    /* the connection failed or was lost; `text` says why. It is tried again */
	LISTENER_MESSAGE,
	LISTENER_SIGNAL, /* `signal`: one of the set given to listener_open */
};

/* Valid until the next call. */
struct listener_item {
	enum listener_kind kind;
	const char *text;
	const struct topic *topic;
	const uint8_t *bytes;
	size_t length;
	int signal;
};

/* `signal_fd`: from signalfd(2), or -1. 0 or a fault. */
int listener_open(struct listener **out, const struct cli *cli, int signal_fd, struct error *error);
void listener_close(struct listener *listener);

/* From now on, and after each reconnect, in the place of what this slot had before (which may go on to come until
 * then). */
enum { LISTENER_SLOTS = 4 };
void listener_subscribe(struct listener *listener, unsigned slot, const char *filter);

/* The next item, at latest after timeout_ms (< 0: whenever it comes). */
struct listener_item listener_next(struct listener *listener, int timeout_ms);

/* A signalfd for SIGINT, SIGTERM and SIGWINCH, which are blocked from now on; call it before any thread starts. */
int listener_open_signals(void);

#endif
