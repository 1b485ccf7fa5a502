/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one wrapper of LMDB, under the store and the outbox: an environment with named databases, and transactions that remember
 * their first fault.
 *
 * After a fault every call on the transaction does nothing and finds nothing, and the transaction ends with that fault. So
 * callers look at the outcome once. Bytes that are found belong to LMDB: they last until the next write to the same
 * transaction, or its end.
 *
 * What may fail, and what then:
 *   map full          lmdb_change aborts the transaction, doubles the map and runs the body again
 *   map resized       another process made it grow: its size is taken over, and the transaction begins again
 *   readers full      the slots of killed processes are cleared, and the transaction begins again
 *   disk full         FAULT_FULL; earlier commits stand
 *   meta page failed  LMDB refuses all further work (MDB_PANIC): the environment is opened again by the next transaction
 *   map cannot move   it is gone: the environment is opened again by the next transaction
 * Full sync throughout: no flag trades durability for speed.
 *
 * A process may have an environment open once only. All calls on one environment come from one thread, or hold one lock.
 */
#ifndef TURF_BASE_LMDB_LMDB_H
#define TURF_BASE_LMDB_LMDB_H

#include "base/lmdb/lmdb_env.h"

/* `lmdb->found` tells which databases are in the file; that is the caller's to judge. */
int lmdb_open(struct lmdb *lmdb, const struct lmdb_options *options, struct error *error);
void lmdb_close(struct lmdb *lmdb); /* a cleared struct is fine */

/* Closes, without forgetting how to open again. No transaction may be open. */
void lmdb_suspend(struct lmdb *lmdb);
int lmdb_resume(struct lmdb *lmdb, struct error *error);

/* Frees the reader slots of processes that died. */
void lmdb_check_readers(struct lmdb *lmdb);

/* Writes the live pages, and nothing else, to `fd`. */
int lmdb_copy(struct lmdb *lmdb, int fd, struct error *error);

/* ---- Transactions ------------------------------------------------------------------------------ */

/*
 * What a transaction does. A write transaction may run it again from the start, so it sets its results again each time.
 * 0: commit. > 0, a result: nothing is changed, and the result is returned. < 0, a fault of its own, which it has described:
 * nothing is changed, and the fault is returned. If the transaction has remembered a fault, that one is returned instead.
 */
typedef int lmdb_body(void *context, struct lmdb_txn *txn);

/* Runs `body` in a write transaction and commits it, synced. The only place that begins again after a full map. */
int lmdb_change(struct lmdb *lmdb, lmdb_body *body, void *context, struct error *error);

/* Runs `body` in a read transaction. */
int lmdb_read(struct lmdb *lmdb, lmdb_body *body, void *context, struct error *error);

/* A read transaction step by step. lmdb_begin_read tries again by itself, a bounded number of times, when another
 * process has made the map grow, dead readers hold all slots, or the environment was lost. */
int lmdb_begin_read(struct lmdb *lmdb, struct lmdb_txn *txn, struct error *error);
void lmdb_abort(struct lmdb_txn *txn); /* an ended or cleared one is fine */

/* Gives the transaction its fault, unless it has one. */
void lmdb_fail(struct lmdb_txn *txn, int fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a reading transaction met: 0, or its fault with the message copied to `error`. */
int lmdb_result(const struct lmdb_txn *txn, struct error *error);

bool lmdb_get(struct lmdb_txn *txn, unsigned database, struct span key, struct span *value);
void lmdb_put(struct lmdb_txn *txn, unsigned database, struct span key, struct span value);
bool lmdb_delete(struct lmdb_txn *txn, unsigned database, struct span key); /* false: was not there */
uint64_t lmdb_count(struct lmdb_txn *txn, unsigned database);

/* ---- Cursors: key and value of the record where it stands ---------------------------------------- */

struct lmdb_cursor {
	struct lmdb_txn *txn;
	struct MDB_cursor *cursor;
	struct span key, value;
};

/* Close it before the transaction ends. */
void lmdb_cursor_open(struct lmdb_cursor *cursor, struct lmdb_txn *txn, unsigned database);
void lmdb_cursor_close(struct lmdb_cursor *cursor);

/* lmdb_seek goes to the first record not below `key`; lmdb_next to the next one, or in a new cursor to the first.
 * False: there is no such record, or a fault. */
bool lmdb_seek(struct lmdb_cursor *cursor, struct span key);
bool lmdb_next(struct lmdb_cursor *cursor);

/* False: there is a record with that key, or a fault; then nothing is put. A key on the page where the cursor stands
 * is not looked for from the root. */
bool lmdb_put_new(struct lmdb_cursor *cursor, struct span key, struct span value);

/* Of the record where it stands; `value` may have another length. After a removal lmdb_next goes to the next one. */
void lmdb_replace(struct lmdb_cursor *cursor, struct span key, struct span value);
void lmdb_remove(struct lmdb_cursor *cursor);

#endif
