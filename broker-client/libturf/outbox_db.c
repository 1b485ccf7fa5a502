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

enum { MAP_BYTES_FIRST = 1 << 20, NUMBER_BYTES = 8, QUEUED_BYTES = NUMBER_BYTES + 1 };

static const char *const table_names[DB_TABLES] = {"meta", "taps", "ids", "queue", "door", "tokens"};

static const struct lmdb_kind outbox_kind = {
	.databases = table_names,
	.n_databases = DB_TABLES,
	.name = "outbox ",
	.if_damaged = "nothing in it was changed",
	.if_other_machine = "its taps are not damaged; send them from that machine",
	.not_ours = "the file is damaged, or is not an outbox; nothing in it was changed",
	.not_ours_fault = FAULT_DAMAGED,
};

/* The outboxes that this process has open. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct outbox *open_here;

/* ---- Making one ------------------------------------------------------------------------------------------------- */

/* The file appears whole: LMDB alone would leave one behind that nobody can open, if the power fails at the start. The
 * folder's own name, and those of the folders above it, are on the disk before it. */
static int make_file(const struct lmdb *env, int folder, const char *made, const char *file, struct error *error)
{
	const struct lmdb_options options = {
		.kind = &outbox_kind, .path = made, .alone = true, .create = true, .map_bytes = MAP_BYTES_FIRST};
	struct lmdb lmdb;
	int rc;

	if (unlink(made) < 0 && errno != ENOENT)
		return lmdb_translate(env, errno, "unlink", error);
	rc = lmdb_open(&lmdb, &options, error);
	lmdb_close(&lmdb);
	if (rc == 0 && (syncfs(folder) < 0 || rename(made, file) < 0))
		rc = lmdb_translate(env, errno, "making the file", error);
	if (rc < 0)
		(void)unlink(made);
	return rc;
}

/* Another process may have made it meanwhile. */
static int make_file_once(const struct lmdb *env, int folder, struct error *error)
{
	char *file = NULL, *made = NULL;
	int rc = 0;

	while (flock(folder, LOCK_EX) < 0)
		if (errno != EINTR)
			return lmdb_translate(env, errno, "flock", error);
	if (asprintf(&file, "%s/data.mdb", env->path) < 0 || asprintf(&made, "%s.new", file) < 0)
		rc = lmdb_translate(env, ENOMEM, "making the file", error);
	else if (access(file, F_OK) < 0)
		rc = errno == ENOENT ? make_file(env, folder, made, file, error)
				     : lmdb_translate(env, errno, "data.mdb", error);
	free(made);
	free(file);
	return rc;
}

