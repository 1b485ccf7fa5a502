/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A device joins and fetches tokens from a turfdoor in the same process: what is on disk before it is sent, what is sent again
 * after something got lost, and which token is taken next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "broker-client/libturf/token_store_away.h"
#include "proto/rules.h"
#include "tests/unit/lib/door_wire.h"

enum { SECONDS_A_DAY = 86400, WEEK = 7 };

static int setup(void **state)
{
	static struct door_wire wire;

	door_wire_make(&wire);
	*state = &wire;
	return 0;
}

static int teardown(void **state)
{
	door_wire_remove(*state);
	return 0;
}

static void enrol(struct door_wire *wire)
{
	door_wire_invite(wire, "oost");
	assert_int_equal(door_wire_join(wire), 0);
}

static unsigned tokens_left(struct door_wire *wire)
{
	struct token_store_batches batches;
	unsigned left = 0;

	assert_int_equal(token_store_batches(wire->outbox, &batches, &wire->error), 0);
	for (size_t i = 0; i < batches.n; i++)
		left += batches.all[i].tokens;
	return left;
}

static struct token_store_member member_of(struct door_wire *wire)
{
	struct token_store_member member;

	assert_int_equal(token_store_member(wire->outbox, &member, &wire->error), 0);
	return member;
}

static int count_device(void *context, const struct door_device *device)
{
	(void)device;
	++*(unsigned *)context;
	return 0;
}

static unsigned devices(struct door_wire *wire)
{
	unsigned n = 0;

	assert_int_equal(door_list(wire->stage.door, count_device, &n, &wire->error), 0);
	return n;
}

/* ---- Links ------------------------------------------------------------------------------------------------------ */

#define CODE "AAECAwQFBgcICQoLDA0ODw"

static void links_of_invitations(void **state)
{
	static const struct {
		const char *link, *origin; /* NULL: it is refused */
	} links[] = {
		{"https://turf.example.nl/#join=" CODE, "https://turf.example.nl"},
		{"https://turf.example.nl:8443/door/#join=" CODE, "https://turf.example.nl:8443"},
		{"https://turf.example.nl#join=" CODE, "https://turf.example.nl"},
		{"http://127.0.0.1:8090/#join=" CODE, "http://127.0.0.1:8090"},
		{"http://[::1]:8090/#join=" CODE, "http://[::1]:8090"},
		{"http://localhost/#join=" CODE, "http://localhost"},
		{"http://turf.example.nl/#join=" CODE, NULL},
		{"http://127.0.0.1.example.nl/#join=" CODE, NULL},
		{"http://127.0.0.1@example.nl/#join=" CODE, NULL},
		{"http://localhost.example.nl/#join=" CODE, NULL},
		{"https://user@turf.example.nl/#join=" CODE, NULL},
		{"https:///#join=" CODE, NULL},
		{"ftp://turf.example.nl/#join=" CODE, NULL},
		{"turf.example.nl/#join=" CODE, NULL},
		{"https://turf.example.nl/#join=" CODE "A", NULL},
		{"https://turf.example.nl/#join=AAECAwQFBgcICQoLDA0OD", NULL},
		{"https://turf.example.nl/#join=" CODE " ", NULL},
		{"https://turf.example.nl/#join=", NULL},
		{"https://turf.example.nl/", NULL},
		{"", NULL},
	};
	struct token_buyer_invitation invitation;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		int rc = token_buyer_parse_link(links[i].link, &invitation, &error);

		if (rc != (links[i].origin ? 0 : FAULT_INPUT))
			fail_msg("%s: %d", links[i].link, rc);
		if (rc != 0)
			continue;
		assert_string_equal(invitation.origin, links[i].origin);
		for (uint8_t byte = 0; byte < TOKEN_STORE_CODE_BYTES; byte++)
			assert_int_equal(invitation.code[byte], byte);
	}
}

/* ---- Joining ---------------------------------------------------------------------------------------------------- */

