/* SPDX-License-Identifier: EUPL-1.2 */
/* Signals that a command waits for, as file descriptors. */
#include "broker-client/cli/cli.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open_fd(bool resizing)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (resizing)
		(void)sigaddset(&set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_next(int fd)
{
	struct signalfd_siginfo signal;

	return fd >= 0 && read(fd, &signal, sizeof signal) == (ssize_t)sizeof signal ? (int)signal.ssi_signo : 0;
}
