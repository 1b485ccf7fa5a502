/* SPDX-License-Identifier: EUPL-1.2 */
/* A store of the benchmarks' org, and taps folded into it in batches: what the programs that need no broker share. */
#ifndef TURF_TESTS_BENCH_FOLDING_H
#define TURF_TESTS_BENCH_FOLDING_H

#include "aggregator/daemon/batch.h"
#include "store/store.h"
#include "tests/bench/events.h"

struct folding {
	struct store *store;
	struct random random;
	struct standing standing;
	struct event *events; /* room for one batch */
	const char **teams;
	size_t room;
	struct batch batch; /* the order in which they are folded, as the pipeline does */
};

/* As turfd opens it on BENCH_DAY, time already seen to: past days are settled. */
void folding_open(struct folding *folding, const char *path, uint64_t seed);
void folding_close(struct folding *folding);

/* Draws a batch's taps, so that drawing is not in what is measured. */
void folding_draw(struct folding *folding, size_t events, uint32_t day);

/* Admits, folds and commits what was drawn. */
void folding_commit(struct folding *folding, size_t events);

/* `n` taps of past days, 25,000 a day, in one transaction a day. */
void folding_fill_past(struct folding *folding, uint64_t n);

#endif