static void a_device_joins(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_member member;
	char org[SLUG_BYTES];

	assert_int_equal(token_store_member(wire->outbox, &member, NULL), TOKEN_STORE_NONE);
	assert_int_equal(token_buyer_org(&wire->buyer, WIRE_ORIGIN, org, &wire->error), 0);
	assert_string_equal(org, WIRE_ORG);
	door_wire_invite(wire, "oost west");
	assert_int_equal(door_wire_join(wire), 0);
	door_wire_close(wire);
	door_wire_open(wire);
	member = member_of(wire);
	assert_int_equal(member.state, TOKEN_STORE_JOINED);
	assert_string_equal(member.scope, "oost.west");
	assert_string_equal(member.origin, WIRE_ORIGIN);
	assert_memory_equal(wire->body + TOKEN_STORE_CODE_BYTES, member.credential, TOKEN_STORE_CREDENTIAL_BYTES);
}

static void a_lost_answer_costs_no_invitation(void **state)
{
	struct door_wire *wire = *state;
	uint8_t sent[TOKEN_STORE_CODE_BYTES + TOKEN_STORE_CREDENTIAL_BYTES];

	door_wire_invite(wire, "oost");
	wire->lose_answer = true;
	assert_int_equal(door_wire_join(wire), FAULT_BROKER);
	memcpy(sent, wire->body, sizeof sent);
	wire->lose_answer = false;
	door_wire_close(wire);
	door_wire_open(wire);
	assert_int_equal(door_wire_join(wire), 0);
	assert_memory_equal(wire->body, sent, sizeof sent);
	assert_int_equal(door_wire_join(wire), 0); /* whoever types it twice is told the same */
	assert_memory_equal(wire->body, sent, sizeof sent);
	assert_int_equal(devices(wire), 1);
}

static void each_refusal_is_its_own(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_member member;
	char scope[SCOPE_BYTES];
	static const uint8_t other[DOOR_CREDENTIAL_BYTES] = {1};

	door_wire_invite(wire, "oost");
	wire->invitation.code[0] ^= 1;
	assert_int_equal(door_wire_join(wire), TOKEN_BUYER_NOT_INVITED);
	assert_non_null(strstr(wire->error.text, "ask for a new"));
	wire->invitation.code[0] ^= 1;
	assert_int_equal(door_join(wire->stage.door, wire->invitation.code, other, wire->stage.now, wire->stage.today,
				   scope, &wire->error),
			 0);
	assert_int_equal(door_wire_join(wire), TOKEN_BUYER_INVITATION_USED);
	assert_non_null(strstr(wire->error.text, "ask for a new"));
	door_wire_invite(wire, "oost");
	door_wire_wait(wire, 4);
	assert_int_equal(door_wire_join(wire), TOKEN_BUYER_INVITATION_ENDED);
	assert_non_null(strstr(wire->error.text, "ask for a new"));
	assert_int_equal(token_store_member(wire->outbox, &member, NULL), TOKEN_STORE_NONE);
	assert_int_equal(door_wire_fetch(wire), TOKEN_BUYER_NOT_JOINED);
	assert_int_equal(token_buyer_fetch(&wire->buyer, wire->outbox, "elders", 0, &wire->error),
			 TOKEN_BUYER_NOT_JOINED);
}

static void a_new_invitation_replaces_the_membership(void **state)
{
	struct door_wire *wire = *state;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
	door_wire_invite(wire, "west");
	assert_int_equal(door_wire_join(wire), 0);
	assert_string_equal(member_of(wire).scope, "west");
	assert_int_equal(tokens_left(wire), 0);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
}

static void the_door_of_another_org_gets_no_credential(void **state)
{
	struct door_wire *wire = *state;

	enrol(wire);
	wire->posts = 0;
	assert_int_equal(
		token_buyer_fetch(&wire->buyer, wire->outbox, "elders", (int64_t)wire->stage.now, &wire->error),
		FAULT_FOREIGN);
	assert_int_equal(wire->posts, 0);
}

/* ---- Fetching --------------------------------------------------------------------------------------------------- */

static void a_batch_gives_tokens_each_of_which_is_taken_once(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token tokens[STAGE_BATCH + 1];

	enrol(wire);
	assert_false(door_wire_take(wire, &tokens[0]));
	assert_int_equal(door_wire_fetch(wire), 0);
	for (unsigned i = 0; i < STAGE_BATCH; i++) {
		door_wire_close(wire);
		door_wire_open(wire);
		assert_true(door_wire_take(wire, &tokens[i]));
		for (unsigned other = 0; other < i; other++)
			assert_string_not_equal(tokens[i].text, tokens[other].text);
	}
	assert_false(door_wire_take(wire, &tokens[STAGE_BATCH]));
	wire->posts = 0;
	assert_int_equal(door_wire_fetch(wire), 0); /* there is one batch for a week */
	assert_int_equal(wire->posts, 0);
	assert_false(door_wire_take(wire, &tokens[STAGE_BATCH]));
}

