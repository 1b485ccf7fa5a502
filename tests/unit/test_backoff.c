/* SPDX-License-Identifier: EUPL-1.2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/backoff.h"

static void the_wait_doubles_up_to_its_limit(void **state)
{
	static const struct {
		int64_t first_ms, max_ms;
		uint32_t attempts;
		int64_t ms;
	} cases[] = {
		{1000, 30000, 0, 1000},  {1000, 30000, 1, 1000},   {1000, 30000, 2, 2000},
		{1000, 30000, 5, 16000}, {1000, 30000, 6, 30000},  {1000, 30000, UINT32_MAX, 30000},
		{1000, 1000, 7, 1000},   {60000, 30000, 3, 60000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(backoff_ms(cases[i].first_ms, cases[i].max_ms, cases[i].attempts), cases[i].ms);
}

static void the_spread_wait_is_between_half_and_all(void **state)
{
	(void)state;
	assert_int_equal(backoff_spread_ms(1000, 0), 500);
	assert_int_equal(backoff_spread_ms(1000, 500), 1000);
	assert_int_equal(backoff_spread_ms(1000, 501), 500);
	assert_int_equal(backoff_spread_ms(1, UINT32_MAX), 0);
	assert_in_range(backoff_spread_ms(30000, UINT32_MAX), 15000, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_up_to_its_limit),
		cmocka_unit_test(the_spread_wait_is_between_half_and_all),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
