/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Requests to turfdoor: whatever arrives is answered, with a status that docs/door.md lists; the names in an answer are sound
 * JSON; and signatures leave only for the right credential, the right key and a body of the right length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base64url.h"
#include "door/service.h"
#include "tests/fuzz/lib/fuzz.h"

enum { BATCH = 2, NOW = 1796000000, BODY_MAX = TOKEN_DIGEST_BYTES + 3 * TOKEN_MODULUS_BYTES };

static struct door *door;
static uint8_t code[DOOR_CODE_BYTES], key_id[TOKEN_DIGEST_BYTES];
static const uint8_t credential[DOOR_CREDENTIAL_BYTES] = {1, 2, 3};

/* A door with one device. */
static void make_door(void)
{
	const struct door_settings settings = {.org = "toets", .host = "h", .batch = BATCH};
	const struct scope scope = {.n_teams = 1, .teams = {"oost"}};
	const uint32_t today = NOW / 86400;
	struct token_directory *directory;
	char path[128], name[SCOPE_BYTES];

	(void)snprintf(path, sizeof path, "%s/door", fuzz_folder());
	hold(door_create(path, &settings, NULL) == 0 && door_open(path, &door, NULL) == 0);
	hold(door_invite(door, &scope, "", NOW, code, NULL) == 0);
	hold(door_join(door, code, credential, NOW, today, name, NULL) == 0);
	hold(door_prepare(door, NOW, today, NULL) == 0);
	hold(door_directory(door, today, &directory, NULL) == 0 && directory->n_keys == 2);
	memcpy(key_id, token_key_id(directory->keys[0].key), sizeof key_id); /* the first is this week's */
	token_directory_free(directory);
}

static const char *choose(struct feed *feed, const char *const *texts, uint32_t n)
{
	return texts[feed_below(feed, n)];
}

/* The header is the right one, one that the bytes make, or none. */
static const char *authorization(struct feed *feed, char text[static 128], bool *right)
{
	char encoded[BASE64URL_CHARS(DOOR_CREDENTIAL_BYTES) + 1];
	const uint8_t *bytes;
	size_t length;

	*right = false;
	switch (feed_below(feed, 3)) {
	case 0:
		return NULL;
	case 1:
		*right = true;
		base64url_encode(credential, sizeof credential, encoded);
		(void)snprintf(text, 128, "Bearer %s", encoded);
		return text;
	default:
		length = feed_bytes(feed, 100, &bytes);
		(void)snprintf(text, 128, "Bearer %.*s", (int)length, (const char *)bytes);
		return text;
	}
}

static size_t make_body(struct feed *feed, uint8_t body[static BODY_MAX], bool *right_key)
{
	const uint8_t *bytes;
	size_t length = 0, more;

	*right_key = feed_below(feed, 2) == 1;
	if (*right_key) {
		memcpy(body, key_id, sizeof key_id);
		length = sizeof key_id;
	}
	more = feed_bytes(feed, BODY_MAX - length, &bytes);
	memcpy(body + length, bytes, more);
	return length + more;
}

static void check_answer(const struct service_answer *answer, bool may_sign)
{
	json_t *json;

	if (strcmp(answer->type, "application/octet-stream") == 0) {
		hold(answer->status == 200 && answer->length == BATCH * TOKEN_MODULUS_BYTES && may_sign);
		return;
	}
	json = json_loadb(answer->body, answer->length, 0, NULL);
	hold(json_is_object(json));
	hold((answer->status == 200) == !json_object_get(json, "error"));
	hold(answer->status == 200 || (answer->status >= 400 && answer->status <= 411));
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "POST", "PUT", ""};
	static const char *const paths[] = {"/door/batch", "/door/join", "/.well-known/private-token-issuer-directory",
					    "/"};
	struct feed feed = {data, size};
	uint8_t made[BODY_MAX], *body;
	char text[128];
	bool right_credential, right_key;
	struct service_request request = {.unix_seconds = NOW};
	struct service_answer answer;

	if (!door)
		make_door();
	request.method = choose(&feed, methods, 4);
	request.path = choose(&feed, paths, 4);
	request.authorization = authorization(&feed, text, &right_credential);
	request.length = make_body(&feed, made, &right_key);
	body = fuzz_copy(made, request.length);
	request.body = body;
	hold(service_answer(door, &request, &answer, NULL) == 0);
	check_answer(&answer, right_credential && right_key &&
				      request.length == TOKEN_DIGEST_BYTES + BATCH * TOKEN_MODULUS_BYTES);
	free(answer.body);
	free(body);
	return 0;
}
