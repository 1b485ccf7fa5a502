/* SPDX-License-Identifier: EUPL-1.2 */
/* Figures as JSON. */
#ifndef TURF_AGGREGATOR_FIGURES_JSON_H
#define TURF_AGGREGATOR_FIGURES_JSON_H

#include "aggregator/figures/figures.h"

/* The JSON twin: UTF-8, names spelled out, members in a fixed order. Heap; free() it. NULL: no memory. */
char *figures_json(const struct summary *summary, const struct catalogue *catalogue);

#endif
