/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/layout.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

static const char *const database_names[LAYOUT_DATABASES] = {
	[LAYOUT_META] = "meta",
	[LAYOUT_KEYS] = "keys",
	[LAYOUT_DEVICES] = "devices",
	[LAYOUT_CREDENTIALS] = "credentials",
	[LAYOUT_INVITATIONS] = "invitations",
	[LAYOUT_BATCHES] = "batches",
};

const struct lmdb_kind layout_kind = {
	.databases = database_names,
	.n_databases = LAYOUT_DATABASES,
	.check_length = true,
	.name = "door ",
	.if_damaged =
		"nothing in it was changed; put a copy of it back and run turfdoor renew, or make a new one and invite "
		"everybody again",
	.if_other_machine = "make a new one here, and invite everybody again",
	.not_ours = "not a database of turfdoor; nothing in it was changed",
	.not_ours_fault = FAULT_FOREIGN,
};

struct span layout_span(const struct record *record)
{
	return (struct span){record->at, record->length};
}

/* ---- Writing: LAYOUT_BYTES_MAX has room for every record ----------------------------------------------------- */

static void put_bytes(struct record *record, const void *bytes, size_t length)
{
	assert(length <= sizeof record->at - record->length);
	memcpy(record->at + record->length, bytes, length);
	record->length += length;
}

static void put_number(struct record *record, uint64_t number, size_t bytes)
{
	uint8_t eight[8];

	put_be64(eight, number);
	put_bytes(record, eight + sizeof eight - bytes, bytes);
}

static void put_text(struct record *record, const char *text)
{
	put_number(record, strlen(text), 2);
	put_bytes(record, text, strlen(text));
}

static void put_week(struct record *record, struct iso_week week)
{
	put_number(record, week.year, 2);
	put_number(record, week.week, 1);
}

/* ---- Reading: after the first piece that is not there, `failed` is set and everything else is empty ---------- */

struct reader {
	struct span rest;
	bool failed;
};

static void get_bytes(struct reader *reader, void *bytes, size_t length)
{
	if (reader->failed || reader->rest.length < length) {
		reader->failed = true;
		memset(bytes, 0, length);
		return;
	}
	memcpy(bytes, reader->rest.at, length);
	reader->rest = (struct span){reader->rest.at + length, reader->rest.length - length};
}

static uint64_t get_number(struct reader *reader, size_t bytes)
{
	uint8_t eight[8] = {0};

	get_bytes(reader, eight + sizeof eight - bytes, bytes);
	return get_be64(eight);
}

static void get_text(struct reader *reader, char *text, size_t size)
{
	size_t length = (size_t)get_number(reader, 2);

	if (length >= size)
		reader->failed = true;
	if (reader->failed)
		length = 0;
	get_bytes(reader, text, length);
	text[length] = '\0';
	if (memchr(text, '\0', length))
		reader->failed = true;
}

static struct iso_week get_week(struct reader *reader)
{
	struct iso_week week;

	week.year = (uint32_t)get_number(reader, 2);
	week.week = (uint32_t)get_number(reader, 1);
	return week;
}

static bool is_whole(const struct reader *reader)
{
	return !reader->failed && reader->rest.length == 0;
}

/* ---- Keys ------------------------------------------------------------------------------------------------------ */

struct record layout_text_key(const char *text)
{
	struct record record = {.length = 0};

	put_bytes(&record, text, strlen(text));
	return record;
}

struct record layout_hash_key(const uint8_t hash[static LAYOUT_HASH_BYTES])
{
	struct record record = {.length = 0};

	put_bytes(&record, hash, LAYOUT_HASH_BYTES);
	return record;
}

struct record layout_number(uint32_t number)
{
	struct record record = {.length = 0};

	put_number(&record, number, 4);
	return record;
}

bool layout_read_number(struct span bytes, uint32_t *number)
{
	struct reader reader = {.rest = bytes};

	*number = (uint32_t)get_number(&reader, 4);
	return is_whole(&reader);
}

struct record layout_scope_start(const char *scope)
{
	struct record record = {.length = 0};

	put_bytes(&record, scope, strlen(scope) + 1);
	return record;
}

