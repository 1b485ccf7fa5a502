/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The cells of a quarter, and the record of the whole quarter.
 */
#ifndef TURF_STORE_CELLS_H
#define TURF_STORE_CELLS_H

#include "base/lmdb/lmdb.h"
#include "store/records.h"

/* Walks the cells that begin with `prefix`, in order. */
struct cell_walk {
	struct lmdb_cursor cursor;
	struct key prefix, from; /* `from` is the prefix, unless set before the first step */
	struct cell_key key;
	struct cell_record cell;
};
void cell_walk_open(struct cell_walk *walk, struct lmdb_txn *lmdb, struct key prefix);
bool cell_walk_next(struct cell_walk *walk); /* false: no more, or a fault */
void cell_walk_put(struct cell_walk *walk);  /* writes walk->cell back */
void cell_walk_close(struct cell_walk *walk);

bool quarter_get(struct lmdb_txn *lmdb, uint16_t quarter, struct quarter_record *record); /* zeros when absent */
void quarter_put(struct lmdb_txn *lmdb, uint16_t quarter, const struct quarter_record *record);

#endif
