/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files that change turfdoor's database share. */
#ifndef TURF_DOOR_INTERNAL_H
#define TURF_DOOR_INTERNAL_H

#include "door/layout.h"

struct door {
	struct lmdb lmdb;
	struct door_settings settings;
};

/* Gives the transaction FAULT_DAMAGED and returns that; `what` is the kind of record. */
int door_damaged(struct lmdb_txn *txn, const char *what);

/* SHA-256, of a secret or a request. FAULT_MEMORY. */
int door_hash(const uint8_t *bytes, size_t length, uint8_t hash[static LAYOUT_HASH_BYTES], struct error *error);

/* Whether the record where the cursor stands has a key that begins with `start`. */
bool door_at(const struct lmdb_cursor *cursor, const struct record *start);

/* The device of this number. False: there is none, or a fault. */
bool door_find_device(struct lmdb_txn *txn, uint32_t number, struct layout_device *device);

/* Writes the directory of keys, if there is a folder for it. A file that has the same bytes stays as it is. */
int door_publish(struct door *door, uint32_t today, struct error *error);

/* Ends the invitations that are open. */
void door_end_invitations(struct lmdb_txn *txn, uint64_t unix_seconds);

/* Deletes the invitations that ended, and the devices that were revoked, DOOR_FORGET_DAYS ago. */
void door_forget(struct lmdb_txn *txn, uint64_t unix_seconds, uint32_t today);

#endif
