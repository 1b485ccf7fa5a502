/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb/lmdb.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lmdb/lmdb_error.h"
#include "base/lmdb/lmdb_pages.h"

enum { FILE_MODE = 0600, RECOVERIES_MAX = 3 };

/* Address space only: the file grows as it is written. */
static const uint64_t map_bytes_max = sizeof(size_t) > 4 ? (uint64_t)1 << 42 : (uint64_t)1 << 30;

/* ---- The environment ---------------------------------------------------------------------------- */

/* Their handles last when the transaction is committed, a reading one too. */
static int open_databases(struct lmdb *lmdb, unsigned txn_flags, unsigned flags, struct error *error)
{
	const struct lmdb_kind *kind = lmdb->options.kind;
	MDB_txn *txn;
	int rc = lmdb_begin_first(lmdb, txn_flags, &txn);

	if (rc != 0)
		return lmdb_translate(lmdb, rc, "mdb_txn_begin", error);
	for (size_t i = 0; i < kind->n_databases && (rc == 0 || rc == MDB_NOTFOUND); i++) {
		rc = mdb_dbi_open(txn, kind->databases[i], flags, &lmdb->handles[i]);
		lmdb->found[i] = rc == 0;
	}
	if (rc != 0 && rc != MDB_NOTFOUND) {
		mdb_txn_abort(txn);
		return lmdb_translate(lmdb, rc, "mdb_dbi_open", error);
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : lmdb_translate(lmdb, rc, "mdb_txn_commit", error);
}

static int find_databases(struct lmdb *lmdb, struct error *error)
{
	int rc = open_databases(lmdb, MDB_RDONLY, 0, error);

	for (size_t i = 0; i < lmdb->options.kind->n_databases && rc == 0; i++)
		if (!lmdb->found[i] && lmdb->options.create)
			return open_databases(lmdb, 0, MDB_CREATE, error);
	return rc;
}

static int open_environment(struct lmdb *lmdb, struct error *error)
{
	unsigned flags = MDB_NOTLS | (lmdb->options.read_only ? MDB_RDONLY : 0) |
			 (lmdb->options.alone ? MDB_NOSUBDIR | MDB_NOLOCK : 0);
	int rc = mdb_env_create(&lmdb->env);

	if (rc != 0)
		return lmdb_translate(lmdb, rc, "mdb_env_create", error);
	rc = mdb_env_set_maxdbs(lmdb->env, lmdb->options.kind->n_databases);
	if (rc == 0)
		rc = mdb_env_set_mapsize(lmdb->env, lmdb->map_bytes);
	if (rc == 0)
		rc = mdb_env_open(lmdb->env, lmdb->path, flags, FILE_MODE);
	return rc == 0 ? 0 : lmdb_translate(lmdb, rc, "mdb_env_open", error);
}

/* Takes room on the disk for all of the lock file before LMDB maps it: a write to a map that finds no room ends the program
 * with SIGBUS. LMDB sets the file's size by itself, as long as nobody else has it open, so its size stays as it is. What else
 * is wrong with the file LMDB will say. */
static int reserve_lock(const struct lmdb *lmdb, struct error *error)
{
	enum { LOCK_FILE_BYTES = 16384 }; /* LMDB's is half of that */
	char *path;
	int fd, rc = 0;

	if (asprintf(&path, "%s/lock.mdb", lmdb->path) < 0)
		return lmdb_translate(lmdb, ENOMEM, "lock.mdb", error);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	free(path);
	if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOCK_FILE_BYTES) < 0)
		rc = errno;
	if (fd >= 0)
		(void)close(fd);
	/* Some file systems cannot promise room. */
	return rc == ENOSPC || rc == EDQUOT ? lmdb_translate(lmdb, rc, "lock.mdb", error) : 0;
}

static int open_files(struct lmdb *lmdb, struct error *error)
{
	const struct lmdb_options *options = &lmdb->options;
	mdb_filehandle_t fd;
	int rc = options->before_open ? options->before_open(lmdb, options->context, error) : 0;

	if (rc == 0 && !options->alone)
		rc = reserve_lock(lmdb, error);
	if (rc == 0)
		rc = open_environment(lmdb, error);
	if (rc < 0 || !options->after_open)
		return rc;
	(void)mdb_env_get_fd(lmdb->env, &fd);
	return options->after_open(fd, options->context, error);
}

