/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/figures/figures.h"

#include <stdio.h>
#include <string.h>

/* ---- What exists ------------------------------------------------------------------------------ */

static bool team_valid_within(const struct catalogue *catalogue, const char *team, uint32_t first, uint32_t last)
{
	bool all = strcmp(team, TEAM_ALL) == 0;

	for (size_t i = 0; i < catalogue->n_teams; i++) {
		const struct team *one = &catalogue->teams[i];

		if ((all || strcmp(one->id, team) == 0) &&
		    catalogue_valid_within(one->valid_from, one->valid_until, first, last))
			return true;
	}
	return false;
}

/* A quarter that cannot be read counts as one that holds something: figures_summary then says what is wrong. */
static bool quarter_holds_record(const struct figures *figures, const char *team, uint32_t quarter)
{
	struct tally tally = {0};

	if (store_view_quarter(figures->view, team, quarter, &tally, NULL) < 0)
		return true;
	for (uint32_t code = 0; code <= DOMAIN_CODE_MAX; code++)
		if (tally.present[code])
			return true;
	return false;
}

static bool quarter_exists(const struct figures *figures, const char *team, uint32_t quarter)
{
	uint32_t first = quarter_first_day(quarter);

	if (quarter < quarter_of_day(figures->catalogue->counting_since))
		return false;
	if (first <= figures->standing.today &&
	    team_valid_within(figures->catalogue, team, first, quarter_last_day(quarter)))
		return true;
	return quarter_holds_record(figures, team, quarter);
}

bool figures_exist(const struct figures *figures, const char *team, struct period period)
{
	for (uint32_t quarter = period_first_quarter(period); quarter <= period_last_quarter(period); quarter++)
		if (quarter_exists(figures, team, quarter))
			return true;
	return false;
}

/* Today's quarter, or a later one that holds a record: clocks differ, and a date may have jumped and come back. */
static uint32_t last_quarter(const struct figures *figures, const char *team)
{
	uint32_t today = quarter_of_day(figures->standing.today);
	uint32_t first = 0, last = 0;

	if (store_view_span(figures->view, team, &first, &last, NULL) != 0)
		return today;
	return last > today ? last : today;
}

/* ---- Summaries -------------------------------------------------------------------------------- */

static uint64_t cell_any(const struct cell *cell)
{
	return cell->counted | cell->shown | cell->late;
}

/* What a summary is made of: the cells of one quarter, or of a year's quarters added up, and what time says. */
struct gathered {
	struct tally tally;
	bool listed[4]; /* the period's quarters that have figures, the first at 0 */
	uint32_t first_quarter, last_quarter;
	uint32_t revision;
};

static int gather_quarter(const struct figures *figures, const char *team, uint32_t quarter, struct gathered *sum,
			  struct error *error)
{
	struct tally *tally = &sum->tally;
	char text[PERIOD_TEXT_BYTES];
	int rc;

	tally->revision = 1;
	rc = store_view_quarter(figures->view, team, quarter, tally, error);
	if (rc < 0) {
		period_format(period_of_quarter(quarter), text);
		return error_prefix(error, rc, "figures of %s in %s", team, text);
	}
	if (rules_quarter_status(quarter, &figures->standing) == QUARTER_FINAL && tally->revision > sum->revision)
		sum->revision = tally->revision;
	sum->listed[quarter - sum->first_quarter] = true;
	return 0;
}

