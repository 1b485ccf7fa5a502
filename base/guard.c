/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/guard.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A crash of the child is a result: it writes no core file, and no handler of the parent's says that the parent crashed. */
static void prepare_to_crash(void)
{
	static const int crashes[] = {SIGBUS, SIGSEGV, SIGABRT};
	const struct sigaction action = {.sa_handler = SIG_DFL};

	for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
		(void)sigaction(crashes[i], &action, NULL);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int guard_run(bool (*read)(void *context), void *context, bool *sound)
{
	pid_t child = fork();
	int status = 0;

	*sound = false;
	if (child < 0)
		return 0;
	if (child == 0) {
		prepare_to_crash();
		_exit(read(context) ? 0 : 1);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	*sound = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
