/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A store that has lived a while, and stories of it: what was there before, what is there after, and nothing between.
 */
#ifndef TURF_TESTS_FAULT_LIB_STORE_WORLD_H
#define TURF_TESTS_FAULT_LIB_STORE_WORLD_H

#include "tests/fault/lib/story.h"
#include "tests/unit/lib/store_stage.h"

enum {
	LIVED = 60, /* questions in the store that the stories begin with */
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

struct world {
	struct stage *stage;
	char lived[PATH_MAX / 2], copy[PATH_MAX / 2], backup[PATH_MAX / 2];
	struct picture before, after; /* of the story under way */
	bool known;                   /* `after` */
	bool quarantined_again;       /* what was done and not known to be is quarantined twice */
	uint64_t counted;             /* in the store to begin with */
	uint32_t told, told_before;   /* a checksum of what was told */
	int findings;
	char epoch[EPOCH_TEXT_BYTES]; /* of the store to begin with */
};

/* For cmocka. At first there are the store that was lived in and a backup of it, and no store at the stage's path. */
int world_setup(void **state);
int world_teardown(void **state);

/* The questions that it was lived in with, and more like them. */
struct event lived_question(uint32_t number);

/* To begin a story with: no store, one that is closed, one that is open. */
void world_begin_nothing(void *world);
void world_begin_closed(void *world);
void world_begin_open(void *world);

void world_take_picture(struct world *world, struct picture *picture);
void world_reopen(struct world *world);

/* After an attempt: things are as they were, or as they should be; the first telling that succeeds shows how. Tried
 * again, they are as they should be. */
void world_end_change(struct world *world, int rc, int (*again)(void *world, struct error *error));

/* Tells it without a fault first, to know how things should be. */
void world_tell_change(struct world *world, const struct story *story);

#endif