int lmdb_resume(struct lmdb *lmdb, struct error *error)
{
	MDB_envinfo info;
	int rc = open_files(lmdb, error);

	if (rc == 0 && lmdb->options.kind->check_length)
		rc = lmdb_check_length(lmdb, error);
	if (rc == 0)
		rc = find_databases(lmdb, error);
	if (rc < 0) {
		lmdb_suspend(lmdb);
		return rc;
	}
	(void)mdb_env_info(lmdb->env, &info);
	lmdb->map_bytes = info.me_mapsize;
	lmdb_check_readers(lmdb);
	return 0;
}

void lmdb_suspend(struct lmdb *lmdb)
{
	assert(lmdb->readers == 0);
	if (lmdb->env)
		mdb_env_close(lmdb->env);
	lmdb->env = NULL;
	lmdb->meta_rewritten = false;
}

int lmdb_open(struct lmdb *lmdb, const struct lmdb_options *options, struct error *error)
{
	int rc;

	*lmdb = (struct lmdb){.options = *options, .map_bytes = options->map_bytes};
	lmdb->path = strdup(options->path);
	if (!lmdb->path)
		return error_set(error, FAULT_MEMORY, "%s%s: no memory", options->kind->name, options->path);
	rc = lmdb_resume(lmdb, error);
	if (rc < 0)
		lmdb_close(lmdb);
	return rc;
}

void lmdb_close(struct lmdb *lmdb)
{
	lmdb_suspend(lmdb);
	free(lmdb->path);
	lmdb->path = NULL;
}

void lmdb_check_readers(struct lmdb *lmdb)
{
	int dead;

	if (lmdb->env && !lmdb->options.alone)
		(void)mdb_reader_check(lmdb->env, &dead);
}

/* Moves the map. A map that could not be moved is gone, and the environment with it, until the next begin. */
static int set_map(struct lmdb *lmdb, size_t bytes, struct error *error)
{
	MDB_envinfo info;
	int rc;

	if (lmdb->readers > 0)
		return error_set(error, FAULT_STORE, "%s%s: the map cannot grow while a view is open",
				 lmdb->options.kind->name, lmdb->path);
	rc = mdb_env_set_mapsize(lmdb->env, bytes);
	if (rc != 0) {
		lmdb_suspend(lmdb);
		return lmdb_translate(lmdb, rc, "mdb_env_set_mapsize", error);
	}
	(void)mdb_env_info(lmdb->env, &info);
	lmdb->map_bytes = info.me_mapsize;
	return 0;
}

static int grow(struct lmdb *lmdb, struct error *error)
{
	if (lmdb->map_bytes > map_bytes_max / 2)
		return error_set(error, FAULT_FULL, "%s%s: the map is at its largest, %zu bytes",
				 lmdb->options.kind->name, lmdb->path, lmdb->map_bytes);
	return set_map(lmdb, 2 * lmdb->map_bytes, error);
}

/* 0: worth another try. */
static int recover(struct lmdb *lmdb, int rc, struct error *error)
{
	switch (rc) {
	case MDB_MAP_RESIZED:
		return set_map(lmdb, 0, error);
	case MDB_READERS_FULL:
		lmdb_check_readers(lmdb);
		return 0;
	case MDB_PANIC:
		if (lmdb->readers > 0)
			break;
		lmdb_suspend(lmdb);
		return 0;
	}
	return lmdb_translate(lmdb, rc, "mdb_txn_begin", error);
}

int lmdb_copy(struct lmdb *lmdb, int fd, struct error *error)
{
	struct lmdb_txn txn;
	int rc = MDB_MAP_RESIZED;

	/* Only the begin of a transaction can recover. So the copy begins again, before it has written a byte: what
	 * another process has committed in between may lie outside the map. */
	for (unsigned attempt = 0; rc == MDB_MAP_RESIZED && attempt <= RECOVERIES_MAX; attempt++) {
		rc = lmdb_begin_read(lmdb, &txn, error);
		if (rc < 0)
			return rc;
		rc = mdb_env_copyfd2(lmdb->env, fd, MDB_CP_COMPACT);
		lmdb_abort(&txn);
	}
	if (rc == MDB_INCOMPATIBLE) /* LMDB's word for it */
		return error_set(error, FAULT_DAMAGED,
				 "%s: its pages do not add up; run turfctl verify, and restore a backup", lmdb->path);
	return rc == 0 ? 0 : lmdb_translate(lmdb, rc, "mdb_env_copyfd2", error);
}

