/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb/lmdb_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include "base/lmdb/lmdb_error.h"

enum { META_PAGES = 2 };

/* ---- Rewriting ------------------------------------------------------------------------------------- */

/* What LMDB writes of a meta page is in its first sector. */
static int rewrite_sector(int fd, off_t at)
{
	enum { SECTOR_BYTES = 512 };
	uint8_t sector[SECTOR_BYTES];
	ssize_t length = pread(fd, sector, sizeof sector, at), written;

	if (length < 0)
		return errno;
	written = pwrite(fd, sector, (size_t)length, at);
	if (written < 0)
		return errno;
	return written == sizeof sector ? 0 : EIO;
}

static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return errno;
	rc = fsync(fd) < 0 ? errno : 0;
	(void)close(fd);
	return rc;
}

int lmdb_meta_rewrite(struct lmdb *lmdb, struct error *error)
{
	mdb_filehandle_t fd;
	MDB_stat stat;
	int rc = 0;

	(void)mdb_env_stat(lmdb->env, &stat);
	(void)mdb_env_get_fd(lmdb->env, &fd);
	for (size_t page = 0; page < META_PAGES && rc == 0; page++)
		rc = rewrite_sector(fd, (off_t)(page * stat.ms_psize));
	if (rc == 0 && fdatasync(fd) < 0)
		rc = errno;
	if (rc == 0 && !lmdb->options.alone)
		rc = sync_directory(lmdb->path);
	return rc == 0 ? 0 : lmdb_translate(lmdb, rc, "rewriting the meta pages", error);
}

/* ---- Numbers of transactions ------------------------------------------------------------------------ */

/* LMDB's MDB_meta, behind the head of its page, as far as its transaction's number. LMDB has no call for the number in the
 * earlier meta page: mdb_env_info tells that of the later one only. */
struct meta {
	uint8_t head[16];
	uint32_t magic, version;
	void *address;
	size_t map_bytes;
	struct {
		uint32_t pad;
		uint16_t flags, depth;
		size_t pages[5];
	} own[2];
	size_t last_page, transaction;
};

/* A transaction whose number is even writes the first page, an odd one the second; a new file has both of 0. */
static bool successive(size_t even, size_t odd)
{
	if (even == 0 && odd == 0)
		return true;
	return even % 2 == 0 && odd % 2 == 1 && (even + 1 == odd || odd + 1 == even);
}

bool lmdb_meta_successive(struct lmdb_txn *txn)
{
	enum { TRIES = 5 }; /* another process may commit between the two reads */
	struct meta pages[META_PAGES];
	mdb_filehandle_t fd;
	bool found = false;
	MDB_stat stat;

	(void)mdb_env_stat(txn->lmdb->env, &stat);
	(void)mdb_env_get_fd(txn->lmdb->env, &fd);
	for (int i = 0; i < TRIES && !found; i++) {
		for (size_t page = 0; page < META_PAGES; page++)
			if (pread(fd, &pages[page], sizeof pages[page], (off_t)(page * stat.ms_psize)) !=
			    sizeof pages[page])
				return false;
		found = successive(pages[0].transaction, pages[1].transaction);
	}
	return found;
}
