/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn while a phone plans when the next portion goes (session_portion.c). The moment is on disk or the one before
 * it is, and no tap is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "broker-client/libturf/turf_impl.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/scenario.h"

enum { DAY = 18215, /* 2019-11-15 */ TAPS = 3 };

static const int64_t planned_before = 1575158400, planned_now = 1575162000;

static struct {
	char folder[FOLDER_BYTES], outbox[FOLDER_BYTES + 8];
	struct turf *turf;
} fixture;

static struct turf *open_phone(void)
{
	const struct turf_options options = {.size = sizeof options, .org = "dekop", .outbox = fixture.outbox};
	struct turf *turf = NULL;

	assert_int_equal(turf_open(&turf, &options, NULL), 0);
	return turf;
}

static void begin(void *context)
{
	const struct turf_question question = {
		.size = sizeof question, .team = "oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED};

	(void)context;
	folder_remove(fixture.outbox);
	fixture.turf = open_phone();
	for (int i = 0; i < TAPS; i++)
		assert_int_equal(turf_question(fixture.turf, &question, NULL, NULL), 0);
	assert_int_equal(outbox_put_portion(fixture.turf->outbox, planned_before, NULL), 0);
	turf_close(fixture.turf);
	fixture.turf = open_phone(); /* they were not made since then: they go later */
}

static int plan(void *context, struct error *error)
{
	struct outbox *outbox = fixture.turf->outbox;
	int64_t from = 0;
	size_t n = 0;
	int rc = outbox_put_date(outbox, DAY + 1, DAY + 1, error);

	(void)context;
	if (rc == 0)
		rc = outbox_put_portion(outbox, planned_now, error);
	if (rc == 0)
		rc = session_portion_later(fixture.turf, &n, &from, error);
	if (rc == 0)
		assert_true(n == TAPS && from == planned_now);
	return rc;
}

static void check(void *context, int rc, const char *failed)
{
	int64_t at = 0;
	size_t n = 0;

	(void)context;
	(void)failed;
	turf_close(fixture.turf);
	fixture.turf = open_phone();
	assert_int_equal(turf_pending(fixture.turf, &n, NULL), 0);
	assert_int_equal(n, TAPS);
	assert_int_equal(outbox_portion(fixture.turf->outbox, &at, NULL), 0);
	assert_true(at == planned_now || (rc != 0 && at == planned_before));
	turf_close(fixture.turf);
}

static void test_planning_a_portion(void **state)
{
	const struct scenario scenario = {.name = "a portion is planned", .begin = begin, .act = plan, .end = check};

	(void)state;
	scenario_run(&scenario, NULL, fixture.outbox, 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE);
}

static int setup(void **state)
{
	(void)state;
	folder_make(fixture.folder);
	(void)snprintf(fixture.outbox, sizeof fixture.outbox, "%s/outbox", fixture.folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	folder_remove(fixture.folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_planning_a_portion, scenario_print_where),
	};

	return cmocka_run_group_tests_name("every call fails, portions", tests, setup, teardown);
}
