/* SPDX-License-Identifier: EUPL-1.2 */
/* An LMDB environment and its transactions, as the files that wrap LMDB see them. Everybody else includes lmdb.h. */
#ifndef TURF_BASE_LMDB_LMDB_ENV_H
#define TURF_BASE_LMDB_LMDB_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct MDB_env;
struct MDB_txn;
struct lmdb;

enum { LMDB_DATABASES_MAX = 7 };

/* Bytes that belong to someone else. */
struct span {
	const uint8_t *at;
	size_t length;
};

/* What the environments of one owner have in common: the store's, the outbox's. */
struct lmdb_kind {
	const char *const *databases; /* their names; elsewhere a database is its index here */
	unsigned n_databases;
	bool check_length; /* refuse a data file that was cut off, see lmdb_pages.h */

	/* For messages. */
	const char *name;             /* before the path, with a space at its end; or empty */
	const char *if_damaged;       /* what to do */
	const char *if_other_machine; /* what to do with a file of another kind of machine */
	const char *not_ours;         /* what is wrong with a file that is not LMDB's, and the fault that it is */
	int not_ours_fault;
};

struct lmdb_options {
	const struct lmdb_kind *kind;
	const char *path; /* a directory; with `alone`: a file */
	bool read_only;
	bool alone;  /* nobody else knows this file: no lock file */
	bool create; /* make the databases that are missing */
	size_t map_bytes;

	/* Called before and after each time that the environment is opened, also when it was lost. May be NULL. */
	int (*before_open)(const struct lmdb *lmdb, void *context, struct error *error);
	int (*after_open)(int data_fd, void *context, struct error *error);
	void *context;
};

struct lmdb {
	struct MDB_env *env; /* NULL: closed, or lost and to be opened again by the next transaction */
	struct lmdb_options options;
	char *path;
	unsigned handles[LMDB_DATABASES_MAX];
	bool found[LMDB_DATABASES_MAX];
	size_t map_bytes;
	bool meta_rewritten; /* see lmdb_meta_rewrite */
	unsigned readers;    /* read transactions that this process has open */
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
