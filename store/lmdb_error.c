/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/lmdb_error.h"

#include <errno.h>
#include <lmdb.h>

#include "store/lmdb_files.h"

static int foreign(const struct lmdb *lmdb, const char *call, const char *reason, struct error *error)
{
	const char *kind = lmdb_foreign_kind(lmdb);

	if (kind)
		return error_set(error, FAULT_FOREIGN,
				 "%s: %s: the counts in it are not damaged, but must be carried over as text (docs/operating.md, "
				 "Another machine)",
				 lmdb->path, kind);
	return error_set(error, FAULT_FOREIGN, "%s: not a turf store (%s: %s)", lmdb->path, call, reason);
}

/* A full disk shows as EIO too: LMDB says so of every short write. */
int lmdb_translate(const struct lmdb *lmdb, int rc, const char *call, struct error *error)
{
	const char *path = lmdb->path, *reason = mdb_strerror(rc);

	switch (rc) {
	case ENOSPC:
	case EIO:
	case EDQUOT:
	case EFBIG:
		return error_set(error, FAULT_FULL, "%s: there is no room on the disk (%s: %s); make room", path, call,
				 reason);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return error_set(error, FAULT_DAMAGED, "%s: the file is damaged (%s: %s); restore a backup", path, call,
				 reason);
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return foreign(lmdb, call, reason, error);
	case ENOMEM:
		return error_set(error, FAULT_MEMORY, "%s: %s: no memory", path, call);
	default:
		return error_set(error, rc > 0 ? FAULT_SYSTEM : FAULT_STORE, "%s: %s: %s", path, call, reason);
	}
}
