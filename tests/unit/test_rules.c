/* SPDX-License-Identifier: EUPL-1.2 */
/* The counting rules (docs/wire-format.md): every cell of rule 1's table, the order of the checks, and each of their
 * edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/rules.h"

/* ---- The fixture: 2019-12-31 at an org that counts since 2018, its third quarter of 2019 just closed ---- */

enum {
	TODAY = 18261, /* 2019-12-31 */
	OCTOBER_1 = 18170,
	SEPTEMBER_30 = 18169,
	SINCE = 17532, /* 2018-01-01 */
	Q3 = 8078,
	Q4 = 8079,
};

static struct team teams[] = {
	{.id = "oost", .name = "Oost", .valid_from = SINCE},
	{.id = "west", .name = "West", .valid_from = SINCE, .valid_until = TODAY - 5},
	{.id = "nieuw", .name = "Nieuw", .valid_from = TODAY - 5},
};

static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .valid_from = SINCE},
	{.code = 2, .name = "Dagbesteding", .valid_from = SINCE, .valid_until = TODAY - 5},
	{.code = 255, .name = "Tijdsbesteding", .valid_from = TODAY - 5},
};

static struct label labels[] = {
	{.code = 10, .name = "Spreekuur", .kind = LABEL_ORIGIN, .valid_from = SINCE},
	{.code = 11, .name = "DUO", .kind = LABEL_SUBJECT, .valid_from = SINCE, .domain = 1},
	{.code = 12, .name = "Oud", .kind = LABEL_SUBJECT, .valid_from = SINCE, .valid_until = TODAY - 5},
	{.code = 65535, .name = "Nieuw", .kind = LABEL_SUBJECT, .valid_from = TODAY - 5},
};

