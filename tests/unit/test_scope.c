/* SPDX-License-Identifier: EUPL-1.2 */
/* Scopes: which texts are one, and which teams each has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/scope.h"

#define LONGEST "een-team-met-de-langste-naam-31" /* 31 characters */

static void each_scope_has_one_form(void **state)
{
	static const char *const valid[] = {
		"worker:oost", "worker:oost+west",  "worker:a+a-b",    "leader:a+b+c",
		"leader:all",  "leader:allen+oost", "worker:" LONGEST,
	};
	static const char *const invalid[] = {
		"",
		"worker",
		"worker:",
		"worker:+oost",
		"worker:oost+",
		"worker:oost++west",
		"worker:west+oost",
		"worker:oost+oost",
		"worker:all",
		"leader:all+oost",
		"leader:alk+all",
		"worker:Oost",
		"worker:oost ",
		" worker:oost",
		"worker:-oost",
		"Worker:oost",
		"boss:oost",
		"worker:oost/west",
		"worker:" LONGEST "x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		if (!scope_valid(valid[i]))
			fail_msg("\"%s\" is a scope", valid[i]);
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		if (scope_valid(invalid[i]))
			fail_msg("\"%s\" is no scope", invalid[i]);
}

static bool has(const char *scope, const char *team)
{
	return scope_has_team(scope, team, strlen(team));
}

static void a_scope_has_its_teams_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(scope_role("worker:oost"), SCOPE_WORKER);
	assert_int_equal(scope_role("leader:oost"), SCOPE_LEADER);
	assert_true(has("worker:noord+oost+west", "noord"));
	assert_true(has("worker:noord+oost+west", "oost"));
	assert_true(has("worker:noord+oost+west", "west"));
	assert_false(has("worker:noord+oost+west", "oos"));
	assert_false(has("worker:noord+oost+west", "oostw"));
	assert_false(has("worker:noord+oost+west", ""));
	assert_false(has("worker:noord+oost+west", "noord+oost"));
	assert_true(has("leader:all", "oost"));
	assert_true(has("leader:all", "all"));
	assert_false(has("leader:oost", "all"));
}

static void teams_are_printed_in_order(void **state)
{
	char text[SCOPE_TEXT_BYTES], names[SCOPE_TEAMS_MAX + 1][SLUG_BYTES];
	const char *many[SCOPE_TEAMS_MAX + 1];

	(void)state;
	assert_true(scope_print(text, SCOPE_WORKER, (const char *[]){"west", "oost"}, 2));
	assert_string_equal(text, "worker:oost+west");
	assert_true(scope_print(text, SCOPE_LEADER, (const char *[]){"all"}, 1));
	assert_string_equal(text, "leader:all");
	assert_false(scope_print(text, SCOPE_WORKER, (const char *[]){"all"}, 1));
	assert_false(scope_print(text, SCOPE_WORKER, (const char *[]){"oost", "oost"}, 2));
	assert_false(scope_print(text, SCOPE_WORKER, (const char *[]){"oost+west"}, 1));
	assert_false(scope_print(text, SCOPE_WORKER, NULL, 0));
	for (int i = 0; i <= SCOPE_TEAMS_MAX; i++) {
		(void)snprintf(names[i], sizeof names[i], "een-team-met-de-langste-naam-%02d", i);
		many[i] = names[i];
	}
	assert_true(scope_print(text, SCOPE_LEADER, many, SCOPE_TEAMS_MAX));
	assert_int_equal(strlen(text), strlen("leader:") + SCOPE_TEAMS_MAX * SLUG_BYTES - 1);
	assert_false(scope_print(text, SCOPE_LEADER, many, SCOPE_TEAMS_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scope_has_one_form),
		cmocka_unit_test(a_scope_has_its_teams_and_no_others),
		cmocka_unit_test(teams_are_printed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
