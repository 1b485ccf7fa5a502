/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Summaries: which there are, and what a quarter and a year are made of (rules 8, 9, 10 and 14, docs/wire-format.md).
 */
#include "tests/unit/lib/figures_org.h"

/* "9:0/0 1:3/2": code:answered/referred, as listed. */
static const char *domains_text(const struct summary *summary)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < summary->n_domains; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:%" PRIu64 "/%" PRIu64, i ? " " : "",
					 summary->domains[i].domain, summary->domains[i].answered,
					 summary->domains[i].referred);
	return text;
}

/* ---- What has figures (rule 10) --------------------------------------------------------------- */

static void figures_exist_from_counting_since_while_the_team_is_there(void **state)
{
	static const struct row none[] = {{"oost", 0, REVISION, 1, {0}}};
	static const struct {
		const char *today, *team, *period;
		bool exists;
	} table[] = {
		{"2019-08-01", "oost", "2018-Q2", false}, /* before counting began */
		{"2019-08-01", "oost", "2018-Q3", true},  /* began in it */
		{"2019-08-01", "oost", "2017", false},
		{"2019-08-01", "oost", "2018", true},
		{"2019-08-01", "oost", "2019-Q3", true},
		{"2019-08-01", "oost", "2019-Q4", false}, /* not begun */
		{"2019-09-30", "oost", "2019-Q4", false},
		{"2019-10-01", "oost", "2019-Q4", true}, /* its first day */
		{"2019-08-01", "oost", "2020", false},
		{"2019-08-01", "west", "2019-Q1", true}, /* ended half-way */
		{"2019-08-01", "west", "2019-Q2", false},
		{"2019-08-01", "west", "2019", true},
		{"2020-02-01", "west", "2020", false},
		{"2019-08-01", "noord", "2019-Q2", false},
		{"2019-08-01", "noord", "2019-Q3", true},
		{"2019-06-30", "noord", "2019-Q3", false}, /* comes tomorrow */
		{"2019-08-01", "noord", "2018", false},
		{"2019-08-01", TEAM_ALL, "2018-Q3", true},
		{"2019-08-01", TEAM_ALL, "2018-Q2", false},
		{"2019-08-01", TEAM_ALL, "2019-Q4", false},
		{"2019-08-01", "nobody", "2019-Q1", false},
	};
	struct org org;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		ORG(&org, none, table[i].today);
		if (figures_exist(&org.figures, table[i].team, period(table[i].period)) != table[i].exists)
			fail_msg("on %s, %s %s", table[i].today, table[i].team, table[i].period);
	}
}

static void a_quarter_that_begins_tomorrow_exists_once_it_holds_a_question(void **state)
{
	/* Tapped by a phone whose clock is ahead, and taken back: the record stays, and so does the figure. */
	static const struct row rows[] = {{"oost", Q1_2019, ANSWERED, 1, LIVE(0)}};
	struct org org;

	(void)state;
	ORG(&org, rows, "2018-12-31");
	assert_true(figures_exist(&org.figures, "oost", period("2019-Q1")));
	assert_true(figures_exist(&org.figures, "oost", period("2019")));
	assert_true(figures_exist(&org.figures, TEAM_ALL, period("2019-Q1")));
	assert_false(figures_exist(&org.figures, "west", period("2019-Q1")));
	assert_int_equal(summary_of(&org, "oost", "2019-Q1").status, QUARTER_OPEN);
}

static int note_summary(void *context, const char *team, struct period when)
{
	char *text = context, one[PERIOD_TEXT_BYTES];
	size_t used = strlen(text);

	period_format(when, one);
	(void)snprintf(text + used, 1024 - used, "%s %s; ", team, one);
	return 0;
}

static int stop_at_west(void *context, const char *team, struct period when)
{
	(void)when;
	++*(int *)context;
	return strcmp(team, "west") == 0 ? 42 : 0;
}

