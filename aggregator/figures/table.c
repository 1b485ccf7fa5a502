/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/figures/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

enum { COLUMN_GAP = 2 };

static size_t width_of(const char *text)
{
	return text_print_columns(NULL, text, SIZE_MAX);
}

void table_init(struct table *table, const char *align)
{
	memset(table, 0, sizeof *table);
	table->align = align;
	table->n_columns = strlen(align);
	assert(table->n_columns >= 1 && table->n_columns <= TABLE_COLUMNS_MAX);
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof *table);
}

static void put_cell(struct table *table, char *take_text)
{
	char **cells = room_for_one(table->cells, table->n_cells, &table->capacity, sizeof *cells);

	if (!cells) {
		table->failed = 1;
		free(take_text);
		return;
	}
	table->cells = cells;
	table->cells[table->n_cells++] = take_text;
}

void table_format(struct table *table, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		table->failed = 1;
		return;
	}
	text_make_safe(text);
	put_cell(table, text);
}

void table_text(struct table *table, const char *text)
{
	table_format(table, "%s", text);
}

void table_count(struct table *table, uint64_t count)
{
	table_format(table, "%" PRIu64, count);
}

void table_format_share(uint64_t part, uint64_t whole, char text[static SHARE_TEXT_BYTES])
{
	uint64_t tenths;

	if (whole == 0) {
		(void)snprintf(text, SHARE_TEXT_BYTES, "-");
		return;
	}
	tenths = (part * 1000 + whole / 2) / whole;
	(void)snprintf(text, SHARE_TEXT_BYTES, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

void table_share(struct table *table, uint64_t part, uint64_t whole)
{
	char text[SHARE_TEXT_BYTES];

	table_format_share(part, whole, text);
	table_text(table, text);
}

void table_end_row(struct table *table)
{
	while (!table->failed && table->n_cells % table->n_columns != 0)
		table_text(table, "");
}

void table_rule(struct table *table)
{
	assert(table->failed || table->n_cells % table->n_columns == 0);
	for (size_t i = 0; i < table->n_columns; i++)
		put_cell(table, NULL);
}

static void repeat(FILE *out, char c, size_t times)
{
	while (times-- > 0)
		(void)fputc(c, out);
}

/* Blanks at the end of a line are left out: they would show in what is pasted elsewhere. */
static void print_row(const struct table *table, const size_t *widths, char **cells, FILE *out)
{
	size_t owed = 0;

	for (size_t i = 0; i < table->n_columns; i++) {
		size_t pad = widths[i] - width_of(cells[i]);

		if (table->align[i] == 'r')
			owed += pad;
		if (cells[i][0]) {
			repeat(out, ' ', owed);
			(void)fputs(cells[i], out);
			owed = table->align[i] == 'r' ? 0 : pad;
		} else if (table->align[i] != 'r') {
			owed += pad;
		}
		owed += COLUMN_GAP;
	}
	(void)fputc('\n', out);
}

int table_print(const struct table *table, FILE *out, struct error *error)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t whole = 0;

	if (table->failed)
		return error_set(error, FAULT_MEMORY, "no memory for the table");
	assert(table->n_cells % table->n_columns == 0);
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t width = table->cells[i] ? width_of(table->cells[i]) : 0;

		if (width > widths[i % table->n_columns])
			widths[i % table->n_columns] = width;
	}
	for (size_t i = 0; i < table->n_columns; i++)
		whole += widths[i] + (i > 0 ? COLUMN_GAP : 0);
	for (size_t i = 0; i < table->n_cells; i += table->n_columns) {
		if (table->cells[i]) {
			print_row(table, widths, table->cells + i, out);
		} else {
			repeat(out, '-', whole);
			(void)fputc('\n', out);
		}
	}
	return 0;
}
