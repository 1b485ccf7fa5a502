/* SPDX-License-Identifier: EUPL-1.2 */
/* The wrapper of LMDB by itself: what becomes of the body of a transaction. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lmdb/lmdb.h"

enum { NUMBERS, WORDS, DATABASES, SMALL_MAP = 64 << 10, VERDICT = 7 };

static const char *const databases[DATABASES] = {"numbers", "words"};
static const struct lmdb_kind kind = {
	.databases = databases,
	.n_databases = DATABASES,
	.check_length = true,
	.name = "test ",
	.if_damaged = "take another",
	.if_other_machine = "go there",
	.not_ours = "not a test",
	.not_ours_fault = FAULT_INPUT,
};

static char file[64];
static struct error error;

static struct lmdb open_lmdb(bool create)
{
	struct lmdb_options options = {
		.kind = &kind, .path = file, .alone = true, .create = create, .map_bytes = SMALL_MAP};
	struct lmdb lmdb;

	assert_int_equal(lmdb_open(&lmdb, &options, &error), 0);
	return lmdb;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(file, sizeof file, "/tmp/turf-lmdb-%d", (int)getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(file);
}

/* What a body does, and how often it was run. */
struct work {
	size_t values;
	int verdict;
	int fault;
	unsigned runs;
};

static int do_work(void *context, struct lmdb_txn *txn)
{
	static const uint8_t value[4096];
	struct work *work = context;

	work->runs++;
	for (size_t i = 0; i < work->values; i++)
		lmdb_put(txn, NUMBERS, (struct span){(const uint8_t *)&i, sizeof i},
			 (struct span){value, sizeof value});
	if (work->fault != 0)
		lmdb_fail(txn, work->fault, "it does not please");
	return work->verdict;
}

static int count(void *context, struct lmdb_txn *txn)
{
	*(uint64_t *)context = lmdb_count(txn, NUMBERS);
	return 0;
}

static uint64_t stored(struct lmdb *lmdb)
{
	uint64_t n;

	assert_int_equal(lmdb_read(lmdb, count, &n, &error), 0);
	return n;
}

static void test_a_full_map_grows_and_the_body_runs_again(void **state)
{
	struct lmdb lmdb = open_lmdb(true);
	struct work work = {.values = 100};

	(void)state;
	assert_int_equal(lmdb_change(&lmdb, do_work, &work, &error), 0);
	assert_true(work.runs > 1);
	assert_true(lmdb.map_bytes > SMALL_MAP);
	assert_int_equal(stored(&lmdb), 100);
	lmdb_close(&lmdb);
	lmdb = open_lmdb(false);
	assert_int_equal(stored(&lmdb), 100);
	lmdb_close(&lmdb);
}

static void test_a_verdict_changes_nothing(void **state)
{
	struct lmdb lmdb = open_lmdb(true);
	struct work work = {.values = 2, .verdict = VERDICT};

	(void)state;
	assert_int_equal(lmdb_change(&lmdb, do_work, &work, &error), VERDICT);
	assert_int_equal(work.runs, 1);
	assert_int_equal(stored(&lmdb), 0);
	lmdb_close(&lmdb);
}

/* A full map too: what the body returned after it is worth nothing. */
static void test_a_fault_comes_before_the_verdict(void **state)
{
	struct lmdb lmdb = open_lmdb(true);
	struct work full = {.values = 100, .verdict = VERDICT},
		    failing = {.values = 1, .verdict = VERDICT, .fault = FAULT_INPUT};

	(void)state;
	assert_int_equal(lmdb_change(&lmdb, do_work, &full, &error), VERDICT);
	assert_true(full.runs > 1);
	assert_int_equal(lmdb_change(&lmdb, do_work, &failing, &error), FAULT_INPUT);
	assert_int_equal(failing.runs, 1);
	assert_non_null(strstr(error.text, "test /tmp/turf-lmdb-"));
	assert_non_null(strstr(error.text, "it does not please"));
	failing.values = 0;
	assert_int_equal(lmdb_read(&lmdb, do_work, &failing, &error), FAULT_INPUT);
	assert_int_equal(stored(&lmdb), 0);
	lmdb_close(&lmdb);
}

static void test_missing_databases_are_made_only_when_asked_for(void **state)
{
	struct lmdb lmdb = open_lmdb(false);

	(void)state;
	assert_false(lmdb.found[NUMBERS] || lmdb.found[WORDS]);
	lmdb_close(&lmdb);
	lmdb = open_lmdb(true);
	assert_true(lmdb.found[NUMBERS] && lmdb.found[WORDS]);
	lmdb_close(&lmdb);
	lmdb = open_lmdb(false);
	assert_true(lmdb.found[NUMBERS] && lmdb.found[WORDS]);
	lmdb_close(&lmdb);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_a_full_map_grows_and_the_body_runs_again),
		FRESH(test_a_verdict_changes_nothing),
		FRESH(test_a_fault_comes_before_the_verdict),
		FRESH(test_missing_databases_are_made_only_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
