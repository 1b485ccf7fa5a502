/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/cells.h"

#include "store/changes.h"
#include "store/handles.h"

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

	if (!found || !key_span_begins(cursor->key, &walk->prefix))
		return false;
	if (key_cell_parse(cursor->key, &walk->key) && cell_decode(cursor->key, cursor->value, &walk->cell))
		return true;
	record_damaged(cursor->txn, DB_COUNTS);
	return false;
}

void cell_walk_put(struct cell_walk *walk)
{
	struct key key = key_cell(&walk->key);
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
	struct key key = key_quarter(quarter);
	struct span value;

	*record = (struct quarter_record){0};
	if (!lmdb_get(lmdb, DB_PERIODS, key_span(&key), &value))
		return lmdb->fault == 0;
	if (quarter_decode(key_span(&key), value, record))
		return true;
	record_damaged(lmdb, DB_PERIODS);
	return false;
}

void quarter_put(struct lmdb_txn *lmdb, uint16_t quarter, const struct quarter_record *quarter_record)
{
	struct key key = key_quarter(quarter);

	record_put(lmdb, DB_PERIODS, &key, quarter_encode(&key, quarter_record));
}

/* ---- Late questions ------------------------------------------------------------------------------- */

/* A late question has no detail, so its share of the cell is settled at once. A final quarter shows all that is
 * counted. */
static uint64_t take_in_cells(struct store_txn *txn, uint16_t quarter)
{
	uint64_t questions = 0;
	struct cell_walk walk;

	cell_walk_open(&walk, txn->lmdb, key_prefix(quarter, TEAM_NONE));
	while (cell_walk_next(&walk)) {
		uint64_t late = walk.cell.late;

		if (late == 0)
			continue;
		walk.cell.counted += late;
		walk.cell.settled += late;
		walk.cell.shown += late;
		walk.cell.late = 0;
		cell_walk_put(&walk);
		questions += walk.key.kind == CELL_DOMAIN ? late : 0;
	}
	cell_walk_close(&walk);
	return questions;
}

uint32_t store_revise(struct store_txn *txn, uint32_t quarter, uint64_t *taken_in)
{
	struct quarter_record record;
	char text[PERIOD_TEXT_BYTES];

	*taken_in = 0;
	if (quarter > txn->state.shown.final_through) {
		period_format(period_of_quarter(quarter), text);
		lmdb_fail(txn->lmdb, FAULT_INPUT,
			  "%s is not final yet: what arrives for it is still counted in its figures", text);
		return 0;
	}
	changes_write(txn);
	*taken_in = take_in_cells(txn, (uint16_t)quarter);
	if (*taken_in == 0 || !quarter_get(txn->lmdb, (uint16_t)quarter, &record))
		return 0;
	record.revisions++;
	record.taken_in += *taken_in;
	quarter_put(txn->lmdb, (uint16_t)quarter, &record);
	txn->changed = true;
	return 1 + record.revisions;
}
