/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/token_directory.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/json.h"

enum { KEY_CHARS = BASE64URL_CHARS(TOKEN_KEY_BYTES) };

/* ---- Reading ----------------------------------------------------------------------------------------- */

/* Copies a text of 1 to size - 1 bytes without a zero in it. */
static bool take_text(const json_t *object, const char *member, char *to, size_t size)
{
	const json_t *value = json_object_get(object, member);
	size_t length = json_string_length(value);

	if (!json_is_string(value) || length == 0 || length >= size || strlen(json_string_value(value)) != length)
		return false;
	memcpy(to, json_string_value(value), length + 1);
	return true;
}

static bool take_number(const json_t *object, const char *member, int64_t *to)
{
	const json_t *value = json_object_get(object, member);

	*to = json_integer_value(value);
	return json_is_integer(value) && *to >= 0;
}

static int take_public_key(const json_t *object, size_t position, struct token_key **key, struct error *error)
{
	uint8_t bytes[TOKEN_KEY_BYTES];
	const json_t *value = json_object_get(object, "token-key");
	int rc;

	if (!json_is_string(value) ||
	    base64url_decode(json_string_value(value), json_string_length(value), bytes, sizeof bytes) != 0)
		return error_set(error, FAULT_INPUT, "key %zu: token-key is not a key of %d bytes in base64url",
				 position, TOKEN_KEY_BYTES);
	rc = token_key_open(bytes, sizeof bytes, key, error);
	return rc < 0 ? error_prefix(error, rc, "key %zu", position) : 0;
}

static int take_key(const json_t *object, size_t position, struct token_directory_key *key, struct error *error)
{
	char scope[SCOPE_BYTES];

	if (json_integer_value(json_object_get(object, "token-type")) != TOKEN_TYPE)
		return error_set(error, FAULT_INPUT, "key %zu: token-type is not %d", position, TOKEN_TYPE);
	if (!take_text(object, "turf-scope", scope, sizeof scope) || scope_parse(scope, &key->scope) < 0)
		return error_set(error, FAULT_INPUT, "key %zu: turf-scope is not the name of a scope", position);
	if (!take_number(object, "not-before", &key->not_before) ||
	    !take_number(object, "turf-not-after", &key->not_after) || key->not_before >= key->not_after)
		return error_set(error, FAULT_INPUT, "key %zu: not-before and turf-not-after are no times in order",
				 position);
	return take_public_key(object, position, &key->key, error);
}

static int take_keys(const json_t *keys, struct token_directory *directory, struct error *error)
{
	size_t n = json_array_size(keys);

	if (!json_is_array(keys) || n > TOKEN_DIRECTORY_KEYS_MAX)
		return error_set(error, FAULT_INPUT, "token-keys is no list of up to %d keys",
				 TOKEN_DIRECTORY_KEYS_MAX);
	directory->keys = calloc(n ? n : 1, sizeof *directory->keys);
	if (!directory->keys)
		return error_set(error, FAULT_MEMORY, "no memory for %zu keys", n);
	while (directory->n_keys < n) {
		size_t i = directory->n_keys++; /* so that what a failed one holds is freed too */
		int rc = take_key(json_array_get(keys, i), i + 1, &directory->keys[i], error);

		if (rc < 0)
			return rc;
		for (size_t other = 0; other < i; other++)
			if (memcmp(token_key_id(directory->keys[other].key), token_key_id(directory->keys[i].key),
				   TOKEN_DIGEST_BYTES) == 0)
				return error_set(error, FAULT_INPUT, "keys %zu and %zu are the same", other + 1, i + 1);
	}
	return 0;
}

static int take_directory(const json_t *root, struct token_directory *directory, struct error *error)
{
	int64_t batch;

	if (!take_text(root, "turf-org", directory->org, sizeof directory->org) || !topic_slug_valid(directory->org))
		return error_set(error, FAULT_INPUT, "turf-org is not the id of an organisation");
	if (!take_text(root, "turf-issuer", directory->issuer, sizeof directory->issuer))
		return error_set(error, FAULT_INPUT, "turf-issuer is no text of 1 to %d bytes", TOKEN_NAME_MAX);
	if (!take_text(root, "issuer-request-uri", directory->request_uri, sizeof directory->request_uri))
		return error_set(error, FAULT_INPUT, "issuer-request-uri is no text of 1 to %d bytes", TOKEN_NAME_MAX);
	if (!take_number(root, "turf-batch", &batch) || batch < 1 || batch > TOKEN_DIRECTORY_BATCH_MAX)
		return error_set(error, FAULT_INPUT, "turf-batch is no number of 1 to %d tokens",
				 TOKEN_DIRECTORY_BATCH_MAX);
	directory->batch = (unsigned)batch;
	return take_keys(json_object_get(root, "token-keys"), directory, error);
}

int token_directory_parse(const char *json, size_t length, struct token_directory **out, struct error *error)
{
	struct token_directory *directory = NULL;
	json_error_t why;
	json_t *root = NULL;
	int rc;

	if (length > TOKEN_DIRECTORY_BYTES_MAX)
		return error_set(error, FAULT_INPUT, "a key directory of %zu bytes; %d is the most", length,
				 TOKEN_DIRECTORY_BYTES_MAX);
	root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return error_set(error, FAULT_INPUT, "no key directory: %s in line %d", why.text, why.line);
	directory = calloc(1, sizeof *directory);
	rc = directory ? take_directory(root, directory, error)
		       : error_set(error, FAULT_MEMORY, "no memory for the key directory");
	json_decref(root);
	if (rc < 0)
		token_directory_free(directory);
	else
		*out = directory;
	return rc;
}