static const struct catalogue catalogue = {
	.version = 1,
	.org = "de-kop",
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

static const struct standing standing = {.today = TODAY, .final_through = Q3};

static struct event question(uint32_t day, uint32_t domain)
{
	return (struct event){
		.id = {{1}},
		.day = day,
		.act = ACT_QUESTION,
		.domain = domain,
		.outcome = OUTCOME_ANSWERED,
	};
}

static struct event retraction(uint32_t day)
{
	return (struct event){.id = {{1}}, .day = day, .act = ACT_RETRACTION};
}

static enum verdict ask(const struct event *event, const char *team, enum known known)
{
	struct admitted admitted = rules_admit(event, team, &catalogue, &standing);

	return rules_judge(&admitted, known);
}

static enum verdict first_heard(uint32_t day, const char *team, uint32_t domain)
{
	struct event event = question(day, domain);

	return ask(&event, team, KNOWN_NOTHING);
}

static enum verdict first_heard_with(uint32_t domain, uint32_t day, uint32_t label)
{
	struct event event = question(day, domain);

	event.n_labels = 2;
	event.labels[0] = 10;
	event.labels[1] = label;
	return ask(&event, "oost", KNOWN_NOTHING);
}

/* ---- Rule 1 ---------------------------------------------------------------------------------- */

/* Days with their answers when the id is not known, and when it was counted. Nothing else alters a row. */
static void every_cell_of_the_table(void **state)
{
	static const struct {
		const char *when;
		uint32_t day;
		enum verdict question_unknown, retraction_unknown, retraction_counted;
	} rows[] = {
		{"today", TODAY, VERDICT_COUNTED, VERDICT_RETRACTED, VERDICT_RETRACTED},
		{"tomorrow", TODAY + 1, VERDICT_COUNTED, VERDICT_RETRACTED, VERDICT_RETRACTED},
		{"the day after", TODAY + 2, VERDICT_REFUSED_DAY_IN_FUTURE, VERDICT_REFUSED_DAY_IN_FUTURE,
		 VERDICT_RETRACTED},
		{"two weeks ago", TODAY - 14, VERDICT_COUNTED, VERDICT_RETRACTED, VERDICT_RETRACTED},
		{"a day more", TODAY - 15, VERDICT_COUNTED, VERDICT_REFUSED_RETRACTION_TOO_LATE,
		 VERDICT_REFUSED_RETRACTION_TOO_LATE},
		{"in a final quarter", SEPTEMBER_30, VERDICT_COUNTED_LATE, VERDICT_REFUSED_RETRACTION_TOO_LATE,
		 VERDICT_REFUSED_RETRACTION_TOO_LATE},
		{"too old", TODAY - 401, VERDICT_REFUSED_DAY_TOO_OLD, VERDICT_REFUSED_RETRACTION_TOO_LATE,
		 VERDICT_REFUSED_RETRACTION_TOO_LATE},
		{"day 0", 0, VERDICT_REFUSED_DAY_TOO_OLD, VERDICT_REFUSED_RETRACTION_TOO_LATE,
		 VERDICT_REFUSED_RETRACTION_TOO_LATE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event asked = question(rows[i].day, 1), undone = retraction(rows[i].day);

		print_message("%s\n", rows[i].when);
		assert_int_equal(ask(&asked, "oost", KNOWN_NOTHING), rows[i].question_unknown);
		assert_int_equal(ask(&asked, "oost", KNOWN_COUNTED), VERDICT_ALREADY_COUNTED);
		assert_int_equal(ask(&asked, "oost", KNOWN_COUNTED_LATE), VERDICT_ALREADY_COUNTED);
		assert_int_equal(ask(&asked, "oost", KNOWN_RETRACTED), VERDICT_ALREADY_RETRACTED);
		assert_int_equal(ask(&undone, "oost", KNOWN_NOTHING), rows[i].retraction_unknown);
		assert_int_equal(ask(&undone, "oost", KNOWN_COUNTED), rows[i].retraction_counted);
		assert_int_equal(ask(&undone, "oost", KNOWN_COUNTED_LATE), VERDICT_REFUSED_RETRACTION_TOO_LATE);
		assert_int_equal(ask(&undone, "oost", KNOWN_RETRACTED), VERDICT_ALREADY_RETRACTED);
	}
}

/* A resend is answered from what is stored, also if its team has ended or it says something else now. */
static void what_is_known_is_answered_before_all_checks(void **state)
{
	struct event wrong = question(TODAY + 1000, 77);

	(void)state;
	wrong.n_labels = 1;
	wrong.labels[0] = 999;
	assert_int_equal(ask(&wrong, "nowhere", KNOWN_COUNTED), VERDICT_ALREADY_COUNTED);
	assert_int_equal(ask(&wrong, "nowhere", KNOWN_COUNTED_LATE), VERDICT_ALREADY_COUNTED);
	assert_int_equal(ask(&wrong, "nowhere", KNOWN_RETRACTED), VERDICT_ALREADY_RETRACTED);
}

/* Each event fails all checks from its own on; the first one answers. */
static void checks_come_in_the_contracts_order(void **state)
{
	struct event event = question(TODAY - 6, 1);

	(void)state;
	event.n_labels = 1;
	event.labels[0] = 65535;
	assert_int_equal(ask(&event, "oost", KNOWN_NOTHING), VERDICT_REFUSED_UNKNOWN_LABEL);
	event.domain = 255;
	assert_int_equal(ask(&event, "oost", KNOWN_NOTHING), VERDICT_REFUSED_UNKNOWN_DOMAIN);
	assert_int_equal(ask(&event, "nieuw", KNOWN_NOTHING), VERDICT_REFUSED_UNKNOWN_TEAM);
	event.day = SINCE - 1;
	assert_int_equal(ask(&event, "nieuw", KNOWN_NOTHING), VERDICT_REFUSED_DAY_TOO_OLD);
	event.day = TODAY + 2;
	event.domain = 77;
	assert_int_equal(ask(&event, "nowhere", KNOWN_NOTHING), VERDICT_REFUSED_DAY_IN_FUTURE);
}

static void admitted_carries_the_event_and_its_team(void **state)
{
	struct event event = question(TODAY, 1);
	struct admitted admitted = rules_admit(&event, "oost", &catalogue, &standing);

	(void)state;
	assert_memory_equal(&admitted.event, &event, sizeof event);
	assert_string_equal(admitted.team, "oost");
}

/* ---- Rule 6: days ---------------------------------------------------------------------------- */

static void days_beyond_the_calendar_are_in_the_future(void **state)
{
	static const uint32_t days[] = {CALENDAR_DAY_MAX + 1, INT32_MAX, 1 + (uint32_t)INT32_MAX, UINT32_MAX};
	struct standing end = {.today = CALENDAR_DAY_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		struct event asked = question(days[i], 1), undone = retraction(days[i]);
		struct admitted at_the_end;

		assert_int_equal(ask(&asked, "oost", KNOWN_NOTHING), VERDICT_REFUSED_DAY_IN_FUTURE);
		assert_int_equal(ask(&undone, "oost", KNOWN_NOTHING), VERDICT_REFUSED_DAY_IN_FUTURE);
		assert_int_equal(ask(&undone, "oost", KNOWN_COUNTED), VERDICT_REFUSED_RETRACTION_TOO_LATE);
		at_the_end = rules_admit(&asked, "oost", &catalogue,
					 &end); /* the next day is one ahead, and no day at all */
		assert_int_equal(at_the_end.if_unknown, VERDICT_REFUSED_DAY_IN_FUTURE);
	}
}

static void days_are_accepted_for_accept_days_since_counting_began(void **state)
{
	struct standing later = {.today = SINCE + 400, .final_through = 0};
	struct event event = question(SINCE, 1);

	(void)state;
	assert_int_equal(first_heard(TODAY - 400, "oost", 1), VERDICT_COUNTED_LATE);
	assert_int_equal(first_heard(TODAY - 401, "oost", 1), VERDICT_REFUSED_DAY_TOO_OLD);
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &later).if_unknown, VERDICT_COUNTED);
	later.today++;
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &later).if_unknown, VERDICT_REFUSED_DAY_TOO_OLD);
	later.today = SINCE + 1;
	event.day = SINCE - 1;
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &later).if_unknown, VERDICT_REFUSED_DAY_TOO_OLD);
}

