/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rsa_pss.h"

struct sign_key {
	EVP_PKEY *pkey;
	size_t length;                        /* of the modulus */
	uint8_t modulus[RSA_PSS_MODULUS_MAX]; /* its first `length` bytes */
};

static int no_memory(struct error *error)
{
	ERR_clear_error();
	return error_set(error, FAULT_MEMORY, "no memory for a key that signs tokens");
}

/* ---- Keys --------------------------------------------------------------------------------------------- */

/* Takes `pkey` in any case; NULL is no memory. */
static int adopt(EVP_PKEY *pkey, struct sign_key **out, struct error *error)
{
	struct sign_key *key = calloc(1, sizeof *key);
	BIGNUM *n = NULL;
	int rc = 0;

	if (!key || !pkey || EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		rc = no_memory(error);
	else if (BN_num_bytes(n) > RSA_PSS_MODULUS_MAX)
		rc = error_set(error, FAULT_DAMAGED, "a key that signs tokens is too long");
	if (rc == 0) {
		key->pkey = pkey;
		key->length = (size_t)BN_bn2bin(n, key->modulus);
		*out = key;
	} else {
		EVP_PKEY_free(pkey);
		free(key);
	}
	BN_free(n);
	return rc;
}

int sign_key_generate(struct sign_key **out, struct error *error)
{
	*out = NULL;
	return adopt(EVP_RSA_gen(TOKEN_MODULUS_BYTES * 8U), out, error);
}

int sign_key_open(const uint8_t *der, size_t length, struct sign_key **out, struct error *error)
{
	EVP_PKEY *pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, (long)length);

	*out = NULL;
	ERR_clear_error();
	return pkey ? adopt(pkey, out, error) : error_set(error, FAULT_DAMAGED, "a key that signs tokens is damaged");
}

int sign_key_encode(const struct sign_key *key, uint8_t der[static SIGN_KEY_DER_MAX], size_t *length,
		    struct error *error)
{
	uint8_t *end = der;

	if (i2d_PrivateKey(key->pkey, NULL) > SIGN_KEY_DER_MAX || i2d_PrivateKey(key->pkey, &end) <= 0)
		return no_memory(error);
	*length = (size_t)(end - der);
	return 0;
}

void sign_key_close(struct sign_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

int sign_key_modulus(const struct sign_key *key, uint8_t modulus[static TOKEN_MODULUS_BYTES], struct error *error)
{
	BIGNUM *e = NULL;
	bool fits;

	if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return no_memory(error);
	fits = EVP_PKEY_get_bits(key->pkey) == TOKEN_MODULUS_BYTES * 8 && BN_is_word(e, RSA_PSS_EXPONENT);
	BN_free(e);
	if (!fits)
		return error_set(error, FAULT_DAMAGED,
				 "a key that signs tokens has not 2048 bits and the exponent 65537");
	memcpy(modulus, key->modulus, TOKEN_MODULUS_BYTES);
	return 0;
}

/* ---- Signing -------------------------------------------------------------------------------------------- */

/* From 2 to modulus - 2. The modulus is odd, so that modulus - 1 differs from it in the last bit only. */
bool sign_accepts(const struct sign_key *key, const uint8_t *blinded, size_t length)
{
	uint8_t last[RSA_PSS_MODULUS_MAX];
	uint8_t before = 0;

	if (length != key->length)
		return false;
	memcpy(last, key->modulus, key->length);
	last[key->length - 1] ^= 1;
	for (size_t i = 0; i < key->length - 1; i++)
		before |= blinded[i];
	return (before != 0 || blinded[key->length - 1] > 1) && memcmp(blinded, last, key->length) < 0;
}

/* The plain private operation on exactly one block, or the public one that undoes it. */
static bool apply(EVP_PKEY *pkey, bool sign, const uint8_t *in, uint8_t *out, size_t length)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	size_t written = length;
	bool done = context && (sign ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_recover_init(context)) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
		    (sign ? EVP_PKEY_sign(context, out, &written, in, length)
			  : EVP_PKEY_verify_recover(context, out, &written, in, length)) == 1 &&
		    written == length;

	ERR_clear_error();
	EVP_PKEY_CTX_free(context);
	return done;
}

int sign_blinded(const struct sign_key *key, const uint8_t *blinded, size_t length, uint8_t *signature,
		 struct error *error)
{
	uint8_t made[RSA_PSS_MODULUS_MAX], recovered[RSA_PSS_MODULUS_MAX];

	if (!sign_accepts(key, blinded, length))
		return SIGN_REFUSED;
	if (!apply(key->pkey, true, blinded, made, length) || !apply(key->pkey, false, made, recovered, length))
		return no_memory(error);
	if (memcmp(recovered, blinded, length) != 0)
		return error_set(
			error, FAULT_SYSTEM,
			"a signature does not verify: the processor or the memory of this machine makes mistakes, or a "
			"key is damaged");
	memcpy(signature, made, length);
	return 0;
}
