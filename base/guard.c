/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

static const int guarded[] = {SIGBUS, SIGSEGV, SIGABRT};

enum { GUARDED = sizeof guarded / sizeof guarded[0] };

/* A signal handler has no other way to find its way back. The innermost guard's. */
static sigjmp_buf way_back;

static void leave(int number)
{
	siglongjmp(way_back, number);
}

int guard_run(void (*read)(void *context), void *context)
{
	struct sigaction action = {.sa_handler = leave}, before[GUARDED];
	sigjmp_buf outer;
	int number;

	memcpy(&outer, &way_back, sizeof outer);
	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < GUARDED; i++)
		(void)sigaction(guarded[i], &action, &before[i]);
	number = sigsetjmp(way_back, 1);
	if (number == 0)
		read(context);
	for (size_t i = 0; i < GUARDED; i++)
		(void)sigaction(guarded[i], &before[i], NULL);
	memcpy(&way_back, &outer, sizeof way_back);
	return number;
}
