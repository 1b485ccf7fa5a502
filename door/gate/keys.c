/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/gate/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

/* A file, by what the system says of it: turfdoor renames a new one into its place, which is another inode. */
struct file_state {
	dev_t device;
	ino_t inode;
	off_t bytes;
	struct timespec modified;
};

struct org_keys {
	char org[SLUG_BYTES];
	struct file_state state;
	struct token_directory *directory; /* NULL: there is no file, or it cannot be read */
	uint8_t challenge[TOKEN_DIGEST_BYTES];
	bool seen, seen_before; /* in this look at the folder, and in the one before */
	UT_hash_handle hh;
};

struct keys {
	char *folder;
	struct org_keys *orgs; /* heap */
};

int keys_open(struct keys **out, const char *folder, struct error *error)
{
	struct keys *keys = calloc(1, sizeof *keys);

	if (keys)
		keys->folder = strdup(folder);
	if (!keys || !keys->folder) {
		free(keys);
		return error_set(error, FAULT_MEMORY, "no memory for the key directories");
	}
	*out = keys;
	return 0;
}

static void close_directory(struct org_keys *org)
{
	token_directory_free(org->directory);
	org->directory = NULL;
}

void keys_close(struct keys *keys)
{
	struct org_keys *org, *next;

	if (!keys)
		return;
	HASH_ITER(hh, keys->orgs, org, next)
	{
		HASH_DEL(keys->orgs, org);
		close_directory(org);
		free(org);
	}
	free(keys->folder);
	free(keys);
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

/* "ORG.json". False: the name has another form. */
static bool org_of_file(const char *name, char org[static SLUG_BYTES])
{
	size_t length = strlen(name), ending = strlen(".json");

	if (length <= ending || length - ending >= SLUG_BYTES || strcmp(name + length - ending, ".json") != 0)
		return false;
	memcpy(org, name, length - ending);
	org[length - ending] = '\0';
	return topic_slug_valid(org);
}

static bool same_file(const struct file_state *a, const struct file_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
	       a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

static int read_bytes(int fd, size_t length, char **out, struct error *error)
{
	char *bytes = malloc(length + 1);
	size_t have = 0;

	if (!bytes)
		return error_set(error, FAULT_MEMORY, "no memory for %zu bytes", length);
	while (have < length) {
		ssize_t n = read(fd, bytes + have, length - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(bytes);
			return error_set(error, FAULT_SYSTEM, "reading ends: %s",
					 n < 0 ? strerror(errno) : "too short");
		}
		have += (size_t)n;
	}
	*out = bytes;
	return 0;
}

/* Into `org`, whose directory is NULL. */
static int read_directory(struct org_keys *org, int fd, struct error *error)
{
	size_t length = (size_t)org->state.bytes;
	char *json = NULL;
	int rc;

	if (org->state.bytes > TOKEN_DIRECTORY_BYTES_MAX)
		return error_set(error, FAULT_INPUT, "a key directory has at most %d bytes", TOKEN_DIRECTORY_BYTES_MAX);
	rc = read_bytes(fd, length, &json, error);
	if (rc == 0)
		rc = token_directory_parse(json, length, &org->directory, error);
	free(json);
	if (rc == 0 && strcmp(org->directory->org, org->org) != 0)
		rc = error_set(error, FAULT_INPUT, "these are the keys of the org %s", org->directory->org);
	if (rc == 0)
		rc = token_directory_challenge(org->directory, org->challenge, error);
	if (rc < 0)
		close_directory(org);
	return rc;
}

/* That of the table, made if need be. NULL: no memory. */
static struct org_keys *find_or_add(struct keys *keys, const char *name)
{
	struct org_keys *org;

	HASH_FIND_STR(keys->orgs, name, org);
	if (org)
		return org;
	org = calloc(1, sizeof *org);
	if (!org)
		return NULL;
	memcpy(org->org, name, strlen(name) + 1);
	HASH_ADD_STR(keys->orgs, org, org);
	if (hash_added(org))
		return org;
	free(org);
	return NULL;
}

static int refresh_file(struct keys *keys, int folder, const char *name, const char *org_name, bool *changed,
			struct error *error)
{
	struct org_keys *org = find_or_add(keys, org_name);
	int fd = org ? openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1, rc = 0;
	struct stat status;
	struct file_state state;

	if (!org)
		return error_set(error, FAULT_MEMORY, "no memory for the keys of %s", org_name);
	if (fd < 0 || fstat(fd, &status) < 0) {
		rc = error_set(error, FAULT_SYSTEM, "%s", strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		rc = error_set(error, FAULT_INPUT,
			       "this is not a regular file; remove it, and turfdoor publish writes it");
	} else {
		org->seen = true;
		state = (struct file_state){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
		if (!same_file(&state, &org->state)) {
			*changed = true;
			org->state = state;
			close_directory(org);
			rc = read_directory(org, fd, error);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	return rc < 0 ? error_prefix(error, rc, "%s/%s", keys->folder, name) : 0;
}

int keys_refresh(struct keys *keys, bool *changed, struct error *error)
{
	DIR *folder = opendir(keys->folder);
	struct org_keys *org;
	int rc = 0;

	*changed = false;
	if (!folder)
		return error_set(error, FAULT_SYSTEM,
				 "cannot read the folder of keys %s, which turfdoor publish makes: %s", keys->folder,
				 strerror(errno));
	for (const struct dirent *entry; (entry = readdir(folder));) {
		char name[SLUG_BYTES];
		int one = 0;

		if (org_of_file(entry->d_name, name))
			one = refresh_file(keys, dirfd(folder), entry->d_name, name, changed, rc == 0 ? error : NULL);
		if (rc == 0)
			rc = one;
	}
	(void)closedir(folder);
	for (org = keys->orgs; org; org = org->hh.next) {
		if (!org->seen && org->seen_before) {
			*changed = true;
			close_directory(org);
			org->state = (struct file_state){0};
		}
		org->seen_before = org->seen;
		org->seen = false;
	}
	return rc;
}

/* ---- Asking ------------------------------------------------------------------------------------------ */

bool keys_find(const struct keys *keys, const uint8_t key_id[static TOKEN_DIGEST_BYTES], struct keys_match *match)
{
	for (const struct org_keys *org = keys->orgs; org; org = org->hh.next) {
		const struct token_directory_key *key =
			org->directory ? token_directory_find(org->directory, key_id) : NULL;

		if (key) {
			*match = (struct keys_match){org->directory, key, org->challenge};
			return true;
		}
	}
	return false;
}

int keys_each(const struct keys *keys, keys_visit *visit, void *context)
{
	int rc = 0;

	for (const struct org_keys *org = keys->orgs; org && rc == 0; org = org->hh.next)
		rc = visit(context, org->org, org->directory);
	return rc;
}

bool keys_has_start(const struct keys *keys, const uint8_t *start, size_t length)
{
	for (const struct org_keys *org = keys->orgs; org; org = org->hh.next)
		for (size_t i = 0; org->directory && i < org->directory->n_keys; i++)
			if (memcmp(token_key_id(org->directory->keys[i].key), start, length) == 0)
				return true;
	return false;
}
