/* SPDX-License-Identifier: EUPL-1.2 */
/* Which tokens are spent: once, for two minutes more, and after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lmdb.h>
#include <unistd.h>

#include "door/gate/spent.h"

static char folder[] = "/tmp/turf-spent-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const files[] = {"data.mdb", "lock.mdb"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static struct spent *opened(void)
{
	struct spent *spent;
	struct error error = {{0}};

	if (spent_open(&spent, folder, &error) != 0)
		fail_msg("%s", error.text);
	return spent;
}

static struct token token_of(uint8_t key, uint8_t nonce)
{
	struct token token = {.nonce = {nonce}, .key_id = {key}};

	return token;
}

static int mark(struct spent *spent, uint8_t key, uint8_t nonce, int64_t now_s)
{
	struct token token = token_of(key, nonce);

	return spent_mark(spent, &token, now_s, NULL);
}

static void a_token_may_come_again_for_two_minutes(void **state)
{
	struct spent *spent = opened();

	(void)state;
	assert_int_equal(mark(spent, 1, 1, 1000), 0);
	assert_int_equal(mark(spent, 1, 1, 1000 + SPENT_AGAIN_S), 0);
	assert_int_equal(mark(spent, 1, 1, 1001 + SPENT_AGAIN_S), SPENT_BEFORE);
	assert_int_equal(mark(spent, 1, 2, 1001), 0);
	assert_int_equal(mark(spent, 2, 1, 1001), 0);
	spent_close(spent);
}

static void what_is_written_is_spent_when_memory_has_forgotten(void **state)
{
	struct spent *spent = opened();

	(void)state;
	assert_int_equal(mark(spent, 1, 1, 1000), 0);
	assert_int_equal(spent_write(spent, 1001, NULL), 0);
	assert_int_equal(mark(spent, 1, 1, 1002), 0);
	assert_int_equal(spent_write(spent, 1001 + SPENT_AGAIN_S, NULL), 0);
	assert_int_equal(mark(spent, 1, 1, 1002 + SPENT_AGAIN_S), SPENT_BEFORE);
	assert_int_equal(mark(spent, 1, 2, 2000), 0);
	spent_close(spent);
	spent = opened();
	assert_int_equal(mark(spent, 1, 1, 1), SPENT_BEFORE);
	assert_int_equal(mark(spent, 1, 2, 1), SPENT_BEFORE);
	assert_int_equal(mark(spent, 1, 3, 1), 0);
	spent_close(spent);
}

/* docs/privacy.md: the broker's files must not tell when a token was shown, nor hold a whole one. */
static void what_is_written_is_a_part_of_the_nonce_and_no_time(void **state)
{
	struct spent *spent = opened();
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi database;
	MDB_cursor *cursor;
	MDB_val key, value;
	unsigned n = 0;

	(void)state;
	for (uint8_t nonce = 0; nonce < 10; nonce++)
		assert_int_equal(mark(spent, 1, nonce, 1000 + 60 * nonce), 0);
	spent_close(spent);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
	assert_int_equal(mdb_env_open(env, folder, MDB_RDONLY, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "spent", 0, &database), 0);
	assert_int_equal(mdb_cursor_open(txn, database, &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		assert_int_equal(key.mv_size,
				 8 + 16); /* of the key's id, and of the nonce, of which the token has 32 bytes */
		assert_int_equal(value.mv_size, 0);
		n++;
	}
	assert_int_equal(n, 10);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

static bool is_even(const void *context, const uint8_t key_id_start[static 8])
{
	(void)context;
	return key_id_start[0] % 2 == 0;
}

/* 0xff: a nonce that sorts last, and a key that does. */
static void what_belongs_to_a_key_goes_with_it(void **state)
{
	static const uint8_t bytes[] = {0, 1, 2, 3, 254, 255};
	struct spent *spent = opened();

	(void)state;
	for (size_t key = 0; key < sizeof bytes; key++)
		for (size_t nonce = 0; nonce < sizeof bytes; nonce++)
			assert_int_equal(mark(spent, bytes[key], bytes[nonce], 0), 0);
	assert_int_equal(spent_write(spent, 1000, NULL), 0);
	assert_int_equal(spent_sweep(spent, is_even, NULL, NULL), 0);
	for (size_t key = 0; key < sizeof bytes; key++)
		for (size_t nonce = 0; nonce < sizeof bytes; nonce++)
			assert_int_equal(mark(spent, bytes[key], bytes[nonce], 2000),
					 bytes[key] % 2 == 0 ? SPENT_BEFORE : 0);
	spent_close(spent);
}

static void many_tokens_make_the_file_grow(void **state)
{
	struct spent *spent = opened();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct token token = {.nonce = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)}};

		assert_int_equal(spent_mark(spent, &token, 0, NULL), 0);
	}
	assert_int_equal(spent_write(spent, 1000, NULL), 0);
	assert_int_equal(mark(spent, 0, 99, 1000), SPENT_BEFORE);
	spent_close(spent);
}

static void a_folder_that_cannot_be_is_named(void **state)
{
	struct spent *spent;
	struct error error = {{0}};

	(void)state;
	assert_int_equal(spent_open(&spent, "/proc/none/spent", &error), FAULT_SYSTEM);
	assert_non_null(strstr(error.text, "/proc/none/spent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_may_come_again_for_two_minutes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_written_is_spent_when_memory_has_forgotten, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_is_written_is_a_part_of_the_nonce_and_no_time, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_belongs_to_a_key_goes_with_it, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(many_tokens_make_the_file_grow, make_folder, remove_folder),
		cmocka_unit_test(a_folder_that_cannot_be_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
