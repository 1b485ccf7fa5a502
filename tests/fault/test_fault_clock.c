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

struct world {
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
	struct world *world = context;
	uint64_t since_begin_ms = broker_now_ms() - world->begun_ms;

	if (world->stopped || !broker_find(STATUS))
		return;
	world->still_waits = says_that_a_date_waits();
	world->waited |= world->still_waits;
	world->waited_early |= world->still_waits && since_begin_ms < PATIENCE_OVER_MS - HEARD_SOON_MS;
	if (world->synchronised_after_ms != 0 && since_begin_ms > world->synchronised_after_ms)
		seam_set_synchronised(true);
	if (since_begin_ms > STOP_AFTER_MS) {
		world->stopped = true;
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

static void live(struct world *world, time_t now)
{
	struct broker_watch watch = {.published = nothing_published, .idle = look, .context = world};
	struct daemon_options options = {.config_path = world->place.config};
	struct error error = {{0}};

	broker_reset(&watch);
	seam_set_time(now);
	world->begun_ms = broker_now_ms();
	world->stopped = world->waited = world->waited_early = false;
	if (daemon_open(&world->daemon, &options, &error) != 0 || daemon_run(&world->daemon, &error) != 0)
		fail_msg("%s", error.text);
	daemon_close(&world->daemon);
	place_restore_signals(&world->place);
	seam_set_synchronised(false);
}

static void off_for(struct world *world, unsigned days, bool synchronised)
{
	live(world, NOW);
	seam_set_synchronised(synchronised);
	live(world, NOW + (time_t)days * DAY_S);
}

static void test_a_weekend_off_is_no_alarm(void **state)
{
	struct world *world = *state;

	off_for(world, WEEKEND_DAYS, true);
	assert_false(world->waited);
}

static void test_a_holiday_off_is_no_alarm(void **state)
{
	struct world *world = *state;

	off_for(world, HOLIDAY_DAYS, true);
	assert_false(world->waited);
}

static void test_longer_than_a_holiday_is_told_at_once(void **state)
{
	struct world *world = *state;

	off_for(world, TOO_LONG_DAYS, true);
	assert_true(world->waited_early && world->still_waits);
}

static void test_a_clock_that_nobody_vouches_for_waits_for_the_operator(void **state)
{
	struct world *world = *state;

	off_for(world, WEEKEND_DAYS, false);
	assert_true(world->waited && world->still_waits);
	assert_false(world->waited_early); /* a time server might have come */
}

/* turfd starts before the time server has answered. */
static void test_a_time_server_that_is_heard_soon_is_no_alarm(void **state)
{
	struct world *world = *state;

	live(world, NOW);
	world->synchronised_after_ms = HEARD_SOON_MS;
	live(world, NOW + WEEKEND_DAYS * DAY_S);
	assert_false(world->waited);
}

static void test_a_time_server_that_is_heard_late_ends_the_alarm(void **state)
{
	struct world *world = *state;

	live(world, NOW);
	world->synchronised_after_ms = HEARD_LATE_MS;
	live(world, NOW + WEEKEND_DAYS * DAY_S);
	assert_true(world->waited);
	assert_false(world->still_waits);
}

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

	place_remove(&world->place);
	free(world);
	return 0;
}

#define TOLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD(test_a_weekend_off_is_no_alarm),
		TOLD(test_a_holiday_off_is_no_alarm),
		TOLD(test_longer_than_a_holiday_is_told_at_once),
		TOLD(test_a_clock_that_nobody_vouches_for_waits_for_the_operator),
		TOLD(test_a_time_server_that_is_heard_soon_is_no_alarm),
		TOLD(test_a_time_server_that_is_heard_late_ends_the_alarm),
	};

	if (!getenv("TURF_LOG"))
		log_limit((enum log_level)0);
	return cmocka_run_group_tests_name("a machine that was off", tests, NULL, NULL);
}
