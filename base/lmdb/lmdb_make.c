/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb/lmdb_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fill_file(const struct lmdb_options *options, lmdb_body *fill, void *context, struct error *error)
{
	struct lmdb lmdb;
	int rc;

	if (unlink(options->path) < 0 && errno != ENOENT)
		return error_set(error, FAULT_SYSTEM, "%s: %s", options->path, strerror(errno));
	rc = lmdb_open(&lmdb, options, error);
	if (rc == 0 && fill)
		rc = lmdb_change(&lmdb, fill, context, error);
	lmdb_close(&lmdb);
	return rc;
}

static int install(const char *folder, const char *made, const char *file, struct error *error)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || syncfs(fd) < 0 || rename(made, file) < 0 || fsync(fd) < 0)
		rc = error_set(error, errno == ENOSPC ? FAULT_FULL : FAULT_SYSTEM, "%s: %s", file, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

int lmdb_make(const char *folder, const struct lmdb_kind *kind, size_t map_bytes, lmdb_body *fill, void *context,
	      struct error *error)
{
	struct lmdb_options options = {.kind = kind, .alone = true, .create = true, .map_bytes = map_bytes};
	char *file = NULL, *made = NULL;
	int rc;

	if (asprintf(&file, "%s/" LMDB_MAKE_FILE, folder) < 0 ||
	    asprintf(&made, "%s/" LMDB_MAKE_NEW_FILE, folder) < 0) {
		rc = error_set(error, FAULT_MEMORY, "no memory for a path");
	} else {
		options.path = made;
		rc = fill_file(&options, fill, context, error);
		if (rc == 0)
			rc = install(folder, made, file, error);
		if (rc < 0)
			(void)unlink(made);
	}
	free(made);
	free(file);
	return rc;
}