/* Called before each opening of the environment. */
static int find_or_make_file(const struct lmdb *env, void *context, struct error *error)
{
	int folder, rc;

	(void)context;
	if (db_exists(env->path))
		return 0;
	folder = open(env->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return lmdb_translate(env, errno, "open", error);
	rc = make_file_once(env, folder, error);
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

/* Adds the outbox to the list of open ones. FAULT_BUSY: an outbox in the same folder is on the list. */
static int claim(struct outbox *outbox, struct error *error)
{
	struct stat status;
	struct outbox *other;

	if (stat(outbox->path, &status) != 0)
		return error_set(error, FAULT_SYSTEM, "outbox folder %s: %s", outbox->path, strerror(errno));
	outbox->device = status.st_dev;
	outbox->inode = status.st_ino;
	(void)pthread_mutex_lock(&open_lock);
	for (other = open_here; other; other = other->next)
		if (other->device == outbox->device && other->inode == outbox->inode)
			break;
	if (!other) {
		outbox->next = open_here;
		open_here = outbox;
	}
	(void)pthread_mutex_unlock(&open_lock);
	return other ? error_set(error, FAULT_BUSY, "outbox %s is open in this process already", outbox->path) : 0;
}

static void unclaim(struct outbox *outbox)
{
	struct outbox **at;

	(void)pthread_mutex_lock(&open_lock);
	for (at = &open_here; *at && *at != outbox; at = &(*at)->next)
		;
	if (*at)
		*at = outbox->next;
	(void)pthread_mutex_unlock(&open_lock);
}

static int open_path(struct outbox *outbox, struct error *error)
{
	const struct lmdb_options options = {.kind = &outbox_kind,
					     .path = outbox->path,
					     .create = true,
					     .map_bytes = MAP_BYTES_FIRST,
					     .before_open = find_or_make_file};
	int rc;

	if (*outbox->path == '\0' || make_folders(outbox->path) != 0)
		return error_set(error, FAULT_SYSTEM, "outbox folder %s: %s", outbox->path,
				 *outbox->path ? strerror(errno) : "no name");
	rc = claim(outbox, error);
	return rc < 0 ? rc : lmdb_open(&outbox->lmdb, &options, error);
}

int db_open(struct outbox **out, const char *path, struct error *error)
{
	struct outbox *outbox = calloc(1, sizeof *outbox);
	int rc;

	if (!outbox || !(outbox->path = strdup(path))) {
		free(outbox);
		return error_set(error, FAULT_MEMORY, "outbox %s: no memory", path);
	}
	(void)pthread_mutex_init(&outbox->lock, NULL);
	rc = open_path(outbox, error);
	if (rc < 0)
		db_close(outbox);
	else
		*out = outbox;
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
void db_close(struct outbox *outbox)
{
	if (!outbox)
		return;
	lmdb_close(&outbox->lmdb);
	unclaim(outbox);
	(void)pthread_mutex_destroy(&outbox->lock);
	free(outbox->path);
	free(outbox);
}

/* ---- Transactions ----------------------------------------------------------------------------------------------- */

int db_write(struct outbox *outbox, lmdb_body *body, void *context, struct error *error)
{
	int rc;

	(void)pthread_mutex_lock(&outbox->lock);
	rc = lmdb_change(&outbox->lmdb, body, context, error);
	(void)pthread_mutex_unlock(&outbox->lock);
	return rc;
}

int db_read(struct outbox *outbox, lmdb_body *body, void *context, struct error *error)
{
	int rc;

	(void)pthread_mutex_lock(&outbox->lock);
	rc = lmdb_read(&outbox->lmdb, body, context, error);
	(void)pthread_mutex_unlock(&outbox->lock);
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

/* ---- Tables, typed ---------------------------------------------------------------------------------------------- */

static struct span text_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static struct span id_span(const struct event_id *id)
{
	return (struct span){id->bytes, EVENT_ID_BYTES};
}

bool db_get_meta(struct lmdb_txn *txn, const char *name, struct span *value)
{
	return lmdb_get(txn, DB_META, text_span(name), value);
}

void db_put_meta(struct lmdb_txn *txn, const char *name, const void *value, size_t length)
{
	lmdb_put(txn, DB_META, text_span(name), (struct span){value, length});
}

uint64_t db_get_meta_number(struct lmdb_txn *txn, const char *name, uint64_t otherwise)
{
	struct span value;

	if (!db_get_meta(txn, name, &value))
		return otherwise;
	if (value.length == NUMBER_BYTES)
		return get_be64(value.at);
	db_damaged(txn);
	return otherwise;
}

void db_put_meta_number(struct lmdb_txn *txn, const char *name, uint64_t number)
{
	uint8_t bytes[NUMBER_BYTES];

	put_be64(bytes, number);
	db_put_meta(txn, name, bytes, sizeof bytes);
}

uint64_t db_take_number(struct lmdb_txn *txn)
{
	uint64_t number = db_get_meta_number(txn, "next", 1);

	db_put_meta_number(txn, "next", number + 1);
	return number;
}

bool db_get_tap(struct lmdb_txn *txn, uint64_t number, struct tap *tap)
{
	struct span value;

	if (db_get_at(txn, DB_TAPS, number, &value) && tap_decode(value.at, value.length, tap) == 0)
		return true;
	db_damaged(txn);
	return false;
}

bool db_next_tap(struct lmdb_txn *txn, uint64_t *number, struct tap *tap)
{
	struct span value;

	if (!db_from(txn, DB_TAPS, *number + 1, number, &value))
		return false;
	if (tap_decode(value.at, value.length, tap) == 0)
		return true;
	db_damaged(txn);
	return false;
}

void db_put_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	uint8_t bytes[TAP_BYTES_MAX];

	db_put_at(txn, DB_TAPS, number, bytes, tap_encode(tap, bytes));
}

void db_delete_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	db_delete_at(txn, DB_TAPS, number);
	(void)lmdb_delete(txn, DB_IDS, id_span(&tap->question.id));
}

bool db_find_tap(struct lmdb_txn *txn, const struct event_id *id, uint64_t *number, struct tap *tap)
{
	struct span value;

	if (!lmdb_get(txn, DB_IDS, id_span(id), &value))
		return false;
	if (value.length != NUMBER_BYTES) {
		db_damaged(txn);
		return false;
	}
	*number = get_be64(value.at);
	return db_get_tap(txn, *number, tap);
}

void db_new_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	uint8_t bytes[NUMBER_BYTES];

	put_be64(bytes, number);
	lmdb_put(txn, DB_IDS, id_span(&tap->question.id), (struct span){bytes, sizeof bytes});
	db_put_tap(txn, number, tap);
}

void db_enqueue(struct lmdb_txn *txn, uint64_t seq, uint64_t tap_number, enum act act)
{
	uint8_t bytes[QUEUED_BYTES];

	put_be64(bytes, tap_number);
	bytes[NUMBER_BYTES] = (uint8_t)act;
	db_put_at(txn, DB_QUEUE, seq, bytes, sizeof bytes);
}

bool db_parse_queued(struct lmdb_txn *txn, const struct span *value, uint64_t *tap_number, enum act *act)
{
	if (value->length != QUEUED_BYTES ||
	    (value->at[NUMBER_BYTES] != ACT_QUESTION && value->at[NUMBER_BYTES] != ACT_RETRACTION)) {
		db_damaged(txn);
		return false;
	}
	*tap_number = get_be64(value->at);
	*act = value->at[NUMBER_BYTES];
	return true;
}

void db_keep_or_forget(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	if (!tap_waits(tap) && !tap_refused(tap) && tap->question.day < db_get_meta_number(txn, "forget", 0))
		db_delete_tap(txn, number, tap);
	else
		db_put_tap(txn, number, tap);
}
