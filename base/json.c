/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json.h"

#include <jansson.h>
#include <stdlib.h>

char *json_text(const json_t *json, size_t flags)
{
	size_t length = json_dumpb(json, NULL, 0, flags);
	char *text = length > 0 ? malloc(length + 1) : NULL;

	if (!text)
		return NULL;
	if (json_dumpb(json, text, length, flags) == length) {
		text[length] = '\0';
		return text;
	}
	free(text);
	return NULL;
}
