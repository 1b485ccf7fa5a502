/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes, opens and closes turfdoor's database. */
#include "door/door.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lmdb/lmdb_error.h"
#include "door/internal.h"

enum { DIRECTORY_MODE = 0700, MAP_BYTES = 1 << 20 };

/* ---- Shared ---------------------------------------------------------------------------------------------- */

int door_damaged(struct lmdb_txn *txn, const char *what)
{
	lmdb_fail(txn, FAULT_DAMAGED, "a record of its %s is damaged; restore a copy of it", what);
	return FAULT_DAMAGED;
}

int door_hash(const uint8_t *bytes, size_t length, uint8_t hash[static LAYOUT_HASH_BYTES], struct error *error)
{
	if (EVP_Digest(bytes, length, hash, NULL, EVP_sha256(), NULL) != 1)
		return error_set(error, FAULT_MEMORY, "no memory for a SHA-256");
	return 0;
}

bool door_at(const struct lmdb_cursor *cursor, const struct record *start)
{
	return cursor->key.length >= start->length && memcmp(cursor->key.at, start->at, start->length) == 0;
}

bool door_find_device(struct lmdb_txn *txn, uint32_t number, struct layout_device *device)
{
	struct record key = layout_number(number);
	struct span value;

	if (!lmdb_get(txn, LAYOUT_DEVICES, layout_span(&key), &value))
		return false;
	if (layout_read_device(value, device))
		return true;
	(void)door_damaged(txn, "devices");
	return false;
}

/* ---- Making one ------------------------------------------------------------------------------------------- */

static bool is_host(const char *text)
{
	return *text && strlen(text) < DOOR_HOST_BYTES &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == strlen(text);
}

static int check_settings(const struct door_settings *settings, struct error *error)
{
	if (!topic_slug_valid(settings->org))
		return error_set(error, FAULT_INPUT, "\"%s\" cannot be the id of an organisation", settings->org);
	if (!is_host(settings->host))
		return error_set(error, FAULT_INPUT, "\"%s\" cannot be the name of a host", settings->host);
	if (settings->batch == 0 || settings->batch > DOOR_BATCH_MAX)
		return error_set(error, FAULT_INPUT, "a batch has 1 to %d tokens", DOOR_BATCH_MAX);
	return 0;
}

static int put_settings(void *context, struct lmdb_txn *txn)
{
	struct record format = layout_text_key("format"), settings = layout_text_key("settings");
	struct record number = layout_number(LAYOUT_FORMAT), value = layout_settings(context);

	lmdb_put(txn, LAYOUT_META, layout_span(&format), layout_span(&number));
	lmdb_put(txn, LAYOUT_META, layout_span(&settings), layout_span(&value));
	return 0;
}

#define DATA_FILE "data.mdb"
#define NEW_DATA_FILE "data.mdb.new" /* an attempt before may have left it behind */

