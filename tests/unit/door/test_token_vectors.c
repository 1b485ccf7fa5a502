/* SPDX-License-Identifier: EUPL-1.2 */
/* The official vectors of RFC 9474, RFC 9577 and RFC 9578 (tests/data/vectors/privacy-pass). tests/web/token.test.mjs runs the
 * same files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base64url.h"
#include "base/bytes.h"
#include "broker-client/libturf/blinding.h"
#include "broker-client/libturf/pending_token.h"
#include "door/sign.h"
#include "proto/rsa_pss.h"
#include "tests/unit/lib/vectors.h"

enum { BYTES_MAX = 2048 };

struct bytes {
	uint8_t at[BYTES_MAX];
	size_t length;
};

/* A member that holds digits, with or without "0x" and a zero digit before them. */
static struct bytes get(const json_t *vector, const char *name)
{
	const char *text = vectors_text(vector, name);
	struct bytes bytes = {.length = 0};

	if (strncmp(text, "0x", 2) == 0)
		text += 2;
	if (strlen(text) % 2 == 1)
		fail_msg("%s has an odd number of digits", name);
	bytes.length = strlen(text) / 2;
	assert_in_range(bytes.length, 0, BYTES_MAX);
	assert_int_equal(hex_decode(text, bytes.at, bytes.length), 0);
	return bytes;
}

static void assert_same(const struct bytes *expected, const uint8_t *found, size_t length)
{
	assert_int_equal(expected->length, length);
	assert_memory_equal(expected->at, found, length);
}

static const json_t *entry_of(const json_t *list, size_t i)
{
	const json_t *entry = json_array_get(list, i);

	if (!entry)
		fail_msg("no vector %zu", i);
	return entry;
}

/* ---- RFC 9474 ------------------------------------------------------------------------------------------ */

static BIGNUM *number(const json_t *vector, const char *name)
{
	struct bytes bytes = get(vector, name);

	return BN_bin2bn(bytes.at, (int)bytes.length, NULL);
}

/* The exponent d for one factor, and the inverse of q: the vectors do not have them, and libcrypto does not compute them. */
static BIGNUM *exponent(const BIGNUM *d, const BIGNUM *factor, BN_CTX *context)
{
	BIGNUM *less = BN_dup(factor), *result = BN_new();

	assert_int_equal(BN_sub_word(less, 1), 1);
	assert_int_equal(BN_mod(result, d, less, context), 1);
	BN_free(less);
	return result;
}

static struct sign_key *private_key_of(const json_t *vector)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
					    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
					    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
					    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	enum { N_NUMBERS = sizeof names / sizeof *names };
	BN_CTX *numbers_context = BN_CTX_new();
	BIGNUM *d = number(vector, "d"), *p = number(vector, "p"), *q = number(vector, "q");
	BIGNUM *numbers[N_NUMBERS] = {number(vector, "n"),
				      number(vector, "e"),
				      d,
				      p,
				      q,
				      exponent(d, p, numbers_context),
				      exponent(d, q, numbers_context),
				      BN_mod_inverse(NULL, q, p, numbers_context)};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *pkey = NULL;
	struct sign_key *key;
	uint8_t der[SIGN_KEY_DER_MAX], *end = der;

	for (size_t i = 0; i < N_NUMBERS; i++)
		assert_int_equal(OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params), 1);
	assert_in_range(i2d_PrivateKey(pkey, &end), 1, sizeof der);
	assert_int_equal(sign_key_open(der, (size_t)(end - der), &key, NULL), 0);
	for (size_t i = 0; i < N_NUMBERS; i++)
		BN_free(numbers[i]);
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_BLD_free(build);
	BN_CTX_free(numbers_context);
	return key;
}

/* The vectors give the inverse of the factor. */
static void invert(const struct bytes *inverse, const struct bytes *modulus, uint8_t *factor)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *i = BN_bin2bn(inverse->at, (int)inverse->length, NULL);
	BIGNUM *n = BN_bin2bn(modulus->at, (int)modulus->length, NULL);

	assert_non_null(BN_mod_inverse(i, i, n, context));
	assert_int_equal(BN_bn2binpad(i, factor, (int)modulus->length), modulus->length);
	BN_free(n);
	BN_free(i);
	BN_CTX_free(context);
}