/* ---- Transactions ------------------------------------------------------------------------------ */

static int begun(struct lmdb *lmdb, struct lmdb_txn *txn, struct error *error)
{
	int rc = 0;

	if (!txn->writes)
		lmdb->readers++;
	else if (!lmdb->meta_rewritten)
		rc = lmdb_meta_rewrite(lmdb, error);
	if (rc < 0)
		lmdb_abort(txn);
	else if (txn->writes)
		lmdb->meta_rewritten = true;
	return rc;
}

/* Begins a transaction. Tries again, a bounded number of times, if `recover` has removed the cause of a failure. */
static int begin_recovering(struct lmdb *lmdb, struct lmdb_txn *txn, bool writes, struct error *error)
{
	int rc = 0, fault;

	*txn = (struct lmdb_txn){.lmdb = lmdb, .writes = writes};
	for (unsigned attempt = 0; attempt <= RECOVERIES_MAX; attempt++) {
		fault = lmdb->env ? 0 : lmdb_resume(lmdb, error);
		if (fault < 0)
			return fault;
		rc = mdb_txn_begin(lmdb->env, NULL, writes ? 0 : MDB_RDONLY, &txn->txn);
		if (rc == 0)
			return begun(lmdb, txn, error);
		txn->txn = NULL;
		fault = recover(lmdb, rc, error);
		if (fault < 0)
			return fault;
	}
	return lmdb_translate(lmdb, rc, "mdb_txn_begin", error);
}

int lmdb_begin_read(struct lmdb *lmdb, struct lmdb_txn *txn, struct error *error)
{
	return begin_recovering(lmdb, txn, false, error);
}

void lmdb_abort(struct lmdb_txn *txn)
{
	if (!txn->txn)
		return;
	if (!txn->writes)
		txn->lmdb->readers--;
	mdb_txn_abort(txn->txn);
	txn->txn = NULL;
}

/* Whether `call` succeeded: it returned `rc`. Any other result than 0 and `expected` becomes the transaction's fault.
 * Call this only while the transaction has no fault. */
static bool succeeded(struct lmdb_txn *txn, int rc, int expected, const char *call)
{
	if (rc != 0 && rc != expected) {
		txn->map_full = rc == MDB_MAP_FULL;
		txn->fault = lmdb_translate(txn->lmdb, rc, call, &txn->error);
	}
	return rc == 0;
}

/* GROWN: the map was full, so nothing was committed; the map is larger now. The transaction has ended in any case. */
enum { GROWN = 1 };

static int commit(struct lmdb_txn *txn, struct error *error)
{
	int rc;

	assert(txn->writes);
	if (txn->fault == 0) {
		rc = mdb_txn_commit(txn->txn);
		txn->txn = NULL;
		(void)succeeded(txn, rc, 0, "mdb_txn_commit");
	}
	lmdb_abort(txn);
	if (txn->map_full) {
		rc = grow(txn->lmdb, error);
		return rc < 0 ? rc : GROWN;
	}
	return lmdb_result(txn, error);
}

int lmdb_change(struct lmdb *lmdb, lmdb_body *body, void *context, struct error *error)
{
	struct lmdb_txn txn;
	int rc;

	do {
		rc = begin_recovering(lmdb, &txn, true, error);
		if (rc < 0)
			return rc;
		rc = body(context, &txn);
		if (rc != 0 && txn.fault == 0) {
			lmdb_abort(&txn);
			return rc;
		}
		rc = commit(&txn, error);
	} while (rc == GROWN);
	return rc;
}

int lmdb_read(struct lmdb *lmdb, lmdb_body *body, void *context, struct error *error)
{
	struct lmdb_txn txn;
	int rc = lmdb_begin_read(lmdb, &txn, error);

	if (rc < 0)
		return rc;
	rc = body(context, &txn);
	lmdb_abort(&txn);
	return txn.fault != 0 ? lmdb_result(&txn, error) : rc;
}

void lmdb_fail(struct lmdb_txn *txn, int fault, const char *format, ...)
{
	va_list args;
	char text[ERROR_TEXT_BYTES];

	if (txn->fault != 0)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	txn->fault = error_set(&txn->error, fault, "%s%s: %s", txn->lmdb->options.kind->name, txn->lmdb->path, text);
}

