/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/records.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

static const uint8_t magic[4] = {'t', 'u', 'r', 'f'};

/* The state byte of an id. */
enum { STORED_COUNTED = 1, STORED_COUNTED_LATE = 2, STORED_RETRACTED = 3 };

struct span record_span(const struct record *record)
{
	return (struct span){record->bytes, record->length};
}

void record_put(struct lmdb_txn *lmdb, enum database database, const struct key *key, struct record record)
{
	lmdb_put(lmdb, database, key_span(key), record_span(&record));
}

void record_damaged(struct lmdb_txn *lmdb, enum database database)
{
	lmdb_fail(lmdb, FAULT_DAMAGED, "a record of database '%s' is damaged; verify tells which; restore a backup",
		  key_database_name(database));
}

size_t record_seal(struct span key, uint8_t *bytes, size_t length)
{
	put_be32(bytes + length, crc32c_more(crc32c(key.at, key.length), bytes, length));
	return length + SEAL_BYTES;
}

bool record_unseal(struct span key, struct span value, struct span *bytes)
{
	size_t length = value.length - SEAL_BYTES;

	if (value.length < SEAL_BYTES)
		return false;
	*bytes = (struct span){value.at, length};
	return get_be32(value.at + length) == crc32c_more(crc32c(key.at, key.length), value.at, length);
}

/* ---- Writing and reading one after another -------------------------------------------------------- */

static void add8(struct record *record, uint8_t value)
{
	record->bytes[record->length++] = value;
}

static void add16(struct record *record, uint16_t value)
{
	put_be16(record->bytes + record->length, value);
	record->length += 2;
}

static void add32(struct record *record, uint32_t value)
{
	put_be32(record->bytes + record->length, value);
	record->length += 4;
}

static void add64(struct record *record, uint64_t value)
{
	put_be64(record->bytes + record->length, value);
	record->length += 8;
}

static void add_bytes(struct record *record, const void *bytes, size_t length)
{
	memcpy(record->bytes + record->length, bytes, length);
	record->length += length;
}

static void seal_record(struct record *record, const struct key *key)
{
	assert(record->length + SEAL_BYTES <= RECORD_BYTES);
	record->length = record_seal(key_span(key), record->bytes, record->length);
}

/* The taker has checked that there are enough. */
static const uint8_t *take_bytes(struct span *bytes, size_t length)
{
	const uint8_t *at = bytes->at;

	bytes->at += length;
	bytes->length -= length;
	return at;
}

static uint8_t take8(struct span *bytes)
{
	return *take_bytes(bytes, 1);
}

static uint16_t take16(struct span *bytes)
{
	return get_be16(take_bytes(bytes, 2));
}

static uint32_t take32(struct span *bytes)
{
	return get_be32(take_bytes(bytes, 4));
}

static uint64_t take64(struct span *bytes)
{
	return get_be64(take_bytes(bytes, 8));
}

/* Opens a value of a fixed length. */
static bool open_fixed(struct span key, struct span value, size_t length, struct span *bytes)
{
	return record_unseal(key, value, bytes) && bytes->length == length;
}

/* Text without a zero in it, of less than `capacity` bytes. */
static bool take_text(struct span bytes, char *text, size_t capacity)
{
	if (bytes.length >= capacity || memchr(bytes.at, '\0', bytes.length))
		return false;
	memcpy(text, bytes.at, bytes.length);
	text[bytes.length] = '\0';
	return true;
}

/* ---- meta --------------------------------------------------------------------------------------- */

struct record format_encode(uint32_t format)
{
	struct record record = {.length = 0};
	struct key key = key_meta(META_FORMAT);

	add_bytes(&record, magic, sizeof magic);
	add32(&record, format);
	seal_record(&record, &key);
	return record;
}

bool format_decode(struct span value, uint32_t *format)
{
	struct key key = key_meta(META_FORMAT);
	struct span bytes;

	if (!open_fixed(key_span(&key), value, sizeof magic + 4, &bytes))
		return false;
	if (memcmp(take_bytes(&bytes, sizeof magic), magic, sizeof magic) != 0)
		return false;
	*format = take32(&bytes);
	return true;
}

/* The id of an org has the same form as that of a team. */
struct record org_encode(const char *org)
{
	struct key key = key_meta(META_ORG);

	return team_slug_encode(&key, org);
}

bool org_decode(struct span value, char org[static SLUG_BYTES])
{
	struct key key = key_meta(META_ORG);

	return team_slug_decode(key_span(&key), value, org);
}

struct record state_encode(const struct state *state)
{
	const struct store_state *shown = &state->shown;
	struct record record = {.length = 0};
	struct key key = key_meta(META_STATE), place = key_id(&state->settled);
	uint8_t epoch[EPOCH_BYTES] = {0};
	int rc = hex_decode(shown->epoch, epoch, sizeof epoch);

