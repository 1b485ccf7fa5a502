/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * LMDB, the only place in broker-client that knows it.
 *
 * What may fail, and what then:
 *   map full          the transaction is aborted, the map doubles, the body runs again
 *   map resized       another process grew it: take over its size, begin again
 *   readers full      slots of killed processes are cleared, begin again
 *   disk full         commit says EIO or ENOSPC: FAULT_FULL, earlier commits stand
 *   meta page failed  LMDB refuses all further work (MDB_PANIC): close and open again, begin again; what was written of
 *                     it is written over first (make_firm)
 *   map cannot move   it is gone: close, open again at the next transaction
 * Full sync throughout: no flag that trades durability for speed.
 */
#include "broker-client/libturf/outbox_db.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/firm.h"
#include "base/lmdb_file.h"

enum { MAP_BYTES_FIRST = 1 << 20, NUMBER_BYTES = 8, BEGIN_ATTEMPTS = 4 };

static const char *const table_names[DB_TABLES] = { "meta", "taps", "ids", "queue" };

struct db {
	struct db *next;      /* in `open_here` */
	dev_t device;
	ino_t inode;
	char *path;
	pthread_mutex_t lock; /* one transaction at a time: the map may be moved between any two */
	MDB_env *env;         /* NULL: lost, to be opened again by the next transaction */
	bool firm;            /* make_firm has been called */
	MDB_dbi tables[DB_TABLES];
};

struct db_txn {
	struct db *db;
	MDB_txn *txn;
	int rc; /* LMDB's, or errno; the first failure stays */
};

/* The databases that this process has open. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db *open_here;

/* A file that LMDB does not take for one of its own. */
static int set_invalid(const struct db *db, struct error *error)
{
	char *file = NULL;
	const char *kind = asprintf(&file, "%s/data.mdb", db->path) < 0 ? NULL : lmdb_file_foreign_kind(file);

	free(file);
	if (kind)
		return error_set(error, FAULT_FOREIGN, "outbox %s was %s: its taps are not damaged; send them from that machine",
				 db->path, kind);
	return error_set(error, FAULT_DAMAGED, "outbox %s is damaged, or is not an outbox; nothing in it was changed", db->path);
}

static int translate(const struct db *db, int rc, struct error *error)
{
	switch (rc) {
	case 0:
		return 0;
	case ENOMEM:
		return error_set(error, FAULT_MEMORY, "outbox %s: no memory", db->path);
	case EIO:
	case ENOSPC:
	case EDQUOT:
		return error_set(error, FAULT_FULL, "outbox %s: there is no room on the disk (%s)", db->path, strerror(rc));
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
		return set_invalid(db, error);
	case MDB_VERSION_MISMATCH:
		return error_set(error, FAULT_FOREIGN, "outbox %s was written by another LMDB version", db->path);
	default:
		return error_set(error, FAULT_STORE, "outbox %s: %s", db->path, mdb_strerror(rc));
	}
}

/* Tables are opened in a transaction that commits; they are made in the first that finds them missing. */
static int open_tables(struct db *db, unsigned txn_flags, unsigned table_flags)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(db->env, NULL, txn_flags, &txn);

	if (rc != 0)
		return rc;
	for (int i = 0; i < DB_TABLES && rc == 0; i++)
		rc = mdb_dbi_open(txn, table_names[i], table_flags, &db->tables[i]);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

static void close_env(struct db *db)
{
	if (db->env)
		mdb_env_close(db->env);
	db->env = NULL;
	db->firm = false;
}

/* `path`: the folder, or with MDB_NOSUBDIR the file. */
static int start_env(struct db *db, const char *path, unsigned flags)
{
	int rc = mdb_env_create(&db->env);

	if (rc != 0)
		db->env = NULL;
	if (rc == 0)
		rc = mdb_env_set_maxdbs(db->env, DB_TABLES);
	if (rc == 0)
		rc = mdb_env_set_mapsize(db->env, MAP_BYTES_FIRST);
	if (rc == 0)
		rc = mdb_env_open(db->env, path, MDB_NOTLS | flags, 0600);
	return rc;
}

