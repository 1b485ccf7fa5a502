/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/blinding.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/rsa_pss.h"

/* ---- EMSA-PSS-ENCODE (RFC 8017, section 9.1.1): libcrypto has it only as part of signing with a private key -------------- */

enum { HASH_BYTES = 48, TRAILER = 0xbc };

/* Adds the mask to `bytes` that MGF1 makes of `seed` (RFC 8017, appendix B.2.1). */
static bool add_mask(const uint8_t seed[static HASH_BYTES], uint8_t *bytes, size_t length)
{
	uint8_t counted[HASH_BYTES + 4], mask[HASH_BYTES];
	size_t done = 0;

	memcpy(counted, seed, HASH_BYTES);
	for (uint32_t counter = 0; done < length; counter++) {
		put_be32(counted + HASH_BYTES, counter);
		if (EVP_Digest(counted, sizeof counted, mask, NULL, EVP_sha384(), NULL) != 1)
			return false;
		for (size_t i = 0; i < HASH_BYTES && done < length; i++)
			bytes[done++] ^= mask[i];
	}
	return true;
}

/* The bytes are: a masked block (zeros, 1, the salt), a hash, the trailer. The highest bit is 0, so that the number is
 * below the modulus. */
static bool encode(const struct blinding *blinding, uint8_t encoded[static RSA_PSS_MODULUS_MAX])
{
	uint8_t hashed[8 + HASH_BYTES + RSA_PSS_SALT_BYTES] = {0};
	size_t block = blinding->modulus_length - HASH_BYTES - 1, salt = blinding->salt_length;
	uint8_t *hash = encoded + block;

	if (EVP_Digest(blinding->message, blinding->length, hashed + 8, NULL, EVP_sha384(), NULL) != 1)
		return false;
	memcpy(hashed + 8 + HASH_BYTES, blinding->salt, salt);
	if (EVP_Digest(hashed, 8 + HASH_BYTES + salt, hash, NULL, EVP_sha384(), NULL) != 1)
		return false;
	memset(encoded, 0, block);
	encoded[block - salt - 1] = 1;
	memcpy(encoded + block - salt, blinding->salt, salt);
	hash[HASH_BYTES] = TRAILER;
	if (!add_mask(hash, encoded, block))
		return false;
	encoded[0] &= 0x7f;
	return true;
}

/* ---- Blinding ----------------------------------------------------------------------------------------- */

/* BN_CTX_get gives NULL from the first failure on, so that the last of several tells of all. */
static int blind(const struct blinding *blinding, BN_CTX *context, uint8_t *blinded, uint8_t *inverse)
{
	uint8_t encoded[RSA_PSS_MODULUS_MAX];
	int length = (int)blinding->modulus_length;
	BIGNUM *n = BN_CTX_get(context), *m = BN_CTX_get(context), *r = BN_CTX_get(context), *e = BN_CTX_get(context),
	       *x = BN_CTX_get(context);

	if (!x || !encode(blinding, encoded) || !BN_bin2bn(blinding->modulus, length, n) ||
	    !BN_bin2bn(encoded, length, m) || !BN_bin2bn(blinding->factor, length, r) ||
	    !BN_set_word(e, RSA_PSS_EXPONENT))
		return FAULT_MEMORY;
	BN_set_flags(r, BN_FLG_CONSTTIME);
	if (!BN_mod_exp(x, r, e, n, context) || !BN_mod_mul(m, m, x, n, context) ||
	    BN_bn2binpad(m, blinded, length) != length)
		return FAULT_MEMORY;
	if (!BN_mod_inverse(x, r, n, context))
		return ERR_GET_REASON(ERR_peek_last_error()) == BN_R_NO_INVERSE ? BLINDING_NO_INVERSE : FAULT_MEMORY;
	return BN_bn2binpad(x, inverse, length) == length ? 0 : FAULT_MEMORY;
}

static int unblind(const uint8_t *modulus, int length, BN_CTX *context, const uint8_t *blind_signature,
		   const uint8_t *inverse, uint8_t *signature)
{
	BIGNUM *n = BN_CTX_get(context), *s = BN_CTX_get(context), *i = BN_CTX_get(context);

	if (!i || !BN_bin2bn(modulus, length, n) || !BN_bin2bn(blind_signature, length, s) ||
	    !BN_bin2bn(inverse, length, i))
		return FAULT_MEMORY;
	return BN_mod_mul(s, s, i, n, context) && BN_bn2binpad(s, signature, length) == length ? 0 : FAULT_MEMORY;
}

#define NO_MEMORY "no memory to blind a token"

static int finish(int rc, BN_CTX *context, struct error *error)
{
	ERR_clear_error();
	BN_CTX_end(context);
	BN_CTX_free(context);
	return rc < 0 ? error_set(error, rc, NO_MEMORY) : rc;
}

int blinding_blind(const struct blinding *blinding, uint8_t *blinded, uint8_t *inverse, struct error *error)
{
	BN_CTX *context = BN_CTX_new();

	assert(blinding->salt_length <= RSA_PSS_SALT_BYTES && blinding->modulus_length <= RSA_PSS_MODULUS_MAX &&
	       blinding->modulus_length >= HASH_BYTES + blinding->salt_length + 2);
	if (!context)
		return error_set(error, FAULT_MEMORY, NO_MEMORY);
	BN_CTX_start(context);
	return finish(blind(blinding, context, blinded, inverse), context, error);
}

int blinding_unblind(const uint8_t *modulus, size_t length, const uint8_t *blind_signature, const uint8_t *inverse,
		     uint8_t *signature, struct error *error)
{
	BN_CTX *context = BN_CTX_new();

	if (!context)
		return error_set(error, FAULT_MEMORY, NO_MEMORY);
	BN_CTX_start(context);
	return finish(unblind(modulus, (int)length, context, blind_signature, inverse, signature), context, error);
}
