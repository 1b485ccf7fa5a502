/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a daemon comes to and what it waits for, turn by turn: while somebody floods it, while its disk is full, when it
 * is not there at midnight, and when its clock is behind. The broker and the time are broker.h's.
 */
#include <signal.h>

#include "aggregator/daemon/daemon.h"
#include "base/log.h"
#include "tests/fault/lib/broker.h"
#include "tests/fault/lib/place.h"
#include "tests/fault/lib/seam.h"
#include "tests/unit/lib/store_stage.h"
#include "tests/unit/lib/summary.h"

enum {
	NOW = UNIX_NOW + 7200, /* 02:00 in Amsterdam on the stage's day */
	DAY_S = 86400,
	NEW_YEARS_EVE = NOW + (Q4_LAST - TODAY) * DAY_S,
	TAPS = 50,        /* enough for turfd to look for more of them */
	FLOOD_MS = 60000, /* longer than anything may wait behind it */
	OUTAGE_MS = 20000,
	TURNS_A_SECOND_MAX = 50, /* of a daemon that has nothing to do */
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"
#define OOST "turf/v1/dekop/registration/oost"

#define TEAMLESS                                                 \
	"org = \"dekop\";\n"                                     \
	"name = \"De Kop\";\n"                                   \
	"store = \"store\";\n"                                   \
	"broker = { address = \"mqtt://127.0.0.1:1883\"; };\n"   \
	"limits = { batch_messages = 60; compact_days = 1; };\n" \
	"retraction_proof = \"optional\";\n"                     \
	"zrm = ( { edition = \"2017\"; } );\n"
static const char teamless[] = TEAMLESS;
static const char config[] = TEAMLESS "teams = ( { id = \"oost\"; name = \"Oost\"; } );\n";
static const char label[] = "labels = ( { code = 7; name = \"Sportfonds\"; kind = \"subject\"; } );\n";

static const char *const ended[] = {"turf/v1/dekop/summary/oost/2019-Q3", "turf/v1/dekop/summary-json/oost/2019-Q3",
				    "turf/v1/dekop/weekly/oost/2018"};
enum { ENDED = sizeof ended / sizeof ended[0] };

struct fixture {
	struct place place;
	struct daemon daemon;
	uint32_t sent, told; /* events */
	uint64_t turns;      /* times that it waited */
	uint64_t turns_before, failing_ms;
	uint64_t begun_ms;
	bool stopped;
	uint64_t figures, figures_before; /* published */
	unsigned withdrawn;               /* of `ended`, which have no figures any more */
	unsigned statuses;
	unsigned nth; /* the call that fails */
	bool right;   /* what the test looked for, before the daemon left */
};

static uint64_t since_begin(const struct fixture *fixture)
{
	return broker_now_ms() - fixture->begun_ms;
}

static void send_event(struct fixture *fixture, struct event event)
{
	uint8_t bytes[SUBMISSION_BYTES_MAX];

	broker_put(OOST, bytes, submission_encode(&event, 1, CLIENT_ID, bytes, sizeof bytes));
	fixture->sent++;
}

static void stop(struct fixture *fixture)
{
	if (!fixture->stopped)
		(void)kill(getpid(), SIGTERM);
	fixture->stopped = true;
}

static void take_result(void *context, const struct result *result)
{
	struct fixture *fixture = context;

	assert_false(words_verdict_is_refusal(result->verdict));
	fixture->told++;
}

static void published(void *context, const char *topic, const uint8_t *bytes, size_t length)
{
	struct fixture *fixture = context;
	struct topic parsed;
	enum topic_kind kind = topic_parse(topic, strlen(topic), &parsed);

	fixture->figures += kind == TOPIC_SUMMARY;
	fixture->statuses += kind == TOPIC_STATUS;
	for (size_t i = 0; i < ENDED; i++)
		fixture->withdrawn += length == 0 && strcmp(topic, ended[i]) == 0;
	if (kind == TOPIC_RECEIPT)
		assert_int_equal(receipt_decode(bytes, length, take_result, fixture), 0);
}

/* From its configuration to its farewell. */
static void live(struct fixture *fixture, void (*idle)(void *context), time_t now)
{
	struct broker_watch watch = {.published = published, .idle = idle, .context = fixture};
	struct daemon_options options = {.config_path = fixture->place.config};
	struct error error = {{0}};

	broker_reset(&watch);
	seam_set_time(now);
	fixture->begun_ms = broker_now_ms();
	fixture->sent = fixture->told = 0;
	fixture->turns = fixture->turns_before = fixture->failing_ms = 0;
	fixture->figures = fixture->figures_before = 0;
	fixture->stopped = fixture->right = false;
	fixture->withdrawn = fixture->statuses = 0;
	if (daemon_open(&fixture->daemon, &options, &error) != 0 || daemon_run(&fixture->daemon, &error) != 0)
		fail_msg("%s", error.text);
	daemon_close(&fixture->daemon);
	place_restore_signals(&fixture->place);
}

/* Every commit fails, as on a full disk. */
static void fill_disk(struct fixture *fixture)
{
	static const struct fault_plan full = {.seam = SEAM_LMDB, .call = "mdb_txn_commit", .nth = 1, .for_good = true};

	seam_arm(&full);
	fixture->failing_ms = broker_now_ms();
}

/* ---- A flood of what is not counted --------------------------------------------------------------------------- */

static void flood_with_nothing(void *context)
{
	struct fixture *fixture = context;

	while (fixture->sent < TAPS)
		send_event(fixture, question(fixture->sent, TODAY, 1, ANSWERED));
	if (fixture->told == TAPS || since_begin(fixture) > FLOOD_MS)
		stop(fixture);
	else
		broker_put(OOST, (const uint8_t *)"", 0);
}

static void test_taps_do_not_wait_for_a_flood_to_end(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, flood_with_nothing, NOW);
	assert_int_equal(fixture->told, TAPS);
	assert_true(since_begin(fixture) < FLOOD_MS);
}

