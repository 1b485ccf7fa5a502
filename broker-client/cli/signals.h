/* SPDX-License-Identifier: EUPL-1.2 */
/* Signals that a command waits for, as file descriptors. */
#ifndef TURF_BROKER_CLIENT_CLI_SIGNALS_H
#define TURF_BROKER_CLIENT_CLI_SIGNALS_H

/* A signalfd(2) for SIGINT, SIGTERM and SIGWINCH, which are blocked from now on; call it before any thread starts. -1: there
 * is none. */
int signals_open_all(void);

/* Another one of only those that end a command. */
int signals_open_ending(void);

/* The next signal that came; 0: none, or `fd` is -1. */
int signals_next(int fd);

#endif
