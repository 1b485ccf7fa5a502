/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Comma-separated values as RFC 4180 has them: CR LF after each row, quotes where a field needs them. A text that a
 * spreadsheet would run as a formula gets an apostrophe in front.
 */
#ifndef TURF_AGGREGATOR_FIGURES_CSV_WRITER_H
#define TURF_AGGREGATOR_FIGURES_CSV_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct csv_writer {
	FILE *out;
	char separator;
	bool begun; /* the row has a field already */
};

void csv_writer_text(struct csv_writer *csv, const char *text);
void csv_writer_number(struct csv_writer *csv, uint64_t number);
void csv_writer_end_row(struct csv_writer *csv);

#endif
