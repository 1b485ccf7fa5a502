/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int error_set(struct error *e, int fault, const char *format, ...)
{
	va_list args;

	if (e) {
		va_start(args, format);
		(void)vsnprintf(e->text, sizeof e->text, format, args);
		va_end(args);
		text_make_safe(e->text);
	}
	return fault;
}

int error_prefix(struct error *e, int fault, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES];
	va_list args;
	size_t used;

	if (!e)
		return fault;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	used = strlen(text);
	if (snprintf(text + used, sizeof text - used, ": %s", e->text) < 0)
		text[used] = '\0';
	text_make_safe(text);
	memcpy(e->text, text, sizeof text);
	return fault;
}
