/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What turfdoor answers a device: memberships, directories of keys, blind signatures and refusals, right ones, right ones of which
 * some bytes were replaced, and any bytes. Whatever arrives, the device keeps only tokens that a key of turfdoor has signed, gives
 * none of them out twice, and says what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "broker-client/libturf/token_buyer.h"
#include "tests/fuzz/lib/fuzz.h"

#define ORG "toets"
#define ORIGIN "https://h"

enum {
	BATCH = 2,
	WEEKS = 2,
	WEEK = 7 * 86400,
	MONDAY = 20787 * 86400,
	ACTS_MAX = 16,
	TOKENS_MAX = ACTS_MAX * WEEKS * BATCH,
	SPLICE_BYTES = 64,
};

struct key {
	EVP_PKEY *secret;
	struct token_key *public;
};

static struct key issuer_keys[WEEKS];
static char *directory_text;

struct device {
	struct feed *feed; /* the answers come from here */
	struct outbox *outbox;
	int64_t now;
	struct token_store_token token; /* the last that was taken; its text is empty: none */
	char shown[TOKENS_MAX][TOKEN_TEXT_BYTES];
	size_t n_shown;
};

/* ---- turfdoor ------------------------------------------------------------------------------------------------------ */

static void make_key(struct key *key)
{
	uint8_t modulus[TOKEN_MODULUS_BYTES], bytes[TOKEN_KEY_BYTES];
	BIGNUM *n = NULL;

	key->secret = EVP_RSA_gen(8 * TOKEN_MODULUS_BYTES);
	hold(key->secret && EVP_PKEY_get_bn_param(key->secret, "n", &n) == 1);
	hold(BN_bn2binpad(n, modulus, sizeof modulus) == sizeof modulus);
	BN_free(n);
	token_key_encode(modulus, bytes);
	hold(token_key_open(bytes, sizeof bytes, &key->public, NULL) == 0);
}

static void make_issuer(void)
{
	struct token_directory_key keys[WEEKS];
	struct token_directory directory = {
		.org = ORG, .issuer = "h", .request_uri = "/door/batch", .batch = BATCH, .keys = keys, .n_keys = WEEKS};

	for (int i = 0; i < WEEKS; i++) {
		make_key(&issuer_keys[i]);
		keys[i] = (struct token_directory_key){.key = issuer_keys[i].public,
						       .not_before = MONDAY + (int64_t)i * WEEK,
						       .not_after = MONDAY + (int64_t)(i + 3) * WEEK};
		hold(scope_parse("oost", &keys[i].scope) == 0);
	}
	directory_text = token_directory_print(&directory);
	hold(directory_text != NULL);
}

static int find_key(const uint8_t *id)
{
	for (int i = 0; i < WEEKS; i++)
		if (memcmp(token_key_id(issuer_keys[i].public), id, TOKEN_DIGEST_BYTES) == 0)
			return i;
	return WEEKS;
}

/* The blind signatures of a batch; nothing when it has another form. */
static size_t sign_batch(const uint8_t *body, size_t length, uint8_t *signatures, size_t max)
{
	int which = find_key(body);
	size_t at = 0;

	if (which == WEEKS)
		return 0;
	for (body += TOKEN_DIGEST_BYTES, length -= TOKEN_DIGEST_BYTES; at < length && at + TOKEN_MODULUS_BYTES <= max;
	     at += TOKEN_MODULUS_BYTES) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(issuer_keys[which].secret, NULL);
		size_t written = TOKEN_MODULUS_BYTES;

		hold(EVP_PKEY_sign_init(context) == 1);
		hold(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
		hold(EVP_PKEY_sign(context, signatures + at, &written, body + at, TOKEN_MODULUS_BYTES) == 1);
		EVP_PKEY_CTX_free(context);
	}
	return at;
}

static size_t put_text(uint8_t *to, size_t max, const char *text)
{
	size_t length = strlen(text);

	hold(length <= max);
	memcpy(to, text, length);
	return length;
}

static size_t right_answer(const struct http_request *request, uint8_t *to, size_t max)
{
	if (!request->body)
		return put_text(to, max, directory_text);
	if (strstr(request->url, "/door/join"))
		return put_text(to, max,
				"{\"org\":\"" ORG "\",\"issuer\":\"h\",\"scope\":\"oost\",\"role\":\"worker\","
				"\"teams\":[\"oost\"],\"batch\":2}");
	return sign_batch(request->body, request->length, to, max);
}

static size_t refusal(struct feed *feed, uint8_t *to, size_t max)
{
	static const char *const words[] = {
		"wrong-length", "batch-malformed",    "credential-unknown", "revoked",          "no-such-path",
		"key-unknown",  "invitation-unknown", "batch-taken",        "credential-known", "invitation-used",
		"fault",        "invitation-ended",
	};
	char text[64];

	(void)snprintf(text, sizeof text, "{\"error\":\"%s\"}", words[feed_below(feed, sizeof words / sizeof *words)]);
	return put_text(to, max, text);
}

/* Replaces some bytes. */
static void splice(struct feed *feed, uint8_t *to, size_t length)
{
	size_t at = length ? feed_number(feed, 2) % length : 0;
	const uint8_t *bytes;
	size_t n = feed_bytes(feed, length - at < SPLICE_BYTES ? length - at : SPLICE_BYTES, &bytes);

	memcpy(to + at, bytes, n);
}

