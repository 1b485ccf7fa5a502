/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A daemon on a machine that was off, whose kernel says whether a time server vouches for the clock. The broker, the
 * time and the kernel's answer are broker.h's and seam.h's.
 */
#include <signal.h>

#include "aggregator/daemon/daemon.h"
#include "base/log.h"
#include "tests/fault/lib/broker.h"
#include "tests/fault/lib/place.h"
#include "tests/fault/lib/seam.h"
#include "tests/unit/lib/store_stage.h"

enum {
	NOW = UNIX_NOW + 7200, /* 02:00 in Amsterdam on the stage's day */
	DAY_S = 86400,
	WEEKEND_DAYS = 3,
	HOLIDAY_DAYS = 14,
	TOO_LONG_DAYS = 32,
	HEARD_SOON_MS = 30000, /* the time server, after the start */
	PATIENCE_OVER_MS = 130000,
	HEARD_LATE_MS = 150000,
	STOP_AFTER_MS = 170000,
};

#define STATUS "turf/v1/dekop/status/aggregator"
#define NOTHING_WAITS "\"date_pending\":null"

static const char config[] = "org = \"dekop\";\n"
			     "name = \"De Kop\";\n"
			     "store = \"store\";\n"
			     "broker = { address = \"mqtt://127.0.0.1:1883\"; };\n"
			     "zrm = ( { edition = \"2017\"; } );\n"
			     "teams = ( { id = \"oost\"; name = \"Oost\"; } );\n";

struct fixture {
	struct place place;
	struct daemon daemon;
	uint64_t begun_ms;
	bool stopped;
	uint64_t synchronised_after_ms; /* 0: the kernel's answer stays as it is */
	bool waited_early;              /* the status said so before a time server can have been heard */
	bool waited;                    /* and at any time */
	bool still_waits;               /* at the end */
};

/* The status that stands after a life is the will's, which knows no dates. */
static bool says_that_a_date_waits(void)
{
	const struct retained *kept = broker_find(STATUS);

	assert_non_null(kept);
	return !memmem(kept->bytes, kept->length, NOTHING_WAITS, strlen(NOTHING_WAITS));
}

static void look(void *context)
{
	struct fixture *fixture = context;
	uint64_t since_begin_ms = broker_now_ms() - fixture->begun_ms;

	if (fixture->stopped || !broker_find(STATUS))
		return;
	fixture->still_waits = says_that_a_date_waits();
	fixture->waited |= fixture->still_waits;
	fixture->waited_early |= fixture->still_waits && since_begin_ms < PATIENCE_OVER_MS - HEARD_SOON_MS;
	if (fixture->synchronised_after_ms != 0 && since_begin_ms > fixture->synchronised_after_ms)
		seam_set_synchronised(true);
	if (since_begin_ms > STOP_AFTER_MS) {
		fixture->stopped = true;
		(void)kill(getpid(), SIGTERM);
	}
}

static void nothing_published(void *context, const char *topic, const uint8_t *bytes, size_t length)
{
	(void)context;
	(void)topic;
	(void)bytes;
	(void)length;
}

static void live(struct fixture *fixture, time_t now)
{
	struct broker_watch watch = {.published = nothing_published, .idle = look, .context = fixture};
	struct daemon_options options = {.config_path = fixture->place.config};
	struct error error = {{0}};

	broker_reset(&watch);
	seam_set_time(now);
	fixture->begun_ms = broker_now_ms();
	fixture->stopped = fixture->waited = fixture->waited_early = false;
	if (daemon_open(&fixture->daemon, &options, &error) != 0 || daemon_run(&fixture->daemon, &error) != 0)
		fail_msg("%s", error.text);
	daemon_close(&fixture->daemon);
	place_restore_signals(&fixture->place);
	seam_set_synchronised(false);
}

static void off_for(struct fixture *fixture, unsigned days, bool synchronised)
{
	live(fixture, NOW);
	seam_set_synchronised(synchronised);
	live(fixture, NOW + (time_t)days * DAY_S);
}

static void test_a_weekend_off_is_no_alarm(void **state)
{
	struct fixture *fixture = *state;

	off_for(fixture, WEEKEND_DAYS, true);
	assert_false(fixture->waited);
}

static void test_a_holiday_off_is_no_alarm(void **state)
{
	struct fixture *fixture = *state;

	off_for(fixture, HOLIDAY_DAYS, true);
	assert_false(fixture->waited);
}

static void test_longer_than_a_holiday_is_told_at_once(void **state)
{
	struct fixture *fixture = *state;

	off_for(fixture, TOO_LONG_DAYS, true);
	assert_true(fixture->waited_early && fixture->still_waits);
}

static void test_a_clock_that_nobody_vouches_for_waits_for_the_operator(void **state)
{
	struct fixture *fixture = *state;

	off_for(fixture, WEEKEND_DAYS, false);
	assert_true(fixture->waited && fixture->still_waits);
	assert_false(fixture->waited_early); /* a time server might have come */
}

/* turfd starts before the time server has answered. */
static void test_a_time_server_that_is_heard_soon_is_no_alarm(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, NOW);
	fixture->synchronised_after_ms = HEARD_SOON_MS;
	live(fixture, NOW + WEEKEND_DAYS * DAY_S);
	assert_false(fixture->waited);
}

static void test_a_time_server_that_is_heard_late_ends_the_alarm(void **state)
{
	struct fixture *fixture = *state;

	live(fixture, NOW);
	fixture->synchronised_after_ms = HEARD_LATE_MS;
	live(fixture, NOW + WEEKEND_DAYS * DAY_S);
	assert_true(fixture->waited);
	assert_false(fixture->still_waits);
}

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

	place_remove(&fixture->place);
	free(fixture);
	return 0;
}

#define SCENARIO_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_a_weekend_off_is_no_alarm),
		SCENARIO_TEST(test_a_holiday_off_is_no_alarm),
		SCENARIO_TEST(test_longer_than_a_holiday_is_told_at_once),
		SCENARIO_TEST(test_a_clock_that_nobody_vouches_for_waits_for_the_operator),
		SCENARIO_TEST(test_a_time_server_that_is_heard_soon_is_no_alarm),
		SCENARIO_TEST(test_a_time_server_that_is_heard_late_ends_the_alarm),
	};

	if (!getenv("TURF_LOG"))
		log_limit((enum log_level)0);
	return cmocka_run_group_tests_name("a machine that was off", tests, NULL, NULL);
}
