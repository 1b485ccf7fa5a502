/* SPDX-License-Identifier: EUPL-1.2 */
/* Figures as JSON. */
#ifndef TURF_AGGREGATOR_FIGURES_JSON_H
#define TURF_AGGREGATOR_FIGURES_JSON_H

#include "aggregator/figures/figures.h"

struct json_t;

/* JSON as text. Heap; free() it. `flags`: jansson's. NULL: no memory. (jansson's own json_dumps passes over a lack of memory for
 * a member's name, and then gives a text that is no JSON.) */
char *json_text(const struct json_t *json, size_t flags);

/* The JSON twin: UTF-8, names spelled out, members in a fixed order. Heap; free() it. NULL: no memory. */
char *figures_json(const struct summary *summary, const struct catalogue *catalogue);

#endif
