/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a device keeps of its membership of an org whose broker asks for tokens: its credential, the batches that it has asked
 * for, and the tokens that it has. It is in two tables of the outbox (docs/outbox-format.md), so that every change is one
 * transaction on disk and several processes may share the tokens.
 *
 * What is sent is on disk first: a credential before it is sent to turfdoor, the blinded messages of a batch before they are. A
 * token is deleted before it is shown, so that no token is shown for two connections that send something.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TOKEN_STORE_H
#define TURF_BROKER_CLIENT_LIBTURF_TOKEN_STORE_H

#include "broker-client/libturf/outbox.h"
#include "proto/scope.h"
#include "proto/token_directory.h"

enum {
	TOKEN_STORE_CODE_BYTES = 16, /* of an invitation */
	TOKEN_STORE_CREDENTIAL_BYTES = 32,
	TOKEN_STORE_ORIGIN_BYTES = 272, /* of https://HOST:PORT, with its zero */
	TOKEN_STORE_WEEKS_MAX = 8,
};

/* There is none: no membership, no token, no batch. */
enum { TOKEN_STORE_NONE = TURF_UNKNOWN };

/* ---- Membership ------------------------------------------------------------------------------------------------- */

enum token_store_membership {
	TOKEN_STORE_JOINING = 1, /* asked for; the answer has not come */
	TOKEN_STORE_JOINED = 2,
	TOKEN_STORE_REVOKED = 3,   /* turfdoor said so */
	TOKEN_STORE_FORGOTTEN = 4, /* turfdoor does not know the credential (any more) */
};

struct token_store_member {
	enum token_store_membership state;
	uint8_t code[TOKEN_STORE_CODE_BYTES]; /* of the invitation */
	uint8_t credential[TOKEN_STORE_CREDENTIAL_BYTES];
	char origin[TOKEN_STORE_ORIGIN_BYTES]; /* where turfdoor is */
	char scope[SCOPE_BYTES];               /* empty while joining */
};

/* Reads the membership, which is not TOKEN_STORE_JOINING; or TOKEN_STORE_NONE. */
int token_store_member(struct outbox *outbox, struct token_store_member *member, struct error *error);

/* Stores that this invitation is about to be used, with a new credential. For the invitation that was used last, the one of then
 * is given again: its answer may have been lost. */
int token_store_begin_join(struct outbox *outbox, const char *origin, const uint8_t code[static TOKEN_STORE_CODE_BYTES],
			   struct token_store_member *member, struct error *error);

/* The membership is `member` from now on. The tokens of another credential or scope are deleted. */
int token_store_join(struct outbox *outbox, const struct token_store_member *member, struct error *error);

/* turfdoor refuses this credential. Tokens that are there stay. */
int token_store_end_membership(struct outbox *outbox, const struct token_store_member *member,
			       enum token_store_membership state, struct error *error);

/* ---- Batches ---------------------------------------------------------------------------------------------------- */

enum token_store_batch_state {
	TOKEN_STORE_NOT_ASKED = 0,
	TOKEN_STORE_ASKED = 1, /* drawn; the same request may be sent again until it is answered */
	TOKEN_STORE_BOUGHT = 2,
	TOKEN_STORE_TAKEN = 3, /* turfdoor gave the tokens of this key for another request of this credential */
};

/* A batch, and how many of its tokens are left. */
struct token_store_batch {
	uint8_t key_id[TOKEN_DIGEST_BYTES];
	enum token_store_batch_state state;
	int64_t not_before, not_after; /* unix seconds */
	unsigned tokens;               /* left */
};

/* By the beginning of their week. */
struct token_store_batches {
	size_t n;
	struct token_store_batch all[TOKEN_STORE_WEEKS_MAX];
};

int token_store_batches(struct outbox *outbox, struct token_store_batches *batches, struct error *error);

/* Draws a batch of `n` for this key and stores it as asked for, unless there is a batch of the key. */
int token_store_draw(struct outbox *outbox, const struct token_directory_key *key,
		     const uint8_t challenge[static TOKEN_DIGEST_BYTES], unsigned n, struct error *error);

/* What to send for a batch that is asked for: the key's id and the blinded messages, on the heap. TOKEN_STORE_NONE: there is no
 * such batch. */
int token_store_request(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES], uint8_t **body,
			size_t *length, struct error *error);

/* Makes tokens of turfdoor's answer, verifies each, and stores them. TOKEN_STORE_NONE: the batch is not asked for, so another
 * process was first. FAULT_BROKER: the answer does not fit; the batch stays asked for. When all keys have ended at `now` (unix
 * seconds) of which there ever was a batch, the device was away for weeks: then no token is taken for a while. */
int token_store_finish(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES], const uint8_t *answer,
		       size_t length, int64_t now, struct error *error);

/* turfdoor refused a batch that is asked for: TOKEN_STORE_TAKEN, or TOKEN_STORE_NOT_ASKED to forget it. */
int token_store_refuse(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES],
		       enum token_store_batch_state state, struct error *error);

/* Deletes batches whose time has passed, and those whose key turfdoor has replaced by another of the same week and scope.
 * `directory` NULL: only the former. */
int token_store_delete_old(struct outbox *outbox, int64_t now, const struct token_directory *directory,
			   const char *scope, struct error *error);

/* When to fetch the batch of the week that begins at `week` (unix seconds). It is drawn once, between now and then. */
int token_store_plan(struct outbox *outbox, int64_t week, int64_t now, int64_t *fetch_at, struct error *error);

/* ---- Tokens ----------------------------------------------------------------------------------------------------- */

struct token_store_token {
	uint8_t key_id[TOKEN_DIGEST_BYTES];
	uint16_t number; /* in its batch */
	bool doubtful;   /* the broker refused it, and has taken another one since */
	char text[TOKEN_TEXT_BYTES];
};

/* Takes a token that is good now out of the store: one of the newest week, and one that the broker refused only if there is no
 * other, and a doubtful one last. TOKEN_STORE_NONE: there is none, or the device was away. */
int token_store_take(struct outbox *outbox, int64_t now, struct token_store_token *token, struct error *error);

/* Puts a token back for which the broker has opened no connection. `refused`: it has refused it. A doubtful one that is refused again
 * is not put back: TOKEN_STORE_NONE. */
int token_store_give_back(struct outbox *outbox, const struct token_store_token *token, bool refused,
			  struct error *error);

/* The broker took a token: those that it refused before are doubtful from now on. */
int token_store_doubt_refused(struct outbox *outbox, struct error *error);

#endif
