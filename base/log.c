/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LOG_LINE_BYTES = 2048 };

static enum log_level limit = LOG_LEVEL_INFO;

static void log_line(enum log_level level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* One write(2) for the whole line, so that lines of several processes never mix. */
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
	(void)fwrite(line, 1, (size_t)length + 1, stderr);
	(void)fflush(stderr);
}

void log_limit(enum log_level level)
{
	limit = level;
}

#define LOG_AT(level)                        \
	do {                                 \
		va_list args;                \
		va_start(args, format);      \
		log_line(level, format, args); \
		va_end(args);                \
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
