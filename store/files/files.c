/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/step.h"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, OTHERS = 0077 };

#define ACCESS_LOCK "access.lock"

/* A directory with nothing but these holds no store. */
static const char *const leftovers[] = {".", "..", DAEMON_LOCK, ACCESS_LOCK, LMDB_LOCK, NEW_DATA_FILE};

int files_fault(struct error *error, const char *path, const char *what)
{
	return error_set(error, errno == ENOSPC || errno == EDQUOT ? FAULT_FULL : FAULT_SYSTEM, "%s: %s: %s", path,
			 what, strerror(errno));
}

int files_path(char out[static PATH_MAX], const char *directory, const char *name, struct error *error)
{
	int used = snprintf(out, PATH_MAX, "%s/%s", directory, name);

	if (used < 0 || used >= PATH_MAX)
		return error_set(error, FAULT_INPUT, "%s: the path is too long", directory);
	return 0;
}

static int sync_by(int (*call)(int fd), const char *name, const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return files_fault(error, path, "open");
	if (call(fd) < 0)
		rc = files_fault(error, path, name);
	(void)close(fd);
	return rc;
}

int files_sync(const char *path, struct error *error)
{
	return sync_by(fsync, "fsync", path, error);
}

int files_sync_parent(const char *path, struct error *error)
{
	char parent[PATH_MAX];
	size_t length = strnlen(path, sizeof parent - 1);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	memcpy(parent, path, length);
	parent[length] = '\0';
	/* A parent that may not be read cannot be synced by itself, so the whole file system is synced. */
	if (length > 0 && access(parent, R_OK) < 0 && errno == EACCES)
		return sync_by(syncfs, "syncfs", path, error);
	return files_sync(length > 0 ? parent : ".", error);
}

void files_give_to_owner(const char *directory)
{
	static const char *const names[] = {DATA_FILE, KEPT_DATA_FILE, LMDB_LOCK, DAEMON_LOCK, ACCESS_LOCK};
	char path[PATH_MAX];
	struct stat status;

	if (geteuid() != 0 || stat(directory, &status) < 0)
		return;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (files_path(path, directory, names[i], NULL) == 0 &&
		    lchown(path, status.st_uid, status.st_gid) < 0 && errno != ENOENT)
			return; /* whoever opens it next gets the fault */
}

/* ---- The directory ------------------------------------------------------------------------------ */

static bool is_leftover(const char *name)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
		if (strcmp(name, leftovers[i]) == 0)
			return true;
	return false;
}

/* A store is made only where nothing else is: a mistyped path must not fill somebody's home. */
static int check_empty(const char *directory, struct error *error)
{
	const struct dirent *entry;
	DIR *open = opendir(directory);
	int rc = FILES_NO_STORE;

	if (!open)
		return files_fault(error, directory, "opendir");
	while (rc > 0 && (entry = readdir(open)))
		if (!is_leftover(entry->d_name))
			rc = error_set(error, FAULT_INPUT,
				       "%s: holds '%s' and no " DATA_FILE
				       ", so it is not a store; give a store, or a new or empty directory",
				       directory, entry->d_name);
	(void)closedir(open);
	return rc;
}

static int make_directory(const char *directory, struct error *error)
{
	if (mkdir(directory, DIRECTORY_MODE) == 0)
		return FILES_NO_STORE;
	return files_fault(error, directory, "cannot make the directory");
}

