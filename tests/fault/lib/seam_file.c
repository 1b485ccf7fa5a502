/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files: each call may fail, and what it did is recorded. A write may also be a short one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam_impl.h"

enum { SHORT = -1 }; /* no errno: half of the bytes are written */

static const int of_writing[] = {EIO, ENOSPC, SHORT, EINTR, 0};
static const int of_reading[] = {EIO, EINTR, 0};
static const int of_syncing[] = {EIO, ENOSPC, 0};
static const int of_opening[] = {EMFILE, ENOSPC, EACCES, EROFS, 0};
static const int of_naming[] = {EIO, ENOSPC, EROFS, 0};
static const int of_looking[] = {EIO, EACCES, 0};
static const int of_locking[] = {ENOLCK, EINTR, 0};
static const int of_mapping[] = {ENOMEM, 0};

/* ---- Opening -------------------------------------------------------------------------------------- */

WRAP(int, open, const char *path, int flags, ...)
{
	bool was_there;
	mode_t mode = 0;
	va_list args;
	int fd;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (seam_refuses("open", of_opening))
		return -1;
	was_there = !(flags & O_CREAT) || faccessat(AT_FDCWD, path, F_OK, 0) == 0;
	fd = __real_open(path, flags, mode);
	if (fd >= 0)
		record_opened(path, fd, was_there);
	return fd;
}

WRAP(FILE *, fopen, const char *path, const char *mode)
{
	return seam_refuses("fopen", of_opening) ? NULL : __real_fopen(path, mode);
}

WRAP(DIR *, opendir, const char *path)
{
	return seam_refuses("opendir", of_opening) ? NULL : __real_opendir(path);
}

WRAP(int, signalfd, int fd, const sigset_t *set, int flags)
{
	return seam_refuses("signalfd", of_opening) ? -1 : __real_signalfd(fd, set, flags);
}

/* ---- Reading ---------------------------------------------------------------------------------------- */

WRAP(ssize_t, read, int fd, void *bytes, size_t length)
{
	return seam_refuses("read", of_reading) ? -1 : __real_read(fd, bytes, length);
}

WRAP(ssize_t, pread, int fd, void *bytes, size_t length, off_t offset)
{
	return seam_refuses("pread", of_reading) ? -1 : __real_pread(fd, bytes, length, offset);
}

WRAP(int, stat, const char *path, struct stat *status)
{
	return seam_refuses("stat", of_looking) ? -1 : __real_stat(path, status);
}

WRAP(int, fstat, int fd, struct stat *status)
{
	return seam_refuses("fstat", of_looking) ? -1 : __real_fstat(fd, status);
}

WRAP(int, access, const char *path, int how)
{
	return seam_refuses("access", of_looking) ? -1 : __real_access(path, how);
}

WRAP(off_t, lseek, int fd, off_t offset, int whence)
{
	return seam_refuses("lseek", of_looking) ? -1 : __real_lseek(fd, offset, whence);
}

WRAP(void *, mmap, void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
	return seam_refuses("mmap", of_mapping) ? MAP_FAILED : __real_mmap(at, length, protection, flags, fd, offset);
}

/* ---- Writing ---------------------------------------------------------------------------------------- */

static ssize_t written_at(const char *call, int fd, const void *bytes, size_t length, off_t offset);

WRAP(ssize_t, pwrite, int fd, const void *bytes, size_t length, off_t offset)
{
	return written_at("pwrite", fd, bytes, length, offset);
}

/* How many of `length` bytes may go out; -1 with errno: none. */
static ssize_t allowed(const char *call, size_t length)
{
	int error = seam_error(SEAM_FILE, call, of_writing);

	if (error == 0)
		return (ssize_t)length;
	if (error == SHORT)
		return (ssize_t)(length / 2);
	errno = error;
	return -1;
}

/* A write that fails may have reached the disk all the same. */
static ssize_t written_at(const char *call, int fd, const void *bytes, size_t length, off_t offset)
{
	ssize_t room = allowed(call, length), done;

	if (room < 0) {
		int error = errno;

		if (error != EINTR)
			record_wrote(fd, bytes, length, offset, true);
		errno = error;
		return -1;
	}
	done = __real_pwrite(fd, bytes, (size_t)room, offset);
	if (done > 0)
		record_wrote(fd, bytes, (size_t)done, offset, false);
	return done;
}

