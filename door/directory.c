/* SPDX-License-Identifier: EUPL-1.2 */
/* The public keys in force as one directory, the same for everybody: over HTTP, and in a file that the broker reads. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/step.h"
#include "door/internal.h"
#include "door/weeks.h"

#define REQUEST_URI "/door/batch"

enum { SECONDS_A_DAY = 86400, FOLDER_MODE = 0755, FILE_MODE = 0644 };

/* ---- Reading the keys ------------------------------------------------------------------------------------------- */

struct reading {
	const struct door_settings *settings;
	uint32_t today;
	struct token_directory *directory;
	struct error *error;
};

static int open_public_key(const struct layout_key *record, struct token_key **key, struct error *error)
{
	uint8_t modulus[TOKEN_MODULUS_BYTES], spki[TOKEN_KEY_BYTES];
	struct sign_key *secret;
	int rc = sign_key_open(record->der, record->length, &secret, error);

	if (rc == 0)
		rc = sign_key_modulus(secret, modulus, error);
	sign_key_close(secret);
	if (rc < 0)
		return rc;
	token_key_encode(modulus, spki);
	return token_key_open(spki, sizeof spki, key, error);
}

static int add_key(const struct reading *reading, const struct layout_key_name *name, const struct layout_key *record)
{
	struct token_directory *directory = reading->directory;
	struct token_directory_key *keys, *key;
	int64_t monday = (int64_t)iso_week_first_day(name->week) * SECONDS_A_DAY;

	if (directory->n_keys == TOKEN_DIRECTORY_KEYS_MAX)
		return error_set(
			reading->error, FAULT_INPUT,
			"there are more than %d keys: invite more teams together, so that there are fewer scopes",
			TOKEN_DIRECTORY_KEYS_MAX);
	keys = realloc(directory->keys, (directory->n_keys + 1) * sizeof *keys);
	if (!keys)
		return error_set(reading->error, FAULT_MEMORY, "no memory for the public keys");
	directory->keys = keys;
	key = &keys[directory->n_keys];
	*key = (struct token_directory_key){.not_before = monday,
					    .not_after = monday + (1 + DOOR_WEEKS_BEFORE) * 7 * SECONDS_A_DAY};
	if (scope_parse(name->scope, &key->scope) < 0)
		return error_set(reading->error, FAULT_DAMAGED, "the name of a scope is damaged");
	directory->n_keys++; /* so that what a failed one holds is freed too */
	return open_public_key(record, &key->key, reading->error);
}

static int add_keys_in_force(const struct reading *reading, struct lmdb_txn *txn)
{
	struct iso_week oldest = weeks_from(reading->today, -DOOR_WEEKS_BEFORE), newest = weeks_from(reading->today, 1);
	struct layout_key_name name;
	struct layout_key key;
	struct lmdb_cursor cursor;
	int rc = 0;

	lmdb_cursor_open(&cursor, txn, LAYOUT_KEYS);
	while (rc == 0 && lmdb_next(&cursor))
		if (!layout_read_key_name(cursor.key, &name) || !layout_read_key(cursor.value, &key))
			rc = door_damaged(txn, "keys");
		else if (weeks_compare(name.week, oldest) >= 0 && weeks_compare(name.week, newest) <= 0)
			rc = add_key(reading, &name, &key);
	lmdb_cursor_close(&cursor);
	explicit_bzero(&key, sizeof key);
	return rc != 0 ? rc : txn->fault;
}

/* A write transaction may run again: then the directory of the attempt before is freed. */
static int read_directory(void *context, struct lmdb_txn *txn)
{
	struct reading *reading = context;
	struct token_directory *directory = calloc(1, sizeof *directory);

	token_directory_free(reading->directory);
	reading->directory = directory;
	if (!directory)
		return error_set(reading->error, FAULT_MEMORY, "no memory for the public keys");
	memcpy(directory->org, reading->settings->org, sizeof directory->org);
	memcpy(directory->issuer, reading->settings->host, sizeof directory->issuer);
	memcpy(directory->request_uri, REQUEST_URI, sizeof REQUEST_URI);
	directory->batch = reading->settings->batch;
	return add_keys_in_force(reading, txn);
}

int door_directory(struct door *door, uint32_t today, struct token_directory **out, struct error *error)
{
	struct reading reading = {.settings = &door->settings, .today = today, .error = error};
	int rc = lmdb_read(&door->lmdb, read_directory, &reading, error);

	if (rc < 0) {
		token_directory_free(reading.directory);
		reading.directory = NULL;
	}
	*out = reading.directory;
	return rc;
}

