/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading what may be damaged: LMDB trusts its pages, so a damaged one can make it read outside the file (SIGBUS,
 * SIGSEGV) or abort. A child process, which may crash, reads it first.
 */
#ifndef TURF_BASE_GUARD_H
#define TURF_BASE_GUARD_H

#include <stdbool.h>

/*
 * Runs `read(context)` in a child process. Returns the number of the signal that ended it, or 0. `sound`: what `read` returned;
 * false after a signal, and when no child could be made. Nothing else that it does reaches this process. It may use a read
 * transaction of this process, but not end it, nor begin another one in the same environment.
 */
int guard_run(bool (*read)(void *context), void *context, bool *sound);

#endif
