/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The last log line of a turfd that a signal ends: it says whether the store may be damaged, or who sent the signal.
 */
#ifndef TURF_AGGREGATOR_DAEMON_CRASH_H
#define TURF_AGGREGATOR_DAEMON_CRASH_H

/* From now on SIGSEGV, SIGBUS and SIGABRT are logged before they end the process. The line tells these causes apart:
 * the process itself (LMDB trusts its pages, so damage there ends it; its assertions end in SIGABRT); the service
 * manager's watchdog, which sends SIGABRT; any other process. A signal that has a handler already keeps it: a
 * sanitizer's report says more. */
void crash_log_signals(void);

#endif
