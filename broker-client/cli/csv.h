/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The file of `turf replay`: a header "day,team,domain,outcome" and a question a row, as in
 * "2019-12-31,oost,1,answered". Commas; fields may stand in double quotes; LF or CRLF; a byte order mark is fine.
 *
 * Not by libcsv: it follows RFC 4180, where a quoted field may hold line ends. One quote too many would then take the rest
 * of the file for one field, and the mistakes after it would have no line. No field of ours holds a comma, quote or line end.
 */
#ifndef TURF_BROKER_CLIENT_CLI_CSV_H
#define TURF_BROKER_CLIENT_CLI_CSV_H

#include <stdio.h>

#include "base/error.h"
#include "proto/topic.h"
#include "proto/words.h"

enum { CSV_LINE_BYTES_MAX = 512, CSV_PROBLEMS_MAX = 20 };

struct csv_row {
	uint32_t day;
	uint16_t team; /* index in struct csv */
	uint8_t domain;
	uint8_t outcome;
};

struct csv {
	struct csv_row *rows; /* heap */
	size_t n;
	char (*teams)[SLUG_BYTES]; /* heap */
	size_t n_teams;
	uint32_t first_day, last_day; /* when n > 0 */
	uint32_t mark;                /* of all lines in their order: which file this is */
};

/*
 * Reads to the end. Every mistake, up to CSV_PROBLEMS_MAX, is told to `problem` as "NAME:LINE: what is wrong; what was
 * expected". Returns 0 (release it), the number of mistakes (`csv` is empty), or a fault.
 */
int csv_read(FILE *file, const char *name, struct csv *csv, void (*problem)(void *context, const char *line),
	     void *context, struct error *error);
void csv_release(struct csv *csv);

#endif
