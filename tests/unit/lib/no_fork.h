/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For a test program that opens thousands of stores, none of them damaged: no child process reads them first (base/guard.h), as
 * where there is no memory for one. Children would take minutes, and a crash must end the program, not a child. Include it in
 * the program's own file: its fork takes the place of libc's.
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
