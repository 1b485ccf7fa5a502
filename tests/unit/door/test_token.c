/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tokens that this side makes: they verify, no changed one does, and the issuer refuses what it must not sign.
 * 200 tokens; 10,000 with TURF_LONG in the environment, as tests/run --long has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base64url.h"
#include "base/bytes.h"
#include "broker-client/libturf/pending_token.h"
#include "door/sign.h"
#include "tests/dice.h"

struct issuer {
	struct sign_key *secret;
	struct token_key *key;
	uint8_t modulus[TOKEN_MODULUS_BYTES];
	uint8_t challenge[TOKEN_DIGEST_BYTES];
};

static struct issuer issuer, other;

static void open_issuer(struct issuer *out, const char *name)
{
	const struct token_challenge challenge = {name, "turf/v1/steenwijkerland", NULL};
	uint8_t spki[TOKEN_KEY_BYTES];

	assert_int_equal(sign_key_generate(&out->secret, NULL), 0);
	assert_int_equal(sign_key_modulus(out->secret, out->modulus, NULL), 0);
	token_key_encode(out->modulus, spki);
	assert_int_equal(token_key_open(spki, sizeof spki, &out->key, NULL), 0);
	assert_int_equal(token_challenge_digest(&challenge, out->challenge, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	open_issuer(&issuer, "turf.example.nl");
	open_issuer(&other, "turf.example.org");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	token_key_close(issuer.key);
	token_key_close(other.key);
	sign_key_close(issuer.secret);
	sign_key_close(other.secret);
	return 0;
}

static struct token buy(void)
{
	struct pending_token pending;
	struct token token;
	uint8_t answer[TOKEN_MODULUS_BYTES];

	assert_int_equal(pending_token_draw(&pending, issuer.key, issuer.challenge, NULL), 0);
	assert_int_equal(sign_blinded(issuer.secret, pending.blinded, sizeof pending.blinded, answer, NULL), 0);
	assert_int_equal(pending_token_finish(&pending, issuer.key, answer, &token, NULL), 0);
	return token;
}

/* What the broker makes of the bytes: 0, what token_verify says, or -1: no token. */
static int judge(const uint8_t *bytes, size_t length)
{
	struct token token;

	return token_decode(bytes, length, &token) == 0 ? token_verify(&token, issuer.key, issuer.challenge) : -1;
}

/* ---- Tokens ---------------------------------------------------------------------------------------------- */

static void random_tokens_verify_and_no_two_are_alike(void **state)
{
	uint64_t n = getenv("TURF_LONG") ? 10000 : 200;
	uint8_t last[TOKEN_BYTES] = {0}, bytes[TOKEN_BYTES];

	(void)state;
	for (uint64_t i = 0; i < n; i++) {
		struct token token = buy(), decoded;
		char text[TOKEN_TEXT_BYTES];

		token_encode(&token, bytes);
		assert_int_equal(judge(bytes, sizeof bytes), 0);
		assert_memory_not_equal(bytes + 2, last + 2, TOKEN_NONCE_BYTES);
		memcpy(last, bytes, sizeof bytes);

		token_encode_text(&token, text);
		assert_int_equal(strlen(text), TOKEN_TEXT_CHARS);
		assert_int_equal(token_decode_text(text, TOKEN_TEXT_CHARS, &decoded), 0);
		assert_memory_equal(&decoded, &token, sizeof token);
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	struct token token = buy();
	uint8_t bytes[TOKEN_BYTES];

	(void)state;
	token_encode(&token, bytes);
	for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
		int expected = TOKEN_FORGED, found;

		if (bit / 8 < 2)
			expected = -1;
		else if (bit / 8 >= 2 + TOKEN_NONCE_BYTES + TOKEN_DIGEST_BYTES && bit / 8 < TOKEN_SIGNED_BYTES)
			expected = TOKEN_OTHER_KEY;
		else if (bit / 8 >= 2 + TOKEN_NONCE_BYTES && bit / 8 < TOKEN_SIGNED_BYTES)
			expected = TOKEN_OTHER_CHALLENGE;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		found = judge(bytes, sizeof bytes);
		if (found != expected)
			fail_msg("bit %zu: %d, not %d", bit, found, expected);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(judge(bytes, sizeof bytes), 0);
}

static void another_length_is_no_token(void **state)
{
	struct token token = buy();
	uint8_t bytes[TOKEN_BYTES + 1] = {0};
	char text[TOKEN_TEXT_BYTES + 1] = "";

	(void)state;
	token_encode(&token, bytes);
	token_encode_text(&token, text);
	for (size_t length = 0; length <= sizeof bytes; length++)
		assert_int_equal(judge(bytes, length), length == TOKEN_BYTES ? 0 : -1);
	for (size_t length = 0; length <= TOKEN_TEXT_BYTES; length++)
		assert_int_equal(token_decode_text(text, length, &token), length == TOKEN_TEXT_CHARS ? 0 : -1);
	text[TOKEN_TEXT_CHARS - 1] = '=';
	assert_int_equal(token_decode_text(text, TOKEN_TEXT_CHARS, &token), -1);
}

static void a_token_of_another_issuer_or_for_another_org_is_refused(void **state)
{
	struct token token = buy();

	(void)state;
	assert_int_equal(token_verify(&token, issuer.key, issuer.challenge), 0);
	assert_int_equal(token_verify(&token, other.key, issuer.challenge), TOKEN_OTHER_KEY);
	assert_int_equal(token_verify(&token, issuer.key, other.challenge), TOKEN_OTHER_CHALLENGE);
	memcpy(token.key_id, token_key_id(other.key), sizeof token.key_id);
	assert_int_equal(token_verify(&token, other.key, issuer.challenge), TOKEN_FORGED);
}

/* Whoever answers with something else than a signature, or with one by another key, is found out by the phone. */
static void a_phone_refuses_an_answer_that_hides_no_signature(void **state)
{
	struct pending_token pending;
	struct token token;
	uint8_t answer[TOKEN_MODULUS_BYTES];

	(void)state;
	assert_int_equal(pending_token_draw(&pending, issuer.key, issuer.challenge, NULL), 0);
	memset(answer, 0xff, sizeof answer);
	assert_int_equal(pending_token_finish(&pending, issuer.key, answer, &token, NULL), PENDING_TOKEN_REFUSED);
	memset(answer, 0, sizeof answer);
	assert_int_equal(pending_token_finish(&pending, issuer.key, answer, &token, NULL), PENDING_TOKEN_REFUSED);
	assert_int_equal(pending_token_finish(&pending, issuer.key, pending.blinded, &token, NULL),
			 PENDING_TOKEN_REFUSED);
	pending.blinded[0] = 0; /* below both moduli */
	assert_int_equal(sign_blinded(other.secret, pending.blinded, sizeof pending.blinded, answer, NULL), 0);
	assert_int_equal(pending_token_finish(&pending, issuer.key, answer, &token, NULL), PENDING_TOKEN_REFUSED);
}

/* The issuer sees two blinded messages for the same wish, and cannot tell that from two wishes. */
static void nothing_of_a_token_shows_in_what_the_issuer_sees(void **state)
{
	struct pending_token one, two;

	(void)state;
	assert_int_equal(pending_token_draw(&one, issuer.key, issuer.challenge, NULL), 0);
	assert_int_equal(pending_token_draw(&two, issuer.key, issuer.challenge, NULL), 0);
	assert_memory_not_equal(one.blinded, two.blinded, sizeof one.blinded);
	assert_memory_not_equal(one.inverse, two.inverse, sizeof one.inverse);
	assert_memory_not_equal(one.token.nonce, two.token.nonce, sizeof one.token.nonce);
}

/* ---- Challenges and keys ----------------------------------------------------------------------------------- */

static void a_challenge_names_its_issuer_in_255_characters(void **state)
{
	char name[TOKEN_NAME_MAX + 2];
	uint8_t digest[TOKEN_DIGEST_BYTES];

	(void)state;
	memset(name, 'a', sizeof name);
	name[TOKEN_NAME_MAX] = '\0';
	assert_int_equal(token_challenge_digest(&(struct token_challenge){name, name, NULL}, digest, NULL), 0);
	name[TOKEN_NAME_MAX] = 'a';
	name[TOKEN_NAME_MAX + 1] = '\0';
	assert_int_equal(token_challenge_digest(&(struct token_challenge){name, "", NULL}, digest, NULL), FAULT_INPUT);
	assert_int_equal(token_challenge_digest(&(struct token_challenge){"a", name, NULL}, digest, NULL), FAULT_INPUT);
	assert_int_equal(token_challenge_digest(&(struct token_challenge){"", "b", NULL}, digest, NULL), FAULT_INPUT);
}

static int open_key(const uint8_t *spki, size_t length)
{
	struct token_key *key;
	int rc = token_key_open(spki, length, &key, NULL);

	assert_true((rc == 0) == (key != NULL));
	token_key_close(key);
	return rc;
}

/* 80 bytes before the modulus and 5 after it say what kind of key it is; its own highest and lowest bit must be set. */
static void a_key_has_one_form(void **state)
{
	uint8_t spki[TOKEN_KEY_BYTES + 1] = {0};
	size_t first = TOKEN_KEY_BYTES - 5 - TOKEN_MODULUS_BYTES, last = TOKEN_KEY_BYTES - 5 - 1;

	(void)state;
	token_key_encode(issuer.modulus, spki);
	for (size_t length = 0; length <= sizeof spki; length++)
		assert_int_equal(open_key(spki, length), length == TOKEN_KEY_BYTES ? 0 : FAULT_INPUT);
	for (size_t bit = 0; bit < TOKEN_KEY_BYTES * 8; bit++) {
		bool free_to_choose = bit / 8 >= first && bit / 8 <= last && bit != first * 8 + 7 && bit != last * 8;

		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (open_key(spki, TOKEN_KEY_BYTES) != (free_to_choose ? 0 : FAULT_INPUT))
			fail_msg("bit %zu", bit);
		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* ---- Signing ------------------------------------------------------------------------------------------------ */

static int sign(const uint8_t *blinded, size_t length)
{
	uint8_t signature[TOKEN_MODULUS_BYTES + 1];

	return sign_blinded(issuer.secret, blinded, length, signature, NULL);
}

static void a_malformed_blinded_message_is_refused(void **state)
{
	uint8_t blinded[TOKEN_MODULUS_BYTES + 1] = {0};
	const size_t last = TOKEN_MODULUS_BYTES - 1;

	(void)state;
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED); /* 0 */
	blinded[last] = 1;
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED);
	blinded[last] = 2;
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), 0);
	for (size_t length = 0; length <= sizeof blinded; length++)
		assert_int_equal(sign(blinded, length), length == TOKEN_MODULUS_BYTES ? 0 : SIGN_REFUSED);

	memcpy(blinded, issuer.modulus, TOKEN_MODULUS_BYTES);
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED); /* n */
	blinded[last] = (uint8_t)(issuer.modulus[last] - 1);
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED); /* n - 1 */
	put_be16(blinded + last - 1, (uint16_t)(get_be16(issuer.modulus + last - 1) - 2));
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), 0); /* n - 2 */
	memset(blinded, 0xff, sizeof blinded);
	assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED);
	memcpy(blinded, issuer.modulus, TOKEN_MODULUS_BYTES);
	blinded[0] = (uint8_t)(blinded[0] | 0x7f);
	if (memcmp(blinded, issuer.modulus, TOKEN_MODULUS_BYTES) > 0)
		assert_int_equal(sign(blinded, TOKEN_MODULUS_BYTES), SIGN_REFUSED); /* above n */
}

