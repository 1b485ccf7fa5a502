/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/handles.h"
#include "store/meta.h"

struct changed_record {
	struct key key;
	union {
		struct cell_record cell;
		struct week_record week;
	} record;
	UT_hash_handle hh; /* in txn->changed_cells or txn->changed_weeks */
};

static void free_table(struct changed_record **table)
{
	struct changed_record *changed, *next;

	HASH_ITER(hh, *table, changed, next)
	{
		HASH_DEL(*table, changed);
		free(changed);
	}
}

void changes_free(struct store_txn *txn)
{
	free_table(&txn->changed_cells);
	free_table(&txn->changed_weeks);
}

/* ---- Finding -------------------------------------------------------------------------------------- */

static bool read_record(struct lmdb_txn *lmdb, enum database database, struct changed_record *changed)
{
	struct span key = key_span(&changed->key), value;
	bool sound;

	if (!lmdb_get(lmdb, database, key, &value))
		return lmdb->fault == 0;
	sound = database == DB_COUNTS ? cell_decode(key, value, &changed->record.cell)
				      : week_decode(key, value, &changed->record.week);
	if (!sound)
		record_damaged(lmdb, database);
	return sound;
}

/* The record as this transaction has it, to be changed; zeros when there is none yet. NULL: a fault. */
static struct changed_record *find_changed(struct store_txn *txn, enum database database, const struct key *key)
{
	struct changed_record **table = database == DB_COUNTS ? &txn->changed_cells : &txn->changed_weeks, *changed;

	if (txn->lmdb->fault != 0)
		return NULL;
	HASH_FIND(hh, *table, key->bytes, key->length, changed);
	if (changed)
		return changed;
	changed = calloc(1, sizeof *changed);
	if (changed) {
		changed->key = *key;
		if (!read_record(txn->lmdb, database, changed)) {
			free(changed);
			return NULL;
		}
		HASH_ADD_KEYPTR(hh, *table, changed->key.bytes, changed->key.length, changed);
		if (hash_added(changed))
			return changed;
	}
	free(changed);
	lmdb_fail(txn->lmdb, FAULT_MEMORY, "no memory to change figures");
	return NULL;
}

void changes_write(struct store_txn *txn)
{
	for (struct changed_record *changed = txn->changed_cells; changed; changed = changed->hh.next)
		record_put(txn->lmdb, DB_COUNTS, &changed->key, cell_encode(&changed->key, &changed->record.cell));
	for (struct changed_record *changed = txn->changed_weeks; changed; changed = changed->hh.next)
		record_put(txn->lmdb, DB_WEEKS, &changed->key, week_encode(&changed->key, &changed->record.week));
	changes_free(txn);
}

/* ---- Changing ------------------------------------------------------------------------------------- */

/* False: it would fall below zero, so an id says that something was counted here, and the counter does not. */
static bool add_to_counter(uint64_t *counter, int by)
{
	if (by < 0 && *counter < (uint64_t)-by)
		return false;
	*counter += (uint64_t)(int64_t)by;
	return true;
}

static void change_cell(struct store_txn *txn, const struct cell_key *where, struct count_change change)
{
	struct key key = key_cell(where);
	struct changed_record *changed = find_changed(txn, DB_COUNTS, &key);
	struct cell_record *cell;

	if (!changed)
		return;
	cell = &changed->record.cell;
	if (!add_to_counter(&cell->counted, change.counted) || !add_to_counter(&cell->settled, change.settled) ||
	    !add_to_counter(&cell->late, change.late))
		record_damaged(txn->lmdb, DB_COUNTS);
	if (txn->state.shown.cells.policy == CELLS_LIVE)
		cell->shown = cell->counted;
}

const struct day_periods *changes_periods_of(struct store_txn *txn, uint32_t day)
{
	if (txn->periods.quarter == 0 || txn->periods.day != day)
		txn->periods = (struct day_periods){day, quarter_of_day(day), iso_week_of_day(day)};
	return &txn->periods;
}

/* Late ones count in their week at once, and have no detail there from the first. */
static void change_week(struct store_txn *txn, uint32_t day, uint16_t team, struct count_change change)
{
	struct iso_week iso = changes_periods_of(txn, day)->week;
	struct week_key where = {.iso_year = (uint16_t)iso.year, .team = team, .week = (uint8_t)iso.week};
	struct key key = key_week(&where);
	struct changed_record *changed = find_changed(txn, DB_WEEKS, &key);

	if (!changed)
		return;
	if (!add_to_counter(&changed->record.week.counted, change.counted + change.late) ||
	    !add_to_counter(&changed->record.week.settled, change.settled + change.late))
		record_damaged(txn->lmdb, DB_WEEKS);
}

void changes_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct count_change change)
{
	struct cell_key cell = {
		.quarter = (uint16_t)changes_periods_of(txn, day)->quarter,
		.team = detail->team,
		.kind = CELL_DOMAIN,
		.code = detail->domain,
		.outcome = detail->outcome,
	};

	change_cell(txn, &cell, change);
	cell.kind = CELL_LABEL;
	cell.outcome = OUTCOME_UNSPECIFIED;
	for (size_t i = 0; i < detail->n_labels; i++) {
		cell.code = detail->labels[i];
		change_cell(txn, &cell, change);
	}
	change_week(txn, day, detail->team, change);
	txn->changed = true;
}

void changes_settle(struct store_txn *txn, uint32_t day, struct id_record *detail)
{
	changes_add(txn, day, detail, (struct count_change){.settled = 1});
	*detail = (struct id_record){.state = detail->state};
	state_note_deletion(txn);
}
