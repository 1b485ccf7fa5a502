/* SPDX-License-Identifier: EUPL-1.2 */
/* What the harness's store says, held against the model. */
#include "tests/unit/lib/harness.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "aggregator/figures/figures.h"
#include "proto/calendar.h"
#include "store/admin/admin.h"

static void must(int rc, const struct error *error)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, error->text);
}

/* ---- Figures -------------------------------------------------------------------------------------- */

static void check_cells(const struct harness *harness, const struct summary *summary, uint32_t first, uint32_t last)
{
	const struct model *model = &harness->now.model;
	const char *team = summary->team;
	uint64_t answered = 0, referred = 0;

	for (uint32_t i = 0; i < summary->n_domains; i++) {
		const struct domain_count *count = &summary->domains[i];

		answered += count->answered;
		referred += count->referred;
		if (harness->now.cells.policy != CELLS_LIVE)
			continue;
		assert_int_equal(count->answered,
				 model_count(model, MODEL_COUNTED, team, first, last, count->domain, OUTCOME_ANSWERED));
		assert_int_equal(count->referred,
				 model_count(model, MODEL_COUNTED, team, first, last, count->domain, OUTCOME_REFERRED));
	}
	assert_int_equal(answered + summary->undistributed_answered, summary->answered);
	assert_int_equal(referred + summary->undistributed_referred, summary->referred);
	if (harness->now.cells.policy == CELLS_LIVE)
		assert_int_equal(summary->undistributed_answered + summary->undistributed_referred, 0);
	if (harness->now.cells.policy == CELLS_EVERY && !summary->period.is_year && strcmp(team, TEAM_ALL) != 0)
		assert_true(summary->undistributed_answered + summary->undistributed_referred <
			    harness->now.cells.every);
}

static void check_labels(const struct harness *harness, const struct summary *summary, uint32_t first, uint32_t last)
{
	if (harness->now.cells.policy != CELLS_LIVE)
		return;
	for (size_t i = 0; i < harness_rules.n_labels; i++) {
		uint64_t shown = 0;

		for (uint32_t l = 0; l < summary->n_labels; l++)
			shown +=
				summary->labels[l].label == harness_rules.labels[i].code ? summary->labels[l].count : 0;
		assert_int_equal(shown, model_count_label(&harness->now.model, summary->team, first, last,
							  harness_rules.labels[i].code));
	}
}

static void check_summary(const struct harness *harness, const struct figures *figures, const char *team,
			  struct period period)
{
	uint32_t first = period_first_quarter(period), last = period_last_quarter(period);
	const struct model *model = &harness->now.model;
	static struct summary summary;
	struct error error = {{0}};

	must(figures_summary(figures, team, period, &summary, &error), &error);
	assert_int_equal(summary.answered, model_count(model, MODEL_COUNTED, team, first, last, 0, OUTCOME_ANSWERED));
	assert_int_equal(summary.referred, model_count(model, MODEL_COUNTED, team, first, last, 0, OUTCOME_REFERRED));
	assert_int_equal(summary.late, model_count(model, MODEL_LATE, team, first, last, 0, OUTCOME_UNSPECIFIED));
	check_cells(harness, &summary, first, last);
	check_labels(harness, &summary, first, last);
}

static void check_weeks(const struct harness *harness, const struct figures *figures, const char *team,
			uint32_t iso_year)
{
	struct weekly weekly;
	struct error error = {{0}};

	must(figures_weekly(figures, team, iso_year, &weekly, &error), &error);
	for (uint32_t i = 0; i < weekly.n_weeks; i++) {
		struct iso_week week = {.year = iso_year, .week = weekly.weeks[i].week};

		assert_int_equal(weekly.weeks[i].questions, model_count_week(&harness->now.model, team, week));
	}
}

static void check_state(const struct harness *harness, const struct store_state *state)
{
	assert_int_equal(state->clock_day, harness->now.model.clock_day);
	assert_int_equal(state->pending_day, harness->now.model.pending_day);
	assert_int_equal(state->final_through, harness->now.model.final_through);
	assert_int_equal(state->purged_before, harness->now.model.purged_before);
}

void harness_check_figures(struct harness *harness)
{
	static const char *const names[] = {"oost", "west", "zuid", TEAM_ALL};
	uint32_t last = quarter_of_day(harness->latest + 1);
	struct store_state state;
	struct store_view *view;
	struct figures figures;
	struct error error = {{0}};

	must(store_view_open(harness->store, &view, &error), &error);
	store_view_state(view, &state);
	check_state(harness, &state);
	figures = (struct figures){
		.view = view,
		.catalogue = &harness_rules,
		.standing = store_standing(&state, harness->now.model.today),
	};
	for (size_t t = 0; t < 4; t++) {
		for (uint32_t quarter = quarter_of_day(harness_rules.counting_since); quarter <= last; quarter++)
			check_summary(harness, &figures, names[t], period_of_quarter(quarter));
		for (uint32_t year = 2019; year <= year_of_quarter(last); year++) {
			check_summary(harness, &figures, names[t], period_of_year(year));
			check_weeks(harness, &figures, names[t], year);
		}
	}
	store_view_close(view);
}

/* ---- The store -------------------------------------------------------------------------------------- */

static void finding(void *context, const char *text)
{
	(void)context;
	print_error("verify: %s\n", text);
}

static void check_counters(const struct counters *c)
{
	assert_int_equal(c->events, c->counted + c->counted_late + c->already_counted + c->retracted +
					    c->already_retracted + c->refused_malformed + c->refused_unknown_team +
					    c->refused_unknown_domain + c->refused_unknown_label +
					    c->refused_day_in_future + c->refused_day_too_old +
					    c->refused_retraction_too_late);
}

void harness_check_store(struct harness *harness)
{
	struct store_figures figures;
	struct error error = {{0}};
	int found = store_verify(harness->store, finding, NULL, &error);

	if (found < 0)
		print_error("verify: %s\n", error.text);
	assert_int_equal(found, 0);
	must(store_figures(harness->store, &figures, &error), &error);
	assert_int_equal(figures.quarantined, harness->now.n_refused);
	check_counters(&harness->counters);
}