/* Makes `path`, or sees that nothing is in it. */
static int make_folder(const char *path, struct error *error)
{
	DIR *folder;
	const struct dirent *entry;
	unsigned n = 0;

	if (mkdir(path, DIRECTORY_MODE) == 0)
		return 0;
	folder = errno == EEXIST ? opendir(path) : NULL;
	if (!folder)
		return error_set(error, FAULT_SYSTEM, "%s: %s", path, strerror(errno));
	while ((entry = readdir(folder)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		     strcmp(entry->d_name, NEW_DATA_FILE) != 0;
	(void)closedir(folder);
	return n == 0 ? 0 : error_set(error, FAULT_INPUT, "%s is not empty; name a folder for the new database", path);
}

static int make_file(const char *made, const struct door_settings *settings, struct error *error)
{
	const struct lmdb_options options = {
		.kind = &layout_kind, .path = made, .alone = true, .create = true, .map_bytes = MAP_BYTES};
	struct door_settings copy = *settings;
	struct lmdb lmdb;
	int rc;

	if (unlink(made) < 0 && errno != ENOENT)
		return error_set(error, FAULT_SYSTEM, "%s: %s", made, strerror(errno));
	rc = lmdb_open(&lmdb, &options, error);
	if (rc == 0)
		rc = lmdb_change(&lmdb, put_settings, &copy, error);
	lmdb_close(&lmdb);
	return rc;
}

/* The file appears whole: whatever ends the program before that leaves no database behind. */
static int install(const char *path, const char *made, const char *file, struct error *error)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (folder < 0 || syncfs(folder) < 0 || rename(made, file) < 0 || fsync(folder) < 0)
		rc = error_set(error, errno == ENOSPC ? FAULT_FULL : FAULT_SYSTEM, "%s: %s", file, strerror(errno));
	if (folder >= 0)
		(void)close(folder);
	return rc;
}

int door_create(const char *path, const struct door_settings *settings, struct error *error)
{
	char *file = NULL, *made = NULL;
	int rc = check_settings(settings, error);

	if (rc == 0 && (asprintf(&file, "%s/" DATA_FILE, path) < 0 || asprintf(&made, "%s/" NEW_DATA_FILE, path) < 0))
		rc = error_set(error, FAULT_MEMORY, "no memory for a path");
	if (rc == 0)
		rc = make_folder(path, error);
	if (rc == 0) {
		rc = make_file(made, settings, error);
		if (rc == 0)
			rc = install(path, made, file, error);
		if (rc < 0)
			(void)unlink(made);
	}
	free(made);
	free(file);
	return rc < 0 ? error_prefix(error, rc, "make a database for turfdoor") : 0;
}

/* ---- Opening and closing ------------------------------------------------------------------------------------- */

static int read_settings(void *context, struct lmdb_txn *txn)
{
	struct record format = layout_text_key("format"), settings = layout_text_key("settings");
	struct span value;
	uint32_t number;

	if (!txn->lmdb->found[LAYOUT_META] || !lmdb_get(txn, LAYOUT_META, layout_span(&format), &value)) {
		lmdb_fail(txn, FAULT_FOREIGN, "another program's LMDB environment, not a database of turfdoor");
		return FAULT_FOREIGN;
	}
	if (!layout_read_number(value, &number))
		return door_damaged(txn, "settings");
	if (number != LAYOUT_FORMAT) {
		lmdb_fail(txn, FAULT_FOREIGN, "a newer turfdoor made it; install the newer version again");
		return FAULT_FOREIGN;
	}
	if (!lmdb_get(txn, LAYOUT_META, layout_span(&settings), &value) || !layout_read_settings(value, context))
		return door_damaged(txn, "settings");
	return 0;
}

static int look_for_file(const char *path, struct error *error)
{
	char *file = NULL;
	bool there;

	if (asprintf(&file, "%s/" DATA_FILE, path) < 0)
		return error_set(error, FAULT_MEMORY, "no memory for a path");
	there = access(file, F_OK) == 0;
	free(file);
	return there ? 0
		     : error_set(error, FAULT_INPUT, "%s: there is no database of turfdoor; turfdoor create makes one",
				 path);
}

int door_open(const char *path, struct door **out, struct error *error)
{
	const struct lmdb_options options = {.kind = &layout_kind, .path = path, .map_bytes = MAP_BYTES};
	struct door *door;
	int rc = look_for_file(path, error);

	*out = NULL;
	if (rc < 0)
		return rc;
	door = calloc(1, sizeof *door);
	if (!door)
		return error_set(error, FAULT_MEMORY, "no memory to open %s", path);
	rc = lmdb_open(&door->lmdb, &options, error);
	if (rc == 0)
		rc = lmdb_read(&door->lmdb, read_settings, &door->settings, error);
	if (rc == 0)
		*out = door;
	else
		door_close(door);
	return rc;
}

void door_close(struct door *door)
{
	if (!door)
		return;
	lmdb_close(&door->lmdb);
	free(door);
}

const struct door_settings *door_settings(const struct door *door)
{
	return &door->settings;
}

int door_challenge(const struct door *door, uint8_t digest[static TOKEN_DIGEST_BYTES], struct error *error)
{
	char origin[TOKEN_NAME_MAX];
	const struct token_challenge challenge = {door->settings.host, origin, NULL};

	(void)snprintf(origin, sizeof origin, "turf/v1/%s", door->settings.org);
	return token_challenge_digest(&challenge, digest, error);
}
