/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/table.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker-client/cli/cli.h"

enum { NAME_COLUMNS_MAX = 40, COUNT_COLUMNS = 14, BAR_COLUMNS_MIN = 8, LINE_BYTES = 1024, ABOVE_DOMAINS = 3 };

static const json_int_t figure_max = INT64_C(1000000000000); /* times a screen's columns it still fits */

/* A table under way. */
struct table {
	FILE *out;
	const struct table_style *style;
	size_t lines;
	size_t name_columns;
	json_int_t largest; /* of the domains */
};

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value ? value : "";
}

/* No count of questions, nor any moment, is beyond figure_max: what is, cannot be reckoned with. */
static json_int_t number(const json_t *object, const char *member)
{
	json_int_t value = json_integer_value(json_object_get(object, member));

	return value < 0 ? 0 : value > figure_max ? figure_max : value;
}

/* One line, no wider than the screen, safe to show. */
static void print_line(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print_line(struct table *table, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	(void)cli_print_safely(table->out, line, table->style->columns);
	(void)fputc('\n', table->out);
	table->lines++;
}

/* Names are cut short rather than counts. */
static void measure(struct table *table, const json_t *domains)
{
	size_t counts = 2 * (size_t)COUNT_COLUMNS, room = table->style->columns;
	const json_t *domain;
	size_t i;

	room = room > counts ? room - counts : 0;
	room = room < NAME_COLUMNS_MAX ? room : NAME_COLUMNS_MAX;
	table->name_columns = strlen("domein / domain");
	json_array_foreach(domains, i, domain) {
		json_int_t total = number(domain, "answered") + number(domain, "referred");
		size_t columns = cli_print_safely(NULL, text(domain, "name"), NAME_COLUMNS_MAX);

		if (columns > table->name_columns)
			table->name_columns = columns;
		if (total > table->largest)
			table->largest = total;
	}
	if (table->name_columns > room)
		table->name_columns = room;
}

static void print_heading(struct table *table, const json_t *summary)
{
	json_int_t revision = number(summary, "revision"), as_of = number(summary, "as_of");
	json_int_t questions = number(summary, "answered") + number(summary, "referred");
	time_t moment = (time_t)as_of;
	struct tm local;
	char clock[16] = "";

	if (as_of > 0 && localtime_r(&moment, &local))
		(void)strftime(clock, sizeof clock, "  %H:%M:%S", &local);
	print_line(table, "%s | %s | %s | %s%s%s", text(summary, "org_name"), text(summary, "team_name"),
		   text(summary, "period"), cli_quarter_status_words(text(summary, "status")),
		   revision > 1 ? ", herzien / revised" : "", clock);
	print_line(table,
		   "%" JSON_INTEGER_FORMAT " %s: %" JSON_INTEGER_FORMAT
		   " beantwoord / answered, %" JSON_INTEGER_FORMAT " doorverwezen / referred",
		   questions, questions == 1 ? "vraag / question" : "vragen / questions", number(summary, "answered"),
		   number(summary, "referred"));
}

static void print_bar(struct table *table, json_int_t answered, json_int_t referred)
{
	size_t before = table->name_columns + 2 * (size_t)COUNT_COLUMNS + 2;
	size_t columns = table->style->columns > before + BAR_COLUMNS_MIN ? table->style->columns - before : 0;
	json_int_t total = answered + referred, whole, full;

	if (columns == 0 || table->largest <= 0)
		return;
	whole = (total * (json_int_t)columns + table->largest - 1) / table->largest;
	full = total > 0 ? whole * answered / total : 0;
	(void)fputs("  ", table->out);
	for (json_int_t i = 0; i < whole && i < (json_int_t)columns; i++)
		(void)fputs(i < full ? "█" : "░", table->out);
}

static void print_domain(struct table *table, const json_t *domain)
{
	size_t columns = cli_print_safely(table->out, text(domain, "name"), table->name_columns);
	json_int_t answered = number(domain, "answered"), referred = number(domain, "referred");
	char counts[NAME_COLUMNS_MAX + 2 * COUNT_COLUMNS + 1];

	(void)snprintf(counts, sizeof counts, "%*s%*" JSON_INTEGER_FORMAT "%*" JSON_INTEGER_FORMAT,
		       (int)(table->name_columns - columns), "", COUNT_COLUMNS, answered, COUNT_COLUMNS, referred);
	(void)cli_print_safely(table->out, counts, table->style->columns - columns);
	print_bar(table, answered, referred);
	(void)fputc('\n', table->out);
	table->lines++;
}

static json_int_t undistributed(const json_t *summary)
{
	return number(summary, "undistributed_answered") + number(summary, "undistributed_referred");
}

/* How many domains there is room for: the screen's lines without those above and below, and without the one that says
 * how many were left out. */
static size_t room_for_domains(const struct table *table, const json_t *summary)
{
	size_t n = json_array_size(json_object_get(summary, "domains"));
	size_t around = ABOVE_DOMAINS;

	around += json_array_size(json_object_get(summary, "labels")) > 0;
	around += undistributed(summary) > 0;
	around += number(summary, "late") > 0;
	around += table->style->note != NULL;
	if (table->style->rows == ROWS_UNLIMITED || around + n <= table->style->rows)
		return n;
	return around + 1 < table->style->rows ? table->style->rows - around - 1 : 0;
}

static void print_domains(struct table *table, const json_t *summary)
{
	const json_t *domains = json_object_get(summary, "domains"), *domain;
	size_t room = room_for_domains(table, summary), i;

	measure(table, domains);
	print_line(table, "%-*s%*s%*s", (int)table->name_columns, "domein / domain", COUNT_COLUMNS, "beantwoord",
		   COUNT_COLUMNS, "doorverwezen");
	json_array_foreach(domains, i, domain) {
		if (i == room) {
			print_line(table, "... (%zu)", json_array_size(domains) - i);
			return;
		}
		print_domain(table, domain);
	}
}

/* Kept short: "Toeslagen 12, Telefoon 7". */
static void print_labels(struct table *table, const json_t *labels)
{
	char line[LINE_BYTES] = "";
	size_t used = 0, i;
	const json_t *label;

	json_array_foreach(labels, i, label) {
		int n = snprintf(line + used, sizeof line - used, "%s%s %" JSON_INTEGER_FORMAT, i ? ", " : "",
				 text(label, "name"), number(label, "count"));

		if (n < 0 || (size_t)n >= sizeof line - used)
			break;
		used += (size_t)n;
	}
	if (used > 0)
		print_line(table, "labels: %s", line);
}

static void print_remarks(struct table *table, const json_t *summary)
{
	if (undistributed(summary) > 0)
		print_line(table, "nog niet per domein getoond / not yet shown by domain: %" JSON_INTEGER_FORMAT,
			   undistributed(summary));
	if (number(summary, "late") > 0)
		print_line(table, "te laat, niet meegeteld / too late, not counted: %" JSON_INTEGER_FORMAT,
			   number(summary, "late"));
	if (table->style->note)
		print_line(table, "%s", table->style->note);
}

size_t cli_table_print(FILE *out, const char *json, size_t length, const struct table_style *style)
{
	struct table table = { .out = out, .style = style };
	json_t *summary = json_loadb(json, length, 0, NULL);

	if (json_is_array(json_object_get(summary, "domains"))) {
		print_heading(&table, summary);
		print_domains(&table, summary);
		print_labels(&table, json_object_get(summary, "labels"));
		print_remarks(&table, summary);
	}
	json_decref(summary);
	return table.lines;
}