static void after_a_lost_answer_the_same_batch_is_asked_for(void **state)
{
	struct door_wire *wire = *state;
	uint8_t sent[WIRE_BODY_MAX];
	size_t length;

	enrol(wire);
	wire->lose_request = true;
	assert_int_equal(door_wire_fetch(wire), FAULT_BROKER);
	length = wire->length;
	memcpy(sent, wire->body, length);
	wire->lose_request = false;
	wire->lose_answer = true;
	assert_int_equal(door_wire_fetch(wire), FAULT_BROKER);
	assert_int_equal(wire->length, length);
	assert_memory_equal(wire->body, sent, length);
	assert_int_equal(tokens_left(wire), 0);
	wire->lose_answer = false;
	door_wire_close(wire);
	door_wire_open(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_memory_equal(wire->body, sent, length);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
}

static void an_answer_that_hides_no_signature_is_not_believed(void **state)
{
	struct door_wire *wire = *state;

	enrol(wire);
	wire->damage_answer = true;
	assert_int_equal(door_wire_fetch(wire), FAULT_BROKER);
	assert_int_equal(tokens_left(wire), 0);
	wire->damage_answer = false;
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
}

static int64_t due(struct door_wire *wire)
{
	int64_t at;

	assert_int_equal(token_buyer_due(wire->outbox, (int64_t)wire->stage.now, &at, &wire->error), 0);
	return at;
}

static void next_week_is_fetched_ahead_at_a_moment_that_stays(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token, of_next;
	int64_t now = (int64_t)wire->stage.now, at;

	enrol(wire);
	assert_true(due(wire) <= now);
	assert_int_equal(door_wire_fetch(wire), 0);
	at = due(wire);
	assert_true(at >= now && at < now + WEEK * SECONDS_A_DAY);
	assert_int_equal(due(wire), at);
	wire->stage.now = (uint64_t)at + 1; /* of the same week */
	wire->stage.today = (uint32_t)(wire->stage.now / SECONDS_A_DAY);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), 2 * STAGE_BATCH);
	assert_true(due(wire) > at);
	assert_true(door_wire_take(wire, &token));
	wire->stage.now = STAGE_NOW;
	wire->stage.today = STAGE_TODAY;
	door_wire_wait(wire, WEEK);
	assert_true(due(wire) > (int64_t)wire->stage.now);
	assert_true(door_wire_take(wire, &of_next)); /* the newest week first */
	assert_memory_not_equal(token.key_id, of_next.key_id, TOKEN_DIGEST_BYTES);
}

static void a_token_is_taken_in_its_weeks_only(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	door_wire_wait(wire, 2 * WEEK + 6);
	assert_true(door_wire_take(wire, &token));
	door_wire_wait(wire, 1);
	assert_false(door_wire_take(wire, &token));
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
	wire->stage.now += RULES_AWAY_WAIT_MAX_S;
	assert_true(door_wire_take(wire, &token));
	wire->stage.now -= (uint64_t)WEEK * SECONDS_A_DAY;
	assert_false(door_wire_take(wire, &token));
}

static void a_rotated_scope_gives_new_tokens(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token old, new;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &old));
	assert_int_equal(door_rotate(wire->stage.door, "oost", &wire->error), 0);
	door_wire_wait(wire, 0);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
	assert_true(door_wire_take(wire, &new));
	assert_memory_not_equal(old.key_id, new.key_id, TOKEN_DIGEST_BYTES);
	assert_int_equal(token_store_give_back(wire->outbox, &old, false, &wire->error), TOKEN_STORE_NONE);
}

static void keys_that_turfdoor_does_not_have_void_no_token(void **state)
{
	struct door_wire *wire = *state;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(door_rotate(wire->stage.door, "oost", &wire->error),
			 0); /* and the new ones are not made yet */
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
}

/* ---- Refusals of batches ---------------------------------------------------------------------------------------- */

