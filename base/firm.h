/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writing again what can be seen. A write whose sync failed may be on the disk or not, and still show to all who read the
 * file; whoever builds on it must first write it again, and sync that.
 */
#ifndef TURF_BASE_FIRM_H
#define TURF_BASE_FIRM_H

#include <stddef.h>

/* Writes the first sector (512 bytes) of each of the file's first `pages` pages of `page_bytes` again, as it is seen now,
 * and syncs. 0 or an errno; EIO where such a page is not there whole. */
int firm_first_pages(int fd, size_t page_bytes, size_t pages);

#endif
