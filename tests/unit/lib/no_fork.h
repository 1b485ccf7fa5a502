/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For a test program that opens thousands of stores. turf reads each store in a child process first (base/guard.h). This fork
 * always fails, so the program reads the stores itself: thousands of children would take minutes, and they would hide a crash.
 * Include this header in the program's own file: its fork replaces that of libc.
 */
#ifndef TURF_TESTS_UNIT_LIB_NO_FORK_H
#define TURF_TESTS_UNIT_LIB_NO_FORK_H

#include <errno.h>
#include <unistd.h>

pid_t fork(void)
{
	errno = EAGAIN;
	return -1;
}

#endif
