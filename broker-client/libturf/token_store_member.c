/* SPDX-License-Identifier: EUPL-1.2 */
/* The table `door` of an outbox: the membership, and when the next batch is fetched. */
#include "broker-client/libturf/token_store.h"

#include <string.h>

#include "base/bytes.h"
#include "broker-client/libturf/outbox_db.h"

enum {
	MEMBER_FIXED_BYTES = 1 + TOKEN_STORE_CODE_BYTES + TOKEN_STORE_CREDENTIAL_BYTES + 2,
	MEMBER_BYTES_MAX = MEMBER_FIXED_BYTES + TOKEN_STORE_ORIGIN_BYTES + SCOPE_BYTES,
	PLAN_BYTES = 16,
};

static struct span name_span(const char *name)
{
	return (struct span){(const uint8_t *)name, strlen(name)};
}

/* ---- Membership ------------------------------------------------------------------------------------------------- */

static void put_member(struct lmdb_txn *txn, const char *name, const struct token_store_member *member)
{
	uint8_t bytes[MEMBER_BYTES_MAX], *at = bytes;
	size_t origin = strlen(member->origin), scope = strlen(member->scope);

	*at++ = (uint8_t)member->state;
	memcpy(at, member->code, TOKEN_STORE_CODE_BYTES);
	at += TOKEN_STORE_CODE_BYTES;
	memcpy(at, member->credential, TOKEN_STORE_CREDENTIAL_BYTES);
	at += TOKEN_STORE_CREDENTIAL_BYTES;
	put_be16(at, (uint16_t)origin);
	memcpy(at + 2, member->origin, origin);
	memcpy(at + 2 + origin, member->scope, scope);
	lmdb_put(txn, DB_DOOR, name_span(name), (struct span){bytes, MEMBER_FIXED_BYTES + origin + scope});
	explicit_bzero(bytes, sizeof bytes);
}

static bool get_member(struct lmdb_txn *txn, const char *name, struct token_store_member *member)
{
	struct span value;
	size_t origin;

	*member = (struct token_store_member){.state = 0};
	if (!lmdb_get(txn, DB_DOOR, name_span(name), &value))
		return false;
	origin = value.length < MEMBER_FIXED_BYTES ? SIZE_MAX : get_be16(value.at + MEMBER_FIXED_BYTES - 2);
	if (origin >= TOKEN_STORE_ORIGIN_BYTES || value.length < MEMBER_FIXED_BYTES + origin ||
	    value.length - MEMBER_FIXED_BYTES - origin >= SCOPE_BYTES) {
		db_damaged(txn);
		return false;
	}
	member->state = (enum token_store_membership)value.at[0];
	memcpy(member->code, value.at + 1, TOKEN_STORE_CODE_BYTES);
	memcpy(member->credential, value.at + 1 + TOKEN_STORE_CODE_BYTES, TOKEN_STORE_CREDENTIAL_BYTES);
	memcpy(member->origin, value.at + MEMBER_FIXED_BYTES, origin);
	memcpy(member->scope, value.at + MEMBER_FIXED_BYTES + origin, value.length - MEMBER_FIXED_BYTES - origin);
	return true;
}

static int member_body(void *context, struct lmdb_txn *txn)
{
	return get_member(txn, "member", context) ? 0 : TOKEN_STORE_NONE;
}

int token_store_member(struct outbox *outbox, struct token_store_member *member, struct error *error)
{
	return db_read(outbox, member_body, member, error);
}

static bool is_of_invitation(const struct token_store_member *member, const struct token_store_member *invitation)
{
	return strcmp(member->origin, invitation->origin) == 0 &&
	       memcmp(member->code, invitation->code, sizeof member->code) == 0;
}

/* `context`: what to store, which becomes what is stored for the same invitation. */
static int begin_join_body(void *context, struct lmdb_txn *txn)
{
	struct token_store_member *wanted = context, stored;

	if ((get_member(txn, "joining", &stored) && is_of_invitation(&stored, wanted)) ||
	    (get_member(txn, "member", &stored) && is_of_invitation(&stored, wanted))) {
		*wanted = stored;
		return TURF_UNCHANGED;
	}
	put_member(txn, "joining", wanted);
	return 0;
}

