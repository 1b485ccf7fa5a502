/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/figures/csv_writer.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static void put_separator(struct csv_writer *csv)
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

/* A name that turns the direction of text would show another row than it stands in. Blanks and line ends are the field's
 * own. */
static void put_characters(FILE *out, const char *text)
{
	uint32_t character;

	while (*text) {
		size_t length = text_character(text, &character);
		bool shown = text_showable(text) > 0 || strchr("\t\r\n", *text);

		length = length > 0 ? length : 1;
		if (*text == '"')
			(void)fputc('"', out);
		if (shown)
			(void)fwrite(text, 1, length, out);
		else
			(void)fputc('?', out);
		text += length;
	}
}

/*
 * Whether a spreadsheet would run the text as a formula. The same rule as `isFormula` in the pages' leader/files/csv.js: it begins
 * with a tab or a line end, or its first character that is no blank is one of = + - @ | or the wide form of one.
 */
static bool is_formula(const char *text)
{
	static const char wide[][4] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
	const char *first = text + strspn(text, " \t\r\n\v\f");

	if (*text && strchr("\t\r\n", *text))
		return true;
	for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
		if (strncmp(first, wide[i], strlen(wide[i])) == 0)
			return true;
	return *first && strchr("=+-@|", *first);
}

void csv_writer_text(struct csv_writer *csv, const char *text)
{
	bool quoted = needs_quotes(text, csv->separator);

	put_separator(csv);
	if (quoted)
		(void)fputc('"', csv->out);
	if (is_formula(text))
		(void)fputc('\'', csv->out);
	put_characters(csv->out, text);
	if (quoted)
		(void)fputc('"', csv->out);
}

void csv_writer_number(struct csv_writer *csv, uint64_t number)
{
	put_separator(csv);
	(void)fprintf(csv->out, "%" PRIu64, number);
}

void csv_writer_end_row(struct csv_writer *csv)
{
	(void)fputs("\r\n", csv->out);
	csv->begun = false;
}
