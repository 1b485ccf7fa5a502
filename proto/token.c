/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/bytes.h"
#include "proto/rsa_pss.h"

_Static_assert(TOKEN_TEXT_CHARS == BASE64URL_CHARS(TOKEN_BYTES), "a token as text has no other length");

static int sha256(const uint8_t *bytes, size_t length, uint8_t digest[static TOKEN_DIGEST_BYTES], struct error *error)
{
	if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1)
		return error_set(error, FAULT_MEMORY, "no memory for a SHA-256");
	return 0;
}

/* ---- Challenges ------------------------------------------------------------------------------------- */

static uint8_t *put_name(uint8_t *at, const char *name, size_t length)
{
	put_be16(at, (uint16_t)length);
	memcpy(at + 2, name, length);
	return at + 2 + length;
}

int token_challenge_digest(const struct token_challenge *challenge, uint8_t digest[static TOKEN_DIGEST_BYTES],
			   struct error *error)
{
	uint8_t bytes[2 + 2 + TOKEN_NAME_MAX + 1 + TOKEN_DIGEST_BYTES + 2 + TOKEN_NAME_MAX], *end = bytes;
	size_t issuer = strlen(challenge->issuer), origin = strlen(challenge->origin);

	if (issuer == 0 || issuer > TOKEN_NAME_MAX || origin > TOKEN_NAME_MAX)
		return error_set(error, FAULT_INPUT,
				 "the issuer needs a name, and neither its name nor the origin's may have "
				 "more than %d characters",
				 TOKEN_NAME_MAX);
	put_be16(end, TOKEN_TYPE);
	end = put_name(end + 2, challenge->issuer, issuer);
	*end++ = challenge->redemption_context ? TOKEN_DIGEST_BYTES : 0;
	if (challenge->redemption_context) {
		memcpy(end, challenge->redemption_context, TOKEN_DIGEST_BYTES);
		end += TOKEN_DIGEST_BYTES;
	}
	end = put_name(end, challenge->origin, origin);
	return sha256(bytes, (size_t)(end - bytes), digest, error);
}

/* ---- Tokens ----------------------------------------------------------------------------------------- */

static const uint8_t *take(const uint8_t *at, uint8_t *member, size_t length)
{
	memcpy(member, at, length);
	return at + length;
}

int token_decode(const uint8_t *bytes, size_t length, struct token *token)
{
	if (length != TOKEN_BYTES || get_be16(bytes) != TOKEN_TYPE)
		return -1;
	bytes = take(bytes + 2, token->nonce, sizeof token->nonce);
	bytes = take(bytes, token->challenge, sizeof token->challenge);
	bytes = take(bytes, token->key_id, sizeof token->key_id);
	(void)take(bytes, token->signature, sizeof token->signature);
	return 0;
}

int token_decode_text(const char *text, size_t length, struct token *token)
{
	uint8_t bytes[TOKEN_BYTES];

	return base64url_decode(text, length, bytes, sizeof bytes) == 0 ? token_decode(bytes, sizeof bytes, token) : -1;
}

void token_encode_signed(const struct token *token, uint8_t bytes[static TOKEN_SIGNED_BYTES])
{
	put_be16(bytes, TOKEN_TYPE);
	bytes += 2;
	memcpy(bytes, token->nonce, sizeof token->nonce);
	bytes += sizeof token->nonce;
	memcpy(bytes, token->challenge, sizeof token->challenge);
	bytes += sizeof token->challenge;
	memcpy(bytes, token->key_id, sizeof token->key_id);
}

void token_encode(const struct token *token, uint8_t bytes[static TOKEN_BYTES])
{
	token_encode_signed(token, bytes);
	memcpy(bytes + TOKEN_SIGNED_BYTES, token->signature, sizeof token->signature);
}

void token_encode_text(const struct token *token, char text[static TOKEN_TEXT_BYTES])
{
	uint8_t bytes[TOKEN_BYTES];

	token_encode(token, bytes);
	base64url_encode(bytes, sizeof bytes, text);
}

/* ---- Keys ------------------------------------------------------------------------------------------- */