/* ---- Making one ------------------------------------------------------------------------------------------------- */

/* The file appears whole: LMDB alone would leave one behind that nobody can open, if the power fails at the start. The
 * folder's own name, and those of the folders above it, are on the disk before it. */
static int make_file(struct db *db, int folder, const char *made, const char *file)
{
	int rc = unlink(made) < 0 && errno != ENOENT ? errno : start_env(db, made, MDB_NOSUBDIR | MDB_NOLOCK);

	if (rc == 0)
		rc = open_tables(db, 0, MDB_CREATE);
	close_env(db);
	if (rc == 0 && (syncfs(folder) < 0 || rename(made, file) < 0))
		rc = errno;
	if (rc != 0)
		(void)unlink(made);
	return rc;
}

/* Another process may have made it meanwhile. */
static int make_file_once(struct db *db, int folder)
{
	char *file = NULL, *made = NULL;
	int rc = 0;

	while (flock(folder, LOCK_EX) < 0 && rc == 0)
		rc = errno == EINTR ? 0 : errno;
	if (rc == 0 && (asprintf(&file, "%s/data.mdb", db->path) < 0 || asprintf(&made, "%s.new", file) < 0))
		rc = ENOMEM;
	if (rc == 0 && access(file, F_OK) < 0)
		rc = errno == ENOENT ? make_file(db, folder, made, file) : errno;
	free(made);
	free(file);
	return rc;
}

/* The file is there, and its name on the disk: also when an earlier attempt to sync that has failed. */
static int find_or_make_file(struct db *db)
{
	int folder = open(db->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (folder < 0)
		return errno;
	if (!db_exists(db->path))
		rc = make_file_once(db, folder);
	if (rc == 0 && fsync(folder) < 0)
		rc = errno;
	(void)close(folder);
	return rc;
}

static int reserve_lock(const struct db *db)
{
	char *file;
	int rc;

	if (asprintf(&file, "%s/lock.mdb", db->path) < 0)
		return ENOMEM;
	rc = lmdb_file_reserve_lock(file);
	free(file);
	return rc;
}

static int open_env(struct db *db)
{
	int rc = find_or_make_file(db);

	if (rc == 0)
		rc = reserve_lock(db);
	if (rc == 0)
		rc = start_env(db, db->path, 0);
	if (rc == 0) {
		(void)mdb_reader_check(db->env, NULL);
		rc = open_tables(db, MDB_RDONLY, 0);
	}
	if (rc == MDB_NOTFOUND)
		rc = open_tables(db, 0, MDB_CREATE);
	if (rc != 0)
		close_env(db);
	return rc;
}

/* mkdir -p. `path` is written to and restored. */
static int make_folders(char *path)
{
	for (char *end = path + 1;; end++) {
		char kept = *end;

		if (kept != '/' && kept != '\0')
			continue;
		*end = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*end = kept;
			return -1;
		}
		*end = kept;
		if (kept == '\0')
			return 0;
	}
}

/* Puts `db` among the open ones, unless the folder is there already. */
static int claim(struct db *db)
{
	struct stat status;
	struct db *other;

	if (stat(db->path, &status) != 0)
		return errno;
	db->device = status.st_dev;
	db->inode = status.st_ino;
	(void)pthread_mutex_lock(&open_lock);
	for (other = open_here; other; other = other->next)
		if (other->device == db->device && other->inode == db->inode)
			break;
	if (!other) {
		db->next = open_here;
		open_here = db;
	}
	(void)pthread_mutex_unlock(&open_lock);
	return other ? EBUSY : 0;
}

static void unclaim(struct db *db)
{
	struct db **at;

	(void)pthread_mutex_lock(&open_lock);
	for (at = &open_here; *at && *at != db; at = &(*at)->next)
		;
	if (*at)
		*at = db->next;
	(void)pthread_mutex_unlock(&open_lock);
}

