/* SPDX-License-Identifier: EUPL-1.2 */
/* The keys of scopes and weeks, and the batches that they sign. */
#include <stdlib.h>
#include <string.h>

#include "base/step.h"
#include "door/internal.h"
#include "door/weeks.h"

/* ---- Making keys -------------------------------------------------------------------------------------------- */

/* What is still to be made: the first week of a scope without a key. */
struct missing {
	uint64_t unix_seconds;
	uint32_t today;
	struct layout_key_name name;
};

enum { NOTHING_MISSING = 0, KEY_MISSING = 1 };

static int look_for_keys(struct missing *missing, struct lmdb_txn *txn, const char *scope)
{
	memcpy(missing->name.scope, scope, sizeof missing->name.scope);
	for (int ahead = 0; ahead <= 1; ahead++) {
		struct record key;
		struct span value;

		missing->name.week = weeks_from(missing->today, ahead);
		key = layout_key_name(&missing->name);
		if (!lmdb_get(txn, LAYOUT_KEYS, layout_span(&key), &value))
			return txn->fault != 0 ? txn->fault : KEY_MISSING;
	}
	return NOTHING_MISSING;
}

static int look_among_devices(struct missing *missing, struct lmdb_txn *txn)
{
	struct lmdb_cursor cursor;
	struct layout_device device;
	int rc = NOTHING_MISSING;

	lmdb_cursor_open(&cursor, txn, LAYOUT_DEVICES);
	while (rc == NOTHING_MISSING && lmdb_next(&cursor))
		if (!layout_read_device(cursor.value, &device))
			rc = door_damaged(txn, "devices");
		else if (device.revoked_on == 0)
			rc = look_for_keys(missing, txn, device.scope);
	lmdb_cursor_close(&cursor);
	return rc;
}

static int look_among_invitations(struct missing *missing, struct lmdb_txn *txn)
{
	struct lmdb_cursor cursor;
	struct layout_invitation invitation;
	int rc = NOTHING_MISSING;

	lmdb_cursor_open(&cursor, txn, LAYOUT_INVITATIONS);
	while (rc == NOTHING_MISSING && lmdb_next(&cursor))
		if (!layout_read_invitation(cursor.value, &invitation))
			rc = door_damaged(txn, "invitations");
		else if (invitation.device == 0 && missing->unix_seconds < invitation.ends)
			rc = look_for_keys(missing, txn, invitation.scope);
	lmdb_cursor_close(&cursor);
	return rc;
}

static int find_missing(void *context, struct lmdb_txn *txn)
{
	int rc = look_among_devices(context, txn);

	return rc == NOTHING_MISSING ? look_among_invitations(context, txn) : rc;
}

struct making {
	struct layout_key_name name;
	struct layout_key key;
};

/* Another process may have made it meanwhile; then that one stays. */
static int put_key(void *context, struct lmdb_txn *txn)
{
	const struct making *making = context;
	struct record name = layout_key_name(&making->name), key = layout_key(&making->key);
	struct span value;

	if (!lmdb_get(txn, LAYOUT_KEYS, layout_span(&name), &value))
		lmdb_put(txn, LAYOUT_KEYS, layout_span(&name), layout_span(&key));
	return 0;
}

static int encode_key(const struct sign_key *made, struct layout_key *key, struct error *error)
{
	uint8_t modulus[TOKEN_MODULUS_BYTES], spki[TOKEN_KEY_BYTES];
	int rc = sign_key_encode(made, key->der, &key->length, error);

	if (rc == 0)
		rc = sign_key_modulus(made, modulus, error);
	if (rc < 0)
		return rc;
	token_key_encode(modulus, spki);
	return door_hash(spki, sizeof spki, key->id, error);
}

/* Outside a transaction: a key takes a tenth of a second, for which nobody should wait. */
static int make_key(struct door *door, const struct layout_key_name *name, struct error *error)
{
	struct making making = {.name = *name};
	struct sign_key *made;
	int rc = sign_key_generate(&made, error);

	if (rc == 0)
		rc = encode_key(made, &making.key, error);
	step_reached("key-made");
	if (rc == 0)
		rc = lmdb_change(&door->lmdb, put_key, &making, error);
	step_reached("key-stored");
	sign_key_close(made);
	explicit_bzero(&making, sizeof making);
	return rc;
}

/* ---- Deleting keys ------------------------------------------------------------------------------------------- */

static void forget_keys(struct lmdb_txn *txn, struct iso_week oldest)
{
	struct lmdb_cursor cursor;
	struct layout_key_name name;

	lmdb_cursor_open(&cursor, txn, LAYOUT_KEYS);
	while (lmdb_next(&cursor)) {
		if (!layout_read_key_name(cursor.key, &name)) {
			(void)door_damaged(txn, "keys");
			break;
		}
		if (weeks_compare(name.week, oldest) < 0)
			lmdb_remove(&cursor);
	}
	lmdb_cursor_close(&cursor);
}

