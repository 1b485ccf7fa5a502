/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a store that is read, proved, compacted, copied and brought back: either a fault or
 * the truth, and a copy is whole or is none.
 */
#include "aggregator/figures/figures.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/store_world.h"

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static bool add_entry(void *context, const struct quarantined *entry)
{
	struct world *world = context;

	world->told = crc32c_more(world->told, &entry->sequence, sizeof entry->sequence);
	return true;
}

static int add_summary(struct world *world, const struct figures *figures, const char *team, struct period period,
		       struct error *error)
{
	static struct summary summary;
	static uint8_t bytes[SUMMARY_BYTES_MAX];
	char *json;
	int rc = figures_summary(figures, team, period, &summary, error);

	if (rc < 0)
		return rc;
	json = figures_json(&summary, figures->catalogue);
	if (!json)
		return error_set(error, FAULT_MEMORY, "no memory");
	world->told = crc32c_more(world->told, json, strlen(json));
	world->told = crc32c_more(world->told, bytes, summary_encode(&summary, bytes, sizeof bytes));
	free(json);
	return 0;
}

static int add_weekly(struct world *world, const struct figures *figures, struct error *error)
{
	uint8_t bytes[2048];
	struct weekly weekly;
	int rc = figures_weekly(figures, TEAM_ALL, 2019, &weekly, error);

	if (rc == 0)
		world->told = crc32c_more(world->told, bytes, weekly_encode(&weekly, bytes, sizeof bytes));
	return rc;
}

static int read_all(struct world *world, const struct store_view *view, struct error *error)
{
	struct catalogue catalogue;
	struct store_state state;
	struct figures figures = {.view = view, .catalogue = &catalogue};
	uint32_t first, last;
	int rc = store_view_catalogue(view, &catalogue, error);

	store_view_state(view, &state);
	figures.standing = store_standing(&state, TODAY);
	if (rc == 0)
		rc = add_summary(world, &figures, "oost", period_of_quarter(Q4_2019), error);
	if (rc == 0)
		rc = add_summary(world, &figures, TEAM_ALL, period_of_year(2019), error);
	if (rc == 0)
		rc = add_weekly(world, &figures, error);
	if (rc == 0)
		rc = store_view_span(view, "west", &first, &last, error);
	if (rc == 0)
		rc = store_view_quarantine(view, add_entry, world, error);
	if (rc == 0)
		world->told += first + last;
	catalogue_release(&catalogue);
	return rc;
}

static int act_read(void *context, struct error *error)
{
	struct world *world = context;
	struct store_view *view;
	int rc = store_view_open(world->stage->store, &view, error);

	world->told = 0;
	if (rc == 0)
		rc = read_all(world, view, error);
	store_view_close(view);
	return rc;
}

/* Either a fault or the truth. */
static void end_read(void *context, int rc, const char *failed)
{
	struct world *world = context;

	(void)failed;
	if (rc == 0 && world->told != world->told_before)
		fail_msg("%s: what was read is not what is there", story_where());
	world_reopen(world);
	stage_close(world->stage);
}

static void test_reading(void **state)
{
	static const struct story story = {"read figures", world_begin_open, act_read, end_read, false};
	struct world *world = *state;

	world_begin_open(world);
	must(world->stage, act_read(world, &world->stage->error));
	world->told_before = world->told;
	stage_close(world->stage);
	story_tell(&story, world, world->stage->folder, SEAMS_OF_READING);
}

static void count_finding(void *context, const char *text)
{
	(void)text;
	++*(int *)context;
}

static int act_verify(void *context, struct error *error)
{
	struct world *world = context;

	world->findings = 0;
	return store_verify(world->stage->store, count_finding, &world->findings, error);
}

/* A reading that fails is no proof: a fault or a finding says so, unless beginning anew has helped. */
static void end_verify(void *context, int rc, const char *failed)
{
	struct world *world = context;

	if (rc >= 0)
		assert_int_equal(rc, world->findings);
	if (rc == 0 && failed && (strcmp(failed, "mdb_cursor_get") == 0 || strcmp(failed, "mdb_get") == 0))
		fail_msg("%s: verified, though not all was read", story_where());
	world_reopen(world);
	stage_close(world->stage);
}