static void every_summary_is_visited_quarters_before_their_year_and_all_last(void **state)
{
	static const struct row rows[] = {{"oost", Q2_2019, ANSWERED, 1, LIVE(1)}};
	char text[1024] = "";
	struct org org;
	int visited = 0;

	(void)state;
	ORG(&org, rows, "2019-03-31");
	assert_int_equal(figures_each_summary(&org.figures, note_summary, text), 0);
	assert_string_equal(text, "oost 2018-Q3; oost 2018-Q4; oost 2018; oost 2019-Q1; oost 2019-Q2; oost 2019; "
				  "west 2018-Q3; west 2018-Q4; west 2018; west 2019-Q1; west 2019; "
				  "all 2018-Q3; all 2018-Q4; all 2018; all 2019-Q1; all 2019-Q2; all 2019; ");
	assert_int_equal(figures_each_summary(&org.figures, stop_at_west, &visited), 42);
	assert_int_equal(visited, 7);
}

/* ---- What a summary is made of ---------------------------------------------------------------- */

static void domains_are_those_valid_or_counted_by_position(void **state)
{
	static const struct row rows[] = {
		{"oost", Q4_2018, ANSWERED, 1, LIVE(3)},
		{"oost", Q4_2018, REFERRED, 1, LIVE(2)},
		{"oost", Q1_2019, ANSWERED, 7, LIVE(1)},   /* ended, and counted all the same */
		{"oost", Q2_2019, REFERRED, 7, LATE(2)},   /* counted late only */
		{"oost", Q2_2019, ANSWERED, 200, LIVE(4)}, /* in no catalogue any more */
		{"oost", Q2_2019, ANSWERED, 30, LIVE(5)},
		{"oost", Q3_2019, ANSWERED, 7, LIVE(0)}, /* a record of zeros is no count */
	};
	static const struct {
		const char *period, *domains;
	} table[] = {
		{"2018-Q3", "9:0/0 1:0/0 7:0/0"},
		{"2018-Q4", "9:0/0 1:3/2 7:0/0"},
		{"2018", "9:0/0 1:3/2 7:0/0"},
		{"2019-Q1", "9:0/0 1:0/0 7:1/0 14:0/0"},
		{"2019-Q2", "9:0/0 1:0/0 7:0/0 14:0/0 30:5/0 200:4/0"},
		{"2019-Q3", "9:0/0 1:0/0 14:0/0"},
		{"2019", "9:0/0 1:0/0 7:1/0 14:0/0 30:5/0 200:4/0"},
	};
	struct org org;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct summary summary = summary_of(&org, "oost", table[i].period);

		assert_string_equal(domains_text(&summary), table[i].domains);
	}
}

static void a_year_has_no_domain_of_a_quarter_without_figures(void **state)
{
	static const struct row rows[] = {{"noord", Q3_2019, ANSWERED, 1, LIVE(1)}};
	struct org org;
	struct summary summary;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	org.domains[0].valid_until = day("2019-07-01"); /* gone when noord came */
	org.domains[2].valid_from = day("2019-10-01");  /* still to come */
	org.domains[2].valid_until = 0;
	summary = summary_of(&org, "noord", "2019");
	assert_string_equal(domains_text(&summary), "1:1/0 14:0/0");
}

static void a_summary_says_what_it_is_of(void **state)
{
	static const struct row rows[] = {
		{"oost", Q4_2018, ANSWERED, 1, {.counted = 3, .shown = 3, .late = 1}},
		{"oost", Q4_2018, REFERRED, 9, {.counted = 2, .shown = 2, .late = 5}},
		{"west", Q4_2018, REFERRED, 9, LIVE(10)},
	};
	struct org org;
	struct summary summary;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	summary = summary_of(&org, "oost", "2018-Q4");
	assert_string_equal(summary.org, "dekop");
	assert_string_equal(summary.team, "oost");
	assert_int_equal(summary.period.quarter, Q4_2018);
	assert_int_equal(summary.generation, 77);
	assert_int_equal(summary.as_of, 1577836800);
	assert_int_equal(summary.catalogue_version, 3);
	assert_int_equal(summary.answered, 3);
	assert_int_equal(summary.referred, 2);
	assert_int_equal(summary.late, 6);
	assert_int_equal(summary_of(&org, TEAM_ALL, "2018-Q4").referred, 12);
}

