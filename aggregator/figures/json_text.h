/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * JSON as text. jansson's own json_dumps passes over a lack of memory for a member's name, and then gives a text that
 * is no JSON.
 */
#ifndef TURF_AGGREGATOR_FIGURES_JSON_TEXT_H
#define TURF_AGGREGATOR_FIGURES_JSON_TEXT_H

#include <stddef.h>

struct json_t;

/* Heap; free() it. `flags`: jansson's. NULL: no memory. */
char *json_text(const struct json_t *json, size_t flags);

#endif
