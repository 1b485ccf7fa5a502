/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A store that has lived a while, and scenarios of it: what was there before, what is there after, and nothing between.
 */
#ifndef TURF_TESTS_FAULT_LIB_STORE_FIXTURE_H
#define TURF_TESTS_FAULT_LIB_STORE_FIXTURE_H

#include "tests/fault/lib/scenario.h"
#include "tests/unit/lib/store_stage.h"

enum {
	LIVED = 60, /* questions in the store that the scenarios begin with */
	TAKEN = 5,  /* of which taken back */
	SEAMS_OF_READING = 1 << SEAM_MEMORY | 1 << SEAM_LMDB,
	SEAMS_OF_STORE = 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE,
};

/* What a store holds, as far as anybody can see. */
struct picture {
	struct tally tallies[3][2];
	uint64_t ids, quarantined;
	uint32_t clock_day, final_through;
	struct cells cells;
};

struct fixture {
	struct stage *stage;
	char lived[PATH_MAX / 2], copy[PATH_MAX / 2], backup[PATH_MAX / 2];
	struct picture before, after; /* of the scenario under way */
	bool known;                   /* `after` */
	bool quarantined_again;       /* what was done and not known to be is quarantined twice */
	uint64_t counted;             /* in the store to begin with */
	uint32_t told, told_before;   /* a checksum of what was told */
	int findings;
	char epoch[EPOCH_TEXT_BYTES]; /* of the store to begin with */
};

/* For cmocka. At first there are the store that was lived in and a backup of it, and no store at the stage's path. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The questions that it was lived in with, and more like them. */
struct event lived_question(uint32_t number);

/* To begin a scenario with: no store, one that is closed, one that is open. */
void fixture_begin_nothing(void *fixture);
void fixture_begin_closed(void *fixture);
void fixture_begin_open(void *fixture);

void fixture_take_picture(struct fixture *fixture, struct picture *picture);
void fixture_reopen(struct fixture *fixture);

/* After an attempt: things are as they were, or as they should be; the first telling that succeeds shows how. Tried
 * again, they are as they should be. */
void fixture_end_change(struct fixture *fixture, int rc, int (*again)(void *fixture, struct error *error));

/* Tells it without a fault first, to know how things should be. */
void fixture_run_change(struct fixture *fixture, const struct scenario *scenario);

#endif
