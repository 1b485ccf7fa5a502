/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call of a device fails in turn while it joins, fetches a batch and takes tokens. turfdoor itself works. After a fault
 * the same thing tried again succeeds: the invitation is not lost, no batch is, and no token is taken twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/scenario.h"
#include "tests/unit/lib/door_wire.h"

enum { SEAMS_OF_DEVICE = 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE };

struct fixture {
	struct door_wire wire;
	http_sender *send; /* of the wire */
	struct token_store_token token;
	bool taken;
};

static int send_without_faults(void *context, const struct http_request *request, struct http_answer *answer,
			       struct error *error)
{
	struct fixture *fixture = context;
	int rc;

	seam_pause();
	rc = fixture->send(&fixture->wire, request, answer, error);
	seam_resume();
	return rc;
}

/* turfdoor's memory is not looked at: it is closed between two runs. */
static void open_both(struct fixture *fixture)
{
	if (!fixture->wire.stage.door)
		door_stage_open(&fixture->wire.stage);
	door_wire_open(&fixture->wire);
}

static void close_both(struct fixture *fixture)
{
	door_wire_close(&fixture->wire);
	door_stage_close(&fixture->wire.stage);
}

static int set_up(void **state)
{
	static struct fixture fixture;

	door_wire_make(&fixture.wire);
	fixture.send = fixture.wire.buyer.send;
	fixture.wire.buyer.send = send_without_faults;
	fixture.wire.buyer.context = &fixture;
	close_both(&fixture);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	open_both(fixture);
	door_wire_remove(&fixture->wire);
	return 0;
}

static int count_device(void *context, const struct door_device *device)
{
	(void)device;
	++*(unsigned *)context;
	return 0;
}

static unsigned devices(struct fixture *fixture)
{
	struct door_wire *wire = &fixture->wire;
	unsigned n = 0;

	assert_int_equal(door_list(wire->stage.door, count_device, &n, &wire->error), 0);
	return n;
}

/* Takes all tokens that are there; how many. Those that were taken before are not among them. */
static unsigned take_all(struct fixture *fixture)
{
	struct token_store_token token;
	unsigned n = 0;

	while (door_wire_take(&fixture->wire, &token)) {
		assert_false(fixture->taken && strcmp(token.text, fixture->token.text) == 0);
		n++;
	}
	return n;
}

/* ---- Joining ---------------------------------------------------------------------------------------------------- */

static unsigned devices_before;

static void begin_invited(void *context)
{
	struct fixture *fixture = context;

	folder_clear(fixture->wire.folder);
	fixture->taken = false;
	open_both(fixture);
	door_wire_invite(&fixture->wire, "oost");
	devices_before = devices(fixture);
}

static int act_join(void *context, struct error *error)
{
	struct fixture *fixture = context;
	int rc = door_wire_join(&fixture->wire);

	*error = fixture->wire.error;
	return rc;
}

static void end_join(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct token_store_member member;

	(void)failed;
	assert_true(rc <= 0);
	door_wire_close(&fixture->wire);
	door_wire_open(&fixture->wire);
	if (rc < 0)
		assert_int_equal(door_wire_join(&fixture->wire), 0);
	assert_int_equal(token_store_member(fixture->wire.outbox, &member, NULL), 0);
	assert_int_equal(member.state, TOKEN_STORE_JOINED);
	assert_int_equal(devices(fixture), devices_before + 1);
	close_both(fixture);
}

static void joining(void **state)
{
	static const struct scenario scenario = {"join", begin_invited, act_join, end_join, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->wire.folder, SEAMS_OF_DEVICE);
}

/* ---- Fetching a batch ------------------------------------------------------------------------------------------- */

static void begin_joined(void *context)
{
	struct fixture *fixture = context;

	begin_invited(fixture);
	assert_int_equal(door_wire_join(&fixture->wire), 0);
}

