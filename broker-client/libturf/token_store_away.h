/* SPDX-License-Identifier: EUPL-1.2 */
/* Whether a device was away for weeks, so that the tokens that it has fetched are not used yet. */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TOKEN_STORE_AWAY_H
#define TURF_BROKER_CLIENT_LIBTURF_TOKEN_STORE_AWAY_H

#include "broker-client/libturf/outbox_db.h"

/* Until when no token is taken, since the device was away (unix seconds; 0: tokens may be taken). */
int token_store_away(struct outbox *outbox, int64_t now, int64_t *until, struct error *error);

/* For the transactions of token_store.c. The batch of a key that ends at `not_after` is here. If all keys of earlier batches have ended at `now`, no token is taken for
 * `wait` seconds. */
void token_store_note_away(struct lmdb_txn *txn, int64_t not_after, int64_t now, int64_t wait);

/* Until when no token is taken (unix seconds); 0: tokens may be taken. */
int64_t token_store_away_until(struct lmdb_txn *txn, int64_t now);

#endif