/* ---- Writing the file ------------------------------------------------------------------------------------------- */

static int file_fault(const char *file, struct error *error)
{
	return error_set(error, errno == ENOSPC ? FAULT_FULL : FAULT_SYSTEM, "%s: %s", file, strerror(errno));
}

/* Whether the file has these bytes already. A file that cannot be read is written again. */
static bool has_text(const char *file, const char *text)
{
	size_t length = strlen(text), have = 0;
	char *bytes = malloc(length + 1);
	int fd = bytes ? open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	ssize_t n = 1;
	bool same;

	while (fd >= 0 && n > 0 && have <= length) {
		n = read(fd, bytes + have, length + 1 - have);
		have += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	same = n == 0 && have == length && memcmp(bytes, text, length) == 0;
	free(bytes);
	return same;
}

static int write_text(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Readable for everybody whatever the umask is: the broker has a user of its own, and the keys are public. */
static int make_file(const char *made, const char *text, struct error *error)
{
	int fd, rc = 0;

	if (unlink(made) < 0 && errno != ENOENT)
		return file_fault(made, error);
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || fchmod(fd, FILE_MODE) < 0 || write_text(fd, text) < 0 || fsync(fd) < 0)
		rc = file_fault(made, error);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* What has a new name in the folder has it after a power cut too. */
static int sync_names(const char *folder, struct error *error)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? file_fault(folder, error) : 0;

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* The new file takes the place of the old one at once: the broker reads one of them, whole. */
static int replace_file(const char *file, const char *made, const char *text, struct error *error)
{
	int rc = make_file(made, text, error);

	step_reached("keys-written");
	if (rc == 0 && rename(made, file) < 0)
		rc = file_fault(file, error);
	step_reached("keys-renamed");
	return rc;
}

static int write_directory(const char *folder, const struct token_directory *directory, struct error *error)
{
	char *text = token_directory_print(directory), *file = NULL, *made = NULL;
	int rc = 0;

	if (!text || asprintf(&file, "%s/%s.json", folder, directory->org) < 0 || asprintf(&made, "%s.new", file) < 0)
		rc = error_set(error, FAULT_MEMORY, "no memory for the file of public keys");
	else if (!has_text(file, text))
		rc = replace_file(file, made, text, error);
	if (rc == 0) /* also of a file that stays as it is: its name may not be synced, after a failure */
		rc = sync_names(folder, error);
	free(made);
	free(file);
	free(text);
	return rc;
}

/*
 * Reads and writes within one write transaction, so that two processes which write the file do it one after the other, and
 * the later one has the later keys.
 */
static int publish(void *context, struct lmdb_txn *txn)
{
	struct reading *reading = context;
	struct record key = layout_text_key("keys-folder");
	char folder[DOOR_FOLDER_BYTES];
	struct span value;
	int rc;

	if (!lmdb_get(txn, LAYOUT_META, layout_span(&key), &value))
		return txn->fault;
	if (!layout_read_folder(value, folder))
		return door_damaged(txn, "settings");
	rc = read_directory(reading, txn);
	return rc == 0 ? write_directory(folder, reading->directory, reading->error) : rc;
}

int door_publish(struct door *door, uint32_t today, struct error *error)
{
	struct reading reading = {.settings = &door->settings, .today = today, .error = error};
	int rc = lmdb_change(&door->lmdb, publish, &reading, error);

	token_directory_free(reading.directory);
	return rc < 0 ? error_prefix(error, rc, "publish the keys") : 0;
}

/* ---- Choosing the folder ---------------------------------------------------------------------------------------- */

static int put_folder(void *context, struct lmdb_txn *txn)
{
	struct record key = layout_text_key("keys-folder"), value = layout_folder(context);

	lmdb_put(txn, LAYOUT_META, layout_span(&key), layout_span(&value));
	return 0;
}

int door_set_keys_folder(struct door *door, const char *folder, struct error *error)
{
	bool made = mkdir(folder, FOLDER_MODE) == 0;
	char path[PATH_MAX], parent[PATH_MAX];
	int rc;

	if (!realpath(folder, path) || (made && chmod(path, FOLDER_MODE) < 0))
		return file_fault(folder, error);
	if (strlen(path) >= DOOR_FOLDER_BYTES)
		return error_set(error, FAULT_INPUT, "%s: the path has more than %d bytes", path,
				 DOOR_FOLDER_BYTES - 1);
	memcpy(parent, path, strlen(path) + 1);
	rc = sync_names(dirname(parent), error);
	return rc == 0 ? lmdb_change(&door->lmdb, put_folder, path, error) : rc;
}
