/* SPDX-License-Identifier: EUPL-1.2 */
/* The handler calls nothing but what signal-safety(7) allows. So its lines are made before. */
#include "aggregator/daemon/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/daemon/notify.h"
#include "base/log.h"

enum { LINE_BYTES = 256 };

static const char damaged[] =
	"<3>crashed reason=\"reading the store ended in a signal: its file may be damaged\" run turfctl verify\n";
static const char aborted[] =
	"<3>crashed reason=\"a check of turfd or LMDB failed; the line before this one says which; the store's file may be damaged\""
	" run turfctl verify\n";
static const char sent[] =
	"<3>crashed reason=\"another process sent turfd a signal that ends it\" the store is not affected\n";
static char watchdog[LINE_BYTES]; /* empty: the service manager has set none */

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
	(void)raise(number); /* the default this time */
}

static void log_signal_of(int number)
{
	struct sigaction action = {.sa_sigaction = log_signal, .sa_flags = (int)(SA_RESETHAND | SA_SIGINFO)}, before;

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
		(void)sigaction(number, &action, NULL);
}

void crash_log_signals(void)
{
	uint64_t interval_ms = 2 * notify_watchdog_ms();

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
