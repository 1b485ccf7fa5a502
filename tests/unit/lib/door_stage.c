/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/door_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"

void door_stage_make(struct door_stage *stage)
{
	const struct door_settings settings = {
		.org = "steenwijkerland", .host = "turf.example.nl", .batch = STAGE_BATCH};

	*stage = (struct door_stage){.path = "/tmp/turf-door-XXXXXX", .now = STAGE_NOW, .today = STAGE_TODAY};
	assert_non_null(mkdtemp(stage->path));
	assert_int_equal(door_create(stage->path, &settings, &stage->error), 0);
	door_stage_open(stage);
}

void door_stage_open(struct door_stage *stage)
{
	if (door_open(stage->path, &stage->door, &stage->error) < 0)
		fail_msg("%s", stage->error.text);
}

void door_stage_close(struct door_stage *stage)
{
	door_close(stage->door);
	stage->door = NULL;
}

void door_stage_remove(struct door_stage *stage)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "data.mdb.new"};
	char file[96];

	door_stage_close(stage);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(file, sizeof file, "%s/%s", stage->path, names[i]);
		(void)unlink(file);
	}
	assert_int_equal(rmdir(stage->path), 0);
}

void door_stage_invite(struct door_stage *stage, const char *teams, uint8_t code[static DOOR_CODE_BYTES])
{
	char copy[128], *rest = copy;
	const char *list[SCOPE_TEAMS_MAX];
	unsigned n = 0;
	struct scope scope;

	(void)snprintf(copy, sizeof copy, "%s", teams);
	while ((list[n] = strsep(&rest, " ")) != NULL)
		n++;
	assert_int_equal(scope_make(&scope, false, list, n, &stage->error), 0);
	assert_int_equal(door_invite(stage->door, &scope, "telefoon van Anna", stage->now, code, &stage->error), 0);
}

void door_stage_enrol(struct door_stage *stage, const char *teams, struct door_phone *phone)
{
	uint8_t code[DOOR_CODE_BYTES];

	*phone = (struct door_phone){.key = NULL};
	assert_int_equal(random_bytes(phone->credential, sizeof phone->credential), 0);
	door_stage_invite(stage, teams, code);
	assert_int_equal(
		door_join(stage->door, code, phone->credential, stage->now, stage->today, phone->scope, &stage->error),
		0);
	assert_int_equal(door_prepare(stage->door, stage->now, stage->today, &stage->error), 0);
}

void door_phone_release(struct door_phone *phone)
{
	token_key_close(phone->key);
	phone->key = NULL;
}

static const struct token_key *find_key(const struct token_directory *directory, const char *scope, int64_t not_before)
{
	char name[SCOPE_BYTES];

	for (size_t i = 0; i < directory->n_keys; i++) {
		scope_format(&directory->keys[i].scope, name);
		if (strcmp(name, scope) == 0 && directory->keys[i].not_before == not_before)
			return directory->keys[i].key;
	}
	fail_msg("no key of %s begins at %lld", scope, (long long)not_before);
	return NULL;
}

void door_phone_draw(struct door_phone *phone, struct door_stage *stage, int weeks)
{
	struct iso_week week = iso_week_of_day((uint32_t)((int)stage->today + 7 * weeks));
	struct token_directory *directory;
	uint8_t challenge[TOKEN_DIGEST_BYTES], spki[TOKEN_KEY_BYTES];
	const struct token_key *key;

	door_phone_release(phone);
	assert_int_equal(door_directory(stage->door, stage->today, &directory, &stage->error), 0);
	key = find_key(directory, phone->scope, (int64_t)iso_week_first_day(week) * 86400);
	token_key_encode(token_key_modulus(key), spki);
	assert_int_equal(token_key_open(spki, sizeof spki, &phone->key, NULL), 0);
	assert_int_equal(token_directory_challenge(directory, challenge, &stage->error), 0);
	token_directory_free(directory);
	for (size_t i = 0; i < STAGE_BATCH; i++) {
		assert_int_equal(pending_token_draw(&phone->pending[i], phone->key, challenge, &stage->error), 0);
		memcpy(phone->blinded + i * TOKEN_MODULUS_BYTES, phone->pending[i].blinded, TOKEN_MODULUS_BYTES);
	}
}

int door_phone_buy(struct door_phone *phone, struct door_stage *stage)
{
	const struct door_batch_request request = {phone->credential, token_key_id(phone->key), phone->blinded,
						   sizeof phone->blinded};
	int rc = door_take_batch(stage->door, &request, stage->today, phone->answers, &stage->error);

	for (size_t i = 0; i < STAGE_BATCH && rc == 0; i++)
		assert_int_equal(pending_token_finish(&phone->pending[i], phone->key,
						      phone->answers + i * TOKEN_MODULUS_BYTES, &phone->tokens[i],
						      &stage->error),
				 0);
	return rc;
}
