/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Moving the figures. Many questions of a batch move the same few cells and weeks: each is read once in a transaction,
 * moved in memory, and written once, by figures_write. What reads them in the same transaction calls that first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/internal.h"

struct moved {
	struct key key;
	union {
		struct cell_record cell;
		struct week_record week;
	} record;
	UT_hash_handle hh; /* in txn->moved_cells or txn->moved_weeks */
};

static void free_table(struct moved **table)
{
	struct moved *moved, *next;

	HASH_ITER(hh, *table, moved, next) {
		HASH_DEL(*table, moved);
		free(moved);
	}
}

void moves_free(struct store_txn *txn)
{
	free_table(&txn->moved_cells);
	free_table(&txn->moved_weeks);
}

/* ---- Finding -------------------------------------------------------------------------------------- */

static bool read_record(struct lmdb_txn *lmdb, enum database database, struct moved *moved)
{
	struct span key = key_span(&moved->key), value;
	bool sound;

	if (!lmdb_get(lmdb, database, key, &value))
		return lmdb->fault == 0;
	sound = database == DB_COUNTS ? cell_decode(key, value, &moved->record.cell)
				      : week_decode(key, value, &moved->record.week);
	if (!sound)
		cell_record_damaged(lmdb, database);
	return sound;
}

/* The record as this transaction has it, to be moved; zeros when there is none yet. NULL: a fault. */
static struct moved *find(struct store_txn *txn, enum database database, const struct key *key)
{
	struct moved **table = database == DB_COUNTS ? &txn->moved_cells : &txn->moved_weeks, *moved;

	if (txn->lmdb->fault != 0)
		return NULL;
	HASH_FIND(hh, *table, key->bytes, key->length, moved);
	if (moved)
		return moved;
	moved = calloc(1, sizeof *moved);
	if (moved) {
		moved->key = *key;
		if (!read_record(txn->lmdb, database, moved)) {
			free(moved);
			return NULL;
		}
		HASH_ADD_KEYPTR(hh, *table, moved->key.bytes, moved->key.length, moved);
		if (hash_added(moved))
			return moved;
	}
	free(moved);
	lmdb_fail(txn->lmdb, FAULT_MEMORY, "no memory to move figures");
	return NULL;
}

void moves_write(struct store_txn *txn)
{
	for (struct moved *moved = txn->moved_cells; moved; moved = moved->hh.next) {
		struct record record = cell_encode(&moved->key, &moved->record.cell);

		lmdb_put(txn->lmdb, DB_COUNTS, key_span(&moved->key), record_span(&record));
	}
	for (struct moved *moved = txn->moved_weeks; moved; moved = moved->hh.next) {
		struct record record = week_encode(&moved->key, &moved->record.week);

		lmdb_put(txn->lmdb, DB_WEEKS, key_span(&moved->key), record_span(&record));
	}
	moves_free(txn);
}

/* ---- Moving --------------------------------------------------------------------------------------- */

/* False: it would fall below zero, so an id says that something was counted here, and the counter does not. */
static bool move(uint64_t *counter, int by)
{
	if (by < 0 && *counter < (uint64_t)-by)
		return false;
	*counter += (uint64_t)(int64_t)by;
	return true;
}

static void move_cell(struct store_txn *txn, const struct cell_key *where, struct step step)
{
	struct key key = key_cell(where);
	struct moved *moved = find(txn, DB_COUNTS, &key);
	struct cell_record *cell;

	if (!moved)
		return;
	cell = &moved->record.cell;
	if (!move(&cell->counted, step.counted) || !move(&cell->settled, step.settled) || !move(&cell->late, step.late))
		cell_record_damaged(txn->lmdb, DB_COUNTS);
	if (txn->state.shown.cells.policy == CELLS_LIVE)
		cell->shown = cell->counted;
}

const struct placed_day *moves_place_day(struct store_txn *txn, uint32_t day)
{
	if (txn->placed.quarter == 0 || txn->placed.day != day)
		txn->placed = (struct placed_day){day, quarter_of_day(day), iso_week_of_day(day)};
	return &txn->placed;
}

/* Late ones count in their week at once, and have no detail there from the first. */
static void move_week(struct store_txn *txn, uint32_t day, uint16_t team, struct step step)
{
	struct iso_week iso = moves_place_day(txn, day)->week;
	struct week_key where = {.iso_year = (uint16_t)iso.year, .team = team, .week = (uint8_t)iso.week};
	struct key key = key_week(&where);
	struct moved *moved = find(txn, DB_WEEKS, &key);

	if (!moved)
		return;
	if (!move(&moved->record.week.counted, step.counted + step.late) ||
	    !move(&moved->record.week.settled, step.settled + step.late))
		cell_record_damaged(txn->lmdb, DB_WEEKS);
}

void moves_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct step step)
{
	struct cell_key cell = {
		.quarter = (uint16_t)moves_place_day(txn, day)->quarter,
		.team = detail->team,
		.kind = CELL_DOMAIN,
		.code = detail->domain,
		.outcome = detail->outcome,
	};

	move_cell(txn, &cell, step);
	cell.kind = CELL_LABEL;
	cell.outcome = OUTCOME_UNSPECIFIED;
	for (size_t i = 0; i < detail->n_labels; i++) {
		cell.code = detail->labels[i];
		move_cell(txn, &cell, step);
	}
	move_week(txn, day, detail->team, step);
	txn->changed = true;
}

void moves_settle(struct store_txn *txn, uint32_t day, struct id_record *detail)
{
	moves_add(txn, day, detail, (struct step){.settled = 1});
	*detail = (struct id_record){.state = detail->state};
	state_note_deletion(txn);
}
