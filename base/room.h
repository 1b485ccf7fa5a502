/* SPDX-License-Identifier: EUPL-1.2 */
/* Lists on the heap that grow. */
#ifndef TURF_BASE_ROOM_H
#define TURF_BASE_ROOM_H

#include <stddef.h>

/* Room for one item more in a list of `n` items of `size` bytes each, with memory for `*room` of them. Returns the list, which
 * may have moved. NULL: no memory; then the list is where it was. */
void *room_for_one(void *list, size_t n, size_t *room, size_t size);

#endif