static int look_at_directory(const char *directory, bool create, struct error *error)
{
	char data[PATH_MAX];
	struct stat status;
	int rc = files_path(data, directory, DATA_FILE, error);

	if (rc < 0)
		return rc;
	if (stat(directory, &status) < 0) {
		if (errno == ENOENT && create)
			return make_directory(directory, error);
		return errno == ENOENT ? error_set(error, FAULT_INPUT, "%s: no such store", directory)
				       : files_fault(error, directory, "cannot look at it");
	}
	if (!S_ISDIR(status.st_mode))
		return error_set(error, FAULT_INPUT, "%s: not a directory; a store is a directory", directory);
	if (create && (status.st_mode & OTHERS) != 0)
		return error_set(error, FAULT_INPUT,
				 "%s: other users can open this folder (mode %03o); run chmod 700 on it", directory,
				 (unsigned)status.st_mode & 0777U);
	if (access(directory, R_OK | W_OK | X_OK) < 0)
		return files_fault(error, directory, "cannot read and write there");
	if (stat(data, &status) == 0) /* LMDB would take a file of no bytes for one to begin with */
		return status.st_size > 0 ? 0 : error_set(error, FAULT_DAMAGED, "%s is empty; restore a backup", data);
	if (errno != ENOENT)
		return files_fault(error, data, "cannot look at it");
	return create ? check_empty(directory, error) : error_set(error, FAULT_INPUT, "%s: holds no store", directory);
}

/* The directory's own name must be as lasting as what will be counted in it, whoever made it and when. */
int files_look(const char *directory, bool create, struct error *error)
{
	int rc = look_at_directory(directory, create, error), sync;

	if (rc != FILES_NO_STORE)
		return rc;
	sync = files_sync_parent(directory, error);
	return sync < 0 ? sync : rc;
}

/* ---- Locks -------------------------------------------------------------------------------------- */

