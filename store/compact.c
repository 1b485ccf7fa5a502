/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/files.h"
#include "store/internal.h"
#include "store/lmdb_files.h"

static int write_cleared(struct lmdb *copy, const char *org, struct error *error)
{
	struct state state;
	struct lmdb_txn txn;
	int rc = lmdb_begin(copy, &txn, true, error);

	if (rc < 0)
		return rc;
	if (state_load(&txn, org, &state)) {
		state.shown.deleted_since = 0;
		state_save(&txn, &state);
	}
	return lmdb_commit(&txn, error);
}

/* Says in the copy, which nobody has open yet, that it holds no deleted bytes. */
static int clear_deleted(struct store *store, const char *path, struct error *error)
{
	struct lmdb_options options = {.path = path, .alone = true, .map_bytes = 2 * store->lmdb.map_bytes};
	struct lmdb copy;
	int rc = lmdb_open(&copy, &options, error);

	if (rc < 0)
		return rc;
	do {
		rc = write_cleared(&copy, store->org, error);
	} while (rc == LMDB_GROWN);
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

/* Between suspend and resume the store is closed; if it cannot be opened again, the next begin tries once more. */
static int swap(struct store *store, struct error *error)
{
	int rc;

	lmdb_suspend(&store->lmdb);
	lmdb_forget_files(&store->lmdb);
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
		return STORE_NONE;
	rc = state_read(store, &state, error);
	if (rc == 0 && state.shown.deleted_since == 0)
		return STORE_NONE;
	if (rc == 0)
		rc = files_lock_swap(store->path, &fd, error);
	if (rc == FAULT_BUSY)
		return STORE_NONE;
	if (rc == 0)
		rc = make_copy(store, error);
	if (rc == 0) /* a file that somebody has put there is not ours to replace */
		rc = lmdb_check_files(&store->lmdb, error);
	if (rc == 0)
		rc = swap(store, error);
	if (rc == 0)
		(void)store_tell_files(store, NULL);
	if (rc < 0)
		files_drop_new(store->path);
	files_close(&fd);
	return rc < 0 ? error_prefix(error, rc, "compact") : 0;
}
