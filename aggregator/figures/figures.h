/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Figures: the store's integers and the catalogue's names put together into summaries, weekly courses and the
 * JSON twin (json.h). The publisher and turfctl both read figures here; totals are derived nowhere else.
 */
#ifndef TURF_AGGREGATOR_FIGURES_FIGURES_H
#define TURF_AGGREGATOR_FIGURES_FIGURES_H

#include "proto/catalogue.h"
#include "store/store_view.h"

/* What all figures of one reading have in common. */
struct figures {
	const struct store_view *view;
	const struct catalogue *catalogue; /* in force */
	struct standing standing;
	uint64_t generation;
	int64_t as_of; /* unix seconds */
};

/* The figures of a view, with the status that each quarter has on `today`. The view and the catalogue stay the caller's. */
static inline struct figures figures_read(const struct store_view *view, const struct catalogue *catalogue,
					  uint32_t today, uint64_t as_of)
{
	struct store_state state;

	store_view_state(view, &state);
	return (struct figures){
		.view = view,
		.catalogue = catalogue,
		.standing = store_standing(&state, today),
		.generation = state.generation,
		.as_of = (int64_t)as_of,
	};
}

/* Whether `team` (or TEAM_ALL) has a summary for the period, by rule 10 (docs/wire-format.md). A quarter has one if it
 * does not end before counting_since, the team is valid in it, and it has begun or holds a question. A year has one if
 * one of its quarters has one. */
bool figures_exist(const struct figures *figures, const char *team, struct period period);

/* One team (or TEAM_ALL), one quarter or year. Domains by position, zeros included; labels above zero only. */
int figures_summary(const struct figures *figures, const char *team, struct period period, struct summary *out,
		    struct error *error);

/* Questions per ISO week, from counting_since or the team's first day up to the current week, or the team's last. */
int figures_weekly(const struct figures *figures, const char *team, uint32_t iso_year, struct weekly *out,
		   struct error *error);

/* Calls `each` for every team and period (and ISO year) that has figures, TEAM_ALL last, a year after its quarters;
 * a result other than 0 stops and is returned. */
int figures_each_summary(const struct figures *figures,
			 int (*each)(void *context, const char *team, struct period period), void *context);
int figures_each_weekly(const struct figures *figures, int (*each)(void *context, const char *team, uint32_t iso_year),
			void *context);

/* The name to show: TEAM_ALL has the org's; a code that the catalogue does not know has "domain 17". */
const char *figures_team_name(const struct catalogue *catalogue, const char *team);
void figures_domain_name(const struct catalogue *catalogue, uint32_t code, char out[static NAME_BYTES]);
void figures_label_name(const struct catalogue *catalogue, uint32_t code, char out[static NAME_BYTES]);

#endif
