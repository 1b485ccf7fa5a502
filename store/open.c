/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes, opens, checks and closes a store. */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/files.h"
#include "base/guard.h"
#include "store/internal.h"
#include "store/last_seen.h"

/* ---- Identity ----------------------------------------------------------------------------------- */

static int check_format(struct lmdb_txn *txn, const char *directory, struct error *error)
{
	struct key key = key_format();
	struct span value;
	uint32_t format;

	if (!txn->lmdb->found[DB_META] || !lmdb_get(txn, DB_META, key_span(&key), &value))
		return txn->fault != 0
			       ? lmdb_outcome(txn, error)
			       : error_set(error, FAULT_FOREIGN,
					   "%s: another program's LMDB environment, not a turf store", directory);
	if (!format_decode(value, &format) || format == 0)
		return error_set(error, FAULT_DAMAGED, "%s: the format record is damaged; restore a backup", directory);
	if (format > STORE_FORMAT)
		return error_set(
			error, FAULT_FOREIGN,
			"%s: a newer turf wrote this store: its format is %u, and this turf knows formats up to %u; "
			"install the newer version again, or restore a backup of this one",
			directory, format, STORE_FORMAT);
	for (size_t i = 0; i < DATABASES; i++)
		if (!txn->lmdb->found[i])
			return error_set(error, FAULT_DAMAGED, "%s: database '%s' is missing; restore a backup",
					 directory, key_database_name((enum database)i));
	return 0;
}

static int check_org(struct lmdb_txn *txn, const char *directory, char org[static SLUG_BYTES], struct error *error)
{
	struct key key = key_org();
	char found[SLUG_BYTES];
	struct span value;

	if (!lmdb_get(txn, DB_META, key_span(&key), &value) || !org_decode(value, found))
		return txn->fault != 0
			       ? lmdb_outcome(txn, error)
			       : error_set(error, FAULT_DAMAGED,
					   "%s: the org record is missing or damaged; restore a backup", directory);
	if (org[0] && strcmp(org, found) != 0)
		return error_set(error, FAULT_FOREIGN,
				 "%s: holds the counts of org '%s', not of '%s'; give that org's own store", directory,
				 found, org);
	memcpy(org, found, sizeof found);
	return 0;
}

struct checking {
	const char *directory;
	char *org;
	struct error *error;
};

static int check(void *context, struct lmdb_txn *txn)
{
	const struct checking *checking = context;
	int rc = check_format(txn, checking->directory, checking->error);

	return rc == 0 ? check_org(txn, checking->directory, checking->org, checking->error) : rc;
}

int store_check(struct lmdb *lmdb, const char *directory, char org[static SLUG_BYTES], struct error *error)
{
	struct checking checking = {directory, org, error};

	return lmdb_read(lmdb, check, &checking, error);
}

/* ---- Creation ----------------------------------------------------------------------------------- */

static void put_meta(struct lmdb_txn *txn, struct key key, struct record record)
{
	lmdb_put(txn, DB_META, key_span(&key), record_span(&record));
}

struct creation {
	const char *org;
	struct state state;
};

static int write_first(void *context, struct lmdb_txn *txn)
{
	const struct creation *creation = context;
	struct quarantine_state quarantine = {.limit = QUARANTINE_LIMIT_DEFAULT};

	put_meta(txn, key_format(), format_encode(STORE_FORMAT));
	put_meta(txn, key_org(), org_encode(creation->org));
	put_meta(txn, key_state(), state_encode(&creation->state));
	put_meta(txn, key_quarantine_state(), quarantine_state_encode(&quarantine));
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
		r->rc = store_check(&r->store->lmdb, r->options->path, r->store->org, r->error);
	if (r->rc == 0)
		r->rc = state_read(&r->store->lmdb, r->store->org, &state, r->error);
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
static int check_alone(const struct store *store, struct error *error)
{
	bool there = false;
	int rc = files_has_lock(store->path, &there, error);

	return rc < 0 || there ? rc : files_lock_swap_too(store->path, store->access_lock, error);
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
	return rc == 0 ? store_note_files(store, error) : rc;
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
