/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading the counts back: a view is one consistent state of the store, whatever is written meanwhile.
 * Keep it open for as short as the reading takes: a long one makes the file grow.
 */
#ifndef TURF_STORE_STORE_VIEW_H
#define TURF_STORE_STORE_VIEW_H

#include "store/store.h"

int store_view_open(struct store *store, struct store_view **out, struct error *error);
void store_view_close(struct store_view *view); /* NULL is fine */

void store_view_state(const struct store_view *view, struct store_state *state);

/* The standing that rules.h wants, from the store's state and the date. */
struct standing store_standing(const struct store_state *state, uint32_t today);

/* The catalogue in force. 0 (release it), STORE_NOT_FOUND when none was put yet, or a fault. */
int store_view_catalogue(const struct store_view *view, struct catalogue *out, struct error *error);

/* One domain's, or one label's, integers. `counted` is the truth, `shown` what held cells let out. */
struct cell {
	uint64_t counted;
	uint64_t shown;
	uint64_t late;
};

struct label_cell {
	uint32_t label;
	struct cell cell;
};

/* Everything that is counted for a team, or for all, in one quarter. Index = domain code. */
struct tally {
	bool present[DOMAIN_CODE_MAX + 1]; /* a record is there, if only of zeros */
	struct cell answered[DOMAIN_CODE_MAX + 1];
	struct cell referred[DOMAIN_CODE_MAX + 1];
	uint32_t n_labels;
	struct label_cell labels[LABELS_MAX]; /* ascending */
	uint32_t revision;                    /* 1 unless store_revise raised it */
};

/* Adds to `tally` (clear it first) what `team` has in `quarter`; TEAM_ALL: the sum of the teams. */
int store_view_quarter(const struct store_view *view, const char *team, uint32_t quarter, struct tally *tally,
		       struct error *error);

/* Questions per ISO week, weeks[1..53], late ones included; TEAM_ALL: the sum. Adds; clear it first. */
int store_view_weeks(const struct store_view *view, const char *team, uint32_t iso_year,
		     uint64_t weeks[static WEEKS_MAX + 1], struct error *error);

/* Whether any question was ever counted there (catalogue_history.counted). */
bool store_view_counted(const struct store_view *view, enum catalogue_part part, const char *team, uint32_t code,
			uint32_t quarter);

/* The first and last quarter that hold a record of `team` (or TEAM_ALL). 0 or STORE_NOT_FOUND. */
int store_view_span(const struct store_view *view, const char *team, uint32_t *first, uint32_t *last,
		    struct error *error);

/* Quarantine, oldest first within a reason. `each` returns false to stop. */
int store_view_quarantine(const struct store_view *view, bool (*each)(void *context, const struct quarantined *entry),
			  void *context, struct error *error);

#endif
