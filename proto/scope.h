/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Scopes: a role and the teams that it is for. Each scope has its own key each week, so a token tells its scope and nothing
 * else about who shows it.
 *
 * As text: the role, a colon, and the teams in ascending order, each once, joined by plus signs: "worker:oost+west". The team
 * "all" stands for every team and for the whole org. It stands alone, and only leaders may have it.
 */
#ifndef TURF_PROTO_SCOPE_H
#define TURF_PROTO_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/topic.h"

enum {
	SCOPE_TEAMS_MAX = 64,
	SCOPE_TEXT_BYTES = 8 + SCOPE_TEAMS_MAX * SLUG_BYTES, /* with a terminating zero */
};

enum scope_role {
	SCOPE_WORKER, /* sends questions of these teams, and reads their figures */
	SCOPE_LEADER, /* reads the figures of these teams and of the whole org */
};

/* Whether `text` is a scope in exactly the form above. The other functions here may be asked about such texts only. */
bool scope_valid(const char *text);

enum scope_role scope_role(const char *text);

/* Whether the scope has this team; `length` bytes without a zero. A scope of all teams has each. */
bool scope_has_team(const char *text, const char *team, size_t length);

/* Writes the scope of this role and these teams, in whatever order they come. False: no scope has these. */
bool scope_print(char text[static SCOPE_TEXT_BYTES], enum scope_role role, const char *const *teams, size_t n_teams);

#endif