/* ---- A flood while the disk is full ----------------------------------------------------------------------------- */

static void flood_a_full_disk(void *context)
{
	struct fixture *fixture = context;

	if (fixture->failing_ms == 0)
		fill_disk(fixture);
	if (broker_now_ms() > fixture->failing_ms + OUTAGE_MS)
		(void)seam_disarm();
	if (fixture->told > 0 || since_begin(fixture) > OUTAGE_MS + FLOOD_MS)
		stop(fixture);
	else
		send_event(fixture, question(fixture->sent, TODAY, 1, ANSWERED));
}

static void test_a_disk_with_room_again_is_found_in_a_flood(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, flood_a_full_disk, NOW);
	assert_true(fixture->told > 0);
	assert_true(since_begin(fixture) < OUTAGE_MS + FLOOD_MS);
}

/* ---- Midnight on a full disk -------------------------------------------------------------------------------------- */

static void pass_midnight_on_a_full_disk(void *context)
{
	struct fixture *fixture = context;

	fixture->turns++;
	if (fixture->failing_ms == 0) {
		fill_disk(fixture);
		send_event(fixture, question(0, TODAY, 1, ANSWERED));
		seam_set_time(NOW + DAY_S);
	} else if (fixture->turns_before == 0 && broker_now_ms() > fixture->failing_ms + OUTAGE_MS) {
		fixture->turns_before = fixture->turns;
		(void)seam_disarm();
	} else if (fixture->told > 0) {
		stop(fixture);
	}
}

static void test_a_full_disk_at_midnight_is_waited_for_at_rest(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, pass_midnight_on_a_full_disk, NOW);
	assert_int_equal(fixture->told, 1);
	assert_in_range(fixture->turns_before, 1, (uint64_t)OUTAGE_MS / 1000 * TURNS_A_SECOND_MAX);
}

/* ---- Never there at midnight --------------------------------------------------------------------------------------- */

static void tap_and_take_back(void *context)
{
	struct fixture *fixture = context;

	if (fixture->told == 2)
		stop(fixture);
	else if (fixture->sent == fixture->told)
		send_event(fixture, fixture->sent == 0 ? question(0, TODAY, 1, ANSWERED) : retraction(0, TODAY));
}

static void look_around(void *context)
{
	struct fixture *fixture = context;

	if (since_begin(fixture) > OUTAGE_MS)
		stop(fixture);
}

static void read_store(const struct fixture *fixture, struct store_state *state, struct catalogue *catalogue)
{
	struct store_options options = {.path = fixture->place.store, .read_only = true};
	struct store_view *view;
	struct store *store;

	assert_int_equal(store_open(&store, &options, NULL), 0);
	assert_int_equal(store_view_open(store, &view, NULL), 0);
	store_view_state(view, state);
	assert_int_equal(store_view_catalogue(view, catalogue, NULL), 0);
	store_view_close(view);
	store_close(store);
}

