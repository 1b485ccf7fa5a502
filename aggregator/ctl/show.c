/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl show: figures as tables. A year of the whole org is the yearly report as it is printed.
 */
#include "aggregator/ctl/ctl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/figures/table.h"
#include "base/text.h"

enum { TOP_DOMAINS = 5, QUARTERS = 4 };

/* The totals of one team in one period. */
struct total {
	bool exists;
	enum quarter_status status;
	uint32_t revision;
	uint64_t answered, referred, late;
};

struct team_totals {
	const struct team *team;
	struct total quarters[QUARTERS]; /* of a quarter, the first only */
	struct total whole;
};

/* Everything that is shown, put together while the view is open. */
struct report {
	const struct catalogue *catalogue;
	const char *team;
	struct period period;
	struct summary summary;          /* of `team` and `period` */
	struct total quarters[QUARTERS]; /* a year's */
	struct team_totals *teams;       /* heap; of the whole org only: those that have figures */
	size_t n_teams;
};

/* ---- Reading ---------------------------------------------------------------------------------- */

static struct total total_of(const struct summary *summary)
{
	return (struct total){
		.exists = true,
		.status = summary->status,
		.revision = summary->revision,
		.answered = summary->answered,
		.referred = summary->referred,
		.late = summary->late,
	};
}

/* The caller has set `*out` to zeros. */
static int read_total(const struct figures *figures, const char *team, struct period period, struct total *out,
		      struct error *error)
{
	struct summary summary;
	int rc;

	if (!figures_exist(figures, team, period))
		return 0;
	rc = figures_summary(figures, team, period, &summary, error);
	*out = total_of(&summary);
	return rc;
}

static int read_quarters(const struct figures *figures, const char *team, struct period year, struct total *quarters,
			 struct error *error)
{
	uint32_t first = period_first_quarter(year);
	int rc = 0;

	for (uint32_t i = 0; i < QUARTERS && rc == 0; i++)
		rc = read_total(figures, team, period_of_quarter(first + i), &quarters[i], error);
	return rc;
}

static int read_teams(const struct figures *figures, struct report *report, struct error *error)
{
	const struct catalogue *catalogue = figures->catalogue;
	int rc = 0;

	report->teams = calloc(catalogue->n_teams + 1, sizeof *report->teams);
	if (!report->teams)
		return error_set(error, FAULT_MEMORY, "no memory for %zu teams", catalogue->n_teams);
	for (size_t i = 0; i < catalogue->n_teams && rc == 0; i++) {
		struct team_totals *to = &report->teams[report->n_teams];

		to->team = &catalogue->teams[i];
		rc = read_total(figures, to->team->id, report->period, &to->whole, error);
		if (rc == 0 && report->period.is_year)
			rc = read_quarters(figures, to->team->id, report->period, to->quarters, error);
		if (to->whole.exists)
			report->n_teams++;
	}
	return rc;
}

static int no_figures(const struct figures *figures, const struct report *report, struct error *error)
{
	uint32_t since = figures->catalogue->counting_since;
	char period[PERIOD_TEXT_BYTES], date[DATE_TEXT_BYTES];

	period_format(report->period, period);
	if (period_last_quarter(report->period) < quarter_of_day(since)) {
		date_format(since, date);
		return error_set(error, FAULT_INPUT, "no figures for %s: counting began on %s", period, date);
	}
	if (quarter_first_day(period_first_quarter(report->period)) > figures->standing.today) {
		date_format(figures->standing.today, date);
		return error_set(error, FAULT_INPUT, "no figures for %s: today is %s", period, date);
	}
	return error_set(error, FAULT_INPUT, "no figures for %s: team %s did not exist then", period, report->team);
}

static int read_report(const struct figures *figures, struct report *report, struct error *error)
{
	int rc;

	if (!figures_exist(figures, report->team, report->period))
		return no_figures(figures, report, error);
	rc = figures_summary(figures, report->team, report->period, &report->summary, error);
	if (rc == 0 && report->period.is_year)
		rc = read_quarters(figures, report->team, report->period, report->quarters, error);
	if (rc == 0 && strcmp(report->team, TEAM_ALL) == 0)
		rc = read_teams(figures, report, error);
	return rc;
}

/* ---- Printing --------------------------------------------------------------------------------- */

static void put_head(struct table *table, const char *first, const char *second)
{
	static const char *const columns[] = {"Questions", "Answered", "Referred", "Share referred"};

	table_text(table, first);
	if (second)
		table_text(table, second);
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		table_text(table, columns[i]);
}

static void put_counts(struct table *table, uint64_t answered, uint64_t referred)
{
	table_count(table, answered + referred);
	table_count(table, answered);
	table_count(table, referred);
	table_share(table, referred, answered + referred);
}

enum { STATUS_BYTES = 80 };

