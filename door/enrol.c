/* SPDX-License-Identifier: EUPL-1.2 */
/* Invitations and devices: invite, join, list, revoke, and forgetting them. */
#include <string.h>

#include "base/bytes.h"
#include "base/step.h"
#include "door/internal.h"

enum { SECONDS_A_DAY = 86400, SECONDS_AN_HOUR = 3600 };

/* ---- Inviting ------------------------------------------------------------------------------------------- */

struct inviting {
	uint8_t hash[LAYOUT_HASH_BYTES];
	struct layout_invitation invitation;
};

static int put_invitation(void *context, struct lmdb_txn *txn)
{
	const struct inviting *inviting = context;
	struct record key = layout_hash_key(inviting->hash), value = layout_invitation(&inviting->invitation);

	lmdb_put(txn, LAYOUT_INVITATIONS, layout_span(&key), layout_span(&value));
	return 0;
}

int door_invite(struct door *door, const struct scope *scope, const char *note, uint64_t unix_seconds,
		uint8_t code[static DOOR_CODE_BYTES], struct error *error)
{
	struct inviting inviting = {.invitation.ends = unix_seconds + DOOR_INVITATION_HOURS * SECONDS_AN_HOUR};
	int rc;

	if (strlen(note) >= sizeof inviting.invitation.note)
		return error_set(error, FAULT_INPUT, "a note has at most %d bytes", DOOR_NOTE_BYTES - 1);
	memcpy(inviting.invitation.note, note, strlen(note) + 1);
	scope_format(scope, inviting.invitation.scope);
	if (random_bytes(code, DOOR_CODE_BYTES) < 0)
		return error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
	rc = door_hash(code, DOOR_CODE_BYTES, inviting.hash, error);
	if (rc == 0)
		rc = lmdb_change(&door->lmdb, put_invitation, &inviting, error);
	step_reached("invited");
	return rc;
}

/* ---- Joining ---------------------------------------------------------------------------------------------- */

struct joining {
	uint8_t code[LAYOUT_HASH_BYTES], credential[LAYOUT_HASH_BYTES];
	uint64_t unix_seconds;
	uint32_t today;
	char *scope; /* SCOPE_BYTES, of the caller */
};

/* A number that no device had before, so that what is known of one is never taken for another's. 0: a fault. */
static uint32_t draw_number(struct lmdb_txn *txn)
{
	struct record key = layout_text_key("device"), value;
	struct span last;
	uint32_t number = 0;

	if (lmdb_get(txn, LAYOUT_META, layout_span(&key), &last) && !layout_read_number(last, &number)) {
		(void)door_damaged(txn, "settings");
		return 0;
	}
	value = layout_number(++number);
	lmdb_put(txn, LAYOUT_META, layout_span(&key), layout_span(&value));
	return number;
}

/* Whether this device used the invitation: the phone asks again, because it did not get the answer. */
static bool joined_before(struct lmdb_txn *txn, const struct joining *joining,
			  const struct layout_invitation *invitation)
{
	struct layout_device device;

	return door_find_device(txn, invitation->device, &device) && device.revoked_on == 0 &&
	       memcmp(device.credential, joining->credential, sizeof device.credential) == 0;
}

static void enrol(struct lmdb_txn *txn, const struct joining *joining, struct layout_invitation *invitation)
{
	struct layout_device device = {.since = joining->today};
	struct record number, value, key;

	memcpy(device.credential, joining->credential, sizeof device.credential);
	memcpy(device.scope, invitation->scope, sizeof device.scope);
	memcpy(device.note, invitation->note, sizeof device.note);
	invitation->device = draw_number(txn);
	number = layout_number(invitation->device);
	value = layout_device(&device);
	lmdb_put(txn, LAYOUT_DEVICES, layout_span(&number), layout_span(&value));
	key = layout_hash_key(device.credential);
	lmdb_put(txn, LAYOUT_CREDENTIALS, layout_span(&key), layout_span(&number));
	invitation->note[0] = '\0'; /* the device has it now */
	key = layout_hash_key(joining->code);
	value = layout_invitation(invitation);
	lmdb_put(txn, LAYOUT_INVITATIONS, layout_span(&key), layout_span(&value));
}

static int join(void *context, struct lmdb_txn *txn)
{
	const struct joining *joining = context;
	struct record code = layout_hash_key(joining->code), credential = layout_hash_key(joining->credential);
	struct layout_invitation invitation;
	struct span value;

	if (!lmdb_get(txn, LAYOUT_INVITATIONS, layout_span(&code), &value))
		return DOOR_NO_INVITATION;
	if (!layout_read_invitation(value, &invitation))
		return door_damaged(txn, "invitations");
	memcpy(joining->scope, invitation.scope, sizeof invitation.scope);
	if (invitation.device != 0)
		return joined_before(txn, joining, &invitation) ? 0 : DOOR_INVITATION_USED;
	if (joining->unix_seconds >= invitation.ends)
		return DOOR_INVITATION_ENDED;
	/* A credential belongs to one device: with two, none could be revoked by itself. */
	if (lmdb_get(txn, LAYOUT_CREDENTIALS, layout_span(&credential), &value))
		return DOOR_CREDENTIAL_KNOWN;
	enrol(txn, joining, &invitation);
	step_reached("join-noted");
	return 0;
}

