/* SPDX-License-Identifier: EUPL-1.2 */
/* Files of `turf replay`: every mistake is named, and what is read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "broker-client/cli/csv.h"
#include "proto/calendar.h"
#include "tests/fuzz/lib/fuzz.h"

static void count_told(void *context, const char *line)
{
	int *told = context;

	for (const char *at = line; *at; at++)
		hold((unsigned char)*at >= 0x20 && *at != 0x7f);
	++*told;
}

static int read_bytes(const void *bytes, size_t size, struct csv *csv, int *told)
{
	FILE *file = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") : fopen("/dev/null", "r");
	int rc;

	hold(file != NULL);
	*told = 0;
	rc = csv_read(file, "f.csv", csv, count_told, told, NULL);
	(void)fclose(file);
	return rc;
}

static void check_row(const struct csv *csv, const struct csv_row *row)
{
	hold(row->day <= CALENDAR_DAY_MAX && row->day >= csv->first_day && row->day <= csv->last_day);
	hold(row->team < csv->n_teams && topic_slug_valid(csv->teams[row->team]));
	hold(row->domain >= 1);
	hold(row->outcome == OUTCOME_ANSWERED || row->outcome == OUTCOME_REFERRED);
}

static void write_all(FILE *out, const struct csv *csv)
{
	char day[DATE_TEXT_BYTES];

	(void)fputs("day,team,domain,outcome\n", out);
	for (size_t i = 0; i < csv->n; i++) {
		const struct csv_row *row = &csv->rows[i];

		check_row(csv, row);
		date_format(row->day, day);
		(void)fprintf(out, "%s,%s,%u,%s\n", day, csv->teams[row->team], row->domain,
			      words_outcome((enum outcome)row->outcome));
	}
}

static void check_again(const struct csv *read)
{
	struct csv again;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int told;

	hold(out != NULL);
	write_all(out, read);
	hold(fclose(out) == 0);
	hold(read_bytes(text, size, &again, &told) == 0);
	hold(again.n == read->n && again.n_teams == read->n_teams);
	for (size_t i = 0; i < again.n; i++) {
		const struct csv_row *a = &read->rows[i], *b = &again.rows[i];

		hold(a->day == b->day && a->team == b->team && a->domain == b->domain && a->outcome == b->outcome);
	}
	csv_release(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);
	struct csv csv;
	int told, rc = read_bytes(bytes, size, &csv, &told);

	hold(rc >= 0);
	hold(told == (rc < CSV_PROBLEMS_MAX ? rc : CSV_PROBLEMS_MAX));
	if (rc == 0) {
		check_again(&csv);
		csv_release(&csv);
	}
	free(bytes);
	return 0;
}
