/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The catalogue: which teams, domains and labels there are, and on which days; and the org's counting rules.
 *
 * Validity runs from `valid_from` up to but not including `valid_until` (0: open end). A day is asked for
 * with every lookup: the day of the question, never the day of arrival.
 */
#ifndef TURF_PROTO_CATALOGUE_H
#define TURF_PROTO_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/message.h"

struct team {
	char id[SLUG_BYTES];
	char name[NAME_BYTES];
	uint32_t valid_from;
	uint32_t valid_until;
};

struct domain {
	uint32_t code; /* 1..DOMAIN_CODE_MAX */
	char name[NAME_BYTES];
	char renamed_from[NAME_BYTES]; /* from the config only, for catalogue_succeed; never on the wire */
	uint32_t valid_from;
	uint32_t valid_until;
	uint32_t rolls_up_to; /* code, 0: none */
	uint32_t position;
};

struct label {
	uint32_t code; /* 1..LABEL_CODE_MAX */
	char name[NAME_BYTES];
	char renamed_from[NAME_BYTES]; /* as in struct domain */
	enum label_kind kind;
	uint32_t valid_from;
	uint32_t valid_until;
	uint32_t domain; /* 0: any */
};

struct catalogue {
	uint32_t version;
	char org[SLUG_BYTES];
	char name[NAME_BYTES];
	char timezone[NAME_BYTES];
	uint32_t accept_days;
	uint32_t retract_days;
	uint32_t grace_days;
	uint32_t counting_since; /* day */
	struct team *teams;      /* heap, in the config's order */
	size_t n_teams;
	struct domain *domains; /* heap, ascending by position, then code */
	size_t n_domains;
	struct label *labels; /* heap, ascending by code */
	size_t n_labels;
};

/* Frees what `catalogue` owns and clears it. */
void catalogue_release(struct catalogue *catalogue);

/* Deep copy. 0 or FAULT_MEMORY (then `to` is empty). */
int catalogue_copy(const struct catalogue *from, struct catalogue *to);

/* As a message (see message.h): the bytes written, 0 when it takes more than `capacity`, which
 * CATALOGUE_BYTES_MAX should be. */
size_t catalogue_encode(const struct catalogue *catalogue, uint8_t *out, size_t capacity);

/* From untrusted bytes. 0, > 0 when they are no proper catalogue (slugs, codes, names, days), or FAULT_MEMORY;
 * then `catalogue` is empty and needs no release. */
int catalogue_decode(const uint8_t *bytes, size_t length, struct catalogue *catalogue);

/* Same content, the version left aside. */
bool catalogue_same(const struct catalogue *a, const struct catalogue *b);

/* What may not be altered afterwards: asks whether questions were counted in a quarter, for a team (code 0),
 * or for the domain or label with this code (team NULL). */
enum catalogue_part { PART_TEAM, PART_DOMAIN, PART_LABEL };
struct catalogue_history {
	uint32_t today;
	bool (*counted)(void *context, enum catalogue_part part, const char *team, uint32_t code, uint32_t quarter);
	void *context;
};

/*
 * The catalogue that takes the place of `current` when the config says `next`: next's entries, and what next
 * leaves out kept as ended (from `today`, unless it ended before), so that old figures keep their names and no
 * code is ever free again. Its version is current's, plus one when anything changed.
 *
 * A change that would alter history is told to `problem`, once each, as a sentence for the operator: a code
 * that stands for something else (other name without renamed_from, other kind, other domain, other rolls_up_to,
 * ended and begun again under another name), validity that changes on a past day in a quarter with counts (an end
 * may move on: what was left out by mistake can come back), a counting_since moved past counted quarters, more
 * than LABELS_MAX labels or CATALOGUE_BYTES_MAX bytes with what is kept.
 *
 * Returns 0, the number of problems (then `merged` is empty), or FAULT_MEMORY.
 */
int catalogue_succeed(const struct catalogue *current, const struct catalogue *next,
		      const struct catalogue_history *history, struct catalogue *merged,
		      void (*problem)(void *context, const char *text), void *problem_context);

bool catalogue_valid_on(uint32_t valid_from, uint32_t valid_until, uint32_t day);

/* Valid on one day at least from `first` to `last`, both included. */
bool catalogue_valid_within(uint32_t valid_from, uint32_t valid_until, uint32_t first, uint32_t last);

/* By id or code, whatever the day: the entry, or NULL. The pointer lives as long as the catalogue. */
const struct team *catalogue_team(const struct catalogue *catalogue, const char *id);
const struct domain *catalogue_domain(const struct catalogue *catalogue, uint32_t code);
const struct label *catalogue_label(const struct catalogue *catalogue, uint32_t code);

/* What a person typed for a domain: its code, its name or an unambiguous part of the name, case and
 * accents of Latin letters aside ("financ"); only domains valid on `day`. Likewise for labels that `domain` can have. */
enum match { MATCH_ONE = 0, MATCH_NONE = 1, MATCH_SEVERAL = 2 };
enum match catalogue_match_domain(const struct catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code);
enum match catalogue_match_label(const struct catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
				 uint32_t *code);

bool catalogue_label_suits(const struct label *label, uint32_t day, uint32_t domain);

#endif
