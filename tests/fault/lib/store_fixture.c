/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/store_fixture.h"

#include "tests/fault/lib/folder.h"

static const char *const teams[] = {"oost", "west", "noord"};

void fixture_take_picture(struct fixture *fixture, struct picture *picture)
{
	struct stage *stage = fixture->stage;
	struct store_figures figures = figures_of(stage);
	struct store_state state = state_of(stage);

	memset(picture, 0, sizeof *picture);
	for (int team = 0; team < 3; team++) {
		picture->tallies[team][0] = tally_of(stage, teams[team], Q3_2019);
		picture->tallies[team][1] = tally_of(stage, teams[team], Q4_2019);
	}
	picture->ids = figures.ids;
	picture->quarantined = fixture->quarantined_again ? 0 : figures.quarantined;
	picture->clock_day = state.clock_day;
	picture->final_through = state.final_through;
	picture->cells = state.cells;
}

static bool looks_like(const struct picture *a, const struct picture *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* ---- The store that the scenarios begin with ----------------------------------------------------------------- */

struct event lived_question(uint32_t number)
{
	struct event event =
		question(number, TODAY - number % 60, number % 3 ? 1 : 255, number % 4 ? ANSWERED : REFERRED);

	if (number % 5 == 0)
		event.labels[event.n_labels++] = number % 2 ? 7 : 65535;
	return event;
}

static void live_in(struct store_txn *txn, void *context)
{
	struct stage *stage = context;
	struct folded folded;
	struct quarantined entry = {.reason = VERDICT_REFUSED_UNKNOWN_TEAM, .team = "zuid", .day = TODAY, .length = 1};

	store_put_catalogue(txn, &stage->rules);
	store_put_cells(txn, (struct cells){.policy = CELLS_EVERY, .every = 4});
	for (uint32_t i = 0; i < LIVED; i++)
		fold_one(stage, txn, teams[i % 3], lived_question(i), &folded);
	for (uint32_t i = 0; i < TAKEN; i++)
		fold_one(stage, txn, "west", retraction(i, lived_question(i).day), &folded);
	for (int i = 0; i < 3; i++)
		store_quarantine(txn, &entry);
}

static void live(struct stage *stage)
{
	(void)keep_time(stage, TODAY, false);
	change(stage, live_in, stage);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct stage *stage;
	void *made = NULL;

	assert_non_null(fixture);
	assert_int_equal(stage_setup(&made), 0);
	stage = fixture->stage = made;
	stage->options.quarantine_limit = 4;
	(void)snprintf(fixture->lived, sizeof fixture->lived, "%s/lived", stage->folder);
	(void)snprintf(fixture->copy, sizeof fixture->copy, "%s/copy", stage->folder);
	(void)snprintf(fixture->backup, sizeof fixture->backup, "%s/backup", stage->folder);
	stage_open(stage);
	live(stage);
	must(stage, store_backup(stage->store, fixture->copy, &stage->error));
	fixture->counted = counted_in(stage, TEAM_ALL, Q4_2019);
	stage_close(stage);
	folder_copy(stage->path, fixture->lived);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	void *stage = fixture->stage;

	free(fixture);
	return stage_teardown(&stage);
}

void fixture_begin_nothing(void *context)
{
	struct fixture *fixture = context;

	folder_remove(fixture->stage->path);
}

void fixture_begin_closed(void *context)
{
	struct fixture *fixture = context;

	folder_copy(fixture->lived, fixture->stage->path);
}

void fixture_begin_open(void *context)
{
	struct fixture *fixture = context;

	folder_copy(fixture->lived, fixture->stage->path);
	stage_open(fixture->stage);
	fixture_take_picture(fixture, &fixture->before);
}

void fixture_reopen(struct fixture *fixture)
{
	stage_close(fixture->stage);
	stage_open(fixture->stage);
	assert_sound(fixture->stage);
}

void fixture_end_change(struct fixture *fixture, int rc, int (*again)(void *fixture, struct error *error))
{
	struct picture now;

	fixture_reopen(fixture);
	fixture_take_picture(fixture, &now);
	if (rc < 0) {
		if (!looks_like(&now, &fixture->before) && fixture->known && !looks_like(&now, &fixture->after))
			fail_msg("%s: half done", scenario_where());
		rc = again(fixture, &fixture->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", scenario_where(), fixture->stage->error.text);
		fixture_reopen(fixture);
		fixture_take_picture(fixture, &now);
	}
	if (!fixture->known)
		fixture->after = now;
	fixture->known = true;
	if (!looks_like(&now, &fixture->after))
		fail_msg("%s: not done", scenario_where());
	stage_close(fixture->stage);
}

void fixture_run_change(struct fixture *fixture, const struct scenario *scenario)
{
	fixture->known = false;
	scenario->begin(fixture);
	scenario->end(fixture, scenario->act(fixture, &fixture->stage->error), NULL);
	scenario_run(scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE);
}
