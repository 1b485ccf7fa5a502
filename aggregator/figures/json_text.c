/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/figures/json_text.h"

#include <jansson.h>
#include <stdlib.h>

enum { ROOM = 4096 }; /* the usual summary fits */

char *json_text(const struct json_t *json, size_t flags)
{
	size_t room = ROOM, length;
	char *text = malloc(room);

	while (text) {
		length = json_dumpb(json, text, room - 1, flags);
		if (length > 0 && length < room) {
			text[length] = '\0';
			return text;
		}
		free(text);
		room = length + 1;
		text = length > 0 ? malloc(room) : NULL;
	}
	return NULL;
}