static void labels_are_those_above_zero(void **state)
{
	static const struct row rows[] = {
		{"oost", Q1_2019, LABEL, 4, LIVE(2)},
		{"oost", Q1_2019, LABEL, 20, HELD(3, 0)}, /* counted, not shown yet */
		{"oost", Q1_2019, LABEL, 30, LATE(1)},
		{"oost", Q2_2019, LABEL, 4, LIVE(5)},
	};
	struct org org;
	struct summary summary;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	summary = summary_of(&org, "oost", "2019-Q1");
	assert_int_equal(summary.n_labels, 1);
	assert_int_equal(summary.labels[0].label, 4);
	assert_int_equal(summary.labels[0].count, 2);
	summary = summary_of(&org, "oost", "2019");
	assert_int_equal(summary.n_labels, 1);
	assert_int_equal(summary.labels[0].count, 7);
	assert_int_equal(summary_of(&org, "oost", "2019-Q3").n_labels, 0);
}

static void held_cells_show_later_and_totals_at_once(void **state)
{
	static const struct row rows[] = {
		{"oost", Q1_2019, ANSWERED, 1, HELD(10, 7)},
		/* Taken back while held: one domain may show more than it has, never all together. */
		{"oost", Q1_2019, ANSWERED, 9, HELD(1, 2)},
		{"oost", Q1_2019, REFERRED, 1, HELD(4, 0)},
		{"oost", Q2_2019, REFERRED, 1, LIVE(3)},
	};
	static const char *const periods[] = {"2019-Q1", "2019-Q2", "2019"};
	struct org org;
	struct summary summary;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	summary = summary_of(&org, "oost", "2019-Q1");
	assert_int_equal(summary.answered, 11);
	assert_int_equal(summary.undistributed_answered, 2);
	assert_int_equal(summary.undistributed_referred, 4);
	assert_string_equal(domains_text(&summary), "9:2/0 1:7/0 14:0/0");
	for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
		uint64_t answered = 0, referred = 0;

		summary = summary_of(&org, "oost", periods[i]);
		for (uint32_t j = 0; j < summary.n_domains; j++) {
			answered += summary.domains[j].answered;
			referred += summary.domains[j].referred;
		}
		assert_int_equal(answered + summary.undistributed_answered, summary.answered);
		assert_int_equal(referred + summary.undistributed_referred, summary.referred);
	}
}

static void more_shown_than_counted_is_damage(void **state)
{
	static const struct row rows[] = {{"oost", Q1_2019, REFERRED, 1, HELD(1, 2)}};
	struct error error = {0};
	struct summary summary;
	struct org org;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	assert_int_equal(figures_summary(&org.figures, "oost", period("2019-Q1"), &summary, &error), FAULT_DAMAGED);
	assert_non_null(strstr(error.text, "oost"));
}

static void a_record_that_cannot_be_read_is_a_fault_and_not_a_zero(void **state)
{
	static const struct row rows[] = {{"oost", Q3_2019, BROKEN, 0, {0}}};
	struct error error = {0};
	struct summary summary;
	struct org org;

	(void)state;
	ORG(&org, rows, "2019-01-01");
	assert_true(figures_exist(&org.figures, "oost", period("2019-Q3")));
	assert_int_equal(figures_summary(&org.figures, "oost", period("2019-Q3"), &summary, &error), FAULT_DAMAGED);
	assert_string_equal(error.text, "figures of oost in 2019-Q3: a bad record");
	assert_int_equal(figures_summary(&org.figures, "oost", period("2019"), &summary, &error), FAULT_DAMAGED);
}

/* ---- A quarter's and a year's life (rules 8 and 9) -------------------------------------------- */