/* Also when accept_days was raised afterwards, or the clock went back. */
static void what_was_purged_is_never_accepted_again(void **state)
{
	struct standing purged = {.today = TODAY, .purged_before = TODAY - 3};
	struct event event = question(TODAY - 3, 1), undone = retraction(TODAY - 3);

	(void)state;
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &purged).if_unknown, VERDICT_COUNTED);
	assert_int_equal(rules_admit(&undone, "oost", &catalogue, &purged).if_unknown, VERDICT_RETRACTED);
	event.day = undone.day = TODAY - 4;
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &purged).if_unknown, VERDICT_REFUSED_DAY_TOO_OLD);
	assert_int_equal(rules_admit(&undone, "oost", &catalogue, &purged).if_unknown,
			 VERDICT_REFUSED_RETRACTION_TOO_LATE);
	purged.today = TODAY - 300;
	event.day = TODAY - 300;
	assert_int_equal(rules_admit(&event, "oost", &catalogue, &purged).if_unknown, VERDICT_REFUSED_DAY_TOO_OLD);
}

/* ---- Rule 7: validity on the question's day ---------------------------------------------------- */

static void teams_count_on_their_days(void **state)
{
	(void)state;
	assert_int_equal(first_heard(TODAY - 6, "west", 1), VERDICT_COUNTED);
	assert_int_equal(first_heard(TODAY - 5, "west", 1), VERDICT_REFUSED_UNKNOWN_TEAM);
	assert_int_equal(first_heard(TODAY - 6, "nieuw", 1), VERDICT_REFUSED_UNKNOWN_TEAM);
	assert_int_equal(first_heard(TODAY - 5, "nieuw", 1), VERDICT_COUNTED);
	assert_int_equal(first_heard(TODAY, "", 1), VERDICT_REFUSED_UNKNOWN_TEAM);
	assert_int_equal(first_heard(TODAY, TEAM_ALL, 1), VERDICT_REFUSED_UNKNOWN_TEAM);
	assert_int_equal(first_heard(TODAY, "oost-and-a-name-far-longer-than-a-slug", 1), VERDICT_REFUSED_UNKNOWN_TEAM);
}

static void domains_count_on_their_days(void **state)
{
	static const uint32_t unknown[] = {0, 77, 256, 300, 257, 65537, 4000000000, UINT32_MAX};

	(void)state;
	assert_int_equal(first_heard(TODAY - 6, "oost", 2), VERDICT_COUNTED);
	assert_int_equal(first_heard(TODAY - 5, "oost", 2), VERDICT_REFUSED_UNKNOWN_DOMAIN);
	assert_int_equal(first_heard(TODAY - 6, "oost", 255), VERDICT_REFUSED_UNKNOWN_DOMAIN);
	assert_int_equal(first_heard(TODAY - 5, "oost", 255), VERDICT_COUNTED);
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		assert_int_equal(first_heard(TODAY, "oost", unknown[i]), VERDICT_REFUSED_UNKNOWN_DOMAIN);
}