int db_open(struct db **out, const char *path, struct error *error)
{
	struct db *db = calloc(1, sizeof *db);
	int rc;

	if (!db || !(db->path = strdup(path))) {
		free(db);
		return error_set(error, FAULT_MEMORY, "outbox %s: no memory", path);
	}
	(void)pthread_mutex_init(&db->lock, NULL);
	if (*path == '\0' || make_folders(db->path) != 0) {
		rc = error_set(error, FAULT_SYSTEM, "outbox folder %s: %s", path, *path ? strerror(errno) : "no name");
		goto fail;
	}
	rc = claim(db);
	if (rc == EBUSY)
		rc = error_set(error, FAULT_BUSY, "outbox %s is open in this process already", path);
	else
		rc = translate(db, rc ? rc : open_env(db), error);
	if (rc < 0)
		goto fail;
	*out = db;
	return 0;
fail:
	db_close(db);
	return rc;
}

bool db_exists(const char *path)
{
	char *file;
	bool exists = asprintf(&file, "%s/data.mdb", path) >= 0;

	if (!exists)
		return false;
	exists = access(file, F_OK) == 0;
	free(file);
	return exists;
}

/* The claim goes last: LMDB's file locks are lost to a second opening when the first one closes. */
void db_close(struct db *db)
{
	if (!db)
		return;
	close_env(db);
	unclaim(db);
	(void)pthread_mutex_destroy(&db->lock);
	free(db->path);
	free(db);
}

/* A root that could not be written, and that LMDB took back, may be on the disk all the same: after a power cut it would
 * be found, when pages that it uses have been written to. So the roots are written again as they are seen, before the
 * first change; each is in the first sector of its page. In a writing transaction. */
static int make_firm(struct db *db)
{
	enum { ROOTS = 2 };
	mdb_filehandle_t fd;
	MDB_stat stat;
	int rc = mdb_env_stat(db->env, &stat);

	if (rc == 0)
		rc = mdb_env_get_fd(db->env, &fd);
	return rc == 0 ? firm_first_pages(fd, stat.ms_psize, ROOTS) : rc;
}

static int begin_once(struct db *db, unsigned flags, MDB_txn **txn)
{
	int rc = db->env ? mdb_txn_begin(db->env, NULL, flags, txn) : MDB_PANIC;

	if (rc != 0 || db->firm || flags & MDB_RDONLY)
		return rc;
	rc = make_firm(db);
	db->firm = rc == 0;
	if (rc != 0)
		mdb_txn_abort(*txn);
	return rc;
}

/* A map that could not be moved is gone. */
static int move_map(struct db *db, size_t bytes)
{
	int rc = mdb_env_set_mapsize(db->env, bytes);

	if (rc != 0)
		close_env(db);
	return rc;
}

static int begin(struct db *db, unsigned flags, MDB_txn **txn)
{
	int rc = 0;

	for (int attempt = 0; attempt < BEGIN_ATTEMPTS; attempt++) {
		rc = begin_once(db, flags, txn);
		if (rc == MDB_MAP_RESIZED) {
			rc = move_map(db, 0);
		} else if (rc == MDB_READERS_FULL) {
			rc = mdb_reader_check(db->env, NULL);
		} else if (rc == MDB_PANIC) {
			close_env(db);
			rc = open_env(db);
		} else {
			return rc;
		}
		if (rc != 0)
			return rc;
	}
	return rc ? rc : MDB_READERS_FULL;
}

static int grow(struct db *db)
{
	MDB_envinfo info;
	int rc = mdb_env_info(db->env, &info);

	return rc ? rc : move_map(db, 2 * info.me_mapsize);
}

static int run_once(struct db *db, db_body *body, void *context, unsigned flags, int *rc)
{
	struct db_txn txn = { .db = db };
	int verdict;

	*rc = begin(db, flags, &txn.txn);
	if (*rc != 0)
		return 0;
	verdict = body(&txn, context);
	*rc = txn.rc;
	if (*rc == 0 && verdict == 0 && !(flags & MDB_RDONLY))
		*rc = mdb_txn_commit(txn.txn);
	else
		mdb_txn_abort(txn.txn);
	return verdict;
}