static void status_and_revision_follow_the_date_and_what_is_closed(void **state)
{
	static const struct row rows[] = {
		{"oost", Q4_2018, REVISION, 3, {0}},
		{"oost", Q1_2019, ANSWERED, 1, LIVE(1)},
		{"oost", Q1_2019, REVISION, 2, {0}}, /* the highest of its year, not the last */
	};
	static const struct {
		const char *today;
		uint32_t final_through;
		const char *team, *period;
		enum quarter_status status;
		uint32_t revision;
	} table[] = {
		{"2018-12-31", Q3_2018, "oost", "2018-Q4", QUARTER_OPEN, 0},
		{"2018-12-31", Q3_2018, "oost", "2018", QUARTER_OPEN, 1}, /* its Q3 has a first revision */
		{"2019-01-01", Q3_2018, "oost", "2018-Q4", QUARTER_PROVISIONAL, 0},
		{"2019-01-01", Q3_2018, "oost", "2018", QUARTER_PROVISIONAL, 1},
		{"2019-01-29", Q4_2018, "oost", "2018-Q3", QUARTER_FINAL, 1},
		{"2019-01-29", Q4_2018, "oost", "2018-Q4", QUARTER_FINAL, 3},
		/* Counting began in Q3: the two quarters before it hold nothing up. */
		{"2019-01-29", Q4_2018, "oost", "2018", QUARTER_FINAL, 3},
		{"2019-01-29", Q4_2018, TEAM_ALL, "2018", QUARTER_FINAL, 3},
		{"2019-01-29", Q4_2018, "oost", "2019", QUARTER_OPEN, 0},
		/* Quarters still to come keep a year open, also when all that began are closed. */
		{"2019-06-30", Q1_2019, "oost", "2019-Q1", QUARTER_FINAL, 2},
		{"2019-06-30", Q1_2019, "oost", "2019", QUARTER_OPEN, 2},
		{"2019-12-31", Q3_2019, "oost", "2019", QUARTER_OPEN, 2},
		{"2020-01-01", Q3_2019, "oost", "2019", QUARTER_PROVISIONAL, 2},
		{"2020-01-29", Q3_2019 + 1, "oost", "2019", QUARTER_FINAL, 2},
		/* The store has closed it: a date that goes back opens nothing again. */
		{"2018-12-01", Q4_2018, "oost", "2018-Q4", QUARTER_FINAL, 3},
		/* Without a first closing nothing is final. */
		{"2019-06-30", 0, "oost", "2018", QUARTER_PROVISIONAL, 0},
	};
	struct org org;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct summary summary;

		ORG(&org, rows, table[i].today);
		org.figures.standing.final_through = table[i].final_through;
		summary = summary_of(&org, table[i].team, table[i].period);
		if (summary.status != table[i].status || summary.revision != table[i].revision)
			fail_msg("on %s, %s %s: %s, revision %u", table[i].today, table[i].team, table[i].period,
				 words_quarter_status(summary.status), summary.revision);
	}
}

static void a_year_is_the_sum_of_its_quarters(void **state)
{
	static const struct row rows[] = {
		{"oost", Q1_2019, ANSWERED, 1, {.counted = 8, .shown = 5, .late = 1}},
		{"oost", Q1_2019, REFERRED, 14, LIVE(2)},
		{"oost", Q2_2019, ANSWERED, 9, {.counted = 30, .shown = 30, .late = 2}},
		{"oost", Q3_2019, REFERRED, 1, HELD(400, 100)},
		{"oost", Q4_2018, REFERRED, 1, LIVE(5000)}, /* another year's */
	};
	struct org org;
	struct summary year;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	year = summary_of(&org, "oost", "2019");
	assert_true(year.period.is_year);
	assert_int_equal(year.answered, 38);
	assert_int_equal(year.referred, 402);
	assert_int_equal(year.late, 3);
	assert_int_equal(year.undistributed_answered, 3);
	assert_int_equal(year.undistributed_referred, 300);
	assert_string_equal(domains_text(&year), "9:30/0 1:5/100 14:0/2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_exist_from_counting_since_while_the_team_is_there),
		cmocka_unit_test(a_quarter_that_begins_tomorrow_exists_once_it_holds_a_question),
		cmocka_unit_test(every_summary_is_visited_quarters_before_their_year_and_all_last),
		cmocka_unit_test(domains_are_those_valid_or_counted_by_position),
		cmocka_unit_test(a_year_has_no_domain_of_a_quarter_without_figures),
		cmocka_unit_test(a_summary_says_what_it_is_of),
		cmocka_unit_test(labels_are_those_above_zero),
		cmocka_unit_test(held_cells_show_later_and_totals_at_once),
		cmocka_unit_test(more_shown_than_counted_is_damage),
		cmocka_unit_test(a_record_that_cannot_be_read_is_a_fault_and_not_a_zero),
		cmocka_unit_test(status_and_revision_follow_the_date_and_what_is_closed),
		cmocka_unit_test(a_year_is_the_sum_of_its_quarters),
	};

	return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
