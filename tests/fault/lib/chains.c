/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/chains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/dice.h"
#include "tests/fault/lib/seam.h"

enum { SEED = 20200, CUTS_OF_A_CHAIN_MIN = 100 };

static struct {
	uint64_t n;
	uint64_t (*run)(uint64_t seed, bool failing);
	uint64_t running; /* the seed that is under way; 0: none */
} chains;

static void run_chains(bool failing)
{
	uint64_t first = number_from_environment("TURF_SEED", SEED),
		 n = number_from_environment("TURF_CHAINS", chains.n);
	uint64_t cuts = 0;

	for (uint64_t i = 0; i < n; i++) {
		chains.running = first + i;
		cuts += chains.run(chains.running, failing);
	}
	chains.running = 0;
	print_message("# %llu power cuts\n", (unsigned long long)cuts);
	assert_true(cuts > CUTS_OF_A_CHAIN_MIN * n);
}

static int tell_seed(void **state)
{
	(void)state;
	if (chains.running)
		print_error("again with TURF_SEED=%llu TURF_CHAINS=1\n", (unsigned long long)chains.running);
	chains.running = 0;
	return 0;
}

static void test_a_disk_that_works(void **state)
{
	(void)state;
	run_chains(false);
}

static void test_a_disk_that_fails_now_and_then(void **state)
{
	(void)state;
	run_chains(true);
}

void chains_trouble(uint64_t *dice, bool failing, uint32_t calls)
{
	struct fault_plan plan = {.seam = SEAM_FILE,
				  .nth = 1 + dice_below(dice, calls),
				  .kind = dice_below(dice, seam_kinds(SEAM_FILE)),
				  .for_good = dice_below(dice, 3) == 0};

	if (failing && dice_below(dice, 3) == 0)
		seam_arm(&plan);
}

int chains_main(const char *name, uint64_t n, uint64_t (*run)(uint64_t seed, bool failing))
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_disk_that_works, tell_seed),
		cmocka_unit_test_teardown(test_a_disk_that_fails_now_and_then, tell_seed),
	};

	chains.n = n;
	chains.run = run;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