/* Random bytes are refused exactly when they are not below the modulus. */
static void a_random_blinded_message_is_signed_when_it_is_below_the_modulus(void **state)
{
	uint64_t dice = number_from_environment("SEED", 20261130);

	(void)state;
	for (int i = 0; i < 200; i++) {
		uint8_t blinded[TOKEN_MODULUS_BYTES];
		bool below;

		for (size_t at = 0; at < sizeof blinded; at += 8)
			put_be64(blinded + at, dice_next(&dice));
		below = memcmp(blinded, issuer.modulus, sizeof blinded) < 0;
		assert_int_equal(sign(blinded, sizeof blinded), below ? 0 : SIGN_REFUSED);
	}
}

static void a_kept_key_signs_as_the_one_that_was_made(void **state)
{
	struct pending_token pending;
	struct sign_key *again;
	uint8_t der[SIGN_KEY_DER_MAX], one[TOKEN_MODULUS_BYTES], two[TOKEN_MODULUS_BYTES];
	size_t length;

	(void)state;
	assert_int_equal(sign_key_encode(issuer.secret, der, &length, NULL), 0);
	assert_int_equal(sign_key_open(der, length, &again, NULL), 0);
	assert_int_equal(pending_token_draw(&pending, issuer.key, issuer.challenge, NULL), 0);
	assert_int_equal(sign_blinded(issuer.secret, pending.blinded, sizeof pending.blinded, one, NULL), 0);
	assert_int_equal(sign_blinded(again, pending.blinded, sizeof pending.blinded, two, NULL), 0);
	assert_memory_equal(one, two, sizeof one);
	sign_key_close(again);
	for (size_t cut = 0; cut < length; cut += 7) {
		assert_int_equal(sign_key_open(der, cut, &again, NULL), FAULT_DAMAGED);
		assert_null(again);
	}
}

