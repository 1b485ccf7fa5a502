/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfdoor's database: who may buy tokens, and the keys that sign them. It knows names, as the operator typed them, and the
 * latest week for which a device has taken a batch; no token, no address, no time of day but that at which an invitation ends.
 *
 * It is an LMDB environment in a folder of its own. turfdoor serve has it open, and the operator's commands change it
 * meanwhile, in transactions of their own.
 *
 * Of secrets it holds SHA-256 hashes: of invitations (128 random bits) and of the devices' credentials (256 random bits, which
 * the device has drawn). It does hold the private keys; whoever reads them can make tokens, and cannot tell whose a token is.
 */
#ifndef TURF_DOOR_DOOR_H
#define TURF_DOOR_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/calendar.h"
#include "proto/scope.h"
#include "proto/token.h"
#include "proto/token_directory.h"

enum {
	DOOR_CODE_BYTES = 16,       /* of an invitation */
	DOOR_CREDENTIAL_BYTES = 32, /* of a device */
	DOOR_NOTE_BYTES = 128,      /* of a note, with its zero */
	DOOR_HOST_BYTES = 256,      /* of a host name, with its zero */
	DOOR_FOLDER_BYTES = 1024,   /* of a path, with its zero */
	DOOR_BATCH_MAX = TOKEN_DIRECTORY_BATCH_MAX,
	DOOR_BATCH_DEFAULT = 100,
	DOOR_INVITATION_HOURS = 72,
	DOOR_WEEKS_BEFORE = 2, /* whose tokens are still taken */
	DOOR_FORGET_DAYS = 28, /* after these, what was used, has ended or was revoked is deleted */
};

struct door;

/* Chosen when the database is made, and the same for good: they are part of what the tokens say. */
struct door_settings {
	char org[SLUG_BYTES];
	char host[DOOR_HOST_BYTES]; /* the issuer's name in the challenge */
	unsigned batch;             /* how many tokens a device gets for a week */
};

/* ---- Life of the database --------------------------------------------------------------------------- */

/* Makes the database in `path`, a folder that is absent or empty. FAULT_INPUT: it is not, or a setting is wrong. */
int door_create(const char *path, const struct door_settings *settings, struct error *error);

int door_open(const char *path, struct door **out, struct error *error);
void door_close(struct door *door); /* NULL is fine */

const struct door_settings *door_settings(const struct door *door);

/* ---- Invitations and devices -------------------------------------------------------------------------- */

/* Writes the code of a new invitation into a scope, good once, for DOOR_INVITATION_HOURS. `note`: whose it is, for the list. */
int door_invite(struct door *door, const struct scope *scope, const char *note, uint64_t unix_seconds,
		uint8_t code[static DOOR_CODE_BYTES], struct error *error);

/* Enrols the device that drew `credential`, and writes its scope. Asked again with both the same, it says so again: the
 * answer may have been lost. 0, an enum door_join_refusal, or a fault. */
enum door_join_refusal {
	DOOR_NO_INVITATION = 1,
	DOOR_INVITATION_USED = 2,
	DOOR_INVITATION_ENDED = 3,
	DOOR_CREDENTIAL_KNOWN = 4, /* of another device: draw another one */
};
int door_join(struct door *door, const uint8_t code[static DOOR_CODE_BYTES],
	      const uint8_t credential[static DOOR_CREDENTIAL_BYTES], uint64_t unix_seconds, uint32_t today,
	      char scope[static SCOPE_BYTES], struct error *error);

struct door_device {
	uint32_t number;
	char scope[SCOPE_BYTES];
	char note[DOOR_NOTE_BYTES];
	uint32_t since; /* day */
	bool revoked;
	uint32_t revoked_on;        /* day */
	struct iso_week last_batch; /* the latest week for which it took a batch; zeros: none */
};

/* Calls `each` for all devices by number, until it returns another value than 0; returns that. */
int door_list(struct door *door, int (*each)(void *context, const struct door_device *device), void *context,
	      struct error *error);

/* From now on the device gets no further batch. DOOR_NO_DEVICE: there is none of this number, or it was revoked before. */
enum { DOOR_NO_DEVICE = 1 };
int door_revoke(struct door *door, uint32_t number, uint32_t today, struct error *error);

/* ---- Keys ------------------------------------------------------------------------------------------------ */

/* Makes the keys of the week of `today` and the one after it for every scope that has a device or an open invitation, and
 * deletes what has passed: keys more than DOOR_WEEKS_BEFORE weeks old, and what DOOR_FORGET_DAYS says. Then it publishes the
 * keys, see door_set_keys_folder. */
int door_prepare(struct door *door, uint64_t unix_seconds, uint32_t today, struct error *error);

/* Deletes all keys of a scope: its tokens are void, and its devices take a new batch. door_prepare makes the new keys.
 * DOOR_NO_KEYS: no scope of this name has any. */
enum { DOOR_NO_KEYS = 1 };
int door_rotate(struct door *door, const char *scope, struct error *error);

/* For a database that is a copy of an older day, and for one that was stolen: deletes the keys of all scopes, and ends the
 * invitations that are open. An older copy has keys that were rotated since, and calls batches and invitations unused that were
 * used since. door_prepare makes the new keys. */
int door_renew(struct door *door, uint64_t unix_seconds, struct error *error);

/*
 * The public keys of this week, of the DOOR_WEEKS_BEFORE weeks before it and of the next, by scope and week. The broker takes
 * the tokens of a key from Monday 0:00 UTC of its week (not_before) until DOOR_WEEKS_BEFORE weeks after that week (not_after).
 * token_directory_free it.
 */
int door_directory(struct door *door, uint32_t today, struct token_directory **out, struct error *error);

/*
 * From now on door_prepare also writes the directory to FOLDER/ORG.json, where the broker reads it: whole, and under its name at
 * once. Makes the folder if it is absent. Folder and file are readable for everybody.
 */
int door_set_keys_folder(struct door *door, const char *folder, struct error *error);

/* ---- Batches ----------------------------------------------------------------------------------------------- */

/* Who asks for blind signatures, of which key, over what: `blinded` has `settings.batch` messages of TOKEN_MODULUS_BYTES. */
struct door_batch_request {
	const uint8_t *credential; /* DOOR_CREDENTIAL_BYTES */
	const uint8_t *key_id;     /* TOKEN_DIGEST_BYTES */
	const uint8_t *blinded;
	size_t length;
};

/*
 * Writes as many signatures as the request has messages. A device gets one batch of a key: that it has taken it, and the
 * hash of what it asked, is on the disk before a signature leaves. Asked for the same again, the answer is the same.
 * 0, an enum door_batch_refusal, or a fault, after which the device may ask for the same again.
 */
enum door_batch_refusal {
	DOOR_NO_CREDENTIAL = 1,
	DOOR_REVOKED = 2,
	DOOR_NO_KEY = 3,          /* not of the device's scope, or of another week than this and the next */
	DOOR_BATCH_TAKEN = 4,     /* for other messages */
	DOOR_BATCH_MALFORMED = 5, /* another number of messages, or one that is not signed (sign_accepts) */
};
int door_take_batch(struct door *door, const struct door_batch_request *request, uint32_t today, uint8_t *signatures,
		    struct error *error);

#endif
