/* SPDX-License-Identifier: EUPL-1.2 */
/* A write transaction from begin to commit, and the settings that it keeps. */
#include "store/store.h"

#include <stdlib.h>

#include "store/internal.h"

int store_begin(struct store *store, struct store_txn **out, struct error *error)
{
	struct store_txn *txn = calloc(1, sizeof *txn);
	int rc;

	*out = NULL;
	if (!txn)
		return error_set(error, FAULT_MEMORY, "begin: no memory");
	txn->store = store;
	rc = files_check(store->path, &store->opened, error);
	if (rc == 0)
		rc = lmdb_begin(&store->lmdb, &txn->lmdb, true, error);
	if (rc == 0)
		(void)store_note_files(store, NULL); /* until this can be written, tools are refused */
	if (rc == 0 && !state_load(&txn->lmdb, store->org, &txn->state))
		rc = lmdb_outcome(&txn->lmdb, error);
	if (rc < 0) {
		store_abort(&txn);
		return error_prefix(error, rc, "begin");
	}
	store->elsewhere |= txn->state.shown.generation != store->generation;
	*out = txn;
	return 0;
}

void store_txn_state(struct store_txn *txn, struct store_state *state)
{
	*state = txn->state.shown;
}

void store_abort(struct store_txn **take_txn)
{
	struct store_txn *txn = *take_txn;

	*take_txn = NULL;
	if (!txn)
		return;
	lmdb_cursor_close(&txn->ids);
	lmdb_abort(&txn->lmdb);
	free(txn->touched);
	moves_free(txn);
	team_forget_known(txn);
	free(txn);
}

int store_commit(struct store_txn **take_txn, struct error *error)
{
	struct store_txn *txn = *take_txn;
	struct store *store = txn->store;
	int rc = 0;

	lmdb_cursor_close(&txn->ids);
	moves_write(txn);
	held_evaluate(txn);
	if (txn->changed) {
		txn->state.shown.generation++;
		state_save(&txn->lmdb, &txn->state);
	}
	if (txn->changed || txn->lmdb.fault != 0)
		rc = lmdb_commit(&txn->lmdb, error);
	if (rc == 0)
		store->generation = store->synced_generation = txn->state.shown.generation;
	store_abort(take_txn);
	if (rc == LMDB_GROWN)
		return STORE_AGAIN;
	if (rc == 0) /* nobody hears of what has gone into a file without a name */
		rc = files_check(store->path, &store->opened, error);
	return rc < 0 ? error_prefix(error, rc, "commit") : 0;
}

/* ---- Settings ----------------------------------------------------------------------------------- */

void store_put_catalogue(struct store_txn *txn, const struct catalogue *catalogue)
{
	struct key key = key_catalogue();
	uint8_t *bytes = malloc(CATALOGUE_RECORD_BYTES);
	struct span value, stored;
	size_t length;

	if (!bytes) {
		lmdb_fail(&txn->lmdb, FAULT_MEMORY, "no memory for the catalogue");
		return;
	}
	length = catalogue_encode(catalogue, bytes, CATALOGUE_BYTES_MAX);
	if (length == 0)
		lmdb_fail(&txn->lmdb, FAULT_INPUT, "the catalogue is larger than %d bytes", CATALOGUE_BYTES_MAX);
	value = (struct span){bytes, record_seal(key_span(&key), bytes, length)};
	if (!lmdb_get(&txn->lmdb, DB_META, key_span(&key), &stored) || !key_span_equal(stored, value)) {
		lmdb_put(&txn->lmdb, DB_META, key_span(&key), value);
		txn->changed = true;
	}
	free(bytes);
}

void store_put_cells(struct store_txn *txn, struct cells cells)
{
	struct cells *now = &txn->state.shown.cells;

	if (now->policy == cells.policy && (cells.policy != CELLS_EVERY || now->every == cells.every))
		return;
	*now = (struct cells){.policy = cells.policy, .every = cells.policy == CELLS_EVERY ? cells.every : 0};
	/* What the old rule held is shown, so that the new one begins with nothing held. */
	(void)held_show_after(txn, txn->state.shown.final_through);
	txn->state.released = txn->state.shown.clock_day;
	txn->changed = true;
}
