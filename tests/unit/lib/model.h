/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The naive model: what the contract says, written down once more without looking at the code it checks. It keeps
 * every event it was told of in a list, and counts by walking the list.
 */
#ifndef TURF_TESTS_UNIT_LIB_MODEL_H
#define TURF_TESTS_UNIT_LIB_MODEL_H

#include "proto/catalogue.h"

enum model_state { MODEL_COUNTED, MODEL_LATE, MODEL_RETRACTED };

struct model_entry {
	struct event event; /* the question that counted; of a retraction only id and day mean anything */
	char team[SLUG_BYTES];
	enum model_state state;
};

struct model {
	const struct catalogue *catalogue;
	uint32_t today;
	uint32_t clock_day;      /* the last date that was trusted; 0: none yet */
	uint32_t pending_day;    /* a date that jumped; 0: none */
	uint32_t final_through;  /* quarter */
	uint32_t purged_before;  /* day */
	uint32_t settled_before; /* day: too late to retract, also if the clock goes back */
	struct model_entry *entries;
	size_t n, capacity;
};

void model_init(struct model *model, const struct catalogue *catalogue, uint32_t today);
void model_release(struct model *model);

/* It is that day now. A date that can be trusted closes quarters and forgets old ids, for good; one that jumped by more
 * than two days waits until it is `confirmed` or has stood for a day. */
void model_day(struct model *model, uint32_t today, bool confirmed);

/* Takes the late questions of a final quarter into its figures; how many. */
uint64_t model_revise(struct model *model, uint32_t quarter);

/* What the aggregator must answer to this well-formed event, and what it then must have counted. */
enum verdict model_apply(struct model *model, const struct event *event, const char *team);

/* Counts of `team` (or "all") from `first` to `last` quarter: of one domain and outcome (0: any), or of one label. */
uint64_t model_count(const struct model *model, enum model_state state, const char *team, uint32_t first_quarter,
		     uint32_t last_quarter, uint32_t domain, enum outcome outcome);
uint64_t model_count_label(const struct model *model, const char *team, uint32_t first_quarter, uint32_t last_quarter,
			   uint32_t label);
uint64_t model_count_week(const struct model *model, const char *team, struct iso_week week);

#endif
