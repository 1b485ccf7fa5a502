/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A table of text for the terminal: cells go in row by row, columns come out as wide as they must be.
 */
#ifndef TURF_AGGREGATOR_FIGURES_TABLE_H
#define TURF_AGGREGATOR_FIGURES_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum { TABLE_COLUMNS_MAX = 16, SHARE_TEXT_BYTES = 32 };

struct table {
	const char *align; /* a letter for each column: 'l' or 'r' */
	size_t n_columns;
	char **cells; /* heap, n_cells of them; NULL for a rule's first cell */
	size_t n_cells, capacity;
	int failed; /* no memory: remembered, told by table_print */
};

/* `align` must outlive the table and have 1..TABLE_COLUMNS_MAX letters. */
void table_init(struct table *table, const char *align);
void table_release(struct table *table);

/* The next cell, left to right, then the next row. What may not be shown (base/text.h) is '?'. */
void table_text(struct table *table, const char *text);
void table_format(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_count(struct table *table, uint64_t count);
void table_share(struct table *table, uint64_t part, uint64_t whole);

/* Ends the row with empty cells, when one is begun. */
void table_end_row(struct table *table);

/* A line of dashes over the whole width; between rows only (asserted). */
void table_rule(struct table *table);

/* Writes all rows. FAULT_MEMORY: there was no memory for some cell or row, and nothing is written. */
int table_print(const struct table *table, FILE *out, struct error *error);

/* "9.0%", one decimal, rounded half up; "-" for a share of nothing. */
void table_format_share(uint64_t part, uint64_t whole, char text[static SHARE_TEXT_BYTES]);

#endif