static uint32_t deleted_since(const struct fixture *fixture)
{
	struct catalogue catalogue;
	struct store_state state;

	read_store(fixture, &state, &catalogue);
	catalogue_release(&catalogue);
	return state.deleted_since;
}

/* A machine that is switched off in the evening. */
static void test_deleted_bytes_go_without_a_midnight(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, tap_and_take_back, NOW);
	assert_int_equal(deleted_since(fixture), TODAY);
	live(fixture, look_around, NOW);
	assert_int_equal(deleted_since(fixture), TODAY); /* compact_days have not passed */
	live(fixture, look_around, NOW + DAY_S);
	assert_int_equal(deleted_since(fixture), 0);
	assert_in_range(fixture->statuses, 2, 6); /* once that is told there is nothing more to tell */
}

static void tap_and_take_back_before_midnight(void *context)
{
	struct fixture *fixture = context;

	if (fixture->told < 2) {
		tap_and_take_back(context);
		fixture->begun_ms = broker_now_ms();
		return;
	}
	seam_set_time(NOW + DAY_S);
	look_around(context);
}

/* Nor does it take a start. */
static void test_deleted_bytes_go_at_midnight(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, tap_and_take_back_before_midnight, NOW);
	assert_int_equal(deleted_since(fixture), 0);
}

/* ---- A clock that is behind ------------------------------------------------------------------------------------------ */

static uint32_t label_until(const struct fixture *fixture)
{
	struct catalogue catalogue;
	struct store_state state;
	uint32_t until;

	read_store(fixture, &state, &catalogue);
	assert_int_equal(catalogue.n_labels, 1);
	until = catalogue.labels[0].valid_until;
	catalogue_release(&catalogue);
	return until;
}

/* A machine whose clock has no battery, before it has heard the time: what has ended does not end earlier by that. */
static void test_what_has_ended_stays_as_it_ended(void **state)
{
	struct fixture *fixture = *state;

	place_configure(&fixture->place, config, label);
	live(fixture, look_around, NOW);
	assert_int_equal(label_until(fixture), 0);
	place_configure(&fixture->place, config, "");
	live(fixture, look_around, NOW + DAY_S);
	assert_int_equal(label_until(fixture), TODAY + 1);
	live(fixture, look_around, NOW - 30 * DAY_S);
	assert_int_equal(label_until(fixture), TODAY + 1);
}

/* ---- A reload on a full disk --------------------------------------------------------------------------------------- */

static void reload_on_a_full_disk(void *context)
{
	struct fixture *fixture = context;

	if (fixture->failing_ms == 0 && since_begin(fixture) > OUTAGE_MS) {
		fill_disk(fixture);
		fixture->figures_before = fixture->figures;
		place_configure(&fixture->place, config, label);
		(void)kill(getpid(), SIGHUP);
	} else if (fixture->failing_ms != 0 && broker_now_ms() > fixture->failing_ms + OUTAGE_MS) {
		fixture->figures_before = fixture->figures - fixture->figures_before;
		(void)seam_disarm();
		fixture->begun_ms = broker_now_ms();
		fixture->failing_ms = UINT64_MAX / 2;
	} else if (fixture->failing_ms == UINT64_MAX / 2) {
		look_around(fixture);
	}
}

/* It is tried again and again, and in the meantime there is nothing to be told. */
static void test_a_reload_on_a_full_disk_publishes_nothing(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, reload_on_a_full_disk, NOW);
	assert_true(fixture->figures > 0);
	assert_int_equal(fixture->figures_before, 0);
	assert_int_equal(label_until(fixture), 0); /* it was taken in the end */
}

/* ---- What an earlier life has published ----------------------------------------------------------------------------- */

/* The broker has it still, and only this life knows that it is no figure any more. */
static void test_a_start_withdraws_what_has_no_figures_any_more(void **state)
{
	struct fixture *fixture = *state;

	place_configure(&fixture->place, config, "counting_since = \"2018-10-01\";\n");
	live(fixture, look_around, NOW);
	assert_int_equal(fixture->withdrawn, 0);
	place_configure(&fixture->place, config, "counting_since = \"2019-10-01\";\n");
	live(fixture, look_around, NOW);
	assert_int_equal(fixture->withdrawn, ENDED);
}

