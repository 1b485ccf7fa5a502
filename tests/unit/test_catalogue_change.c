/* SPDX-License-Identifier: EUPL-1.2 */
/* One catalogue takes another's place: each change that is let through, and each that would alter history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/catalogue.h"
#include "proto/catalogue_form.h"

/* ---- The fixture: 2019-11-15; questions were counted in the second and the fourth quarter ----------- */

enum {
	TODAY = 18215, /* 2019-11-15 */
	SINCE = 17532, /* 2018-01-01 */
	APRIL_1 = 17987,
	JULY_1 = 18078,
	OCTOBER_1 = 18170,
	Q2 = 8077,
	Q4 = 8079,
};

static struct team teams[] = {
	{.id = "oost", .name = "Oost", .valid_from = SINCE},
	{.id = "west", .name = "West", .valid_from = SINCE, .valid_until = JULY_1}, /* ended, counted in Q2 */
	{.id = "stil", .name = "Stil", .valid_from = SINCE},                        /* never counted */
	{.id = "later", .name = "Later", .valid_from = TODAY + 30},
};

static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .valid_from = SINCE, .position = 1},
	{.code = 7, .name = "Verslaving", .valid_from = SINCE, .valid_until = JULY_1, .position = 2},
	{.code = 14, .name = "Middelengebruik", .valid_from = JULY_1, .rolls_up_to = 7, .position = 3},
};

static struct label labels[] = {
	{.code = 10, .name = "DUO", .kind = LABEL_SUBJECT, .valid_from = SINCE, .domain = 1},
	{.code = 20, .name = "Spreekuur", .kind = LABEL_ORIGIN, .valid_from = SINCE},
};

static const struct catalogue current = {
	.version = 5,
	.org = "de-kop",
	.name = "De Kop",
	.timezone = "Europe/Amsterdam",
	.accept_days = 400,
	.retract_days = 14,
	.grace_days = 28,
	.counting_since = SINCE,
	.teams = teams,
	.n_teams = sizeof teams / sizeof teams[0],
	.domains = domains,
	.n_domains = sizeof domains / sizeof domains[0],
	.labels = labels,
	.n_labels = sizeof labels / sizeof labels[0],
};

static const struct {
	enum catalogue_part part;
	const char *team;
	uint32_t code;
	uint32_t quarter;
} counts[] = {
	{PART_TEAM, "oost", 0, Q2},  {PART_TEAM, "oost", 0, Q4}, {PART_TEAM, "west", 0, Q2},
	{PART_DOMAIN, NULL, 1, Q2},  {PART_DOMAIN, NULL, 1, Q4}, {PART_DOMAIN, NULL, 7, Q2},
	{PART_DOMAIN, NULL, 14, Q4}, {PART_LABEL, NULL, 10, Q2}, {PART_LABEL, NULL, 10, Q4},
};

static bool counted(void *context, enum catalogue_part part, const char *team, uint32_t code, uint32_t quarter)
{
	(void)context;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		if (counts[i].part != part || counts[i].quarter != quarter || counts[i].code != code)
			continue;
		if (part != PART_TEAM)
			assert_null(team);
		if (part != PART_TEAM || strcmp(counts[i].team, team) == 0)
			return true;
	}
	return false;
}

static const struct catalogue_history history = {.today = TODAY, .counted = counted};

/* What was told, one line each. */
struct told {
	int n;
	char text[4096];
};

static void tell(void *context, const char *text)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	told->n++;
	(void)snprintf(told->text + used, sizeof told->text - used, "%s\n", text);
}

/* The catalogue in force as a config would say it, to be altered. */
static struct catalogue as_it_is(void)
{
	struct catalogue next;

	assert_int_equal(catalogue_copy(&current, &next), 0);
	next.version = 0;
	return next;
}

/* Puts `next` in the place of the catalogue in force; takes `next` over. */
static int succeed(struct catalogue *take_next, struct catalogue *merged, struct told *told)
{
	int result;

	memset(told, 0, sizeof *told);
	memset(merged, 0xee, sizeof *merged);
	result = catalogue_succeed(&current, take_next, &history, merged, tell, told);
	catalogue_release(take_next);
	assert_int_equal(result, told->n);
	return result;
}