/* At the descriptor's own place, which only a regular file has. */
static ssize_t written_here(const char *call, int fd, const void *bytes, size_t length, off_t *here)
{
	ssize_t done = written_at(call, fd, bytes, length, *here);

	if (done > 0)
		*here = __real_lseek(fd, *here + done, SEEK_SET);
	return done;
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t length)
{
	off_t here = __real_lseek(fd, 0, SEEK_CUR);

	return here < 0 ? __real_write(fd, bytes, length) : written_here("write", fd, bytes, length, &here);
}

/* LMDB's pages, one after the other. A short or failed write ends it. */
WRAP(ssize_t, writev, int fd, const struct iovec *parts, int n)
{
	off_t here = __real_lseek(fd, 0, SEEK_CUR);
	ssize_t total = 0;

	for (int i = 0; i < n; i++) {
		ssize_t done = written_here("writev", fd, parts[i].iov_base, parts[i].iov_len, &here);

		if (done < 0)
			return total > 0 ? total : -1;
		total += done;
		if ((size_t)done < parts[i].iov_len)
			break;
	}
	return total;
}

WRAP(int, ftruncate, int fd, off_t size)
{
	int rc = seam_refuses("ftruncate", of_naming) ? -1 : __real_ftruncate(fd, size);

	if (rc == 0)
		record_resized(fd, size);
	return rc;
}

WRAP(int, fallocate, int fd, int mode, off_t offset, off_t length)
{
	return seam_refuses("fallocate", of_naming) ? -1 : __real_fallocate(fd, mode, offset, length);
}

/* Recorded only: the tests keep their files where there is no disk to wait for. */
static int synced(const char *call, int fd)
{
	bool failed = seam_refuses(call, of_syncing);
	int error = errno;

	record_synced(fd, failed);
	errno = error;
	return failed ? -1 : 0;
}

WRAP(int, fsync, int fd)
{
	return synced("fsync", fd);
}

WRAP(int, fdatasync, int fd)
{
	return synced("fdatasync", fd);
}

WRAP(int, syncfs, int fd)
{
	bool failed = seam_refuses("syncfs", of_syncing);
	int error = errno;

	(void)fd;
	record_synced_all(failed);
	errno = error;
	return failed ? -1 : 0;
}

/* ---- Names and locks ---------------------------------------------------------------------------------- */

WRAP(int, mkdir, const char *path, mode_t mode)
{
	int rc = seam_refuses("mkdir", of_naming) ? -1 : __real_mkdir(path, mode);

	if (rc == 0)
		record_made_folder(path);
	return rc;
}

WRAP(int, unlink, const char *path)
{
	int rc = seam_refuses("unlink", of_naming) ? -1 : __real_unlink(path);

	if (rc == 0)
		record_removed(path);
	return rc;
}

WRAP(int, rmdir, const char *path)
{
	int rc = seam_refuses("rmdir", of_naming) ? -1 : __real_rmdir(path);

	if (rc == 0)
		record_removed(path);
	return rc;
}

WRAP(int, rename, const char *from, const char *to)
{
	int rc = seam_refuses("rename", of_naming) ? -1 : __real_rename(from, to);

	if (rc == 0)
		record_renamed(from, to);
	return rc;
}

WRAP(int, link, const char *from, const char *to)
{
	int rc = seam_refuses("link", of_naming) ? -1 : __real_link(from, to);

	if (rc == 0)
		record_linked(from, to);
	return rc;
}

WRAP(int, flock, int fd, int how)
{
	return seam_refuses("flock", of_locking) ? -1 : __real_flock(fd, how);
}

/* LMDB locks its lock file with it. */
WRAP(int, fcntl, int fd, int command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if ((command == F_SETLK || command == F_SETLKW) && seam_refuses("fcntl", of_locking))
		return -1;
	return __real_fcntl(fd, command, argument);
}
