/* SPDX-License-Identifier: EUPL-1.2 */
/* The directory of public keys: what is printed is read again, and anything else is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "door/sign.h"
#include "proto/token_directory.h"

static struct token_key *keys[2];

static struct token_key *new_key(void)
{
	uint8_t modulus[TOKEN_MODULUS_BYTES], bytes[TOKEN_KEY_BYTES];
	struct sign_key *secret;
	struct token_key *key;

	assert_int_equal(sign_key_generate(&secret, NULL), 0);
	assert_int_equal(sign_key_modulus(secret, modulus, NULL), 0);
	sign_key_close(secret);
	token_key_encode(modulus, bytes);
	assert_int_equal(token_key_open(bytes, sizeof bytes, &key, NULL), 0);
	return key;
}

static int set_up(void **state)
{
	(void)state;
	keys[0] = new_key();
	keys[1] = new_key();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	token_key_close(keys[0]);
	token_key_close(keys[1]);
	return 0;
}

static const char *const two_teams[] = {"oost", "west"}, *const all_teams[] = {"all"};

/* With two keys; freed by the caller. */
static char *printed(void)
{
	struct token_directory_key both[] = {{.key = keys[0], .not_before = 1000, .not_after = 2000},
					     {.key = keys[1], .not_before = 3000, .not_after = 4000}};
	struct token_directory directory = {.org = "proef",
					    .issuer = "turf.example",
					    .request_uri = "/door/batch",
					    .batch = 100,
					    .keys = both,
					    .n_keys = 2};
	char *text;

	assert_int_equal(scope_make(&both[0].scope, false, two_teams, 2, NULL), 0);
	assert_int_equal(scope_make(&both[1].scope, true, all_teams, 1, NULL), 0);
	text = token_directory_print(&directory);
	assert_non_null(text);
	return text;
}

static void what_is_printed_is_read(void **state)
{
	struct token_directory *directory;
	char *text = printed();
	uint8_t challenge[TOKEN_DIGEST_BYTES], expected[TOKEN_DIGEST_BYTES], unknown[TOKEN_DIGEST_BYTES] = {0};

	(void)state;
	assert_int_equal(token_directory_parse(text, strlen(text), &directory, NULL), 0);
	assert_string_equal(directory->org, "proef");
	assert_string_equal(directory->issuer, "turf.example");
	assert_string_equal(directory->request_uri, "/door/batch");
	assert_int_equal(directory->n_keys, 2);
	assert_int_equal(directory->batch, 100);
	assert_int_equal(directory->keys[0].scope.n_teams, 2);
	assert_string_equal(directory->keys[0].scope.teams[1], "west");
	assert_true(directory->keys[1].scope.leader);
	assert_int_equal(directory->keys[0].not_before, 1000);
	assert_int_equal(directory->keys[0].not_after, 2000);
	assert_ptr_equal(token_directory_find(directory, token_key_id(keys[1])), &directory->keys[1]);
	assert_null(token_directory_find(directory, unknown));
	assert_int_equal(token_directory_challenge(directory, challenge, NULL), 0);
	assert_int_equal(token_challenge_digest(&(struct token_challenge){"turf.example", "turf/v1/proef", NULL},
						expected, NULL),
			 0);
	assert_memory_equal(challenge, expected, sizeof expected);
	token_directory_free(directory);
	free(text);
}

static void no_part_of_it_is_a_directory(void **state)
{
	char *text = printed();

	(void)state;
	for (size_t length = 0; length < strlen(text); length++) {
		struct token_directory *directory;
		struct error error = {{0}};

		assert_int_equal(token_directory_parse(text, length, &directory, &error), FAULT_INPUT);
		assert_true(error.text[0] != '\0');
	}
	free(text);
}

/* The printed directory with `from` replaced; FAULT_INPUT, with `expected` in the message. */
static void assert_refused(const char *from, const char *to, const char *expected)
{
	char *text = printed(), *at = strstr(text, from), *changed;
	struct token_directory *directory;
	struct error error = {{0}};

	assert_non_null(at);
	assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	assert_int_equal(token_directory_parse(changed, strlen(changed), &directory, &error), FAULT_INPUT);
	if (!strstr(error.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
	free(changed);
	free(text);
}

static void whatever_is_wrong_is_named(void **state)
{
	(void)state;
	assert_refused("\"proef\"", "\"Proef\"", "turf-org");
	assert_refused("\"proef\"", "1", "turf-org");
	assert_refused("\"turf.example\"", "\"\"", "turf-issuer");
	assert_refused("\"/door/batch\"", "null", "issuer-request-uri");
	assert_refused("\"token-keys\"", "\"keys\"", "token-keys");
	assert_refused("\"token-type\":2", "\"token-type\":1", "key 1");
	assert_refused("oost.west", "west.oost", "key 1");
	assert_refused("\"turf-batch\":100", "\"turf-batch\":0", "turf-batch");
	assert_refused("\"turf-batch\":100", "\"turf-batch\":1001", "turf-batch");
	assert_refused("\"not-before\":1000", "\"not-before\":2000", "key 1");
	assert_refused("\"not-before\":1000", "\"not-before\":-1", "key 1");
	assert_refused("\"turf-not-after\":4000", "\"turf-not-after\":\"4000\"", "key 2");
	assert_refused("\"token-key\":\"", "\"token-key\":\"A", "key 1: token-key");
	assert_refused("\"token-key\":\"MIIB", "\"token-key\":\"MIIC", "key 1");
	assert_refused("\"turf-org\"", "\"turf-org\":\"twee\",\"turf-org\"", "duplicate");
}

static void the_same_key_twice_is_refused(void **state)
{
	struct token_directory_key both[] = {{.key = keys[0], .not_before = 1, .not_after = 2},
					     {.key = keys[0], .not_before = 1, .not_after = 2}};
	struct token_directory directory = {.org = "a",
					    .issuer = "b",
					    .request_uri = "c",
					    .batch = 1,
					    .keys = both,
					    .n_keys = 2},
			       *read;
	char *text;
	struct error error = {{0}};

	(void)state;
	assert_int_equal(scope_make(&both[0].scope, false, two_teams, 2, NULL), 0);
	both[1].scope = both[0].scope;
	text = token_directory_print(&directory);
	assert_int_equal(token_directory_parse(text, strlen(text), &read, &error), FAULT_INPUT);
	assert_string_equal(error.text, "keys 1 and 2 are the same");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read),
		cmocka_unit_test(no_part_of_it_is_a_directory),
		cmocka_unit_test(whatever_is_wrong_is_named),
		cmocka_unit_test(the_same_key_twice_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
