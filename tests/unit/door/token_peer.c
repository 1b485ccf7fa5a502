/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The C side of tests/web/token.test.mjs: an issuer, and a phone that buys from it. Reads a command a line and answers each with
 * a line; bytes are in hexadecimal.
 *
 *   key               the issuer's public key
 *   challenge A B     the digest of the challenge of issuer A for origin B
 *   sign BLINDED      the blind signature, or "refused"
 *   buy CHALLENGE     a token for the challenge with this digest
 *   verify CHALLENGE TOKEN    "valid", "refused" or "no token"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "broker-client/libturf/pending_token.h"
#include "door/sign.h"

enum { LINE_BYTES = 2048 };

static struct sign_key *secret;
static struct token_key *key;
static uint8_t spki[TOKEN_KEY_BYTES];

static void answer(const uint8_t *bytes, size_t length)
{
	char text[2 * TOKEN_BYTES + 1];

	hex_encode(bytes, length, text);
	(void)puts(text);
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "token_peer: %s\n", what);
	exit(1);
}

static void make_key(void)
{
	uint8_t modulus[TOKEN_MODULUS_BYTES];

	if (sign_key_generate(&secret, NULL) < 0 || sign_key_modulus(secret, modulus, NULL) < 0)
		fail("cannot make a key");
	token_key_encode(modulus, spki);
	if (token_key_open(spki, sizeof spki, &key, NULL) < 0)
		fail("cannot open the key");
}

static void sign(const char *text)
{
	uint8_t blinded[LINE_BYTES], signature[TOKEN_MODULUS_BYTES];
	size_t length = strlen(text) / 2;

	if (hex_decode(text, blinded, length) < 0)
		fail("not hexadecimal");
	if (sign_blinded(secret, blinded, length, signature, NULL) == 0)
		answer(signature, sizeof signature);
	else
		(void)puts("refused");
}

static void buy(const uint8_t challenge[static TOKEN_DIGEST_BYTES])
{
	uint8_t signature[TOKEN_MODULUS_BYTES], bytes[TOKEN_BYTES];
	struct pending_token pending;
	struct token token;

	if (pending_token_draw(&pending, key, challenge, NULL) < 0 ||
	    sign_blinded(secret, pending.blinded, sizeof pending.blinded, signature, NULL) != 0 ||
	    pending_token_finish(&pending, key, signature, &token, NULL) != 0)
		fail("cannot buy a token");
	token_encode(&token, bytes);
	answer(bytes, sizeof bytes);
}

static void verify(const uint8_t challenge[static TOKEN_DIGEST_BYTES], const char *text)
{
	uint8_t bytes[LINE_BYTES];
	size_t length = strlen(text) / 2;
	struct token token;

	if (hex_decode(text, bytes, length) < 0)
		fail("not hexadecimal");
	if (token_decode(bytes, length, &token) < 0)
		(void)puts("no token");
	else
		(void)puts(token_verify(&token, key, challenge) == 0 ? "valid" : "refused");
}

static void obey(const char *command, const char *first, const char *second)
{
	uint8_t digest[TOKEN_DIGEST_BYTES];

	if (strcmp(command, "key") == 0) {
		answer(spki, sizeof spki);
	} else if (strcmp(command, "sign") == 0) {
		sign(first);
	} else if (strcmp(command, "challenge") == 0) {
		if (token_challenge_digest(&(struct token_challenge){first, second, NULL}, digest, NULL) < 0)
			fail("not a challenge");
		answer(digest, sizeof digest);
	} else if (hex_decode(first, digest, sizeof digest) < 0) {
		fail("not a digest");
	} else if (strcmp(command, "buy") == 0) {
		buy(digest);
	} else if (strcmp(command, "verify") == 0) {
		verify(digest, second);
	} else {
		fail("not a command");
	}
	(void)fflush(stdout);
}

int main(void)
{
	char line[LINE_BYTES], command[16], first[LINE_BYTES], second[LINE_BYTES];

	make_key();
	while (fgets(line, sizeof line, stdin)) {
		*command = *first = *second = '\0';
		(void)sscanf(line, "%15s %2047s %2047s", command, first, second);
		obey(command, first, second);
	}
	token_key_close(key);
	sign_key_close(secret);
	return 0;
}
