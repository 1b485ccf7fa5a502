/* SPDX-License-Identifier: EUPL-1.2 */
/* turfdoor's database: who may join, who gets which batch and how often, what is forgotten, and what it never holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tests/unit/lib/door_stage.h"

static struct door_stage stage;

static int set_up(void **state)
{
	(void)state;
	door_stage_make(&stage);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	door_stage_remove(&stage);
	return 0;
}

static int prepare(void)
{
	return door_prepare(stage.door, stage.now, stage.today, &stage.error);
}

static void pass_days(uint32_t days)
{
	stage.today += days;
	stage.now += days * (uint64_t)86400;
}

/* ---- Scopes --------------------------------------------------------------------------------------------------- */

static void a_scope_has_one_name(void **state)
{
	static const char *const teams[] = {"west", "oost", "west"};
	static const char *const not_names[] = {"",
						".",
						"oost.",
						".oost",
						"west.oost",
						"oost.oost",
						"leader:",
						"leader:.a",
						"Oost",
						"all",
						"oost+west",
						"oost/west",
						"#",
						"worker:oost",
						"a.b.c.d.e.f.g.h.i",
						"leader:leader:a"};
	struct scope scope, again;
	char name[SCOPE_BYTES];

	(void)state;
	assert_int_equal(scope_make(&scope, false, teams, 3, NULL), 0);
	scope_format(&scope, name);
	assert_string_equal(name, "oost.west");
	assert_int_equal(scope_parse(name, &again), 0);
	assert_memory_equal(&again, &scope, sizeof scope);
	assert_int_equal(scope_make(&scope, true, teams, 1, NULL), 0);
	scope_format(&scope, name);
	assert_string_equal(name, "leader:west");
	assert_int_equal(scope_parse("a.b.c.d.e.f.g.h", &again), 0);
	assert_int_equal(scope_parse("leader", &again), 0); /* workers of a team of that name */
	assert_false(again.leader);
	for (size_t i = 0; i < sizeof not_names / sizeof *not_names; i++)
		if (scope_parse(not_names[i], &again) == 0)
			fail_msg("\"%s\" is taken for a scope", not_names[i]);
	assert_int_equal(scope_make(&scope, false, teams, 0, NULL), FAULT_INPUT);
}

/* ---- Making and opening ----------------------------------------------------------------------------------------- */

static int create(const char *org, const char *host, unsigned batch)
{
	struct door_settings settings = {.batch = batch};
	char path[96];

	(void)snprintf(path, sizeof path, "%s/other", stage.path);
	(void)snprintf(settings.org, sizeof settings.org, "%s", org);
	(void)snprintf(settings.host, sizeof settings.host, "%s", host);
	return door_create(path, &settings, &stage.error);
}

static void a_database_keeps_its_settings_and_is_made_once(void **state)
{
	(void)state;
	door_stage_close(&stage);
	door_stage_open(&stage);
	assert_string_equal(door_settings(stage.door)->org, "steenwijkerland");
	assert_string_equal(door_settings(stage.door)->host, "turf.example.nl");
	assert_int_equal(door_settings(stage.door)->batch, STAGE_BATCH);
	assert_int_equal(door_create(stage.path, door_settings(stage.door), &stage.error), FAULT_INPUT);
	assert_non_null(strstr(stage.error.text, "not empty"));
	assert_int_equal(create("Org", "h", 1), FAULT_INPUT);
	assert_int_equal(create("org", "", 1), FAULT_INPUT);
	assert_int_equal(create("org", "a b", 1), FAULT_INPUT);
	assert_int_equal(create("org", "h", 0), FAULT_INPUT);
	assert_int_equal(create("org", "h", DOOR_BATCH_MAX + 1), FAULT_INPUT);
}

static void what_is_no_database_is_refused_with_a_reason(void **state)
{
	struct door *door;
	char path[96], file[128];
	FILE *out;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/absent", stage.path);
	assert_int_equal(door_open(path, &door, &stage.error), FAULT_INPUT);
	assert_null(door);
	assert_non_null(strstr(stage.error.text, "turfdoor create"));
	door_stage_close(&stage);
	(void)snprintf(file, sizeof file, "%s/data.mdb", stage.path);
	out = fopen(file, "w");
	assert_non_null(out);
	(void)fputs("this is no database", out);
	assert_int_equal(fclose(out), 0);
	assert_true(door_open(stage.path, &door, &stage.error) < 0);
	assert_null(door);
}

