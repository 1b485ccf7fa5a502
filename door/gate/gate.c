/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/gate/gate.h"

#include <stdlib.h>
#include <string.h>

struct gate {
	struct keys *keys;
	struct spent *spent;
	bool unswept; /* tokens of a key that is gone may still be remembered */
};

int gate_open(struct gate **out, const char *keys, const char *spent, struct error *error)
{
	struct gate *gate = calloc(1, sizeof *gate);
	int rc;

	*out = NULL;
	if (!gate)
		return error_set(error, FAULT_MEMORY, "no memory to judge tokens");
	rc = keys_open(&gate->keys, keys, error);
	if (rc == 0)
		rc = spent_open(&gate->spent, spent, error);
	if (rc == 0)
		*out = gate;
	else
		gate_close(gate);
	return rc;
}

void gate_close(struct gate *gate)
{
	if (!gate)
		return;
	spent_close(gate->spent);
	keys_close(gate->keys);
	free(gate);
}

const struct keys *gate_keys(const struct gate *gate)
{
	return gate->keys;
}

/* ---- Keeping up ---------------------------------------------------------------------------------------------- */

static bool key_lives(const void *context, const uint8_t key_id_start[static 8])
{
	return keys_has_start(context, key_id_start, 8);
}

int gate_refresh(struct gate *gate, struct gate_time now, bool *changed, struct error *error)
{
	int rc = keys_refresh(gate->keys, changed, error);

	gate->unswept |= *changed;
	/* What a directory that cannot be read now would say about its keys, nobody knows: then no token is forgotten. */
	if (rc == 0 && gate->unswept) {
		rc = spent_sweep(gate->spent, key_lives, gate->keys, error);
		gate->unswept = rc < 0;
	}
	return rc == 0 ? spent_write(gate->spent, now.monotonic_s, error) : rc;
}

/* ---- Judging ------------------------------------------------------------------------------------------------- */

static int check_time(const struct token_directory_key *key, int64_t unix_s)
{
	if (unix_s < key->not_before)
		return GATE_NOT_YET;
	return unix_s < key->not_after ? 0 : GATE_OTHER_KEY;
}

static int check_signature(const struct token *token, const struct keys_match *match, struct error *error)
{
	switch (token_verify(token, match->key->key, match->challenge)) {
	case 0:
		return 0;
	case TOKEN_OTHER_CHALLENGE:
		return GATE_OTHER_CHALLENGE;
	case TOKEN_OTHER_KEY:
	case TOKEN_FORGED:
		return GATE_FORGED;
	default:
		return error_set(error, FAULT_MEMORY, "no memory to verify a token");
	}
}

static int spend(struct spent *spent, const struct token *token, int64_t monotonic_s, struct error *error)
{
	int rc = spent_mark(spent, token, monotonic_s, error);

	return rc == SPENT_BEFORE ? GATE_SPENT : rc;
}

/* The order matters: a token is spent only when everything else about it is right. */
int gate_judge(struct gate *gate, const char *password, size_t length, struct gate_time now, struct gate_pass *pass,
	       struct error *error)
{
	struct keys_match match;
	struct token token;
	int rc;

	if (token_decode_text(password, length, &token) < 0)
		return GATE_NO_TOKEN;
	if (!keys_find(gate->keys, token.key_id, &match))
		return GATE_OTHER_KEY;
	rc = check_time(match.key, now.unix_s);
	if (rc == 0)
		rc = check_signature(&token, &match, error);
	if (rc == 0)
		rc = spend(gate->spent, &token, now.monotonic_s, error);
	if (rc != 0)
		return rc;
	*pass = (struct gate_pass){.scope = match.key->scope, .until = match.key->not_after};
	memcpy(pass->org, match.directory->org, sizeof pass->org);
	memcpy(pass->key_id, token.key_id, sizeof pass->key_id);
	return 0;
}

bool gate_holds(const struct gate *gate, const struct gate_pass *pass, int64_t unix_s)
{
	struct keys_match match;

	return keys_find(gate->keys, pass->key_id, &match) && check_time(match.key, unix_s) == 0;
}