int token_store_begin_join(struct outbox *outbox, const char *origin, const uint8_t code[static TOKEN_STORE_CODE_BYTES],
			   struct token_store_member *member, struct error *error)
{
	int rc;

	*member = (struct token_store_member){.state = TOKEN_STORE_JOINING};
	memcpy(member->origin, origin, strlen(origin) + 1);
	memcpy(member->code, code, sizeof member->code);
	if (random_bytes(member->credential, sizeof member->credential) < 0)
		return error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
	rc = db_write(outbox, begin_join_body, member, error);
	return rc == TURF_UNCHANGED ? 0 : rc;
}

static void delete_all_tokens(struct lmdb_txn *txn)
{
	struct lmdb_cursor cursor;

	lmdb_cursor_open(&cursor, txn, DB_TOKENS);
	while (lmdb_next(&cursor))
		lmdb_remove(&cursor);
	lmdb_cursor_close(&cursor);
	(void)lmdb_delete(txn, DB_DOOR, name_span("next"));
	(void)lmdb_delete(txn, DB_META, name_span("keys-end"));
	(void)lmdb_delete(txn, DB_META, name_span("away"));
}

static int join_body(void *context, struct lmdb_txn *txn)
{
	const struct token_store_member *member = context;
	struct token_store_member before;

	if (!get_member(txn, "member", &before) || strcmp(before.scope, member->scope) != 0 ||
	    memcmp(before.credential, member->credential, sizeof before.credential) != 0)
		delete_all_tokens(txn);
	(void)lmdb_delete(txn, DB_DOOR, name_span("joining"));
	put_member(txn, "member", member);
	return 0;
}

int token_store_join(struct outbox *outbox, const struct token_store_member *member, struct error *error)
{
	struct token_store_member joined = *member;

	joined.state = TOKEN_STORE_JOINED;
	return db_write(outbox, join_body, &joined, error);
}

static int end_membership_body(void *context, struct lmdb_txn *txn)
{
	const struct token_store_member *ended = context;
	struct token_store_member member;

	if (!get_member(txn, "member", &member) ||
	    memcmp(member.credential, ended->credential, sizeof member.credential) != 0)
		return TOKEN_STORE_NONE; /* it has joined again meanwhile */
	put_member(txn, "member", ended);
	return 0;
}

int token_store_end_membership(struct outbox *outbox, const struct token_store_member *member,
			       enum token_store_membership state, struct error *error)
{
	struct token_store_member ended = *member;

	ended.state = state;
	return db_write(outbox, end_membership_body, &ended, error);
}

/* ---- When to fetch ahead ---------------------------------------------------------------------------------------- */

struct planning {
	int64_t week, fetch_at;
};

static int plan_body(void *context, struct lmdb_txn *txn)
{
	struct planning *planning = context;
	uint8_t bytes[PLAN_BYTES];
	struct span value;

	if (lmdb_get(txn, DB_DOOR, name_span("next"), &value) && value.length == PLAN_BYTES &&
	    (int64_t)get_be64(value.at) == planning->week) {
		planning->fetch_at = (int64_t)get_be64(value.at + 8);
		return TURF_UNCHANGED;
	}
	put_be64(bytes, (uint64_t)planning->week);
	put_be64(bytes + 8, (uint64_t)planning->fetch_at);
	lmdb_put(txn, DB_DOOR, name_span("next"), (struct span){bytes, sizeof bytes});
	return 0;
}

int token_store_plan(struct outbox *outbox, int64_t week, int64_t now, int64_t *fetch_at, struct error *error)
{
	struct planning planning = {.week = week};
	uint64_t random;
	int rc;

	if (random_bytes(&random, sizeof random) < 0)
		return error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
	planning.fetch_at = week > now ? now + (int64_t)(random % (uint64_t)(week - now)) : now;
	rc = db_write(outbox, plan_body, &planning, error);
	*fetch_at = planning.fetch_at;
	return rc == TURF_UNCHANGED ? 0 : rc;
}