int lmdb_result(const struct lmdb_txn *txn, struct error *error)
{
	if (txn->fault != 0 && error)
		*error = txn->error;
	return txn->fault;
}

static struct span to_span(MDB_val value)
{
	return (struct span){value.mv_data, value.mv_size};
}

/* LMDB takes a pointer to writable bytes and does not write through it. */
static MDB_val to_val(struct span span)
{
	return (MDB_val){.mv_size = span.length, .mv_data = (void *)(uintptr_t)span.at};
}

bool lmdb_get(struct lmdb_txn *txn, unsigned database, struct span key, struct span *value)
{
	MDB_val k = to_val(key), v;

	if (txn->fault != 0 ||
	    !succeeded(txn, mdb_get(txn->txn, txn->lmdb->handles[database], &k, &v), MDB_NOTFOUND, "mdb_get"))
		return false;
	*value = to_span(v);
	return true;
}

void lmdb_put(struct lmdb_txn *txn, unsigned database, struct span key, struct span value)
{
	MDB_val k = to_val(key), v = to_val(value);

	if (txn->fault == 0)
		(void)succeeded(txn, mdb_put(txn->txn, txn->lmdb->handles[database], &k, &v, 0), 0, "mdb_put");
}

bool lmdb_delete(struct lmdb_txn *txn, unsigned database, struct span key)
{
	MDB_val k = to_val(key);

	return txn->fault == 0 &&
	       succeeded(txn, mdb_del(txn->txn, txn->lmdb->handles[database], &k, NULL), MDB_NOTFOUND, "mdb_del");
}

uint64_t lmdb_count(struct lmdb_txn *txn, unsigned database)
{
	MDB_stat stat;

	if (txn->fault != 0 || !succeeded(txn, mdb_stat(txn->txn, txn->lmdb->handles[database], &stat), 0, "mdb_stat"))
		return 0;
	return stat.ms_entries;
}

/* ---- Cursors ------------------------------------------------------------------------------------ */

void lmdb_cursor_open(struct lmdb_cursor *cursor, struct lmdb_txn *txn, unsigned database)
{
	*cursor = (struct lmdb_cursor){.txn = txn};
	if (txn->fault == 0 && !succeeded(txn, mdb_cursor_open(txn->txn, txn->lmdb->handles[database], &cursor->cursor),
					  0, "mdb_cursor_open"))
		cursor->cursor = NULL;
}

void lmdb_cursor_close(struct lmdb_cursor *cursor)
{
	if (cursor->cursor)
		mdb_cursor_close(cursor->cursor);
	cursor->cursor = NULL;
}

static bool move(struct lmdb_cursor *cursor, MDB_val key, MDB_cursor_op how)
{
	MDB_val value;

	if (cursor->txn->fault != 0 ||
	    !succeeded(cursor->txn, mdb_cursor_get(cursor->cursor, &key, &value, how), MDB_NOTFOUND, "mdb_cursor_get"))
		return false;
	cursor->key = to_span(key);
	cursor->value = to_span(value);
	return true;
}

bool lmdb_seek(struct lmdb_cursor *cursor, struct span key)
{
	return move(cursor, to_val(key), MDB_SET_RANGE);
}

bool lmdb_next(struct lmdb_cursor *cursor)
{
	return move(cursor, (MDB_val){0}, MDB_NEXT);
}

static bool put_here(struct lmdb_cursor *cursor, struct span key, struct span value, unsigned how, int expected)
{
	MDB_val k = to_val(key), v = to_val(value);

	return cursor->txn->fault == 0 &&
	       succeeded(cursor->txn, mdb_cursor_put(cursor->cursor, &k, &v, how), expected, "mdb_cursor_put");
}

bool lmdb_put_new(struct lmdb_cursor *cursor, struct span key, struct span value)
{
	return put_here(cursor, key, value, MDB_NOOVERWRITE, MDB_KEYEXIST);
}

void lmdb_replace(struct lmdb_cursor *cursor, struct span key, struct span value)
{
	(void)put_here(cursor, key, value, MDB_CURRENT, 0);
}

void lmdb_remove(struct lmdb_cursor *cursor)
{
	if (cursor->txn->fault == 0)
		(void)succeeded(cursor->txn, mdb_cursor_del(cursor->cursor, 0), 0, "mdb_cursor_del");
}
