/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tokens: Privacy Pass, type 0x0002 (RFC 9577 and RFC 9578), what both ends need of them. A phone shows a token at the
 * broker; the key that signed it tells the scope and the week, and nothing tells the phone.
 *
 * A token is: the type, a nonce that the phone drew, the digest of a challenge, the key's id, and the key's signature over
 * these 98 bytes. The phone makes it in broker-client/libturf, door/ signs it without seeing it.
 */
#ifndef TURF_PROTO_TOKEN_H
#define TURF_PROTO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	TOKEN_TYPE = 0x0002,
	TOKEN_NONCE_BYTES = 32,
	TOKEN_DIGEST_BYTES = 32, /* SHA-256: of a challenge, of a key */
	TOKEN_MODULUS_BYTES = 256,
	TOKEN_SIGNED_BYTES = 2 + TOKEN_NONCE_BYTES + TOKEN_DIGEST_BYTES + TOKEN_DIGEST_BYTES,
	TOKEN_BYTES = TOKEN_SIGNED_BYTES + TOKEN_MODULUS_BYTES,
	TOKEN_TEXT_CHARS = 472, /* base64url, without a terminating zero */
	TOKEN_TEXT_BYTES = TOKEN_TEXT_CHARS + 1,
	TOKEN_KEY_BYTES = 342, /* see token_key_open */
	TOKEN_NAME_MAX = 255,  /* characters of an issuer or an origin */
};

struct token {
	uint8_t nonce[TOKEN_NONCE_BYTES];
	uint8_t challenge[TOKEN_DIGEST_BYTES];
	uint8_t key_id[TOKEN_DIGEST_BYTES];
	uint8_t signature[TOKEN_MODULUS_BYTES];
};

/* What a token is for (RFC 9577, section 2.1). */
struct token_challenge {
	const char *issuer;                /* 1 to TOKEN_NAME_MAX characters */
	const char *origin;                /* up to TOKEN_NAME_MAX characters; empty: any origin */
	const uint8_t *redemption_context; /* TOKEN_DIGEST_BYTES bytes; NULL: empty, so that a token may be kept */
};

/* FAULT_INPUT: a name is too long, or there is no issuer. */
int token_challenge_digest(const struct token_challenge *challenge, uint8_t digest[static TOKEN_DIGEST_BYTES],
			   struct error *error);

/* From exactly TOKEN_BYTES bytes, or TOKEN_TEXT_CHARS characters, and nothing after them. 0, or -1 for anything else. */
int token_decode(const uint8_t *bytes, size_t length, struct token *token);
int token_decode_text(const char *text, size_t length, struct token *token);

void token_encode(const struct token *token, uint8_t bytes[static TOKEN_BYTES]);
void token_encode_text(const struct token *token, char text[static TOKEN_TEXT_BYTES]);

/* What the signature is over: the token without it. */
void token_encode_signed(const struct token *token, uint8_t bytes[static TOKEN_SIGNED_BYTES]);

/* ---- Keys ----------------------------------------------------------------------------------------- */

struct token_key;

/* A public key as RFC 9578, section 6.5 has it: a SubjectPublicKeyInfo for id-RSASSA-PSS, whose form leaves nothing free
 * but the modulus. FAULT_INPUT: it has any other form, or length. */
int token_key_open(const uint8_t *bytes, size_t length, struct token_key **out, struct error *error);
void token_key_close(struct token_key *key); /* NULL is fine */

/* That form of the key with this modulus. */
void token_key_encode(const uint8_t modulus[static TOKEN_MODULUS_BYTES], uint8_t bytes[static TOKEN_KEY_BYTES]);

const uint8_t *token_key_id(const struct token_key *key);      /* TOKEN_DIGEST_BYTES: SHA-256 of TOKEN_KEY_BYTES */
const uint8_t *token_key_modulus(const struct token_key *key); /* TOKEN_MODULUS_BYTES */

/* ---- Judging -------------------------------------------------------------------------------------- */

/* Whether `key` signed the token for the challenge with this digest. What was spent is for the caller to know.
 * 0: it did; an enum token_refusal; or FAULT_MEMORY. */
enum token_refusal {
	TOKEN_OTHER_KEY = 1,
	TOKEN_OTHER_CHALLENGE = 2, /* bought for another org or another broker */
	TOKEN_FORGED = 3,
};
int token_verify(const struct token *token, const struct token_key *key,
		 const uint8_t challenge[static TOKEN_DIGEST_BYTES]);

#endif
