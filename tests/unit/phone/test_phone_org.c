/* SPDX-License-Identifier: EUPL-1.2 */
/* How `turf` finds the org, when the system has nothing left to ask the broker with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>

#include "broker-client/cli/cli.h"

/* What the stack holds is not zero by chance. */
static __attribute__((noinline)) void soil_the_stack(void)
{
	volatile char soil[16384];

	for (size_t i = 0; i < sizeof soil; i++)
		soil[i] = 0x5a;
}

static void test_no_descriptor_is_a_fault(void **state)
{
	struct cli cli = {.broker = "mqtt://127.0.0.1:1", .outbox = "/no/such/outbox", .wait_ms = -1};
	struct rlimit limit, none;
	int rc;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	soil_the_stack();
	rc = cli_find_org(&cli, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rc, EXIT_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_descriptor_is_a_fault),
	};

	return cmocka_run_group_tests_name("finding the org", tests, NULL, NULL);
}
