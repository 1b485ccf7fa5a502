/* SPDX-License-Identifier: EUPL-1.2 */
/* Signals as events that the daemon reads between its turns. */
#ifndef TURF_AGGREGATOR_DAEMON_SIGNALS_H
#define TURF_AGGREGATOR_DAEMON_SIGNALS_H

#include <stdbool.h>

#include "base/error.h"

/* Blocks SIGTERM, SIGINT and SIGHUP, and makes them readable. Ignores SIGPIPE and SIGXFSZ: a peer that is gone and a file
 * that may not grow are errors of the call that meets them. */
int signals_open(int *fd, struct error *error);

/* Waits for one. */
void signals_wait(int fd, int wait_ms);

/* Takes all that have arrived: sets `*stop` after SIGTERM or SIGINT, `*reload` after SIGHUP. */
void signals_read(int fd, bool *stop, bool *reload);

#endif
