/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Looks a host's name up on a thread of its own: getaddrinfo blocks for up to a minute when no name server answers, and
 * cannot be told to stop.
 */
#ifndef TURF_BROKER_CLIENT_MQTT_LOOKUP_H
#define TURF_BROKER_CLIENT_MQTT_LOOKUP_H

#include <stdbool.h>

#include "base/error.h"

struct lookup;

/* Runs on the lookup's thread and must be short. `address`: a number, IPv6 in brackets, to connect to; NULL: there is none,
 * and `failure` says why. Both last as long as the call. */
typedef void lookup_done(void *context, const char *address, const char *failure);

/* `*slot` is this lookup until it is over, then NULL again; no one but these two functions may read or write it. `done`
 * is called once, unless lookup_abandon comes first; it may take a lock of the owner's only if the owner never holds
 * that lock while calling in here. 0, FAULT_MEMORY or FAULT_SYSTEM. */
int lookup_start(struct lookup **slot, const char *host, lookup_done *done, void *context, struct error *error);

/* When this returns, `done` does not run and is not called any more. Nobody waits for the resolver: its thread frees what
 * is left. An empty slot is fine. */
void lookup_abandon(struct lookup **slot);

/* Whether `host` is an IPv4 address, or an IPv6 address in brackets, so that there is nothing to look up. */
bool lookup_is_address(const char *host);

#endif