static void check_blind_signature(const json_t *vector)
{
	struct bytes modulus = get(vector, "n"), message = get(vector, "input_msg"), salt = get(vector, "salt"),
		     inverse = get(vector, "inv"), blinded = get(vector, "blinded_msg"),
		     blind_signature = get(vector, "blind_sig"), signature = get(vector, "sig");
	uint8_t factor[RSA_PSS_MODULUS_MAX], made[RSA_PSS_MODULUS_MAX], unblinds[RSA_PSS_MODULUS_MAX];
	struct blinding blinding = {.modulus = modulus.at,
				    .modulus_length = modulus.length,
				    .message = message.at,
				    .length = message.length,
				    .salt = salt.at,
				    .salt_length = salt.length,
				    .factor = factor};
	struct sign_key *private_key = private_key_of(vector);
	struct rsa_pss_key *key;

	print_message("%s\n", vectors_text(vector, "name"));
	assert_int_equal(modulus.length, 512);
	invert(&inverse, &modulus, factor);
	assert_int_equal(blinding_blind(&blinding, made, unblinds, NULL), 0);
	assert_same(&blinded, made, modulus.length);
	assert_same(&inverse, unblinds, modulus.length);

	assert_int_equal(sign_blinded(private_key, blinded.at, blinded.length, made, NULL), 0);
	assert_same(&blind_signature, made, modulus.length);

	assert_int_equal(blinding_unblind(modulus.at, modulus.length, blind_signature.at, inverse.at, made, NULL), 0);
	assert_same(&signature, made, modulus.length);

	/* A signature without a salt is another scheme's. */
	assert_int_equal(rsa_pss_key_open(modulus.at, modulus.length, &key, NULL), 0);
	assert_int_equal(rsa_pss_verify(key, message.at, message.length, signature.at, signature.length),
			 salt.length == RSA_PSS_SALT_BYTES ? 0 : RSA_PSS_FORGED);
	rsa_pss_key_close(key);
	sign_key_close(private_key);
}

static void blind_signatures_are_those_of_rfc_9474(void **state)
{
	json_t *vectors = vectors_load("privacy-pass/rfc9474-blind-rsa");

	(void)state;
	assert_int_equal(json_array_size(vectors), 4);
	for (size_t i = 0; i < json_array_size(vectors); i++)
		check_blind_signature(entry_of(vectors, i));
	json_decref(vectors);
}

/* ---- RFC 9578 ------------------------------------------------------------------------------------------ */

/* Of PEM in PKCS #8. */
static struct sign_key *issuer_of(const json_t *vector)
{
	struct bytes pem = get(vector, "skS");
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.length);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	struct sign_key *key;
	uint8_t der[SIGN_KEY_DER_MAX], *end = der;

	assert_non_null(pkey);
	assert_in_range(i2d_PrivateKey(pkey, &end), 1, sizeof der);
	assert_int_equal(sign_key_open(der, (size_t)(end - der), &key, NULL), 0);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return key;
}

static void check_token(const json_t *vector)
{
	struct bytes spki = get(vector, "pkS"), challenge = get(vector, "token_challenge"),
		     nonce = get(vector, "nonce"), factor = get(vector, "blind"), salt = get(vector, "salt"),
		     request = get(vector, "token_request"), response = get(vector, "token_response"),
		     expected = get(vector, "token");
	struct pending_token pending = {0};
	struct token token, decoded;
	struct token_key *key;
	struct sign_key *issuer = issuer_of(vector);
	uint8_t message[TOKEN_SIGNED_BYTES], modulus[TOKEN_MODULUS_BYTES], bytes[TOKEN_BYTES], made[TOKEN_KEY_BYTES];
	struct blinding blinding = {.message = message,
				    .length = sizeof message,
				    .modulus_length = TOKEN_MODULUS_BYTES,
				    .salt = salt.at,
				    .salt_length = salt.length,
				    .factor = factor.at};

	/* The key. */
	assert_int_equal(token_key_open(spki.at, spki.length, &key, NULL), 0);
	assert_int_equal(sign_key_modulus(issuer, modulus, NULL), 0);
	assert_memory_equal(modulus, token_key_modulus(key), sizeof modulus);
	token_key_encode(modulus, made);
	assert_same(&spki, made, sizeof made);

	/* What the phone draws and blinds. */
	memcpy(pending.token.nonce, nonce.at, nonce.length);
	memcpy(pending.token.key_id, token_key_id(key), TOKEN_DIGEST_BYTES);
	assert_int_equal(EVP_Digest(challenge.at, challenge.length, pending.token.challenge, NULL, EVP_sha256(), NULL),
			 1);
	token_encode_signed(&pending.token, message);
	blinding.modulus = token_key_modulus(key);
	assert_int_equal(blinding_blind(&blinding, pending.blinded, pending.inverse, NULL), 0);
	assert_int_equal(request.length, 3 + TOKEN_MODULUS_BYTES);
	assert_int_equal(get_be16(request.at), TOKEN_TYPE);
	assert_int_equal(request.at[2], token_key_id(key)[TOKEN_DIGEST_BYTES - 1]);
	assert_memory_equal(pending.blinded, request.at + 3, TOKEN_MODULUS_BYTES);

	/* What the issuer answers. */
	assert_int_equal(sign_blinded(issuer, pending.blinded, TOKEN_MODULUS_BYTES, bytes, NULL), 0);
	assert_same(&response, bytes, TOKEN_MODULUS_BYTES);

	/* The token. */
	assert_int_equal(pending_token_finish(&pending, key, response.at, &token, NULL), 0);
	token_encode(&token, bytes);
	assert_same(&expected, bytes, sizeof bytes);
	assert_int_equal(token_decode(expected.at, expected.length, &decoded), 0);
	assert_int_equal(token_verify(&decoded, key, pending.token.challenge), 0);

	token_key_close(key);
	sign_key_close(issuer);
}

