/* SPDX-License-Identifier: EUPL-1.2 */
/* Write transactions, and the settings that they keep. */
#include "store/store.h"

#include <stdlib.h>

#include "store/changes.h"
#include "store/handles.h"
#include "store/held.h"
#include "store/meta.h"
#include "store/teams.h"

/* ---- The beginning and the end of all of them ------------------------------------------------------ */

static int begin_txn(struct store_txn *txn, struct store *store, struct lmdb_txn *lmdb, struct error *error)
{
	int rc = files_check(store->path, &store->opened, error);

	txn->store = store;
	txn->lmdb = lmdb;
	if (rc < 0)
		return rc;
	(void)daemon_lock_note(&store->daemon_lock, store->path, &store->opened,
			       NULL); /* until this can be written, tools are refused */
	if (!state_load(lmdb, store->org, &txn->state))
		return lmdb_result(lmdb, error);
	store->elsewhere |= txn->state.shown.generation != store->generation;
	return 0;
}

/* Writes what the transaction has kept in memory. */
static void write_remembered(struct store_txn *txn)
{
	lmdb_cursor_close(&txn->ids);
	changes_write(txn);
	held_evaluate(txn);
	if (!txn->changed)
		return;
	txn->state.shown.generation++;
	state_save(txn->lmdb, &txn->state);
}

static void release(struct store_txn *txn)
{
	lmdb_cursor_close(&txn->ids);
	free(txn->touched);
	changes_free(txn);
	team_forget_known(txn);
}

/* Nobody hears of what has gone into a file without a name. */
static int committed(struct store *store, uint64_t generation, struct error *error)
{
	store->generation = store->synced_generation = generation;
	return files_check(store->path, &store->opened, error);
}

/* ---- Changes ---------------------------------------------------------------------------------------- */

struct change {
	struct store *store;
	store_body *body;
	void *context;
	struct error *error;
	const char *stage;   /* for messages */
	bool refused;        /* the body returned a verdict, or a fault of its own */
	uint64_t generation; /* at the end */
};

enum { UNCHANGED = 1 };

static int run_change(void *context, struct lmdb_txn *lmdb)
{
	struct change *change = context;
	struct store_txn txn = {.store = NULL};
	int rc = begin_txn(&txn, change->store, lmdb, change->error);

	change->refused = false;
	change->stage = "begin";
	if (rc == 0) {
		change->stage = "commit";
		rc = change->body(change->context, &txn, change->error);
		change->refused = rc != 0 && lmdb->fault == 0;
	}
	if (rc == 0) {
		write_remembered(&txn);
		change->generation = txn.state.shown.generation;
		rc = txn.changed ? 0 : UNCHANGED;
	}
	release(&txn);
	return rc;
}

int store_change(struct store *store, store_body *body, void *context, struct error *error)
{
	struct change change = {store, body, context, error, .stage = "begin"};
	int rc = lmdb_change(&store->lmdb, run_change, &change, error);

	if (rc != 0 && change.refused)
		return rc;
	if (rc >= 0)
		rc = committed(store, change.generation, error);
	return rc < 0 ? error_prefix(error, rc, "%s", change.stage) : 0;
}

void store_txn_state(struct store_txn *txn, struct store_state *state)
{
	*state = txn->state.shown;
}

/* ---- Settings ----------------------------------------------------------------------------------- */

void store_put_catalogue(struct store_txn *txn, const struct catalogue *catalogue)
{
	struct key key = key_meta(META_CATALOGUE);
	uint8_t *bytes = malloc(CATALOGUE_RECORD_BYTES);
	struct span value, stored;
	size_t length;

	if (!bytes) {
		lmdb_fail(txn->lmdb, FAULT_MEMORY, "no memory for the catalogue");
		return;
	}
	length = catalogue_encode(catalogue, bytes, CATALOGUE_BYTES_MAX);
	if (length == 0)
		lmdb_fail(txn->lmdb, FAULT_INPUT, "the catalogue is larger than %d bytes", CATALOGUE_BYTES_MAX);
	value = (struct span){bytes, record_seal(key_span(&key), bytes, length)};
	if (!lmdb_get(txn->lmdb, DB_META, key_span(&key), &stored) || !key_span_equal(stored, value)) {
		lmdb_put(txn->lmdb, DB_META, key_span(&key), value);
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