/* ---- What the broker has to know -------------------------------------------------------------------------------------- */

static bool summary_of(const char *team, const char *period, struct summary *summary)
{
	const struct retained *kept;
	char topic[TOPIC_BYTES];

	(void)snprintf(topic, sizeof topic, "turf/v1/dekop/summary/%s/%s", team, period);
	kept = broker_find(topic);
	return kept && summary_decode(kept->bytes, kept->length, summary) == 0;
}

static bool all_is_told(void)
{
	static const char *const topics[] = {"catalogue",         "summary/oost/2019-Q4", "summary-json/oost/2019-Q4",
					     "summary/oost/2019", "summary/all/2019",     "summary-json/all/2019",
					     "weekly/oost/2019",  "weekly/all/2019"};
	char topic[TOPIC_BYTES];
	bool all = true;

	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		(void)snprintf(topic, sizeof topic, "turf/v1/dekop/%s", topics[i]);
		all = all && broker_find(topic);
	}
	return all;
}

static void look_at_what_is_told(void *context)
{
	struct fixture *fixture = context;

	fixture->right = all_is_told();
	look_around(context);
}

/* Whatever was going out then goes out again, as soon as there is a connection. */
static void test_a_connection_that_is_lost_as_figures_go_out(void **state)
{
	enum { PUBLICATIONS = 12 };
	struct fixture *fixture = *state;

	for (unsigned nth = 1; nth <= PUBLICATIONS; nth++) {
		const struct fault_plan lost = {.seam = SEAM_BROKER, .call = "mqtt_publish", .nth = nth};

		seam_arm(&lost);
		live(fixture, look_at_what_is_told, NOW);
		assert_non_null(seam_disarm());
		if (!fixture->right)
			fail_msg("lost at publication %u", nth);
	}
}

static void lose_connection(void *context)
{
	static const struct fault_plan lost = {.seam = SEAM_BROKER, .call = "mqtt_receive", .nth = 1};
	struct fixture *fixture = context;

	if (since_begin(fixture) > OUTAGE_MS / 2 && fixture->figures_before == 0) {
		fixture->figures_before = fixture->figures;
		seam_arm(&lost);
	}
	fixture->right = fixture->figures >= fixture->figures_before + 4; /* quarter and year, of team and org */
	look_around(context);
}

/* The broker's memory may be gone with the connection. */
static void test_all_is_told_again_after_a_lost_connection(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, lose_connection, NOW);
	assert_true(fixture->figures_before > 0);
	assert_true(fixture->right);
}

/* ---- Many figures at once ----------------------------------------------------------------------------------------------- */

enum { TEAMS = 58, SLOTS = 256 }; /* one message of each team is a batch; SLOTS: RECENT of publisher.c */

static void tap_everywhere(void *context)
{
	struct fixture *fixture = context;
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	char topic[TOPIC_BYTES];

	if (fixture->sent > 0 && fixture->told == fixture->sent)
		stop(fixture);
	if (fixture->sent > 0 || since_begin(fixture) < OUTAGE_MS)
		return; /* what waits to be published from the beginning on would hide what is forgotten */
	for (; fixture->sent < TEAMS; fixture->sent++) {
		struct event event = question(fixture->sent, TODAY, 1, ANSWERED);

		(void)snprintf(topic, sizeof topic, OOST "-%u", fixture->sent);
		broker_put(topic, bytes, submission_encode(&event, 1, CLIENT_ID, bytes, sizeof bytes));
	}
}

/* Most of them still wait when the daemon leaves. */
static void test_figures_that_move_at_once_go_out_all(void **state)
{
	char teams[8192] = "teams = (", team[SLUG_BYTES];
	size_t used = strlen(teams);
	static struct summary summary;
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < TEAMS; i++)
		used += (size_t)snprintf(teams + used, sizeof teams - used,
					 "%s{ id = \"oost-%u\"; name = \"Oost %u\"; }", i ? ", " : "", i, i);
	(void)snprintf(teams + used, sizeof teams - used, ");\n");
	place_configure(&fixture->place, teamless, teams);
	live(fixture, tap_everywhere, NOW);
	for (unsigned i = 0; i < TEAMS; i++) {
		(void)snprintf(team, sizeof team, "oost-%u", i);
		if (!summary_of(team, "2019-Q4", &summary) || summary.answered != 1)
			fail_msg("%s: %u answered", team, (unsigned)summary.answered);
	}
}

