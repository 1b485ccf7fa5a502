/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The counting rules 1 and 4 to 8 (docs/wire-format.md), as pure functions: an event, the date and the catalogue in, a
 * verdict out. Nothing here reads a clock or a store.
 *
 * The path of an event: submitted_event -> rules_admit() -> struct admitted -> rules_judge() with what the store
 * knows of its id -> verdict. Only the verdicts of rules_judge() may reach a counter.
 */
#ifndef TURF_PROTO_RULES_H
#define TURF_PROTO_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/catalogue.h"
#include "proto/message.h"

/* The rules' numbers of days. What an organisation does not set gets its default. */
enum {
	RULES_ACCEPT_DAYS_DEFAULT = 400,
	RULES_RETRACT_DAYS_DEFAULT = 14, /* the pages use it until they have a catalogue: phone/phone-view.js */
	RULES_GRACE_DAYS_DEFAULT = 28,
	RULES_IDS_KEPT_DAYS = 60, /* ids outlive accept_days by this (rule 6) */
	RULES_DATE_JUMP_DAYS = 2, /* a date that moves by more has jumped, and waits to be trusted */
	RULES_CLOCK_JUMP_DAYS =
		31, /* the longest jump ahead that is trusted when a time server vouches for the clock: one that
				     * is wrong ends at most one quarter, and that at most a month early */
};

/* How phones send through a closed door without a pattern (rule 13, docs/door.md); the page has
 * them in core/door/sending-rules.js. */
enum {
	RULES_PORTION_EVENTS = 4,          /* of what goes later, this many at once, */
	RULES_PORTIONS = 25,               /* or more, so that about this many portions are enough */
	RULES_PORTION_WAIT_MIN_S = 5 * 60, /* from one portion to the next */
	RULES_PORTION_WAIT_MAX_S = 30 * 60,
	RULES_PORTION_PAUSE_MAX_S =
		160 * 60,               /* while portions get no receipt, each wait is twice as long, up to this */
	RULES_AWAY_WAIT_MIN_S = 2 * 60, /* who fetches tokens after weeks uses them after a wait */
	RULES_AWAY_WAIT_MAX_S = 30 * 60,
};

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
	char team[SLUG_BYTES];   /* from the topic */
	enum verdict if_unknown; /* COUNTED, COUNTED_LATE, RETRACTED or a refusal */
	enum verdict if_counted; /* question: ALREADY_COUNTED; retraction: RETRACTED or its refusal */
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

/* Ids of days before this may be purged on day `today`: accept_days + RULES_IDS_KEPT_DAYS have passed. */
uint32_t rules_purgeable_before(uint32_t today, uint32_t accept_days);

/* Whether a date that moves from one day to the other has jumped, forwards or back. */
bool rules_date_jumped(uint32_t from, uint32_t to);

#endif
