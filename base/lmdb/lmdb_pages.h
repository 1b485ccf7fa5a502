/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Checks the pages below LMDB's records: whether the file has all of them, and whether each is either used or free. Two
 * of them are meta pages: each names the root of one transaction, and LMDB uses the later one.
 */
#ifndef TURF_BASE_LMDB_LMDB_PAGES_H
#define TURF_BASE_LMDB_LMDB_PAGES_H

#include "base/lmdb/lmdb_env.h"

/*
 * Rewrites the meta pages as this process reads them, and syncs them and the name of the data file. Call it in a write
 * transaction, before the first change. After a failed fsync, a read may show data that is not on the disk, and the disk may
 * hold a meta page that LMDB has taken back: after a power cut LMDB would start from that page, although pages to which it
 * points may have been overwritten.
 */
int lmdb_meta_rewrite(struct lmdb *lmdb, struct error *error);

/* Whether the two meta pages are of two successive transactions. LMDB uses the one with the higher number. If one of
 * the numbers is damaged, that may be the transaction before the last, and all changes of the last one are missing. */
bool lmdb_meta_successive(struct lmdb_txn *txn);

/* Refuses a file that was cut off: LMDB would find out by SIGBUS. */
int lmdb_check_length(struct lmdb *lmdb, struct error *error);

/* The first transactions of an environment: pages that another process has committed since it was opened may lie
 * outside its map. What mdb_txn_begin returns. */
int lmdb_begin_first(struct lmdb *lmdb, unsigned flags, struct MDB_txn **txn);

/* Bytes that hold something. */
uint64_t lmdb_used_bytes(struct lmdb_txn *txn);

/* Whether every page is either used or free, and no page is free twice. While another process writes, this may not
 * be known; then it is taken to be so. */
bool lmdb_pages_add_up(struct lmdb_txn *txn);

#endif
