/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a store says of itself, in database `meta`: its format, its org, and its state with generation and epoch.
 */
#ifndef TURF_STORE_META_H
#define TURF_STORE_META_H

#include "base/lmdb/lmdb.h"
#include "store/records.h"

/* The size of the map at first: of an environment that is new or only read, and of one that is written to. */
enum { NEW_MAP_BYTES = 1 << 20, DEFAULT_MAP_BYTES = 64 << 20 };

/* Checks, in a transaction of its own, that the environment in `directory` is a turf store that this program can read, and
 * reads its state (NULL: not wanted). If `org` is empty, fills it in. */
int meta_read(struct lmdb *lmdb, const char *directory, char org[static SLUG_BYTES], struct state *state,
	      struct error *error);

/* Writes the records of an empty store. */
void meta_write_first(struct lmdb_txn *lmdb, const char *org, const struct state *state);

bool state_load(struct lmdb_txn *lmdb, const char *org, struct state *state); /* false: `lmdb` has a fault */
void state_save(struct lmdb_txn *lmdb, const struct state *state);

/* Notes that bytes were deleted; a compacting copy will leave them out. */
void state_note_deletion(struct store_txn *txn);

/* A generation above `last`, and not below the clock's (rule 12, docs/wire-format.md). */
uint64_t state_next_generation(uint64_t last, uint64_t unix_seconds);

/* 0, or -1 when the system has no random bytes to give. */
int state_draw_epoch(char epoch[static EPOCH_TEXT_BYTES]);

#endif
