/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/scenario.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/dice.h"
#include "tests/fault/lib/folder.h"

enum { CALLS_MAX = 100000, PATIENCE_S = 60, SPARSE = 16, SEED = 20200 };

static char where[256];
static bool running;

const char *scenario_where(void)
{
	return where;
}

static void give_up(int number)
{
	static const char what[] = "\n# it hangs: ";

	(void)number;
	if (write(STDERR_FILENO, what, sizeof what - 1) < 0 || write(STDERR_FILENO, where, strlen(where)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(3);
	_exit(2);
}

struct holdings {
	long heap;
	int descriptors, maps;
};

static struct holdings holdings_now(const char *folder)
{
	return (struct holdings){seam_heap(), folder_descriptors(), folder_maps(folder)};
}

static void check_holdings(const struct holdings *before, const struct holdings *after)
{
	if (after->heap != before->heap)
		fail_msg("%s: %ld pieces of memory are left", where, after->heap - before->heap);
	if (after->descriptors != before->descriptors)
		fail_msg("%s: %d descriptors are left", where, after->descriptors - before->descriptors);
	if (after->maps != before->maps)
		fail_msg("%s: %d maps are left", where, after->maps - before->maps);
}

static void check_sentence(int rc, const struct error *error)
{
	if (rc < 0 && error->text[0] == '\0')
		fail_msg("%s: fault %d without a word", where, rc);
	if (strstr(error->text, "in signal"))
		fail_msg("%s: %s", where, error->text);
}

/* The name of the call that failed, NULL when the scenario needs fewer calls than the plan's. */
static const char *run_once(const struct scenario *scenario, void *fixture, const char *folder,
			    const struct fault_plan *plan)
{
	struct holdings before = holdings_now(folder), after;
	struct error error = {{0}};
	const char *failed;
	int rc;

	(void)snprintf(where, sizeof where, "%s, %s call %u, kind %u%s", scenario->name, seam_name(plan->seam),
		       plan->nth, plan->kind, plan->for_good ? ", for good" : "");
	scenario->begin(fixture);
	(void)alarm(PATIENCE_S);
	seam_arm(plan);
	rc = scenario->act(fixture, &error);
	failed = seam_disarm();
	if (failed)
		(void)snprintf(where + strlen(where), sizeof where - strlen(where), " (%s)", failed);
	check_sentence(rc, &error);
	scenario->end(fixture, rc, failed);
	(void)alarm(0);
	after = holdings_now(folder);
	check_holdings(&before, &after);
	if (!failed && rc < 0)
		fail_msg("%s: %s", where, error.text);
	return failed;
}

static unsigned run_in_all_ways(const struct scenario *scenario, void *fixture, const char *folder, enum seam seam)
{
	struct fault_plan plan = {.seam = seam};
	unsigned calls = 0;

	for (unsigned way = 0; way < 2 * seam_kinds(seam); way++) {
		plan.kind = way / 2;
		plan.for_good = way % 2;
		for (plan.nth = 1; run_once(scenario, fixture, folder, &plan); plan.nth++)
			assert_true(plan.nth < CALLS_MAX);
		calls += plan.nth - 1;
	}
	return calls;
}

static uint64_t seed(void)
{
	return number_from_environment("TURF_SEED", SEED);
}

/* How many calls further the next one is that fails. */
static unsigned leap(const struct scenario *scenario, unsigned nth, uint64_t *dice)
{
	return scenario->sparse && !getenv("TURF_LONG") ? 1 + dice_below(dice, 1 + 2 * nth / SPARSE) : 1;
}

/* Neighbouring calls fail differently, so that every way is met often enough. */
static unsigned run_in_turn(const struct scenario *scenario, void *fixture, const char *folder, enum seam seam)
{
	struct fault_plan plan = {.seam = seam, .nth = (unsigned)number_from_environment("TURF_CALL", 1)};
	uint64_t dice = seed();
	unsigned calls = 0;

	for (;;) {
		assert_true(plan.nth < CALLS_MAX);
		plan.kind = calls % seam_kinds(seam);
		plan.for_good = calls / seam_kinds(seam) % 2;
		if (!run_once(scenario, fixture, folder, &plan))
			return calls;
		calls++;
		plan.nth += leap(scenario, plan.nth, &dice);
	}
}

static void print_calls(const struct scenario *scenario, enum seam seam, unsigned calls)
{
	if (calls == 0)
		fail_msg("%s meets no %s call", scenario->name, seam_name(seam));
	print_message("# %s: %u %s calls failed\n", scenario->name, calls, seam_name(seam));
}

void scenario_run(const struct scenario *scenario, void *fixture, const char *folder, unsigned seams)
{
	(void)signal(SIGALRM, give_up);
	running = true;
	for (unsigned seam = 0; seam < SEAMS; seam++) {
		unsigned calls = 0;

		if (!(seams & 1U << seam))
			continue;
		calls = getenv("TURF_LONG") && !scenario->sparse
				? run_in_all_ways(scenario, fixture, folder, (enum seam)seam)
				: run_in_turn(scenario, fixture, folder, (enum seam)seam);
		print_calls(scenario, (enum seam)seam, calls);
	}
	running = false;
}

void scenario_run_call(const struct scenario *scenario, void *fixture, const char *folder, struct fault_plan plan)
{
	unsigned calls = 0;

	(void)signal(SIGALRM, give_up);
	running = true;
	for (; run_once(scenario, fixture, folder, &plan); plan.nth++)
		calls++;
	print_calls(scenario, plan.seam, calls);
	running = false;
}

int scenario_print_where(void **state)
{
	(void)state;
	if (running)
		print_error("# it was %s; TURF_SEED=%llu\n", where, (unsigned long long)seed());
	running = false;
	return 0;
}
