/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfd as a service: the signals that it gets, what it tells the service manager, and its last log line when a signal
 * ends it.
 */
#ifndef TURF_AGGREGATOR_DAEMON_SERVICE_H
#define TURF_AGGREGATOR_DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* ---- Signals as events that the daemon reads between its turns ------------------------------------- */

/* Blocks SIGTERM, SIGINT and SIGHUP, and makes them readable. Ignores SIGPIPE and SIGXFSZ: a peer that is gone and a file
 * that may not grow are errors of the call that meets them. */
int service_open_signals(int *fd, struct error *error);

/* Waits until a signal has arrived, for at most `wait_ms`. */
void service_wait(int fd, int wait_ms);

/* Reads all signals that have arrived. Sets `*stop` after SIGTERM or SIGINT, `*reload` after SIGHUP. */
void service_read_signals(int fd, bool *stop, bool *reload);

/* ---- The service manager, as sd_notify(3) describes it ---------------------------------------------- */

/* Sends "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..." to the socket that $NOTIFY_SOCKET names, if there is one.
 * Ignores failures. */
void service_notify(const char *state);

/* Half of the time within which the manager wants WATCHDOG=1, in ms; 0: it wants none. */
uint64_t service_watchdog_ms(void);

/* ---- Signals that end turfd ------------------------------------------------------------------------- */

/* From now on SIGSEGV, SIGBUS and SIGABRT are logged before they end the process. The line says whether the store may be
 * damaged. It tells these causes apart: the process itself (LMDB trusts its pages, so damage there ends it; its assertions end
 * in SIGABRT); the service manager's watchdog, which sends SIGABRT; any other process. A signal that has a handler already
 * keeps it: a sanitizer's report says more. */
void service_log_crashes(void);

#endif
