/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The directory of public keys, as phones and the broker read it: what parses prints, and parses to the same; every key is found
 * by its id and by no other. From a file the broker reads the same as from memory, and a file that it cannot read lets no key in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "door/gate/keys.h"
#include "tests/fuzz/lib/fuzz.h"

static struct keys *keys; /* of the folder in which each input becomes a file */

static void check_keys(const struct token_directory *directory)
{
	hold(directory->n_keys <= TOKEN_DIRECTORY_KEYS_MAX);
	for (size_t i = 0; i < directory->n_keys; i++) {
		const struct token_directory_key *key = &directory->keys[i];
		uint8_t other[TOKEN_DIGEST_BYTES];

		hold(key->not_before >= 0 && key->not_before < key->not_after && key->scope.n_teams > 0);
		hold(token_directory_find(directory, token_key_id(key->key)) == key);
		memcpy(other, token_key_id(key->key), sizeof other);
		other[sizeof other - 1] ^= 1;
		hold(token_directory_find(directory, other) == NULL);
	}
}

/* What is printed of both is the same, so that nothing was lost on the way. */
static void check_again(const struct token_directory *directory)
{
	char *text = token_directory_print(directory), *again;
	struct token_directory *read;

	hold(text != NULL);
	hold(token_directory_parse(text, strlen(text), &read, NULL) == 0);
	again = token_directory_print(read);
	hold(again != NULL && strcmp(again, text) == 0);
	free(again);
	free(text);
	token_directory_free(read);
}

static void check_directory(const struct token_directory *directory)
{
	uint8_t challenge[TOKEN_DIGEST_BYTES];

	hold(topic_slug_valid(directory->org) && directory->issuer[0] != '\0');
	hold(directory->batch >= 1 && directory->batch <= TOKEN_DIRECTORY_BATCH_MAX);
	hold(token_directory_challenge(directory, challenge, NULL) == 0);
	check_keys(directory);
	check_again(directory);
}

static int count_readable(void *context, const char *org, const struct token_directory *directory)
{
	(void)org;
	*(size_t *)context += directory != NULL;
	return 0;
}

/* The broker takes the file only if it bears the name of its org. */
static void check_file(const uint8_t *bytes, size_t length, const struct token_directory *directory)
{
	bool expected = directory && strcmp(directory->org, "toets") == 0, changed;
	const char *file = fuzz_file("toets.json", bytes, length);
	struct keys_match match;
	size_t readable = 0;

	if (!keys)
		hold(keys_open(&keys, fuzz_folder(), NULL) == 0);
	hold((keys_refresh(keys, &changed, NULL) == 0) == expected && changed);
	hold(keys_each(keys, count_readable, &readable) == 0 && readable == expected);
	for (size_t i = 0; directory && i < directory->n_keys; i++)
		hold(keys_find(keys, token_key_id(directory->keys[i].key), &match) == expected);
	hold(unlink(file) == 0);
	hold(keys_refresh(keys, &changed, NULL) == 0 && changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);
	struct token_directory *directory = NULL;
	struct error error;

	if (token_directory_parse((const char *)bytes, size, &directory, &error) == 0)
		check_directory(directory);
	else
		hold(error.text[0] != '\0');
	check_file(bytes, size, directory);
	token_directory_free(directory);
	free(bytes);
	return 0;
}
