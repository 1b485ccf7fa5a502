/* SPDX-License-Identifier: EUPL-1.2 */
/* Chains of sessions, each of which goes on from where a power cut left the one before. */
#ifndef TURF_TESTS_FAULT_LIB_CHAINS_H
#define TURF_TESTS_FAULT_LIB_CHAINS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A test program: on a disk that works, and on one that fails now and then. `run` runs one chain and returns how many cuts
 * it made. A test has `n` chains, or TURF_CHAINS; TURF_SEED chooses others; a failure prints its seed.
 */
int chains_main(const char *name, uint64_t n, uint64_t (*run)(uint64_t seed, bool failing));

/* Where the disk is `failing` now and then: one of the next calls to it may fail, at most `calls` from here. */
void chains_trouble(uint64_t *dice, bool failing, uint32_t calls);

#endif
