/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The taps that the benchmarks use: questions of four teams over the domains of the 2017 edition, their ids random
 * and the same for the same seed. bench.conf is the org they belong to.
 */
#ifndef TURF_TESTS_BENCH_EVENTS_H
#define TURF_TESTS_BENCH_EVENTS_H

#include "proto/catalogue.h"
#include "proto/message.h"

#define BENCH_ORG "bench"

enum { BENCH_TEAMS = 4, BENCH_DAY = 18220 }; /* 2019-11-20, the org's date: in the middle of a quarter and a week */

extern const char *const bench_teams[BENCH_TEAMS];

struct random {
	uint64_t state;
};
uint64_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t n);

struct event bench_event(struct random *random, uint32_t day);

/* Phone `number`'s client id: 22 characters. */
void bench_phone(uint32_t number, char id[static CLIENT_ID_BYTES]);

/* Enough of bench.conf's catalogue to admit these events. */
const struct catalogue *bench_catalogue(void);

/* A number from the command line; ends the program when it is none. */
uint64_t number_argument(const char *text);

#endif
