/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the broker asks for each connection: does this password hold a token that lets it in, and into which scope? It knows
 * the public keys in force and the nonces that were spent, no names. No I/O and no clock: keys, date and time are given to it.
 *
 * Of a spent token it keeps 16 bytes of the nonce, until its key is deleted. For two minutes it also knows when that was: a
 * phone whose first attempt got lost on the way shows the same token again.
 */
#ifndef TURF_DOOR_GATE_H
#define TURF_DOOR_GATE_H

#include "door/door.h"

enum { GATE_AGAIN_MS = 120000 };

struct gate;

/* `challenge`: the digest that every token must have (door_challenge). */
int gate_new(const uint8_t challenge[static TOKEN_DIGEST_BYTES], struct gate **out, struct error *error);
void gate_free(struct gate *gate); /* NULL is fine */

/* From now on these keys are in force and no others; what was spent of those that stay is remembered. After a fault the keys
 * are those of before. */
int gate_set_keys(struct gate *gate, const struct door_key *keys, size_t n, struct error *error);

/* 0: let in, the token is spent, and `scope` is written; an enum gate_refusal; or FAULT_MEMORY: refuse, nothing is spent.
 * `now_ms`: monotonic. */
enum gate_refusal {
	GATE_NO_TOKEN = 1,        /* the password is none */
	GATE_OTHER_KEY = 2,       /* a key that is not in force: too old, rotated, or another org's */
	GATE_NOT_YET = 3,         /* of next week */
	GATE_OTHER_CHALLENGE = 4, /* bought for another org or host */
	GATE_FORGED = 5,
	GATE_SPENT = 6,
};
int gate_judge(struct gate *gate, const char *password, size_t length, uint32_t today, int64_t now_ms,
	       char scope[static SCOPE_BYTES]);

/* How many spent tokens it remembers. */
size_t gate_count_spent(const struct gate *gate);

#endif
