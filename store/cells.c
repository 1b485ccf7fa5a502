/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/internal.h"

static void damaged(struct lmdb_txn *lmdb, enum database database)
{
	lmdb_fail(lmdb, FAULT_DAMAGED, "a record of database '%s' is damaged; verify tells which; restore a backup",
		  database_name(database));
}

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
	struct key key = cell_key(where);
	struct cell_record cell = {0};
	struct record record;
	struct span value;

	if (lmdb_get(&txn->lmdb, DB_COUNTS, key_span(&key), &value) && !cell_decode(key_span(&key), value, &cell))
		damaged(&txn->lmdb, DB_COUNTS);
	if (!move(&cell.counted, step.counted) || !move(&cell.settled, step.settled) || !move(&cell.late, step.late))
		damaged(&txn->lmdb, DB_COUNTS);
	if (txn->state.shown.cells.policy == CELLS_LIVE)
		cell.shown = cell.counted;
	record = cell_encode(&key, &cell);
	lmdb_put(&txn->lmdb, DB_COUNTS, key_span(&key), record_span(&record));
}

/* Late ones count in their week at once, and have no detail there from the first. */
static void move_week(struct store_txn *txn, uint32_t day, uint16_t team, struct step step)
{
	struct iso_week iso = iso_week_of_day(day);
	struct week_key where = {.iso_year = (uint16_t)iso.year, .team = team, .week = (uint8_t)iso.week};
	struct key key = week_key(&where);
	struct week_record week = {0};
	struct record record;
	struct span value;

	if (lmdb_get(&txn->lmdb, DB_WEEKS, key_span(&key), &value) && !week_decode(key_span(&key), value, &week))
		damaged(&txn->lmdb, DB_WEEKS);
	if (!move(&week.counted, step.counted + step.late) || !move(&week.settled, step.settled + step.late))
		damaged(&txn->lmdb, DB_WEEKS);
	record = week_encode(&key, &week);
	lmdb_put(&txn->lmdb, DB_WEEKS, key_span(&key), record_span(&record));
}

void figures_move(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct step step)
{
	struct cell_key cell = {
		.quarter = (uint16_t)quarter_of_day(day),
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

void figures_settle(struct store_txn *txn, uint32_t day, struct id_record *detail)
{
	figures_move(txn, day, detail, (struct step){.settled = 1});
	*detail = (struct id_record){.state = detail->state};
	note_deletion(txn);
}

/* ---- Walking ------------------------------------------------------------------------------------ */

void cell_walk_open(struct cell_walk *walk, struct lmdb_txn *lmdb, struct key prefix)
{
	*walk = (struct cell_walk){.prefix = prefix, .from = prefix};
	lmdb_cursor_open(&walk->cursor, lmdb, DB_COUNTS);
}

bool cell_walk_next(struct cell_walk *walk)
{
	struct lmdb_cursor *cursor = &walk->cursor;
	bool found = cursor->key.at ? lmdb_next(cursor) : lmdb_seek(cursor, key_span(&walk->from));

	if (!found || !span_begins(cursor->key, &walk->prefix))
		return false;
	if (cell_key_parse(cursor->key, &walk->key) && cell_decode(cursor->key, cursor->value, &walk->cell))
		return true;
	damaged(cursor->txn, DB_COUNTS);
	return false;
}

void cell_walk_put(struct cell_walk *walk)
{
	struct key key = cell_key(&walk->key);
	struct record record = cell_encode(&key, &walk->cell);

	lmdb_replace(&walk->cursor, key_span(&key), record_span(&record));
}

void cell_walk_close(struct cell_walk *walk)
{
	lmdb_cursor_close(&walk->cursor);
}

/* ---- What a quarter has as a whole ---------------------------------------------------------------- */

bool quarter_get(struct lmdb_txn *lmdb, uint16_t quarter, struct quarter_record *record)
{
	struct key key = quarter_key(quarter);
	struct span value;

	*record = (struct quarter_record){0};
	if (!lmdb_get(lmdb, DB_PERIODS, key_span(&key), &value))
		return lmdb->fault == 0;
	if (quarter_decode(key_span(&key), value, record))
		return true;
	damaged(lmdb, DB_PERIODS);
	return false;
}

void quarter_put(struct lmdb_txn *lmdb, uint16_t quarter, const struct quarter_record *quarter_record)
{
	struct key key = quarter_key(quarter);
	struct record record = quarter_encode(&key, quarter_record);

	lmdb_put(lmdb, DB_PERIODS, key_span(&key), record_span(&record));
}
