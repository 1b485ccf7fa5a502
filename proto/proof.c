/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/proof.h"

#include <openssl/evp.h>
#include <string.h>

enum { SHA256_BYTES = 32 };

int proof_id(const struct event_secret *secret, struct event_id *id, struct error *error)
{
	uint8_t digest[SHA256_BYTES];

	if (EVP_Digest(secret->bytes, sizeof secret->bytes, digest, NULL, EVP_sha256(), NULL) != 1)
		return error_set(error, FAULT_MEMORY, "no memory for a SHA-256");
	memcpy(id->bytes, digest, sizeof id->bytes);
	return 0;
}

int proof_check(const struct event_secret *secret, const struct event_id *id, struct error *error)
{
	struct event_id opened;
	int rc = proof_id(secret, &opened, error);

	if (rc < 0)
		return rc;
	return memcmp(opened.bytes, id->bytes, sizeof opened.bytes) == 0 ? 0 : PROOF_WRONG;
}
