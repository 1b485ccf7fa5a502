/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Changes of the figures. Many questions of a batch change the same few cells and weeks: each is read once in a
 * transaction, changed in memory, and written once, by changes_write. What reads them in the same transaction calls that
 * first.
 */
#ifndef TURF_STORE_CHANGES_H
#define TURF_STORE_CHANGES_H

#include "store/records.h"

/* By how much the cells and the week of one question change. */
struct count_change {
	int counted, settled, late;
};
void changes_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct count_change change);

/* Takes the detail from a counted id, whose share of the figures is settled then. */
void changes_settle(struct store_txn *txn, uint32_t day, struct id_record *detail);

/* Writes what has changed: before cells are walked in the same transaction, and at commit. */
void changes_write(struct store_txn *txn);

void changes_free(struct store_txn *txn);

/* Remembers the last day's: questions come in the order of their days, as the pipeline folds them. */
const struct day_periods *changes_periods_of(struct store_txn *txn, uint32_t day);

#endif
