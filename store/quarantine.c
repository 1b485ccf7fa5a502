/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/quarantine.h"

#include <assert.h>

#include "store/handles.h"
#include "store/meta.h"

static bool load_state(struct store_txn *txn, struct quarantine_state *state)
{
	struct key key = key_meta(META_QUARANTINE);
	struct span value;

	*state = (struct quarantine_state){0};
	if (lmdb_get(txn->lmdb, DB_META, key_span(&key), &value) && quarantine_state_decode(value, state))
		return true;
	lmdb_fail(txn->lmdb, FAULT_DAMAGED, "the quarantine's state is missing or damaged; restore a backup");
	return false;
}

static void save(struct store_txn *txn, const struct quarantine_state *state)
{
	struct key key = key_meta(META_QUARANTINE);

	record_put(txn->lmdb, DB_META, &key, quarantine_state_encode(state));
	txn->changed = true;
}

static uint32_t *entries_of(struct quarantine_state *state, enum verdict reason)
{
	assert(words_verdict_is_refusal(reason) && reason - VERDICT_REFUSED_MALFORMED < REFUSALS);
	return &state->entries[reason - VERDICT_REFUSED_MALFORMED];
}

/* The next entry of `reason`, oldest first; a cursor that stands nowhere goes to the first. */
static bool next_of_reason(struct lmdb_cursor *cursor, enum verdict reason)
{
	struct key first = key_quarantine(reason, 0);
	bool found = cursor->key.at ? lmdb_next(cursor) : lmdb_seek(cursor, key_span(&first));
	enum verdict found_reason;
	uint64_t sequence;

	return found && key_quarantine_parse(cursor->key, &found_reason, &sequence) && found_reason == reason;
}

static void remove_here(struct store_txn *txn, struct lmdb_cursor *cursor, uint32_t *entries)
{
	lmdb_remove(cursor);
	*entries -= *entries > 0;
	state_note_deletion(txn);
}

static void remove_oldest(struct store_txn *txn, struct quarantine_state *state, enum verdict reason, uint32_t keep)
{
	uint32_t *entries = entries_of(state, reason);
	struct lmdb_cursor cursor;

	if (*entries <= keep)
		return;
	lmdb_cursor_open(&cursor, txn->lmdb, DB_QUARANTINE);
	while (*entries > keep && next_of_reason(&cursor, reason))
		remove_here(txn, &cursor, entries);
	lmdb_cursor_close(&cursor);
}

/* The order of arrival is not that of days: the clock may have been ahead for a while. An entry that cannot be read
 * stays: verify tells of it, and it must not stop the counting. */
static void remove_expired(struct store_txn *txn, struct quarantine_state *state, enum verdict reason, uint32_t before)
{
	uint32_t *entries = entries_of(state, reason);
	struct lmdb_cursor cursor;
	struct quarantined entry;

	lmdb_cursor_open(&cursor, txn->lmdb, DB_QUARANTINE);
	while (next_of_reason(&cursor, reason)) {
		if (quarantine_decode(cursor.key, cursor.value, &entry) && entry.day < before)
			remove_here(txn, &cursor, entries);
	}
	lmdb_cursor_close(&cursor);
}

void quarantine_limit(struct store_txn *txn, uint32_t limit)
{
	struct quarantine_state state;

	if (!load_state(txn, &state) || state.limit == limit)
		return;
	state.limit = limit;
	for (int i = 0; i < REFUSALS; i++)
		remove_oldest(txn, &state, (enum verdict)(VERDICT_REFUSED_MALFORMED + i), limit);
	save(txn, &state);
}

void quarantine_expire(struct store_txn *txn, uint32_t before)
{
	struct quarantine_state state;

	if (!load_state(txn, &state))
		return;
	for (int i = 0; i < REFUSALS; i++)
		remove_expired(txn, &state, (enum verdict)(VERDICT_REFUSED_MALFORMED + i), before);
	save(txn, &state);
}

void store_quarantine(struct store_txn *txn, const struct quarantined *entry)
{
	uint8_t bytes[QUARANTINE_RECORD_BYTES];
	struct quarantine_state state;
	struct span value;
	struct key key;

	assert(entry->length <= SUBMISSION_BYTES_MAX);
	if (!load_state(txn, &state))
		return;
	remove_oldest(txn, &state, entry->reason, state.limit - 1);
	key = key_quarantine(entry->reason, ++state.sequence);
	value = (struct span){bytes, quarantine_encode(&key, entry, bytes)};
	lmdb_put(txn->lmdb, DB_QUARANTINE, key_span(&key), value);
	++*entries_of(&state, entry->reason);
	save(txn, &state);
}

int store_quarantine_drop(struct store_txn *txn, enum verdict reason, uint64_t sequence)
{
	struct key key = key_quarantine(reason, sequence);
	struct quarantine_state state;

	if (!load_state(txn, &state) || !lmdb_delete(txn->lmdb, DB_QUARANTINE, key_span(&key)))
		return txn->lmdb->fault != 0 ? 0 : STORE_NOT_FOUND;
	--*entries_of(&state, reason);
	save(txn, &state);
	state_note_deletion(txn);
	return 0;
}