/* Where the secret exponents stand in the DER of PKCS #1: version, modulus, exponent, and then the first of them. */
static size_t place_of_secret(const uint8_t *der, size_t length)
{
	for (size_t i = 0; i + sizeof issuer.modulus < length; i++)
		if (memcmp(der + i, issuer.modulus, sizeof issuer.modulus) == 0)
			return i + sizeof issuer.modulus + 5 + 4 + 16;
	fail_msg("the modulus is not in the key");
	return 0;
}

/* A fault while signing with a key whose factors are known may tell the factors: no such signature leaves. The damage is
 * to all numbers that libcrypto computes with. */
static void a_signature_that_does_not_verify_is_not_given_away(void **state)
{
	struct sign_key *damaged;
	struct error error;
	uint8_t der[SIGN_KEY_DER_MAX], blinded[TOKEN_MODULUS_BYTES] = {0}, signature[TOKEN_MODULUS_BYTES] = {0};
	const uint8_t untouched[TOKEN_MODULUS_BYTES] = {0};
	size_t length;

	(void)state;
	assert_int_equal(sign_key_encode(issuer.secret, der, &length, NULL), 0);
	der[place_of_secret(der, length)] ^= 4;
	der[length - 140 - 130 - 20] ^= 4; /* in an exponent of the Chinese remainders */
	assert_int_equal(sign_key_open(der, length, &damaged, NULL), 0);
	blinded[sizeof blinded - 1] = 2;
	assert_int_equal(sign_blinded(damaged, blinded, sizeof blinded, signature, &error), FAULT_SYSTEM);
	assert_non_null(strstr(error.text, "does not verify"));
	assert_memory_equal(signature, untouched, sizeof signature);
	sign_key_close(damaged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_tokens_verify_and_no_two_are_alike),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(another_length_is_no_token),
		cmocka_unit_test(a_token_of_another_issuer_or_for_another_org_is_refused),
		cmocka_unit_test(a_phone_refuses_an_answer_that_hides_no_signature),
		cmocka_unit_test(nothing_of_a_token_shows_in_what_the_issuer_sees),
		cmocka_unit_test(a_challenge_names_its_issuer_in_255_characters),
		cmocka_unit_test(a_key_has_one_form),
		cmocka_unit_test(a_malformed_blinded_message_is_refused),
		cmocka_unit_test(a_random_blinded_message_is_signed_when_it_is_below_the_modulus),
		cmocka_unit_test(a_kept_key_signs_as_the_one_that_was_made),
		cmocka_unit_test(a_signature_that_does_not_verify_is_not_given_away),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
