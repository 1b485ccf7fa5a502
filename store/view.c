/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/step.h"
#include "store/cells.h"
#include "store/handles.h"
#include "store/meta.h"
#include "store/teams.h"

int store_view_open(struct store *store, struct store_view **out, struct error *error)
{
	struct store_view *view = calloc(1, sizeof *view);
	int rc;

	*out = NULL;
	if (!view)
		return error_set(error, FAULT_MEMORY, "open a view: no memory");
	view->lmdb = &view->own;
	rc = lmdb_begin_read(&store->lmdb, view->lmdb, error);
	if (rc == 0 && !state_load(view->lmdb, store->org, &view->state))
		rc = lmdb_result(view->lmdb, error);
	if (rc < 0) {
		store_view_close(view);
		return error_prefix(error, rc, "open a view");
	}
	*out = view;
	step_reached("view-open");
	return 0;
}

void store_view_close(struct store_view *view)
{
	if (!view)
		return;
	lmdb_abort(view->lmdb);
	free(view);
}

void store_view_state(const struct store_view *view, struct store_state *state)
{
	*state = view->state.shown;
}

struct standing store_standing(const struct store_state *state, uint32_t today)
{
	return (struct standing){
		.today = today,
		.purged_before = state->purged_before,
		.settled_before = state->settled_before,
		.final_through = state->final_through,
	};
}

int store_view_catalogue(const struct store_view *view, struct catalogue *out, struct error *error)
{
	struct key key = key_meta(META_CATALOGUE);
	struct span value, bytes;
	int rc;

	*out = (struct catalogue){0};
	if (!lmdb_get(view->lmdb, DB_META, key_span(&key), &value))
		return view->lmdb->fault != 0 ? lmdb_result(view->lmdb, error) : STORE_NOT_FOUND;
	rc = record_unseal(key_span(&key), value, &bytes) ? catalogue_decode(bytes.at, bytes.length, out) : 1;
	if (rc == 0)
		return 0;
	return error_set(error, rc < 0 ? rc : FAULT_DAMAGED, "the catalogue in the store %s",
			 rc < 0 ? "does not fit in memory" : "is damaged; restore a backup");
}

/* The team's number, or TEAM_NONE for all teams. False: the team has none, or a fault. */
static bool find_team(const struct store_view *view, const char *team, uint16_t *number)
{
	*number = TEAM_NONE;
	return strcmp(team, TEAM_ALL) == 0 || team_find(view->lmdb, team, number);
}

/* ---- A quarter ---------------------------------------------------------------------------------- */

static void add_cell(struct cell *to, const struct cell_record *from)
{
	to->counted += from->counted;
	to->shown += from->shown;
	to->late += from->late;
}

/* False: more labels than an org can have. */
static bool add_label(struct tally *tally, uint32_t label, const struct cell_record *from)
{
	uint32_t i = tally->n_labels;

	while (i > 0 && tally->labels[i - 1].label >= label)
		i--;
	if (i == tally->n_labels || tally->labels[i].label != label) {
		if (tally->n_labels == LABELS_MAX)
			return false;
		memmove(&tally->labels[i + 1], &tally->labels[i], (tally->n_labels - i) * sizeof tally->labels[0]);
		tally->labels[i] = (struct label_cell){.label = label};
		tally->n_labels++;
	}
	add_cell(&tally->labels[i].cell, from);
	return true;
}

static void add_to_tally(struct lmdb_txn *lmdb, struct key prefix, struct tally *tally)
{
	struct cell_walk walk;

	cell_walk_open(&walk, lmdb, prefix);
	while (cell_walk_next(&walk)) {
		const struct cell_key *key = &walk.key;

		if (key->kind == CELL_LABEL) {
			if (!add_label(tally, key->code, &walk.cell))
				lmdb_fail(lmdb, FAULT_DAMAGED, "a quarter has more than %d labels", LABELS_MAX);
			continue;
		}
		tally->present[key->code] = true;
		add_cell(key->outcome == OUTCOME_ANSWERED ? &tally->answered[key->code] : &tally->referred[key->code],
			 &walk.cell);
	}
	cell_walk_close(&walk);
}

int store_view_quarter(const struct store_view *view, const char *team, uint32_t quarter, struct tally *tally,
		       struct error *error)
{
	struct quarter_record record;
	uint16_t number;

	(void)quarter_get(view->lmdb, (uint16_t)quarter, &record);
	tally->revision = 1 + record.revisions;
	if (find_team(view, team, &number))
		add_to_tally(view->lmdb, key_prefix((uint16_t)quarter, number), tally);
	return lmdb_result(view->lmdb, error);
}

