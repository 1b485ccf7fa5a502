/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * LMDB's two meta pages: each names the root of one transaction, and the later one counts.
 */
#ifndef TURF_BASE_LMDB_LMDB_META_H
#define TURF_BASE_LMDB_LMDB_META_H

#include "base/lmdb/lmdb_env.h"

/*
 * Rewrites the meta pages as this process reads them, and syncs them and the name of the data file. Call it in a write
 * transaction, before the first change. After a failed fsync, a read may show data that is not on the disk, and the disk may
 * hold a meta page that LMDB has taken back: after a power cut LMDB would start from that page, although pages to which it
 * points may have been overwritten.
 */
int lmdb_meta_rewrite(struct lmdb *lmdb, struct error *error);

/* Whether the two pages are of two successive transactions. LMDB takes the later one: where a number has changed, that may
 * be the one before the last, with all of the last one gone. */
bool lmdb_meta_successive(struct lmdb_txn *txn);

#endif
