/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(int *fd, struct error *error)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return error_set(error, FAULT_SYSTEM, "blocking signals: %s", strerror(errno));
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd < 0)
		return error_set(error, FAULT_SYSTEM, "signalfd: %s", strerror(errno));
	return 0;
}

void signals_wait(int fd, int wait_ms)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	(void)poll(&readable, 1, wait_ms);
}

void signals_read(int fd, bool *stop, bool *reload)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			*reload = true;
		else
			*stop = true;
	}
}
