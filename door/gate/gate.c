/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "door/weeks.h"

enum { SPENT_BYTES = 16 };

/* A spent token: in the table of its key, and while it may be shown again, in the list of recent ones too. */
struct spent {
	uint8_t nonce[SPENT_BYTES];
	UT_hash_handle hh;
};

struct recent {
	uint8_t nonce[SPENT_BYTES];
	int64_t until_ms;
	struct recent *next;
};

struct gate_key {
	uint8_t id[TOKEN_DIGEST_BYTES];
	char scope[SCOPE_BYTES];
	struct iso_week week;
	struct token_key *open;
	struct spent *spent;
	struct recent *first_recent, *last_recent; /* the oldest first */
	UT_hash_handle hh;
};

struct gate {
	uint8_t challenge[TOKEN_DIGEST_BYTES];
	struct gate_key *keys; /* by id */
};

/* ---- Keys ------------------------------------------------------------------------------------------------- */

static void forget_recent(struct gate_key *key, int64_t now_ms)
{
	struct recent *recent;

	while ((recent = key->first_recent) != NULL && recent->until_ms <= now_ms) {
		key->first_recent = recent->next;
		free(recent);
	}
	if (!key->first_recent)
		key->last_recent = NULL;
}

static void free_key(struct gate_key *key)
{
	struct spent *spent, *next;

	HASH_ITER(hh, key->spent, spent, next)
	{
		HASH_DEL(key->spent, spent);
		free(spent);
	}
	forget_recent(key, INT64_MAX);
	token_key_close(key->open);
	free(key);
}

static void free_keys(struct gate_key *keys)
{
	struct gate_key *key, *next;

	HASH_ITER(hh, keys, key, next)
	{
		HASH_DEL(keys, key);
		free_key(key);
	}
}

int gate_new(const uint8_t challenge[static TOKEN_DIGEST_BYTES], struct gate **out, struct error *error)
{
	struct gate *gate = calloc(1, sizeof *gate);

	*out = gate;
	if (!gate)
		return error_set(error, FAULT_MEMORY, "no memory for the broker's gate");
	memcpy(gate->challenge, challenge, sizeof gate->challenge);
	return 0;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	free_keys(gate->keys);
	free(gate);
}

/* Takes `key` in any case. The same key twice is one. */
static int add_opened(struct gate_key **keys, struct gate_key *key, struct error *error)
{
	struct gate_key *same;

	memcpy(key->id, token_key_id(key->open), sizeof key->id);
	HASH_FIND(hh, *keys, key->id, sizeof key->id, same);
	if (!same) {
		HASH_ADD(hh, *keys, id, sizeof key->id, key);
		if (hash_added(key))
			return 0;
	}
	free_key(key);
	return same ? 0 : error_set(error, FAULT_MEMORY, "no memory for a key");
}

static int add_key(struct gate_key **keys, const struct door_key *given, struct error *error)
{
	struct gate_key *key = calloc(1, sizeof *key);
	int rc;

	if (!key)
		return error_set(error, FAULT_MEMORY, "no memory for a key");
	memcpy(key->scope, given->scope, sizeof key->scope);
	key->week = given->week;
	rc = token_key_open(given->spki, sizeof given->spki, &key->open, error);
	if (rc == 0)
		return add_opened(keys, key, error);
	free_key(key);
	return rc;
}

/* What the old keys remember moves to the same keys of the new table. */
static void keep_spent(struct gate_key *from, struct gate_key *keys)
{
	struct gate_key *old, *next, *key;

	HASH_ITER(hh, from, old, next)
	{
		HASH_FIND(hh, keys, old->id, sizeof old->id, key);
		if (!key)
			continue;
		key->spent = old->spent;
		key->first_recent = old->first_recent;
		key->last_recent = old->last_recent;
		old->spent = NULL;
		old->first_recent = old->last_recent = NULL;
	}
}

int gate_set_keys(struct gate *gate, const struct door_key *keys, size_t n, struct error *error)
{
	struct gate_key *table = NULL;

	for (size_t i = 0; i < n; i++) {
		int rc = add_key(&table, &keys[i], error);

		if (rc < 0) {
			free_keys(table);
			return rc;
		}
	}
	keep_spent(gate->keys, table);
	free_keys(gate->keys);
	gate->keys = table;
	return 0;
}

/* ---- Spending ----------------------------------------------------------------------------------------------- */

static bool is_recent(const struct gate_key *key, const uint8_t nonce[static SPENT_BYTES])
{
	for (const struct recent *recent = key->first_recent; recent; recent = recent->next)
		if (memcmp(recent->nonce, nonce, SPENT_BYTES) == 0)
			return true;
	return false;
}

static int spend(struct gate_key *key, const uint8_t nonce[static SPENT_BYTES], int64_t now_ms)
{
	struct spent *spent;
	struct recent *recent;

	forget_recent(key, now_ms);
	HASH_FIND(hh, key->spent, nonce, SPENT_BYTES, spent);
	if (spent)
		return is_recent(key, nonce) ? 0 : GATE_SPENT;
	spent = calloc(1, sizeof *spent);
	recent = calloc(1, sizeof *recent);
	if (spent && recent) {
		memcpy(spent->nonce, nonce, SPENT_BYTES);
		HASH_ADD(hh, key->spent, nonce, SPENT_BYTES, spent);
	}
	if (!spent || !recent || !hash_added(spent)) {
		free(spent);
		free(recent);
		return FAULT_MEMORY;
	}
	memcpy(recent->nonce, nonce, SPENT_BYTES);
	recent->until_ms = now_ms + GATE_AGAIN_MS;
	if (key->last_recent)
		key->last_recent->next = recent;
	else
		key->first_recent = recent;
	key->last_recent = recent;
	return 0;
}

/* ---- Judging ------------------------------------------------------------------------------------------------ */

static int check_week(struct iso_week week, uint32_t today)
{
	if (weeks_compare(week, weeks_from(today, -DOOR_WEEKS_BEFORE)) < 0)
		return GATE_OTHER_KEY;
	return weeks_compare(week, weeks_from(today, 0)) > 0 ? GATE_NOT_YET : 0;
}

static int check_signature(const struct gate *gate, const struct gate_key *key, const struct token *token)
{
	switch (token_verify(token, key->open, gate->challenge)) {
	case 0:
		return 0;
	case TOKEN_OTHER_KEY:
		return GATE_OTHER_KEY;
	case TOKEN_OTHER_CHALLENGE:
		return GATE_OTHER_CHALLENGE;
	case TOKEN_FORGED:
		return GATE_FORGED;
	default:
		return FAULT_MEMORY;
	}
}

int gate_judge(struct gate *gate, const char *password, size_t length, uint32_t today, int64_t now_ms,
	       char scope[static SCOPE_BYTES])
{
	struct token token;
	struct gate_key *key;
	int rc;

	if (token_decode_text(password, length, &token) < 0)
		return GATE_NO_TOKEN;
	HASH_FIND(hh, gate->keys, token.key_id, sizeof token.key_id, key);
	if (!key)
		return GATE_OTHER_KEY;
	rc = check_week(key->week, today);
	if (rc == 0)
		rc = check_signature(gate, key, &token);
	if (rc == 0)
		rc = spend(key, token.nonce, now_ms);
	if (rc == 0)
		memcpy(scope, key->scope, sizeof key->scope);
	return rc;
}

size_t gate_count_spent(const struct gate *gate)
{
	size_t n = 0;

	for (const struct gate_key *key = gate->keys; key; key = key->hh.next)
		n += HASH_COUNT(key->spent);
	return n;
}
