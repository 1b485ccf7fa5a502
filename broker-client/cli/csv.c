/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/csv.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/text.h"

enum { COLUMNS = 4, MESSAGE_BYTES = 1024, SHOWN_MAX = 60 };

enum { COLUMN_DAY, COLUMN_TEAM, COLUMN_DOMAIN, COLUMN_OUTCOME };

static const char *const titles[COLUMNS] = {"day", "team", "domain", "outcome"};

/* One reading. */
struct reader {
	const char *name;
	unsigned long line;
	size_t room, problems;
	struct csv *csv;
	void (*problem)(void *context, const char *line);
	void *context;
};

/* `shown` NULL: none. What was found is cut short, and shown without control characters. */
static void tell(struct reader *reader, const char *what, const char *shown, const char *expected)
{
	char found[SHOWN_MAX + 1] = "", message[MESSAGE_BYTES];

	if (reader->problems++ >= CSV_PROBLEMS_MAX)
		return;
	(void)snprintf(found, sizeof found, "%s", shown ? shown : "");
	text_make_safe(found);
	(void)snprintf(message, sizeof message, "%s:%lu: %s%s%s%s; expected %s", reader->name, reader->line, what,
		       shown ? " \"" : "", found, shown ? "\"" : "", expected);
	reader->problem(reader->context, message);
}

/* Cuts one field off `*rest`, quotes taken away; false when the quotes do not match. `*rest` is NULL after the last. */
static bool next_field(char **rest, char **field)
{
	if (**rest != '"') {
		*field = strsep(rest, ",");
		return strchr(*field, '"') == NULL;
	}
	++*rest;
	*field = strsep(rest, "\"");
	return *rest && *strsep(rest, ",") == '\0'; /* nothing stands between the quote and the comma */
}

/* How many fields the line has, the first COLUMNS of them in `fields`; 0: quotes that do not match. */
static size_t split_line(char *line, char *fields[static COLUMNS])
{
	size_t n = 0;

	while (line) {
		char *field;

		if (!next_field(&line, &field))
			return 0;
		if (n < COLUMNS)
			fields[n] = field;
		n++;
	}
	return n;
}

static bool parse_outcome(const char *text, uint8_t *outcome)
{
	*outcome = strcmp(text, "answered") == 0   ? OUTCOME_ANSWERED
		   : strcmp(text, "referred") == 0 ? OUTCOME_REFERRED
						   : 0;
	return *outcome != 0;
}

static int find_team(struct csv *csv, const char *team, uint16_t *index)
{
	char(*teams)[SLUG_BYTES];
	size_t i = csv->n_teams;

	while (i > 0 && strcmp(csv->teams[i - 1], team) != 0)
		i--;
	if (i == 0) {
		teams = csv->n_teams < UINT16_MAX ? realloc(csv->teams, (csv->n_teams + 1) * sizeof *teams) : NULL;
		if (!teams)
			return FAULT_MEMORY;
		csv->teams = teams;
		memcpy(teams[csv->n_teams], team, strlen(team) + 1);
		i = ++csv->n_teams;
	}
	*index = (uint16_t)(i - 1);
	return 0;
}

static int append_row(struct reader *reader, const struct csv_row *row)
{
	struct csv *csv = reader->csv;
	struct csv_row *rows = room_for_one(csv->rows, csv->n, &reader->room, sizeof *rows);

	if (!rows)
		return FAULT_MEMORY;
	csv->rows = rows;
	csv->first_day = csv->n == 0 || row->day < csv->first_day ? row->day : csv->first_day;
	csv->last_day = csv->n == 0 || row->day > csv->last_day ? row->day : csv->last_day;
	csv->rows[csv->n++] = *row;
	return 0;
}

