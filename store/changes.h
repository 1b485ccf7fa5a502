/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Changes of the figures. Many questions of a batch change the same few cells and weeks: each is read once in a
 * transaction, changed in memory, and written once, by changes_write. Code that reads them in the same transaction calls
 * changes_write first.
 */
#ifndef TURF_STORE_CHANGES_H
#define TURF_STORE_CHANGES_H

#include "store/records.h"

/* By how much the cells and the week of one question change. */
struct count_change {
	int counted, settled, late;
};
void changes_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct count_change change);

/* Deletes the detail of a counted id. Its share of the figures becomes settled. */
void changes_settle(struct store_txn *txn, uint32_t day, struct id_record *detail);

/* Writes what has changed. Call it before cells are walked in the same transaction; the commit calls it too. */
void changes_write(struct store_txn *txn);

void changes_free(struct store_txn *txn);

/* The quarter and week of a day. Remembers those of the last day, because the pipeline folds in the order of days. */
const struct day_periods *changes_periods_of(struct store_txn *txn, uint32_t day);

#endif
