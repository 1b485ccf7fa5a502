/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEADER "leader:"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int scope_make(struct scope *scope, bool leader, const char *const *teams, unsigned n_teams, struct error *error)
{
	unsigned n = 0;

	if (n_teams == 0 || n_teams > SCOPE_TEAMS_MAX)
		return error_set(error, FAULT_INPUT, "name 1 to %d teams", SCOPE_TEAMS_MAX);
	*scope = (struct scope){.leader = leader};
	for (unsigned i = 0; i < n_teams; i++) {
		bool all = strcmp(teams[i], TEAM_ALL) == 0;

		if (!topic_slug_valid(teams[i]) || (all && !leader))
			return error_set(error, FAULT_INPUT, "\"%s\" cannot be the id of a team", teams[i]);
		if (all && n_teams > 1)
			return error_set(error, FAULT_INPUT, "\"all\" is every team: name no others beside it");
		memcpy(scope->teams[i], teams[i], strlen(teams[i]) + 1);
	}
	qsort(scope->teams, n_teams, sizeof scope->teams[0], compare);
	for (unsigned i = 0; i < n_teams; i++)
		if (n == 0 || strcmp(scope->teams[n - 1], scope->teams[i]) != 0)
			memmove(scope->teams[n++], scope->teams[i], sizeof scope->teams[i]);
	memset(scope->teams[n], 0, (n_teams - n) * sizeof scope->teams[0]);
	scope->n_teams = n;
	return 0;
}

void scope_format(const struct scope *scope, char name[static SCOPE_BYTES])
{
	size_t length = (size_t)snprintf(name, SCOPE_BYTES, "%s", scope->leader ? LEADER : "");

	for (unsigned i = 0; i < scope->n_teams; i++)
		length += (size_t)snprintf(name + length, SCOPE_BYTES - length, "%s%s", i > 0 ? "." : "",
					   scope->teams[i]);
}

int scope_parse(const char *name, struct scope *scope)
{
	char copy[SCOPE_BYTES], again[SCOPE_BYTES], *rest = copy, *team;
	const char *teams[SCOPE_TEAMS_MAX];
	bool leader = strncmp(name, LEADER, strlen(LEADER)) == 0;
	unsigned n = 0;

	if (strlen(name) >= sizeof copy)
		return -1;
	memcpy(copy, name + (leader ? strlen(LEADER) : 0), strlen(name) - (leader ? strlen(LEADER) : 0) + 1);
	while ((team = strsep(&rest, ".")) != NULL) {
		if (n == SCOPE_TEAMS_MAX)
			return -1;
		teams[n++] = team;
	}
	if (scope_make(scope, leader, teams, n, NULL) < 0)
		return -1;
	scope_format(scope, again);
	return strcmp(again, name) == 0 ? 0 : -1;
}

bool scope_has_team(const struct scope *scope, const char *team, size_t length)
{
	if (strcmp(scope->teams[0], TEAM_ALL) == 0)
		return true;
	for (unsigned i = 0; i < scope->n_teams; i++)
		if (strlen(scope->teams[i]) == length && memcmp(scope->teams[i], team, length) == 0)
			return true;
	return false;
}
