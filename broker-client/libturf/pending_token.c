/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/pending_token.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "broker-client/libturf/blinding.h"
#include "proto/rsa_pss.h"

/* From 1 to modulus - 1, every one as likely: whatever else is drawn is drawn again. The modulus has 2048 bits, so that half
 * of all draws will do at least. */
static int draw_factor(uint8_t factor[static TOKEN_MODULUS_BYTES], const uint8_t *modulus)
{
	static const uint8_t zero[TOKEN_MODULUS_BYTES];

	do {
		if (random_bytes(factor, TOKEN_MODULUS_BYTES) < 0)
			return -1;
	} while (memcmp(factor, modulus, TOKEN_MODULUS_BYTES) >= 0 || memcmp(factor, zero, TOKEN_MODULUS_BYTES) == 0);
	return 0;
}

int pending_token_draw(struct pending_token *pending, const struct token_key *key,
		       const uint8_t challenge[static TOKEN_DIGEST_BYTES], struct error *error)
{
	uint8_t message[TOKEN_SIGNED_BYTES], salt[RSA_PSS_SALT_BYTES], factor[TOKEN_MODULUS_BYTES];
	struct blinding blinding = {.modulus = token_key_modulus(key),
				    .modulus_length = TOKEN_MODULUS_BYTES,
				    .message = message,
				    .length = sizeof message,
				    .salt = salt,
				    .salt_length = sizeof salt,
				    .factor = factor};
	int rc;

	*pending = (struct pending_token){0};
	memcpy(pending->token.challenge, challenge, TOKEN_DIGEST_BYTES);
	memcpy(pending->token.key_id, token_key_id(key), TOKEN_DIGEST_BYTES);
	if (random_bytes(pending->token.nonce, sizeof pending->token.nonce) < 0 || random_bytes(salt, sizeof salt) < 0)
		return error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
	token_encode_signed(&pending->token, message);
	do {
		if (draw_factor(factor, token_key_modulus(key)) < 0)
			return error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
		rc = blinding_blind(&blinding, pending->blinded, pending->inverse, error);
	} while (rc == BLINDING_NO_INVERSE);
	explicit_bzero(factor, sizeof factor);
	return rc;
}

int pending_token_finish(const struct pending_token *pending, const struct token_key *key,
			 const uint8_t blind_signature[static TOKEN_MODULUS_BYTES], struct token *token,
			 struct error *error)
{
	int rc;

	*token = pending->token;
	rc = blinding_unblind(token_key_modulus(key), TOKEN_MODULUS_BYTES, blind_signature, pending->inverse,
			      token->signature, error);
	if (rc < 0)
		return rc;
	rc = token_verify(token, key, token->challenge);
	if (rc < 0)
		return error_set(error, rc, "no memory to verify a token");
	return rc == 0 ? 0 : PENDING_TOKEN_REFUSED;
}
