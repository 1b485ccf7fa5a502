/* SPDX-License-Identifier: EUPL-1.2 */
/* The store's own record: its state, its generation, its epoch. */
#include <string.h>

#include "base/bytes.h"
#include "store/internal.h"

uint64_t state_next_generation(uint64_t last, uint64_t unix_seconds)
{
	uint64_t clock = unix_seconds <= UINT32_MAX ? unix_seconds << 20 : 0; /* a clock beyond 2106 is wrong */

	return last + 1 > clock ? last + 1 : clock;
}

int state_draw_epoch(char epoch[static EPOCH_TEXT_BYTES])
{
	uint8_t bytes[(EPOCH_TEXT_BYTES - 1) / 2];

	if (random_bytes(bytes, sizeof bytes) < 0)
		return -1;
	hex_encode(bytes, sizeof bytes, epoch);
	return 0;
}

bool state_load(struct lmdb_txn *lmdb, const char *org, struct state *state)
{
	struct key key = key_state();
	struct span value;

	*state = (struct state){0};
	if (!lmdb_get(lmdb, DB_META, key_span(&key), &value) || !state_decode(value, state)) {
		lmdb_fail(lmdb, FAULT_DAMAGED, "the state record is missing or damaged; restore a backup");
		return false;
	}
	memcpy(state->shown.org, org, SLUG_BYTES);
	return true;
}

void state_save(struct lmdb_txn *lmdb, const struct state *state)
{
	struct key key = key_state();
	struct record record = state_encode(state);

	lmdb_put(lmdb, DB_META, key_span(&key), record_span(&record));
}

struct reading {
	const char *org;
	struct state *state;
};

static int load(void *context, struct lmdb_txn *txn)
{
	const struct reading *reading = context;

	(void)state_load(txn, reading->org, reading->state);
	return 0;
}

int state_read(struct lmdb *lmdb, const char *org, struct state *state, struct error *error)
{
	struct reading reading = {org, state};

	return lmdb_read(lmdb, load, &reading, error);
}

void state_note_deletion(struct store_txn *txn)
{
	if (txn->state.shown.deleted_since == 0)
		txn->state.shown.deleted_since = txn->state.shown.clock_day;
	txn->changed = true;
}
