/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The directory of an org's public token keys, as JSON: what the issuer publishes, and what the broker and the phones go by.
 * It has the members of RFC 9578, section 4 ("issuer-request-uri", and "token-keys" with "token-type", "token-key" and
 * "not-before"). Of our own are "turf-org", "turf-issuer", "turf-batch", and with each key its "turf-scope" and "turf-not-after".
 *
 * It is the same for everybody: a key that only one phone gets would mark that phone.
 */
#ifndef TURF_PROTO_TOKEN_DIRECTORY_H
#define TURF_PROTO_TOKEN_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/scope.h"
#include "proto/token.h"

enum {
	TOKEN_DIRECTORY_KEYS_MAX = 1024,
	TOKEN_DIRECTORY_BYTES_MAX = 1 << 20,
	TOKEN_DIRECTORY_BATCH_MAX = 1000,
};

struct token_directory_key {
	struct token_key *key;
	struct scope scope;
	int64_t not_before, not_after; /* unix seconds; from the first moment up to the other, which is outside */
};

struct token_directory {
	char org[SLUG_BYTES];
	char issuer[TOKEN_NAME_MAX + 1];
	char request_uri[TOKEN_NAME_MAX + 1]; /* where batches are asked for, from the directory's own address */
	unsigned batch;                       /* how many tokens a device gets for a week */
	struct token_directory_key *keys;
	size_t n_keys;
};

/* Reads a directory, and checks all of it. FAULT_INPUT says what is wrong, and where; FAULT_MEMORY. */
int token_directory_parse(const char *json, size_t length, struct token_directory **out, struct error *error);
void token_directory_free(struct token_directory *directory); /* NULL is fine */

/* The JSON, without a line end; the caller frees it. NULL: no memory. */
char *token_directory_print(const struct token_directory *directory);

/* The key with this id, or NULL. */
const struct token_directory_key *token_directory_find(const struct token_directory *directory,
						       const uint8_t key_id[static TOKEN_DIGEST_BYTES]);

/* The digest of the challenge that all tokens of this org answer: its issuer, and turf/v1/ORG as the origin. FAULT_INPUT. */
int token_directory_challenge(const struct token_directory *directory, uint8_t digest[static TOKEN_DIGEST_BYTES],
			      struct error *error);

/*
 * What people compare: the first 128 bits of the SHA-256 over the lines "SCOPE ID" of the keys of the week of `unix_seconds`, in
 * the order of strcmp, as eight groups of four hexadecimal digits. ID is the key's id in base64url. The same as `fingerprint` in
 * broker-client/web/src/core/door/directory.js. FAULT_MEMORY.
 */
enum { TOKEN_DIRECTORY_FINGERPRINT_BYTES = 8 * 5 }; /* with its zero */
int token_directory_fingerprint(const struct token_directory *directory, int64_t unix_seconds,
				char text[static TOKEN_DIRECTORY_FINGERPRINT_BYTES], struct error *error);

#endif
