/* SPDX-License-Identifier: EUPL-1.2 */
/* LMDB's return values, and those of the system calls beside it, become faults here and nowhere else. */
#ifndef TURF_BASE_LMDB_LMDB_ERROR_H
#define TURF_BASE_LMDB_LMDB_ERROR_H

#include "base/lmdb/lmdb_env.h"

/* The fault for `rc`, LMDB's or an errno, which `call` returned. */
int lmdb_translate(const struct lmdb *lmdb, int rc, const char *call, struct error *error);

#endif