static void labels_count_on_their_days_and_with_their_domain(void **state)
{
	(void)state;
	assert_int_equal(first_heard_with(1, TODAY, 11), VERDICT_COUNTED);
	assert_int_equal(first_heard_with(255, TODAY, 11), VERDICT_REFUSED_UNKNOWN_LABEL);
	assert_int_equal(first_heard_with(1, TODAY - 6, 12), VERDICT_COUNTED);
	assert_int_equal(first_heard_with(1, TODAY - 5, 12), VERDICT_REFUSED_UNKNOWN_LABEL);
	assert_int_equal(first_heard_with(1, TODAY - 6, 65535), VERDICT_REFUSED_UNKNOWN_LABEL);
	assert_int_equal(first_heard_with(1, TODAY - 5, 65535), VERDICT_COUNTED);
	assert_int_equal(first_heard_with(1, TODAY, 0), VERDICT_REFUSED_UNKNOWN_LABEL);
	assert_int_equal(first_heard_with(1, TODAY, 65546), VERDICT_REFUSED_UNKNOWN_LABEL); /* 10 in 16 bits */
	assert_int_equal(first_heard_with(1, TODAY, UINT32_MAX), VERDICT_REFUSED_UNKNOWN_LABEL);
}

/* ---- Rule 4: retraction ------------------------------------------------------------------------ */

static void retraction_asks_for_no_team_and_no_beginning(void **state)
{
	struct catalogue began_today = catalogue;
	struct event undone = retraction(TODAY - 6);

	(void)state;
	began_today.counting_since = TODAY;
	assert_int_equal(ask(&undone, "nowhere", KNOWN_NOTHING), VERDICT_RETRACTED);
	assert_int_equal(rules_admit(&undone, "", &began_today, &standing).if_unknown, VERDICT_RETRACTED);
}

static void retraction_ends_with_its_days_the_quarter_and_the_detail(void **state)
{
	struct standing at = {.today = OCTOBER_1 + 5};

	(void)state;
	assert_true(rules_retractable(SEPTEMBER_30, &catalogue, &at));
	at.final_through = Q3;
	assert_false(rules_retractable(SEPTEMBER_30, &catalogue, &at));
	assert_true(rules_retractable(OCTOBER_1, &catalogue, &at));
	at.settled_before = OCTOBER_1 + 1;
	assert_false(rules_retractable(OCTOBER_1, &catalogue, &at));
	assert_true(rules_retractable(OCTOBER_1 + 1, &catalogue, &at));
	at.purged_before = OCTOBER_1 + 2;
	assert_false(rules_retractable(OCTOBER_1 + 1, &catalogue, &at));
	assert_true(rules_retractable(OCTOBER_1 + 2, &catalogue, &at));
	at.today = OCTOBER_1 + 2 + 14;
	assert_true(rules_retractable(OCTOBER_1 + 2, &catalogue, &at));
	at.today++;
	assert_false(rules_retractable(OCTOBER_1 + 2, &catalogue, &at));
}

static void retract_days_never_outlast_grace_days(void **state)
{
	struct catalogue hasty = catalogue;
	struct standing at = {.today = TODAY};

	(void)state;
	hasty.retract_days = 30;
	hasty.grace_days = 7;
	assert_true(rules_retractable(TODAY - 7, &hasty, &at));
	assert_false(rules_retractable(TODAY - 8, &hasty, &at));
	hasty.grace_days = UINT32_MAX;
	hasty.retract_days = UINT32_MAX;
	assert_true(rules_retractable(0, &hasty, &at));
}

/* ---- Rule 8: a quarter's life -------------------------------------------------------------------- */

static void a_quarter_is_open_then_provisional_then_what_the_store_says(void **state)
{
	struct standing at = {.today = TODAY};

	(void)state;
	assert_int_equal(rules_quarter_status(Q4, &at), QUARTER_OPEN);
	assert_int_equal(rules_quarter_status(Q4 + 1, &at), QUARTER_OPEN); /* still to come */
	assert_int_equal(rules_quarter_status(Q3, &at), QUARTER_PROVISIONAL);
	at.today++;
	assert_int_equal(rules_quarter_status(Q4, &at), QUARTER_PROVISIONAL);
	at.today += 1000; /* grace is over: still what the store says */
	assert_int_equal(rules_quarter_status(Q4, &at), QUARTER_PROVISIONAL);
	at.final_through = Q4;
	assert_int_equal(rules_quarter_status(Q4, &at), QUARTER_FINAL);
	assert_int_equal(rules_quarter_status(Q3, &at), QUARTER_FINAL);
	at.today = TODAY; /* a clock that went back opens nothing */
	assert_int_equal(rules_quarter_status(Q4, &at), QUARTER_FINAL);
}

