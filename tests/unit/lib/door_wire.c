/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/door_wire.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "door/service.h"

enum { SECONDS_A_DAY = 86400 };

static void note_post(struct door_wire *wire, const struct service_request *request)
{
	(void)snprintf(wire->path, sizeof wire->path, "%s", request->path);
	assert_true(request->length <= sizeof wire->body);
	memcpy(wire->body, request->body, request->length);
	wire->length = request->length;
	wire->posts++;
}

static int lose(struct http_answer *answer, struct error *error)
{
	free(answer->body);
	*answer = (struct http_answer){.status = 0};
	return error_set(error, FAULT_BROKER, "the connection was lost");
}

static int send_to_stage(void *context, const struct http_request *wanted, struct http_answer *answer,
			 struct error *error)
{
	struct door_wire *wire = context;
	char authorization[128] = "";
	struct service_request request = {
		.method = wanted->body ? "POST" : "GET",
		.path = wanted->url + strlen(WIRE_ORIGIN),
		.authorization = wanted->bearer ? authorization : NULL,
		.body = wanted->body,
		.length = wanted->length,
		.unix_seconds = wire->stage.now,
	};
	struct service_answer given;
	bool post = wanted->body != NULL;
	int rc;

	*answer = (struct http_answer){.status = 0};
	assert_memory_equal(wanted->url, WIRE_ORIGIN, strlen(WIRE_ORIGIN));
	if (wanted->bearer)
		(void)snprintf(authorization, sizeof authorization, "Bearer %s", wanted->bearer);
	if (post)
		note_post(wire, &request);
	if (post && wire->lose_request)
		return lose(answer, error);
	rc = service_answer(wire->stage.door, &request, &given, error);
	if (!given.body)
		return error_set(error, FAULT_MEMORY, "no memory in turfdoor");
	answer->status = rc < 0 ? 500 : given.status;
	assert_true(given.length <= wanted->answer_max);
	answer->length = given.length;
	answer->body = given.body;
	if (post && wire->lose_answer)
		return lose(answer, error);
	if (post && wire->damage_answer)
		answer->body[answer->length - 1] ^= 1;
	return 0;
}

void door_wire_make(struct door_wire *wire)
{
	*wire = (struct door_wire){.folder = "/tmp/turf-wire-XXXXXX"};
	door_stage_make(&wire->stage);
	assert_non_null(mkdtemp(wire->folder));
	wire->buyer = (struct token_buyer){.send = send_to_stage, .context = wire};
	door_wire_open(wire);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

void door_wire_remove(struct door_wire *wire)
{
	door_wire_close(wire);
	assert_int_equal(nftw(wire->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	door_stage_remove(&wire->stage);
}

void door_wire_open(struct door_wire *wire)
{
	if (outbox_open(&wire->outbox, wire->folder, WIRE_ORG, &wire->error) < 0)
		fail_msg("%s", wire->error.text);
}

void door_wire_close(struct door_wire *wire)
{
	outbox_close(wire->outbox);
	wire->outbox = NULL;
}

void door_wire_invite(struct door_wire *wire, const char *team)
{
	wire->invitation = (struct token_buyer_invitation){.origin = WIRE_ORIGIN};
	door_stage_invite(&wire->stage, team, wire->invitation.code);
}

void door_wire_wait(struct door_wire *wire, int days)
{
	wire->stage.now += (uint64_t)days * SECONDS_A_DAY;
	wire->stage.today += (uint32_t)days;
	assert_int_equal(door_prepare(wire->stage.door, wire->stage.now, wire->stage.today, &wire->stage.error), 0);
}

int door_wire_join(struct door_wire *wire)
{
	return token_buyer_join(&wire->buyer, wire->outbox, WIRE_ORG, &wire->invitation, &wire->error);
}

int door_wire_fetch(struct door_wire *wire)
{
	return token_buyer_fetch(&wire->buyer, wire->outbox, WIRE_ORG, (int64_t)wire->stage.now, &wire->error);
}

static int read_directory(struct door_wire *wire, struct token_directory **directory)
{
	const struct http_request request = {.url = WIRE_ORIGIN "/.well-known/private-token-issuer-directory",
					     .answer_max = TOKEN_DIRECTORY_BYTES_MAX};
	struct http_answer answer;
	int rc;

	assert_int_equal(send_to_stage(wire, &request, &answer, &wire->error), 0);
	rc = token_directory_parse(answer.body, answer.length, directory, &wire->error);
	free(answer.body);
	return rc;
}

bool door_wire_take(struct door_wire *wire, struct token_store_token *token)
{
	int rc = token_store_take(wire->outbox, (int64_t)wire->stage.now, token, &wire->error);
	const struct token_directory_key *key;
	uint8_t challenge[TOKEN_DIGEST_BYTES];
	struct token_directory *directory;
	struct token decoded;

	assert_true(rc == 0 || rc == TOKEN_STORE_NONE);
	if (rc != 0)
		return false;
	assert_int_equal(token_decode_text(token->text, strlen(token->text), &decoded), 0);
	assert_memory_equal(decoded.key_id, token->key_id, TOKEN_DIGEST_BYTES);
	assert_int_equal(read_directory(wire, &directory), 0);
	assert_int_equal(token_directory_challenge(directory, challenge, &wire->error), 0);
	key = token_directory_find(directory, decoded.key_id);
	if (key)
		assert_int_equal(token_verify(&decoded, key->key, challenge), 0);
	token_directory_free(directory);
	return true;
}
