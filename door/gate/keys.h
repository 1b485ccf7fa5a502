/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The key directories that the broker goes by: one file ORG.json for each org in a folder, written by turfdoor whole and under
 * its name at once (proto/token_directory.h). The folder is looked at again each second, so that a key which turfdoor takes out
 * opens nothing any more.
 */
#ifndef TURF_DOOR_GATE_KEYS_H
#define TURF_DOOR_GATE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/token_directory.h"

struct keys;

/* A folder without directories is fine: then no token is good yet. FAULT_MEMORY. */
int keys_open(struct keys **out, const char *folder, struct error *error);
void keys_close(struct keys *keys); /* NULL is fine */

/*
 * Reads what has changed in the folder, `*changed` tells whether anything has. A directory that cannot be read keeps out the
 * tokens of its org, until it can be read again: a fault, which names the file. The others are read all the same.
 */
int keys_refresh(struct keys *keys, bool *changed, struct error *error);

/* A key of a directory, and the rest that decides about a token. */
struct keys_match {
	const struct token_directory *directory;
	const struct token_directory_key *key;
	const uint8_t *challenge; /* TOKEN_DIGEST_BYTES */
};

/* False: no directory has this key. Valid until the next keys_refresh. */
bool keys_find(const struct keys *keys, const uint8_t key_id[static TOKEN_DIGEST_BYTES], struct keys_match *match);

/* Calls `visit` for each org that has had a file, until it returns something else than 0. Returns that. `directory` NULL: the file
 * is gone, or cannot be read. */
typedef int keys_visit(void *context, const char *org, const struct token_directory *directory);
int keys_each(const struct keys *keys, keys_visit *visit, void *context);

/* Whether a key whose id begins so is in a directory. */
bool keys_has_start(const struct keys *keys, const uint8_t *start, size_t length);

#endif
