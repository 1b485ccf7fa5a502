/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox's four tables in one LMDB environment: mechanics only, nothing here knows what a tap is.
 *
 * A transaction is a function: db_write and db_read run it, under the database's lock. Inside, the first failure
 * sticks: after it every get finds nothing and every put does nothing, and the transaction is aborted. So a body checks
 * nothing but what it finds. When the map is full it grows and the body runs again from the start, so a body must set
 * its outputs anew each time.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum db_table { DB_META, DB_TAPS, DB_IDS, DB_QUEUE, DB_TABLES };

struct db;
struct db_txn;

/* Valid until the next put or delete, or the end of the transaction. */
struct db_slice {
	const uint8_t *bytes;
	size_t length;
};

/* Opens the database in folder `path`, made with its parents (mode 0700) when missing. FAULT_BUSY: this process has it
 * open already; LMDB allows that once only. */
int db_open(struct db **out, const char *path, struct error *error);
void db_close(struct db *db);
bool db_exists(const char *path);

/* A body returns 0 (commit, synced), > 0 (a verdict: nothing is changed, and it is returned) or a fault. */
typedef int db_body(struct db_txn *txn, void *context);
int db_write(struct db *db, db_body *body, void *context, struct error *error);
int db_read(struct db *db, db_body *body, void *context, struct error *error);

bool db_get(struct db_txn *txn, enum db_table table, const void *key, size_t length, struct db_slice *value);
void db_put(struct db_txn *txn, enum db_table table, const void *key, size_t length, const void *value,
	    size_t value_length);
void db_delete(struct db_txn *txn, enum db_table table, const void *key, size_t length); /* of nothing: fine */
size_t db_count(struct db_txn *txn, enum db_table table);

/* The same for tables whose keys are numbers, and the first entry at or after a number. */
bool db_get_at(struct db_txn *txn, enum db_table table, uint64_t number, struct db_slice *value);
void db_put_at(struct db_txn *txn, enum db_table table, uint64_t number, const void *value, size_t value_length);
void db_delete_at(struct db_txn *txn, enum db_table table, uint64_t number);
bool db_from(struct db_txn *txn, enum db_table table, uint64_t at_least, uint64_t *number, struct db_slice *value);

/* A stored value makes no sense: the transaction ends as FAULT_DAMAGED. */
void db_damaged(struct db_txn *txn);

#endif
