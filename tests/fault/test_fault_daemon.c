/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a whole turfd: from its configuration to its farewell, through two waves of phones, a
 * reload that brings a label, a midnight at which a quarter closes, a compaction, and a date that leaps by months, so
 * that all ids are purged; the broker is broker.h's. What fails for good is mended after a minute. If the daemon ends,
 * it is started again, as its service manager does.
 *
 * Whatever failed: no receipt goes out before what it says is on the disk; no figure goes out that has lost something;
 * in the end every event has its receipt and counts once; the broker's figures are the store's; and nobody is said to be
 * online who is not.
 */
#include <signal.h>

#include "aggregator/daemon/daemon.h"
#include "base/log.h"
#include "tests/fault/lib/broker.h"
#include "tests/fault/lib/broker_check.h"
#include "tests/fault/lib/place.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/scenario.h"
#include "tests/unit/lib/store_stage.h"

enum {
	NOW = UNIX_NOW + 7200, /* 02:00 in Amsterdam on the stage's day */
	DAY_S = 86400,
	OLD_DAYS = 14,   /* settled at midnight */
	LEAP_DAYS = 150, /* all is purged */
	LAST_DAY = TODAY + 1 + LEAP_DAYS + 1,
	NEW_LABEL = 8,
	WAVE = 12, /* events */
	EVENTS = 2 * WAVE,
	RESEND_MS = 10000,
	QUIET_MS = 3000,
	MENDED_AFTER_MS = 60000,    /* it failed */
	RECOVERED_AFTER_MS = 90000, /* it was mended: longer than any wait before something is tried again */
	END_MS = 3600000,           /* by then all is done, whatever failed */
};

#define CLIENT_ID "abcdefghijklmnopqrstuv"
#define DATA "store/data.mdb"

static const char config[] = "org = \"dekop\";\n"
			     "name = \"De Kop\";\n"
			     "store = \"store\";\n"
			     "broker = { address = \"mqtt://127.0.0.1:1883\"; };\n"
			     "limits = { compact_days = 1; };\n"
			     "counting_since = \"2019-07-01\";\n"
			     "accept_days = 60;\n"
			     "grace_days = 46;\n" /* the third quarter closes at midnight */
			     "cells = 4;\n"
			     "retraction_proof = \"optional\";\n"
			     "teams = ( { id = \"oost\"; name = \"Oost\"; }, { id = \"west\"; name = \"West\"; } );\n"
			     "zrm = ( { edition = \"2017\"; } );\n";
static const char label[] = "labels = ( { code = 7; name = \"Sportfonds\"; kind = \"subject\"; } );\n";
static const char labels[] = "labels = ( { code = 7; name = \"Sportfonds\"; kind = \"subject\"; },\n"
			     "           { code = 8; name = \"Stadspas\"; kind = \"subject\"; } );\n";

enum phase { FIRST_WAVE, SECOND_WAVE, LEAP, DAY_AFTER, LEAVING };

static const uint32_t day_in[] = {TODAY, TODAY + 1, TODAY + 1 + LEAP_DAYS, LAST_DAY, LAST_DAY};

struct phone_event {
	struct event event;
	const char *team;
	bool refused;
	bool told;
};

struct fixture {
	struct place place;
	struct daemon daemon;
	struct phone_event events[EVENTS];
	enum phase phase;
	uint64_t sent_ms, reloaded_ms, quiet_since_ms, begun_ms;
	uint64_t failed_ms; /* 0: nothing has failed yet */
	struct power *power;
	bool asked_to_stop, recovered; /* before it was asked to stop */
	unsigned lives;
	bool patient; /* whatever fails has recovered before the next thing happens */
	char lie[128];
};

/* ---- Phones --------------------------------------------------------------------------------------------------- */

