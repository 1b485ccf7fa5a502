/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The counting rules (contract, rules 1 and 4 to 8), as pure functions: an event and the state of the
 * world in, a verdict out. Nothing here reads a clock or a store.
 *
 * The path of an event: submitted_event -> rules_admit() -> struct admitted -> rules_judge() with what the store
 * knows of its id -> verdict. Only the verdicts of rules_judge() may reach a counter.
 */
#ifndef TURF_PROTO_RULES_H
#define TURF_PROTO_RULES_H

#include <stdint.h>

#include "proto/catalogue.h"
#include "proto/message.h"

/* What time and the store say, read once per batch. */
struct standing {
	uint32_t today;          /* the org's date */
	uint32_t purged_before;  /* ids of earlier days are gone: nothing of those days is accepted; 0: none */
	uint32_t settled_before; /* ids of earlier days have lost their detail: no retraction; 0: none */
	uint32_t final_through;  /* this quarter and all before it are final; 0: none */
};

/* What the store knows of an id. */
enum known { KNOWN_NOTHING, KNOWN_COUNTED, KNOWN_COUNTED_LATE, KNOWN_RETRACTED };

/* A well-formed event with the verdicts that hold for it as things stand, before its id was looked up. */
struct admitted {
	struct event event;
	char team[SLUG_BYTES];      /* from the topic */
	enum verdict if_unknown;    /* COUNTED, COUNTED_LATE, RETRACTED or a refusal */
	enum verdict if_counted;    /* question: ALREADY_COUNTED; retraction: RETRACTED or its refusal */
};

/* The event must be well formed (not `malformed`). */
struct admitted rules_admit(const struct event *event, const char *team, const struct catalogue *catalogue,
			    const struct standing *standing);

/* The cell of rule 1's table for this event and what is known of its id. */
enum verdict rules_judge(const struct admitted *admitted, enum known known);

/* Whether the detail of an id of that day may still be needed: a retraction would be accepted. */
bool rules_retractable(uint32_t day, const struct catalogue *catalogue, const struct standing *standing);

/* A quarter's life (rule 8). Final is what the store has closed, never a computation. */
enum quarter_status rules_quarter_status(uint32_t quarter, const struct standing *standing);

/* The last quarter that rule 8 lets be closed on day `today`: its last day is more than grace_days ago. */
uint32_t rules_quarter_closable(uint32_t today, uint32_t grace_days);

/* Ids of days before this may be purged on day `today`: accept_days + 60 have passed. */
uint32_t rules_purgeable_before(uint32_t today, uint32_t accept_days);

#endif