/* FILES_HELD: somebody else has it; `fd` stays open. */
static int take_flock(int fd, int how, const char *path, struct error *error)
{
	int rc;

	do {
		rc = flock(fd, how);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	return errno == EWOULDBLOCK ? FILES_HELD : files_fault(error, path, "flock");
}

static int open_and_lock(const char *path, int flags, int how, int *fd, struct error *error)
{
	int rc;

	*fd = open(path, flags | O_CLOEXEC, FILE_MODE);
	if (*fd < 0)
		return files_fault(error, path, "open");
	rc = take_flock(*fd, how, path, error);
	if (rc < 0)
		files_close(fd);
	return rc;
}

int files_lock(const char *directory, const char *name, int how, int *fd, struct error *error)
{
	char path[PATH_MAX];
	int rc = files_path(path, directory, name, error);

	return rc < 0 ? rc : open_and_lock(path, O_RDWR | O_CREAT, how, fd, error);
}

int files_lock_directory(const char *directory, int how, int *fd, struct error *error)
{
	return open_and_lock(directory, O_RDONLY | O_DIRECTORY, how, fd, error);
}

void files_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int files_lock_access(const char *directory, int *fd, struct error *error)
{
	return files_lock(directory, ACCESS_LOCK, LOCK_SH, fd, error);
}

int files_lock_swap(const char *directory, int *fd, struct error *error)
{
	bool had = *fd >= 0;
	int rc = had ? take_flock(*fd, LOCK_EX | LOCK_NB, directory, error)
		     : files_lock(directory, ACCESS_LOCK, LOCK_EX | LOCK_NB, fd, error);

	if (rc != FILES_HELD)
		return rc;
	if (!had)
		files_close(fd);
	return error_set(error, FAULT_BUSY, "%s: another program is working on it; try again when it has ended",
			 directory);
}

/* ---- Which files these are ------------------------------------------------------------------------ */

static int identify(const char *directory, const char *name, struct file_identity *out, struct error *error)
{
	char path[PATH_MAX];
	struct stat status;
	int rc = files_path(path, directory, name, error);

	*out = (struct file_identity){0};
	if (rc < 0)
		return rc;
	if (stat(path, &status) == 0)
		*out = (struct file_identity){status.st_dev, status.st_ino};
	else if (errno != ENOENT && errno != ENOTDIR)
		rc = files_fault(error, path, "cannot look at it");
	return rc;
}

int files_identify(const char *directory, struct files_identity *out, struct error *error)
{
	int rc = identify(directory, DATA_FILE, &out->data, error);

	return rc < 0 ? rc : identify(directory, LMDB_LOCK, &out->lock, error);
}

static bool same(const struct file_identity *a, const struct file_identity *b)
{
	return a->device == b->device && a->inode == b->inode;
}

bool files_same(const struct files_identity *a, const struct files_identity *b)
{
	return same(&a->data, &b->data) && same(&a->lock, &b->lock);
}

const char *files_differing(const struct files_identity *a, const struct files_identity *b)
{
	return same(&a->data, &b->data) ? LMDB_LOCK : DATA_FILE;
}

/* The data file is asked, not its name: that may have been taken in between. LMDB keeps the lock file to itself. */
int files_note(const char *directory, int data_fd, struct files_identity *opened, struct error *error)
{
	struct stat status;
	int rc = files_identify(directory, opened, error);

	if (rc == 0 && fstat(data_fd, &status) < 0)
		rc = files_fault(error, directory, "fstat");
	if (rc < 0)
		*opened = (struct files_identity){0};
	else
		opened->data = (struct file_identity){status.st_dev, status.st_ino};
	return rc;
}

int files_check(const char *directory, const struct files_identity *opened, struct error *error)
{
	struct files_identity now;
	int rc = opened->data.inode != 0 ? files_identify(directory, &now, error) : 0;

	if (rc < 0 || opened->data.inode == 0 || files_same(&now, opened))
		return rc;
	if (same(&now.data, &opened->data))
		return error_set(error, FAULT_STORE,
				 "%s: " LMDB_LOCK
				 " was deleted or replaced while it is open, so turfd and turfctl no longer see "
				 "each other; restart turfd",
				 directory);
	if (now.data.inode == 0)
		return error_set(
			error, FAULT_STORE,
			"%s: " DATA_FILE " is gone, while it is open: the file or its folder was moved or deleted; "
			"put it back (if it was deleted, what was counted is lost when turfd stops; until then it "
			"can be read as /proc/PID/fd/N)",
			directory);
	return error_set(
		error, FAULT_STORE,
		"%s: the " DATA_FILE " that is open was replaced by another file, and what was counted is lost when "
		"turfd stops; put the old one back (until then it can be read as /proc/PID/fd/N), or stop turfd and "
		"restore a backup",
		directory);
}

/* ---- Putting a data file in place ------------------------------------------------------------------ */

void files_drop_new(const char *directory)
{
	char path[PATH_MAX];

	if (files_path(path, directory, NEW_DATA_FILE, NULL) == 0)
		(void)unlink(path);
}

int files_create_new(const char *directory, int *fd, struct error *error)
{
	char path[PATH_MAX];
	int rc = files_path(path, directory, NEW_DATA_FILE, error);

	if (rc < 0)
		return rc;
	files_drop_new(directory);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return *fd < 0 ? files_fault(error, path, "cannot make it") : 0;
}

/* data.mdb is there at every moment: the old one gets a second name before it loses its first. */
static int keep_old(const char *directory, const char *data, struct error *error)
{
	char kept[PATH_MAX];
	int rc = files_path(kept, directory, KEPT_DATA_FILE, error);

	if (rc < 0)
		return rc;
	if (unlink(kept) < 0 && errno != ENOENT)
		return files_fault(error, kept, "unlink");
	if (link(data, kept) < 0 && errno != ENOENT)
		return files_fault(error, kept, "link");
	return 0;
}

int files_install_new(const char *directory, bool keep, struct error *error)
{
	char made[PATH_MAX], data[PATH_MAX], lock_file[PATH_MAX];
	int rc = files_path(made, directory, NEW_DATA_FILE, error);

	if (rc == 0)
		rc = files_path(data, directory, DATA_FILE, error);
	if (rc == 0)
		rc = files_path(lock_file, directory, LMDB_LOCK, error);
	if (rc == 0)
		rc = files_sync(made, error);
	if (rc == 0 && keep)
		rc = keep_old(directory, data, error);
	if (rc < 0)
		return rc;
	/* LMDB's lock file tells the state of the file it was made for. A reader that still has the old data file
	 * open keeps the old lock file too. */
	step_reached("before-swap");
	if (unlink(lock_file) < 0 && errno != ENOENT)
		return files_fault(error, lock_file, "unlink");
	step_reached("between-swap");
	if (rename(made, data) < 0)
		return files_fault(error, data, "rename");
	step_reached("after-swap");
	return files_sync(directory, error);
}
