/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pipeline against the model: random sequences of submissions, in which phones send again, retract before and
 * after, use each other's topics, tap for days to come and days gone by, while days pass, quarters close, ids settle
 * and are purged, and the store is closed and opened. Every receipt and every figure must be the model's.
 *
 * TURF_SEED and TURF_SEQUENCES choose other runs; a failure prints its seed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/calendar.h"
#include "tests/dice.h"
#include "tests/unit/lib/harness.h"
#include "tests/unit/lib/no_fork.h"

enum {
	STEPS = 40, /* batches in a sequence */
	SEQUENCES = 800,
};

static uint64_t seed;
static uint64_t running; /* the seed of the sequence that is under way; 0: none */

static uint32_t draw(uint32_t below)
{
	return dice_below(&seed, below);
}

static uint32_t throw(void *context, uint32_t sides)
{
	(void)context;
	return draw(sides);
}

static void count_batch(struct harness *harness)
{
	static struct harness_batch batch;

	harness_batch_init(&batch);
	for (uint32_t left = 1 + draw(HARNESS_MESSAGES); left > 0; left--) {
		const char *team = harness_team(harness);
		struct event events[4];
		size_t n = 1 + draw(4);

		for (size_t i = 0; i < n; i++)
			events[i] = harness_event(harness);
		harness_put_events(harness, &batch, team, "abcdefghijklmnopqrstuv", events, n);
	}
	harness_count(harness, &batch);
}

static void run_sequence(struct cells cells, struct counters *sum)
{
	uint32_t days_after = draw(8) ? 12 : 140;
	struct harness harness;

	harness_init(&harness, cells, (struct harness_dice){.throw = throw});
	for (int step = 0; step < STEPS; step++) {
		if (draw(2))
			harness_day(&harness, harness.now.model.today + 1 + draw(2), false);
		if (draw(12) == 0)
			harness_reopen(&harness);
		count_batch(&harness);
		if (draw(8) == 0)
			harness_check_figures(&harness);
	}
	/* Until everything is settled, closed and, now and then, purged. */
	for (uint32_t day = 0; day < days_after; day++)
		harness_day(&harness, harness.now.model.today + 1, false);
	count_batch(&harness);
	harness_check_figures(&harness);
	harness_check_store(&harness);
	counters_add(sum, &harness.counters);
	harness_release(&harness);
}

static void run_sequences(struct cells cells)
{
	uint64_t first = number_from_environment("TURF_SEED", 20191231);
	uint64_t n = number_from_environment("TURF_SEQUENCES", SEQUENCES);
	struct counters sum = {0};

	for (uint64_t i = 0; i < n; i++) {
		seed = (first + i) * 1000003;
		running = first + i;
		run_sequence(cells, &sum);
	}
	running = 0;
	if (n < SEQUENCES)
		return;
	/* The sequences were worth running: every kind of verdict came up, and the map grew under way. */
	assert_true(sum.counted && sum.counted_late && sum.already_counted && sum.retracted && sum.already_retracted);
	assert_true(sum.refused_unknown_team && sum.refused_unknown_domain && sum.refused_unknown_label);
	assert_true(sum.refused_day_in_future && sum.refused_day_too_old && sum.refused_retraction_too_late);
	assert_true(sum.map_grown);
}

static int tell_seed(void **state)
{
	(void)state;
	if (running)
		print_error("again with TURF_SEED=%llu TURF_SEQUENCES=1\n", (unsigned long long)running);
	running = 0;
	return 0;
}

static void test_live(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_LIVE});
}

static void test_daily(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_DAILY});
}

static void test_every_five(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_EVERY, .every = 5});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_live, tell_seed),
		cmocka_unit_test_teardown(test_daily, tell_seed),
		cmocka_unit_test_teardown(test_every_five, tell_seed),
	};

	return cmocka_run_group_tests_name("pipeline against the model", tests, NULL, NULL);
}
