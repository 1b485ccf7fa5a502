/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The keys that sign tokens, and signing what a phone has blinded (RFC 9474, section 4.3), by libcrypto.
 */
#ifndef TURF_DOOR_SIGN_H
#define TURF_DOOR_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/token.h"

enum { SIGN_KEY_DER_MAX = 2560 }; /* of a private key as it is kept; those of tokens have about 1,200 bytes */

struct sign_key;

/* A new key of 2048 bits; takes about a tenth of a second. */
int sign_key_generate(struct sign_key **out, struct error *error);

/* The private key as it is kept: the DER of PKCS #1. */
int sign_key_open(const uint8_t *der, size_t length, struct sign_key **out, struct error *error);
int sign_key_encode(const struct sign_key *key, uint8_t der[static SIGN_KEY_DER_MAX], size_t *length,
		    struct error *error);
void sign_key_close(struct sign_key *key); /* NULL is fine */

/* FAULT_DAMAGED: not a key for tokens, which has 2048 bits and the exponent 65537. */
int sign_key_modulus(const struct sign_key *key, uint8_t modulus[static TOKEN_MODULUS_BYTES], struct error *error);

/* Whether sign_blinded would sign this. */
bool sign_accepts(const struct sign_key *key, const uint8_t *blinded, size_t length);

/*
 * Writes the blind signature, as long as the modulus. SIGN_REFUSED: not as long as the modulus, not below it, or one of those whose
 * signature tells nothing new: 0, 1 and modulus - 1.
 * A signature that does not verify is not given away, FAULT_SYSTEM: a fault of the processor could make it tell the key.
 */
enum { SIGN_REFUSED = 1 };
int sign_blinded(const struct sign_key *key, const uint8_t *blinded, size_t length, uint8_t *signature,
		 struct error *error);

#endif
