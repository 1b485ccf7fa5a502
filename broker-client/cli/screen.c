/* SPDX-License-Identifier: EUPL-1.2 */
/* A team's figures as a table with bars. */
#include "broker-client/cli/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum { NAME_COLUMNS_MAX = 40, COUNT_COLUMNS = 14, BAR_COLUMNS_MIN = 8, LINE_BYTES = 1024, ABOVE_DOMAINS = 3 };

static const uint64_t figure_max = UINT64_C(1000000000000); /* times a screen's columns it still fits */

/* What `turf watch` shows, while it is printed. */
struct screen {
	FILE *out;
	const struct screen_style *style;
	size_t lines;
	size_t name_columns;
	uint64_t largest; /* of the domains */
};

/* No count of questions, nor any moment, is beyond figure_max: what is, cannot be reckoned with. */
static uint64_t clip(uint64_t value)
{
	return value > figure_max ? figure_max : value;
}

static uint64_t total_of(const struct turf_domain_count *domain)
{
	return clip(domain->answered) + clip(domain->referred);
}

/* One line, no wider than the screen, safe to show. */
static void print_line(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print_line(struct screen *screen, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	(void)text_print_columns(screen->out, line, screen->style->columns);
	(void)fputc('\n', screen->out);
	screen->lines++;
}

/* Names are cut short rather than counts. */
static void measure(struct screen *screen, const struct turf_summary *summary)
{
	size_t counts = 2 * (size_t)COUNT_COLUMNS, room = screen->style->columns;

	room = room > counts ? room - counts : 0;
	room = room < NAME_COLUMNS_MAX ? room : NAME_COLUMNS_MAX;
	screen->name_columns = strlen("domein / domain");
	for (size_t i = 0; i < summary->n_domains; i++) {
		const struct turf_domain_count *domain = summary->domains[i];
		size_t columns = text_print_columns(NULL, domain->name, NAME_COLUMNS_MAX);

		if (columns > screen->name_columns)
			screen->name_columns = columns;
		if (total_of(domain) > screen->largest)
			screen->largest = total_of(domain);
	}
	if (screen->name_columns > room)
		screen->name_columns = room;
}

static void print_heading(struct screen *screen, const struct turf_summary *summary)
{
	uint64_t answered = clip(summary->answered), referred = clip(summary->referred),
		 questions = answered + referred;
	time_t moment = (time_t)clip((uint64_t)summary->as_of);
	struct tm local;
	char clock[16] = "";

	if (moment > 0 && localtime_r(&moment, &local))
		(void)strftime(clock, sizeof clock, "  %H:%M:%S", &local);
	print_line(screen, "%s | %s | %s | %s%s%s", summary->org_name, summary->team_name, summary->period,
		   cli_quarter_status_words(summary->status), summary->revision > 1 ? ", herzien / revised" : "",
		   clock);
	print_line(screen, "%" PRIu64 " %s: %" PRIu64 " beantwoord / answered, %" PRIu64 " doorverwezen / referred",
		   questions, questions == 1 ? "vraag / question" : "vragen / questions", answered, referred);
}

static void print_bar(struct screen *screen, uint64_t answered, uint64_t referred)
{
	size_t before = screen->name_columns + 2 * (size_t)COUNT_COLUMNS + 2;
	size_t columns = screen->style->columns > before + BAR_COLUMNS_MIN ? screen->style->columns - before : 0;
	uint64_t total = answered + referred, whole, full;

	if (columns == 0 || screen->largest == 0)
		return;
	whole = (total * columns + screen->largest - 1) / screen->largest;
	full = total > 0 ? whole * answered / total : 0;
	(void)fputs("  ", screen->out);
	for (uint64_t i = 0; i < whole && i < columns; i++)
		(void)fputs(i < full ? "█" : "░", screen->out);
}

static void print_domain(struct screen *screen, const struct turf_domain_count *domain)
{
	size_t columns = text_print_columns(screen->out, domain->name, screen->name_columns);
	uint64_t answered = clip(domain->answered), referred = clip(domain->referred);
	char counts[NAME_COLUMNS_MAX + 2 * COUNT_COLUMNS + 1];

	(void)snprintf(counts, sizeof counts, "%*s%*" PRIu64 "%*" PRIu64, (int)(screen->name_columns - columns), "",
		       COUNT_COLUMNS, answered, COUNT_COLUMNS, referred);
	(void)text_print_columns(screen->out, counts, screen->style->columns - columns);
	print_bar(screen, answered, referred);
	(void)fputc('\n', screen->out);
	screen->lines++;
}

static uint64_t undistributed(const struct turf_summary *summary)
{
	return clip(summary->undistributed_answered) + clip(summary->undistributed_referred);
}

/* How many domains there is room for: the screen's lines without those above and below, and without the one that says
 * how many were left out. */
static size_t room_for_domains(const struct screen *screen, const struct turf_summary *summary)
{
	size_t n = summary->n_domains;
	size_t around = ABOVE_DOMAINS;

	around += summary->n_labels > 0;
	around += undistributed(summary) > 0;
	around += summary->late > 0;
	around += screen->style->note != NULL;
	if (screen->style->rows == ROWS_UNLIMITED || around + n <= screen->style->rows)
		return n;
	return around + 1 < screen->style->rows ? screen->style->rows - around - 1 : 0;
}

static void print_domains(struct screen *screen, const struct turf_summary *summary)
{
	size_t room = room_for_domains(screen, summary);

	measure(screen, summary);
	print_line(screen, "%-*s%*s%*s", (int)screen->name_columns, "domein / domain", COUNT_COLUMNS, "beantwoord",
		   COUNT_COLUMNS, "doorverwezen");
	for (size_t i = 0; i < summary->n_domains; i++) {
		if (i == room) {
			print_line(screen, "... (%zu)", summary->n_domains - i);
			return;
		}
		print_domain(screen, summary->domains[i]);
	}
}

/* Kept short: "Toeslagen 12, Telefoon 7". */
static void print_labels(struct screen *screen, const struct turf_summary *summary)
{
	char line[LINE_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < summary->n_labels; i++) {
		const struct turf_label_count *label = summary->labels[i];
		int n = snprintf(line + used, sizeof line - used, "%s%s %" PRIu64, i ? ", " : "", label->name,
				 clip(label->count));

		if (n < 0 || (size_t)n >= sizeof line - used)
			break;
		used += (size_t)n;
	}
	if (used > 0)
		print_line(screen, "labels: %s", line);
}

static void print_remarks(struct screen *screen, const struct turf_summary *summary)
{
	if (undistributed(summary) > 0)
		print_line(screen, "nog niet per domein getoond / not yet shown by domain: %" PRIu64,
			   undistributed(summary));
	if (summary->late > 0)
		print_line(screen, "te laat, niet meegeteld / too late, not counted: %" PRIu64, clip(summary->late));
	if (screen->style->note)
		print_line(screen, "%s", screen->style->note);
}

size_t screen_print(FILE *out, const struct turf_summary *summary, const struct screen_style *style)
{
	struct screen screen = {.out = out, .style = style};

	print_heading(&screen, summary);
	print_domains(&screen, summary);
	print_labels(&screen, summary);
	print_remarks(&screen, summary);
	return screen.lines;
}