struct record layout_key_name(const struct layout_key_name *name)
{
	struct record record = layout_scope_start(name->scope);

	put_week(&record, name->week);
	return record;
}

bool layout_read_key_name(struct span bytes, struct layout_key_name *name)
{
	struct reader reader = {.rest = bytes};
	const uint8_t *end = bytes.length > 0 ? memchr(bytes.at, '\0', bytes.length) : NULL;

	if (!end || (size_t)(end - bytes.at) >= sizeof name->scope)
		return false;
	get_bytes(&reader, name->scope, (size_t)(end - bytes.at) + 1);
	name->week = get_week(&reader);
	return is_whole(&reader);
}

struct record layout_batch_name(const struct layout_batch_name *name)
{
	struct record record = {.length = 0};

	put_week(&record, name->week);
	put_bytes(&record, name->taker, sizeof name->taker);
	return record;
}

bool layout_read_batch_name(struct span bytes, struct layout_batch_name *name)
{
	struct reader reader = {.rest = bytes};

	name->week = get_week(&reader);
	get_bytes(&reader, name->taker, sizeof name->taker);
	return is_whole(&reader);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

struct record layout_settings(const struct door_settings *settings)
{
	struct record record = {.length = 0};

	put_number(&record, settings->batch, 2);
	put_text(&record, settings->org);
	put_text(&record, settings->host);
	return record;
}

bool layout_read_settings(struct span bytes, struct door_settings *settings)
{
	struct reader reader = {.rest = bytes};

	settings->batch = (unsigned)get_number(&reader, 2);
	get_text(&reader, settings->org, sizeof settings->org);
	get_text(&reader, settings->host, sizeof settings->host);
	return is_whole(&reader);
}

struct record layout_folder(const char *path)
{
	struct record record = {.length = 0};

	put_text(&record, path);
	return record;
}

bool layout_read_folder(struct span bytes, char path[static DOOR_FOLDER_BYTES])
{
	struct reader reader = {.rest = bytes};

	get_text(&reader, path, DOOR_FOLDER_BYTES);
	return is_whole(&reader);
}

struct record layout_device(const struct layout_device *device)
{
	struct record record = {.length = 0};

	put_bytes(&record, device->credential, sizeof device->credential);
	put_number(&record, device->since, 4);
	put_number(&record, device->revoked_on, 4);
	put_week(&record, device->last_batch);
	put_text(&record, device->scope);
	put_text(&record, device->note);
	return record;
}

bool layout_read_device(struct span bytes, struct layout_device *device)
{
	struct reader reader = {.rest = bytes};

	get_bytes(&reader, device->credential, sizeof device->credential);
	device->since = (uint32_t)get_number(&reader, 4);
	device->revoked_on = (uint32_t)get_number(&reader, 4);
	device->last_batch = get_week(&reader);
	get_text(&reader, device->scope, sizeof device->scope);
	get_text(&reader, device->note, sizeof device->note);
	return is_whole(&reader);
}

struct record layout_invitation(const struct layout_invitation *invitation)
{
	struct record record = {.length = 0};

	put_number(&record, invitation->ends, 8);
	put_number(&record, invitation->device, 4);
	put_text(&record, invitation->scope);
	put_text(&record, invitation->note);
	return record;
}

bool layout_read_invitation(struct span bytes, struct layout_invitation *invitation)
{
	struct reader reader = {.rest = bytes};

	invitation->ends = get_number(&reader, 8);
	invitation->device = (uint32_t)get_number(&reader, 4);
	get_text(&reader, invitation->scope, sizeof invitation->scope);
	get_text(&reader, invitation->note, sizeof invitation->note);
	return is_whole(&reader);
}

struct record layout_key(const struct layout_key *key)
{
	struct record record = {.length = 0};

	put_bytes(&record, key->id, sizeof key->id);
	put_bytes(&record, key->der, key->length);
	return record;
}

bool layout_read_key(struct span bytes, struct layout_key *key)
{
	struct reader reader = {.rest = bytes};

	get_bytes(&reader, key->id, sizeof key->id);
	key->length = reader.rest.length;
	if (key->length > sizeof key->der)
		return false;
	get_bytes(&reader, key->der, key->length);
	return is_whole(&reader);
}
