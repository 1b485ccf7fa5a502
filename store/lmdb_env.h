/* SPDX-License-Identifier: EUPL-1.2 */
/* An LMDB environment and its transactions, as the files that wrap LMDB see them. Everybody else includes lmdb.h. */
#ifndef TURF_STORE_LMDB_ENV_H
#define TURF_STORE_LMDB_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/files.h"

struct MDB_env;
struct MDB_txn;

/* docs/store-format.md describes each. */
enum database { DB_META, DB_TEAMS, DB_IDS, DB_COUNTS, DB_WEEKS, DB_PERIODS, DB_QUARANTINE, DATABASES };

/* Bytes that belong to someone else. */
struct span {
	const uint8_t *at;
	size_t length;
};

struct lmdb_options {
	const char *path; /* a directory; with `alone`: a file */
	bool read_only;
	bool alone;  /* nobody else knows this file: no lock file */
	bool create; /* make the databases; the file must be new */
	size_t map_bytes;
};

enum { READERS_NOTED = 8 };

struct lmdb {
	struct MDB_env *env; /* NULL: closed, or lost and to be opened again by the next begin */
	struct lmdb_options options;
	char *path;
	unsigned handles[DATABASES];
	bool found[DATABASES];
	struct files_identity opened; /* see lmdb_files.h; zeros: nothing was noted, or `alone` */
	size_t map_bytes;
	bool firm;        /* see lmdb_make_firm */
	unsigned readers; /* read transactions that this process has open */
	struct MDB_txn *reading[READERS_NOTED];
};

struct lmdb_txn {
	struct lmdb *lmdb;
	struct MDB_txn *txn; /* NULL: ended */
	bool writes;
	bool map_full;
	int fault; /* the first one; 0: none */
	struct error error;
};

#endif