/* Questions of two teams and two quarters, one of them taken back, one of a team that is none. */
static void make_events(struct fixture *fixture)
{
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct phone_event *one = &fixture->events[i];
		uint32_t day = day_in[i / WAVE];

		*one = (struct phone_event){.team = i % 3 ? "oost" : "west"};
		one->event = i % 4 ? question(i, day, i % 2 ? 1 : 3, ANSWERED) : labelled(i, day, 7);
		if (i % WAVE == 5)
			*one = (struct phone_event){.event = retraction(i - 1, day), .team = "oost"};
		if (i % WAVE == 6)
			*one = (struct phone_event){
				.event = question(i, day, 1, ANSWERED), .team = "zuid", .refused = true};
		if (i % WAVE == 7)
			one->event.day = day - OLD_DAYS;
		if (i % WAVE == 8)
			one->event.day = Q3_LAST;
		if (i == WAVE + 9)
			one->event = labelled(i, day, NEW_LABEL);
	}
}

static uint32_t last_of(enum phase phase)
{
	return phase == FIRST_WAVE ? WAVE : EVENTS;
}

static bool has_new_label(void)
{
	const struct retained *retained = broker_find("turf/v1/dekop/catalogue");
	struct catalogue catalogue;
	bool has;

	if (!retained || catalogue_decode(retained->bytes, retained->length, &catalogue) != 0)
		return false;
	has = catalogue.n_labels == 2;
	catalogue_release(&catalogue);
	return has;
}

/* A phone sends its retraction when the question has its receipt, and a label when it has read of it. */
static bool held_back(const struct fixture *fixture, uint32_t i)
{
	const struct event *event = &fixture->events[i].event;

	return (event->act == ACT_RETRACTION && !fixture->events[i - 1].told) ||
	       (event->n_labels == 1 && event->labels[0] == NEW_LABEL && !has_new_label());
}

static bool all_told(const struct fixture *fixture)
{
	for (uint32_t i = 0; i < last_of(fixture->phase); i++)
		if (!fixture->events[i].told)
			return false;
	return true;
}

static void send_untold(struct fixture *fixture)
{
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	char topic[TOPIC_BYTES];

	for (uint32_t i = 0; i < last_of(fixture->phase); i++) {
		if (fixture->events[i].told || held_back(fixture, i))
			continue;
		topic_registration(topic, "dekop", fixture->events[i].team);
		broker_put(topic, bytes,
			   submission_encode(&fixture->events[i].event, 1, CLIENT_ID, bytes, sizeof bytes));
	}
	broker_put("turf/v1/dekop/registration/oost", (const uint8_t *)"\xff\xff", 2);
	fixture->sent_ms = broker_now_ms();
}

/* What the receipt says must be on the disk by now. */
static void take_result(void *context, const struct result *result)
{
	struct fixture *fixture = context;

	while (power_step(fixture->power))
		;
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct phone_event *one = &fixture->events[i];
		bool question_told = result->verdict == VERDICT_COUNTED || result->verdict == VERDICT_COUNTED_LATE ||
				     result->verdict == VERDICT_ALREADY_COUNTED;

		if (memcmp(result->id, &one->event.id, EVENT_ID_BYTES) != 0)
			continue;
		if (words_verdict_is_refusal(result->verdict) != one->refused)
			(void)snprintf(fixture->lie, sizeof fixture->lie, "event %u: %s", i,
				       words_verdict(result->verdict));
		if (!one->refused && !power_holds(fixture->power, DATA, &one->event.id, EVENT_ID_BYTES))
			(void)snprintf(fixture->lie, sizeof fixture->lie,
				       "event %u has its receipt and is not on the disk", i);
		if (one->refused || question_told == (one->event.act == ACT_QUESTION) ||
		    result->verdict == VERDICT_ALREADY_RETRACTED)
			one->told = true;
	}
}

static void published(void *context, const char *topic, const uint8_t *bytes, size_t length)
{
	struct fixture *fixture = context;
	struct topic parsed;
	const char *wrong;

	if (topic_parse(topic, strlen(topic), &parsed) == TOPIC_STATUS)
		return;
	fixture->quiet_since_ms = broker_now_ms();
	wrong = broker_check_publication(topic, bytes, length, 1);
	if (wrong)
		(void)snprintf(fixture->lie, sizeof fixture->lie, "%s: %s", topic, wrong);
	if (parsed.kind == TOPIC_RECEIPT && receipt_decode(bytes, length, take_result, fixture) != 0)
		(void)snprintf(fixture->lie, sizeof fixture->lie, "a receipt that is none");
}