/* ---- Joining ------------------------------------------------------------------------------------------------------ */

static uint8_t code[DOOR_CODE_BYTES], anna[DOOR_CREDENTIAL_BYTES] = {1}, bert[DOOR_CREDENTIAL_BYTES] = {2};
static char scope_name[SCOPE_BYTES];

static int join(const uint8_t *credential)
{
	return door_join(stage.door, code, credential, stage.now, stage.today, scope_name, &stage.error);
}

static void an_invitation_is_good_once(void **state)
{
	(void)state;
	door_stage_invite(&stage, "west oost", code);
	assert_int_equal(join(anna), 0);
	assert_string_equal(scope_name, "oost.west");
	assert_int_equal(join(bert), DOOR_INVITATION_USED);
	assert_int_equal(door_revoke(stage.door, 1, stage.today, &stage.error), 0);
	assert_int_equal(join(anna), DOOR_INVITATION_USED);
	code[3] ^= 1;
	assert_int_equal(join(bert), DOOR_NO_INVITATION);
}

/* The phone that got no answer asks again, with the credential that it drew; it is one device. */
static int count_devices(void *context, const struct door_device *device)
{
	assert_string_equal(device->note, "telefoon van Anna");
	assert_int_equal(device->since, STAGE_TODAY);
	*(unsigned *)context += 1;
	return 0;
}

static void a_lost_answer_loses_no_invitation(void **state)
{
	unsigned n = 0;

	(void)state;
	door_stage_invite(&stage, "oost", code);
	assert_int_equal(join(anna), 0);
	scope_name[0] = '\0';
	assert_int_equal(join(anna), 0);
	assert_string_equal(scope_name, "oost");
	assert_int_equal(door_list(stage.door, count_devices, &n, &stage.error), 0);
	assert_int_equal(n, 1);
}

static void an_invitation_ends_after_72_hours(void **state)
{
	(void)state;
	door_stage_invite(&stage, "oost", code);
	stage.now += DOOR_INVITATION_HOURS * 3600 - 1;
	assert_int_equal(join(anna), 0);
	door_stage_invite(&stage, "oost", code);
	stage.now += DOOR_INVITATION_HOURS * 3600;
	assert_int_equal(join(bert), DOOR_INVITATION_ENDED);
}

static void two_devices_have_no_credential_in_common(void **state)
{
	(void)state;
	door_stage_invite(&stage, "oost", code);
	assert_int_equal(join(anna), 0);
	door_stage_invite(&stage, "west", code);
	assert_int_equal(join(anna), DOOR_CREDENTIAL_KNOWN);
	assert_int_equal(join(bert), 0); /* the invitation was not spent */
}

static void a_note_that_is_too_long_is_refused(void **state)
{
	char note[DOOR_NOTE_BYTES + 1];
	const char *team = "oost";
	struct scope scope;

	(void)state;
	memset(note, 'n', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	assert_int_equal(scope_make(&scope, false, &team, 1, NULL), 0);
	assert_int_equal(door_invite(stage.door, &scope, note, stage.now, code, &stage.error), FAULT_INPUT);
}

/* ---- Batches -------------------------------------------------------------------------------------------------------- */

static void a_device_buys_one_batch_a_week(void **state)
{
	struct door_phone phone;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_BATCH_TAKEN);
	door_phone_draw(&phone, &stage, 1);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_draw(&phone, &stage, 1);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_BATCH_TAKEN);
	pass_days(7);
	assert_int_equal(prepare(), 0);
	door_phone_draw(&phone, &stage, 0); /* was next week */
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_BATCH_TAKEN);
	door_phone_draw(&phone, &stage, 1);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_release(&phone);
}