/* "final, revision 2, 3 late" */
static const char *status_text(enum quarter_status status, uint32_t revision, uint64_t late,
			       char text[static STATUS_BYTES])
{
	int used = snprintf(text, STATUS_BYTES, "%s", words_quarter_status(status));

	if (revision > 1)
		used += snprintf(text + used, STATUS_BYTES - (size_t)used, ", revision %u", revision);
	if (late > 0)
		(void)snprintf(text + used, STATUS_BYTES - (size_t)used, ", %" PRIu64 " late", late);
	return text;
}

static void put_period(struct table *table, struct period period, const struct total *total)
{
	char text[STATUS_BYTES];

	period_format(period, text);
	table_text(table, text);
	if (total->exists) {
		put_counts(table, total->answered, total->referred);
		table_text(table, status_text(total->status, total->revision, total->late, text));
	} else {
		table_text(table, "-");
	}
	table_end_row(table);
}

static void put_quarters(struct table *table, const struct report *report)
{
	const struct total whole = total_of(&report->summary);

	table_init(table, "lrrrrl");
	put_head(table, "Quarter", NULL);
	table_text(table, "Status");
	for (uint32_t i = 0; i < QUARTERS; i++)
		put_period(table, period_of_quarter(period_first_quarter(report->period) + i), &report->quarters[i]);
	table_rule(table);
	put_period(table, report->period, &whole);
}

static int by_questions(const void *a, const void *b)
{
	const struct domain_count *left = a, *right = b;
	uint64_t l = left->answered + left->referred, r = right->answered + right->referred;

	return l < r ? 1 : l > r ? -1 : 0;
}

/* The `n` largest that are above zero; glibc's qsort is stable, so equals stay in the catalogue's order. */
static uint32_t largest_domains(const struct summary *summary, struct domain_count *sorted, uint32_t n)
{
	uint32_t found = 0;

	memcpy(sorted, summary->domains, summary->n_domains * sizeof *sorted);
	qsort(sorted, summary->n_domains, sizeof *sorted, by_questions);
	while (found < summary->n_domains && found < n && sorted[found].answered + sorted[found].referred > 0)
		found++;
	return found;
}

static void put_top(struct table *table, const struct report *report)
{
	struct domain_count sorted[DOMAIN_CODE_MAX];
	uint32_t n = largest_domains(&report->summary, sorted, TOP_DOMAINS);
	char name[NAME_BYTES];

	table_init(table, "rlrrrr");
	put_head(table, "", "Top 5 domains");
	for (uint32_t i = 0; i < n; i++) {
		table_count(table, i + 1);
		figures_domain_name(report->catalogue, sorted[i].domain, name);
		table_text(table, name);
		put_counts(table, sorted[i].answered, sorted[i].referred);
	}
}

static void put_domains(struct table *table, const struct report *report)
{
	const struct summary *summary = &report->summary;
	char name[NAME_BYTES];

	table_init(table, "lrrrr");
	put_head(table, "Domain", NULL);
	for (uint32_t i = 0; i < summary->n_domains; i++) {
		figures_domain_name(report->catalogue, summary->domains[i].domain, name);
		table_text(table, name);
		put_counts(table, summary->domains[i].answered, summary->domains[i].referred);
	}
	if (summary->undistributed_answered + summary->undistributed_referred > 0) {
		table_text(table, "(not shown per domain yet)");
		put_counts(table, summary->undistributed_answered, summary->undistributed_referred);
	}
	table_rule(table);
	table_text(table, "Total");
	put_counts(table, summary->answered, summary->referred);
}

static void put_labels(struct table *table, const struct report *report)
{
	char name[NAME_BYTES];

	table_init(table, "llr");
	table_text(table, "Label");
	table_text(table, "Kind");
	table_text(table, "Questions");
	for (uint32_t i = 0; i < report->summary.n_labels; i++) {
		const struct label_count *count = &report->summary.labels[i];
		const struct label *label = catalogue_label(report->catalogue, count->label);

		figures_label_name(report->catalogue, count->label, name);
		table_text(table, name);
		table_text(table, label ? words_label_kind(label->kind) : "");
		table_count(table, count->count);
	}
}

static void put_total(struct table *table, const struct total *total)
{
	if (total->exists)
		table_count(table, total->answered + total->referred);
	else
		table_text(table, "-");
}

