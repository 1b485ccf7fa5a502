/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under turfdoor's database: made, opened, invited to, joined, asked for a batch, rotated. A fault
 * leaves things as they were or as they should be, and the same thing tried again succeeds. No batch is given twice and none
 * is lost: what a phone asked once it gets, then or when it asks again.
 */
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
#include "door/gate/gate.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/scenario.h"
#include "tests/unit/lib/door_stage.h"

enum { SEAMS_OF_DOOR = 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE };

/* A door with one enrolled phone, its keys made and its batch drawn; `lived` is a copy of it. */
struct fixture {
	struct door_stage stage;
	struct door_phone phone, other; /* `other`: the same phone, which asks for another batch */
	char lived[FOLDER_BYTES], keys_folder[FOLDER_BYTES], spent_folder[FOLDER_BYTES];
	uint8_t code[DOOR_CODE_BYTES],
		open_code[DOOR_CODE_BYTES]; /* drawn by the scenario; of an invitation that nobody used */
	unsigned devices;
	size_t keys;
};

static struct fixture *prepare_fixture(void)
{
	static struct fixture fixture;

	door_stage_make(&fixture.stage);
	door_stage_enrol(&fixture.stage, "oost", &fixture.phone);
	door_phone_draw(&fixture.phone, &fixture.stage, 0);
	fixture.other = fixture.phone;
	fixture.other.key = NULL;
	door_phone_draw(&fixture.other, &fixture.stage, 0);
	door_stage_invite(&fixture.stage, "west", fixture.open_code);
	assert_int_equal(door_prepare(fixture.stage.door, fixture.stage.now, fixture.stage.today, &fixture.stage.error),
			 0);
	door_stage_close(&fixture.stage);
	folder_make(fixture.lived);
	folder_make(fixture.keys_folder);
	folder_make(fixture.spent_folder);
	folder_copy(fixture.stage.path, fixture.lived);
	return &fixture;
}

static int set_up(void **state)
{
	*state = prepare_fixture();
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	door_phone_release(&fixture->phone);
	door_phone_release(&fixture->other);
	folder_remove(fixture->lived);
	folder_remove(fixture->keys_folder);
	folder_remove(fixture->spent_folder);
	folder_remove(fixture->stage.path);
	return 0;
}

/* ---- What is in the database ------------------------------------------------------------------------------------- */

static int count_device(void *context, const struct door_device *device)
{
	struct fixture *fixture = context;

	fixture->devices += device->revoked ? 100 : 1;
	return 0;
}

/* Opens it again, as after a crash. */
static void look(struct fixture *fixture)
{
	struct door_stage *stage = &fixture->stage;
	struct token_directory *directory;

	door_stage_close(stage);
	door_stage_open(stage);
	fixture->devices = 0;
	assert_int_equal(door_list(stage->door, count_device, fixture, &stage->error), 0);
	assert_int_equal(door_directory(stage->door, stage->today, &directory, &stage->error), 0);
	fixture->keys = directory->n_keys;
	token_directory_free(directory);
}

static void begin_closed(void *context)
{
	struct fixture *fixture = context;

	folder_copy(fixture->lived, fixture->stage.path);
}

static void begin_open(void *context)
{
	struct fixture *fixture = context;

	begin_closed(fixture);
	door_stage_open(&fixture->stage);
}

/* ---- Making and opening ---------------------------------------------------------------------------------------------- */

static void begin_nothing(void *context)
{
	struct fixture *fixture = context;

	folder_clear(fixture->stage.path);
}

static int act_make(void *context, struct error *error)
{
	static const struct door_settings settings = {.org = "o", .host = "h", .batch = 1};
	struct fixture *fixture = context;

	return door_create(fixture->stage.path, &settings, error);
}

static void end_make(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct door *door;
	bool opens = door_open(fixture->stage.path, &door, &fixture->stage.error) == 0;

	(void)failed;
	assert_true(opens || rc < 0); /* after a fault it is there, whole, or not at all */
	door_close(door);
	if (!opens)
		assert_int_equal(act_make(fixture, &fixture->stage.error), 0);
}

static void making_one(void **state)
{
	static const struct scenario scenario = {"make a door", begin_nothing, act_make, end_make, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR);
}

static int act_open(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return door_open(fixture->stage.path, &fixture->stage.door, error);
}