static void a_revoked_device_keeps_its_tokens_and_gets_no_more(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(door_revoke(wire->stage.door, 1, wire->stage.today, &wire->error), 0);
	door_wire_wait(wire, WEEK);
	assert_int_equal(door_wire_fetch(wire), TOKEN_BUYER_REVOKED);
	assert_non_null(strstr(wire->error.text, "ask for a new invitation"));
	assert_int_equal(member_of(wire).state, TOKEN_STORE_REVOKED);
	wire->posts = 0;
	assert_int_equal(door_wire_fetch(wire), TOKEN_BUYER_REVOKED);
	assert_int_equal(wire->posts, 0);
	assert_true(door_wire_take(wire, &token));
	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
}

static void a_device_that_turfdoor_has_forgotten_is_told(void **state)
{
	struct door_wire *wire = *state;

	enrol(wire);
	assert_int_equal(door_revoke(wire->stage.door, 1, wire->stage.today, &wire->error), 0);
	door_invite(wire->stage.door, &(const struct scope){.n_teams = 1, .teams = {"oost"}}, "", wire->stage.now,
		    wire->invitation.code, &wire->error);
	door_wire_wait(wire, 40);
	door_wire_invite(wire, "oost");
	door_wire_wait(wire, 0);
	assert_int_equal(door_wire_fetch(wire), TOKEN_BUYER_REVOKED);
	assert_int_equal(member_of(wire).state, TOKEN_STORE_FORGOTTEN);
}

/* An outbox that was copied before its batch was asked for. */
static void a_copy_of_an_outbox_is_told_that_the_batch_is_taken(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token;
	struct token_store_batches batches;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(token_store_batches(wire->outbox, &batches, &wire->error), 0);
	assert_int_equal(batches.n, 1);
	/* As if nothing had been stored: the batch is drawn again. */
	assert_int_equal(token_store_delete_old(wire->outbox, batches.all[0].not_after, NULL, "oost", &wire->error), 0);
	assert_int_equal(door_wire_fetch(wire), FAULT_BROKER);
	assert_non_null(strstr(wire->error.text, "copy"));
	wire->posts = 0;
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(wire->posts, 0);
	assert_false(door_wire_take(wire, &token));
	door_wire_wait(wire, WEEK);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &token));
}

/* ---- Tokens that come back --------------------------------------------------------------------------------------- */

static void a_refused_token_is_the_last_to_be_taken(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token refused, token;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &refused));
	assert_int_equal(token_store_give_back(wire->outbox, &refused, true, &wire->error), 0);
	for (unsigned i = 1; i < STAGE_BATCH; i++) {
		assert_true(door_wire_take(wire, &token));
		assert_string_not_equal(token.text, refused.text);
	}
	assert_true(door_wire_take(wire, &token));
	assert_string_equal(token.text, refused.text);
	assert_false(door_wire_take(wire, &token));
}

static void a_token_that_is_refused_again_after_another_was_taken_goes(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token refused, token;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &refused));
	for (unsigned times = 0; times < 2; times++) { /* the broker takes none */
		assert_int_equal(token_store_give_back(wire->outbox, &refused, true, &wire->error), 0);
		assert_true(door_wire_take(wire, &token));
		assert_int_equal(token_store_give_back(wire->outbox, &token, true, &wire->error), 0);
		assert_true(door_wire_take(wire, &refused));
	}
	assert_int_equal(token_store_give_back(wire->outbox, &refused, true, &wire->error), 0);
	assert_true(door_wire_take(wire, &token)); /* the broker takes this one */
	assert_int_equal(token_store_doubt_refused(wire->outbox, &wire->error), 0);
	assert_int_equal(token_store_doubt_refused(wire->outbox, &wire->error), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH - 1);
	for (unsigned i = 1; i < STAGE_BATCH; i++) {
		assert_true(door_wire_take(wire, &token));
		if (!token.doubtful)
			continue;
		assert_int_equal(token_store_give_back(wire->outbox, &token, false, &wire->error), 0);
		assert_true(door_wire_take(wire, &token));
		assert_true(token.doubtful);
		assert_int_equal(token_store_give_back(wire->outbox, &token, true, &wire->error), TOKEN_STORE_NONE);
	}
	assert_false(door_wire_take(wire, &token));
}