static void the_same_messages_get_the_same_answer(void **state)
{
	struct door_phone phone;
	uint8_t answers[sizeof phone.answers];

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	memcpy(answers, phone.answers, sizeof answers);
	memset(phone.answers, 0, sizeof phone.answers);
	door_stage_close(&stage); /* as after a crash */
	door_stage_open(&stage);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	assert_memory_equal(answers, phone.answers, sizeof answers);
	phone.blinded[sizeof phone.blinded - 1] ^= 1;
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_BATCH_TAKEN);
	door_phone_release(&phone);
}

static int ask(const struct door_phone *phone, const uint8_t *credential, const uint8_t *key_id, const uint8_t *blinded,
	       size_t length)
{
	const struct door_batch_request request = {credential, key_id, blinded, length};
	uint8_t answers[sizeof phone->answers];

	return door_take_batch(stage.door, &request, stage.today, answers, &stage.error);
}

static void a_malformed_batch_is_refused_and_not_spent(void **state)
{
	struct door_phone phone;
	uint8_t wrong[sizeof phone.blinded + TOKEN_MODULUS_BYTES];

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	memset(wrong, 0, sizeof wrong);
	memcpy(wrong, phone.blinded, sizeof phone.blinded);
	for (size_t length = 0; length <= sizeof wrong; length += length % 256 == 255 ? 1 : 255)
		if (length != sizeof phone.blinded)
			assert_int_equal(ask(&phone, phone.credential, token_key_id(phone.key), wrong, length),
					 DOOR_BATCH_MALFORMED);
	memset(wrong + TOKEN_MODULUS_BYTES, 0xff, TOKEN_MODULUS_BYTES); /* above the modulus */
	assert_int_equal(ask(&phone, phone.credential, token_key_id(phone.key), wrong, sizeof phone.blinded),
			 DOOR_BATCH_MALFORMED);
	memset(wrong + TOKEN_MODULUS_BYTES, 0, TOKEN_MODULUS_BYTES);
	assert_int_equal(ask(&phone, phone.credential, token_key_id(phone.key), wrong, sizeof phone.blinded),
			 DOOR_BATCH_MALFORMED);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_release(&phone);
}

static void a_stranger_another_scope_and_another_week_get_nothing(void **state)
{
	struct door_phone phone, other;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_stage_enrol(&stage, "west", &other);
	door_phone_draw(&phone, &stage, 0);
	door_phone_draw(&other, &stage, 0);
	assert_int_equal(ask(&phone, bert, token_key_id(phone.key), phone.blinded, sizeof phone.blinded),
			 DOOR_NO_CREDENTIAL);
	assert_int_equal(ask(&phone, phone.credential, token_key_id(other.key), other.blinded, sizeof other.blinded),
			 DOOR_NO_KEY);
	pass_days(7);
	assert_int_equal(prepare(), 0);
	assert_int_equal(door_phone_buy(&phone, &stage),
			 DOOR_NO_KEY); /* last week's key is still in force, and sells nothing */
	assert_int_equal(token_verify(&phone.tokens[0], phone.key, phone.pending[0].token.challenge), TOKEN_OTHER_KEY);
	door_phone_release(&phone);
	door_phone_release(&other);
}

static void a_revoked_device_gets_no_further_batch(void **state)
{
	struct door_phone phone;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	assert_int_equal(door_revoke(stage.door, 2, stage.today, &stage.error), DOOR_NO_DEVICE);
	assert_int_equal(door_revoke(stage.door, 1, stage.today, &stage.error), 0);
	assert_int_equal(door_revoke(stage.door, 1, stage.today, &stage.error), DOOR_NO_DEVICE);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_REVOKED); /* not the batch that it had, either */
	door_phone_draw(&phone, &stage, 1);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_REVOKED);
	door_phone_release(&phone);
}