void token_directory_free(struct token_directory *directory)
{
	if (!directory)
		return;
	for (size_t i = 0; i < directory->n_keys; i++)
		token_key_close(directory->keys[i].key);
	free(directory->keys);
	free(directory);
}

/* ---- Writing ----------------------------------------------------------------------------------------- */

/* NULL: no memory. */
static json_t *key_json(const struct token_directory_key *key)
{
	uint8_t bytes[TOKEN_KEY_BYTES];
	char text[KEY_CHARS + 1], scope[SCOPE_BYTES];

	scope_format(&key->scope, scope);
	token_key_encode(token_key_modulus(key->key), bytes);
	base64url_encode(bytes, sizeof bytes, text);
	return json_pack("{s:i, s:s, s:s, s:I, s:I}", "token-type", TOKEN_TYPE, "token-key", text, "turf-scope", scope,
			 "not-before", (json_int_t)key->not_before, "turf-not-after", (json_int_t)key->not_after);
}

char *token_directory_print(const struct token_directory *directory)
{
	json_t *keys = json_array(), *root;
	char *text = NULL;
	int failed = 0;

	for (size_t i = 0; i < directory->n_keys; i++)
		failed |= json_array_append_new(keys, key_json(&directory->keys[i]));
	root = failed ? NULL
		      : json_pack("{s:s, s:s, s:s, s:I, s:O}", "turf-org", directory->org, "turf-issuer",
				  directory->issuer, "issuer-request-uri", directory->request_uri, "turf-batch",
				  (json_int_t)directory->batch, "token-keys", keys);
	if (root)
		text = json_text(root, JSON_COMPACT);
	json_decref(root);
	json_decref(keys);
	return text;
}

/* ---- Asking ------------------------------------------------------------------------------------------ */

const struct token_directory_key *token_directory_find(const struct token_directory *directory,
						       const uint8_t key_id[static TOKEN_DIGEST_BYTES])
{
	for (size_t i = 0; i < directory->n_keys; i++)
		if (memcmp(token_key_id(directory->keys[i].key), key_id, TOKEN_DIGEST_BYTES) == 0)
			return &directory->keys[i];
	return NULL;
}

int token_directory_challenge(const struct token_directory *directory, uint8_t digest[static TOKEN_DIGEST_BYTES],
			      struct error *error)
{
	char origin[sizeof TOPIC_PREFIX + SLUG_BYTES];

	(void)snprintf(origin, sizeof origin, TOPIC_PREFIX "%s", directory->org);
	return token_challenge_digest(&(struct token_challenge){.issuer = directory->issuer, .origin = origin}, digest,
				      error);
}

/* ---- The fingerprint --------------------------------------------------------------------------------- */

enum { LINE_BYTES = SCOPE_BYTES + BASE64URL_CHARS(TOKEN_DIGEST_BYTES) + 2, SECONDS_A_DAY = 86400 };

/* Weeks from Monday to Sunday in UTC; 1970-01-01 was a Thursday. */
static int64_t week_of(int64_t unix_seconds)
{
	return (unix_seconds / SECONDS_A_DAY + 3) / 7;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void write_line(const struct token_directory_key *key, char line[static LINE_BYTES])
{
	char scope[SCOPE_BYTES], id[BASE64URL_CHARS(TOKEN_DIGEST_BYTES) + 1];

	scope_format(&key->scope, scope);
	base64url_encode(token_key_id(key->key), TOKEN_DIGEST_BYTES, id);
	(void)snprintf(line, LINE_BYTES, "%s %s\n", scope, id);
}

/* The lines of this week's keys, sorted, one behind the other. NULL: no memory. */
static char *write_lines(const struct token_directory *directory, int64_t week)
{
	char(*lines)[LINE_BYTES] = calloc(directory->n_keys + 1, sizeof *lines);
	char *text = calloc(directory->n_keys + 1, sizeof *lines), *end = text;
	size_t n = 0;

	for (size_t i = 0; i < directory->n_keys && lines; i++)
		if (week_of(directory->keys[i].not_before) == week)
			write_line(&directory->keys[i], lines[n++]);
	if (lines && text) {
		qsort(lines, n, sizeof *lines, compare_lines);
		for (size_t i = 0; i < n; i++) {
			size_t length = strlen(lines[i]);

			memcpy(end, lines[i], length);
			end += length;
		}
	}
	if (!lines) {
		free(text);
		text = NULL;
	}
	free(lines);
	return text;
}

int token_directory_fingerprint(const struct token_directory *directory, int64_t unix_seconds,
				char text[static TOKEN_DIRECTORY_FINGERPRINT_BYTES], struct error *error)
{
	uint8_t digest[TOKEN_DIGEST_BYTES];
	char *lines = write_lines(directory, week_of(unix_seconds));
	bool done = lines && EVP_Digest(lines, strlen(lines), digest, NULL, EVP_sha256(), NULL) == 1;

	free(lines);
	if (!done)
		return error_set(error, FAULT_MEMORY, "no memory for the fingerprint");
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(text + i * 5, TOKEN_DIRECTORY_FINGERPRINT_BYTES - i * 5, "%02x%02x%s", digest[2 * i],
			       digest[2 * i + 1], i < 7 ? " " : "");
	return 0;
}
