/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Mechanics: an LMDB environment with turf's databases, and transactions that remember their first fault.
 *
 * After a fault every call on the transaction does nothing and finds nothing; lmdb_commit reports the fault. So
 * callers look at the outcome once. Bytes that are found belong to LMDB: they last until the next write to the same
 * transaction, or its end.
 *
 * A process may have an environment open once only. Everything here belongs to one thread.
 */
#ifndef TURF_STORE_LMDB_H
#define TURF_STORE_LMDB_H

#include "store/lmdb_env.h"

const char *lmdb_database_name(enum database database);

/* Which databases are in the file is told by `found`; that is the caller's to judge. */
int lmdb_open(struct lmdb *lmdb, const struct lmdb_options *options, struct error *error);
void lmdb_close(struct lmdb *lmdb); /* a cleared struct is fine */

/* Closes, without forgetting how to open again. No transaction may be open. */
void lmdb_suspend(struct lmdb *lmdb);
int lmdb_resume(struct lmdb *lmdb, struct error *error);

/* The files are about to be replaced by this program itself: the next resume takes those that are there then. */
void lmdb_forget_files(struct lmdb *lmdb);

/* Ends the reading transactions that a guard (guard.h) has cut short; nobody may use them, or their cursors, again. */
void lmdb_drop_readers(struct lmdb *lmdb);

/* Frees the reader slots of processes that died. */
void lmdb_check_readers(struct lmdb *lmdb);

/* Writes the live pages, and nothing else, to `fd`. */
int lmdb_copy(struct lmdb *lmdb, int fd, struct error *error);

/* ---- Transactions ------------------------------------------------------------------------------ */

/* Recovers by itself, a bounded number of times: another process made the map grow, dead readers hold all slots,
 * or LMDB gave up on the environment after a failed write of its root. */
int lmdb_begin(struct lmdb *lmdb, struct lmdb_txn *txn, bool writes, struct error *error);

/* LMDB_GROWN: the map was full, nothing is done, the map is larger now. The transaction has ended in any case. */
enum { LMDB_GROWN = 1 };
int lmdb_commit(struct lmdb_txn *txn, struct error *error);
void lmdb_abort(struct lmdb_txn *txn); /* an ended or cleared one is fine */

/* Gives the transaction its fault, unless it has one. */
void lmdb_fail(struct lmdb_txn *txn, int fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a reading transaction met: 0, or its fault with the message copied to `error`. */
int lmdb_outcome(const struct lmdb_txn *txn, struct error *error);

bool lmdb_get(struct lmdb_txn *txn, enum database database, struct span key, struct span *value);
void lmdb_put(struct lmdb_txn *txn, enum database database, struct span key, struct span value);
bool lmdb_delete(struct lmdb_txn *txn, enum database database, struct span key); /* false: was not there */
uint64_t lmdb_count(struct lmdb_txn *txn, enum database database);

/* ---- Cursors: key and value of the record where it stands ---------------------------------------- */

struct lmdb_cursor {
	struct lmdb_txn *txn;
	struct MDB_cursor *cursor;
	enum database database;
	struct span key, value;
};

/* Close it before the transaction ends. */
void lmdb_cursor_open(struct lmdb_cursor *cursor, struct lmdb_txn *txn, enum database database);
void lmdb_cursor_close(struct lmdb_cursor *cursor);

/* To the first record not below `key` (an empty key: the first), to the next. False: there is none, or a fault. */
bool lmdb_seek(struct lmdb_cursor *cursor, struct span key);
bool lmdb_next(struct lmdb_cursor *cursor);

/* False: there is a record with that key, or a fault; then nothing is put. A key on the page where the cursor stands
 * is not looked for from the root. */
bool lmdb_put_new(struct lmdb_cursor *cursor, struct span key, struct span value);

/* Of the record where it stands; `value` may have another length. After a removal lmdb_next goes to the next one. */
void lmdb_replace(struct lmdb_cursor *cursor, struct span key, struct span value);
void lmdb_remove(struct lmdb_cursor *cursor);

#endif