static void assert_refused(struct catalogue *take_next, const char *words)
{
	static const struct catalogue empty;
	struct catalogue merged;
	struct told told;

	assert_int_equal(succeed(take_next, &merged, &told), 1);
	assert_memory_equal(&merged, &empty, sizeof empty);
	if (!strstr(told.text, words))
		fail_msg("\"%s\" is not in: %s", words, told.text);
}

/* Let through as the next version, or as the same one when nothing changed. Release `merged`. */
static struct catalogue assert_taken(struct catalogue *take_next)
{
	struct catalogue merged;
	struct told told;

	if (succeed(take_next, &merged, &told) != 0)
		fail_msg("%s", told.text);
	assert_int_equal(merged.version, catalogue_same(&current, &merged) ? 5 : 6);
	assert_int_equal(catalogue_check(&merged), 0);
	return merged;
}

static void assert_allowed(struct catalogue *take_next)
{
	struct catalogue merged = assert_taken(take_next);

	assert_int_equal(merged.version, 6);
	catalogue_release(&merged);
}

/* Takes the `i`-th of `n` elements out. */
#define REMOVE(array, n, i) (memmove((array) + (i), (array) + (i) + 1, ((n) - (i)-1) * sizeof *(array)), (n)--)

/* ---- Let through ------------------------------------------------------------------------------- */

static void nothing_changed_keeps_the_version(void **state)
{
	struct catalogue next = as_it_is(), merged = assert_taken(&next);

	(void)state;
	assert_int_equal(merged.version, 5);
	catalogue_release(&merged);
}

static void the_first_catalogue_is_version_1(void **state)
{
	static const struct catalogue none;
	struct catalogue next = as_it_is(), merged;
	struct told told = {.n = 0};

	(void)state;
	assert_int_equal(catalogue_succeed(&none, &next, &history, &merged, tell, &told), 0);
	assert_int_equal(merged.version, 1);
	assert_true(catalogue_same(&merged, &next));
	catalogue_release(&merged);
	catalogue_release(&next);
}

static void settings_may_change(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.accept_days = 100;
	next.retract_days = 7;
	next.grace_days = 60;
	(void)snprintf(next.name, sizeof next.name, "Andere naam");
	(void)snprintf(next.timezone, sizeof next.timezone, "Europe/Brussels");
	assert_allowed(&next);
}

static void new_entries_may_come(void **state)
{
	struct catalogue next = as_it_is(), merged;

	(void)state;
	next.teams[2] = (struct team){.id = "zuid", .name = "Zuid", .valid_from = SINCE}; /* "stil" is left out */
	next.domains[1] = (struct domain){.code = 16, .name = "Instrumentele ADL", .position = 9};
	next.labels[0] = (struct label){.code = 500, .name = "Balie", .kind = LABEL_ORIGIN};
	merged = assert_taken(&next);
	assert_int_equal(merged.version, 6);
	assert_int_equal(merged.n_teams, 5);
	assert_int_equal(merged.n_domains, 4);
	assert_int_equal(merged.n_labels, 3);
	assert_int_equal(merged.domains[3].code, 16); /* in order again: by position, by code */
	assert_int_equal(merged.labels[2].code, 500);
	catalogue_release(&merged);
}

static void what_is_left_out_is_kept_as_ended(void **state)
{
	struct catalogue next = as_it_is(), merged;

	(void)state;
	next.n_teams = next.n_domains = next.n_labels = 0;
	merged = assert_taken(&next);
	assert_int_equal(merged.version, 6);
	assert_int_equal(catalogue_team(&merged, "oost")->valid_until, TODAY);
	assert_int_equal(catalogue_team(&merged, "west")->valid_until, JULY_1); /* it had ended before */
	assert_int_equal(catalogue_domain(&merged, 1)->valid_until, TODAY);
	assert_int_equal(catalogue_domain(&merged, 7)->valid_until, JULY_1);
	assert_int_equal(catalogue_label(&merged, 10)->valid_until, TODAY);
	assert_string_equal(catalogue_label(&merged, 10)->name, "DUO");
	for (uint32_t day = TODAY; day < TODAY + 60; day++) /* not begun yet: never will */
		assert_false(catalogue_valid_on(catalogue_team(&merged, "later")->valid_from,
						catalogue_team(&merged, "later")->valid_until, day));
	catalogue_release(&merged);
}

