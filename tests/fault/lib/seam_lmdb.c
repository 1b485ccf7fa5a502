/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * LMDB: each call of ours may return an error that LMDB can give there. What LMDB itself calls may fail too, in
 * seam_file.c and seam.c.
 */
#include <errno.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdint.h>

#include "tests/fault/lib/seam_impl.h"

static const int of_opening[] = {ENOMEM, EIO, EACCES, MDB_INVALID, EAGAIN, 0};
static const int of_beginning[] = {ENOMEM, MDB_READERS_FULL, MDB_MAP_RESIZED, MDB_PANIC, EIO, 0};
static const int of_reading[] = {MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_BAD_TXN, 0};
static const int of_writing[] = {MDB_MAP_FULL, ENOMEM, EIO, MDB_TXN_FULL, MDB_CORRUPTED, 0};
static const int of_committing[] = {EIO, ENOSPC, MDB_MAP_FULL, MDB_PANIC, ENOMEM, 0};
static const int of_cursors[] = {ENOMEM, MDB_BAD_TXN, 0};
static const int of_copying[] = {ENOSPC, EIO, ENOMEM, 0};

/* After a root could not be written LMDB refuses all work on the environment. */
static atomic_uintptr_t lost;

WRAP(int, mdb_env_create, MDB_env **env)
{
	int rc = seam_error(SEAM_LMDB, "mdb_env_create", of_cursors);

	return rc ? rc : __real_mdb_env_create(env);
}

WRAP(int, mdb_env_set_maxdbs, MDB_env *env, MDB_dbi n)
{
	int rc = seam_error(SEAM_LMDB, "mdb_env_set_maxdbs", of_opening);

	return rc ? rc : __real_mdb_env_set_maxdbs(env, n);
}

WRAP(int, mdb_env_set_mapsize, MDB_env *env, size_t bytes)
{
	int rc = seam_error(SEAM_LMDB, "mdb_env_set_mapsize", of_opening);

	return rc ? rc : __real_mdb_env_set_mapsize(env, bytes);
}

WRAP(int, mdb_env_open, MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
	int rc = seam_error(SEAM_LMDB, "mdb_env_open", of_opening);

	return rc ? rc : __real_mdb_env_open(env, path, flags, mode);
}

WRAP(void, mdb_env_close, MDB_env *env)
{
	if (lost == (uintptr_t)env)
		lost = 0;
	__real_mdb_env_close(env);
}

WRAP(int, mdb_reader_check, MDB_env *env, int *dead)
{
	int rc = seam_error(SEAM_LMDB, "mdb_reader_check", of_reading);

	return rc ? rc : __real_mdb_reader_check(env, dead);
}

WRAP(int, mdb_env_copyfd2, MDB_env *env, mdb_filehandle_t fd, unsigned flags)
{
	int rc = seam_error(SEAM_LMDB, "mdb_env_copyfd2", of_copying);

	return rc ? rc : __real_mdb_env_copyfd2(env, fd, flags);
}

/* ---- Transactions ------------------------------------------------------------------------------------ */

WRAP(int, mdb_txn_begin, MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
	int rc = lost == (uintptr_t)env ? MDB_PANIC : seam_error(SEAM_LMDB, "mdb_txn_begin", of_beginning);

	return rc ? rc : __real_mdb_txn_begin(env, parent, flags, txn);
}

/* The transaction ends in any case. With MDB_PANIC it is the last sign of life that fails: everything is on the disk,
 * the caller is told EIO, and the environment is lost. */
WRAP(int, mdb_txn_commit, MDB_txn *txn)
{
	int rc = seam_error(SEAM_LMDB, "mdb_txn_commit", of_committing);
	MDB_env *env = mdb_txn_env(txn);

	if (rc == 0)
		return __real_mdb_txn_commit(txn);
	if (rc != MDB_PANIC) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = __real_mdb_txn_commit(txn);
	lost = (uintptr_t)env;
	return rc ? rc : EIO;
}

WRAP(int, mdb_dbi_open, MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi)
{
	int rc = seam_error(SEAM_LMDB, "mdb_dbi_open", of_writing);

	return rc ? rc : __real_mdb_dbi_open(txn, name, flags, dbi);
}

/* ---- Records ------------------------------------------------------------------------------------------- */

WRAP(int, mdb_get, MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value)
{
	int rc = seam_error(SEAM_LMDB, "mdb_get", of_reading);

	return rc ? rc : __real_mdb_get(txn, dbi, key, value);
}

WRAP(int, mdb_put, MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags)
{
	int rc = seam_error(SEAM_LMDB, "mdb_put", of_writing);

	return rc ? rc : __real_mdb_put(txn, dbi, key, value, flags);
}

WRAP(int, mdb_del, MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value)
{
	int rc = seam_error(SEAM_LMDB, "mdb_del", of_writing);

	return rc ? rc : __real_mdb_del(txn, dbi, key, value);
}

WRAP(int, mdb_stat, MDB_txn *txn, MDB_dbi dbi, MDB_stat *stat)
{
	int rc = seam_error(SEAM_LMDB, "mdb_stat", of_cursors);

	return rc ? rc : __real_mdb_stat(txn, dbi, stat);
}

WRAP(int, mdb_cursor_open, MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
	int rc = seam_error(SEAM_LMDB, "mdb_cursor_open", of_cursors);

	return rc ? rc : __real_mdb_cursor_open(txn, dbi, cursor);
}

WRAP(int, mdb_cursor_get, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op how)
{
	int rc = seam_error(SEAM_LMDB, "mdb_cursor_get", of_reading);

	return rc ? rc : __real_mdb_cursor_get(cursor, key, value, how);
}

WRAP(int, mdb_cursor_put, MDB_cursor *cursor, MDB_val *key, MDB_val *value, unsigned flags)
{
	int rc = seam_error(SEAM_LMDB, "mdb_cursor_put", of_writing);

	return rc ? rc : __real_mdb_cursor_put(cursor, key, value, flags);
}

WRAP(int, mdb_cursor_del, MDB_cursor *cursor, unsigned flags)
{
	int rc = seam_error(SEAM_LMDB, "mdb_cursor_del", of_writing);

	return rc ? rc : __real_mdb_cursor_del(cursor, flags);
}
