/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a daemon comes to and what it waits for, turn by turn: while somebody floods it, while its disk is full, when it
 * is not there at midnight, and when its clock is behind. The broker and the time are broker.h's.
 */
#include <signal.h>

#include "aggregator/daemon.h"
#include "base/log.h"
#include "tests/fault/broker.h"
#include "tests/fault/place.h"
#include "tests/fault/seam.h"
#include "tests/unit/store_stage.h"

enum {
	NOW = UNIX_NOW + 7200, /* 02:00 in Amsterdam on the stage's day */
	DAY_S = 86400,
	TAPS = 50,             /* enough for turfd to look for more of them */
	FLOOD_MS = 60000,      /* longer than anything may wait behind it */
	OUTAGE_MS = 20000,
	TURNS_A_SECOND_MAX = 50, /* of a daemon that has nothing to do */
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"
#define OOST "turf/v1/dekop/registration/oost"

static const char config[] = "org = \"dekop\";\n"
			     "name = \"De Kop\";\n"
			     "store = \"store\";\n"
			     "broker = { address = \"mqtt://127.0.0.1:1883\"; };\n"
			     "limits = { batch_messages = 60; compact_days = 1; };\n"
			     "teams = ( { id = \"oost\"; name = \"Oost\"; } );\n"
			     "zrm = ( { edition = \"2017\"; } );\n";
static const char label[] = "labels = ( { code = 7; name = \"Sportfonds\"; kind = \"subject\"; } );\n";

struct world {
	struct place place;
	struct daemon daemon;
	uint32_t sent, told; /* events */
	uint64_t turns;      /* times that it waited */
	uint64_t turns_before, failing_ms;
	uint64_t begun_ms;
	bool stopped;
	uint64_t figures, figures_before; /* published */
	bool withdrawn; /* the figures of a quarter that has none any more */
};

static uint64_t since_begin(const struct world *world)
{
	return broker_now_ms() - world->begun_ms;
}

static void send_event(struct world *world, struct event event)
{
	uint8_t bytes[SUBMISSION_BYTES_MAX];

	broker_put(OOST, bytes, submission_encode(&event, 1, CLIENT_ID, bytes, sizeof bytes));
	world->sent++;
}

static void stop(struct world *world)
{
	if (!world->stopped)
		(void)kill(getpid(), SIGTERM);
	world->stopped = true;
}

static void take_result(void *context, const struct result *result)
{
	struct world *world = context;

	assert_false(verdict_is_refusal(result->verdict));
	world->told++;
}

static void published(void *context, const char *topic, const uint8_t *bytes, size_t length)
{
	struct world *world = context;
	struct topic parsed;
	enum topic_kind kind = topic_parse(topic, strlen(topic), &parsed);

	world->figures += kind == TOPIC_SUMMARY;
	world->withdrawn |= length == 0 && strcmp(topic, "turf/v1/dekop/summary/oost/2019-Q3") == 0;
	if (kind == TOPIC_RECEIPT)
		assert_int_equal(receipt_decode(bytes, length, take_result, world), 0);
}

/* From its configuration to its farewell. */
static void live(struct world *world, void (*idle)(void *context), time_t now)
{
	struct broker_watch watch = {.published = published, .idle = idle, .context = world};
	struct daemon_options options = {.config_path = world->place.config};
	struct error error = {{0}};

	broker_reset(&watch);
	seam_set_time(now);
	world->begun_ms = broker_now_ms();
	world->sent = world->told = 0;
	world->turns = world->turns_before = world->failing_ms = 0;
	world->figures = world->figures_before = 0;
	world->stopped = world->withdrawn = false;
	if (daemon_open(&world->daemon, &options, &error) != 0 || daemon_run(&world->daemon, &error) != 0)
		fail_msg("%s", error.text);
	daemon_close(&world->daemon);
	place_restore_signals(&world->place);
}

/* Every commit fails, as on a full disk. */
static void fill_disk(struct world *world)
{
	static const struct fault_plan full = {.seam = SEAM_LMDB, .call = "mdb_txn_commit", .nth = 1, .for_good = true};

	seam_arm(&full);
	world->failing_ms = broker_now_ms();
}

/* ---- A flood of what is not counted --------------------------------------------------------------------------- */

static void flood_with_nothing(void *context)
{
	struct world *world = context;

	while (world->sent < TAPS)
		send_event(world, question(world->sent, TODAY, 1, ANSWERED));
	if (world->told == TAPS || since_begin(world) > FLOOD_MS)
		stop(world);
	else
		broker_put(OOST, (const uint8_t *)"", 0);
}

static void test_taps_do_not_wait_for_a_flood_to_end(void **state)
{
	struct world *world = *state;

	live(world, flood_with_nothing, NOW);
	assert_int_equal(world->told, TAPS);
	assert_true(since_begin(world) < FLOOD_MS);
}

/* ---- A flood while the disk is full ----------------------------------------------------------------------------- */

static void flood_a_full_disk(void *context)
{
	struct world *world = context;

	if (world->failing_ms == 0)
		fill_disk(world);
	if (broker_now_ms() > world->failing_ms + OUTAGE_MS)
		(void)seam_disarm();
	if (world->told > 0 || since_begin(world) > OUTAGE_MS + FLOOD_MS)
		stop(world);
	else
		send_event(world, question(world->sent, TODAY, 1, ANSWERED));
}

static void test_a_disk_with_room_again_is_found_in_a_flood(void **state)
{
	struct world *world = *state;

	live(world, flood_a_full_disk, NOW);
	assert_true(world->told > 0);
	assert_true(since_begin(world) < OUTAGE_MS + FLOOD_MS);
}

/* ---- Midnight on a full disk -------------------------------------------------------------------------------------- */

static void pass_midnight_on_a_full_disk(void *context)
{
	struct world *world = context;

	world->turns++;
	if (world->failing_ms == 0) {
		fill_disk(world);
		send_event(world, question(0, TODAY, 1, ANSWERED));
		seam_set_time(NOW + DAY_S);
	} else if (world->turns_before == 0 && broker_now_ms() > world->failing_ms + OUTAGE_MS) {
		world->turns_before = world->turns;
		(void)seam_disarm();
	} else if (world->told > 0) {
		stop(world);
	}
}

static void test_a_full_disk_at_midnight_is_waited_for_at_rest(void **state)
{
	struct world *world = *state;

	live(world, pass_midnight_on_a_full_disk, NOW);
	assert_int_equal(world->told, 1);
	assert_in_range(world->turns_before, 1, (uint64_t)OUTAGE_MS / 1000 * TURNS_A_SECOND_MAX);
}

/* ---- Never there at midnight --------------------------------------------------------------------------------------- */

static void tap_and_take_back(void *context)
{
	struct world *world = context;

	if (world->told == 2)
		stop(world);
	else if (world->sent == world->told)
		send_event(world, world->sent == 0 ? question(0, TODAY, 1, ANSWERED) : retraction(0, TODAY));
}

static void look_around(void *context)
{
	struct world *world = context;

	if (since_begin(world) > OUTAGE_MS)
		stop(world);
}

static void read_store(const struct world *world, struct store_state *state, struct catalogue *catalogue)
{
	struct store_options options = {.path = world->place.store, .read_only = true};
	struct store_view *view;
	struct store *store;

	assert_int_equal(store_open(&store, &options, NULL), 0);
	assert_int_equal(store_view_open(store, &view, NULL), 0);
	store_view_state(view, state);
	assert_int_equal(store_view_catalogue(view, catalogue, NULL), 0);
	store_view_close(view);
	store_close(store);
}

static uint32_t deleted_since(const struct world *world)
{
	struct catalogue catalogue;
	struct store_state state;

	read_store(world, &state, &catalogue);
	catalogue_release(&catalogue);
	return state.deleted_since;
}

/* A machine that is switched off in the evening. */
static void test_deleted_bytes_go_without_a_midnight(void **state)
{
	struct world *world = *state;

	live(world, tap_and_take_back, NOW);
	assert_int_equal(deleted_since(world), TODAY);
	live(world, look_around, NOW);
	assert_int_equal(deleted_since(world), TODAY); /* compact_days have not passed */
	live(world, look_around, NOW + DAY_S);
	assert_int_equal(deleted_since(world), 0);
}

/* ---- A clock that is behind ------------------------------------------------------------------------------------------ */

static uint32_t label_until(const struct world *world)
{
	struct catalogue catalogue;
	struct store_state state;
	uint32_t until;

	read_store(world, &state, &catalogue);
	assert_int_equal(catalogue.n_labels, 1);
	until = catalogue.labels[0].valid_until;
	catalogue_release(&catalogue);
	return until;
}

/* A machine whose clock has no battery, before it has heard the time: what has ended does not end earlier by that. */
static void test_what_has_ended_stays_as_it_ended(void **state)
{
	struct world *world = *state;

	place_configure(&world->place, config, label);
	live(world, look_around, NOW);
	assert_int_equal(label_until(world), 0);
	place_configure(&world->place, config, "");
	live(world, look_around, NOW + DAY_S);
	assert_int_equal(label_until(world), TODAY + 1);
	live(world, look_around, NOW - 30 * DAY_S);
	assert_int_equal(label_until(world), TODAY + 1);
}

/* ---- A reload on a full disk --------------------------------------------------------------------------------------- */

static void reload_on_a_full_disk(void *context)
{
	struct world *world = context;

	if (world->failing_ms == 0 && since_begin(world) > OUTAGE_MS) {
		fill_disk(world);
		world->figures_before = world->figures;
		place_configure(&world->place, config, label);
		(void)kill(getpid(), SIGHUP);
	} else if (world->failing_ms != 0 && broker_now_ms() > world->failing_ms + OUTAGE_MS) {
		world->figures_before = world->figures - world->figures_before;
		(void)seam_disarm();
		world->begun_ms = broker_now_ms();
		world->failing_ms = UINT64_MAX / 2;
	} else if (world->failing_ms == UINT64_MAX / 2) {
		look_around(world);
	}
}

/* It is tried again and again, and in the meantime there is nothing to be told. */
static void test_a_reload_on_a_full_disk_publishes_nothing(void **state)
{
	struct world *world = *state;

	live(world, reload_on_a_full_disk, NOW);
	assert_true(world->figures > 0);
	assert_int_equal(world->figures_before, 0);
	assert_int_equal(label_until(world), 0); /* it was taken in the end */
}

/* ---- What an earlier life has published ----------------------------------------------------------------------------- */

/* The broker has it still, and only this life knows that it is no figure any more. */
static void test_a_start_withdraws_what_has_no_figures_any_more(void **state)
{
	struct world *world = *state;

	place_configure(&world->place, config, "counting_since = \"2019-07-01\";\n");
	live(world, look_around, NOW);
	assert_false(world->withdrawn);
	place_configure(&world->place, config, "counting_since = \"2019-10-01\";\n");
	live(world, look_around, NOW);
	assert_true(world->withdrawn);
}

/* -------------------------------------------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	place_make(&world->place);
	place_configure(&world->place, config, "");
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	(void)seam_disarm();
	place_remove(&world->place);
	free(world);
	return 0;
}

#define TOLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD(test_taps_do_not_wait_for_a_flood_to_end),
		TOLD(test_a_disk_with_room_again_is_found_in_a_flood),
		TOLD(test_a_full_disk_at_midnight_is_waited_for_at_rest),
		TOLD(test_deleted_bytes_go_without_a_midnight),
		TOLD(test_what_has_ended_stays_as_it_ended),
		TOLD(test_a_reload_on_a_full_disk_publishes_nothing),
		TOLD(test_a_start_withdraws_what_has_no_figures_any_more),
	};

	if (!getenv("TURF_LOG"))
		log_limit((enum log_level)0);
	return cmocka_run_group_tests_name("turns of a daemon", tests, NULL, NULL);
}