static void end_open(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	assert_int_equal(rc < 0, fixture->stage.door == NULL);
	look(fixture);
	assert_int_equal(fixture->devices, 1);
	assert_int_equal(fixture->keys, 4);
	door_stage_close(&fixture->stage);
}

static void opening(void **state)
{
	static const struct scenario scenario = {"open a door", begin_closed, act_open, end_open, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR);
}

/* ---- Inviting and joining ------------------------------------------------------------------------------------------------ */

static int act_invite(void *context, struct error *error)
{
	const struct scope scope = {.n_teams = 1, .teams = {"oost"}};
	struct fixture *fixture = context;

	return door_invite(fixture->stage.door, &scope, "Bert", fixture->stage.now, fixture->code, error);
}

static const uint8_t new_credential[DOOR_CREDENTIAL_BYTES] = {7};

static int join(struct fixture *fixture, const uint8_t *code, struct error *error)
{
	char scope[SCOPE_BYTES];

	return door_join(fixture->stage.door, code, new_credential, fixture->stage.now, fixture->stage.today, scope,
			 error);
}

static void end_invite(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	look(fixture);
	if (rc == 0)
		assert_int_equal(join(fixture, fixture->code, &fixture->stage.error), 0);
	assert_int_equal(act_invite(fixture, &fixture->stage.error), 0);
	door_stage_close(&fixture->stage);
}

static void inviting(void **state)
{
	static const struct scenario scenario = {"invite", begin_open, act_invite, end_invite, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR | 1 << SEAM_RANDOM | 1 << SEAM_HASH);
}

static int act_join(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return join(fixture, fixture->open_code, error);
}

static void end_join(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	look(fixture);
	assert_in_range(fixture->devices, rc == 0 ? 2 : 1, 2);
	assert_int_equal(act_join(fixture, &fixture->stage.error), 0); /* the phone asks again */
	look(fixture);
	assert_int_equal(fixture->devices, 2);
	door_stage_close(&fixture->stage);
}

static void joining(void **state)
{
	static const struct scenario scenario = {"join", begin_open, act_join, end_join, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR | 1 << SEAM_HASH);
}

static int act_revoke(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return door_revoke(fixture->stage.door, 1, fixture->stage.today, error);
}

static void end_revoke(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	bool revoked;

	(void)failed;
	look(fixture);
	revoked = fixture->devices == 100;
	assert_true(revoked || rc < 0);
	assert_int_equal(act_revoke(fixture, &fixture->stage.error), revoked ? DOOR_NO_DEVICE : 0);
	assert_int_equal(door_phone_buy(&fixture->phone, &fixture->stage), DOOR_REVOKED);
	door_stage_close(&fixture->stage);
}

static void revoking(void **state)
{
	static const struct scenario scenario = {"revoke", begin_open, act_revoke, end_revoke, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR);
}

/* ---- Batches ---------------------------------------------------------------------------------------------------------- */

static int act_buy(void *context, struct error *error)
{
	struct fixture *fixture = context;
	struct door_phone *phone = &fixture->phone;
	const struct door_batch_request request = {phone->credential, token_key_id(phone->key), phone->blinded,
						   sizeof phone->blinded};

	memset(phone->answers, 0, sizeof phone->answers);
	return door_take_batch(fixture->stage.door, &request, fixture->stage.today, phone->answers, error);
}

/* Whatever failed, the phone that asks for the same gets it, and nobody gets another batch of this key. */
static void end_buy(void *context, int rc, const char *failed)
{
	static const uint8_t nothing[TOKEN_MODULUS_BYTES];
	struct fixture *fixture = context;
	uint8_t answers[sizeof fixture->phone.answers];

	(void)failed;
	memcpy(answers, fixture->phone.answers, sizeof answers);
	look(fixture);
	if (rc == 0)
		assert_int_equal(door_phone_buy(&fixture->other, &fixture->stage), DOOR_BATCH_TAKEN);
	assert_int_equal(door_phone_buy(&fixture->phone, &fixture->stage), 0);
	for (size_t at = 0; at < sizeof answers; at += TOKEN_MODULUS_BYTES)
		if (rc == 0 || memcmp(answers + at, nothing, sizeof nothing) != 0)
			assert_memory_equal(answers + at, fixture->phone.answers + at, TOKEN_MODULUS_BYTES);
	assert_int_equal(door_phone_buy(&fixture->other, &fixture->stage), DOOR_BATCH_TAKEN);
	door_stage_close(&fixture->stage);
}

