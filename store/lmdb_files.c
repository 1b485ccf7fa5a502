/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lmdb_files.h"

#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lmdb_file.h"

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
				 "%s: " DATA_FILE " is gone, while it is open: the file or its folder was moved or deleted; "
				 "put it back",
				 lmdb->path);
	if (data)
		return error_set(error, FAULT_STORE,
				 "%s: the " DATA_FILE " that is open was replaced by another file; put the old one back "
				 "(until turfd stops it can be read as /proc/PID/fd/N), or stop turfd and restore a backup",
				 lmdb->path);
	return error_set(error, FAULT_STORE,
			 "%s: " LMDB_LOCK " was deleted or replaced while it is open, so turfd and turfctl no longer see each "
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

const char *lmdb_foreign_kind(const struct lmdb *lmdb)
{
	char data[PATH_MAX];

	if (lmdb->options.alone)
		return lmdb_file_foreign_kind(lmdb->path);
	return files_path(data, lmdb->path, DATA_FILE, NULL) < 0 ? NULL : lmdb_file_foreign_kind(data);
}
