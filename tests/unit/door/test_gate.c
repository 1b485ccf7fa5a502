/* SPDX-License-Identifier: EUPL-1.2 */
/* What the gate lets in, by the keys that turfdoor publishes: a token of a key in force, once; and what it forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "door/gate/gate.h"
#include "tests/unit/lib/door_stage.h"

static struct door_stage stage;
static struct door_phone anna, bert; /* of the scopes oost and oost.west, with a batch of this week */
static struct gate *gate;
static struct gate_pass pass;
static char folder[] = "/tmp/turf-gate-XXXXXX", keys[64], spent[64];

static struct gate_time now(int64_t monotonic_s)
{
	return (struct gate_time){.unix_s = (int64_t)stage.now, .monotonic_s = monotonic_s};
}

static void refresh(int expected)
{
	bool changed;

	assert_int_equal(gate_refresh(gate, now(0), &changed, &stage.error), expected);
	assert_true(changed);
}

static void open_gate(void)
{
	if (gate_open(&gate, keys, spent, &stage.error) < 0)
		fail_msg("%s", stage.error.text);
	refresh(0);
}

static void prepare(void)
{
	assert_int_equal(door_prepare(stage.door, stage.now, stage.today, &stage.error), 0);
}

static void pass_days(int days)
{
	stage.today += (uint32_t)days;
	stage.now += (uint64_t)days * 86400;
}

static int set_up(void **state)
{
	(void)state;
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(keys, sizeof keys, "%s/keys", folder);
	(void)snprintf(spent, sizeof spent, "%s/spent", folder);
	door_stage_make(&stage);
	assert_int_equal(door_set_keys_folder(stage.door, keys, &stage.error), 0);
	door_stage_enrol(&stage, "oost", &anna);
	door_stage_enrol(&stage, "oost west", &bert);
	door_phone_draw(&anna, &stage, 0);
	door_phone_draw(&bert, &stage, 0);
	assert_int_equal(door_phone_buy(&anna, &stage), 0);
	assert_int_equal(door_phone_buy(&bert, &stage), 0);
	open_gate();
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"keys/steenwijkerland.json", "spent/data.mdb", "spent/lock.mdb"};
	char path[128];

	(void)state;
	gate_close(gate);
	door_phone_release(&anna);
	door_phone_release(&bert);
	door_stage_remove(&stage);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	return rmdir(keys) + rmdir(spent) + rmdir(folder);
}

static int show_text(const char *text, size_t length, int64_t monotonic_s)
{
	memset(&pass, 0, sizeof pass);
	return gate_judge(gate, text, length, now(monotonic_s), &pass, &stage.error);
}

static int show(const struct token *token, int64_t monotonic_s)
{
	char text[TOKEN_TEXT_BYTES];

	token_encode_text(token, text);
	return show_text(text, TOKEN_TEXT_CHARS, monotonic_s);
}

static const char *scope(void)
{
	static char name[SCOPE_BYTES];

	scope_format(&pass.scope, name);
	return name;
}

static void a_token_lets_in_to_its_scope_once_and_again_for_two_minutes(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	assert_string_equal(scope(), "oost");
	assert_string_equal(pass.org, "steenwijkerland");
	assert_memory_equal(pass.key_id, anna.tokens[0].key_id, sizeof pass.key_id);
	assert_int_equal(pass.until, (STAGE_TODAY + 21) * (int64_t)86400);
	assert_int_equal(show(&bert.tokens[0], 1), 0);
	assert_string_equal(scope(), "oost.west");
	assert_int_equal(show(&anna.tokens[0], SPENT_AGAIN_S), 0);
	assert_int_equal(show(&anna.tokens[0], SPENT_AGAIN_S + 1), GATE_SPENT); /* counted from the first time */
	assert_string_equal(scope(), "");
	assert_int_equal(show(&anna.tokens[0], INT64_MAX / 2), GATE_SPENT);
	assert_int_equal(show(&anna.tokens[1], SPENT_AGAIN_S), 0);
}

static void what_is_no_token_of_a_key_in_force_is_refused_and_spends_nothing(void **state)
{
	struct token token = anna.tokens[0];
	char text[TOKEN_TEXT_BYTES];

	(void)state;
	token_encode_text(&token, text);
	for (size_t length = 0; length < TOKEN_TEXT_CHARS; length++)
		assert_int_equal(show_text(text, length, 0), GATE_NO_TOKEN);
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
	assert_int_equal(show(&anna.tokens[0], SPENT_AGAIN_S + 1), 0); /* for the first time */
}

