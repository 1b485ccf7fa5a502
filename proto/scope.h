/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Scopes: a role and a set of teams. A key signs for one scope, so that a token tells its scope and nothing finer; the name
 * of a scope becomes the user name at the broker.
 *
 * The name is the ids of the teams in their order with dots between them, "oost" or "oost.west"; "leader:" stands before that
 * of leaders. None of these characters means anything in a topic filter. "leader:all" stands for leaders of every team.
 */
#ifndef TURF_PROTO_SCOPE_H
#define TURF_PROTO_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "proto/topic.h"

enum {
	SCOPE_TEAMS_MAX = 8,
	SCOPE_BYTES = 8 + SCOPE_TEAMS_MAX * SLUG_BYTES, /* of a name and its zero */
};

struct scope {
	bool leader; /* otherwise of workers */
	unsigned n_teams;
	char teams[SCOPE_TEAMS_MAX][SLUG_BYTES]; /* in the order of strcmp, each once */
};

/* FAULT_INPUT: no team, too many, or one that is none. */
int scope_make(struct scope *scope, bool leader, const char *const *teams, unsigned n_teams, struct error *error);

void scope_format(const struct scope *scope, char name[static SCOPE_BYTES]);

/* What scope_format writes, and nothing else: 0, or -1. */
int scope_parse(const char *name, struct scope *scope);

/* Whether the scope is for this team, of `length` bytes without a zero; that of all teams is for every one, and for TEAM_ALL. */
bool scope_has_team(const struct scope *scope, const char *team, size_t length);

#endif