int door_join(struct door *door, const uint8_t code[static DOOR_CODE_BYTES],
	      const uint8_t credential[static DOOR_CREDENTIAL_BYTES], uint64_t unix_seconds, uint32_t today,
	      char scope[static SCOPE_BYTES], struct error *error)
{
	struct joining joining = {.unix_seconds = unix_seconds, .today = today, .scope = scope};
	int rc = door_hash(code, DOOR_CODE_BYTES, joining.code, error);

	if (rc == 0)
		rc = door_hash(credential, DOOR_CREDENTIAL_BYTES, joining.credential, error);
	if (rc == 0)
		rc = lmdb_change(&door->lmdb, join, &joining, error);
	step_reached("joined");
	return rc;
}

/* ---- Listing ------------------------------------------------------------------------------------------------ */

struct listing {
	int (*each)(void *context, const struct door_device *device);
	void *context;
};

static int show(const struct listing *listing, uint32_t number, const struct layout_device *record)
{
	struct door_device device = {.number = number,
				     .since = record->since,
				     .revoked = record->revoked_on != 0,
				     .revoked_on = record->revoked_on,
				     .last_batch = record->last_batch};

	memcpy(device.scope, record->scope, sizeof device.scope);
	memcpy(device.note, record->note, sizeof device.note);
	return listing->each(listing->context, &device);
}

static int list(void *context, struct lmdb_txn *txn)
{
	struct lmdb_cursor cursor;
	int rc = 0;

	lmdb_cursor_open(&cursor, txn, LAYOUT_DEVICES);
	while (rc == 0 && lmdb_next(&cursor)) {
		struct layout_device device;
		uint32_t number;

		if (layout_read_number(cursor.key, &number) && layout_read_device(cursor.value, &device))
			rc = show(context, number, &device);
		else
			rc = door_damaged(txn, "devices");
	}
	lmdb_cursor_close(&cursor);
	return rc;
}

int door_list(struct door *door, int (*each)(void *context, const struct door_device *device), void *context,
	      struct error *error)
{
	struct listing listing = {each, context};

	return lmdb_read(&door->lmdb, list, &listing, error);
}

/* ---- Revoking ------------------------------------------------------------------------------------------------- */

struct revoking {
	uint32_t number, today;
};

static int revoke(void *context, struct lmdb_txn *txn)
{
	const struct revoking *revoking = context;
	struct record key = layout_number(revoking->number), value;
	struct layout_device device;

	if (!door_find_device(txn, revoking->number, &device) || device.revoked_on != 0)
		return DOOR_NO_DEVICE;
	device.revoked_on = revoking->today;
	value = layout_device(&device);
	lmdb_put(txn, LAYOUT_DEVICES, layout_span(&key), layout_span(&value));
	return 0;
}

int door_revoke(struct door *door, uint32_t number, uint32_t today, struct error *error)
{
	struct revoking revoking = {number, today};
	int rc = lmdb_change(&door->lmdb, revoke, &revoking, error);

	step_reached("revoked");
	return rc;
}

/* ---- Ending invitations -------------------------------------------------------------------------------------- */

void door_end_invitations(struct lmdb_txn *txn, uint64_t unix_seconds)
{
	struct lmdb_cursor cursor;
	struct layout_invitation invitation;

	lmdb_cursor_open(&cursor, txn, LAYOUT_INVITATIONS);
	while (lmdb_next(&cursor)) {
		uint8_t hash[LAYOUT_HASH_BYTES];
		struct record key, value;

		if (cursor.key.length != sizeof hash || !layout_read_invitation(cursor.value, &invitation)) {
			(void)door_damaged(txn, "invitations");
			break;
		}
		if (invitation.device != 0 || invitation.ends <= unix_seconds)
			continue;
		invitation.ends = unix_seconds;
		memcpy(hash, cursor.key.at, sizeof hash); /* LMDB's own bytes move when the record is written */
		key = layout_hash_key(hash);
		value = layout_invitation(&invitation);
		lmdb_replace(&cursor, layout_span(&key), layout_span(&value));
	}
	lmdb_cursor_close(&cursor);
}

/* ---- Forgetting -------------------------------------------------------------------------------------------------- */

static void forget_devices(struct lmdb_txn *txn, uint32_t today)
{
	struct lmdb_cursor cursor;
	struct layout_device device;

	lmdb_cursor_open(&cursor, txn, LAYOUT_DEVICES);
	while (lmdb_next(&cursor)) {
		struct record hash;

		if (!layout_read_device(cursor.value, &device)) {
			(void)door_damaged(txn, "devices");
			break;
		}
		if (device.revoked_on == 0 || today < device.revoked_on + DOOR_FORGET_DAYS)
			continue;
		hash = layout_hash_key(device.credential);
		lmdb_remove(&cursor);
		(void)lmdb_delete(txn, LAYOUT_CREDENTIALS, layout_span(&hash));
	}
	lmdb_cursor_close(&cursor);
}

void door_forget(struct lmdb_txn *txn, uint64_t unix_seconds, uint32_t today)
{
	struct lmdb_cursor cursor;
	struct layout_invitation invitation;

	lmdb_cursor_open(&cursor, txn, LAYOUT_INVITATIONS);
	while (lmdb_next(&cursor)) {
		if (!layout_read_invitation(cursor.value, &invitation)) {
			(void)door_damaged(txn, "invitations");
			break;
		}
		if (unix_seconds >= invitation.ends + DOOR_FORGET_DAYS * (uint64_t)SECONDS_A_DAY)
			lmdb_remove(&cursor);
	}
	lmdb_cursor_close(&cursor);
	forget_devices(txn, today);
}
