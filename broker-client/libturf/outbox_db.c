/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/outbox_db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/lmdb/lmdb_error.h"

enum { MAP_BYTES_FIRST = 1 << 20, NUMBER_BYTES = 8 };

static const char *const table_names[DB_TABLES] = {"meta", "taps", "ids", "queue"};

static const struct lmdb_kind outbox_kind = {
	.databases = table_names,
	.n_databases = DB_TABLES,
	.name = "outbox ",
	.if_damaged = "nothing in it was changed",
	.if_other_machine = "its taps are not damaged; send them from that machine",
	.not_ours = "the file is damaged, or is not an outbox; nothing in it was changed",
	.not_ours_fault = FAULT_DAMAGED,
};

struct db {
	struct db *next; /* in `open_here` */
	dev_t device;
	ino_t inode;
	char *path;
	pthread_mutex_t lock; /* one transaction at a time: the map may be moved between any two */
	struct lmdb lmdb;
};

/* The databases that this process has open. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db *open_here;

/* ---- Making one ------------------------------------------------------------------------------------------------- */

/* The file appears whole: LMDB alone would leave one behind that nobody can open, if the power fails at the start. The
 * folder's own name, and those of the folders above it, are on the disk before it. */
static int make_file(const struct lmdb *outbox, int folder, const char *made, const char *file, struct error *error)
{
	const struct lmdb_options options = {
		.kind = &outbox_kind, .path = made, .alone = true, .create = true, .map_bytes = MAP_BYTES_FIRST};
	struct lmdb lmdb;
	int rc;

	if (unlink(made) < 0 && errno != ENOENT)
		return lmdb_translate(outbox, errno, "unlink", error);
	rc = lmdb_open(&lmdb, &options, error);
	lmdb_close(&lmdb);
	if (rc == 0 && (syncfs(folder) < 0 || rename(made, file) < 0))
		rc = lmdb_translate(outbox, errno, "making the file", error);
	if (rc < 0)
		(void)unlink(made);
	return rc;
}

/* Another process may have made it meanwhile. */
static int make_file_once(const struct lmdb *outbox, int folder, struct error *error)
{
	char *file = NULL, *made = NULL;
	int rc = 0;

	while (flock(folder, LOCK_EX) < 0)
		if (errno != EINTR)
			return lmdb_translate(outbox, errno, "flock", error);
	if (asprintf(&file, "%s/data.mdb", outbox->path) < 0 || asprintf(&made, "%s.new", file) < 0)
		rc = lmdb_translate(outbox, ENOMEM, "making the file", error);
	else if (access(file, F_OK) < 0)
		rc = errno == ENOENT ? make_file(outbox, folder, made, file, error)
				     : lmdb_translate(outbox, errno, "data.mdb", error);
	free(made);
	free(file);
	return rc;
}

/* Called before each opening of the environment. */
static int find_or_make_file(const struct lmdb *outbox, void *context, struct error *error)
{
	int folder, rc;

	(void)context;
	if (db_exists(outbox->path))
		return 0;
	folder = open(outbox->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return lmdb_translate(outbox, errno, "open", error);
	rc = make_file_once(outbox, folder, error);
	(void)close(folder);
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

static int open_path(struct db *db, struct error *error)
{
	const struct lmdb_options options = {.kind = &outbox_kind,
					     .path = db->path,
					     .create = true,
					     .map_bytes = MAP_BYTES_FIRST,
					     .before_open = find_or_make_file};
	int rc;

	if (*db->path == '\0' || make_folders(db->path) != 0)
		return error_set(error, FAULT_SYSTEM, "outbox folder %s: %s", db->path,
				 *db->path ? strerror(errno) : "no name");
	rc = claim(db);
	if (rc == EBUSY)
		return error_set(error, FAULT_BUSY, "outbox %s is open in this process already", db->path);
	if (rc != 0)
		return error_set(error, FAULT_SYSTEM, "outbox folder %s: %s", db->path, strerror(rc));
	return lmdb_open(&db->lmdb, &options, error);
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
	rc = open_path(db, error);
	if (rc < 0)
		db_close(db);
	else
		*out = db;
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
	lmdb_close(&db->lmdb);
	unclaim(db);
	(void)pthread_mutex_destroy(&db->lock);
	free(db->path);
	free(db);
}

/* ---- Transactions ----------------------------------------------------------------------------------------------- */

int db_write(struct db *db, lmdb_body *body, void *context, struct error *error)
{
	int rc;

	(void)pthread_mutex_lock(&db->lock);
	rc = lmdb_change(&db->lmdb, body, context, error);
	(void)pthread_mutex_unlock(&db->lock);
	return rc;
}

int db_read(struct db *db, lmdb_body *body, void *context, struct error *error)
{
	int rc;

	(void)pthread_mutex_lock(&db->lock);
	rc = lmdb_read(&db->lmdb, body, context, error);
	(void)pthread_mutex_unlock(&db->lock);
	return rc;
}

void db_damaged(struct lmdb_txn *txn)
{
	lmdb_fail(txn, FAULT_DAMAGED, "a record in it is damaged; nothing in it was changed");
}

struct number_key {
	uint8_t bytes[NUMBER_BYTES];
};

static struct span number_span(struct number_key *key, uint64_t number)
{
	put_be64(key->bytes, number);
	return (struct span){key->bytes, sizeof key->bytes};
}

bool db_get_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, struct span *value)
{
	struct number_key key;

	return lmdb_get(txn, table, number_span(&key, number), value);
}

void db_put_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, const void *value, size_t value_length)
{
	struct number_key key;

	lmdb_put(txn, table, number_span(&key, number), (struct span){value, value_length});
}

void db_delete_at(struct lmdb_txn *txn, enum db_table table, uint64_t number)
{
	struct number_key key;

	(void)lmdb_delete(txn, table, number_span(&key, number));
}

bool db_from(struct lmdb_txn *txn, enum db_table table, uint64_t at_least, uint64_t *number, struct span *value)
{
	struct lmdb_cursor cursor;
	struct number_key key;
	bool found;

	lmdb_cursor_open(&cursor, txn, table);
	found = lmdb_seek(&cursor, number_span(&key, at_least));
	lmdb_cursor_close(&cursor);
	if (found && cursor.key.length != NUMBER_BYTES)
		db_damaged(txn);
	if (txn->fault != 0 || !found)
		return false;
	*number = get_be64(cursor.key.at);
	*value = cursor.value;
	return true;
}
