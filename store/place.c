/* SPDX-License-Identifier: EUPL-1.2 */
/* Where an open store is: its files, their names, and who else uses them. */
#include "store/store.h"

#include "store/files.h"
#include "store/internal.h"
#include "store/last_seen.h"

int store_note_files(struct store *store, struct error *error)
{
	int rc;

	if (!store->as_daemon || files_same(&store->noted, &store->opened))
		return 0;
	rc = daemon_lock_note(&store->daemon_lock, store->path, &store->opened, error);
	if (rc == 0)
		store->noted = store->opened;
	return rc;
}

int store_check_files(struct store *store, struct error *error)
{
	return files_check(store->path, &store->opened, error);
}

int store_note_last_seen(struct store *store, struct error *error)
{
	struct last_seen seen = {store->org, store->epoch, store->synced_generation};
	int rc;

	if (!store->as_daemon || store->synced_generation == store->noted_generation)
		return 0;
	rc = last_seen_write(store->path, &seen, store->noted_generation == 0, error);
	if (rc == 0)
		store->noted_generation = store->synced_generation;
	return rc < 0 ? error_prefix(error, rc, "note what was last seen") : 0;
}

void store_check_readers(struct store *store)
{
	lmdb_check_readers(&store->lmdb);
}

bool store_changed_elsewhere(struct store *store)
{
	struct state state;
	bool changed = store->elsewhere;

	if (state_read(&store->lmdb, store->org, &state, NULL) == 0) {
		changed |= state.shown.generation != store->generation;
		store->generation = state.shown.generation;
	}
	store->elsewhere = false;
	return changed;
}