static void a_quarter_may_be_closed_after_its_grace(void **state)
{
	(void)state;
	assert_int_equal(rules_quarter_closable(SEPTEMBER_30 + 28, 28), Q3 - 1);
	assert_int_equal(rules_quarter_closable(SEPTEMBER_30 + 29, 28), Q3);
	assert_int_equal(rules_quarter_closable(TODAY, 28), Q3);
	assert_int_equal(rules_quarter_closable(TODAY, 0), Q3);
	assert_int_equal(rules_quarter_closable(TODAY + 1, 0), Q4);
	assert_int_equal(rules_quarter_closable(TODAY, 800), 8070); /* 2017-Q3: 2017-12-31 is 730 days ago */
	assert_int_equal(rules_quarter_closable(CALENDAR_DAY_MAX, 0), 9999 * 4 + 2);
}

static void before_the_calendar_there_is_no_quarter_to_close(void **state)
{
	uint32_t end = quarter_last_day(1970 * 4);

	(void)state;
	assert_int_equal(rules_quarter_closable(0, 0), 0);
	assert_int_equal(rules_quarter_closable(0, UINT32_MAX), 0);
	assert_int_equal(rules_quarter_closable(TODAY, TODAY), 0);
	assert_int_equal(rules_quarter_closable(TODAY, UINT32_MAX), 0);
	assert_int_equal(rules_quarter_closable(end, 0), 0);
	assert_int_equal(rules_quarter_closable(end + 1, 0), 1970 * 4);
}

/* Both by their definitions, day by day. */
static void closing_and_purging_agree_with_their_rules(void **state)
{
	(void)state;
	for (uint32_t today = SINCE; today < SINCE + 1200; today++) {
		for (uint32_t days = 0; days < 500; days += 7) {
			uint32_t quarter = rules_quarter_closable(today, days),
				 first_kept = rules_purgeable_before(today, days);

			assert_true(today - quarter_last_day(quarter) > days);
			assert_false((int64_t)today - quarter_last_day(quarter + 1) > (int64_t)days);
			assert_true(today - first_kept <= days + 60);
			assert_true(today - (first_kept - 1) > days + 60);
		}
	}
}

static void nothing_is_purged_before_there_was_time(void **state)
{
	(void)state;
	assert_int_equal(rules_purgeable_before(TODAY, 400), TODAY - 460);
	assert_int_equal(rules_purgeable_before(460, 400), 0);
	assert_int_equal(rules_purgeable_before(461, 400), 1);
	assert_int_equal(rules_purgeable_before(0, 0), 0);
	assert_int_equal(rules_purgeable_before(TODAY, UINT32_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_table),
		cmocka_unit_test(what_is_known_is_answered_before_all_checks),
		cmocka_unit_test(checks_come_in_the_contracts_order),
		cmocka_unit_test(admitted_carries_the_event_and_its_team),
		cmocka_unit_test(days_beyond_the_calendar_are_in_the_future),
		cmocka_unit_test(days_are_accepted_for_accept_days_since_counting_began),
		cmocka_unit_test(what_was_purged_is_never_accepted_again),
		cmocka_unit_test(teams_count_on_their_days),
		cmocka_unit_test(domains_count_on_their_days),
		cmocka_unit_test(labels_count_on_their_days_and_with_their_domain),
		cmocka_unit_test(retraction_asks_for_no_team_and_no_beginning),
		cmocka_unit_test(retraction_ends_with_its_days_the_quarter_and_the_detail),
		cmocka_unit_test(retract_days_never_outlast_grace_days),
		cmocka_unit_test(a_quarter_is_open_then_provisional_then_what_the_store_says),
		cmocka_unit_test(a_quarter_may_be_closed_after_its_grace),
		cmocka_unit_test(before_the_calendar_there_is_no_quarter_to_close),
		cmocka_unit_test(closing_and_purging_agree_with_their_rules),
		cmocka_unit_test(nothing_is_purged_before_there_was_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