/* A year has only the quarters that have figures of their own; a quarter that is asked for is there by itself. */
static int sum_cells(const struct figures *figures, const char *team, struct period period, struct gathered *sum,
		     struct error *error)
{
	memset(sum, 0, sizeof *sum);
	sum->first_quarter = period_first_quarter(period);
	sum->last_quarter = period_last_quarter(period);
	for (uint32_t quarter = sum->first_quarter; quarter <= sum->last_quarter; quarter++) {
		int rc = 0;

		if (!period.is_year || quarter_exists(figures, team, quarter))
			rc = gather_quarter(figures, team, quarter, sum, error);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool domain_counted(const struct tally *tally, uint32_t code)
{
	return (cell_any(&tally->answered[code]) | cell_any(&tally->referred[code])) != 0;
}

static bool domain_valid(const struct domain *domain, const struct gathered *sum)
{
	for (uint32_t quarter = sum->first_quarter; quarter <= sum->last_quarter; quarter++)
		if (sum->listed[quarter - sum->first_quarter] &&
		    catalogue_valid_within(domain->valid_from, domain->valid_until, quarter_first_day(quarter),
					   quarter_last_day(quarter)))
			return true;
	return false;
}

static void put_domain(struct summary *out, const struct tally *tally, uint32_t code)
{
	struct domain_count *to = &out->domains[out->n_domains++];

	to->domain = code;
	to->answered = tally->answered[code].shown;
	to->referred = tally->referred[code].shown;
}

static void put_domains(const struct catalogue *catalogue, const struct gathered *sum, struct summary *out)
{
	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const struct domain *domain = &catalogue->domains[i];

		if (domain_valid(domain, sum) || domain_counted(&sum->tally, domain->code))
			put_domain(out, &sum->tally, domain->code);
	}
	for (uint32_t code = 1; code <= DOMAIN_CODE_MAX; code++)
		if (domain_counted(&sum->tally, code) && !catalogue_domain(catalogue, code))
			put_domain(out, &sum->tally, code);
}

static void put_labels(const struct tally *tally, struct summary *out)
{
	for (uint32_t i = 0; i < tally->n_labels; i++) {
		const struct label_cell *from = &tally->labels[i];

		if (from->cell.shown > 0)
			out->labels[out->n_labels++] =
				(struct label_count){.label = from->label, .count = from->cell.shown};
	}
}

/* Totals have everything that is counted. The part that no domain shows yet is undistributed: rule 14
 * (docs/wire-format.md). */
static int put_totals(const struct tally *tally, struct summary *out, struct error *error)
{
	uint64_t shown_answered = 0, shown_referred = 0;

	for (uint32_t code = 1; code <= DOMAIN_CODE_MAX; code++) {
		out->answered += tally->answered[code].counted;
		out->referred += tally->referred[code].counted;
		out->late += tally->answered[code].late + tally->referred[code].late;
		shown_answered += tally->answered[code].shown;
		shown_referred += tally->referred[code].shown;
	}
	if (shown_answered > out->answered || shown_referred > out->referred)
		return error_set(error, FAULT_DAMAGED,
				 "the domains of %s show more questions than were counted; run turfctl verify",
				 out->team);
	out->undistributed_answered = out->answered - shown_answered;
	out->undistributed_referred = out->referred - shown_referred;
	return 0;
}

/* Rule 9. Quarters close in order, so those before counting began never keep a year from becoming final. */
static enum quarter_status year_status(const struct figures *figures, const struct gathered *sum)
{
	enum quarter_status year = QUARTER_FINAL;

	for (uint32_t quarter = sum->first_quarter; quarter <= sum->last_quarter; quarter++) {
		enum quarter_status one = rules_quarter_status(quarter, &figures->standing);

		if (one == QUARTER_OPEN)
			return QUARTER_OPEN;
		if (one == QUARTER_PROVISIONAL)
			year = QUARTER_PROVISIONAL;
	}
	return year;
}

int figures_summary(const struct figures *figures, const char *team, struct period period, struct summary *out,
		    struct error *error)
{
	struct gathered sum;
	int rc;

	memset(out, 0, sizeof *out);
	rc = sum_cells(figures, team, period, &sum, error);
	if (rc < 0)
		return rc;
	(void)snprintf(out->org, sizeof out->org, "%s", figures->catalogue->org);
	(void)snprintf(out->team, sizeof out->team, "%s", team);
	out->period = period;
	out->status =
		period.is_year ? year_status(figures, &sum) : rules_quarter_status(period.quarter, &figures->standing);
	out->revision = sum.revision;
	out->generation = figures->generation;
	out->as_of = figures->as_of;
	out->catalogue_version = figures->catalogue->version;
	put_domains(figures->catalogue, &sum, out);
	put_labels(&sum.tally, out);
	return put_totals(&sum.tally, out, error);
}

/* A year's quarters that have figures, and then the year. */
static int each_period_of_year(const struct figures *figures, const char *team, uint32_t year, uint32_t last,
			       int (*each)(void *context, const char *team, struct period period), void *context)
{
	uint32_t quarter = period_first_quarter(period_of_year(year));
	bool any = false;
	int rc = 0;

	for (uint32_t end = quarter + 4; quarter < end && quarter <= last && rc == 0; quarter++) {
		if (!quarter_exists(figures, team, quarter))
			continue;
		any = true;
		rc = each(context, team, period_of_quarter(quarter));
	}
	return any && rc == 0 ? each(context, team, period_of_year(year)) : rc;
}

static int each_period(const struct figures *figures, const char *team,
		       int (*each)(void *context, const char *team, struct period period), void *context)
{
	uint32_t year = year_of_quarter(quarter_of_day(figures->catalogue->counting_since));
	uint32_t last = last_quarter(figures, team);
	int rc = 0;

	for (; year <= year_of_quarter(last) && rc == 0; year++)
		rc = each_period_of_year(figures, team, year, last, each, context);
	return rc;
}

int figures_each_summary(const struct figures *figures,
			 int (*each)(void *context, const char *team, struct period period), void *context)
{
	const struct catalogue *catalogue = figures->catalogue;
	int rc = 0;

	for (size_t i = 0; i < catalogue->n_teams && rc == 0; i++)
		rc = each_period(figures, catalogue->teams[i].id, each, context);
	return rc == 0 ? each_period(figures, TEAM_ALL, each, context) : rc;
}

/* ---- The weekly course ------------------------------------------------------------------------ */

struct day_range {
	uint32_t first, last; /* both included; first > last: empty */
};

/* From counting_since or the team's first day to today or the team's last; TEAM_ALL: its teams' together. */
static struct day_range course_of(const struct figures *figures, const char *team)
{
	const struct catalogue *catalogue = figures->catalogue;
	bool all = strcmp(team, TEAM_ALL) == 0;
	struct day_range range = {UINT32_MAX, 0};