static void a_token_is_good_in_its_week_and_the_two_after_it(void **state)
{
	const struct {
		int days, expected;
	} cases[] = {{-1, GATE_NOT_YET}, {0, 0}, {6, 0}, {20, 0}, {21, GATE_OTHER_KEY}};

	(void)state;
	assert_int_equal(show(&anna.tokens[1], 0), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.now = STAGE_NOW + (uint64_t)((int64_t)cases[i].days * 86400);
		assert_int_equal(gate_holds(gate, &pass, (int64_t)stage.now), cases[i].expected == 0);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.now = STAGE_NOW + (uint64_t)((int64_t)cases[i].days * 86400);
		assert_int_equal(show(&anna.tokens[0], 0), cases[i].expected);
	}
}

/* To the second: Monday 0:00 UTC. */
static void a_week_begins_on_monday(void **state)
{
	const uint64_t monday = STAGE_TODAY * (uint64_t)86400;

	(void)state;
	stage.now = monday - 1;
	assert_int_equal(show(&anna.tokens[0], 0), GATE_NOT_YET);
	stage.now = monday;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	stage.now = monday + 21 * 86400 - 1;
	assert_int_equal(show(&anna.tokens[1], 0), 0);
	stage.now = monday + 21 * 86400;
	assert_int_equal(show(&anna.tokens[2], 0), GATE_OTHER_KEY);
}

static void a_rotated_key_lets_nobody_in_and_the_others_stay(void **state)
{
	struct gate_pass annas, berts;

	(void)state;
	assert_int_equal(show(&anna.tokens[1], 0), 0);
	annas = pass;
	assert_int_equal(show(&bert.tokens[0], 0), 0);
	berts = pass;
	assert_int_equal(door_rotate(stage.door, "oost", &stage.error), 0);
	prepare();
	refresh(0);
	assert_false(gate_holds(gate, &annas, (int64_t)stage.now));
	assert_true(gate_holds(gate, &berts, (int64_t)stage.now));
	assert_int_equal(show(&anna.tokens[0], 1), GATE_OTHER_KEY);
	assert_int_equal(show(&bert.tokens[0], 1), 0); /* what was spent, and since when, is remembered */
	assert_int_equal(show(&bert.tokens[0], SPENT_AGAIN_S + 1), GATE_SPENT);
	door_phone_draw(&anna, &stage, 0);
	assert_int_equal(door_phone_buy(&anna, &stage), 0);
	assert_int_equal(show(&anna.tokens[0], 1), 0);
}

/* Whether the gate's memory of spent tokens knows this one; it is marked from then on. */
static bool is_remembered(const struct token *token)
{
	struct spent *memory;
	int rc;

	gate_close(gate);
	assert_int_equal(spent_open(&memory, spent, &stage.error), 0);
	rc = spent_mark(memory, token, 0, &stage.error);
	spent_close(memory);
	open_gate();
	return rc == SPENT_BEFORE;
}

static void what_was_spent_goes_with_its_key(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	assert_true(is_remembered(&anna.tokens[0]));
	pass_days(21);
	prepare();
	refresh(0);
	assert_int_equal(show(&anna.tokens[0], 0), GATE_OTHER_KEY);
	assert_false(is_remembered(&anna.tokens[0]));
}

static void write_keys(const char *text)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof path, "%s/steenwijkerland.json", keys);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void keys_that_cannot_be_read_let_nobody_in_and_what_was_spent_is_remembered(void **state)
{
	(void)state;
	assert_int_equal(show(&anna.tokens[0], 0), 0);
	write_keys("{\"turf-org\": \"steenwijkerland\"");
	refresh(FAULT_INPUT);
	assert_non_null(strstr(stage.error.text, "steenwijkerland.json"));
	assert_int_equal(show(&anna.tokens[1], 0), GATE_OTHER_KEY);
	prepare(); /* writes the file again, since it has other bytes */
	refresh(0);
	assert_int_equal(show(&anna.tokens[1], 0), 0);
	assert_int_equal(show(&anna.tokens[0], SPENT_AGAIN_S + 1), GATE_SPENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_lets_in_to_its_scope_once_and_again_for_two_minutes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_token_of_a_key_in_force_is_refused_and_spends_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_token_is_good_in_its_week_and_the_two_after_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_week_begins_on_monday, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rotated_key_lets_nobody_in_and_the_others_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_spent_goes_with_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_that_cannot_be_read_let_nobody_in_and_what_was_spent_is_remembered,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
