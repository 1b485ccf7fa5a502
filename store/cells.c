/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/internal.h"

void cell_record_damaged(struct lmdb_txn *lmdb, enum database database)
{
	lmdb_fail(lmdb, FAULT_DAMAGED, "a record of database '%s' is damaged; verify tells which; restore a backup",
		  key_database_name(database));
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

	if (!found || !key_span_begins(cursor->key, &walk->prefix))
		return false;
	if (key_cell_parse(cursor->key, &walk->key) && cell_decode(cursor->key, cursor->value, &walk->cell))
		return true;
	cell_record_damaged(cursor->txn, DB_COUNTS);
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
	cell_record_damaged(lmdb, DB_PERIODS);
	return false;
}

void quarter_put(struct lmdb_txn *lmdb, uint16_t quarter, const struct quarter_record *quarter_record)
{
	struct key key = key_quarter(quarter);
	struct record record = quarter_encode(&key, quarter_record);

	lmdb_put(lmdb, DB_PERIODS, key_span(&key), record_span(&record));
}
