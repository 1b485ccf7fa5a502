/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/firm.h"

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

enum { SECTOR_BYTES = 512 };

static int write_again(int fd, off_t at)
{
	uint8_t sector[SECTOR_BYTES];
	ssize_t length = pread(fd, sector, sizeof sector, at), written;

	if (length < 0)
		return errno;
	written = pwrite(fd, sector, (size_t)length, at);
	if (written < 0)
		return errno;
	return written == sizeof sector ? 0 : EIO;
}

int firm_first_pages(int fd, size_t page_bytes, size_t pages)
{
	int rc = 0;

	for (size_t page = 0; page < pages && rc == 0; page++)
		rc = write_again(fd, (off_t)(page * page_bytes));
	return rc == 0 && fdatasync(fd) < 0 ? errno : rc;
}
