/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A write transaction step by step, for tests that look at a store in the middle of one, or that break it off there.
 * Everybody else uses store_change, which does not end with a full map.
 */
#ifndef TURF_STORE_STORE_STEPS_H
#define TURF_STORE_STORE_STEPS_H

#include "store/store.h"

enum { STORE_AGAIN = 1 }; /* store_commit: the map was full and has grown, nothing is done: fold the same again */

int store_begin(struct store *store, struct store_txn **out, struct error *error);

/* Syncs and ends the transaction, also on failure (*take_txn becomes NULL). 0, STORE_AGAIN or a fault. */
int store_commit(struct store_txn **take_txn, struct error *error);
void store_abort(struct store_txn **take_txn);

#endif
