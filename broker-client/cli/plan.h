/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which replay a folder of phones is in the midst of: the file FOLDER/replay, there from before the first question is
 * dealt until the last is answered. Its id stands in each phone's bookmark, next to how far the phone was dealt, so
 * that a replay begins, goes on and ends for all phones at once, whenever it is killed.
 */
#ifndef TURF_BROKER_CLIENT_CLI_PLAN_H
#define TURF_BROKER_CLIENT_CLI_PLAN_H

#include "base/error.h"
#include "broker-client/cli/csv.h"
#include "broker-client/libturf/turf.h"

enum { PLAN_ID_BYTES = 16 };

struct plan {
	uint8_t id[PLAN_ID_BYTES];
	uint32_t mark;    /* of the file, as in struct csv */
	uint32_t clients;
	uint64_t rows;
};

/* 0; PLAN_NONE: the folder is in no replay; or a fault. */
enum { PLAN_NONE = 1 };
int plan_read(const char *folder, struct plan *plan, struct error *error);

/* A new plan, with an id of its own, durable on return. */
int plan_write(const char *folder, struct plan *plan, struct error *error);

/* The replay is over. */
int plan_end(const char *folder, struct error *error);

/* The same file, dealt to as many phones. */
bool plan_same(const struct plan *plan, const struct csv *csv, uint32_t clients);

/* A phone's bookmark, and what it says: rows of this plan that the phone was dealt. */
struct turf_bookmark plan_bookmark(const struct plan *plan, uint64_t dealt);
uint64_t plan_dealt(const struct plan *plan, const struct turf_bookmark *bookmark);

#endif