static void check_tokens(const char *name)
{
	json_t *vectors = vectors_load(name);

	assert_int_equal(json_array_size(vectors), 5);
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		print_message("%s %zu\n", name, i + 1);
		check_token(entry_of(vectors, i));
	}
	json_decref(vectors);
}

static void tokens_are_those_of_rfc_9578(void **state)
{
	(void)state;
	check_tokens("privacy-pass/rfc9578-go");
	check_tokens("privacy-pass/rfc9578-rust");
}

/* ---- RFC 9577 ------------------------------------------------------------------------------------------ */

static void put_text(const json_t *vector, const char *name, char text[static TOKEN_NAME_MAX + 1])
{
	struct bytes bytes = get(vector, name);

	assert_in_range(bytes.length, 0, TOKEN_NAME_MAX);
	memcpy(text, bytes.at, bytes.length);
	text[bytes.length] = '\0';
}

static void challenges_and_what_is_signed_are_those_of_rfc_9577(void **state)
{
	json_t *vectors = vectors_load("privacy-pass/rfc9577-tokens");

	(void)state;
	assert_int_equal(json_array_size(vectors), 5);
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const json_t *vector = entry_of(vectors, i);
		struct bytes nonce = get(vector, "nonce"), key_id = get(vector, "token_key_id"),
			     context = get(vector, "redemption_context"),
			     expected = get(vector, "token_authenticator_input");
		char issuer[TOKEN_NAME_MAX + 1], origin[TOKEN_NAME_MAX + 1];
		struct token_challenge challenge = {issuer, origin, context.length > 0 ? context.at : NULL};
		struct token token = {0};
		uint8_t bytes[TOKEN_SIGNED_BYTES];

		put_text(vector, "issuer_name", issuer);
		put_text(vector, "origin_info", origin);
		memcpy(token.nonce, nonce.at, sizeof token.nonce);
		memcpy(token.key_id, key_id.at, sizeof token.key_id);
		assert_int_equal(token_challenge_digest(&challenge, token.challenge, NULL), 0);
		token_encode_signed(&token, bytes);
		assert_same(&expected, bytes, sizeof bytes);
	}
	json_decref(vectors);
}

/* The names in the first header's challenge, and its key; both stand in the header in base64url. */
static void keys_in_headers_are_those_of_rfc_9577(void **state)
{
	json_t *vectors = vectors_load("privacy-pass/rfc9577-headers");
	size_t checked = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const json_t *vector = entry_of(vectors, i);
		struct bytes spki, challenge;
		struct token_key *key;
		char text[BASE64URL_CHARS(BYTES_MAX) + 1];

		if (json_integer_value(json_object_get(vector, "token-type-0")) != TOKEN_TYPE)
			continue;
		spki = get(vector, "token-key-0");
		challenge = get(vector, "token-challenge-0");
		assert_int_equal(token_key_open(spki.at, spki.length, &key, NULL), 0);
		token_key_close(key);
		base64url_encode(spki.at, spki.length, text);
		assert_non_null(strstr(vectors_text(vector, "WWW-Authenticate"), text));
		base64url_encode(challenge.at, challenge.length, text);
		assert_non_null(strstr(vectors_text(vector, "WWW-Authenticate"), text));
		checked++;
	}
	assert_int_equal(checked, 2);
	json_decref(vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blind_signatures_are_those_of_rfc_9474),
		cmocka_unit_test(tokens_are_those_of_rfc_9578),
		cmocka_unit_test(challenges_and_what_is_signed_are_those_of_rfc_9577),
		cmocka_unit_test(keys_in_headers_are_those_of_rfc_9577),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