static void forget_batches(struct lmdb_txn *txn, struct iso_week oldest)
{
	struct lmdb_cursor cursor;
	struct layout_batch_name name;

	lmdb_cursor_open(&cursor, txn, LAYOUT_BATCHES);
	while (lmdb_next(&cursor)) {
		if (!layout_read_batch_name(cursor.key, &name)) {
			(void)door_damaged(txn, "batches");
			break;
		}
		if (weeks_compare(name.week, oldest) < 0)
			lmdb_remove(&cursor);
	}
	lmdb_cursor_close(&cursor);
}

static int forget(void *context, struct lmdb_txn *txn)
{
	const struct missing *now = context;
	struct iso_week oldest = weeks_from(now->today, -DOOR_WEEKS_BEFORE);

	forget_keys(txn, oldest);
	forget_batches(txn, oldest);
	door_forget(txn, now->unix_seconds, now->today);
	return 0;
}

int door_prepare(struct door *door, uint64_t unix_seconds, uint32_t today, struct error *error)
{
	struct missing missing = {.unix_seconds = unix_seconds, .today = today};
	int rc = lmdb_change(&door->lmdb, forget, &missing, error), published;
	bool complete = false;

	while (rc == 0 && !complete) {
		rc = lmdb_read(&door->lmdb, find_missing, &missing, error);
		complete = rc == NOTHING_MISSING;
		if (rc == KEY_MISSING)
			rc = make_key(door, &missing.name, error);
	}
	/* Whatever failed: a key that was deleted opens nothing any more. */
	published = door_publish(door, today, rc < 0 ? NULL : error);
	return rc < 0 ? rc : published;
}

static int rotate(void *context, struct lmdb_txn *txn)
{
	struct record start = layout_scope_start(context);
	struct lmdb_cursor cursor;
	unsigned removed = 0;

	lmdb_cursor_open(&cursor, txn, LAYOUT_KEYS);
	for (bool more = lmdb_seek(&cursor, layout_span(&start)); more && door_at(&cursor, &start);
	     more = lmdb_next(&cursor)) {
		lmdb_remove(&cursor);
		removed++;
	}
	lmdb_cursor_close(&cursor);
	return removed > 0 ? 0 : DOOR_NO_KEYS;
}

int door_rotate(struct door *door, const char *scope, struct error *error)
{
	char name[SCOPE_BYTES];
	struct scope parsed;
	int rc;

	if (scope_parse(scope, &parsed) < 0)
		return DOOR_NO_KEYS;
	scope_format(&parsed, name);
	rc = lmdb_change(&door->lmdb, rotate, name, error);
	step_reached("rotated");
	return rc;
}

static int renew(void *context, struct lmdb_txn *txn)
{
	struct lmdb_cursor cursor;

	lmdb_cursor_open(&cursor, txn, LAYOUT_KEYS);
	while (lmdb_next(&cursor))
		lmdb_remove(&cursor);
	lmdb_cursor_close(&cursor);
	door_end_invitations(txn, *(const uint64_t *)context);
	return 0;
}

int door_renew(struct door *door, uint64_t unix_seconds, struct error *error)
{
	return lmdb_change(&door->lmdb, renew, &unix_seconds, error);
}

/* ---- Batches ------------------------------------------------------------------------------------------------------ */

struct taking {
	const struct door_batch_request *request;
	uint8_t credential[LAYOUT_HASH_BYTES], asked[LAYOUT_HASH_BYTES];
	uint32_t today;
	size_t length; /* that a request must have */
	struct sign_key *key;
	struct error *error;
};

/* The device with this credential. */
static int find_device(const struct taking *taking, struct lmdb_txn *txn, uint32_t *number,
		       struct layout_device *device)
{
	struct record key = layout_hash_key(taking->credential);
	struct span value;

	if (!lmdb_get(txn, LAYOUT_CREDENTIALS, layout_span(&key), &value))
		return DOOR_NO_CREDENTIAL;
	if (!layout_read_number(value, number) || !door_find_device(txn, *number, device))
		return door_damaged(txn, "credentials");
	return device->revoked_on != 0 ? DOOR_REVOKED : 0;
}

/* The key with this id among those that its scope buys from today. */
static int find_key(const struct taking *taking, struct lmdb_txn *txn, const char *scope, struct layout_key_name *name,
		    struct layout_key *key)
{
	memcpy(name->scope, scope, sizeof name->scope);
	for (int ahead = 0; ahead <= 1; ahead++) {
		struct record where;
		struct span value;

		name->week = weeks_from(taking->today, ahead);
		where = layout_key_name(name);
		if (!lmdb_get(txn, LAYOUT_KEYS, layout_span(&where), &value))
			continue;
		if (!layout_read_key(value, key))
			return door_damaged(txn, "keys");
		if (memcmp(key->id, taking->request->key_id, sizeof key->id) == 0)
			return 0;
	}
	return DOOR_NO_KEY;
}