	assert(rc == 0);
	add_bytes(&record, epoch, sizeof epoch);
	add32(&record, shown->created);
	add64(&record, shown->generation);
	add8(&record, (uint8_t)shown->cells.policy);
	add32(&record, shown->cells.every);
	add32(&record, shown->clock_day);
	add32(&record, shown->pending_day);
	add32(&record, shown->purged_before);
	add32(&record, shown->settled_before);
	add32(&record, shown->final_through);
	add32(&record, shown->deleted_since);
	add_bytes(&record, place.bytes, place.length);
	add32(&record, state->purged_to);
	add32(&record, state->released);
	add16(&record, state->teams);
	seal_record(&record, &key);
	return record;
}

enum { STATE_BYTES = EPOCH_BYTES + 4 + 8 + 1 + 7 * 4 + 20 + 4 + 4 + 2 };

bool state_decode(struct span value, struct state *state)
{
	struct store_state *shown = &state->shown;
	struct key key = key_meta(META_STATE);
	struct span bytes;
	bool fits;

	if (!open_fixed(key_span(&key), value, STATE_BYTES, &bytes))
		return false;
	hex_encode(take_bytes(&bytes, EPOCH_BYTES), EPOCH_BYTES, shown->epoch);
	shown->created = take32(&bytes);
	shown->generation = take64(&bytes);
	shown->cells.policy = (enum cells_policy)take8(&bytes);
	shown->cells.every = take32(&bytes);
	shown->clock_day = take32(&bytes);
	shown->pending_day = take32(&bytes);
	shown->purged_before = take32(&bytes);
	shown->settled_before = take32(&bytes);
	shown->final_through = take32(&bytes);
	shown->deleted_since = take32(&bytes);
	fits = key_id_parse((struct span){take_bytes(&bytes, 20), 20}, &state->settled);
	state->purged_to = take32(&bytes);
	state->released = take32(&bytes);
	state->teams = take16(&bytes);
	return fits && shown->cells.policy <= CELLS_EVERY && shown->clock_day <= CALENDAR_DAY_MAX &&
	       shown->pending_day <= CALENDAR_DAY_MAX && shown->settled_before <= CALENDAR_DAY_MAX &&
	       shown->purged_before <= CALENDAR_DAY_MAX && shown->final_through <= quarter_of_day(CALENDAR_DAY_MAX);
}

struct record quarantine_state_encode(const struct quarantine_state *state)
{
	struct record record = {.length = 0};
	struct key key = key_meta(META_QUARANTINE);

	add64(&record, state->sequence);
	add32(&record, state->limit);
	for (size_t i = 0; i < REFUSALS; i++)
		add32(&record, state->entries[i]);
	seal_record(&record, &key);
	return record;
}

bool quarantine_state_decode(struct span value, struct quarantine_state *state)
{
	struct key key = key_meta(META_QUARANTINE);
	struct span bytes;

	if (!open_fixed(key_span(&key), value, 8 + 4 + 4 * REFUSALS, &bytes))
		return false;
	state->sequence = take64(&bytes);
	state->limit = take32(&bytes);
	for (size_t i = 0; i < REFUSALS; i++)
		state->entries[i] = take32(&bytes);
	return true;
}

/* ---- teams -------------------------------------------------------------------------------------- */

struct record team_number_encode(const struct key *key, uint16_t number)
{
	struct record record = {.length = 0};

	add16(&record, number);
	seal_record(&record, key);
	return record;
}

bool team_number_decode(struct span key, struct span value, uint16_t *number)
{
	struct span bytes;

	if (!open_fixed(key, value, 2, &bytes))
		return false;
	*number = take16(&bytes);
	return *number != TEAM_NONE;
}

struct record team_slug_encode(const struct key *key, const char *slug)
{
	struct record record = {.length = 0};

	add_bytes(&record, slug, strlen(slug));
	seal_record(&record, key);
	return record;
}

bool team_slug_decode(struct span key, struct span value, char slug[static SLUG_BYTES])
{
	struct span bytes;

	return record_unseal(key, value, &bytes) && take_text(bytes, slug, SLUG_BYTES) && topic_slug_valid(slug);
}

/* ---- ids ---------------------------------------------------------------------------------------- */

static uint8_t state_byte(enum known state)
{
	assert(state != KNOWN_NOTHING);
	return state == KNOWN_COUNTED        ? STORED_COUNTED
	       : state == KNOWN_COUNTED_LATE ? STORED_COUNTED_LATE
					     : STORED_RETRACTED;
}

static bool known_of_byte(uint8_t byte, enum known *state)
{
	static const enum known known[] = {
		[STORED_COUNTED] = KNOWN_COUNTED,
		[STORED_COUNTED_LATE] = KNOWN_COUNTED_LATE,
		[STORED_RETRACTED] = KNOWN_RETRACTED,
	};

	*state = byte <= STORED_RETRACTED ? known[byte] : KNOWN_NOTHING;
	return *state != KNOWN_NOTHING;
}

struct record id_encode(const struct key *key, const struct id_record *id)
{
	struct record record = {.length = 0};

