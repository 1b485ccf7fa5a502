/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/* ---- Signals as events ------------------------------------------------------------------------------ */

int service_open_signals(int *fd, struct error *error)
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

void service_wait(int fd, int wait_ms)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	(void)poll(&readable, 1, wait_ms);
}

void service_read_signals(int fd, bool *stop, bool *reload)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			*reload = true;
		else
			*stop = true;
	}
}

/* ---- The service manager ------------------------------------------------------------------------------ */

void service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract namespace */
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
	(void)close(fd);
}

uint64_t service_watchdog_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC");

	return text ? strtoull(text, NULL, 10) / 2000 : 0;
}

/* ---- Signals that end turfd --------------------------------------------------------------------------- */

/* The handler calls nothing but what signal-safety(7) allows, so its lines are made before. */
static const char damaged[] =
	"<3>crashed reason=\"reading the store ended in a signal: its file may be damaged\" run turfctl verify\n";
static const char aborted[] =
	"<3>crashed reason=\"a check of turfd or LMDB failed; the line before this one says which; the store's file may be damaged\""
	" run turfctl verify\n";
static const char sent[] =
	"<3>crashed reason=\"another process sent turfd a signal that ends it\" the store is not affected\n";
static char watchdog[256]; /* empty: the service manager has no watchdog for turfd */

static const char *line_for(int number, const siginfo_t *info)
{
	bool from_outside =
		info->si_code <= 0 && info->si_pid != getpid(); /* > 0: the kernel, for what this process did */

	if (!from_outside)
		return number == SIGABRT ? aborted : damaged;
	return number == SIGABRT && watchdog[0] != '\0' && info->si_pid == getppid() ? watchdog : sent;
}

static void log_signal(int number, siginfo_t *info, void *context)
{
	const char *line = line_for(number, info);

	(void)context;
	(void)log_write(line, strlen(line));
	(void)raise(number); /* SA_RESETHAND: the default action ends turfd now */
}

static void log_signal_of(int number)
{
	struct sigaction action = {.sa_sigaction = log_signal, .sa_flags = (int)(SA_RESETHAND | SA_SIGINFO)}, before;

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
		(void)sigaction(number, &action, NULL);
}

void service_log_crashes(void)
{
	uint64_t interval_ms = 2 * service_watchdog_ms();

	if (interval_ms != 0)
		(void)snprintf(
			watchdog, sizeof watchdog,
			"<3>watchdog-expired reason=\"turfd was stuck: the service manager heard nothing from it for %g s and"
			" ended it\" the store is not affected; what was counted stays\n",
			(double)interval_ms / 1000);
	log_signal_of(SIGSEGV);
	log_signal_of(SIGBUS);
	log_signal_of(SIGABRT);
}