static int take_row(struct reader *reader, char *fields[static COLUMNS])
{
	struct csv_row row = {0};
	size_t before = reader->problems;
	uint32_t domain;

	if (date_parse(fields[COLUMN_DAY], &row.day) != 0)
		tell(reader, "day", fields[COLUMN_DAY], "YYYY-MM-DD");
	if (!topic_slug_valid(fields[COLUMN_TEAM]) || strcmp(fields[COLUMN_TEAM], TEAM_ALL) == 0)
		tell(reader, "team", fields[COLUMN_TEAM], "a team's id, [a-z0-9][a-z0-9-]{0,30}, not all");
	if (text_number(fields[COLUMN_DOMAIN], 1, DOMAIN_CODE_MAX, &domain))
		row.domain = (uint8_t)domain;
	else
		tell(reader, "domain", fields[COLUMN_DOMAIN], "its code, 1 to 255");
	if (!parse_outcome(fields[COLUMN_OUTCOME], &row.outcome))
		tell(reader, "outcome", fields[COLUMN_OUTCOME], "answered or referred");
	if (reader->problems != before)
		return 0;
	if (find_team(reader->csv, fields[COLUMN_TEAM], &row.team) != 0)
		return FAULT_MEMORY;
	return append_row(reader, &row);
}

static void check_header(struct reader *reader, char *fields[static COLUMNS], size_t n)
{
	bool good = n == COLUMNS;

	for (size_t i = 0; i < COLUMNS && good; i++)
		good = strcmp(fields[i], titles[i]) == 0;
	if (!good)
		tell(reader, "this is not the header", NULL, "day,team,domain,outcome");
}

/* Removes the end of the line. False, after an error: this cannot be a line of such a file. */
static bool clean_line(struct reader *reader, char *line, size_t length)
{
	if (length > 0 && line[length - 1] == '\n')
		line[--length] = '\0';
	if (length > 0 && line[length - 1] == '\r')
		line[--length] = '\0';
	reader->csv->mark = crc32c(line, length) ^ (reader->csv->mark << 1 | reader->csv->mark >> 31);
	if (length > CSV_LINE_BYTES_MAX)
		tell(reader, "the line is too long", NULL, "512 characters at most");
	else if (memchr(line, '\0', length))
		tell(reader, "a zero byte", NULL, "text");
	else
		return true;
	return false;
}

static int take_line(struct reader *reader, char *line, size_t length)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	char *fields[COLUMNS];
	size_t n;

	reader->line++;
	if (!clean_line(reader, line, length))
		return 0;
	if (reader->line == 1 && strncmp(line, byte_order_mark, 3) == 0)
		line += 3;
	if (*line == '\0' && reader->line > 1)
		return 0;
	n = split_line(line, fields);
	if (reader->line == 1) {
		check_header(reader, fields, n);
		return 0;
	}
	if (n == 0)
		tell(reader, "quotes that do not match", NULL, "four fields");
	else if (n != COLUMNS)
		tell(reader, n < COLUMNS ? "too few fields" : "too many fields", NULL, "day,team,domain,outcome");
	return n == COLUMNS ? take_row(reader, fields) : 0;
}

int csv_read(FILE *file, const char *name, struct csv *csv, void (*problem)(void *context, const char *line),
	     void *context, struct error *error)
{
	struct reader reader = {.name = name, .csv = csv, .problem = problem, .context = context};
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int rc = 0;

	*csv = (struct csv){0};
	while (rc == 0 && (length = getline(&line, &room, file)) >= 0)
		rc = take_line(&reader, line, (size_t)length);
	if (rc < 0)
		(void)error_set(error, rc, "%s:%lu: no memory", name, reader.line);
	else if (ferror(file))
		rc = error_set(error, FAULT_SYSTEM, "%s: %s", name, strerror(errno));
	else if (reader.line == 0)
		tell(&reader, "the file is empty", NULL, "the header day,team,domain,outcome");
	free(line);
	if (rc == 0 && reader.problems > 0)
		rc = reader.problems > INT_MAX ? INT_MAX : (int)reader.problems;
	if (rc != 0)
		csv_release(csv);
	return rc;
}

void csv_release(struct csv *csv)
{
	free(csv->rows);
	free(csv->teams);
	*csv = (struct csv){0};
}
