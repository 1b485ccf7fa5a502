/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes, opens and closes a store, and answers what a program asks about an open one. */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/guard.h"
#include "store/files/files.h"
#include "store/files/last_seen.h"
#include "store/handles.h"
#include "store/meta.h"
#include "store/quarantine.h"

/* ---- Creation ----------------------------------------------------------------------------------- */

struct creation {
	const char *org;
	struct state state;
};

static int write_first(void *context, struct lmdb_txn *txn)
{
	const struct creation *creation = context;

	meta_write_first(txn, creation->org, &creation->state);
	return 0;
}

/* The data file appears whole: whatever ends the program before that leaves no store behind. */
static int create(const struct store_options *options, struct error *error)
{
	char path[PATH_MAX];
	struct lmdb_options made = {
		.kind = &store_kind, .path = path, .alone = true, .create = true, .map_bytes = NEW_MAP_BYTES};
	struct creation creation = {.org = options->org,
				    .state = {.shown = {.created = options->today, .clock_day = options->today},
					      .released = options->today}};
	struct lmdb lmdb;
	int rc = files_path(path, options->path, NEW_DATA_FILE, error);

	if (rc < 0)
		return rc;
	if (state_draw_epoch(creation.state.shown.epoch) < 0)
		return error_set(error, FAULT_SYSTEM, "%s: the system gives no random bytes", options->path);
	files_drop_new(options->path);
	rc = lmdb_open(&lmdb, &made, error);
	if (rc == 0) {
		rc = lmdb_change(&lmdb, write_first, &creation, error);
		lmdb_close(&lmdb);
	}
	if (rc == 0)
		rc = files_install_new(options->path, false, error);
	return rc < 0 ? error_prefix(error, rc, "make a store") : 0;
}

/* ---- Opening and closing -------------------------------------------------------------------------- */

static int start_as_daemon(void *context, struct store_txn *txn, struct error *error)
{
	const struct store_options *options = context;

	(void)error;
	quarantine_limit(txn, options->quarantine_limit > 0 ? options->quarantine_limit : QUARANTINE_LIMIT_DEFAULT);
	/* The commit adds one. */
	txn->state.shown.generation = state_next_generation(txn->state.shown.generation, options->unix_seconds) - 1;
	txn->changed = true;
	return 0;
}

/* A damaged file may make LMDB read outside it: that is a fault, and does not end the program. */
struct first_reading {
	struct store *store;
	const struct lmdb_options *options;
	struct error *error;
	int rc;
};

static bool read_first(void *context)
{
	struct first_reading *r = context;
	struct state state;

	r->rc = lmdb_open(&r->store->lmdb, r->options, r->error);
	if (r->rc == 0)
		r->rc = meta_read(&r->store->lmdb, r->options->path, r->store->org, &state, r->error);
	if (r->rc < 0)
		return false;
	r->store->generation = state.shown.generation;
	memcpy(r->store->epoch, state.shown.epoch, sizeof r->store->epoch);
	return true;
}

/* An environment that was lost is opened again only while its files have their names. */
static int check_names(const struct lmdb *lmdb, void *context, struct error *error)
{
	const struct store *store = context;

	return files_check(lmdb->path, &store->opened, error);
}

static int note_files(int data_fd, void *context, struct error *error)
{
	struct store *store = context;

	return files_note(store->path, data_fd, &store->opened, error);
}

static int open_environment(struct store *store, const struct store_options *options, struct error *error)
{
	struct lmdb_options lmdb = {
		.kind = &store_kind,
		.path = options->path,
		.before_open = check_names,
		.after_open = note_files,
		.context = store,
		.read_only = options->read_only,
		.map_bytes = options->map_bytes > 0 ? options->map_bytes : DEFAULT_MAP_BYTES,
	};
	struct first_reading reading = {.store = store, .options = &lmdb, .error = error};
	bool sound;
	int signal = guard_run(read_first, &reading, &sound);

	if (signal != 0)
		return error_set(error, FAULT_DAMAGED,
				 "%s: reading it ended in signal %d: pages are damaged; restore a backup",
				 options->path, signal);
	(void)read_first(&reading);
	return reading.rc;
}

/* Whoever writes through a lock.mdb that was deleted has the access lock. */
static int check_alone(struct store *store, struct error *error)
{
	struct files_identity now;
	int rc = files_identify(store->path, &now, error);

	return rc < 0 || now.lock.inode != 0 ? rc : files_lock_swap(store->path, &store->access_lock, error);
}