static void rotation_voids_the_keys_and_gives_a_new_batch(void **state)
{
	struct door_phone phone, other;
	uint8_t id[TOKEN_DIGEST_BYTES], other_id[TOKEN_DIGEST_BYTES];

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_stage_enrol(&stage, "oost west", &other);
	door_phone_draw(&phone, &stage, 0);
	door_phone_draw(&other, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	memcpy(id, token_key_id(phone.key), sizeof id);
	memcpy(other_id, token_key_id(other.key), sizeof other_id);

	assert_int_equal(door_rotate(stage.door, "zuid", &stage.error), DOOR_NO_KEYS);
	assert_int_equal(door_rotate(stage.door, "oos", &stage.error), DOOR_NO_KEYS);
	assert_int_equal(door_rotate(stage.door, "oost", &stage.error), 0);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_NO_KEY);
	assert_int_equal(prepare(), 0);
	door_phone_draw(&phone, &stage, 0);
	assert_memory_not_equal(token_key_id(phone.key), id, sizeof id);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_draw(&other, &stage, 0);
	assert_memory_equal(token_key_id(other.key), other_id, sizeof other_id); /* another scope keeps its key */
	door_phone_release(&phone);
	door_phone_release(&other);
}

/* As after a copy of an older day was put back: what was sold, rotated or used since then must be void. */
static void renewing_voids_all_keys_and_open_invitations(void **state)
{
	struct door_phone phone, other;
	uint8_t id[TOKEN_DIGEST_BYTES], used[DOOR_CODE_BYTES];

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_stage_enrol(&stage, "west", &other);
	door_phone_draw(&phone, &stage, 0);
	door_phone_draw(&other, &stage, 1);
	memcpy(id, token_key_id(phone.key), sizeof id);
	door_stage_invite(&stage, "oost", used);
	memcpy(code, used, sizeof code);
	assert_int_equal(join(anna), 0);
	door_stage_invite(&stage, "oost", code);

	assert_int_equal(door_renew(stage.door, stage.now, &stage.error), 0);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_NO_KEY);
	assert_int_equal(door_phone_buy(&other, &stage), DOOR_NO_KEY);
	assert_int_equal(join(bert), DOOR_INVITATION_ENDED);
	memcpy(code, used, sizeof code);
	assert_int_equal(join(anna), 0); /* as before: the answer may have been lost */
	assert_int_equal(prepare(), 0);
	door_phone_draw(&phone, &stage, 0);
	assert_memory_not_equal(token_key_id(phone.key), id, sizeof id);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_draw(&other, &stage, 1);
	assert_int_equal(door_phone_buy(&other, &stage), 0);
	door_phone_release(&phone);
	door_phone_release(&other);
}

/* ---- Keys of weeks ----------------------------------------------------------------------------------------------------- */

/* A wrong clock costs a fetch, not more: the keys of the right weeks are made again. */
static void a_clock_that_jumps_a_year_ahead_and_back_leaves_a_working_door(void **state)
{
	struct door_phone phone;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	pass_days(365);
	assert_int_equal(prepare(), 0);
	stage.today -= 365;
	stage.now -= 365 * (uint64_t)86400;
	assert_int_equal(prepare(), 0);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_release(&phone);
}

/* ---- Forgetting -------------------------------------------------------------------------------------------------------- */

static int copy_device(void *context, const struct door_device *device)
{
	*(struct door_device *)context = *device;
	return 0;
}

static void the_list_tells_the_last_week_and_forgets_revoked_devices(void **state)
{
	struct door_phone phone;
	struct door_device device = {.number = 0};

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	assert_int_equal(door_list(stage.door, copy_device, &device, &stage.error), 0);
	assert_int_equal(device.number, 1);
	assert_int_equal(device.last_batch.year, 0);
	door_phone_draw(&phone, &stage, 1);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	assert_int_equal(door_list(stage.door, copy_device, &device, &stage.error), 0);
	assert_int_equal(device.last_batch.year, 2026);
	assert_int_equal(device.last_batch.week, 50);
	assert_false(device.revoked);

	assert_int_equal(door_revoke(stage.door, 1, stage.today, &stage.error), 0);
	pass_days(DOOR_FORGET_DAYS - 1);
	assert_int_equal(prepare(), 0);
	assert_int_equal(door_list(stage.door, copy_device, &device, &stage.error), 0);
	assert_true(device.revoked);
	assert_int_equal(device.revoked_on, STAGE_TODAY);
	assert_int_equal(device.last_batch.week, 50); /* in force until the end of week 52 */
	pass_days(1);
	assert_int_equal(prepare(), 0);
	device.number = 0;
	assert_int_equal(door_list(stage.door, copy_device, &device, &stage.error), 0);
	assert_int_equal(device.number, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), DOOR_NO_CREDENTIAL);
	door_phone_release(&phone);

	door_stage_enrol(&stage, "oost", &phone); /* the number is not given again */
	assert_int_equal(door_list(stage.door, copy_device, &device, &stage.error), 0);
	assert_int_equal(device.number, 2);
	door_phone_release(&phone);
}