/* ---- What happens meanwhile --------------------------------------------------------------------------------------- */

/* What fails for good is mended after a while. False: it is not, or not long enough. */
static bool mended(struct fixture *fixture)
{
	if (seam_failed() && fixture->failed_ms == 0)
		fixture->failed_ms = broker_now_ms();
	if (fixture->failed_ms != 0 && broker_now_ms() > fixture->failed_ms + MENDED_AFTER_MS)
		(void)seam_disarm();
	return fixture->failed_ms == 0 || broker_now_ms() > fixture->failed_ms + MENDED_AFTER_MS + RECOVERED_AFTER_MS;
}

static void reload(struct fixture *fixture)
{
	(void)kill(getpid(), SIGHUP);
	fixture->reloaded_ms = broker_now_ms();
}

static void next_phase(struct fixture *fixture)
{
	if (fixture->phase == FIRST_WAVE) {
		place_configure(&fixture->place, config, labels);
		reload(fixture);
	}
	if (fixture->phase == LEAVING || fixture->phase == DAY_AFTER) {
		fixture->recovered = fixture->failed_ms != 0;
		if (!fixture->asked_to_stop)
			(void)kill(getpid(), SIGTERM);
		fixture->asked_to_stop = true;
	}
	fixture->phase += fixture->phase != LEAVING;
	seam_set_time(NOW + DAY_S * (time_t)(day_in[fixture->phase] - TODAY));
	fixture->sent_ms = 0;
	fixture->quiet_since_ms = broker_now_ms();
}

static void idle(void *context)
{
	struct fixture *fixture = context;
	uint64_t now_ms = broker_now_ms();
	bool over = mended(fixture);

	if (now_ms > fixture->begun_ms + END_MS) {
		(void)snprintf(fixture->lie, sizeof fixture->lie, "it never ends");
		(void)kill(getpid(), SIGTERM);
	} else if (!all_told(fixture)) {
		if (now_ms >= fixture->sent_ms + RESEND_MS)
			send_untold(fixture);
		if (fixture->phase == SECOND_WAVE && !has_new_label() && now_ms >= fixture->reloaded_ms + RESEND_MS)
			reload(fixture); /* the operator looks */
	} else if (now_ms > fixture->quiet_since_ms + QUIET_MS &&
		   (over || !(fixture->patient || fixture->phase == DAY_AFTER)) &&
		   broker_says_online("dekop", day_in[fixture->phase])) {
		if (over)
			broker_check_all(fixture->daemon.store, day_in[fixture->phase]);
		next_phase(fixture);
	}
}

/* One life of the daemon. */
static int live(struct fixture *fixture, struct error *error)
{
	struct daemon_options options = {.config_path = fixture->place.config};
	int rc = daemon_open(&fixture->daemon, &options, error);

	if (rc < 0)
		return rc;
	fixture->quiet_since_ms = broker_now_ms(); /* it has a while to say how things are */
	rc = daemon_run(&fixture->daemon, error);
	daemon_close(&fixture->daemon);
	return rc;
}

/* ---- The scenario ------------------------------------------------------------------------------------------------------ */

static void begin_life(void *context)
{
	struct fixture *fixture = context;
	struct broker_watch watch = {.published = published, .idle = idle, .context = fixture};

	place_clear(&fixture->place);
	broker_reset(&watch);
	seam_set_time(NOW);
	place_configure(&fixture->place, config, label);
	make_events(fixture);
	fixture->phase = FIRST_WAVE;
	fixture->sent_ms = fixture->reloaded_ms = fixture->quiet_since_ms = fixture->failed_ms = 0;
	fixture->recovered = false;
	fixture->patient = fixture->lives++ / 3 % 2;
	fixture->begun_ms = broker_now_ms();
	fixture->asked_to_stop = false;
	fixture->lie[0] = '\0';
	record_begin(fixture->place.folder);
	fixture->power = power_new();
}

static int act_life(void *context, struct error *error)
{
	return live(context, error);
}