	add8(&record, state_byte(id->state));
	if (id->detailed) {
		add16(&record, id->team);
		add8(&record, id->domain);
		add8(&record, id->outcome);
		for (size_t i = 0; i < id->n_labels; i++)
			add16(&record, id->labels[i]);
	}
	seal_record(&record, key);
	return record;
}

bool id_decode(struct span key, struct span value, struct id_record *id)
{
	struct span bytes;

	*id = (struct id_record){0};
	if (!record_unseal(key, value, &bytes) || bytes.length < 1 || !known_of_byte(take8(&bytes), &id->state))
		return false;
	if (bytes.length == 0)
		return true;
	if (id->state != KNOWN_COUNTED || bytes.length < 4 || bytes.length > 4 + 2 * EVENT_LABELS_MAX ||
	    bytes.length % 2 != 0)
		return false;
	id->detailed = true;
	id->team = take16(&bytes);
	id->domain = take8(&bytes);
	id->outcome = take8(&bytes);
	while (bytes.length > 0)
		id->labels[id->n_labels++] = take16(&bytes);
	return id->team != TEAM_NONE && id->domain != 0 &&
	       (id->outcome == OUTCOME_ANSWERED || id->outcome == OUTCOME_REFERRED);
}

/* ---- counts, weeks, periods ----------------------------------------------------------------------- */

struct record cell_encode(const struct key *key, const struct cell_record *cell)
{
	struct record record = {.length = 0};

	add64(&record, cell->counted);
	add64(&record, cell->settled);
	add64(&record, cell->late);
	add64(&record, cell->shown);
	seal_record(&record, key);
	return record;
}

bool cell_decode(struct span key, struct span value, struct cell_record *cell)
{
	struct span bytes;

	if (!open_fixed(key, value, 4 * 8, &bytes))
		return false;
	cell->counted = take64(&bytes);
	cell->settled = take64(&bytes);
	cell->late = take64(&bytes);
	cell->shown = take64(&bytes);
	return true;
}

struct record week_encode(const struct key *key, const struct week_record *week)
{
	struct record record = {.length = 0};

	add64(&record, week->counted);
	add64(&record, week->settled);
	seal_record(&record, key);
	return record;
}

bool week_decode(struct span key, struct span value, struct week_record *week)
{
	struct span bytes;

	if (!open_fixed(key, value, 2 * 8, &bytes))
		return false;
	week->counted = take64(&bytes);
	week->settled = take64(&bytes);
	return true;
}

struct record quarter_encode(const struct key *key, const struct quarter_record *quarter)
{
	struct record record = {.length = 0};

	add32(&record, quarter->revisions);
	add64(&record, quarter->taken_in);
	add64(&record, quarter->purged_counted);
	add64(&record, quarter->purged_late);
	seal_record(&record, key);
	return record;
}

bool quarter_decode(struct span key, struct span value, struct quarter_record *quarter)
{
	struct span bytes;

	if (!open_fixed(key, value, 4 + 3 * 8, &bytes))
		return false;
	quarter->revisions = take32(&bytes);
	quarter->taken_in = take64(&bytes);
	quarter->purged_counted = take64(&bytes);
	quarter->purged_late = take64(&bytes);
	return true;
}

struct record purged_week_encode(const struct key *key, uint64_t purged)
{
	struct record record = {.length = 0};

	add64(&record, purged);
	seal_record(&record, key);
	return record;
}

bool purged_week_decode(struct span key, struct span value, uint64_t *purged)
{
	struct span bytes;

	if (!open_fixed(key, value, 8, &bytes))
		return false;
	*purged = take64(&bytes);
	return true;
}

/* ---- quarantine ---------------------------------------------------------------------------------- */

size_t quarantine_encode(const struct key *key, const struct quarantined *entry,
			 uint8_t out[static QUARANTINE_RECORD_BYTES])
{
	size_t slug = strlen(entry->team), length = 0;

	put_be32(out, entry->day);
	length += 4;
	out[length++] = (uint8_t)slug;
	memcpy(out + length, entry->team, slug);
	length += slug;
	memcpy(out + length, entry->bytes, entry->length);
	length += entry->length;
	return record_seal(key_span(key), out, length);
}

bool quarantine_decode(struct span key, struct span value, struct quarantined *entry)
{
	struct span bytes;
	size_t slug;

	if (!key_quarantine_parse(key, &entry->reason, &entry->sequence))
		return false;
	if (!record_unseal(key, value, &bytes) || bytes.length < 4 + 1)
		return false;
	entry->day = take32(&bytes);
	slug = take8(&bytes);
	if (slug > bytes.length || !take_text((struct span){bytes.at, slug}, entry->team, SLUG_BYTES))
		return false;
	(void)take_bytes(&bytes, slug);
	if (bytes.length > SUBMISSION_BYTES_MAX)
		return false;
	entry->length = bytes.length;
	memcpy(entry->bytes, bytes.at, bytes.length);
	return true;
}