static void buying(void **state)
{
	static const struct scenario scenario = {"buy a batch", begin_open, act_buy, end_buy, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR | 1 << SEAM_HASH);
}

/* A batch of which a signature has left is on the disk as taken: the sync that says so came before. */
static void end_buy_unsynced(void *context, int rc, const char *failed)
{
	static const uint8_t nothing[TOKEN_MODULUS_BYTES];
	struct fixture *fixture = context;

	(void)failed;
	if (rc < 0)
		assert_memory_equal(fixture->phone.answers, nothing, sizeof nothing);
	end_buy(context, rc, failed);
}

static void no_signature_leaves_before_the_batch_is_synced(void **state)
{
	static const struct scenario scenario = {"buy without a sync", begin_open, act_buy, end_buy_unsynced, false};
	struct fixture *fixture = *state;

	scenario_run_call(&scenario, fixture, fixture->stage.path,
			  (struct fault_plan){.seam = SEAM_FILE, .call = "fdatasync", .nth = 1});
}

/* ---- Keys ---------------------------------------------------------------------------------------------------------------- */

static int act_rotate(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return door_rotate(fixture->stage.door, "oost", error);
}

static void end_rotate(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	bool rotated;

	(void)failed;
	look(fixture);
	rotated = fixture->keys == 2; /* those of west */
	assert_true(rotated || (rc < 0 && fixture->keys == 4));
	assert_int_equal(act_rotate(fixture, &fixture->stage.error), rotated ? DOOR_NO_KEYS : 0);
	assert_int_equal(door_phone_buy(&fixture->phone, &fixture->stage), DOOR_NO_KEY);
	door_stage_close(&fixture->stage);
}

static void rotating(void **state)
{
	static const struct scenario scenario = {"rotate", begin_open, act_rotate, end_rotate, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR);
}

static int act_renew(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return door_renew(fixture->stage.door, fixture->stage.now, error);
}

static void end_renew(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	look(fixture);
	assert_true(fixture->keys == 0 || (rc < 0 && fixture->keys == 4));
	door_stage_close(&fixture->stage);
}

static void renewing(void **state)
{
	static const struct scenario scenario = {"renew", begin_open, act_renew, end_renew, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR);
}

/* A week later the key of the next week is missing; nobody is invited to the other scope any more. */
static void begin_week_later(void *context)
{
	struct fixture *fixture = context;

	begin_open(fixture);
	fixture->stage.today = STAGE_TODAY + 7;
	fixture->stage.now = STAGE_NOW + 7 * 86400;
}

static int act_prepare(void *context, struct error *error)
{
	struct fixture *fixture = context;

	return door_prepare(fixture->stage.door, fixture->stage.now, fixture->stage.today, error);
}

static void end_prepare(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	look(fixture);
	assert_in_range(fixture->keys, rc == 0 ? 5 : 4, 5);
	if (fixture->keys < 5)
		assert_int_equal(act_prepare(fixture, &fixture->stage.error), 0);
	assert_int_equal(door_phone_buy(&fixture->phone, &fixture->stage), DOOR_NO_KEY); /* that of the week before */
	door_stage_close(&fixture->stage);
	fixture->stage.today = STAGE_TODAY;
	fixture->stage.now = STAGE_NOW;
}

static void making_keys(void **state)
{
	static const struct scenario scenario = {"make keys", begin_week_later, act_prepare, end_prepare, true};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR | 1 << SEAM_HASH);
}

/* ---- Publishing ---------------------------------------------------------------------------------------------------- */

/* The bytes of the file of keys; the caller frees them. NULL: there is none. */
static char *published(const struct fixture *fixture)
{
	enum { TEXT_BYTES = 1 << 16 };
	char path[FOLDER_BYTES + 32], *text;
	FILE *in;

	(void)snprintf(path, sizeof path, "%s/steenwijkerland.json", fixture->keys_folder);
	in = fopen(path, "rb");
	if (!in)
		return NULL;
	text = calloc(1, TEXT_BYTES);
	assert_non_null(text);
	assert_in_range(fread(text, 1, TEXT_BYTES, in), 1, TEXT_BYTES - 1);
	assert_int_equal(fclose(in), 0);
	return text;
}

static char *expected(struct fixture *fixture)
{
	struct token_directory *directory;
	char *text;

	assert_int_equal(door_directory(fixture->stage.door, fixture->stage.today, &directory, &fixture->stage.error),
			 0);
	text = token_directory_print(directory);
	assert_non_null(text);
	token_directory_free(directory);
	return text;
}