/* The DER of a SubjectPublicKeyInfo before and after its modulus: the algorithm is id-RSASSA-PSS with SHA-384, MGF1 with SHA-384
 * and a salt of 48 bytes; the key is an RSAPublicKey of 2048 bits with the exponent 65537. */
#define DER_SHA384 "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"
static const char der_before[] =
	"\x30\x82\x01\x52"                                                        /* SubjectPublicKeyInfo */
	"\x30\x3d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x30"            /* id-RSASSA-PSS, */
	"\xa0\x0d" DER_SHA384                                                     /* its hash, */
	"\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" DER_SHA384 /* id-mgf1 with its hash, */
	"\xa2\x03\x02\x01\x30"                                                    /* the salt's length */
	"\x03\x82\x01\x0f\x00\x30\x82\x01\x0a"                                    /* RSAPublicKey */
	"\x02\x82\x01\x01\x00";                         /* the modulus, 257 bytes of which this is the first */
static const char der_after[] = "\x02\x03\x01\x00\x01"; /* 65537 */
enum { DER_BEFORE_BYTES = sizeof der_before - 1, DER_AFTER_BYTES = sizeof der_after - 1 };

_Static_assert(DER_BEFORE_BYTES + TOKEN_MODULUS_BYTES + DER_AFTER_BYTES == TOKEN_KEY_BYTES,
	       "a key has no other length");

struct token_key {
	uint8_t id[TOKEN_DIGEST_BYTES];
	uint8_t modulus[TOKEN_MODULUS_BYTES];
	struct rsa_pss_key *rsa;
};

void token_key_encode(const uint8_t modulus[static TOKEN_MODULUS_BYTES], uint8_t bytes[static TOKEN_KEY_BYTES])
{
	memcpy(bytes, der_before, DER_BEFORE_BYTES);
	memcpy(bytes + DER_BEFORE_BYTES, modulus, TOKEN_MODULUS_BYTES);
	memcpy(bytes + DER_BEFORE_BYTES + TOKEN_MODULUS_BYTES, der_after, DER_AFTER_BYTES);
}

int token_key_open(const uint8_t *bytes, size_t length, struct token_key **out, struct error *error)
{
	struct token_key *key;
	int rc;

	*out = NULL;
	if (length != TOKEN_KEY_BYTES || memcmp(bytes, der_before, DER_BEFORE_BYTES) != 0 ||
	    memcmp(bytes + DER_BEFORE_BYTES + TOKEN_MODULUS_BYTES, der_after, DER_AFTER_BYTES) != 0)
		return error_set(error, FAULT_INPUT,
				 "not a public key for tokens of type 0x0002 (RFC 9578, section 6.5)");
	key = calloc(1, sizeof *key);
	if (!key)
		return error_set(error, FAULT_MEMORY, "no memory for a public key");
	memcpy(key->modulus, bytes + DER_BEFORE_BYTES, sizeof key->modulus);
	rc = sha256(bytes, length, key->id, error);
	if (rc == 0)
		rc = rsa_pss_key_open(key->modulus, sizeof key->modulus, &key->rsa, error);
	if (rc == 0)
		*out = key;
	else
		token_key_close(key);
	return rc;
}

void token_key_close(struct token_key *key)
{
	if (!key)
		return;
	rsa_pss_key_close(key->rsa);
	free(key);
}

const uint8_t *token_key_id(const struct token_key *key)
{
	return key->id;
}

const uint8_t *token_key_modulus(const struct token_key *key)
{
	return key->modulus;
}

/* ---- Judging ---------------------------------------------------------------------------------------- */

int token_verify(const struct token *token, const struct token_key *key,
		 const uint8_t challenge[static TOKEN_DIGEST_BYTES])
{
	uint8_t bytes[TOKEN_SIGNED_BYTES];
	int rc;

	if (memcmp(token->key_id, key->id, sizeof key->id) != 0)
		return TOKEN_OTHER_KEY;
	if (memcmp(token->challenge, challenge, TOKEN_DIGEST_BYTES) != 0)
		return TOKEN_OTHER_CHALLENGE;
	token_encode_signed(token, bytes);
	rc = rsa_pss_verify(key->rsa, bytes, sizeof bytes, token->signature, sizeof token->signature);
	return rc == RSA_PSS_FORGED ? TOKEN_FORGED : rc;
}