static int run(struct db *db, db_body *body, void *context, unsigned flags, struct error *error)
{
	int rc, verdict;

	(void)pthread_mutex_lock(&db->lock);
	for (;;) {
		verdict = run_once(db, body, context, flags, &rc);
		if (rc != MDB_MAP_FULL)
			break;
		rc = grow(db);
		if (rc != 0)
			break;
	}
	(void)pthread_mutex_unlock(&db->lock);
	return rc ? translate(db, rc, error) : verdict;
}

int db_write(struct db *db, db_body *body, void *context, struct error *error)
{
	return run(db, body, context, 0, error);
}

int db_read(struct db *db, db_body *body, void *context, struct error *error)
{
	return run(db, body, context, MDB_RDONLY, error);
}

void db_damaged(struct db_txn *txn)
{
	if (txn->rc == 0)
		txn->rc = MDB_CORRUPTED;
}

static MDB_val value_of(const void *bytes, size_t length)
{
	return (MDB_val){ .mv_size = length, .mv_data = (void *)(uintptr_t)bytes };
}

bool db_get(struct db_txn *txn, enum db_table table, const void *key, size_t length, struct db_slice *value)
{
	MDB_val name = value_of(key, length), found;
	int rc = txn->rc ? MDB_NOTFOUND : mdb_get(txn->txn, txn->db->tables[table], &name, &found);

	*value = (struct db_slice){0};
	if (rc == 0)
		*value = (struct db_slice){ .bytes = found.mv_data, .length = found.mv_size };
	else if (rc != MDB_NOTFOUND)
		txn->rc = rc;
	return rc == 0;
}

void db_put(struct db_txn *txn, enum db_table table, const void *key, size_t length, const void *value,
	    size_t value_length)
{
	MDB_val name = value_of(key, length), content = value_of(value, value_length);

	if (txn->rc == 0)
		txn->rc = mdb_put(txn->txn, txn->db->tables[table], &name, &content, 0);
}

void db_delete(struct db_txn *txn, enum db_table table, const void *key, size_t length)
{
	MDB_val name = value_of(key, length);
	int rc = txn->rc ? 0 : mdb_del(txn->txn, txn->db->tables[table], &name, NULL);

	if (rc != 0 && rc != MDB_NOTFOUND)
		txn->rc = rc;
}

size_t db_count(struct db_txn *txn, enum db_table table)
{
	MDB_stat status = {0};

	if (txn->rc == 0)
		txn->rc = mdb_stat(txn->txn, txn->db->tables[table], &status);
	return status.ms_entries;
}

bool db_get_at(struct db_txn *txn, enum db_table table, uint64_t number, struct db_slice *value)
{
	uint8_t key[NUMBER_BYTES];

	put_be64(key, number);
	return db_get(txn, table, key, sizeof key, value);
}

void db_put_at(struct db_txn *txn, enum db_table table, uint64_t number, const void *value, size_t value_length)
{
	uint8_t key[NUMBER_BYTES];

	put_be64(key, number);
	db_put(txn, table, key, sizeof key, value, value_length);
}

void db_delete_at(struct db_txn *txn, enum db_table table, uint64_t number)
{
	uint8_t key[NUMBER_BYTES];

	put_be64(key, number);
	db_delete(txn, table, key, sizeof key);
}

bool db_from(struct db_txn *txn, enum db_table table, uint64_t at_least, uint64_t *number, struct db_slice *value)
{
	uint8_t bytes[NUMBER_BYTES];
	MDB_cursor *cursor;
	MDB_val key = value_of(bytes, sizeof bytes), found;
	int rc = txn->rc ? MDB_NOTFOUND : mdb_cursor_open(txn->txn, txn->db->tables[table], &cursor);

	if (rc == 0) {
		put_be64(bytes, at_least);
		rc = mdb_cursor_get(cursor, &key, &found, MDB_SET_RANGE);
		mdb_cursor_close(cursor);
	}
	if (rc == 0 && key.mv_size != NUMBER_BYTES)
		rc = MDB_CORRUPTED;
	if (rc == 0) {
		*number = get_be64(key.mv_data);
		*value = (struct db_slice){ .bytes = found.mv_data, .length = found.mv_size };
	} else if (rc != MDB_NOTFOUND) {
		txn->rc = rc;
	}
	return rc == 0;
}
