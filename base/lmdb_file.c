/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lmdb_file.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* LMDB sizes the file by itself, as long as nobody else has it open: so its size stays as it is. */
int lmdb_file_reserve_lock(const char *path)
{
	enum { LOCK_FILE_BYTES = 16384, FILE_MODE = 0600 }; /* LMDB's is half of that */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE), rc = 0;

	if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOCK_FILE_BYTES) < 0)
		rc = errno;
	if (fd >= 0)
		(void)close(fd);
	return rc == ENOSPC || rc == EDQUOT ? rc : 0; /* some file systems cannot promise room */
}

/* A page begins with its number, in a machine word, and 8 bytes more; then, in LMDB's first page, its magic number. */
enum { MAGIC = 0xBEEFC0DE, HEAD_BYTES_32 = 12, HEAD_BYTES_64 = 16 };
enum { OTHER_HEAD_BYTES = sizeof(size_t) == 8 ? HEAD_BYTES_32 : HEAD_BYTES_64 };

static uint32_t number_at(const uint8_t *page, size_t offset)
{
	uint32_t number;

	memcpy(&number, page + offset, sizeof number);
	return number;
}

static const char *kind_of(const uint8_t *page)
{
	if (number_at(page, OTHER_HEAD_BYTES) == (uint32_t)MAGIC)
		return sizeof(size_t) == 8 ? "written on a 32-bit machine, and this is a 64-bit one"
					   : "written on a 64-bit machine, and this is a 32-bit one";
	if (bswap_32(number_at(page, HEAD_BYTES_32)) == (uint32_t)MAGIC ||
	    bswap_32(number_at(page, HEAD_BYTES_64)) == (uint32_t)MAGIC)
		return "written on a machine with another byte order";
	return NULL;
}

const char *lmdb_file_foreign_kind(const char *path)
{
	uint8_t page[HEAD_BYTES_64 + sizeof(uint32_t)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? pread(fd, page, sizeof page, 0) : -1;

	if (fd >= 0)
		(void)close(fd);
	return length == sizeof page ? kind_of(page) : NULL;
}
