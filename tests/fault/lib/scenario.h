/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Fail the Nth call: a scenario is run with its first call failing, then its second, and so on until it needs no more
 * calls than that; for each seam, in each way that its calls can fail, once and for good.
 *
 * After each run: a fault has its sentence; no memory, descriptor or map is left behind; nothing hangs. What else
 * must hold, the scenario says itself.
 */
#ifndef TURF_TESTS_FAULT_LIB_SCENARIO_H
#define TURF_TESTS_FAULT_LIB_SCENARIO_H

#include <stdbool.h>

#include "base/error.h"
#include "tests/fault/lib/seam.h"

struct scenario {
	const char *name;
	/* Makes everything ready; nothing fails yet. */
	void (*begin)(void *fixture);
	/* What is tried: 0, a verdict, or a fault with its sentence. */
	int (*act)(void *fixture, struct error *error);
	/* Nothing fails any more: what must hold, `rc` being what act returned. Lets go of everything that `begin` and
	 * `act` have taken. `failed` is the name of the call that failed, NULL in the last run. */
	void (*end)(void *fixture, int rc, const char *failed);
	/* It is long: the later a call, the less often one like it is made to fail (TURF_SEED chooses others); with
	 * TURF_LONG each in one way. */
	bool sparse;
};

/*
 * `seams`: bits 1 << SEAM_…, those that the scenario meets at all, which must be so. `folder`: whose maps are looked at.
 * Every call fails in one way after the other, from call to call; in all ways with TURF_LONG in the environment.
 * TURF_CALL=N begins with the Nth call.
 */
void scenario_run(const struct scenario *scenario, void *fixture, const char *folder, unsigned seams);

/* The same for one call, which fails in one way, once: `plan` says which, with its `nth` to begin with. */
void scenario_run_call(const struct scenario *scenario, void *fixture, const char *folder, struct fault_plan plan);

/* For messages: which telling is under way. As a test's teardown: says so when the test has failed. */
const char *scenario_where(void);
int scenario_print_where(void **state);

#endif
