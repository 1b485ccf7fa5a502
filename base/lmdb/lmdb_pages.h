/* SPDX-License-Identifier: EUPL-1.2 */
/* The pages beneath LMDB's records: whether the file has them all, and whether they add up. */
#ifndef TURF_BASE_LMDB_LMDB_PAGES_H
#define TURF_BASE_LMDB_LMDB_PAGES_H

#include "base/lmdb/lmdb_env.h"

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
