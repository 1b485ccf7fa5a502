/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox's LMDB environment (base/lmdb/): its folder, its four databases, and a lock, since any thread may call. Nothing
 * here knows what a tap is.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H

#include "base/lmdb/lmdb.h"

enum db_table { DB_META, DB_TAPS, DB_IDS, DB_QUEUE, DB_TABLES };

struct db;

/* Opens the database in folder `path`, made with its parents (mode 0700) when missing. FAULT_BUSY: this process has it
 * open already; LMDB allows that once only. */
int db_open(struct db **out, const char *path, struct error *error);
void db_close(struct db *db);
bool db_exists(const char *path);

/* As lmdb_change and lmdb_read, under the database's lock. */
int db_write(struct db *db, lmdb_body *body, void *context, struct error *error);
int db_read(struct db *db, lmdb_body *body, void *context, struct error *error);

/* For tables whose keys are numbers; db_from finds the first entry at or after a number. */
bool db_get_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, struct span *value);
void db_put_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, const void *value, size_t value_length);
void db_delete_at(struct lmdb_txn *txn, enum db_table table, uint64_t number);
bool db_from(struct lmdb_txn *txn, enum db_table table, uint64_t at_least, uint64_t *number, struct span *value);

/* A stored value makes no sense: the transaction ends as FAULT_DAMAGED. */
void db_damaged(struct lmdb_txn *txn);

#endif