static void test_verifying(void **state)
{
	static const struct story story = {"verify", world_begin_open, act_verify, end_verify, false};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_READING);
}

static int act_figures(void *context, struct error *error)
{
	struct world *world = context;
	struct store_figures figures;
	int rc = store_figures(world->stage->store, &figures, error);

	world->told = rc == 0 ? (uint32_t)(figures.ids * 1000 + figures.quarantined * 100 + figures.ids_detailed) : 0;
	return rc;
}

static void test_figures(void **state)
{
	static const struct story story = {"describe the store", world_begin_open, act_figures, end_read, false};
	struct world *world = *state;

	world_begin_open(world);
	must(world->stage, act_figures(world, &world->stage->error));
	world->told_before = world->told;
	stage_close(world->stage);
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE);
}

/* ---- Copies ---------------------------------------------------------------------------------------------------- */

static int act_compact(void *context, struct error *error)
{
	struct world *world = context;

	return store_compact(world->stage->store, error);
}

static void end_compact(void *context, int rc, const char *failed)
{
	(void)failed;
	world_end_change(context, rc, act_compact);
}

static void test_compacting(void **state)
{
	static const struct story story = {"compact", world_begin_open, act_compact, end_compact, false};

	world_tell_change(*state, &story);
}

static int act_backup(void *context, struct error *error)
{
	struct world *world = context;

	return store_backup(world->stage->store, world->backup, error);
}

/* A backup that was made is whole; what a failed one leaves can be brought back by nobody. */
static void end_backup(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;
	int restored;

	(void)failed;
	world_reopen(world);
	stage_close(stage);
	folder_remove(stage->path);
	restored = store_restore(world->backup, stage->path, false, UNIX_NOW, &stage->error);
	if (rc == 0 && restored != 0)
		fail_msg("%s: %s", story_where(), stage->error.text);
	if (restored == 0) {
		stage_open(stage);
		assert_sound(stage);
		assert_int_equal(figures_of(stage).ids, LIVED);
		stage_close(stage);
	}
	folder_remove(world->backup);
}

static void test_a_backup(void **state)
{
	static const struct story story = {"back up", world_begin_open, act_backup, end_backup, false};
	struct world *world = *state;

	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH);
}

static int act_restore(void *context, struct error *error)
{
	struct world *world = context;

	return store_restore(world->copy, world->stage->path, true, UNIX_NOW, error);
}

/* Where there was a store there is one still; the same backup can be brought back then. */
static void end_restore(void *context, int rc, const char *failed)
{
	struct world *world = context;
	struct stage *stage = world->stage;

	(void)failed;
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, rc == 0 || world->before.ids ? LIVED : figures_of(stage).ids);
	stage_close(stage);
	must(stage, act_restore(world, &stage->error));
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, LIVED);
	stage_close(stage);
	folder_remove(stage->path);
}

static void test_restoring_over_a_store(void **state)
{
	static const struct story story = {"restore over a store", world_begin_closed, act_restore, end_restore, false};
	struct world *world = *state;

	world->before.ids = LIVED;
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

static void test_restoring_where_nothing_was(void **state)
{
	static const struct story story = {"restore where nothing was", world_begin_nothing, act_restore, end_restore,
					   false};
	struct world *world = *state;

	world->before.ids = 0;
	story_tell(&story, world, world->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

#define TOLD(test) cmocka_unit_test_teardown(test, story_say_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TOLD(test_reading),
		TOLD(test_verifying),
		TOLD(test_figures),
		TOLD(test_compacting),
		TOLD(test_a_backup),
		TOLD(test_restoring_over_a_store),
		TOLD(test_restoring_where_nothing_was),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, reading and copies", tests, world_setup, world_teardown);
}
