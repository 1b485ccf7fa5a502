/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb/lmdb_error.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Files of another kind of machine -------------------------------------------------------------- */

/* A page begins with its number, in a machine word, and 8 bytes more; then, in LMDB's first page, its magic number. */
enum { MAGIC = 0xBEEFC0DE, HEAD_BYTES_32 = 12, HEAD_BYTES_64 = 16 };
enum { OTHER_HEAD_BYTES = sizeof(size_t) == 8 ? HEAD_BYTES_32 : HEAD_BYTES_64 };

static uint32_t number_at(const uint8_t *page, size_t offset)
{
	uint32_t number;

	memcpy(&number, page + offset, sizeof number);
	return number;
}

static const char *machine_of(const uint8_t *page)
{
	if (number_at(page, OTHER_HEAD_BYTES) == (uint32_t)MAGIC)
		return sizeof(size_t) == 8 ? "written on a 32-bit machine, and this is a 64-bit one"
					   : "written on a 64-bit machine, and this is a 32-bit one";
	if (bswap_32(number_at(page, HEAD_BYTES_32)) == (uint32_t)MAGIC ||
	    bswap_32(number_at(page, HEAD_BYTES_64)) == (uint32_t)MAGIC)
		return "written on a machine with another byte order";
	return NULL;
}

/* As part of a sentence; NULL: the file is not LMDB's on any machine, or cannot be read. */
static const char *other_machine(const struct lmdb *lmdb)
{
	uint8_t page[HEAD_BYTES_64 + sizeof(uint32_t)];
	ssize_t length = -1;
	char *path = NULL;
	int fd = asprintf(&path, "%s%s", lmdb->path, lmdb->options.alone ? "" : "/data.mdb") < 0
			 ? -1
			 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		length = pread(fd, page, sizeof page, 0);
		(void)close(fd);
	}
	free(path);
	return length == sizeof page ? machine_of(page) : NULL;
}

/* ---- Faults ------------------------------------------------------------------------------------------ */

static int not_ours(const struct lmdb *lmdb, const char *call, const char *reason, struct error *error)
{
	const struct lmdb_kind *kind = lmdb->options.kind;
	const char *machine = other_machine(lmdb);

	if (machine)
		return error_set(error, FAULT_FOREIGN, "%s%s: %s: %s", kind->name, lmdb->path, machine,
				 kind->if_other_machine);
	return error_set(error, kind->not_ours_fault, "%s%s: %s (%s: %s)", kind->name, lmdb->path, kind->not_ours, call,
			 reason);
}

/* LMDB returns EIO for every short write, also when the disk is full. */
int lmdb_translate(const struct lmdb *lmdb, int rc, const char *call, struct error *error)
{
	const struct lmdb_kind *kind = lmdb->options.kind;
	const char *reason = mdb_strerror(rc);

	switch (rc) {
	case ENOSPC:
	case EIO:
	case EDQUOT:
	case EFBIG:
		return error_set(error, FAULT_FULL, "%s%s: there is no room on the disk (%s: %s); make room",
				 kind->name, lmdb->path, call, reason);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return error_set(error, FAULT_DAMAGED, "%s%s: the file is damaged (%s: %s); %s", kind->name, lmdb->path,
				 call, reason, kind->if_damaged);
	case MDB_VERSION_MISMATCH:
		return error_set(error, FAULT_FOREIGN, "%s%s: another version of LMDB wrote it (%s: %s)", kind->name,
				 lmdb->path, call, reason);
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return not_ours(lmdb, call, reason, error);
	case ENOMEM:
		return error_set(error, FAULT_MEMORY, "%s%s: %s: no memory", kind->name, lmdb->path, call);
	default:
		return error_set(error, rc > 0 ? FAULT_SYSTEM : FAULT_STORE, "%s%s: %s: %s", kind->name, lmdb->path,
				 call, reason);
	}
}
