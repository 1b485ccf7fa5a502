/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the tests of figures read from instead of a store: a view that is a handful of literal rows, and an org.
 * Included once in a program, for it defines the functions of store_view.h that figures.c calls.
 */
#ifndef TURF_TESTS_UNIT_LIB_FIGURES_ORG_H
#define TURF_TESTS_UNIT_LIB_FIGURES_ORG_H

#include "aggregator/figures/json.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A store of literal rows ------------------------------------------------------------------ */

enum part { ANSWERED, REFERRED, LABEL, REVISION, WEEK, BROKEN };

/* `when`: a quarter, or of WEEK an ISO year. `code`: a domain, a label, a revision, a week. */
struct row {
	const char *team;
	uint32_t when;
	enum part part;
	uint32_t code;
	struct cell cell;
};

struct store_view {
	const struct row *rows;
	size_t n_rows;
};

static bool row_of(const struct row *row, const char *team)
{
	return strcmp(team, TEAM_ALL) == 0 || strcmp(row->team, team) == 0;
}

static void add_cell(struct cell *to, const struct cell *from)
{
	to->counted += from->counted;
	to->shown += from->shown;
	to->late += from->late;
}

static void add_label(struct tally *tally, const struct row *row)
{
	uint32_t i = 0;

	while (i < tally->n_labels && tally->labels[i].label != row->code)
		i++;
	if (i == tally->n_labels)
		tally->labels[tally->n_labels++].label = row->code;
	add_cell(&tally->labels[i].cell, &row->cell);
}

int store_view_quarter(const struct store_view *view, const char *team, uint32_t quarter, struct tally *tally,
		       struct error *error)
{
	tally->revision = 1;
	for (size_t i = 0; i < view->n_rows; i++) {
		const struct row *row = &view->rows[i];

		if (row->part == WEEK || row->when != quarter || !row_of(row, team))
			continue;
		if (row->part == BROKEN)
			return error_set(error, FAULT_DAMAGED, "a bad record");
		if (row->part == LABEL)
			add_label(tally, row);
		else if (row->part == REVISION)
			tally->revision = row->code;
		else {
			tally->present[row->code] = true;
			add_cell(row->part == ANSWERED ? &tally->answered[row->code] : &tally->referred[row->code],
				 &row->cell);
		}
	}
	return 0;
}

int store_view_weeks(const struct store_view *view, const char *team, uint32_t iso_year,
		     uint64_t weeks[static WEEKS_MAX + 1], struct error *error)
{
	for (size_t i = 0; i < view->n_rows; i++) {
		const struct row *row = &view->rows[i];

		if (row->when != iso_year || !row_of(row, team))
			continue;
		if (row->part == BROKEN)
			return error_set(error, FAULT_DAMAGED, "a bad record");
		if (row->part == WEEK)
			weeks[row->code] += row->cell.counted;
	}
	return 0;
}

int store_view_span(const struct store_view *view, const char *team, uint32_t *first, uint32_t *last,
		    struct error *error)
{
	int rc = STORE_NOT_FOUND;

	(void)error;
	for (size_t i = 0; i < view->n_rows; i++) {
		const struct row *row = &view->rows[i];

		if ((row->part != ANSWERED && row->part != REFERRED) || !row_of(row, team))
			continue;
		*first = rc == 0 && *first < row->when ? *first : row->when;
		*last = rc == 0 && *last > row->when ? *last : row->when;
		rc = 0;
	}
	return rc;
}

/* ---- The org of these scenarios ----------------------------------------------------------------- */

#define LIVE(n)                              \
	{                                    \
		.counted = (n), .shown = (n) \
	}
#define HELD(n, visible)                           \
	{                                          \
		.counted = (n), .shown = (visible) \
	}
#define LATE(n)             \
	{                   \
		.late = (n) \
	}

static inline uint32_t day(const char *text)
{
	uint32_t number = 0;

	assert_int_equal(date_parse(text, &number), 0);
	return number;
}

static inline struct period period(const char *text)
{
	struct period parsed;

	assert_int_equal(period_parse(text, &parsed), 0);
	return parsed;
}

/* period("2019-Q1").quarter, for use in tables. */
enum {
	Q3_2018 = 2018 * 4 + 2,
	Q4_2018 = 2018 * 4 + 3,
	Q1_2019 = 2019 * 4,
	Q2_2019 = 2019 * 4 + 1,
	Q3_2019 = 2019 * 4 + 2,
};

/* Counting began on 1 August 2018. West merged into oost on 15 February 2019; noord came on 1 July 2019. */
struct org {
	struct team teams[3];
	struct domain domains[4];
	struct label labels[2];
	struct catalogue catalogue;
	struct store_view view;
	struct figures figures;
};

static inline void org_init(struct org *org, const struct row *rows, size_t n_rows, const char *today)
{
	*org = (struct org){
		.teams = {{.id = "oost", .name = "Gebiedsteam Oost"},
			  {.id = "west", .name = "Gebiedsteam West", .valid_until = day("2019-02-15")},
			  {.id = "noord", .name = "Gebiedsteam Noord", .valid_from = day("2019-07-01")}},
		.domains = {{.code = 9, .name = "Sociaal netwerk", .position = 1},
			    {.code = 1, .name = "Financiën", .position = 2},
			    {.code = 7, .name = "Verslaving", .position = 3, .valid_until = day("2019-01-01")},
			    {.code = 14, .name = "Middelengebruik", .position = 4, .valid_from = day("2019-01-01")}},
		.labels = {{.code = 4, .name = "Studietoeslag", .kind = LABEL_SUBJECT},
			   {.code = 20, .name = "Inloopuur", .kind = LABEL_ORIGIN}},
		.catalogue = {.version = 3,
			      .org = "dekop",
			      .name = "Sociaal Werk De Kop",
			      .counting_since = day("2018-08-01"),
			      .n_teams = 3,
			      .n_domains = 4,
			      .n_labels = 2},
		.view = {rows, n_rows},
		.figures = {.standing = {.today = day(today)}, .generation = 77, .as_of = 1577836800},
	};
	org->catalogue.teams = org->teams;
	org->catalogue.domains = org->domains;
	org->catalogue.labels = org->labels;
	org->figures.catalogue = &org->catalogue;
	org->figures.view = &org->view;
}

#define ORG(org, rows, today) org_init(org, rows, sizeof(rows) / sizeof((rows)[0]), today)

static inline struct summary summary_of(const struct org *org, const char *team, const char *when)
{
	struct error error = {0};
	struct summary summary;

	if (figures_summary(&org->figures, team, period(when), &summary, &error) != 0)
		fail_msg("%s %s: %s", team, when, error.text);
	return summary;
}

#endif
