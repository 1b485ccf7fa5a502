/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { LOG_LINE_BYTES = 2048 }; /* below PIPE_BUF: a pipe takes a line as a whole, or not */

static enum log_level limit = LOG_LEVEL_INFO;
static unsigned long lost; /* lines for which there was no room, since that was last said */

/* Whoever reads the log may have stopped reading: turfd does not wait for them. One write(2) for the whole line, so that
 * lines of several processes never mix. */
bool log_write(const char *line, size_t length)
{
	struct pollfd log = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&log, 1, 0) > 0 && write(STDERR_FILENO, line, length) == (ssize_t)length;
}

void log_report_lost(void)
{
	char line[128];
	int length;

	if (lost == 0)
		return;
	length = snprintf(line, sizeof line, "<%d>log-lines-lost lines=%lu the log took no more lines for a while\n",
			  (int)LOG_LEVEL_WARNING, lost);
	if (log_write(line, (size_t)length))
		lost = 0;
}

static void log_line(enum log_level level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *format, va_list args)
{
	char line[LOG_LINE_BYTES];
	int prefix, length;

	if (level > limit)
		return;
	prefix = snprintf(line, sizeof line, "<%d>", (int)level);
	length = vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, args);
	if (length < 0)
		return;
	text_make_safe(line);
	length = (int)strlen(line);
	line[length] = '\n';
	log_report_lost();
	if (lost > 0 || !log_write(line, (size_t)length + 1))
		lost++;
}

void log_limit(enum log_level level)
{
	limit = level;
}

#define LOG_AT(level)                          \
	do {                                   \
		va_list args;                  \
		va_start(args, format);        \
		log_line(level, format, args); \
		va_end(args);                  \
	} while (0)

void log_error(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

void log_warning(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_WARNING);
}

void log_info(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}
