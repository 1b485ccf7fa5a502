/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {[SCOPE_WORKER] = "worker:", [SCOPE_LEADER] = "leader:"};

/* The first team of the text of a scope, or NULL when it does not begin with a role. */
static const char *skip_role(const char *text, enum scope_role *role)
{
	for (enum scope_role i = SCOPE_WORKER; i <= SCOPE_LEADER; i++) {
		size_t length = strlen(role_names[i]);

		if (strncmp(text, role_names[i], length) == 0) {
			*role = i;
			return text + length;
		}
	}
	return NULL;
}

static bool team_valid(const char *team, size_t length)
{
	char slug[SLUG_BYTES];

	if (length >= sizeof slug)
		return false;
	memcpy(slug, team, length);
	slug[length] = '\0';
	return topic_slug_valid(slug);
}

/* Orders teams of these lengths as strcmp orders their text. */
static int compare_spans(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

bool scope_valid(const char *text)
{
	enum scope_role role;
	const char *team = skip_role(text, &role), *before = NULL;
	size_t before_length = 0;

	if (!team)
		return false;
	for (int n = 1;; n++) {
		size_t length = strcspn(team, "+");
		bool last = team[length] == '\0',
		     all = length == strlen(TEAM_ALL) && memcmp(team, TEAM_ALL, length) == 0;

		if (n > SCOPE_TEAMS_MAX || !team_valid(team, length))
			return false;
		if (before && compare_spans(before, before_length, team, length) >= 0)
			return false;
		if (all && (role != SCOPE_LEADER || before || !last))
			return false;
		if (last)
			return true;
		before = team;
		before_length = length;
		team += length + 1;
	}
}

enum scope_role scope_role(const char *text)
{
	enum scope_role role = SCOPE_WORKER;

	(void)skip_role(text, &role);
	return role;
}

bool scope_has_team(const char *text, const char *team, size_t length)
{
	enum scope_role role;
	const char *own = skip_role(text, &role);

	if (strcmp(own, TEAM_ALL) == 0)
		return true;
	for (;;) {
		size_t own_length = strcspn(own, "+");

		if (compare_spans(own, own_length, team, length) == 0)
			return true;
		if (own[own_length] == '\0')
			return false;
		own += own_length + 1;
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool scope_print(char text[static SCOPE_TEXT_BYTES], enum scope_role role, const char *const *teams, size_t n_teams)
{
	const char *sorted[SCOPE_TEAMS_MAX];
	size_t length = strlen(role_names[role]);

	if (n_teams > SCOPE_TEAMS_MAX)
		return false;
	memcpy(sorted, teams, n_teams * sizeof *teams);
	qsort(sorted, n_teams, sizeof *sorted, compare_texts);
	memcpy(text, role_names[role], length + 1);
	for (size_t i = 0; i < n_teams; i++) {
		if (!topic_slug_valid(sorted[i]))
			return false;
		length += (size_t)snprintf(text + length, SCOPE_TEXT_BYTES - length, "%s%s", i == 0 ? "" : "+",
					   sorted[i]);
	}
	return scope_valid(text);
}