/* 0 or FILES_NO_STORE, with the locks that go with it. */
static int take_locks(struct store *store, const struct store_options *options, struct error *error)
{
	int look, rc = options->as_daemon ? last_seen_check_there(options->path, error) : 0;

	if (rc == 0)
		rc = files_look(options->path, options->as_daemon, error);
	look = rc;
	if (rc >= 0 && options->as_daemon)
		rc = daemon_lock_take(&store->daemon_lock, options->path, error);
	if (rc >= 0)
		rc = files_lock_access(options->path, &store->access_lock, error);
	if (rc >= 0 && options->as_daemon)
		files_drop_new(options->path); /* of a compaction or creation that did not end */
	if (rc >= 0 && look == FILES_NO_STORE) /* before there were locks: somebody may have made one since */
		return files_look(options->path, true, error);
	return rc < 0 ? rc : look;
}

static int open_as_daemon(struct store *store, const struct store_options *options, int look, struct error *error)
{
	int rc = look == FILES_NO_STORE ? create(options, error) : check_alone(store, error);

	if (rc == 0)
		rc = open_environment(store, options, error);
	if (rc == 0)
		rc = last_seen_check_newer(options->path, store->epoch, store->generation, error);
	return rc == 0 ? daemon_lock_note(&store->daemon_lock, store->path, &store->opened, error) : rc;
}

/* Looked at before LMDB makes a new lock.mdb, and once more when there is one for certain. */
static int open_as_tool(struct store *store, const struct store_options *options, struct error *error)
{
	int rc = options->read_only ? 0 : daemon_lock_check(options->path, error);

	if (rc == 0)
		rc = open_environment(store, options, error);
	if (rc == 0 && !options->read_only)
		rc = daemon_lock_check(options->path, error);
	return rc;
}

static int open_files(struct store *store, const struct store_options *options, struct error *error)
{
	int rc = take_locks(store, options, error);

	if (rc < 0)
		return rc;
	return options->as_daemon ? open_as_daemon(store, options, rc, error) : open_as_tool(store, options, error);
}

int store_open(struct store **out, const struct store_options *options, struct error *error)
{
	struct store *store = calloc(1, sizeof *store);
	int rc;

	assert(!(options->as_daemon && options->read_only));
	assert(!options->as_daemon || options->org);
	*out = NULL;
	if (!store)
		return error_set(error, FAULT_MEMORY, "%s: no memory", options->path);
	store->daemon_lock = DAEMON_LOCK_NONE;
	store->access_lock = -1;
	store->as_daemon = options->as_daemon;
	if (options->org)
		memcpy(store->org, options->org, strnlen(options->org, SLUG_BYTES - 1));
	store->path = strdup(options->path);
	rc = store->path ? open_files(store, options, error)
			 : error_set(error, FAULT_MEMORY, "%s: no memory", options->path);
	if (rc >= 0 && options->as_daemon)
		rc = store_change(store, start_as_daemon, (void *)(uintptr_t)options, error);
	if (rc < 0) {
		store_close(store);
		return error_prefix(error, rc, "open the store");
	}
	files_give_to_owner(options->path);
	/* A daemon's file is replaced by the daemon alone, a reader keeps the file it has. A tool that may write
	 * must not do so to a file that has lost its place. */
	if (options->as_daemon || options->read_only)
		files_close(&store->access_lock);
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	lmdb_close(&store->lmdb);
	files_close(&store->access_lock);
	daemon_lock_release(&store->daemon_lock);
	free(store->path);
	free(store);
}

/* ---- Its files, and who else uses them ---------------------------------------------------------------- */

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

int store_client_secret(const struct store *store, char secret[static STORE_CLIENT_SECRET_BYTES], struct error *error)
{
	_Static_assert((int)STORE_CLIENT_SECRET_BYTES == (int)CLIENT_SECRET_BYTES, "one length of the secret");
	return last_seen_client_secret(store->path, secret, error);
}

void store_check_readers(struct store *store)
{
	lmdb_check_readers(&store->lmdb);
}

bool store_changed_elsewhere(struct store *store)
{
	struct state state;
	bool changed = store->elsewhere;

	if (meta_read(&store->lmdb, store->path, store->org, &state, NULL) == 0) {
		changed |= state.shown.generation != store->generation;
		store->generation = state.shown.generation;
	}
	store->elsewhere = false;
	return changed;
}