/* ---- What it never holds ------------------------------------------------------------------------------------------------ */

static bool file_holds(const uint8_t *bytes, size_t length)
{
	char path[96];
	static uint8_t all[1 << 20];
	size_t n;
	FILE *in;

	(void)snprintf(path, sizeof path, "%s/data.mdb", stage.path);
	in = fopen(path, "rb");
	assert_non_null(in);
	n = fread(all, 1, sizeof all, in);
	assert_int_equal(fclose(in), 0);
	assert_in_range(n, 4096, sizeof all - 1);
	return memmem(all, n, bytes, length) != NULL;
}

static void codes_credentials_and_tokens_are_not_in_the_file(void **state)
{
	struct door_phone phone;

	(void)state;
	door_stage_invite(&stage, "oost", code);
	door_stage_enrol(&stage, "oost", &phone);
	door_phone_draw(&phone, &stage, 0);
	assert_int_equal(door_phone_buy(&phone, &stage), 0);
	assert_true(file_holds((const uint8_t *)"telefoon van Anna", 17)); /* this test can see */
	assert_true(file_holds(token_key_id(phone.key), TOKEN_DIGEST_BYTES));
	assert_false(file_holds(code, sizeof code));
	assert_false(file_holds(phone.credential, sizeof phone.credential));
	for (size_t i = 0; i < STAGE_BATCH; i++) {
		assert_false(file_holds(phone.tokens[i].nonce, 16));
		assert_false(file_holds(phone.tokens[i].signature, 16));
		assert_false(file_holds(phone.pending[i].blinded, 16));
		assert_false(file_holds(phone.answers + i * TOKEN_MODULUS_BYTES, 16));
	}
	door_phone_release(&phone);
}

/* Its name stands beside the latest week only. Who took no batch for weeks had no network, and sends the taps of those weeks late. */
static void the_weeks_of_which_a_device_took_batches_are_not_in_the_file(void **state)
{
	static const uint8_t number_and_week[2][7] = {{0, 0, 0, 1, 0x07, 0xea, 49}, {0, 0, 0, 1, 0x07, 0xea, 50}};
	struct door_phone phone;

	(void)state;
	door_stage_enrol(&stage, "oost", &phone);
	for (int ahead = 0; ahead <= 1; ahead++) {
		door_phone_draw(&phone, &stage, ahead);
		assert_int_equal(door_phone_buy(&phone, &stage), 0);
	}
	assert_true(file_holds(number_and_week[0] + 4, 3)); /* this test can see */
	for (int i = 0; i < 2; i++)
		assert_false(file_holds(number_and_week[i], sizeof number_and_week[i]));
	door_phone_release(&phone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_has_one_name),
		cmocka_unit_test_setup_teardown(a_database_keeps_its_settings_and_is_made_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_database_is_refused_with_a_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_invitation_is_good_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lost_answer_loses_no_invitation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_invitation_ends_after_72_hours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_devices_have_no_credential_in_common, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_note_that_is_too_long_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_device_buys_one_batch_a_week, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_messages_get_the_same_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_malformed_batch_is_refused_and_not_spent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stranger_another_scope_and_another_week_get_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_revoked_device_gets_no_further_batch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rotation_voids_the_keys_and_gives_a_new_batch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(renewing_voids_all_keys_and_open_invitations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_clock_that_jumps_a_year_ahead_and_back_leaves_a_working_door, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_list_tells_the_last_week_and_forgets_revoked_devices, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(codes_credentials_and_tokens_are_not_in_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_weeks_of_which_a_device_took_batches_are_not_in_the_file, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
