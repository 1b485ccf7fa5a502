/* SPDX-License-Identifier: EUPL-1.2 */
/* Changes records of a stage's store behind the store's back. Who includes it includes lmdb.h before it. */
#ifndef TURF_TESTS_UNIT_LIB_STORE_RAW_H
#define TURF_TESTS_UNIT_LIB_STORE_RAW_H

#include "tests/unit/lib/store_stage.h"

struct raw {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

static inline struct raw raw_open(struct stage *stage, const char *database)
{
	struct raw raw;

	stage_close(stage);
	assert_int_equal(mdb_env_create(&raw.env), 0);
	assert_int_equal(mdb_env_set_maxdbs(raw.env, 8), 0);
	assert_int_equal(mdb_env_open(raw.env, stage->path, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(raw.env, NULL, 0, &raw.txn), 0);
	assert_int_equal(mdb_dbi_open(raw.txn, database, 0, &raw.dbi), 0);
	return raw;
}

static inline void raw_close(struct raw *raw, struct stage *stage)
{
	assert_int_equal(mdb_txn_commit(raw->txn), 0);
	mdb_env_close(raw->env);
	stage->options.as_daemon = false; /* a tool writes nothing at its opening */
	stage->options.read_only = true;
	stage_open(stage);
}

/* The n-th record of a database, copied. */
struct record_copy {
	uint8_t key[512], value[8192];
	size_t key_length, length;
};

static inline struct record_copy raw_get(const struct raw *raw, unsigned n)
{
	struct record_copy copy;
	MDB_cursor *cursor;
	MDB_val key, value;

	assert_int_equal(mdb_cursor_open(raw->txn, raw->dbi, &cursor), 0);
	assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
	while (n-- > 0)
		assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
	copy.key_length = key.mv_size;
	memcpy(copy.key, key.mv_data, key.mv_size);
	copy.length = value.mv_size;
	memcpy(copy.value, value.mv_data, value.mv_size);
	mdb_cursor_close(cursor);
	return copy;
}

static inline void raw_put(const struct raw *raw, struct record_copy *copy)
{
	MDB_val key = {.mv_size = copy->key_length, .mv_data = copy->key};
	MDB_val value = {.mv_size = copy->length, .mv_data = copy->value};

	assert_int_equal(mdb_put(raw->txn, raw->dbi, &key, &value, 0), 0);
}

static inline void raw_delete(const struct raw *raw, struct record_copy *copy)
{
	MDB_val key = {.mv_size = copy->key_length, .mv_data = copy->key};

	assert_int_equal(mdb_del(raw->txn, raw->dbi, &key, NULL), 0);
}

/* As a program would that does as it should, but for the arithmetic. */
static inline void seal_again(struct record_copy *copy)
{
	put_be32(copy->value + copy->length - 4,
		 crc32c_more(crc32c(copy->key, copy->key_length), copy->value, copy->length - 4));
}

#endif
