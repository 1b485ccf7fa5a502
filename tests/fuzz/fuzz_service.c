/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Requests to turfdoor, one after the other, against a model: which device joined with which invitation, and which batch each
 * device has of each key. Every request is answered with the status that docs/door.md lists for it; an invitation lets one device
 * in; of a key no device gets signatures of two batches; and the same request always has the same answer. Between requests devices
 * are revoked, and turfdoor is started again. Each input begins with the same database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/bn.h>

#include "base/base64url.h"
#include "door/service.h"
#include "tests/fuzz/lib/fuzz.h"

enum {
	BATCH = 2,
	NOW = 1796000000,
	TODAY = NOW / 86400,
	REQUESTS_MAX = 16,
	CREDENTIALS =
		4, /* the first is a device of oost, the second one that was revoked; nobody has joined with the others */
	INVITATIONS = 5,
	KEYS = 4, /* of two scopes and two weeks */
	MESSAGES_BYTES = BATCH * TOKEN_MODULUS_BYTES,
	BODY_BYTES = TOKEN_DIGEST_BYTES + MESSAGES_BYTES,
	NOBODY = -1,
};

struct device {
	int scope; /* in `scopes`; NOBODY: has not joined */
	uint32_t number;
	bool revoked;
	struct {
		bool taken;
		uint8_t asked[MESSAGES_BYTES], given[MESSAGES_BYTES];
	} batches[KEYS];
};

struct invitation {
	int scope, device; /* `device` NOBODY: not used */
	bool ended;
};

struct key {
	int scope;
	uint8_t id[TOKEN_DIGEST_BYTES], modulus[TOKEN_MODULUS_BYTES];
};

static const char *const scopes[] = {"oost", "west"};

/* What every input begins with. */
static struct {
	char path[128];
	uint8_t *bytes; /* of the database */
	size_t length;
	uint8_t codes[INVITATIONS][DOOR_CODE_BYTES], credentials[CREDENTIALS][DOOR_CREDENTIAL_BYTES];
	struct invitation invitations[INVITATIONS];
	struct key keys[KEYS];
} origin;

static struct door *door;
static struct device devices[CREDENTIALS];
static struct invitation invitations[INVITATIONS];
static uint32_t joined; /* how many devices have ever joined */

/* ---- The database ------------------------------------------------------------------------------------------------ */

static void invite(unsigned number, int scope, uint64_t at)
{
	struct scope parsed;

	hold(scope_parse(scopes[scope], &parsed) == 0);
	hold(door_invite(door, &parsed, "", at, origin.codes[number], NULL) == 0);
	origin.invitations[number] = (struct invitation){scope, NOBODY, NOW - at > 72 * 3600};
}

static void read_keys(void)
{
	struct token_directory *directory;
	char name[SCOPE_BYTES];

	hold(door_directory(door, TODAY, &directory, NULL) == 0 && directory->n_keys == KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		scope_format(&directory->keys[i].scope, name);
		origin.keys[i].scope = strcmp(name, scopes[0]) == 0 ? 0 : 1;
		memcpy(origin.keys[i].id, token_key_id(directory->keys[i].key), TOKEN_DIGEST_BYTES);
		memcpy(origin.keys[i].modulus, token_key_modulus(directory->keys[i].key), TOKEN_MODULUS_BYTES);
	}
	token_directory_free(directory);
}

static void read_database(void)
{
	char path[160];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/data.mdb", origin.path);
	file = fopen(path, "re");
	hold(file != NULL && fseek(file, 0, SEEK_END) == 0);
	origin.length = (size_t)ftell(file);
	origin.bytes = malloc(origin.length);
	rewind(file);
	hold(origin.bytes != NULL && fread(origin.bytes, 1, origin.length, file) == origin.length);
	hold(fclose(file) == 0);
}

