/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What turfdoor serve answers over HTTP: a request in, an answer out, without a socket and without a clock. serve.c has those.
 *
 *   GET  /.well-known/private-token-issuer-directory   the public keys (RFC 9578, section 4), for everybody
 *   POST /door/join    48 bytes: the code of an invitation, and the credential that the device has drawn
 *   POST /door/batch   32 bytes: the id of a key, and the blinded messages; "Authorization: Bearer CREDENTIAL", in base64url
 *
 * Both are answered with JSON, but a batch with the signatures alone. A refusal is {"error":"WORD"}, see docs/door.md.
 */
#ifndef TURF_DOOR_SERVICE_H
#define TURF_DOOR_SERVICE_H

#include "door/door.h"

struct service_request {
	const char *method, *path;
	const char *authorization; /* that header; NULL: none */
	const uint8_t *body;
	size_t length;
	uint64_t unix_seconds;
	int64_t monotonic_s;
};

struct service_answer {
	unsigned status;  /* of HTTP */
	const char *type; /* of the content */
	char *body;       /* on the heap, the caller's to free */
	size_t length;
};

/* How long the body of such a request is, exactly: 0 for what has none. A request with another length is refused unread.
 * -1: there is no such path; -2: not with this method. */
enum { SERVICE_NO_PATH = -1, SERVICE_NO_METHOD = -2 };
long service_body_length(const struct door *door, const char *method, const char *path);

/* Fills `answer`, for a fault too: then with status 500, and the fault's message in `error`, which is for the log and
 * never leaves. FAULT_MEMORY with no body: there is not even memory for an answer. */
int service_answer(struct door *door, const struct service_request *request, struct service_answer *answer,
		   struct error *error);

/* The answer of a refusal: {"error":"WORD"}. 0, or FAULT_MEMORY. */
int service_refuse(struct service_answer *answer, unsigned status, const char *word);

#endif