/* A signal that nobody read any more is not for the next one. */
static void drop_signals(struct fixture *fixture)
{
	static const struct timespec at_once = {0};
	sigset_t all;

	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGTERM);
	(void)sigaddset(&all, SIGHUP);
	while (sigtimedwait(&all, NULL, &at_once) > 0)
		;
	fixture->asked_to_stop = false;
}

static uint64_t expected_in(const struct fixture *fixture, const char *team, uint32_t quarter)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < EVENTS; i++) {
		const struct phone_event *one = &fixture->events[i];
		bool counts = one->event.act == ACT_QUESTION && !one->refused && i % WAVE != 4;

		n += counts && strcmp(one->team, team) == 0 && quarter_of_day(one->event.day) == quarter;
	}
	return n;
}

/* Whether the last question of the quarter that closes came before it closed or was late, nobody can say. */
static void check_store(struct fixture *fixture, struct store *store)
{
	static const char *const teams[] = {"oost", "west"};
	struct stage stage = {.store = store, .today = LAST_DAY};

	assert_sound(&stage);
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t quarter = Q3_2019; quarter <= Q4_2019; quarter++) {
			uint64_t n = counted_in(&stage, teams[i], quarter) + late_in(&stage, teams[i], quarter);

			if (n != expected_in(fixture, teams[i], quarter))
				fail_msg("%s: %u of %s, %u expected", scenario_where(), (unsigned)n, teams[i],
					 (unsigned)expected_in(fixture, teams[i], quarter));
		}
	}
	assert_int_equal(state_of(&stage).final_through, Q4_2019);
	assert_int_equal(figures_of(&stage).ids, 0);
}

static void check_all(struct fixture *fixture)
{
	struct store_options options = {
		.path = fixture->place.store, .org = "dekop", .unix_seconds = NOW, .today = LAST_DAY};
	struct store *store;
	struct error error;

	if (store_open(&store, &options, &error) != 0)
		fail_msg("%s: %s", scenario_where(), error.text);
	check_store(fixture, store);
	broker_check_all(store, LAST_DAY);
	store_close(store);
}

static void end_life(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct error error = {{0}};

	drop_signals(fixture);
	if (!broker_says_offline("dekop"))
		fail_msg("%s: it is gone and said to be online", scenario_where());
	/* The service manager starts again what has failed; what went wrong in the farewell is the next one's to mend. */
	if (rc < 0 || (failed && !fixture->recovered))
		rc = live(fixture, &error);
	if (rc < 0)
		fail_msg("%s, again: %s", scenario_where(), error.text);
	drop_signals(fixture);
	record_forget();
	power_free(fixture->power);
	if (fixture->lie[0] != '\0')
		fail_msg("%s: %s", scenario_where(), fixture->lie);
	assert_true(fixture->phase == LEAVING && all_told(fixture));
	check_all(fixture);
	place_restore_signals(&fixture->place);
}

static void tell_life(void **state, unsigned seams)
{
	static const struct scenario scenario = {"a daemon's life", begin_life, act_life, end_life, .sparse = true};
	struct fixture *fixture = *state;

	/* Once without: libraries take what they keep for good. */
	begin_life(fixture);
	end_life(fixture, act_life(fixture, &(struct error){{0}}), NULL);
	scenario_run(&scenario, fixture, fixture->place.folder, seams);
}

static void test_memory(void **state)
{
	tell_life(state, 1 << SEAM_MEMORY);
}

static void test_lmdb(void **state)
{
	tell_life(state, 1 << SEAM_LMDB);
}

static void test_files(void **state)
{
	tell_life(state, 1 << SEAM_FILE);
}

static void test_clock_and_random_source(void **state)
{
	tell_life(state, 1 << SEAM_CLOCK | 1 << SEAM_RANDOM);
}

static void test_broker(void **state)
{
	tell_life(state, 1 << SEAM_BROKER);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	place_make(&fixture->place);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	place_remove(&fixture->place);
	free(fixture);
	return 0;
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_memory), SCENARIO_TEST(test_lmdb),
		SCENARIO_TEST(test_files),  SCENARIO_TEST(test_clock_and_random_source),
		SCENARIO_TEST(test_broker),
	};

	if (!getenv("TURF_LOG"))
		log_limit((enum log_level)0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, daemon", tests, setup, teardown);
}