static int act_fetch(void *context, struct error *error)
{
	struct fixture *fixture = context;
	int rc = door_wire_fetch(&fixture->wire);

	*error = fixture->wire.error;
	return rc;
}

static void end_fetch(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	assert_true(rc <= 0);
	door_wire_close(&fixture->wire);
	door_wire_open(&fixture->wire);
	assert_int_equal(door_wire_fetch(&fixture->wire), 0);
	assert_int_equal(take_all(fixture), STAGE_BATCH);
	close_both(fixture);
}

static void fetching(void **state)
{
	static const struct scenario scenario = {"fetch a batch", begin_joined, act_fetch, end_fetch, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->wire.folder, SEAMS_OF_DEVICE);
}

static void begin_revoked(void *context)
{
	struct fixture *fixture = context;
	struct door_stage *stage = &fixture->wire.stage;

	begin_joined(fixture);
	assert_int_equal(door_revoke(stage->door, devices(fixture), stage->today, &stage->error), 0);
}

/* It knows that it was revoked, or it asks again and is told. */
static void end_revoked(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct token_store_member member;

	(void)failed;
	assert_true(rc < 0 || rc == TOKEN_BUYER_REVOKED);
	door_wire_close(&fixture->wire);
	door_wire_open(&fixture->wire);
	assert_int_equal(door_wire_fetch(&fixture->wire), TOKEN_BUYER_REVOKED);
	assert_int_equal(token_store_member(fixture->wire.outbox, &member, NULL), 0);
	assert_int_equal(member.state, TOKEN_STORE_REVOKED);
	assert_int_equal(take_all(fixture), 0);
	close_both(fixture);
}

static void fetching_when_revoked(void **state)
{
	static const struct scenario scenario = {"fetch when revoked", begin_revoked, act_fetch, end_revoked, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->wire.folder, SEAMS_OF_DEVICE);
}

/* ---- Taking a token --------------------------------------------------------------------------------------------- */

static void begin_fetched(void *context)
{
	struct fixture *fixture = context;

	begin_joined(fixture);
	assert_int_equal(door_wire_fetch(&fixture->wire), 0);
}

static int act_take(void *context, struct error *error)
{
	struct fixture *fixture = context;
	int rc = token_store_take(fixture->wire.outbox, (int64_t)fixture->wire.stage.now, &fixture->token, error);

	fixture->taken = rc == 0;
	return rc;
}

/* A fault that came after the commit costs a token; nothing can make one be taken twice. */
static void end_take(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	unsigned left;

	(void)failed;
	assert_true(rc <= 0);
	door_wire_close(&fixture->wire);
	door_wire_open(&fixture->wire);
	left = take_all(fixture);
	assert_true(left == STAGE_BATCH - 1 || (rc < 0 && left == STAGE_BATCH));
	close_both(fixture);
}

static void taking(void **state)
{
	static const struct scenario scenario = {"take a token", begin_fetched, act_take, end_take, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->wire.folder, 1 << SEAM_LMDB | 1 << SEAM_FILE);
}

static int act_give_back(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return token_store_give_back(fixture->wire.outbox, &fixture->token, false, error);
}

static void begin_taken(void *context)
{
	struct fixture *fixture = context;

	begin_fetched(fixture);
	assert_true(door_wire_take(&fixture->wire, &fixture->token));
}

static void end_give_back(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	door_wire_close(&fixture->wire);
	door_wire_open(&fixture->wire);
	if (rc < 0)
		assert_int_equal(act_give_back(fixture, &fixture->wire.error), 0);
	assert_int_equal(take_all(fixture), STAGE_BATCH);
	close_both(fixture);
}

static void giving_back(void **state)
{
	static const struct scenario scenario = {"give a token back", begin_taken, act_give_back, end_give_back, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->wire.folder, 1 << SEAM_LMDB | 1 << SEAM_FILE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(joining), TEST(fetching), TEST(fetching_when_revoked), TEST(taking), TEST(giving_back),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, tokens", tests, NULL, NULL);
}