static void a_token_that_was_not_shown_goes_back(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token first, token;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &first));
	assert_int_equal(token_store_give_back(wire->outbox, &first, false, &wire->error), 0);
	assert_int_equal(tokens_left(wire), STAGE_BATCH);
	assert_true(door_wire_take(wire, &token));
	assert_string_equal(token.text, first.text);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static int damage_body(void *context, struct lmdb_txn *txn)
{
	(void)context;
	lmdb_put(txn, DB_DOOR, (struct span){(const uint8_t *)"member", 6}, (struct span){(const uint8_t *)"xy", 2});
	lmdb_put(txn, DB_TOKENS, (struct span){(const uint8_t *)"key", 3}, (struct span){(const uint8_t *)"xy", 2});
	return 0;
}

static void damaged_records_are_said_to_be(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_member member;
	struct token_store_batches batches;
	struct token_store_token token;

	assert_int_equal(db_write(wire->outbox, damage_body, NULL, &wire->error), 0);
	assert_int_equal(token_store_member(wire->outbox, &member, &wire->error), FAULT_DAMAGED);
	assert_int_equal(token_store_batches(wire->outbox, &batches, &wire->error), FAULT_DAMAGED);
	assert_int_equal(token_store_take(wire->outbox, 0, &token, &wire->error), FAULT_DAMAGED);
	assert_int_equal(door_wire_fetch(wire), FAULT_DAMAGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- A device that was away ------------------------------------------------------------------------------------ */

static void tokens_after_weeks_are_used_after_a_wait(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token;
	int64_t until, now;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_true(door_wire_take(wire, &token));
	door_wire_wait(wire, 6 * WEEK);
	assert_int_equal(door_wire_fetch(wire), 0);
	now = (int64_t)wire->stage.now;
	assert_true(tokens_left(wire) > 0);
	assert_false(door_wire_take(wire, &token));
	assert_int_equal(token_store_away(wire->outbox, now, &until, &wire->error), 0);
	assert_true(until >= now + RULES_AWAY_WAIT_MIN_S && until <= now + RULES_AWAY_WAIT_MAX_S);

	door_wire_close(
		wire); /* the moment stays when the program is started again, and fetching again does not move it */
	door_wire_open(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(token_store_take(wire->outbox, until - 1, &token, &wire->error), TOKEN_STORE_NONE);
	assert_int_equal(token_store_take(wire->outbox, until, &token, &wire->error), 0);

	/* The clock was set back since: a moment further away than any wait is none. */
	assert_int_equal(token_store_away(wire->outbox, now - SECONDS_A_DAY, &until, &wire->error), 0);
	assert_int_equal(until, 0);
}

static void a_week_away_needs_no_wait(void **state)
{
	struct door_wire *wire = *state;
	struct token_store_token token;
	int64_t until;

	enrol(wire);
	assert_int_equal(door_wire_fetch(wire), 0);
	door_wire_wait(wire, WEEK);
	assert_int_equal(door_wire_fetch(wire), 0);
	assert_int_equal(token_store_away(wire->outbox, (int64_t)wire->stage.now, &until, &wire->error), 0);
	assert_int_equal(until, 0);
	assert_true(door_wire_take(wire, &token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_of_invitations),
		TEST(a_device_joins),
		TEST(a_lost_answer_costs_no_invitation),
		TEST(each_refusal_is_its_own),
		TEST(a_new_invitation_replaces_the_membership),
		TEST(the_door_of_another_org_gets_no_credential),
		TEST(a_batch_gives_tokens_each_of_which_is_taken_once),
		TEST(after_a_lost_answer_the_same_batch_is_asked_for),
		TEST(an_answer_that_hides_no_signature_is_not_believed),
		TEST(next_week_is_fetched_ahead_at_a_moment_that_stays),
		TEST(a_token_is_taken_in_its_weeks_only),
		TEST(a_rotated_scope_gives_new_tokens),
		TEST(keys_that_turfdoor_does_not_have_void_no_token),
		TEST(a_revoked_device_keeps_its_tokens_and_gets_no_more),
		TEST(a_device_that_turfdoor_has_forgotten_is_told),
		TEST(a_copy_of_an_outbox_is_told_that_the_batch_is_taken),
		TEST(a_refused_token_is_the_last_to_be_taken),
		TEST(a_token_that_is_refused_again_after_another_was_taken_goes),
		TEST(a_token_that_was_not_shown_goes_back),
		TEST(damaged_records_are_said_to_be),
		TEST(tokens_after_weeks_are_used_after_a_wait),
		TEST(a_week_away_needs_no_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
