/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Figures as turf.h has them, from messages. The bytes are of others: a text that is not there is empty, a number that is
 * not there or below zero is 0.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_TURF_FIGURES_H
#define TURF_BROKER_CLIENT_LIBTURF_TURF_FIGURES_H

#include "broker-client/libturf/turf.h"

/* A summary from its JSON. NULL: it is none, or there is no memory. */
struct turf_summary *turf_figures_summary(const void *json, size_t length);
void turf_figures_free_summary(struct turf_summary *summary);

/* A weekly course from its message. Heap, for free(); NULL likewise. */
struct turf_weekly *turf_figures_weekly(const uint8_t *bytes, size_t length);

#endif
