/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/files/files.h"
#include "store/handles.h"
#include "store/meta.h"

/* The copy, which nobody has open yet, holds no deleted bytes. */
static int write_cleared(void *context, struct lmdb_txn *txn)
{
	struct state state;

	if (state_load(txn, context, &state)) {
		state.shown.deleted_since = 0;
		state_save(txn, &state);
	}
	return 0;
}

static int clear_deleted(struct store *store, const char *path, struct error *error)
{
	struct lmdb_options options = {
		.kind = &store_kind, .path = path, .alone = true, .map_bytes = 2 * store->lmdb.map_bytes};
	struct lmdb copy;
	int rc = lmdb_open(&copy, &options, error);

	if (rc < 0)
		return rc;
	rc = lmdb_change(&copy, write_cleared, store->org, error);
	lmdb_close(&copy);
	return rc;
}

static int make_copy(struct store *store, struct error *error)
{
	char path[PATH_MAX];
	int fd = -1, rc = files_path(path, store->path, NEW_DATA_FILE, error);

	if (rc == 0)
		rc = files_create_new(store->path, &fd, error);
	if (rc == 0)
		rc = lmdb_copy(&store->lmdb, fd, error);
	files_close(&fd);
	if (rc == 0)
		rc = clear_deleted(store, path, error);
	return rc;
}

/* Between suspend and resume the store is closed; if it cannot be opened again, the next transaction tries again. */
static int swap(struct store *store, struct error *error)
{
	int rc;

	lmdb_suspend(&store->lmdb);
	store->opened = (struct files_identity){0}; /* the next resume takes the files that are there then */
	rc = files_install_new(store->path, false, error);
	if (rc == 0)
		rc = lmdb_resume(&store->lmdb, error);
	files_give_to_owner(store->path);
	return rc;
}

int store_compact(struct store *store, struct error *error)
{
	struct state state;
	int fd = -1, rc;

	if (!store->as_daemon)
		return STORE_NOTHING_DONE;
	rc = meta_read(&store->lmdb, store->path, store->org, &state, error);
	if (rc == 0 && state.shown.deleted_since == 0)
		return STORE_NOTHING_DONE;
	if (rc == 0)
		rc = files_lock_swap(store->path, &fd, error);
	if (rc == FAULT_BUSY)
		return STORE_NOTHING_DONE;
	if (rc == 0)
		rc = make_copy(store, error);
	if (rc == 0) /* a file that somebody has put there is not ours to replace */
		rc = files_check(store->path, &store->opened, error);
	if (rc == 0)
		rc = swap(store, error);
	if (rc == 0)
		(void)daemon_lock_note(&store->daemon_lock, store->path, &store->opened, NULL);
	if (rc < 0)
		files_drop_new(store->path);
	files_close(&fd);
	return rc < 0 ? error_prefix(error, rc, "compact") : 0;
}
