/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb/lmdb_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/lmdb/lmdb_error.h"

enum { META_PAGES = 2, FREE_DATABASE = 0, BEGINS_MAX = 4 };

/* ---- The meta pages ------------------------------------------------------------------------------ */

/* Everything that LMDB writes into a meta page is in its first sector. */
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

/* The beginning of a meta page: the head of the page, and LMDB's MDB_meta up to the number of its transaction. LMDB has
 * no call for the number in the earlier meta page: mdb_env_info gives only that of the later one. */
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

/* A transaction with an even number writes the first page, one with an odd number the second. In a new file both are
 * 0. */
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

/* ---- Free pages ----------------------------------------------------------------------------------- */

/* What LMDB's list of free pages holds. Its records are lists of page numbers, descending, their number first. */
struct free_pages {
	uint64_t n;
	uint64_t n_within; /* of which from `first` up to, not including, `end` */
	uint64_t first, end;
	bool sound; /* every list descends, and names pages of the file only */
};

static void count_list(struct free_pages *free, const size_t *list, size_t bytes)
{
	if (bytes < sizeof *list || list[0] > bytes / sizeof *list - 1) {
		free->sound = false;
		return;
	}
	for (size_t i = 1; i <= list[0]; i++) {
		free->n++;
		free->n_within += list[i] >= free->first && list[i] < free->end;
		free->sound &= list[i] >= META_PAGES && list[i] < free->end && (i == 1 || list[i] < list[i - 1]);
	}
}

static int count_free(MDB_txn *txn, struct free_pages *free)
{
	MDB_cursor *cursor;
	MDB_val key, list;
	int rc = mdb_cursor_open(txn, FREE_DATABASE, &cursor);

	if (rc != 0)
		return rc;
	free->sound = true;
	while (rc == 0) {
		rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT);
		if (rc == 0)
			count_list(free, list.mv_data, list.mv_size);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- A file that was cut off ---------------------------------------------------------------------- */

/* LMDB leaves pages at the end unwritten when they were taken and freed in one transaction. So a file may end before
 * its last page, if all that is missing is free; and the list of what is free may be missing itself. */
struct tail {
	MDB_txn *txn;
	struct free_pages free; /* within what is missing */
};

static bool is_free(void *context)
{
	struct tail *tail = context;
	int rc = count_free(tail->txn, &tail->free);

	return rc == 0 && tail->free.n_within >= tail->free.end - tail->free.first;
}

int lmdb_begin_first(struct lmdb *lmdb, unsigned flags, MDB_txn **txn)
{
	int rc = MDB_MAP_RESIZED;

	for (unsigned attempt = 0; rc == MDB_MAP_RESIZED && attempt < BEGINS_MAX; attempt++) {
		if (attempt > 0)
			rc = mdb_env_set_mapsize(lmdb->env, 0); /* what the other process has */
		if (attempt == 0 || rc == 0)
			rc = mdb_txn_begin(lmdb->env, NULL, flags, txn);
	}
	return rc;
}

/* The order matters while another process writes: last page, transaction, file length. */
int lmdb_check_length(struct lmdb *lmdb, struct error *error)
{
	struct tail tail = {.txn = NULL};
	struct free_pages *free = &tail.free;
	mdb_filehandle_t fd;
	MDB_envinfo info;
	struct stat file;
	MDB_stat stat;
	bool whole = true, sound;
	int rc;

	(void)mdb_env_info(lmdb->env, &info);
	(void)mdb_env_stat(lmdb->env, &stat);
	(void)mdb_env_get_fd(lmdb->env, &fd);
	rc = lmdb_begin_first(lmdb, MDB_RDONLY, &tail.txn);
	if (rc != 0)
		return lmdb_translate(lmdb, rc, "mdb_txn_begin", error);
	rc = fstat(fd, &file) < 0 ? errno : 0;
	free->first = (uint64_t)file.st_size / stat.ms_psize;
	free->end = info.me_last_pgno + 1;
	if (rc == 0 && free->first < free->end)
		whole = guard_run(is_free, &tail, &sound) == 0 && is_free(&tail);
	mdb_txn_abort(tail.txn);
	if (rc != 0)
		return lmdb_translate(lmdb, rc, "fstat", error);
	if (!whole)
		return error_set(error, FAULT_DAMAGED, "%s%s: the file is cut off: %llu of %llu pages; %s",
				 lmdb->options.kind->name, lmdb->path, (unsigned long long)free->first,
				 (unsigned long long)free->end, lmdb->options.kind->if_damaged);
	return 0;
}

/* ---- Adding up ------------------------------------------------------------------------------------ */

static uint64_t pages_of(const MDB_stat *stat)
{
	return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

/* Of all databases, LMDB's own two among them. */
static uint64_t count_used(struct lmdb_txn *txn)
{
	enum { MAIN_DATABASE = 1 };
	uint64_t pages = META_PAGES;
	MDB_stat stat;

	for (MDB_dbi own = FREE_DATABASE; own <= MAIN_DATABASE; own++)
		if (mdb_stat(txn->txn, own, &stat) == 0)
			pages += pages_of(&stat);
	for (size_t i = 0; i < txn->lmdb->options.kind->n_databases; i++)
		if (mdb_stat(txn->txn, txn->lmdb->handles[i], &stat) == 0)
			pages += pages_of(&stat);
	return pages;
}

uint64_t lmdb_used_bytes(struct lmdb_txn *txn)
{
	MDB_stat stat;

	(void)mdb_env_stat(txn->lmdb->env, &stat);
	return count_used(txn) * stat.ms_psize;
}

bool lmdb_pages_add_up(struct lmdb_txn *txn)
{
	struct free_pages free = {0};
	MDB_envinfo info;

	(void)mdb_env_info(txn->lmdb->env, &info);
	if (info.me_last_txnid != mdb_txn_id(txn->txn))
		return true;
	free.end = info.me_last_pgno + 1;
	return count_free(txn->txn, &free) == 0 && free.sound && count_used(txn) + free.n == free.end;
}