static void make_origin(void)
{
	const struct door_settings settings = {.org = "toets", .host = "h", .batch = BATCH};
	char name[SCOPE_BYTES];

	(void)snprintf(origin.path, sizeof origin.path, "%s/door", fuzz_folder());
	hold(door_create(origin.path, &settings, NULL) == 0 && door_open(origin.path, &door, NULL) == 0);
	for (unsigned i = 0; i < CREDENTIALS; i++)
		memset(origin.credentials[i], 0x5a + (int)i, DOOR_CREDENTIAL_BYTES);
	for (unsigned i = 0; i < 4; i++)
		invite(i, i == 3 ? 1 : 0, NOW);
	invite(4, 0, NOW - 100 * 3600);
	for (unsigned i = 0; i < 2; i++) {
		hold(door_join(door, origin.codes[i], origin.credentials[i], NOW, TODAY, name, NULL) == 0);
		origin.invitations[i].device = (int)i;
	}
	hold(door_revoke(door, 2, TODAY, NULL) == 0);
	hold(door_prepare(door, NOW, TODAY, NULL) == 0);
	read_keys();
	door_close(door);
	read_database();
}

static void begin(void)
{
	char path[160];
	FILE *file;

	if (!origin.bytes)
		make_origin();
	(void)snprintf(path, sizeof path, "%s/data.mdb", origin.path);
	file = fopen(path, "we");
	hold(file != NULL && fwrite(origin.bytes, 1, origin.length, file) == origin.length && fclose(file) == 0);
	hold(door_open(origin.path, &door, NULL) == 0);
	memset(devices, 0, sizeof devices);
	for (unsigned i = 0; i < CREDENTIALS; i++)
		devices[i].scope = i < 2 ? 0 : NOBODY;
	devices[0].number = 1;
	devices[1].number = joined = 2;
	devices[1].revoked = true;
	memcpy(invitations, origin.invitations, sizeof invitations);
}

/* ---- Joining ----------------------------------------------------------------------------------------------------- */

/* Sends the body, copied so that reading beyond it is found out. The answer's body is the caller's to free. */
static struct service_answer send(struct service_request request, const uint8_t *body)
{
	uint8_t *copy = fuzz_copy(body, request.length);
	struct service_answer answer;

	request.body = copy;
	request.unix_seconds = NOW;
	hold(service_answer(door, &request, &answer, NULL) == 0);
	free(copy);
	return answer;
}

/* The answer is a JSON object, with the word of an error unless it is good. */
static void check_json(const struct service_answer *answer, const char *member, const char *value)
{
	json_t *json = json_loadb(answer->body, answer->length, 0, NULL);
	const char *found = member ? json_string_value(json_object_get(json, member)) : NULL;

	hold(json_is_object(json) && (answer->status == 200) == !json_object_get(json, "error"));
	hold(!member || (found && strcmp(found, value) == 0));
	json_decref(json);
}

static unsigned joining(int code, int credential)
{
	struct invitation *invitation = code < INVITATIONS ? &invitations[code] : NULL;
	struct device *device = &devices[credential];

	if (!invitation)
		return 404;
	if (invitation->device != NOBODY)
		return invitation->device == credential && !device->revoked ? 200 : 410;
	if (invitation->ended)
		return 410;
	if (device->scope != NOBODY)
		return 409;
	invitation->device = credential;
	device->scope = invitation->scope;
	device->number = ++joined;
	return 200;
}

