/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How turfdoor's database is laid out: its databases, and the bytes of their keys and values. Integers are big-endian.
 *
 *   meta         "format" -> 1; "settings" -> batch (2), org, host; "device" -> the highest number of a device (4)
 *   keys         scope, 0, ISO year (2), week (1) -> id (32), the private key in DER
 *   devices      number (4) -> credential's hash (32), since (4), revoked on (4; 0: not), scope, note
 *   credentials  hash (32) -> number of the device (4)
 *   invitations  hash (32) -> end in unix seconds (8), number of the device that used it (4; 0: none), scope, note
 *   batches      number of the device (4), ISO year (2), week (1), key's id (32) -> hash of what it asked (32)
 *
 * A text (org, host, scope, note) is its length (2) and its bytes.
 */
#ifndef TURF_DOOR_RECORDS_H
#define TURF_DOOR_RECORDS_H

#include "base/lmdb/lmdb.h"
#include "door/door.h"
#include "door/sign.h"

enum { RECORD_HASH_BYTES = 32, RECORD_BYTES_MAX = RECORD_HASH_BYTES + SIGN_KEY_DER_MAX, RECORD_FORMAT = 1 };

enum {
	RECORDS_META,
	RECORDS_KEYS,
	RECORDS_DEVICES,
	RECORDS_CREDENTIALS,
	RECORDS_INVITATIONS,
	RECORDS_BATCHES,
	RECORDS_DATABASES,
};

extern const struct lmdb_kind records_kind;

/* The bytes of a key or a value. */
struct record {
	uint8_t at[RECORD_BYTES_MAX];
	size_t length;
};

struct span record_span(const struct record *record);

struct record_device {
	uint8_t credential[RECORD_HASH_BYTES];
	uint32_t since, revoked_on;
	char scope[SCOPE_BYTES];
	char note[DOOR_NOTE_BYTES];
};

struct record_invitation {
	uint64_t ends;
	uint32_t device;
	char scope[SCOPE_BYTES];
	char note[DOOR_NOTE_BYTES];
};

struct record_key {
	uint8_t id[RECORD_HASH_BYTES];
	uint8_t der[SIGN_KEY_DER_MAX];
	size_t length;
};

struct record_key_name {
	char scope[SCOPE_BYTES];
	struct iso_week week;
};

struct record_batch_name {
	uint32_t device;
	struct iso_week week;
	uint8_t key_id[RECORD_HASH_BYTES];
};

/* ---- Keys of the databases; what reads one returns false when it is none ------------------------------------- */

struct record record_text_key(const char *text);
struct record record_hash_key(const uint8_t hash[static RECORD_HASH_BYTES]);
struct record record_number(uint32_t number); /* a key of devices, and a value */
bool record_read_number(struct span bytes, uint32_t *number);
struct record record_scope_start(const char *scope); /* what the keys of all weeks of a scope begin with */
struct record record_key_name(const struct record_key_name *name);
bool record_read_key_name(struct span bytes, struct record_key_name *name);
struct record record_batch_name(const struct record_batch_name *name);
bool record_read_batch_name(struct span bytes, struct record_batch_name *name);

/* ---- Values ----------------------------------------------------------------------------------------------------- */

struct record record_settings(const struct door_settings *settings);
bool record_read_settings(struct span bytes, struct door_settings *settings);
struct record record_device(const struct record_device *device);
bool record_read_device(struct span bytes, struct record_device *device);
struct record record_invitation(const struct record_invitation *invitation);
bool record_read_invitation(struct span bytes, struct record_invitation *invitation);
struct record record_key(const struct record_key *key);
bool record_read_key(struct span bytes, struct record_key *key);

#endif