static void tap_for_two_days(void *context)
{
	struct fixture *fixture = context;

	if (fixture->told == 2)
		stop(fixture);
	if (fixture->sent > 0 || since_begin(fixture) < OUTAGE_MS)
		return;
	send_event(fixture, question(0, TODAY, 1, ANSWERED));
	send_event(fixture, question(1, TODAY - SLOTS, 1, ANSWERED));
}

static void test_days_far_apart_go_out_both(void **state)
{
	static struct summary summary;
	struct fixture *fixture = *state;

	place_configure(&fixture->place, config, "counting_since = \"2019-01-01\";\n");
	live(fixture, tap_for_two_days, NOW);
	assert_true(summary_of("oost", "2019-Q4", &summary));
	assert_int_equal(summary.answered, 1);
	assert_true(summary_of("oost", "2019-Q1", &summary));
	assert_int_equal(summary.late, 1);
}

/* ---- A midnight at which something fails --------------------------------------------------------------------------------- */

static bool status_is_newest(const struct fixture *fixture)
{
	const struct retained *kept = broker_find("turf/v1/dekop/status/aggregator");
	char generation[64];

	(void)snprintf(generation, sizeof generation, "\"generation\":%llu,",
		       (unsigned long long)fixture->daemon.upkeep.generation);
	return kept && memmem(kept->bytes, kept->length, generation, strlen(generation));
}

static void pass_new_year(void *context)
{
	struct fixture *fixture = context;
	struct fault_plan once = {.seam = SEAM_LMDB, .call = "mdb_txn_begin", .nth = fixture->nth};

	if (since_begin(fixture) < OUTAGE_MS / 2)
		return;
	if (fixture->failing_ms == 0) {
		fixture->failing_ms = broker_now_ms();
		seam_set_time(NEW_YEARS_EVE + DAY_S);
		seam_arm(&once);
	}
	fixture->right = broker_find("turf/v1/dekop/summary/oost/2020-Q1") && status_is_newest(fixture);
	look_around(context);
}

static void test_a_new_quarter_is_told_whatever_failed_at_midnight(void **state)
{
	enum { BEGINS = 8 };
	struct fixture *fixture = *state;

	for (fixture->nth = 1; fixture->nth <= BEGINS; fixture->nth++) {
		place_remove(&fixture->place);
		place_make(&fixture->place);
		place_configure(&fixture->place, config, "");
		live(fixture, pass_new_year, NEW_YEARS_EVE);
		(void)seam_disarm();
		if (!fixture->right)
			fail_msg("failed at begin %u", fixture->nth);
	}
}

/* -------------------------------------------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	place_make(&fixture->place);
	place_configure(&fixture->place, config, "");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)seam_disarm();
	place_remove(&fixture->place);
	free(fixture);
	return 0;
}

#define SCENARIO_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_taps_do_not_wait_for_a_flood_to_end),
		SCENARIO_TEST(test_a_disk_with_room_again_is_found_in_a_flood),
		SCENARIO_TEST(test_a_full_disk_at_midnight_is_waited_for_at_rest),
		SCENARIO_TEST(test_deleted_bytes_go_without_a_midnight),
		SCENARIO_TEST(test_deleted_bytes_go_at_midnight),
		SCENARIO_TEST(test_what_has_ended_stays_as_it_ended),
		SCENARIO_TEST(test_a_reload_on_a_full_disk_publishes_nothing),
		SCENARIO_TEST(test_a_start_withdraws_what_has_no_figures_any_more),
		SCENARIO_TEST(test_a_connection_that_is_lost_as_figures_go_out),
		SCENARIO_TEST(test_all_is_told_again_after_a_lost_connection),
		SCENARIO_TEST(test_figures_that_move_at_once_go_out_all),
		SCENARIO_TEST(test_days_far_apart_go_out_both),
		SCENARIO_TEST(test_a_new_quarter_is_told_whatever_failed_at_midnight),
	};

	if (!getenv("TURF_LOG"))
		log_limit((enum log_level)0);
	return cmocka_run_group_tests_name("turns of a daemon", tests, NULL, NULL);
}
