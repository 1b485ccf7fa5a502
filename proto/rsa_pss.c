/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/rsa_pss.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

struct rsa_pss_key {
	EVP_PKEY *pkey;
};

/* NULL: no memory. */
static EVP_PKEY *make_public(const BIGNUM *n)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (build && context && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, RSA_PSS_EXPONENT) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

int rsa_pss_key_open(const uint8_t *modulus, size_t length, struct rsa_pss_key **out, struct error *error)
{
	struct rsa_pss_key *key;
	BIGNUM *n;

	*out = NULL;
	if (length == 0 || length > RSA_PSS_MODULUS_MAX || !(modulus[0] & 0x80) || !(modulus[length - 1] & 1))
		return error_set(error, FAULT_INPUT, "not the modulus of a public key for tokens");
	key = calloc(1, sizeof *key);
	n = BN_bin2bn(modulus, (int)length, NULL);
	if (key && n)
		key->pkey = make_public(n);
	BN_free(n);
	if (!key || !key->pkey) {
		rsa_pss_key_close(key);
		return error_set(error, FAULT_MEMORY, "no memory for a public key");
	}
	*out = key;
	return 0;
}

void rsa_pss_key_close(struct rsa_pss_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

int rsa_pss_verify(const struct rsa_pss_key *key, const uint8_t *message, size_t length, const uint8_t *signature,
		   size_t signature_length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pss; /* belongs to `context` */
	int rc = FAULT_MEMORY;

	if (context && EVP_DigestVerifyInit(context, &pss, EVP_sha384(), NULL, key->pkey) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, RSA_PSS_SALT_BYTES) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(pss, EVP_sha384()) == 1) {
		ERR_clear_error();
		if (EVP_DigestVerify(context, signature, signature_length, message, length) == 1)
			rc = 0;
		else if (ERR_GET_REASON(ERR_peek_error()) != ERR_R_MALLOC_FAILURE)
			rc = RSA_PSS_FORGED;
	}
	ERR_clear_error();
	EVP_MD_CTX_free(context);
	return rc;
}
