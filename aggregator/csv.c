/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/csv.h"

#include <inttypes.h>
#include <string.h>

static void put_separator(struct csv *csv)
{
	if (csv->begun)
		(void)fputc(csv->separator, csv->out);
	csv->begun = true;
}

/* Some readers drop blanks around a field that has no quotes. */
static bool needs_quotes(const char *text, char separator)
{
	size_t length = strlen(text);

	return strchr(text, separator) || strpbrk(text, "\"\r\n") ||
	       (length > 0 && (text[0] == ' ' || text[length - 1] == ' '));
}

void csv_text(struct csv *csv, const char *text)
{
	put_separator(csv);
	if (!needs_quotes(text, csv->separator)) {
		(void)fputs(text, csv->out);
		return;
	}
	(void)fputc('"', csv->out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', csv->out);
		(void)fputc(*text, csv->out);
	}
	(void)fputc('"', csv->out);
}

void csv_number(struct csv *csv, uint64_t number)
{
	put_separator(csv);
	(void)fprintf(csv->out, "%" PRIu64, number);
}

void csv_end_row(struct csv *csv)
{
	(void)fputs("\r\n", csv->out);
	csv->begun = false;
}
