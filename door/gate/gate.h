/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What decides for a broker about each connection: does this password hold a token that lets in, and into which scope? It
 * knows the public keys in force (keys.h) and which tokens are spent (spent.h), no names and no private keys.
 *
 * A decision depends on the keys as they were read last, on what is spent, and on the times that the caller gives. The
 * mosquitto plugin asks it, and turfdoor check for other brokers.
 */
#ifndef TURF_DOOR_GATE_GATE_H
#define TURF_DOOR_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "door/gate/keys.h"
#include "door/gate/spent.h"
#include "proto/scope.h"
#include "proto/token.h"

struct gate;

struct gate_time {
	int64_t unix_s;      /* decides whether a key is in force */
	int64_t monotonic_s; /* decides whether a token may come again */
};

/* `keys`: the folder where turfdoor publishes, which may be empty; `spent`: a folder that nobody else uses. */
int gate_open(struct gate **out, const char *keys, const char *spent, struct error *error);
void gate_close(struct gate *gate); /* writes what is spent; NULL is fine */

/*
 * To be called once a second: reads the keys that have changed, which `*changed` tells, writes which tokens are spent, and
 * forgets those of keys that are gone. After a fault everything that could be read is in force.
 */
int gate_refresh(struct gate *gate, struct gate_time now, bool *changed, struct error *error);

/* What a token says: for which org, into which scope, and until when. */
struct gate_pass {
	char org[SLUG_BYTES];
	struct scope scope;
	uint8_t key_id[TOKEN_DIGEST_BYTES];
	int64_t until; /* unix seconds; the connection ends then */
};

/* 0: let in, the token is spent, and `pass` is written; an enum gate_refusal; or a fault: let nobody in. */
enum gate_refusal {
	GATE_NO_TOKEN = 1,        /* the password is none */
	GATE_OTHER_KEY = 2,       /* a key that is not in force: too old, withdrawn, or of nobody here */
	GATE_NOT_YET = 3,         /* a key of next week */
	GATE_OTHER_CHALLENGE = 4, /* bought for another org, or of another issuer */
	GATE_FORGED = 5,
	GATE_SPENT = 6,
};
int gate_judge(struct gate *gate, const char *password, size_t length, struct gate_time now, struct gate_pass *pass,
	       struct error *error);

/* Whether the connection may stay: its key is still in force. */
bool gate_holds(const struct gate *gate, const struct gate_pass *pass, int64_t unix_s);

/* For the directories of all orgs: keys_each. */
const struct keys *gate_keys(const struct gate *gate);

#endif