/* All of them, before the batch counts as taken: a device that asks for something wrong by mistake can ask again. */
static int check_messages(const struct taking *taking)
{
	const struct door_batch_request *request = taking->request;

	if (request->length != taking->length)
		return DOOR_BATCH_MALFORMED;
	for (size_t at = 0; at < request->length; at += TOKEN_MODULUS_BYTES)
		if (!sign_accepts(taking->key, request->blinded + at, TOKEN_MODULUS_BYTES))
			return DOOR_BATCH_MALFORMED;
	return 0;
}

/* SHA-256 over the credential and the key's id. */
static int name_taker(const struct taking *taking, const struct layout_key *key,
		      uint8_t taker[static LAYOUT_HASH_BYTES])
{
	uint8_t bytes[DOOR_CREDENTIAL_BYTES + LAYOUT_HASH_BYTES];
	int rc;

	memcpy(bytes, taking->request->credential, DOOR_CREDENTIAL_BYTES);
	memcpy(bytes + DOOR_CREDENTIAL_BYTES, key->id, sizeof key->id);
	rc = door_hash(bytes, sizeof bytes, taker, taking->error);
	explicit_bzero(bytes, sizeof bytes);
	return rc;
}

static void note_week(struct lmdb_txn *txn, uint32_t number, struct layout_device *device, struct iso_week week)
{
	struct record key = layout_number(number), value;

	if (weeks_compare(device->last_batch, week) >= 0)
		return;
	device->last_batch = week;
	value = layout_device(device);
	lmdb_put(txn, LAYOUT_DEVICES, layout_span(&key), layout_span(&value));
}

/* 0: it may have the batch, for the first time or again. */
static int note_batch(const struct taking *taking, struct lmdb_txn *txn, const struct layout_batch_name *name)
{
	struct record key = layout_batch_name(name), asked = layout_hash_key(taking->asked);
	struct span value;

	if (!lmdb_get(txn, LAYOUT_BATCHES, layout_span(&key), &value)) {
		lmdb_put(txn, LAYOUT_BATCHES, layout_span(&key), layout_span(&asked));
		return 0;
	}
	if (value.length != sizeof taking->asked)
		return door_damaged(txn, "batches");
	return memcmp(value.at, taking->asked, sizeof taking->asked) == 0 ? 0 : DOOR_BATCH_TAKEN;
}

static int take(void *context, struct lmdb_txn *txn)
{
	struct taking *taking = context;
	struct layout_batch_name name;
	struct layout_device device;
	struct layout_key_name key_name;
	struct layout_key key;
	uint32_t number;
	int rc = find_device(taking, txn, &number, &device);

	if (rc == 0)
		rc = find_key(taking, txn, device.scope, &key_name, &key);
	if (rc != 0)
		return rc;
	sign_key_close(taking->key); /* of an attempt before, when the map was full */
	rc = sign_key_open(key.der, key.length, &taking->key, taking->error);
	explicit_bzero(&key.der, sizeof key.der);
	if (rc == 0)
		rc = check_messages(taking);
	if (rc == 0)
		rc = name_taker(taking, &key, name.taker);
	if (rc != 0)
		return rc;
	name.week = key_name.week;
	rc = note_batch(taking, txn, &name);
	if (rc == 0)
		note_week(txn, number, &device, name.week);
	step_reached("batch-noted");
	return rc;
}

static int sign_all(const struct taking *taking, uint8_t *signatures, struct error *error)
{
	int rc = 0;

	for (size_t at = 0; at < taking->length && rc == 0; at += TOKEN_MODULUS_BYTES)
		rc = sign_blinded(taking->key, taking->request->blinded + at, TOKEN_MODULUS_BYTES, signatures + at,
				  error);
	return rc;
}

int door_take_batch(struct door *door, const struct door_batch_request *request, uint32_t today, uint8_t *signatures,
		    struct error *error)
{
	struct taking taking = {.request = request,
				.today = today,
				.length = (size_t)door->settings.batch * TOKEN_MODULUS_BYTES,
				.error = error};
	int rc = door_hash(request->credential, DOOR_CREDENTIAL_BYTES, taking.credential, error);

	if (rc == 0)
		rc = door_hash(request->blinded, request->length, taking.asked, error);
	if (rc == 0)
		rc = lmdb_change(&door->lmdb, take, &taking, error);
	step_reached("batch-committed");
	if (rc == 0)
		rc = sign_all(&taking, signatures, error);
	step_reached("batch-signed");
	sign_key_close(taking.key);
	return rc;
}
