/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A team's figures as a table with bars.
 */
#ifndef TURF_BROKER_CLIENT_CLI_SCREEN_H
#define TURF_BROKER_CLIENT_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "broker-client/libturf/turf.h"

enum { COLUMNS_DEFAULT = 80, ROWS_UNLIMITED = 0 };

struct screen_style {
	size_t columns;   /* no line is wider */
	size_t rows;      /* at most this many lines, but for what is always shown; ROWS_UNLIMITED */
	const char *note; /* a last line; NULL: none */
};

/* Prints the table and returns the number of its lines. */
size_t screen_print(FILE *out, const struct turf_summary *summary, const struct screen_style *style);

#endif
