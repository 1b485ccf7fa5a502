/* SPDX-License-Identifier: EUPL-1.2 */
/* Signals that a command waits for, as file descriptors. */
#ifndef TURF_BROKER_CLIENT_CLI_SIGNALS_H
#define TURF_BROKER_CLIENT_CLI_SIGNALS_H

#include <stdbool.h>

/* Opens a signalfd(2) for SIGINT and SIGTERM, which end a command, and for SIGWINCH if `resizing`. Blocks these signals
 * from now on, so call it before any thread starts. -1: there is none. */
int signals_open_fd(bool resizing);

/* The next signal that came; 0: none, or `fd` is -1. */
int signals_next(int fd);

#endif
