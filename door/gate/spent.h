/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which tokens are spent: a set of nonces for each key, kept in a small LMDB environment of the broker's, so that a token
 * opens the door once, also after the broker's restart. The file has the first bytes of key ids and of nonces, no times and
 * nothing about who came; what belongs to a key goes with it.
 *
 * A nonce is in memory at once and on the disk at the next spent_write, once a second: a sync for each connection would hold up
 * all other clients of the broker. After a power cut the tokens of the last second could be shown again, by whoever has them.
 *
 * The same token may come again for SPENT_AGAIN_S seconds: its phone did not hear that it was let in.
 */
#ifndef TURF_DOOR_GATE_SPENT_H
#define TURF_DOOR_GATE_SPENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/token.h"

enum { SPENT_AGAIN_S = 120 };

struct spent;

/* The environment in `directory`, which is made if it is not there. */
int spent_open(struct spent **out, const char *directory, struct error *error);
void spent_close(struct spent *spent); /* writes what it can; NULL is fine */

/* Marks the token as spent at `now_s` (monotonic seconds). 0: it was not, or not longer than SPENT_AGAIN_S. SPENT_BEFORE, or a
 * fault: nobody knows, so let nobody in. */
enum { SPENT_BEFORE = 1 };
int spent_mark(struct spent *spent, const struct token *token, int64_t now_s, struct error *error);

/* Writes the nonces that are in memory only, and forgets when the others came. On a fault they stay in memory. */
int spent_write(struct spent *spent, int64_t now_s, struct error *error);

/* Deletes the nonces of all keys but those for which `lives` says true. */
typedef bool spent_key_lives(const void *context, const uint8_t key_id_start[static 8]);
int spent_sweep(struct spent *spent, spent_key_lives *lives, const void *context, struct error *error);

#endif
