/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/gate/spent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/lmdb/lmdb_make.h"

enum {
	MAP_BYTES_FIRST = 1 << 20,
	KEY_BYTES = 8, /* of a key's id, as much as is kept */
	NONCE_BYTES = 16,
	MARK_BYTES = KEY_BYTES + NONCE_BYTES,
	DB_SPENT = 0,
};

static const char *const database_names[] = {"spent"};

static const struct lmdb_kind spent_kind = {
	.databases = database_names,
	.n_databases = 1,
	.name = "spent tokens ",
	.if_damaged = "run turfdoor renew, so that no token is good twice, then remove the folder",
	.if_other_machine = "remove the folder: tokens were spent on this machine only",
	.not_ours = "the file is damaged, or holds no spent tokens",
	.not_ours_fault = FAULT_DAMAGED,
};

/* A token that came lately, or that is not on the disk yet. */
struct mark {
	uint8_t bytes[MARK_BYTES];
	int64_t at_s;
	bool written;
	UT_hash_handle hh;
};

struct spent {
	struct lmdb lmdb;
	struct mark *marks; /* heap, in the order of their coming */
};

/* Makes the environment if it is not there. */
static int find_or_make(const char *directory, struct error *error)
{
	char *file = NULL;
	int rc = 0;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return error_set(error, FAULT_SYSTEM, "cannot make the folder %s for spent tokens: %s", directory,
				 strerror(errno));
	if (asprintf(&file, "%s/" LMDB_MAKE_FILE, directory) < 0)
		return error_set(error, FAULT_MEMORY, "no memory for the spent tokens");
	if (access(file, F_OK) < 0)
		rc = errno == ENOENT ? lmdb_make(directory, &spent_kind, MAP_BYTES_FIRST, NULL, NULL, error)
				     : error_set(error, FAULT_SYSTEM, "%s: %s", file, strerror(errno));
	free(file);
	return rc;
}

int spent_open(struct spent **out, const char *directory, struct error *error)
{
	const struct lmdb_options options = {.kind = &spent_kind, .path = directory, .map_bytes = MAP_BYTES_FIRST};
	struct spent *spent = calloc(1, sizeof *spent);
	int rc;

	if (!spent)
		return error_set(error, FAULT_MEMORY, "no memory for the spent tokens");
	rc = find_or_make(directory, error);
	if (rc == 0)
		rc = lmdb_open(&spent->lmdb, &options, error);
	if (rc == 0)
		*out = spent;
	else
		free(spent);
	return rc;
}

void spent_close(struct spent *spent)
{
	struct mark *mark, *next;

	if (!spent)
		return;
	(void)spent_write(spent, 0, NULL);
	HASH_ITER(hh, spent->marks, mark, next)
	{
		HASH_DEL(spent->marks, mark);
		free(mark);
	}
	lmdb_close(&spent->lmdb);
	free(spent);
}

/* ---- Marking ----------------------------------------------------------------------------------------- */

struct lookup {
	const uint8_t *bytes;
};

static int look_up(void *context, struct lmdb_txn *txn)
{
	const struct lookup *lookup = context;
	struct span found;

	return lmdb_get(txn, DB_SPENT, (struct span){lookup->bytes, MARK_BYTES}, &found) ? SPENT_BEFORE : 0;
}

static int add_mark(struct spent *spent, const uint8_t bytes[static MARK_BYTES], int64_t now_s, struct error *error)
{
	struct mark *mark = calloc(1, sizeof *mark);

	if (mark) {
		memcpy(mark->bytes, bytes, MARK_BYTES);
		mark->at_s = now_s;
		HASH_ADD(hh, spent->marks, bytes, MARK_BYTES, mark);
	}
	if (mark && hash_added(mark))
		return 0;
	free(mark);
	return error_set(error, FAULT_MEMORY, "no memory for one more spent token");
}

int spent_mark(struct spent *spent, const struct token *token, int64_t now_s, struct error *error)
{
	uint8_t bytes[MARK_BYTES];
	struct mark *mark;
	int rc;

	memcpy(bytes, token->key_id, KEY_BYTES);
	memcpy(bytes + KEY_BYTES, token->nonce, NONCE_BYTES);
	HASH_FIND(hh, spent->marks, bytes, MARK_BYTES, mark);
	if (mark)
		return now_s - mark->at_s <= SPENT_AGAIN_S ? 0 : SPENT_BEFORE;
	rc = lmdb_read(&spent->lmdb, look_up, &(struct lookup){bytes}, error);
	return rc == 0 ? add_mark(spent, bytes, now_s, error) : rc;
}

/* ---- Writing ----------------------------------------------------------------------------------------- */

static int put_marks(void *context, struct lmdb_txn *txn)
{
	struct spent *spent = context;

	for (const struct mark *mark = spent->marks; mark; mark = mark->hh.next)
		if (!mark->written)
			lmdb_put(txn, DB_SPENT, (struct span){mark->bytes, MARK_BYTES}, (struct span){NULL, 0});
	return 0;
}

static bool all_written(const struct spent *spent)
{
	for (const struct mark *mark = spent->marks; mark; mark = mark->hh.next)
		if (!mark->written)
			return false;
	return true;
}

int spent_write(struct spent *spent, int64_t now_s, struct error *error)
{
	struct mark *mark, *next;
	int rc = all_written(spent) ? 0 : lmdb_change(&spent->lmdb, put_marks, spent, error);

	if (rc < 0)
		return rc;
	HASH_ITER(hh, spent->marks, mark, next)
	{
		mark->written = true;
		if (now_s - mark->at_s > SPENT_AGAIN_S) {
			HASH_DEL(spent->marks, mark);
			free(mark);
		}
	}
	return 0;
}

/* ---- Sweeping ---------------------------------------------------------------------------------------- */

struct sweep {
	spent_key_lives *lives;
	const void *context;
};

static int sweep(void *context, struct lmdb_txn *txn)
{
	static const uint8_t first[MARK_BYTES];
	const struct sweep *asked = context;
	struct lmdb_cursor cursor;
	bool more;

	lmdb_cursor_open(&cursor, txn, DB_SPENT);
	more = lmdb_seek(&cursor, (struct span){first, sizeof first});
	while (more) {
		if (asked->lives(asked->context, cursor.key.at)) {
			uint64_t key = get_be64(cursor.key.at);
			uint8_t after[KEY_BYTES];

			put_be64(after, key + 1);
			more = key != UINT64_MAX && lmdb_seek(&cursor, (struct span){after, sizeof after});
		} else {
			lmdb_remove(&cursor);
			more = lmdb_next(&cursor);
		}
	}
	lmdb_cursor_close(&cursor);
	return 0;
}

int spent_sweep(struct spent *spent, spent_key_lives *lives, const void *context, struct error *error)
{
	return lmdb_change(&spent->lmdb, sweep, &(struct sweep){lives, context}, error);
}
