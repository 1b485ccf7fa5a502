/* SPDX-License-Identifier: EUPL-1.2 */
/* What LMDB says is translated here and nowhere else. */
#ifndef TURF_STORE_LMDB_ERROR_H
#define TURF_STORE_LMDB_ERROR_H

#include "store/lmdb_env.h"

/* A fault for what LMDB's `call` returned. */
int lmdb_translate(const struct lmdb *lmdb, int rc, const char *call, struct error *error);

#endif
