/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a store that is read, proved, compacted, copied and brought back: either a fault or
 * the truth, and a copy is whole or is none.
 */
#include "aggregator/figures/json.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/store_fixture.h"

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static bool add_entry(void *context, const struct quarantined *entry)
{
	struct fixture *fixture = context;

	fixture->told = crc32c_more(fixture->told, &entry->sequence, sizeof entry->sequence);
	return true;
}

static int add_summary(struct fixture *fixture, const struct figures *figures, const char *team, struct period period,
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
	fixture->told = crc32c_more(fixture->told, json, strlen(json));
	fixture->told = crc32c_more(fixture->told, bytes, summary_encode(&summary, bytes, sizeof bytes));
	free(json);
	return 0;
}

static int add_weekly(struct fixture *fixture, const struct figures *figures, struct error *error)
{
	uint8_t bytes[2048];
	struct weekly weekly;
	int rc = figures_weekly(figures, TEAM_ALL, 2019, &weekly, error);

	if (rc == 0)
		fixture->told = crc32c_more(fixture->told, bytes, weekly_encode(&weekly, bytes, sizeof bytes));
	return rc;
}

static int read_all(struct fixture *fixture, const struct store_view *view, struct error *error)
{
	struct catalogue catalogue;
	struct store_state state;
	struct figures figures = {.view = view, .catalogue = &catalogue};
	uint32_t first, last;
	int rc = store_view_catalogue(view, &catalogue, error);

	store_view_state(view, &state);
	figures.standing = store_standing(&state, TODAY);
	if (rc == 0)
		rc = add_summary(fixture, &figures, "oost", period_of_quarter(Q4_2019), error);
	if (rc == 0)
		rc = add_summary(fixture, &figures, TEAM_ALL, period_of_year(2019), error);
	if (rc == 0)
		rc = add_weekly(fixture, &figures, error);
	if (rc == 0)
		rc = store_view_span(view, "west", &first, &last, error);
	if (rc == 0)
		rc = store_view_quarantine(view, add_entry, fixture, error);
	if (rc == 0)
		fixture->told += first + last;
	catalogue_release(&catalogue);
	return rc;
}

static int act_read(void *context, struct error *error)
{
	struct fixture *fixture = context;
	struct store_view *view;
	int rc = store_view_open(fixture->stage->store, &view, error);

	fixture->told = 0;
	if (rc == 0)
		rc = read_all(fixture, view, error);
	store_view_close(view);
	return rc;
}

/* Either a fault or the truth. */
static void end_read(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	if (rc == 0 && fixture->told != fixture->told_before)
		fail_msg("%s: what was read is not what is there", scenario_where());
	fixture_reopen(fixture);
	stage_close(fixture->stage);
}

static void test_reading(void **state)
{
	static const struct scenario scenario = {"read figures", fixture_begin_open, act_read, end_read, false};
	struct fixture *fixture = *state;

	fixture_begin_open(fixture);
	must(fixture->stage, act_read(fixture, &fixture->stage->error));
	fixture->told_before = fixture->told;
	stage_close(fixture->stage);
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_READING);
}

static void count_finding(void *context, const char *text)
{
	(void)text;
	++*(int *)context;
}

static int act_verify(void *context, struct error *error)
{
	struct fixture *fixture = context;

	fixture->findings = 0;
	return store_verify(fixture->stage->store, count_finding, &fixture->findings, error);
}

/* A reading that fails is no proof: a fault or a finding says so, unless beginning again has helped. */
static void end_verify(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	if (rc >= 0)
		assert_int_equal(rc, fixture->findings);
	if (rc == 0 && failed && (strcmp(failed, "mdb_cursor_get") == 0 || strcmp(failed, "mdb_get") == 0))
		fail_msg("%s: verified, though not all was read", scenario_where());
	fixture_reopen(fixture);
	stage_close(fixture->stage);
}

static void test_verifying(void **state)
{
	static const struct scenario scenario = {"verify", fixture_begin_open, act_verify, end_verify, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_READING);
}

static int act_figures(void *context, struct error *error)
{
	struct fixture *fixture = context;
	struct store_figures figures;
	int rc = store_figures(fixture->stage->store, &figures, error);

	fixture->told = rc == 0 ? (uint32_t)(figures.ids * 1000 + figures.quarantined * 100 + figures.ids_detailed) : 0;
	return rc;
}

static void test_figures(void **state)
{
	static const struct scenario scenario = {"describe the store", fixture_begin_open, act_figures, end_read,
						 false};
	struct fixture *fixture = *state;

	fixture_begin_open(fixture);
	must(fixture->stage, act_figures(fixture, &fixture->stage->error));
	fixture->told_before = fixture->told;
	stage_close(fixture->stage);
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE);
}

/* ---- Copies ---------------------------------------------------------------------------------------------------- */

static int act_compact(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return store_compact(fixture->stage->store, error);
}

static void end_compact(void *context, int rc, const char *failed)
{
	(void)failed;
	fixture_end_change(context, rc, act_compact);
}

static void test_compacting(void **state)
{
	static const struct scenario scenario = {"compact", fixture_begin_open, act_compact, end_compact, false};

	fixture_run_change(*state, &scenario);
}

static int act_backup(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return store_backup(fixture->stage->store, fixture->backup, error);
}

/* A backup that was made is whole; what a failed one leaves can be brought back by nobody. */
static void end_backup(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;
	int restored;

	(void)failed;
	fixture_reopen(fixture);
	stage_close(stage);
	folder_remove(stage->path);
	restored = store_restore(fixture->backup, stage->path, false, UNIX_NOW, &stage->error);
	if (rc == 0 && restored != 0)
		fail_msg("%s: %s", scenario_where(), stage->error.text);
	if (restored == 0) {
		stage_open(stage);
		assert_sound(stage);
		assert_int_equal(figures_of(stage).ids, LIVED);
		stage_close(stage);
	}
	folder_remove(fixture->backup);
}

static void test_a_backup(void **state)
{
	static const struct scenario scenario = {"back up", fixture_begin_open, act_backup, end_backup, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH);
}

static int act_restore(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return store_restore(fixture->copy, fixture->stage->path, true, UNIX_NOW, error);
}

/* Where there was a store there is one still; the same backup can be brought back then. */
static void end_restore(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;

	(void)failed;
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, rc == 0 || fixture->before.ids ? LIVED : figures_of(stage).ids);
	stage_close(stage);
	must(stage, act_restore(fixture, &stage->error));
	stage_open(stage);
	assert_sound(stage);
	assert_int_equal(figures_of(stage).ids, LIVED);
	stage_close(stage);
	folder_remove(stage->path);
}

static void test_restoring_over_a_store(void **state)
{
	static const struct scenario scenario = {"restore over a store", fixture_begin_closed, act_restore, end_restore,
						 false};
	struct fixture *fixture = *state;

	fixture->before.ids = LIVED;
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

static void test_restoring_where_nothing_was(void **state)
{
	static const struct scenario scenario = {"restore where nothing was", fixture_begin_nothing, act_restore,
						 end_restore, false};
	struct fixture *fixture = *state;

	fixture->before.ids = 0;
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_reading),
		SCENARIO_TEST(test_verifying),
		SCENARIO_TEST(test_figures),
		SCENARIO_TEST(test_compacting),
		SCENARIO_TEST(test_a_backup),
		SCENARIO_TEST(test_restoring_over_a_store),
		SCENARIO_TEST(test_restoring_where_nothing_was),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, reading and copies", tests, fixture_setup,
					   fixture_teardown);
}
