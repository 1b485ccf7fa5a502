/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading what may be damaged: LMDB trusts its pages, so a damaged one can make it read outside the file (SIGBUS,
 * SIGSEGV) or abort. Under guard this ends the reading, not the process.
 */
#ifndef TURF_BASE_GUARD_H
#define TURF_BASE_GUARD_H

/* Calls `read(context)`. 0, or the number of the signal that ended it. What `read` had taken stays taken: the
 * environment it used is good for closing only. One thread of a process at a time. */
int guard_run(void (*read)(void *context), void *context);

#endif