static unsigned choose_status(struct feed *feed)
{
	static const unsigned statuses[] = {200, 200, 200, 200, 400, 401, 403, 404,
					    405, 409, 410, 411, 500, 503, 302, 0};

	return statuses[feed_below(feed, sizeof statuses / sizeof *statuses)];
}

static int answer_request(void *context, const struct http_request *request, struct http_answer *answer,
			  struct error *error)
{
	struct device *device = context;
	struct feed *feed = device->feed;
	uint32_t kind = feed_below(feed, 6);
	const uint8_t *bytes;
	uint8_t *body;
	size_t length = 0;

	*answer = (struct http_answer){.status = 0};
	if (kind == 5)
		return error_set(error, FAULT_BROKER, "no answer");
	body = malloc(request->answer_max + 1);
	hold(body != NULL);
	answer->status = choose_status(feed);
	if (kind == 4) {
		length = feed_bytes(feed, request->answer_max, &bytes);
		memcpy(body, bytes, length);
	} else {
		length = kind == 3 ? refusal(feed, body, request->answer_max)
				   : right_answer(request, body, request->answer_max);
	}
	if (kind == 2)
		splice(feed, body, length);
	answer->length = length;
	answer->body = (char *)fuzz_copy(body, length + 1);
	answer->body[length] = '\0';
	free(body);
	return 0;
}

/* ---- The device ---------------------------------------------------------------------------------------------------- */

static void open_device(struct device *device)
{
	char path[512];
	struct error error;

	(void)snprintf(path, sizeof path, "%s/outbox", fuzz_folder());
	if (outbox_open(&device->outbox, path, ORG, &error) != 0)
		fuzz_fail(__FILE__, __LINE__, error.text);
}

static void join(struct device *device, const struct token_buyer *buyer)
{
	struct token_buyer_invitation invitation = {.origin = ORIGIN, .code = {(uint8_t)feed_below(device->feed, 4)}};
	struct error error = {{0}};
	struct token_store_member member;
	struct scope scope;
	int rc = token_buyer_join(buyer, device->outbox, ORG, &invitation, &error);

	hold(rc == 0 || error.text[0] != '\0');
	if (rc != 0)
		return;
	hold(token_store_member(device->outbox, &member, NULL) == 0 && member.state == TOKEN_STORE_JOINED);
	hold(scope_parse(member.scope, &scope) == 0);
}

static void fetch(struct device *device, const struct token_buyer *buyer)
{
	struct error error = {{0}};
	int rc;

	device->now += (int64_t)feed_below(device->feed, 16) * 86400;
	rc = token_buyer_fetch(buyer, device->outbox, ORG, device->now, &error);
	hold(rc == 0 || error.text[0] != '\0');
}

/* Signed by a key of turfdoor, good now, and not taken before. */
static void take(struct device *device)
{
	struct token_store_token *token = &device->token;
	struct token read;
	int rc = token_store_take(device->outbox, device->now, token, NULL), which;

	hold(rc == 0 || rc == TOKEN_STORE_NONE);
	if (rc != 0) {
		token->text[0] = '\0';
		return;
	}
	hold(token_decode_text(token->text, strlen(token->text), &read) == 0);
	which = find_key(read.key_id);
	hold(which < WEEKS && token_verify(&read, issuer_keys[which].public, read.challenge) == 0);
	for (size_t i = 0; i < device->n_shown; i++)
		hold(strcmp(device->shown[i], token->text) != 0);
	hold(device->n_shown < TOKENS_MAX);
	memcpy(device->shown[device->n_shown++], token->text, sizeof token->text);
}

/* A token that was put back may be taken again. */
static void give_back(struct device *device)
{
	int rc;

	if (device->token.text[0] == '\0')
		return;
	rc = token_store_give_back(device->outbox, &device->token, feed_below(device->feed, 2) == 1, NULL);
	hold(rc == 0 || rc == TOKEN_STORE_NONE);
	if (rc == 0)
		device->n_shown--; /* it was the last */
	device->token.text[0] = '\0';
}

static void act(struct device *device, const struct token_buyer *buyer)
{
	char org[SLUG_BYTES];
	struct error error;

	switch (feed_below(device->feed, 8)) {
	case 0:
	case 1:
		join(device, buyer);
		break;
	case 2:
	case 3:
		fetch(device, buyer);
		break;
	case 4:
		take(device);
		break;
	case 5:
		give_back(device);
		break;
	case 6:
		if (token_buyer_org(buyer, ORIGIN, org, &error) == 0)
			hold(topic_slug_valid(org));
		break;
	default:
		outbox_close(device->outbox);
		open_device(device);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {data, size};
	struct device device = {.feed = &feed, .now = MONDAY + 86400};
	const struct token_buyer buyer = {.send = answer_request, .context = &device};
	char path[512];

	if (!directory_text)
		make_issuer();
	open_device(&device);
	for (int i = 0; i < ACTS_MAX && feed.left > 0; i++)
		act(&device, &buyer);
	outbox_close(device.outbox);
	(void)snprintf(path, sizeof path, "%s/outbox/data.mdb", fuzz_folder());
	hold(remove(path) == 0);
	return 0;
}
