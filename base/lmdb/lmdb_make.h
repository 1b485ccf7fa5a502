/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes the data file of an environment, which appears whole: LMDB alone would leave one behind that nobody can open, if the
 * power fails at the start. */
#ifndef TURF_BASE_LMDB_LMDB_MAKE_H
#define TURF_BASE_LMDB_LMDB_MAKE_H

#include "base/lmdb/lmdb.h"

#define LMDB_MAKE_FILE "data.mdb"
#define LMDB_MAKE_NEW_FILE "data.mdb.new" /* an attempt before may have left it behind */

/* In `folder`, which has none yet, and which nobody else changes meanwhile. `fill` is its first transaction; NULL: none. */
int lmdb_make(const char *folder, const struct lmdb_kind *kind, size_t map_bytes, lmdb_body *fill, void *context,
	      struct error *error);

#endif