/* A day later the same config says the same: no new version, no later end. */
static void what_was_left_out_stays_as_it_ended(void **state)
{
	struct catalogue_history tomorrow = {.today = TODAY + 1, .counted = counted};
	struct catalogue next = as_it_is(), again, merged, after;
	struct told told = {.n = 0};

	(void)state;
	REMOVE(next.teams, next.n_teams, 0);
	REMOVE(next.labels, next.n_labels, 1);
	assert_int_equal(catalogue_copy(&next, &again), 0);
	merged = assert_taken(&next);
	assert_int_equal(catalogue_succeed(&merged, &again, &tomorrow, &after, tell, &told), 0);
	assert_int_equal(after.version, merged.version);
	assert_true(catalogue_same(&merged, &after));
	catalogue_release(&merged);
	catalogue_release(&after);
	catalogue_release(&again);
}

/* Left out by mistake, noticed a week later, in a quarter with counts. */
static void what_was_left_out_can_come_back(void **state)
{
	struct catalogue_history next_week = {.today = TODAY + 7, .counted = counted};
	struct catalogue next = as_it_is(), merged, again = as_it_is(), after;
	struct told told = {.n = 0};

	(void)state;
	REMOVE(next.teams, next.n_teams, 0);
	REMOVE(next.domains, next.n_domains, 0);
	merged = assert_taken(&next);
	assert_int_equal(catalogue_succeed(&merged, &again, &next_week, &after, tell, &told), 0);
	assert_int_equal(catalogue_team(&after, "oost")->valid_until, 0);
	assert_int_equal(catalogue_domain(&after, 1)->valid_until, 0);
	assert_int_equal(after.version, 7);
	catalogue_release(&merged);
	catalogue_release(&after);
	catalogue_release(&again);
}

static void names_may_change_when_it_is_said_so(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	(void)snprintf(next.domains[0].name, NAME_BYTES, "Geld");
	(void)snprintf(next.domains[0].renamed_from, NAME_BYTES, "Financiën");
	(void)snprintf(next.labels[0].name, NAME_BYTES, "Studiefinanciering");
	(void)snprintf(next.labels[0].renamed_from, NAME_BYTES, "DUO");
	assert_allowed(&next);
	next = as_it_is(); /* the remark may stay in the config afterwards */
	(void)snprintf(next.domains[0].renamed_from, NAME_BYTES, "Geldzaken");
	next.accept_days++;
	assert_allowed(&next);
	next = as_it_is(); /* what has ended may get a better name too, as long as it stays ended */
	(void)snprintf(next.domains[1].name, NAME_BYTES, "Verslavingen");
	(void)snprintf(next.domains[1].renamed_from, NAME_BYTES, "Verslaving");
	assert_allowed(&next);
	next = as_it_is(); /* a team is known by its id */
	(void)snprintf(next.teams[0].name, NAME_BYTES, "Dorpenteam Oost");
	(void)snprintf(next.teams[1].name, NAME_BYTES, "Dorpenteam West");
	assert_allowed(&next);
}

static void positions_and_the_order_of_teams_may_change(void **state)
{
	struct catalogue next = as_it_is();
	struct team first = next.teams[0];

	(void)state;
	next.domains[0].position = 99;
	next.teams[0] = next.teams[1];
	next.teams[1] = first;
	assert_allowed(&next);
}

static void ends_may_be_set_from_today_on_and_moved_on(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.teams[0].valid_until = TODAY;
	next.domains[0].valid_until = TODAY + 1;
	next.labels[0].valid_until = TODAY + 1000;
	assert_allowed(&next);
	next = as_it_is();
	next.teams[1].valid_until = OCTOBER_1; /* ended in July: later, but still past */
	next.domains[1].valid_until = 0;
	assert_allowed(&next);
}

