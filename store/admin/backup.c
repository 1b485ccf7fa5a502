/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/admin/admin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/step.h"
#include "store/admin/manifest.h"
#include "store/files/files.h"
#include "store/handles.h"
#include "store/meta.h"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600 };

/* ---- Making one --------------------------------------------------------------------------------- */

static int check_empty(const char *directory, struct error *error)
{
	const struct dirent *entry;
	DIR *open = opendir(directory);
	int rc = 0;

	if (!open)
		return error_set(error, FAULT_SYSTEM, "%s: %s", directory, strerror(errno));
	while (rc == 0 && (entry = readdir(open)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = error_set(error, FAULT_INPUT, "%s: holds '%s'; give a new or empty directory", directory,
				       entry->d_name);
	(void)closedir(open);
	return rc;
}

static int make_directory(const char *directory, bool *made, struct error *error)
{
	*made = mkdir(directory, DIRECTORY_MODE) == 0;
	if (*made)
		return 0;
	if (errno == EEXIST)
		return check_empty(directory, error);
	return error_set(error, FAULT_SYSTEM, "%s: cannot make the directory: %s", directory, strerror(errno));
}

/* What the copy says of itself, which is also the proof that it opens. */
static int describe_copy(const char *data, struct manifest *manifest, struct error *error)
{
	struct lmdb_options options = {
		.kind = &store_kind, .path = data, .alone = true, .read_only = true, .map_bytes = NEW_MAP_BYTES};
	struct state state;
	struct lmdb lmdb;
	int rc = lmdb_open(&lmdb, &options, error);

	if (rc < 0)
		return rc;
	manifest->format = STORE_FORMAT;
	rc = meta_read(&lmdb, data, manifest->org, &state, error);
	if (rc == 0) {
		memcpy(manifest->epoch, state.shown.epoch, sizeof manifest->epoch);
		manifest->generation = state.shown.generation;
	}
	lmdb_close(&lmdb);
	return rc;
}

static int make_data(const char *data, int *fd, struct error *error)
{
	*fd = open(data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return *fd < 0 ? error_set(error, FAULT_SYSTEM, "%s: cannot make it: %s", data, strerror(errno)) : 0;
}

static int copy_out(struct store *store, const char *data, int fd, struct manifest *manifest, struct error *error)
{
	int rc = lmdb_copy(&store->lmdb, fd, error);

	if (rc == 0)
		rc = describe_copy(data, manifest, error);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = error_set(error, FAULT_SYSTEM, "%s: %s", data, strerror(errno));
	if (rc == 0)
		rc = manifest_sha256_copy(fd, -1, data, manifest->sha256, error);
	files_close(&fd);
	return rc == 0 ? files_sync(data, error) : rc;
}

/* The manifest comes last: a directory without one is no backup. Whoever makes the data file has the directory, and
 * nobody else removes anything from it: two may have found it empty. */
int store_backup(struct store *store, const char *directory, struct error *error)
{
	struct manifest manifest = {0};
	char data[PATH_MAX];
	bool made = false;
	int fd = -1, rc = files_path(data, directory, DATA_FILE, error);

	if (rc == 0)
		rc = make_directory(directory, &made, error);
	if (rc == 0)
		rc = make_data(data, &fd, error);
	if (rc < 0) {
		if (made)
			(void)rmdir(directory);
		return error_prefix(error, rc, "backup");
	}
	rc = copy_out(store, data, fd, &manifest, error);
	step_reached("before-manifest");
	if (rc == 0)
		rc = manifest_write(directory, &manifest, error);
	if (rc == 0)
		rc = files_sync(directory, error);
	if (rc == 0 && made)
		rc = files_sync_parent(directory, error);
	if (rc == 0)
		return 0;
	manifest_remove(directory);
	(void)unlink(data);
	if (made)
		(void)rmdir(directory);
	return error_prefix(error, rc, "backup");
}

/* ---- Bringing one back ---------------------------------------------------------------------------- */

/* A backup in `directory`, to be put at `path`. */
struct restoration {
	const char *directory, *path;
	struct manifest manifest;
	uint64_t unix_seconds;
	bool there; /* a store is there, to be replaced; if it is damaged, the next two members stay empty */
	char replaced_org[SLUG_BYTES];
	uint64_t replaced_generation;
};

static bool look_at_replaced(void *context)
{
	struct restoration *r = context;
	struct lmdb_options options = {
		.kind = &store_kind, .path = r->path, .read_only = true, .map_bytes = NEW_MAP_BYTES};
	struct state state;
	struct lmdb lmdb;

	if (lmdb_open(&lmdb, &options, NULL) < 0)
		return false;
	if (meta_read(&lmdb, r->path, r->replaced_org, &state, NULL) == 0)
		r->replaced_generation = state.shown.generation;
	lmdb_close(&lmdb);
	return true;
}

static int check_replaced(struct restoration *r, struct error *error)
{
	bool sound;

	if (guard_run(look_at_replaced, r, &sound) == 0)
		(void)look_at_replaced(r);
	if (r->replaced_org[0] && strcmp(r->replaced_org, r->manifest.org) != 0)
		return error_set(error, FAULT_FOREIGN,
				 "%s: the store holds the counts of org '%s', and the backup those of '%s'", r->path,
				 r->replaced_org, r->manifest.org);
	return 0;
}

static int copy_in(const struct restoration *r, struct error *error)
{
	char data[PATH_MAX], sha256[SHA256_TEXT_BYTES];
	int from = -1, to = -1, rc = files_path(data, r->directory, DATA_FILE, error);

	if (rc < 0)
		return rc;
	from = open(data, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return error_set(error, FAULT_INPUT, "%s: %s", data, strerror(errno));
	rc = files_create_new(r->path, &to, error);
	if (rc == 0)
		rc = manifest_sha256_copy(from, to, data, sha256, error);
	files_close(&to);
	files_close(&from);
	if (rc == 0 && strcasecmp(sha256, r->manifest.sha256) != 0)
		rc = error_set(error, FAULT_DAMAGED,
			       "%s: its SHA-256 is not the manifest's: the backup is damaged; use another one", data);
	return rc;
}

/* The new epoch makes phones send again what the backup does not have. The generation is above all earlier ones, so
 * that readers accept the figures (rules 12 and 13, docs/wire-format.md). */
static int begin_again(void *context, struct lmdb_txn *txn)
{
	const struct restoration *r = context;
	const struct manifest *manifest = &r->manifest;
	uint64_t last = r->replaced_generation;
	struct state state;

	if (!state_load(txn, manifest->org, &state))
		return 0;
	if (strcasecmp(state.shown.epoch, manifest->epoch) != 0 || state.shown.generation != manifest->generation)
		lmdb_fail(txn, FAULT_DAMAGED, "the data file is not the one that the manifest names");
	if (state_draw_epoch(state.shown.epoch) < 0)
		lmdb_fail(txn, FAULT_SYSTEM, "the system gives no random bytes");
	state.shown.generation =
		state_next_generation(last > state.shown.generation ? last : state.shown.generation, r->unix_seconds);
	state_save(txn, &state);
	return 0;
}

static int renew(struct restoration *r, struct error *error)
{
	char data[PATH_MAX];
	struct lmdb_options options = {
		.kind = &store_kind, .path = data, .alone = true, .map_bytes = DEFAULT_MAP_BYTES};
	struct lmdb lmdb;
	int rc = files_path(data, r->path, NEW_DATA_FILE, error);

	if (rc == 0)
		rc = lmdb_open(&lmdb, &options, error);
	if (rc < 0)
		return rc;
	rc = meta_read(&lmdb, data, r->manifest.org, NULL, error);
	if (rc == 0)
		rc = lmdb_change(&lmdb, begin_again, r, error);
	lmdb_close(&lmdb);
	return rc;
}

static int restore_locked(struct restoration *r, struct error *error)
{
	int rc = r->there ? check_replaced(r, error) : 0;

	if (rc == 0)
		rc = copy_in(r, error);
	if (rc == 0)
		rc = renew(r, error);
	if (rc == 0)
		rc = files_install_new(r->path, r->there, error);
	if (rc < 0)
		files_drop_new(r->path);
	return rc;
}

/* A data file of no bytes is what is left of a store. */
static int look_at_place(struct restoration *r, bool replace, struct error *error)
{
	int rc = files_look(r->path, true, error);

	r->there = rc == 0 || rc == FAULT_DAMAGED;
	if (r->there && !replace)
		return error_set(error, FAULT_INPUT,
				 "%s: there is a store already; give --replace to put the backup in its place",
				 r->path);
	return r->there ? 0 : rc;
}

int store_restore(const char *directory, const char *path, bool replace, uint64_t unix_seconds, struct error *error)
{
	struct restoration restoration = {.directory = directory, .path = path, .unix_seconds = unix_seconds};
	struct daemon_lock daemon_lock = DAEMON_LOCK_NONE;
	int swap_lock = -1, rc = manifest_read(directory, &restoration.manifest, error);

	if (rc == 0)
		rc = look_at_place(&restoration, replace, error);
	if (rc >= 0)
		rc = daemon_lock_take(&daemon_lock, path, error);
	if (rc >= 0)
		rc = files_lock_swap(path, &swap_lock, error);
	if (rc >= 0) /* before there were locks: somebody may have made one since */
		rc = look_at_place(&restoration, replace, error);
	if (rc >= 0)
		rc = restore_locked(&restoration, error);
	files_give_to_owner(path);
	files_close(&swap_lock);
	daemon_lock_release(&daemon_lock);
	return rc < 0 ? error_prefix(error, rc, "restore") : 0;
}