/* ---- Weeks -------------------------------------------------------------------------------------- */

static void add_weeks(struct lmdb_txn *lmdb, struct key prefix, uint64_t weeks[static WEEKS_MAX + 1])
{
	struct lmdb_cursor cursor;
	struct week_key key;
	struct week_record week;
	bool found;

	lmdb_cursor_open(&cursor, lmdb, DB_WEEKS);
	for (found = lmdb_seek(&cursor, key_span(&prefix)); found; found = lmdb_next(&cursor)) {
		if (!key_span_begins(cursor.key, &prefix))
			break;
		if (!key_week_parse(cursor.key, &key) || !week_decode(cursor.key, cursor.value, &week)) {
			record_damaged(lmdb, DB_WEEKS);
			break;
		}
		weeks[key.week] += week.counted;
	}
	lmdb_cursor_close(&cursor);
}

int store_view_weeks(const struct store_view *view, const char *team, uint32_t iso_year,
		     uint64_t weeks[static WEEKS_MAX + 1], struct error *error)
{
	uint16_t number;

	if (find_team(view, team, &number))
		add_weeks(view->lmdb, key_prefix((uint16_t)iso_year, number), weeks);
	return lmdb_result(view->lmdb, error);
}

/* ---- What was ever counted ------------------------------------------------------------------------ */

bool store_view_counted(const struct store_view *view, enum catalogue_part part, const char *team, uint32_t code,
			uint32_t quarter)
{
	uint8_t kind = part == PART_LABEL ? CELL_LABEL : CELL_DOMAIN;
	struct cell_walk walk;
	uint16_t number;
	bool counted = false;

	if (!find_team(view, part == PART_TEAM ? team : TEAM_ALL, &number))
		return view->lmdb->fault != 0;
	cell_walk_open(&walk, view->lmdb, key_prefix((uint16_t)quarter, number));
	while (!counted && cell_walk_next(&walk))
		if (part == PART_TEAM || (walk.key.kind == kind && walk.key.code == code))
			counted = walk.cell.counted > 0 || walk.cell.late > 0;
	cell_walk_close(&walk);
	return counted || view->lmdb->fault != 0;
}

/* The first record of `quarter` or later that belongs to `team` (TEAM_NONE: any). */
static bool next_quarter(struct lmdb_cursor *cursor, uint16_t team, uint32_t *quarter)
{
	struct cell_key cell;
	struct key key;

	while (*quarter <= UINT16_MAX) {
		key = key_prefix((uint16_t)*quarter, team);
		if (!lmdb_seek(cursor, key_span(&key)))
			return false;
		if (!key_cell_parse(cursor->key, &cell)) {
			record_damaged(cursor->txn, DB_COUNTS);
			return false;
		}
		if (team == TEAM_NONE || cell.team == team) {
			*quarter = cell.quarter;
			return true;
		}
		*quarter = cell.quarter > *quarter ? cell.quarter : *quarter + 1U;
	}
	return false;
}

int store_view_span(const struct store_view *view, const char *team, uint32_t *first, uint32_t *last,
		    struct error *error)
{
	uint32_t quarter = 0;
	struct lmdb_cursor cursor;
	uint16_t number;
	bool any = false;

	*first = *last = 0;
	if (find_team(view, team, &number)) {
		lmdb_cursor_open(&cursor, view->lmdb, DB_COUNTS);
		for (; next_quarter(&cursor, number, &quarter); quarter++) {
			if (!any)
				*first = quarter;
			*last = quarter;
			any = true;
		}
		lmdb_cursor_close(&cursor);
	}
	if (view->lmdb->fault != 0)
		return lmdb_result(view->lmdb, error);
	return any ? 0 : STORE_NOT_FOUND;
}

/* ---- Quarantine ---------------------------------------------------------------------------------- */

int store_view_quarantine(const struct store_view *view, bool (*each)(void *context, const struct quarantined *entry),
			  void *context, struct error *error)
{
	struct lmdb_cursor cursor;
	struct quarantined entry;

	lmdb_cursor_open(&cursor, view->lmdb, DB_QUARANTINE);
	while (lmdb_next(&cursor)) {
		if (!quarantine_decode(cursor.key, cursor.value, &entry)) {
			record_damaged(view->lmdb, DB_QUARANTINE);
			break;
		}
		if (!each(context, &entry))
			break;
	}
	lmdb_cursor_close(&cursor);
	return lmdb_result(view->lmdb, error);
}
