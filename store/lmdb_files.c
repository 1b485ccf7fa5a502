/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lmdb_files.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Names ---------------------------------------------------------------------------------------- */

/* The data file is asked, not its name: that may have been taken in between. LMDB keeps the lock file to itself. */
int lmdb_note_files(struct lmdb *lmdb, struct error *error)
{
	struct files_identity *opened = &lmdb->opened;
	mdb_filehandle_t fd;
	struct stat status;
	int rc = files_identify(lmdb->path, opened, error);

	(void)mdb_env_get_fd(lmdb->env, &fd);
	if (rc == 0 && fstat(fd, &status) < 0)
		rc = files_fault(error, lmdb->path, "fstat");
	if (rc < 0)
		*opened = (struct files_identity){0};
	else
		opened->data = (struct file_identity){status.st_dev, status.st_ino};
	return rc;
}

static int displaced(const struct lmdb *lmdb, const struct files_identity *now, struct error *error)
{
	bool data = strcmp(files_differing(now, &lmdb->opened), DATA_FILE) == 0;

	if (data && now->data.inode == 0)
		return error_set(error, FAULT_STORE,
				 "%s: " DATA_FILE " is not there any more, while it is open: it or its directory was moved or "
				 "deleted; put it back",
				 lmdb->path);
	if (data)
		return error_set(error, FAULT_STORE,
				 "%s: another " DATA_FILE " has taken the place of the one that is open; put the old one back "
				 "(until turfd stops it can be read as /proc/PID/fd/N), or stop turfd and restore a backup",
				 lmdb->path);
	return error_set(error, FAULT_STORE,
			 "%s: " LMDB_LOCK " was deleted or replaced while it is open, so that programs no longer see each "
			 "other; restart turfd",
			 lmdb->path);
}

int lmdb_check_files(const struct lmdb *lmdb, struct error *error)
{
	struct files_identity now;
	int rc;

	if (lmdb->opened.data.inode == 0)
		return 0;
	rc = files_identify(lmdb->path, &now, error);
	return rc < 0 || files_same(&now, &lmdb->opened) ? rc : displaced(lmdb, &now, error);
}

/* ---- Kinds ---------------------------------------------------------------------------------------- */

/* A page begins with its number, in a machine word, and 8 bytes more; then, in LMDB's first page, its magic number. */
enum { MAGIC = 0xBEEFC0DE, HEAD_BYTES_32 = 12, HEAD_BYTES_64 = 16 };
enum { OTHER_HEAD_BYTES = sizeof(size_t) == 8 ? HEAD_BYTES_32 : HEAD_BYTES_64 };

static const char *kind_of(const uint8_t *page)
{
	uint32_t narrow, wide, other;

	memcpy(&narrow, page + HEAD_BYTES_32, sizeof narrow);
	memcpy(&wide, page + HEAD_BYTES_64, sizeof wide);
	memcpy(&other, page + OTHER_HEAD_BYTES, sizeof other);
	if (other == (uint32_t)MAGIC)
		return sizeof(size_t) == 8 ? "written on a 32-bit machine, and this is a 64-bit one"
					   : "written on a 64-bit machine, and this is a 32-bit one";
	if (bswap_32(narrow) == (uint32_t)MAGIC || bswap_32(wide) == (uint32_t)MAGIC)
		return "written on a machine with another byte order";
	return NULL;
}

const char *lmdb_foreign_kind(const struct lmdb *lmdb)
{
	uint8_t page[HEAD_BYTES_64 + sizeof(uint32_t)];
	char data[PATH_MAX];
	ssize_t length;
	int fd;

	if (!lmdb->options.alone && files_path(data, lmdb->path, DATA_FILE, NULL) < 0)
		return NULL;
	fd = open(lmdb->options.alone ? lmdb->path : data, O_RDONLY | O_CLOEXEC);
	length = fd >= 0 ? pread(fd, page, sizeof page, 0) : -1;
	files_close(&fd);
	return length == sizeof page ? kind_of(page) : NULL;
}