static void validity_may_change_where_nothing_is_counted(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.teams[2].valid_from = OCTOBER_1 + 3;
	next.teams[2].valid_until = OCTOBER_1 + 20;
	next.teams[3].valid_from = TODAY + 1;
	next.labels[1].valid_from = 0;
	assert_allowed(&next);
	next = as_it_is(); /* what is lost lies before the first quarter with counts */
	next.teams[0].valid_from = APRIL_1;
	next.domains[0].valid_from = 0;
	assert_allowed(&next);
	next = as_it_is(); /* "west" counted in the second quarter only */
	next.teams[1].valid_from = 17000;
	assert_allowed(&next);
}

static void counting_may_begin_earlier_or_up_to_the_first_counts(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.counting_since = 0;
	assert_allowed(&next);
	next = as_it_is();
	next.counting_since = APRIL_1;
	assert_allowed(&next);
}

/* ---- Refused ------------------------------------------------------------------------------------- */

static void a_code_does_not_change_its_name_unsaid(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	(void)snprintf(next.domains[0].name, NAME_BYTES, "Huisvesting");
	assert_refused(&next, "domain 1: was \"Financiën\", is now \"Huisvesting\"");
	next = as_it_is();
	(void)snprintf(next.domains[0].name, NAME_BYTES, "Huisvesting");
	(void)snprintf(next.domains[0].renamed_from, NAME_BYTES, "Wonen");
	assert_refused(&next, "renamed_from = \"Financiën\"");
	next = as_it_is();
	(void)snprintf(next.labels[1].name, NAME_BYTES, "Balie");
	assert_refused(&next, "label 20: was \"Spreekuur\", is now \"Balie\"");
}

static void a_code_does_not_change_what_it_belongs_to(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.labels[0].kind = LABEL_REFERRED_TO;
	assert_refused(&next, "label 10: its kind was subject, is now referred-to");
	next = as_it_is();
	next.labels[0].domain = 14;
	assert_refused(&next, "label 10: belonged to domain 1, now to 14");
	next = as_it_is();
	next.labels[1].domain = 1;
	assert_refused(&next, "label 20: belonged to domain 0, now to 1");
	next = as_it_is();
	next.domains[2].rolls_up_to = 0;
	assert_refused(&next, "domain 14: rolled up to 7, now to 0");
}

static void what_has_ended_does_not_begin_again_under_another_name(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.domains[1].valid_until = 0;
	(void)snprintf(next.domains[1].name, NAME_BYTES, "Vervoer");
	(void)snprintf(next.domains[1].renamed_from, NAME_BYTES, "Verslaving"); /* saying so does not help */
	assert_refused(&next, "domain 7: ended as \"Verslaving\" and begins again as \"Vervoer\"; use a code");
	next = as_it_is();
	next.teams[1].valid_until = TODAY + 100;
	(void)snprintf(next.teams[1].name, NAME_BYTES, "Waterkant");
	assert_refused(&next, "team west: ended as \"West\" and begins again as \"Waterkant\"; use an id");
}

static void counted_days_do_not_lose_their_validity(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.teams[0].valid_from = APRIL_1 + 1; /* a day of the second quarter is lost */
	assert_refused(&next, "team oost: its validity changes in 2019-Q2");
	next = as_it_is();
	next.teams[0].valid_until = TODAY - 1; /* yesterday is lost */
	assert_refused(&next, "team oost: its validity changes in 2019-Q4");
	next = as_it_is();
	next.teams[1].valid_until = JULY_1 - 1;
	assert_refused(&next, "team west: its validity changes in 2019-Q2");
	next = as_it_is();
	next.domains[0].valid_until = JULY_1;
	assert_refused(&next, "domain 1: its validity changes in 2019-Q4");
	next = as_it_is();
	next.labels[0].valid_from = TODAY + 10; /* all of it is lost: told once, for the first quarter */
	assert_refused(&next, "label 10: its validity changes in 2019-Q2");
}

