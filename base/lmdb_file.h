/* SPDX-License-Identifier: EUPL-1.2 */
/* LMDB's files seen from outside, for the store and the outbox alike. Nothing here calls LMDB. */
#ifndef TURF_BASE_LMDB_FILE_H
#define TURF_BASE_LMDB_FILE_H

/*
 * Takes room on the disk for all of the lock file `path`, before LMDB maps it: a write to a map that finds no room ends the
 * program with SIGBUS. Makes the file when it is not there. 0; or ENOSPC, EDQUOT. What else is wrong with the file LMDB will say.
 * Nobody in this process may have it open: closing it here would end LMDB's locks.
 */
int lmdb_file_reserve_lock(const char *path);

/* Why LMDB does not take the data file `path` for one of its own, as part of a sentence; NULL: it is none of any machine's, or
 * cannot be read. */
const char *lmdb_file_foreign_kind(const char *path);

#endif
