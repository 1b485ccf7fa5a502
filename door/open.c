/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes, opens and closes turfdoor's database. */
#include "door/door.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lmdb/lmdb_make.h"
#include "door/internal.h"

enum { DIRECTORY_MODE = 0700, MAP_BYTES = 1 << 20 };

/* ---- Shared ---------------------------------------------------------------------------------------------- */

int door_damaged(struct lmdb_txn *txn, const char *what)
{
	lmdb_fail(txn, FAULT_DAMAGED, "a record of its %s is damaged; put a copy of it back, and run turfdoor renew",
		  what);
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
		     strcmp(entry->d_name, LMDB_MAKE_NEW_FILE) != 0;
	(void)closedir(folder);
	return n == 0 ? 0 : error_set(error, FAULT_INPUT, "%s is not empty; name a folder for the new database", path);
}

int door_create(const char *path, const struct door_settings *settings, struct error *error)
{
	struct door_settings copy = *settings;
	int rc = check_settings(settings, error);

	if (rc == 0)
		rc = make_folder(path, error);
	if (rc == 0)
		rc = lmdb_make(path, &layout_kind, MAP_BYTES, put_settings, &copy, error);
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

	if (asprintf(&file, "%s/" LMDB_MAKE_FILE, path) < 0)
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
