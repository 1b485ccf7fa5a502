/* SPDX-License-Identifier: EUPL-1.2 */
/* A thread that was started may be far ahead of the one that started it. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "tests/fault/lib/seam.h"
#include "tests/fault/lib/seam_impl.h"

static void (*started)(void);

void seam_set_started(void (*call)(void))
{
	started = call;
}

WRAP(int, pthread_sigmask, int how, const sigset_t *set, sigset_t *before)
{
	if (started && !before)
		started();
	return __real_pthread_sigmask(how, set, before);
}

/* No child: its calls would not count here. What a child reads first (base/guard.h) is then read by this process alone. */
WRAP(pid_t, fork, void)
{
	errno = EAGAIN;
	return -1;
}
