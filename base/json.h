/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON of jansson's as text. */
#ifndef TURF_BASE_JSON_H
#define TURF_BASE_JSON_H

#include <stddef.h>

struct json_t;

/* Returns JSON as text; free() it. `flags` are jansson's. NULL: no memory. (When jansson's own json_dumps has no memory
 * for the name of a member, it continues, and returns a text that is not JSON.) */
char *json_text(const struct json_t *json, size_t flags);

#endif
