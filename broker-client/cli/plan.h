/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The replay that a folder of phones belongs to: the file FOLDER/replay, which exists from before the first question is stored
 * until the last one is answered. Each phone's bookmark holds the id of the plan and the number of rows that the phone has
 * got. So a replay begins, continues and ends for all phones at once, whenever it is killed.
 *
 * `folder` is a file descriptor of the folder. The text of a fault begins with the name of the file, without the folder: the
 * caller puts the folder's name before it.
 */
#ifndef TURF_BROKER_CLIENT_CLI_PLAN_H
#define TURF_BROKER_CLIENT_CLI_PLAN_H

#include "base/error.h"
#include "broker-client/cli/csv.h"
#include "broker-client/libturf/turf.h"

enum { PLAN_ID_BYTES = 16 };

struct plan {
	uint8_t id[PLAN_ID_BYTES];
	uint32_t mark; /* of the file, as in struct csv */
	uint32_t clients;
	uint64_t rows;
};

/* 0; PLAN_NONE: the folder belongs to no replay; or a fault. */
enum { PLAN_NONE = 1 };
int plan_read(int folder, struct plan *plan, struct error *error);

/* Writes a new plan with a new id; on disk when it returns. 0 or a fault. */
int plan_write(int folder, struct plan *plan, struct error *error);

/* Removes the plan, since the replay is over. 0 or a fault. */
int plan_end(int folder, struct error *error);

/* The plan is that of the same file and the same number of phones. */
bool plan_same(const struct plan *plan, const struct csv *csv, uint32_t clients);

/* A phone's bookmark, and the number of rows of this plan that it says the phone has got. */
struct turf_bookmark plan_bookmark(const struct plan *plan, uint64_t dealt);
uint64_t plan_dealt(const struct plan *plan, const struct turf_bookmark *bookmark);

#endif
