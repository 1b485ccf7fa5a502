/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox's tables, typed (docs/outbox-format.md): meta by name, taps and queue by number, ids to tap numbers.
 * For use inside a transaction of outbox_db.h; failures stick there.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TABLES_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TABLES_H

#include "broker-client/libturf/outbox_db.h"
#include "broker-client/libturf/outbox_tap.h"

enum { OUTBOX_FORMAT = 1 };

struct outbox {
	struct db *db;
	bool has_epoch;
	uint8_t epoch[EPOCH_BYTES]; /* the one that this process checked last */
};

bool tables_get_meta(struct lmdb_txn *txn, const char *name, struct span *value);
void tables_put_meta(struct lmdb_txn *txn, const char *name, const void *value, size_t length);
uint64_t tables_get_meta_number(struct lmdb_txn *txn, const char *name, uint64_t otherwise);
void tables_put_meta_number(struct lmdb_txn *txn, const char *name, uint64_t number);

/* Numbers are never used twice, so that what another process holds in memory cannot come to mean something else. */
uint64_t tables_take_number(struct lmdb_txn *txn);

/* A tap that must be there. */
bool tables_get_tap(struct lmdb_txn *txn, uint64_t number, struct tap *tap);
bool tables_find_tap(struct lmdb_txn *txn, const struct event_id *id, uint64_t *number, struct tap *tap);
void tables_new_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);
void tables_put_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);
void tables_delete_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);

/* Keeps the tap, or forgets it when nothing asks for it any more. */
void tables_keep_or_forget(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);

void tables_enqueue(struct lmdb_txn *txn, uint64_t seq, uint64_t tap_number, enum act act);
bool tables_parse_queued(struct lmdb_txn *txn, const struct span *value, uint64_t *tap_number, enum act *act);

#endif
