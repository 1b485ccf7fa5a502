/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker's gate lets in: a token of a key in force, once; and what it forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "door/gate.h"
#include "tests/unit/lib/door_stage.h"

enum { KEYS_MAX = 16 };

static struct door_stage stage;
static struct door_phone anna, bert; /* of the scopes oost and oost.west, with a batch of this week */
static struct gate *gate;
static struct door_key keys[KEYS_MAX];
static size_t n_keys;
static char scope[SCOPE_BYTES];

static int take_key(void *context, const struct door_key *key)
{
	(void)context;
	assert_true(n_keys < KEYS_MAX);
	keys[n_keys++] = *key;
	return 0;
}

static void load_keys(void)
{
	n_keys = 0;
	assert_int_equal(door_list_keys(stage.door, stage.today, take_key, NULL, &stage.error), 0);
	assert_int_equal(gate_set_keys(gate, keys, n_keys, &stage.error), 0);
}

static int set_up(void **state)
{
	uint8_t challenge[TOKEN_DIGEST_BYTES];

	(void)state;
	door_stage_make(&stage);
	door_stage_enrol(&stage, "oost", &anna);
	door_stage_enrol(&stage, "oost west", &bert);
	door_phone_draw(&anna, &stage, 0);
	door_phone_draw(&bert, &stage, 0);
	assert_int_equal(door_phone_buy(&anna, &stage), 0);
	assert_int_equal(door_phone_buy(&bert, &stage), 0);
	assert_int_equal(door_challenge(stage.door, challenge, &stage.error), 0);
	assert_int_equal(gate_new(challenge, &gate, &stage.error), 0);
	load_keys();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gate_free(gate);
	door_phone_release(&anna);
	door_phone_release(&bert);
	door_stage_remove(&stage);
	return 0;
}

static int show(const struct token *token, int64_t now_ms)
{
	char text[TOKEN_TEXT_BYTES];

	memset(scope, 0, sizeof scope);
	token_encode_text(token, text);
	return gate_judge(gate, text, TOKEN_TEXT_CHARS, stage.today, now_ms, scope);
}

static void a_token_lets_in_to_its_scope_once_and_again_for_two_minutes(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	assert_string_equal(scope, "oost");
	assert_int_equal(show(&bert.tokens[0], 1), 0);
	assert_string_equal(scope, "oost.west");
	assert_int_equal(show(&anna.tokens[0], GATE_AGAIN_MS - 1), 0);
	assert_int_equal(show(&anna.tokens[0], GATE_AGAIN_MS), GATE_SPENT); /* counted from the first time */
	assert_string_equal(scope, "");
	assert_int_equal(show(&anna.tokens[0], INT64_MAX / 2), GATE_SPENT);
	assert_int_equal(show(&anna.tokens[1], GATE_AGAIN_MS), 0);
	assert_int_equal(gate_count_spent(gate), 3);
}

static void what_is_no_token_of_a_key_in_force_is_refused_and_spends_nothing(void **state)
{
	struct token token = anna.tokens[0];
	char text[TOKEN_TEXT_BYTES];

	(void)state;
	token_encode_text(&token, text);
	for (size_t length = 0; length < TOKEN_TEXT_CHARS; length++)
		assert_int_equal(gate_judge(gate, text, length, stage.today, 0, scope), GATE_NO_TOKEN);
	token.signature[255] ^= 1;
	assert_int_equal(show(&token, 0), GATE_FORGED);
	token = anna.tokens[0];
	token.nonce[0] ^= 1;
	assert_int_equal(show(&token, 0), GATE_FORGED);
	token = anna.tokens[0];
	token.challenge[0] ^= 1;
	assert_int_equal(show(&token, 0), GATE_OTHER_CHALLENGE);
	token = anna.tokens[0];
	memcpy(token.key_id, bert.tokens[0].key_id, sizeof token.key_id); /* into a scope with more teams */
	assert_int_equal(show(&token, 0), GATE_FORGED);
	token.key_id[0] ^= 1;
	assert_int_equal(show(&token, 0), GATE_OTHER_KEY);
	assert_int_equal(gate_count_spent(gate), 0);
	assert_int_equal(show(&anna.tokens[0], 0), 0);
}

static void a_token_is_good_in_its_week_and_the_two_after_it(void **state)
{
	const struct {
		int days, expected;
	} cases[] = {{-1, GATE_NOT_YET}, {0, 0}, {6, 0}, {20, 0}, {21, GATE_OTHER_KEY}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.today = (uint32_t)(STAGE_TODAY + cases[i].days);
		assert_int_equal(show(&anna.tokens[0], 0), cases[i].expected);
	}
}

static void a_rotated_key_lets_nobody_in_and_the_others_stay(void **state)
{
	(void)state;
	assert_int_equal(show(&bert.tokens[0], 0), 0);
	assert_int_equal(door_rotate(stage.door, "oost", &stage.error), 0);
	assert_int_equal(door_prepare(stage.door, stage.now, stage.today, &stage.error), 0);
	load_keys();
	assert_int_equal(show(&anna.tokens[0], 1), GATE_OTHER_KEY);
	assert_int_equal(show(&bert.tokens[0], 1), 0); /* what was spent, and since when, is remembered */
	assert_int_equal(show(&bert.tokens[0], GATE_AGAIN_MS), GATE_SPENT);
	door_phone_draw(&anna, &stage, 0);
	assert_int_equal(door_phone_buy(&anna, &stage), 0);
	assert_int_equal(show(&anna.tokens[0], 1), 0);
}

static void what_was_spent_goes_with_its_key(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	assert_int_equal(gate_count_spent(gate), 1);
	stage.today += 21;
	stage.now += 21 * 86400;
	assert_int_equal(door_prepare(stage.door, stage.now, stage.today, &stage.error), 0);
	load_keys();
	assert_int_equal(gate_count_spent(gate), 0);
	assert_int_equal(show(&anna.tokens[0], 0), GATE_OTHER_KEY);
}

static void keys_that_are_none_leave_those_of_before_in_force(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	keys[n_keys - 1].spki[0] ^= 1;
	assert_int_equal(gate_set_keys(gate, keys, n_keys, &stage.error), FAULT_INPUT);
	assert_int_equal(show(&anna.tokens[1], 0), 0);
	assert_int_equal(show(&anna.tokens[0], GATE_AGAIN_MS), GATE_SPENT);
	assert_int_equal(gate_set_keys(gate, keys, 0, &stage.error), 0);
	assert_int_equal(show(&anna.tokens[2], 0), GATE_OTHER_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_lets_in_to_its_scope_once_and_again_for_two_minutes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_token_of_a_key_in_force_is_refused_and_spends_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_token_is_good_in_its_week_and_the_two_after_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rotated_key_lets_nobody_in_and_the_others_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_spent_goes_with_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_that_are_none_leave_those_of_before_in_force, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