static void join(struct feed *feed)
{
	uint8_t body[DOOR_CODE_BYTES + DOOR_CREDENTIAL_BYTES] = {0};
	int code = (int)feed_below(feed, INVITATIONS + 1), credential = (int)feed_below(feed, CREDENTIALS);
	struct service_request request = {.method = "POST", .path = "/door/join"};
	struct service_answer answer;
	unsigned expected = 400;

	request.length = sizeof body - (feed_below(feed, 8) == 7 ? 1 : 0);
	if (code < INVITATIONS)
		memcpy(body, origin.codes[code], DOOR_CODE_BYTES);
	memcpy(body + DOOR_CODE_BYTES, origin.credentials[credential], DOOR_CREDENTIAL_BYTES);
	if (request.length == sizeof body)
		expected = joining(code, credential);
	answer = send(request, body);
	hold(answer.status == expected);
	check_json(&answer, expected == 200 ? "scope" : NULL, scopes[expected == 200 ? devices[credential].scope : 0]);
	free(answer.body);
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* A small number, one that is little smaller than the modulus, or any. */
static void make_message(struct feed *feed, const struct key *key, uint8_t message[static TOKEN_MODULUS_BYTES])
{
	uint32_t kind = feed_below(feed, 4), value = feed_number(feed, 1);
	const uint8_t *bytes;
	size_t length;

	memset(message, kind == 3 ? (int)value : 0, TOKEN_MODULUS_BYTES);
	if (kind == 0) {
		message[TOKEN_MODULUS_BYTES - 1] = (uint8_t)value;
	} else if (kind == 1) {
		memcpy(message, key->modulus, TOKEN_MODULUS_BYTES);
		message[TOKEN_MODULUS_BYTES - 1] = (uint8_t)(message[TOKEN_MODULUS_BYTES - 1] - value);
	} else if (kind == 2) {
		length = feed_bytes(feed, TOKEN_MODULUS_BYTES, &bytes);
		memcpy(message, bytes, length);
	}
}

/* Whether it is a number of 2 to modulus - 2. */
static bool is_signable(const struct key *key, const uint8_t *message)
{
	BIGNUM *n = BN_bin2bn(key->modulus, TOKEN_MODULUS_BYTES, NULL),
	       *m = BN_bin2bn(message, TOKEN_MODULUS_BYTES, NULL);
	bool signable = BN_cmp(m, BN_value_one()) > 0;

	hold(BN_sub_word(n, 1) == 1);
	signable = signable && BN_cmp(m, n) < 0;
	BN_free(n);
	BN_free(m);
	return signable;
}

/* The signature to the power of 65537 is the message. */
static void check_signature(const struct key *key, const uint8_t *message, const uint8_t *signature)
{
	BIGNUM *n = BN_bin2bn(key->modulus, TOKEN_MODULUS_BYTES, NULL),
	       *m = BN_bin2bn(message, TOKEN_MODULUS_BYTES, NULL), *s = BN_bin2bn(signature, TOKEN_MODULUS_BYTES, NULL),
	       *e = BN_new();
	BN_CTX *context = BN_CTX_new();

	hold(BN_set_word(e, 65537) == 1 && BN_mod_exp(s, s, e, n, context) == 1 && BN_cmp(s, m) == 0);
	BN_CTX_free(context);
	BN_free(e);
	BN_free(s);
	BN_free(m);
	BN_free(n);
}

/* The status that a request of the right length must have. `device` and `key` NULL: unknown ones. */
static unsigned buying(const struct device *device, int key, const uint8_t *messages)
{
	if (!device || device->scope == NOBODY)
		return 401;
	if (device->revoked)
		return 403;
	if (key >= KEYS || origin.keys[key].scope != device->scope)
		return 404;
	for (unsigned i = 0; i < BATCH; i++)
		if (!is_signable(&origin.keys[key], messages + (size_t)i * TOKEN_MODULUS_BYTES))
			return 400;
	if (device->batches[key].taken && memcmp(device->batches[key].asked, messages, MESSAGES_BYTES) != 0)
		return 409;
	return 200;
}

static void check_batch(struct device *device, int key, const uint8_t *messages, const struct service_answer *answer)
{
	hold(strcmp(answer->type, "application/octet-stream") == 0 && answer->length == MESSAGES_BYTES);
	for (size_t at = 0; at < MESSAGES_BYTES; at += TOKEN_MODULUS_BYTES)
		check_signature(&origin.keys[key], messages + at, (const uint8_t *)answer->body + at);
	hold(!device->batches[key].taken || memcmp(device->batches[key].given, answer->body, MESSAGES_BYTES) == 0);
	device->batches[key].taken = true;
	memcpy(device->batches[key].asked, messages, MESSAGES_BYTES);
	memcpy(device->batches[key].given, answer->body, MESSAGES_BYTES);
}

/* The header of a credential, one that the bytes make, or none. The device is NULL unless it is that of a credential. */
static const char *make_authorization(struct feed *feed, char text[static 128], struct device **device)
{
	uint32_t who = feed_below(feed, CREDENTIALS + 2);
	char encoded[BASE64URL_CHARS(DOOR_CREDENTIAL_BYTES) + 1];
	const uint8_t *bytes;
	size_t length;

	*device = who < CREDENTIALS ? &devices[who] : NULL;
	if (who < CREDENTIALS) {
		base64url_encode(origin.credentials[who], DOOR_CREDENTIAL_BYTES, encoded);
		(void)snprintf(text, 128, "Bearer %s", encoded);
	} else if (who == CREDENTIALS) {
		length = feed_bytes(feed, 100, &bytes);
		(void)snprintf(text, 128, "Bearer %.*s", (int)length, (const char *)bytes);
	} else {
		return NULL;
	}
	return text;
}

static void buy(struct feed *feed)
{
	uint8_t body[BODY_BYTES] = {0}, *messages = body + TOKEN_DIGEST_BYTES;
	struct service_request request = {.method = "POST", .path = "/door/batch", .length = sizeof body};
	struct service_answer answer;
	struct device *device;
	char text[128];
	unsigned expected = 400;
	int key;

	request.authorization = make_authorization(feed, text, &device);
	key = (int)feed_below(feed, KEYS + 1);
	if (key < KEYS)
		memcpy(body, origin.keys[key].id, TOKEN_DIGEST_BYTES);
	for (unsigned i = 0; i < BATCH; i++)
		make_message(feed, &origin.keys[key % KEYS], messages + (size_t)i * TOKEN_MODULUS_BYTES);
	if (feed_below(feed, 8) == 7)
		request.length = feed_number(feed, 2) % sizeof body;
	else
		expected = buying(device, key, messages);
	answer = send(request, body);
	hold(answer.status == expected);
	if (expected == 200)
		check_batch(device, key, messages, &answer);
	else
		check_json(&answer, NULL, NULL);
	free(answer.body);
}

/* ---- Everything else ----------------------------------------------------------------------------------------------- */

/* Any method, path and body: no such request changes anything or is signed. */
static void ask_anything(struct feed *feed)
{
	static const char *const methods[] = {"GET", "POST", "PUT", ""};
	static const char *const paths[] = {"/door/batch", "/door/join", "/.well-known/private-token-issuer-directory",
					    "/"};
	struct service_request request = {.method = methods[feed_below(feed, 4)], .path = paths[feed_below(feed, 4)]};
	struct service_answer answer;
	const uint8_t *bytes;

	request.length = feed_bytes(feed, 2 * BODY_BYTES, &bytes);
	answer = send(request, bytes);
	hold(answer.status == 200 ? strcmp(request.method, "GET") == 0 && request.length == 0
				  : answer.status >= 400 && answer.status <= 411);
	check_json(&answer, NULL, NULL);
	free(answer.body);
}

static void revoke(struct device *device)
{
	int rc = door_revoke(door, device->number, TODAY, NULL);

	hold(rc == (device->scope == NOBODY || device->revoked ? DOOR_NO_DEVICE : 0));
	device->revoked |= device->scope != NOBODY;
}

static void act(struct feed *feed)
{
	switch (feed_below(feed, 8)) {
	case 0:
	case 1:
		join(feed);
		break;
	case 2:
	case 3:
	case 4:
		buy(feed);
		break;
	case 5:
		ask_anything(feed);
		break;
	case 6:
		revoke(&devices[feed_below(feed, CREDENTIALS)]);
		break;
	default:
		door_close(door);
		hold(door_open(origin.path, &door, NULL) == 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {data, size};

	begin();
	for (int i = 0; i < REQUESTS_MAX && feed.left > 0; i++)
		act(&feed);
	door_close(door);
	return 0;
}
