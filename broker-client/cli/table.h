/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A team's figures as a table with bars, from the JSON twin of a summary.
 */
#ifndef TURF_BROKER_CLIENT_CLI_TABLE_H
#define TURF_BROKER_CLIENT_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { COLUMNS_DEFAULT = 80, ROWS_UNLIMITED = 0 };

struct table_style {
	size_t columns;   /* no line is wider */
	size_t rows;      /* at most so many lines, but for what is always shown; ROWS_UNLIMITED */
	const char *note; /* a last line; NULL: none */
};

/* Prints the table; returns its lines, or 0 when the JSON is no summary (then nothing was printed). */
size_t cli_table_print(FILE *out, const char *json, size_t length, const struct table_style *style);

#endif
