/* SPDX-License-Identifier: EUPL-1.2 */
/* The clock that nobody sets: for intervals only. */
#ifndef TURF_BASE_MONOTONIC_H
#define TURF_BASE_MONOTONIC_H

#include <stdint.h>

int64_t monotonic_ms(void);

#endif