static char *before; /* what was published before the scenario */

static void begin_publish(void *context)
{
	struct fixture *fixture = context;
	struct door_stage *stage = &fixture->stage;

	begin_open(fixture);
	folder_clear(fixture->keys_folder);
	assert_int_equal(door_set_keys_folder(stage->door, fixture->keys_folder, &stage->error), 0);
	assert_int_equal(door_prepare(stage->door, stage->now, stage->today, &stage->error), 0);
	before = published(fixture);
	assert_int_equal(door_revoke(stage->door, 1, stage->today, &stage->error), 0);
	assert_int_equal(door_rotate(stage->door, "oost", &stage->error), 0);
}

/* The file is that of before or that of now, and never a part. */
static void end_publish(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct door_stage *stage = &fixture->stage;
	char *now = published(fixture), *wanted = expected(fixture);

	(void)failed;
	assert_string_not_equal(before, wanted);
	assert_non_null(now);
	assert_true(strcmp(now, wanted) == 0 || (rc < 0 && strcmp(now, before) == 0));
	free(now);
	assert_int_equal(door_prepare(stage->door, stage->now, stage->today, &stage->error), 0);
	now = published(fixture);
	assert_string_equal(now, wanted);
	free(now);
	free(wanted);
	free(before);
	door_stage_close(stage);
}

static void publishing(void **state)
{
	static const struct scenario scenario = {"publish the keys", begin_publish, act_prepare, end_publish, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->stage.path, SEAMS_OF_DOOR | 1 << SEAM_HASH);
}

/* ---- The gate ------------------------------------------------------------------------------------------------------ */

static struct gate *gate;
static const struct gate_time gate_now = {.unix_s = STAGE_NOW, .monotonic_s = 0};

static void begin_judging(void *context)
{
	struct fixture *fixture = context;

	begin_open(fixture);
	folder_clear(fixture->keys_folder);
	assert_int_equal(door_set_keys_folder(fixture->stage.door, fixture->keys_folder, &fixture->stage.error), 0);
	assert_int_equal(act_prepare(fixture, &fixture->stage.error), 0);
	assert_int_equal(door_phone_buy(&fixture->phone, &fixture->stage), 0);
	door_stage_close(&fixture->stage);
	folder_clear(fixture->spent_folder);
}

static int judge(const struct fixture *fixture, struct error *error)
{
	char text[TOKEN_TEXT_BYTES];
	struct gate_pass pass;

	token_encode_text(&fixture->phone.tokens[0], text);
	return gate_judge(gate, text, TOKEN_TEXT_CHARS, gate_now, &pass, error);
}

static int act_judge(void *context, struct error *error)
{
	const struct fixture *fixture = context;
	bool changed;
	int rc = gate_open(&gate, fixture->keys_folder, fixture->spent_folder, error);

	if (rc == 0)
		rc = gate_refresh(gate, gate_now, &changed, error);
	return rc == 0 ? judge(fixture, error) : rc;
}

/* A fault lets nobody in, and spends nothing. */
static void end_judge(void *context, int rc, const char *failed)
{
	const struct fixture *fixture = context;
	struct error error;

	(void)failed;
	gate_close(gate);
	gate = NULL;
	assert_int_equal(act_judge(context, &error), rc == 0 ? GATE_SPENT : 0);
	if (rc < 0)
		assert_int_equal(judge(fixture, &error), 0); /* it may come again */
	gate_close(gate);
	gate = NULL;
}

static void judging(void **state)
{
	static const struct scenario scenario = {"judge a token", begin_judging, act_judge, end_judge, false};
	struct fixture *fixture = *state;

	scenario_run(&scenario, fixture, fixture->spent_folder, SEAMS_OF_DOOR | 1 << SEAM_HASH);
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(making_one),
		SCENARIO_TEST(opening),
		SCENARIO_TEST(inviting),
		SCENARIO_TEST(joining),
		SCENARIO_TEST(revoking),
		SCENARIO_TEST(buying),
		SCENARIO_TEST(no_signature_leaves_before_the_batch_is_synced),
		SCENARIO_TEST(rotating),
		SCENARIO_TEST(renewing),
		SCENARIO_TEST(making_keys),
		SCENARIO_TEST(publishing),
		SCENARIO_TEST(judging),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, door", tests, set_up, tear_down);
}