/* A beginning moves neither way in a quarter with counts. */
static void a_beginning_does_not_move_within_a_counted_quarter(void **state)
{
	struct catalogue next = as_it_is(), early = as_it_is(), merged = {0};
	struct told told = {.n = 0};

	(void)state;
	early.teams[0].valid_from = OCTOBER_1 + 10; /* as if it had begun in the middle of the fourth quarter */
	next.teams[0].valid_from = OCTOBER_1;
	assert_int_equal(catalogue_succeed(&early, &next, &history, &merged, tell, &told), 1);
	assert_non_null(strstr(told.text, "team oost: its validity changes in 2019-Q4"));
	catalogue_release(&early);
	catalogue_release(&next);
	next = as_it_is();
	next.domains[2].valid_from = OCTOBER_1 + 1;
	assert_refused(&next, "domain 14: its validity changes in 2019-Q4");
}

static void counting_does_not_begin_after_what_was_counted(void **state)
{
	struct catalogue next = as_it_is();

	(void)state;
	next.counting_since = APRIL_1 + 1;
	assert_refused(&next, "counting_since: may not move past 2018-01-01, because questions are counted in "
			      "2019-Q2");
	next = as_it_is();
	next.counting_since = CALENDAR_DAY_MAX;
	assert_refused(&next, "counting_since");
}

static void every_mistake_is_told_at_once(void **state)
{
	struct catalogue next = as_it_is(), merged;
	struct told told;

	(void)state;
	next.teams[0].valid_until = OCTOBER_1;
	(void)snprintf(next.domains[0].name, NAME_BYTES, "Geld");
	next.domains[2].rolls_up_to = 1;
	next.labels[0].kind = LABEL_ORIGIN;
	next.labels[0].domain = 0;
	next.counting_since = TODAY;
	assert_int_equal(succeed(&next, &merged, &told), 6);
	assert_null(merged.teams);
}

static void ended_entries_take_room_too(void **state)
{
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	struct catalogue next = as_it_is();

	(void)state;
	free(next.labels);
	next.n_labels = LABELS_MAX - 1; /* two more are kept */
	next.labels = calloc(next.n_labels, sizeof *next.labels);
	assert_non_null(next.labels);
	for (uint32_t i = 0; i < next.n_labels; i++) {
		next.labels[i].code = 1000 + i;
		(void)snprintf(next.labels[i].name, NAME_BYTES, "label %u", (unsigned)i);
	}
	assert_refused(&next, "513 labels, at most 512");
	next = as_it_is();
	free(next.teams);
	next.n_teams = 475;
	next.n_domains = next.n_labels = 0;
	next.teams = calloc(next.n_teams, sizeof *next.teams);
	assert_non_null(next.teams);
	for (size_t i = 0; i < next.n_teams; i++) {
		(void)snprintf(next.teams[i].id, SLUG_BYTES, "team-%zu", i);
		memset(next.teams[i].name, 'x', NAME_BYTES - 1);
	}
	while (catalogue_encode(&next, bytes, sizeof bytes) == 0) /* as many as fit alone */
		next.n_teams--;
	assert_true(next.n_teams > 400);
	assert_refused(&next, "more than 65536 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed_keeps_the_version),
		cmocka_unit_test(the_first_catalogue_is_version_1),
		cmocka_unit_test(settings_may_change),
		cmocka_unit_test(new_entries_may_come),
		cmocka_unit_test(what_is_left_out_is_kept_as_ended),
		cmocka_unit_test(what_was_left_out_stays_as_it_ended),
		cmocka_unit_test(what_was_left_out_can_come_back),
		cmocka_unit_test(names_may_change_when_it_is_said_so),
		cmocka_unit_test(positions_and_the_order_of_teams_may_change),
		cmocka_unit_test(ends_may_be_set_from_today_on_and_moved_on),
		cmocka_unit_test(validity_may_change_where_nothing_is_counted),
		cmocka_unit_test(counting_may_begin_earlier_or_up_to_the_first_counts),
		cmocka_unit_test(a_code_does_not_change_its_name_unsaid),
		cmocka_unit_test(a_code_does_not_change_what_it_belongs_to),
		cmocka_unit_test(what_has_ended_does_not_begin_again_under_another_name),
		cmocka_unit_test(counted_days_do_not_lose_their_validity),
		cmocka_unit_test(a_beginning_does_not_move_within_a_counted_quarter),
		cmocka_unit_test(counting_does_not_begin_after_what_was_counted),
		cmocka_unit_test(every_mistake_is_told_at_once),
		cmocka_unit_test(ended_entries_take_room_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
