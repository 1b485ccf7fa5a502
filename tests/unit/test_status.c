/* SPDX-License-Identifier: EUPL-1.2 */
/* Which changes of the status are news, and which may wait. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aggregator/daemon/status.h"

static const struct status before = {
	.org = "toets", .version = "1", .generation = 7, .today = 18250, .counters = {.batches = 3, .connects = 1}};

static void test_what_somebody_waits_for_is_news(void **state)
{
	struct status day = before, date = before, store = before, connection = before;

	(void)state;
	day.today++;
	date.date_pending = 18500;
	store.store = STORE_FULL;
	connection.counters.connects++;
	assert_int_equal(status_compare(&before, &day), STATUS_NEWS);
	assert_int_equal(status_compare(&before, &date), STATUS_NEWS);
	assert_int_equal(status_compare(&before, &store), STATUS_NEWS);
	assert_int_equal(status_compare(&store, &before), STATUS_NEWS);
	assert_int_equal(status_compare(&before, &connection), STATUS_NEWS);
}

static void test_what_was_counted_may_wait(void **state)
{
	struct status counted = before, refused = before, changed = before;

	(void)state;
	counted.counters.batches++;
	refused.counters.commits_failed++;
	changed.generation++;
	assert_int_equal(status_compare(&before, &counted), STATUS_COUNTERS);
	assert_int_equal(status_compare(&before, &refused), STATUS_COUNTERS);
	assert_int_equal(status_compare(&before, &changed), STATUS_COUNTERS);
}

/* Else turfd would publish its status each second for the summaries that it publishes. */
static void test_what_turfd_publishes_is_no_reason(void **state)
{
	struct status published = before;

	(void)state;
	published.counters.summaries++;
	published.counters.receipts++;
	assert_int_equal(status_compare(&before, &before), STATUS_SAME);
	assert_int_equal(status_compare(&before, &published), STATUS_SAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_somebody_waits_for_is_news),
		cmocka_unit_test(test_what_was_counted_may_wait),
		cmocka_unit_test(test_what_turfd_publishes_is_no_reason),
	};

	return cmocka_run_group_tests_name("the status", tests, NULL, NULL);
}
