/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A token between its request and its answer. The phone keeps it on its disk before the request leaves, so that after a
 * lost answer it can ask for the same blinded message again: the issuer gives a batch once a week.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_PENDING_TOKEN_H
#define TURF_BROKER_CLIENT_LIBTURF_PENDING_TOKEN_H

#include "proto/token.h"

struct pending_token {
	struct token token;                   /* whole but for its signature */
	uint8_t blinded[TOKEN_MODULUS_BYTES]; /* what the issuer signs */
	uint8_t inverse[TOKEN_MODULUS_BYTES]; /* secret: it links blinded message and token */
};

/* Draws a nonce, a salt and a factor, and blinds. FAULT_MEMORY, FAULT_SYSTEM: no random bytes. */
int pending_token_draw(struct pending_token *pending, const struct token_key *key,
		       const uint8_t challenge[static TOKEN_DIGEST_BYTES], struct error *error);

/* The token, with the signature that the issuer's answer hides. PENDING_TOKEN_REFUSED: the answer hides none of this key. */
enum { PENDING_TOKEN_REFUSED = 1 };
int pending_token_finish(const struct pending_token *pending, const struct token_key *key,
			 const uint8_t blind_signature[static TOKEN_MODULUS_BYTES], struct token *token,
			 struct error *error);

#endif
