/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tokens and public keys, as bytes and as text: what is read is written as the same; and of all tokens, a key takes only the one
 * that it signed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/token.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/lib/vectors.h"

static struct token_key *key;
static struct token genuine;

/* The first of RFC 9578's vectors. */
static void load(void)
{
	json_t *vectors = vectors_load("privacy-pass/rfc9578-go");
	const json_t *vector = json_array_get(vectors, 0);
	uint8_t spki[TOKEN_KEY_BYTES], bytes[TOKEN_BYTES];

	hold(hex_decode(vectors_text(vector, "pkS"), spki, sizeof spki) == 0);
	hold(hex_decode(vectors_text(vector, "token"), bytes, sizeof bytes) == 0);
	hold(token_key_open(spki, sizeof spki, &key, NULL) == 0);
	hold(token_decode(bytes, sizeof bytes, &genuine) == 0);
	json_decref(vectors);
}

static void check_token(const struct token *token)
{
	bool signed_by_key = token_verify(token, key, token->challenge) == 0;

	hold(signed_by_key == (memcmp(token, &genuine, sizeof *token) == 0));
}

static void check_bytes(const uint8_t *bytes, size_t length)
{
	struct token token;
	uint8_t again[TOKEN_BYTES];

	hold((token_decode(bytes, length, &token) == 0) == (length == TOKEN_BYTES && get_be16(bytes) == TOKEN_TYPE));
	if (length != TOKEN_BYTES || get_be16(bytes) != TOKEN_TYPE)
		return;
	token_encode(&token, again);
	hold(memcmp(again, bytes, length) == 0);
	check_token(&token);
}

static void check_text(const char *text, size_t length)
{
	struct token token;
	char again[TOKEN_TEXT_BYTES];

	if (token_decode_text(text, length, &token) < 0)
		return;
	token_encode_text(&token, again);
	hold(length == TOKEN_TEXT_CHARS && memcmp(again, text, length) == 0);
	check_token(&token);
}

static void check_key(const uint8_t *bytes, size_t length)
{
	struct token_key *read;
	uint8_t again[TOKEN_KEY_BYTES];

	if (token_key_open(bytes, length, &read, NULL) < 0)
		return;
	token_key_encode(token_key_modulus(read), again);
	hold(length == sizeof again && memcmp(again, bytes, length) == 0);
	(void)token_verify(&genuine, read, genuine.challenge);
	token_key_close(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);

	if (!key)
		load();
	check_bytes(bytes, size);
	check_text((const char *)bytes, size);
	check_key(bytes, size);
	free(bytes);
	return 0;
}
