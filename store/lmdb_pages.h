/* SPDX-License-Identifier: EUPL-1.2 */
/* The pages beneath LMDB's records: whether the file has them all, and whether they add up. */
#ifndef TURF_STORE_LMDB_PAGES_H
#define TURF_STORE_LMDB_PAGES_H

#include "store/lmdb_env.h"

/* Refuses a file that was cut off: LMDB would find out by SIGBUS. */
int lmdb_check_length(struct lmdb *lmdb, struct error *error);

/* The first transactions of an environment: pages that another process has committed since it was opened may lie
 * outside its map. What mdb_txn_begin returns. */
int lmdb_begin_first(struct lmdb *lmdb, unsigned flags, struct MDB_txn **txn);

/*
 * Makes the disk agree with what this machine sees, before the first change to it; in a writing transaction.
 * The file's name: a sync of its directory may have failed when it was put in place. Its roots: one that could not be
 * written, and that LMDB therefore took back, may be on the disk all the same; it would be found after a power cut,
 * when pages that it uses, and that are free now, have been written to.
 */
int lmdb_make_firm(struct lmdb *lmdb, struct error *error);

/* Bytes that hold something. */
uint64_t lmdb_used_bytes(struct lmdb_txn *txn);

/* Whether every page is either used or free, and no page is free twice. While another process writes, this may not
 * be known; then it is taken to be so. */
bool lmdb_pages_add_up(struct lmdb_txn *txn);

/* Whether the file's two roots are those of two transactions in a row. LMDB takes the later one: where a number has
 * changed, that may be the one before the last, with all of the last one gone. */
bool lmdb_roots_follow(struct lmdb_txn *txn);

#endif
