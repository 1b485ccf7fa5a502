/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Blind signatures, the phone's side (RFC 9474, sections 4.2 and 4.4): a message is blinded, so that who signs it does not see
 * it, and the signature is unblinded, so that who signed it does not recognise it.
 *
 * Nothing here draws random bytes; the caller does, so that the official vectors can be computed again.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_BLINDING_H
#define TURF_BROKER_CLIENT_LIBTURF_BLINDING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What is signed, for whom, and the phone's random choices. */
struct blinding {
	const uint8_t *modulus; /* of the public key */
	size_t modulus_length; /* also that of factor, blinded message, inverse and signatures; up to RSA_PSS_MODULUS_MAX */
	const uint8_t *message;
	size_t length;
	const uint8_t *salt;
	size_t salt_length;    /* RSA_PSS_SALT_BYTES; the vectors have 0 too */
	const uint8_t *factor; /* a secret from 1 to modulus - 1, every one as likely */
};

/* Writes the blinded message, and the inverse of the factor, which unblinds. BLINDING_NO_INVERSE: draw another factor. */
enum { BLINDING_NO_INVERSE = 1 };
int blinding_blind(const struct blinding *blinding, uint8_t *blinded, uint8_t *inverse, struct error *error);

/* Writes the signature that the blind signature hides. Whether it is one is for rsa_pss_verify to say. FAULT_MEMORY. */
int blinding_unblind(const uint8_t *modulus, size_t length, const uint8_t *blind_signature, const uint8_t *inverse,
		     uint8_t *signature, struct error *error);

#endif
