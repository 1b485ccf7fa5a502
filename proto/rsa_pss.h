/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The signatures under tokens: RSASSA-PSS (RFC 8017) with the parameters of RSABSSA-SHA384-PSS-Deterministic (RFC 9474):
 * SHA-384, MGF1 with SHA-384, a salt of 48 bytes; the exponent of a key is 65537. Public keys and verification, by libcrypto.
 */
#ifndef TURF_PROTO_RSA_PSS_H
#define TURF_PROTO_RSA_PSS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	RSA_PSS_MODULUS_MAX = 512, /* bytes; those of tokens have 256 */
	RSA_PSS_SALT_BYTES = 48,
	RSA_PSS_EXPONENT = 65537,
};

struct rsa_pss_key;

/* The public key with this modulus, big-endian. FAULT_INPUT: its highest or its lowest bit is not set, or it is too long. */
int rsa_pss_key_open(const uint8_t *modulus, size_t length, struct rsa_pss_key **out, struct error *error);
void rsa_pss_key_close(struct rsa_pss_key *key); /* NULL is fine */

/* 0: `key` has signed the message; RSA_PSS_FORGED: it has not; FAULT_MEMORY. */
enum { RSA_PSS_FORGED = 1 };
int rsa_pss_verify(const struct rsa_pss_key *key, const uint8_t *message, size_t length, const uint8_t *signature,
		   size_t signature_length);

#endif
