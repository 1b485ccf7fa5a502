/* SPDX-License-Identifier: EUPL-1.2 */
/* Figures as JSON. */
#ifndef TURF_AGGREGATOR_FIGURES_JSON_H
#define TURF_AGGREGATOR_FIGURES_JSON_H

#include "aggregator/figures/figures.h"

struct json_t;

/* Returns JSON as text; free() it. `flags` are jansson's. NULL: no memory. (When jansson's own json_dumps has no memory
 * for the name of a member, it continues, and returns a text that is not JSON.) */
char *json_text(const struct json_t *json, size_t flags);

/* The JSON twin: UTF-8, names spelled out, members in a fixed order. Heap; free() it. NULL: no memory. */
char *figures_json(const struct summary *summary, const struct catalogue *catalogue);

#endif
