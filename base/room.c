/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/room.h"

#include <stdlib.h>

enum { ROOM_AT_FIRST = 64 };

void *room_for_one(void *list, size_t n, size_t *room, size_t size)
{
	size_t larger = *room > 0 ? 2 * *room : ROOM_AT_FIRST;
	void *moved;

	if (n < *room)
		return list;
	moved = realloc(list, larger * size);
	if (moved)
		*room = larger;
	return moved;
}
