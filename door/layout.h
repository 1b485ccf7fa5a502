/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How turfdoor's database is laid out: its databases, and the bytes of their keys and values. Integers are big-endian.
 *
 *   meta         "format" -> 1; "settings" -> batch (2), org, host; "device" -> the highest number of a device (4);
 *                "keys-folder" -> the folder for the public keys
 *   keys         scope, 0, ISO year (2), week (1) -> id (32), the private key in DER
 *   devices      number (4) -> credential's hash (32), since (4), revoked on (4; 0: not), latest week for which it took a batch
 *                (ISO year (2), week (1); 0: none), scope, note
 *   credentials  hash (32) -> number of the device (4)
 *   invitations  hash (32) -> end in unix seconds (8), number of the device that used it (4; 0: none), scope, note
 *   batches      ISO year (2), week (1), taker (32) -> hash of what it asked (32)
 *
 * A taker is SHA-256 over a credential and the id of a key. The database has no credentials, so nobody can tell from it which device took
 * a batch: a device that had no network for weeks took none, and its taps of those weeks come late, so both together would name
 * who made them.
 *
 * A text (org, host, folder, scope, note) is its length (2) and its bytes.
 */
#ifndef TURF_DOOR_LAYOUT_H
#define TURF_DOOR_LAYOUT_H

#include "base/lmdb/lmdb.h"
#include "door/door.h"
#include "door/sign.h"

enum { LAYOUT_HASH_BYTES = 32, LAYOUT_BYTES_MAX = LAYOUT_HASH_BYTES + SIGN_KEY_DER_MAX, LAYOUT_FORMAT = 1 };

enum {
	LAYOUT_META,
	LAYOUT_KEYS,
	LAYOUT_DEVICES,
	LAYOUT_CREDENTIALS,
	LAYOUT_INVITATIONS,
	LAYOUT_BATCHES,
	LAYOUT_DATABASES,
};

extern const struct lmdb_kind layout_kind;

/* The bytes of a key or a value. */
struct record {
	uint8_t at[LAYOUT_BYTES_MAX];
	size_t length;
};

struct span layout_span(const struct record *record);

struct layout_device {
	uint8_t credential[LAYOUT_HASH_BYTES];
	uint32_t since, revoked_on;
	struct iso_week last_batch; /* zeros: none */
	char scope[SCOPE_BYTES];
	char note[DOOR_NOTE_BYTES];
};

struct layout_invitation {
	uint64_t ends;
	uint32_t device;
	char scope[SCOPE_BYTES];
	char note[DOOR_NOTE_BYTES];
};

struct layout_key {
	uint8_t id[LAYOUT_HASH_BYTES];
	uint8_t der[SIGN_KEY_DER_MAX];
	size_t length;
};

struct layout_key_name {
	char scope[SCOPE_BYTES];
	struct iso_week week;
};

struct layout_batch_name {
	struct iso_week week;
	uint8_t taker[LAYOUT_HASH_BYTES];
};

/* ---- Keys of the databases; what reads one returns false when it is none ------------------------------------- */

struct record layout_text_key(const char *text);
struct record layout_hash_key(const uint8_t hash[static LAYOUT_HASH_BYTES]);
struct record layout_number(uint32_t number); /* a key of devices, and a value */
bool layout_read_number(struct span bytes, uint32_t *number);
struct record layout_scope_start(const char *scope); /* what the keys of all weeks of a scope begin with */
struct record layout_key_name(const struct layout_key_name *name);
bool layout_read_key_name(struct span bytes, struct layout_key_name *name);
struct record layout_batch_name(const struct layout_batch_name *name);
bool layout_read_batch_name(struct span bytes, struct layout_batch_name *name);

/* ---- Values ----------------------------------------------------------------------------------------------------- */

struct record layout_settings(const struct door_settings *settings);
bool layout_read_settings(struct span bytes, struct door_settings *settings);
struct record layout_folder(const char *path);
bool layout_read_folder(struct span bytes, char path[static DOOR_FOLDER_BYTES]);
struct record layout_device(const struct layout_device *device);
bool layout_read_device(struct span bytes, struct layout_device *device);
struct record layout_invitation(const struct layout_invitation *invitation);
bool layout_read_invitation(struct span bytes, struct layout_invitation *invitation);
struct record layout_key(const struct layout_key *key);
bool layout_read_key(struct span bytes, struct layout_key *key);

#endif
