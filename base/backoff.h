/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Backoff: the growing wait between two attempts. Pure functions; the caller counts its attempts and draws its random bits.
 */
#ifndef TURF_BASE_BACKOFF_H
#define TURF_BASE_BACKOFF_H

#include <stdint.h>

/* The wait after so many attempts in a row that failed: first_ms after one, doubled with each further one, up to max_ms;
 * never less than first_ms. */
int64_t backoff_ms(int64_t first_ms, int64_t max_ms, uint32_t attempts);

/* Half of `ms` and a random part of the other half, so that many clients do not come back at the same moment. */
int64_t backoff_spread_ms(int64_t ms, uint32_t random);

#endif
