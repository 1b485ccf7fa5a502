/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/files/daemon_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MODE = 0600, TEXT_BYTES = 160 };

/* What stands in turfd.lock. Device and inode of data.mdb, then of lock.mdb, at a fixed width, so that a later line
 * covers an earlier one. */
#define IDENTITY "%016" PRIx64 ":%016" PRIx64 " %016" PRIx64 ":%016" PRIx64 "\n"
#define IDENTITY_READ "%" SCNx64 ":%" SCNx64 " %" SCNx64 ":%" SCNx64

struct owner {
	int pid;                      /* 0: not known */
	struct files_identity opened; /* zero: not written yet */
};

/* ---- Taking it ------------------------------------------------------------------------------------ */

static struct owner read_owner(const char *directory)
{
	struct owner owner = {0};
	char path[PATH_MAX], text[TEXT_BYTES] = "";
	int fd = files_path(path, directory, DAEMON_LOCK, NULL) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t length = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : 0;
	struct files_identity *opened = &owner.opened;

	files_close(&fd);
	if (length <= 0 || sscanf(text, "%d\n" IDENTITY_READ, &owner.pid, &opened->data.device, &opened->data.inode,
				  &opened->lock.device, &opened->lock.inode) != 5)
		*opened = (struct files_identity){0};
	owner.pid = owner.pid > 0 ? owner.pid : 0;
	return owner;
}

static int busy(const char *directory, struct error *error)
{
	int pid = read_owner(directory).pid;

	if (pid == 0)
		return error_set(error, FAULT_BUSY,
				 "%s: held by another process, whose number is not known (%s/" DAEMON_LOCK
				 "); only one turfd can use a store: stop that one first",
				 directory, directory);
	return error_set(error, FAULT_BUSY,
			 "%s: held by process %d (%s/" DAEMON_LOCK
			 "); only one turfd can use a store: stop that one first",
			 directory, pid, directory);
}

static int lock_both(struct daemon_lock *lock, const char *directory, struct error *error)
{
	int rc = files_lock_directory(directory, LOCK_EX | LOCK_NB, &lock->directory, error);

	if (rc == 0)
		rc = files_lock(directory, DAEMON_LOCK, LOCK_EX | LOCK_NB, &lock->file, error);
	if (rc != 0) {
		files_close(&lock->file);
		files_close(&lock->directory);
	}
	return rc;
}

/* A tool that looks whether there is a daemon has the lock for a moment. */
static int lock_patiently(struct daemon_lock *lock, const char *directory, struct error *error)
{
	enum { ATTEMPTS = 20 };
	static const struct timespec moment = {.tv_nsec = 1000000};
	int rc = FILES_HELD;

	for (unsigned attempt = 0; rc == FILES_HELD && attempt < ATTEMPTS; attempt++) {
		if (attempt > 0)
			(void)nanosleep(&moment, NULL);
		rc = lock_both(lock, directory, error);
	}
	return rc == FILES_HELD ? busy(directory, error) : rc;
}

int daemon_lock_take(struct daemon_lock *lock, const char *directory, struct error *error)
{
	char text[16];
	int rc, length;

	*lock = DAEMON_LOCK_NONE;
	rc = lock_patiently(lock, directory, error);

	if (rc == 0) {
		length = snprintf(text, sizeof text, "%d\n", (int)getpid());
		if (ftruncate(lock->file, 0) < 0 || pwrite(lock->file, text, (size_t)length, 0) != length)
			rc = files_fault(error, directory, "cannot write " DAEMON_LOCK);
	}
	if (rc < 0)
		daemon_lock_release(lock);
	return rc;
}

void daemon_lock_release(struct daemon_lock *lock)
{
	if (lock->file >= 0 && ftruncate(lock->file, 0) < 0)
		errno = 0; /* nobody reads a number that is left behind: only the lock counts */
	files_close(&lock->file);
	files_close(&lock->directory);
}

int daemon_lock_note(struct daemon_lock *lock, const char *directory, const struct files_identity *opened,
		     struct error *error)
{
	char text[TEXT_BYTES];
	int length;

	if (lock->file < 0 || files_same(&lock->noted, opened))
		return 0;
	length = snprintf(text, sizeof text, "%d\n" IDENTITY, (int)getpid(), opened->data.device, opened->data.inode,
			  opened->lock.device, opened->lock.inode);
	if (pwrite(lock->file, text, (size_t)length, 0) != length)
		return files_fault(error, directory, "cannot write " DAEMON_LOCK);
	lock->noted = *opened;
	return 0;
}

/* ---- Who has it, and which files ------------------------------------------------------------------- */

/* The lock is taken for a moment, shared, where nobody has it. */
static bool is_held(const char *directory)
{
	int fd = -1;
	bool held = files_lock_directory(directory, LOCK_SH | LOCK_NB, &fd, NULL) == FILES_HELD;

	files_close(&fd);
	if (!held)
		held = files_lock(directory, DAEMON_LOCK, LOCK_SH | LOCK_NB, &fd, NULL) == FILES_HELD;
	files_close(&fd);
	return held;
}

int daemon_lock_holder(const char *directory)
{
	int pid;

	if (!is_held(directory))
		return 0;
	pid = read_owner(directory).pid;
	return pid > 0 ? pid : -1;
}

int daemon_lock_check(const char *directory, struct error *error)
{
	struct files_identity now;
	struct owner owner;
	int rc;

	if (!is_held(directory))
		return 0;
	owner = read_owner(directory);
	if (owner.opened.data.inode == 0)
		return error_set(
			error, FAULT_BUSY,
			"%s: turfd uses this store and does not say which files it has open: it is starting, or " DAEMON_LOCK
			" was deleted; try again, or restart turfd first",
			directory);
	rc = files_identify(directory, &now, error);
	if (rc < 0 || files_same(&now, &owner.opened))
		return rc;
	return error_set(error, FAULT_BUSY,
			 "%s: turfd (process %d) has a %s open that was deleted or replaced since. "
			 "Nothing was changed; read turfd's log, and restart turfd first",
			 directory, owner.pid, files_differing(&now, &owner.opened));
}