	for (size_t i = 0; i < catalogue->n_teams; i++) {
		const struct team *one = &catalogue->teams[i];
		uint32_t last = one->valid_until ? one->valid_until - 1 : CALENDAR_DAY_MAX;

		if (!all && strcmp(one->id, team) != 0)
			continue;
		if (one->valid_from < range.first)
			range.first = one->valid_from;
		if (last > range.last)
			range.last = last;
	}
	if (range.first < catalogue->counting_since)
		range.first = catalogue->counting_since;
	if (range.last > figures->standing.today)
		range.last = figures->standing.today;
	return range;
}

static uint32_t week_number(struct iso_week week)
{
	return week.year * 64 + week.week;
}

/* A week outside the course that holds a question after all is part of it: clocks run up to a day ahead. */
static bool week_listed(struct day_range course, struct iso_week week, const uint64_t *weeks)
{
	uint32_t number = week_number(week);

	if (weeks[week.week] > 0)
		return true;
	return course.first <= course.last && number >= week_number(iso_week_of_day(course.first)) &&
	       number <= week_number(iso_week_of_day(course.last));
}

int figures_weekly(const struct figures *figures, const char *team, uint32_t iso_year, struct weekly *out,
		   struct error *error)
{
	struct day_range course = course_of(figures, team);
	uint64_t weeks[WEEKS_MAX + 1] = {0};
	int rc;

	memset(out, 0, sizeof *out);
	rc = store_view_weeks(figures->view, team, iso_year, weeks, error);
	if (rc < 0)
		return error_prefix(error, rc, "weeks of %s in %u", team, iso_year);
	(void)snprintf(out->org, sizeof out->org, "%s", figures->catalogue->org);
	(void)snprintf(out->team, sizeof out->team, "%s", team);
	out->iso_year = iso_year;
	out->generation = figures->generation;
	for (uint32_t week = 1; week <= iso_weeks_in_year(iso_year); week++)
		if (week_listed(course, (struct iso_week){.year = iso_year, .week = week}, weeks))
			out->weeks[out->n_weeks++] = (struct week_count){.week = week, .questions = weeks[week]};
	return 0;
}

static int each_iso_year(const struct figures *figures, const char *team,
			 int (*each)(void *context, const char *team, uint32_t iso_year), void *context)
{
	uint32_t year = iso_week_of_day(figures->catalogue->counting_since).year;
	uint32_t last = iso_week_of_day(quarter_last_day(last_quarter(figures, team))).year;
	int rc = 0;

	for (; year <= last && rc == 0; year++) {
		struct weekly weekly;

		if (figures_weekly(figures, team, year, &weekly, NULL) < 0 || weekly.n_weeks > 0)
			rc = each(context, team, year);
	}
	return rc;
}

int figures_each_weekly(const struct figures *figures, int (*each)(void *context, const char *team, uint32_t iso_year),
			void *context)
{
	const struct catalogue *catalogue = figures->catalogue;
	int rc = 0;

	for (size_t i = 0; i < catalogue->n_teams && rc == 0; i++)
		rc = each_iso_year(figures, catalogue->teams[i].id, each, context);
	return rc == 0 ? each_iso_year(figures, TEAM_ALL, each, context) : rc;
}

/* ---- Names ------------------------------------------------------------------------------------ */

const char *figures_team_name(const struct catalogue *catalogue, const char *team)
{
	const struct team *found = catalogue_team(catalogue, team);

	if (found && found->name[0])
		return found->name;
	if (strcmp(team, TEAM_ALL) == 0 && catalogue->name[0])
		return catalogue->name;
	return team;
}

void figures_domain_name(const struct catalogue *catalogue, uint32_t code, char out[static NAME_BYTES])
{
	const struct domain *domain = catalogue_domain(catalogue, code);

	if (domain)
		(void)snprintf(out, NAME_BYTES, "%s", domain->name);
	else
		(void)snprintf(out, NAME_BYTES, "domain %u", code);
}

void figures_label_name(const struct catalogue *catalogue, uint32_t code, char out[static NAME_BYTES])
{
	const struct label *label = catalogue_label(catalogue, code);

	if (label)
		(void)snprintf(out, NAME_BYTES, "%s", label->name);
	else
		(void)snprintf(out, NAME_BYTES, "label %u", code);
}