/* Questions per team and quarter, in the catalogue's order: teams are not ranked. */
static void put_teams_of_year(struct table *table, const struct report *report)
{
	char text[PERIOD_TEXT_BYTES];

	table_init(table, "lrrrrr");
	table_text(table, "Questions per team");
	for (uint32_t i = 0; i < QUARTERS; i++) {
		period_format(period_of_quarter(period_first_quarter(report->period) + i), text);
		table_text(table, text);
	}
	period_format(report->period, text);
	table_text(table, text);
	for (size_t i = 0; i < report->n_teams; i++) {
		const struct team_totals *team = &report->teams[i];

		table_text(table, figures_team_name(report->catalogue, team->team->id));
		for (uint32_t quarter = 0; quarter < QUARTERS; quarter++)
			put_total(table, &team->quarters[quarter]);
		put_total(table, &team->whole);
	}
	table_rule(table);
	table_text(table, "Total");
	for (uint32_t quarter = 0; quarter < QUARTERS; quarter++)
		put_total(table, &report->quarters[quarter]);
	table_count(table, report->summary.answered + report->summary.referred);
}

static void put_teams_of_quarter(struct table *table, const struct report *report)
{
	table_init(table, "lrrrr");
	put_head(table, "Team", NULL);
	for (size_t i = 0; i < report->n_teams; i++) {
		const struct team_totals *team = &report->teams[i];

		table_text(table, figures_team_name(report->catalogue, team->team->id));
		put_counts(table, team->whole.answered, team->whole.referred);
	}
	table_rule(table);
	table_text(table, "Total");
	put_counts(table, report->summary.answered, report->summary.referred);
}

static int print_block(void (*put)(struct table *table, const struct report *report), const struct report *report,
		       struct error *error)
{
	struct table table;
	int rc;

	put(&table, report);
	(void)fputc('\n', stdout);
	rc = table_print(&table, stdout, error);
	table_release(&table);
	return rc;
}

static void print_heading(const struct report *report, const char *date)
{
	const struct summary *summary = &report->summary;
	char period[PERIOD_TEXT_BYTES], status[STATUS_BYTES];

	period_format(report->period, period);
	text_print(stdout, "%s (%s), %s\n", figures_team_name(report->catalogue, report->team), report->team, period);
	(void)printf("Counts of questions, not persons (vragen, geen personen). Status on %s: %s.\n", date,
		     status_text(summary->status, summary->revision, 0, status));
}

static void print_notes(const struct report *report)
{
	const struct summary *summary = &report->summary;
	uint64_t undistributed = summary->undistributed_answered + summary->undistributed_referred;
	bool absent = false;

	for (size_t i = 0; i < QUARTERS; i++) {
		absent |= report->period.is_year && !report->quarters[i].exists;
		for (size_t team = 0; team < report->n_teams; team++)
			absent |= report->period.is_year && !report->teams[team].quarters[i].exists;
	}
	if (absent || undistributed > 0 || summary->late > 0)
		(void)fputc('\n', stdout);
	if (absent)
		(void)puts("-: no figure. Not begun yet, before counting began, or the team did not exist.");
	if (undistributed > 0)
		(void)printf("In the totals, not shown per domain yet (held cells): %" PRIu64 ".\n", undistributed);
	if (summary->late > 0)
		(void)printf(
			"Late (te laat, niet meegeteld), in no figure here because their quarter was final: %" PRIu64
			".\nturfctl revise QUARTER takes them in.\n",
			summary->late);
}

static int print_report(const struct report *report, const char *date, struct error *error)
{
	bool all = strcmp(report->team, TEAM_ALL) == 0, year = report->period.is_year;
	int rc = 0;

	print_heading(report, date);
	if (year)
		rc = print_block(put_quarters, report, error);
	if (rc == 0)
		rc = print_block(year && all ? put_top : put_domains, report, error);
	if (rc == 0 && all)
		rc = print_block(year ? put_teams_of_year : put_teams_of_quarter, report, error);
	if (rc == 0 && report->summary.n_labels > 0)
		rc = print_block(put_labels, report, error);
	if (rc == 0)
		print_notes(report);
	return rc;
}

/* ---- The command ------------------------------------------------------------------------------ */

int ctl_show(const struct ctl *ctl, struct error *error)
{
	struct report report = {.team = ctl->team ? ctl->team : TEAM_ALL};
	struct ctl_reading reading;
	int rc;

	if (ctl->n_words > 0 && period_parse(ctl->words[0], &report.period) != 0)
		return ctl_usage("show takes a year (2019) or a quarter (2019-Q4), not \"%s\"", ctl->words[0]);
	rc = ctl_reading_open(ctl, &reading, error);
	if (rc < 0)
		return rc;
	ctl_note_date(&reading);
	report.catalogue = &reading.catalogue;
	if (ctl->n_words == 0)
		report.period = period_of_year(year_of_quarter(quarter_of_day(reading.figures.standing.today)));
	rc = ctl_check_team(&reading.catalogue, report.team, error);
	if (rc == 0)
		rc = read_report(&reading.figures, &report, error);
	ctl_reading_close(&reading);
	if (rc == 0)
		rc = print_report(&report, reading.date, error);
	free(report.teams);
	ctl_reading_release(&reading);
	return rc;
}
