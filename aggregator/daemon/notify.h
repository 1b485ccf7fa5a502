/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The service manager's notification socket, as sd_notify(3) describes it: one datagram of VARIABLE=VALUE lines to
 * the socket that $NOTIFY_SOCKET names. Without that variable nothing happens.
 */
#ifndef TURF_AGGREGATOR_DAEMON_NOTIFY_H
#define TURF_AGGREGATOR_DAEMON_NOTIFY_H

#include <stdint.h>

/* "READY=1", "WATCHDOG=1", "STOPPING=1", "RELOADING=1", "STATUS=...". Failures are of no consequence to the caller. */
void notify_manager(const char *state);

/* Half of the time within which the manager wants WATCHDOG=1, in ms; 0: it wants none. */
uint64_t notify_watchdog_ms(void);

#endif
