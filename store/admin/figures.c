/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/admin/admin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lmdb/lmdb_pages.h"
#include "store/files/files.h"
#include "store/handles.h"
#include "store/store_view.h"

/* Details are only where the settling walk has not been. */
static uint64_t count_detailed(const struct store_view *view)
{
	struct key from = key_id(&view->state.settled);
	struct lmdb_cursor cursor;
	struct id_record id;
	uint64_t n = 0;
	bool found;

	lmdb_cursor_open(&cursor, view->lmdb, DB_IDS);
	for (found = lmdb_seek(&cursor, key_span(&from)); found; found = lmdb_next(&cursor))
		n += id_decode(cursor.key, cursor.value, &id) && id.detailed;
	lmdb_cursor_close(&cursor);
	return n;
}

static uint32_t oldest_day(struct lmdb_txn *lmdb)
{
	struct lmdb_cursor cursor;
	struct id_place place = {.day = 0};

	lmdb_cursor_open(&cursor, lmdb, DB_IDS);
	if (lmdb_next(&cursor))
		(void)key_id_parse(cursor.key, &place);
	lmdb_cursor_close(&cursor);
	return place.day;
}

static int measure_file(const struct store *store, struct store_figures *out, struct error *error)
{
	char data[PATH_MAX];
	struct stat status;
	int rc = files_path(data, store->path, DATA_FILE, error);

	if (rc < 0)
		return rc;
	if (stat(data, &status) < 0)
		return error_set(error, FAULT_SYSTEM, "%s: %s", data, strerror(errno));
	out->file_bytes = (uint64_t)status.st_size;
	return 0;
}

int store_figures(struct store *store, struct store_figures *out, struct error *error)
{
	struct store_view *view = NULL;
	int rc;

	*out = (struct store_figures){.daemon_pid = daemon_lock_holder(store->path)};
	rc = measure_file(store, out, error);
	if (rc == 0)
		rc = store_view_open(store, &view, error);
	if (rc == 0) {
		store_view_state(view, &out->state);
		out->used_bytes = lmdb_used_bytes(view->lmdb);
		out->map_bytes = store->lmdb.map_bytes;
		out->ids = lmdb_count(view->lmdb, DB_IDS);
		out->quarantined = lmdb_count(view->lmdb, DB_QUARANTINE);
		out->oldest_id_day = oldest_day(view->lmdb);
		out->ids_detailed = count_detailed(view);
		rc = lmdb_result(view->lmdb, error);
	}
	store_view_close(view);
	return rc < 0 ? error_prefix(error, rc, "figures") : 0;
}
