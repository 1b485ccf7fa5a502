/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a device asks of turfdoor (docs/door.md): to let it join, and for batches of tokens. Whatever gets lost on the way, the same is
 * asked again: token_store.h has on disk what was sent.
 *
 * A batch of this week is fetched when there is none. That of the next week is fetched at a random moment of this week, so that
 * the moment tells nothing of when the device is used.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TOKEN_BUYER_H
#define TURF_BROKER_CLIENT_LIBTURF_TOKEN_BUYER_H

#include "broker-client/libturf/http.h"
#include "broker-client/libturf/token_store.h"

struct token_buyer {
	const char *ca_file; /* see http.h */
	http_sender *send;
	void *context; /* for it */
};

/* > 0 results; `error` has a sentence for each, which says what to do. */
enum token_buyer_result {
	TOKEN_BUYER_NOT_JOINED = TURF_NOT_JOINED,
	TOKEN_BUYER_NOT_INVITED = TURF_NOT_INVITED,
	TOKEN_BUYER_INVITATION_USED = TURF_INVITATION_USED,
	TOKEN_BUYER_INVITATION_ENDED = TURF_INVITATION_ENDED,
	TOKEN_BUYER_REVOKED = TURF_REVOKED,
};

struct token_buyer_invitation {
	char origin[TOKEN_STORE_ORIGIN_BYTES];
	uint8_t code[TOKEN_STORE_CODE_BYTES];
};

/* Reads a link as `turfdoor invite` prints it: https://HOST[:PORT]/#join=CODE, or http:// to a loopback address. FAULT_INPUT. */
int token_buyer_parse_link(const char *link, struct token_buyer_invitation *invitation, struct error *error);

/* Asks which org a turfdoor is for. */
int token_buyer_org(const struct token_buyer *buyer, const char *origin, char org[static SLUG_BYTES],
		    struct error *error);

/* Joins the org of the outbox, and stores that. 0, a result, or a fault, after which the same invitation may be tried again. */
int token_buyer_join(const struct token_buyer *buyer, struct outbox *outbox, const char *org,
		     const struct token_buyer_invitation *invitation, struct error *error);

/* When token_buyer_fetch will next have something to do, in unix seconds; not after `now`: it has now. */
int token_buyer_due(struct outbox *outbox, int64_t now, int64_t *at, struct error *error);

/* Reads turfdoor's directory, deletes what is of no use any more, and fetches the batches that are due. */
int token_buyer_fetch(const struct token_buyer *buyer, struct outbox *outbox, const char *org, int64_t now,
		      struct error *error);

#endif
