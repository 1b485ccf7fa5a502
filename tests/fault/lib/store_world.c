/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/store_world.h"

#include "tests/fault/lib/folder.h"

static const char *const teams[] = {"oost", "west", "noord"};

void world_take_picture(struct world *world, struct picture *picture)
{
	struct stage *stage = world->stage;
	struct store_figures figures = figures_of(stage);
	struct store_state state = state_of(stage);

	memset(picture, 0, sizeof *picture);
	for (int team = 0; team < 3; team++) {
		picture->tallies[team][0] = tally_of(stage, teams[team], Q3_2019);
		picture->tallies[team][1] = tally_of(stage, teams[team], Q4_2019);
	}
	picture->ids = figures.ids;
	picture->quarantined = world->quarantined_again ? 0 : figures.quarantined;
	picture->clock_day = state.clock_day;
	picture->final_through = state.final_through;
	picture->cells = state.cells;
}

static bool looks_like(const struct picture *a, const struct picture *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* ---- The store that the stories begin with ----------------------------------------------------------------- */

struct event lived_question(uint32_t number)
{
	struct event event =
		question(number, TODAY - number % 60, number % 3 ? 1 : 255, number % 4 ? ANSWERED : REFERRED);

	if (number % 5 == 0)
		event.labels[event.n_labels++] = number % 2 ? 7 : 65535;
	return event;
}

static void live(struct stage *stage)
{
	struct store_txn *txn;
	struct folded folded;
	struct quarantined entry = {.reason = VERDICT_REFUSED_UNKNOWN_TEAM, .team = "zuid", .day = TODAY, .length = 1};

	(void)keep_time(stage, TODAY, false);
	txn = begin(stage);
	store_put_catalogue(txn, &stage->rules);
	store_put_cells(txn, (struct cells){.policy = CELLS_EVERY, .every = 4});
	for (uint32_t i = 0; i < LIVED; i++)
		fold_one(stage, txn, teams[i % 3], lived_question(i), &folded);
	for (uint32_t i = 0; i < TAKEN; i++)
		fold_one(stage, txn, "west", retraction(i, lived_question(i).day), &folded);
	for (int i = 0; i < 3; i++)
		store_quarantine(txn, &entry);
	commit(stage, txn);
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	struct stage *stage;
	void *made = NULL;

	assert_non_null(world);
	assert_int_equal(stage_setup(&made), 0);
	stage = world->stage = made;
	stage->options.quarantine_limit = 4;
	(void)snprintf(world->lived, sizeof world->lived, "%s/lived", stage->folder);
	(void)snprintf(world->copy, sizeof world->copy, "%s/copy", stage->folder);
	(void)snprintf(world->backup, sizeof world->backup, "%s/backup", stage->folder);
	stage_open(stage);
	live(stage);
	must(stage, store_backup(stage->store, world->copy, &stage->error));
	world->counted = counted_in(stage, TEAM_ALL, Q4_2019);
	stage_close(stage);
	folder_copy(stage->path, world->lived);
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;
	void *stage = world->stage;

	free(world);
	return stage_teardown(&stage);
}

void world_begin_nothing(void *context)
{
	struct world *world = context;

	folder_remove(world->stage->path);
}

void world_begin_closed(void *context)
{
	struct world *world = context;

	folder_copy(world->lived, world->stage->path);
}

void world_begin_open(void *context)
{
	struct world *world = context;

	folder_copy(world->lived, world->stage->path);
	stage_open(world->stage);
	world_take_picture(world, &world->before);
}

void world_reopen(struct world *world)
{
	stage_close(world->stage);
	stage_open(world->stage);
	assert_sound(world->stage);
}

void world_end_change(struct world *world, int rc, int (*again)(void *world, struct error *error))
{
	struct picture now;

	world_reopen(world);
	world_take_picture(world, &now);
	if (rc < 0) {
		if (!looks_like(&now, &world->before) && world->known && !looks_like(&now, &world->after))
			fail_msg("%s: half done", story_where());
		rc = again(world, &world->stage->error);
		if (rc < 0)
			fail_msg("%s, again: %s", story_where(), world->stage->error.text);
		world_reopen(world);
		world_take_picture(world, &now);
	}
	if (!world->known)
		world->after = now;
	world->known = true;
	if (!looks_like(&now, &world->after))
		fail_msg("%s: not done", story_where());
	stage_close(world->stage);
}

void world_tell_change(struct world *world, const struct story *story)
{
	world->known = false;
	story->begin(world);
	story->end(world, story->act(world, &world->stage->error), NULL);
	story_tell(story, world, world->stage->folder, SEAMS_OF_STORE);
}
