/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The weekly course (rule 15, docs/wire-format.md) and the JSON twin.
 */
#include "tests/unit/lib/figures_org.h"

/* "W31-W52: 4": the first and the last week, and the questions of all. */
static const char *weeks_text(const struct org *org, const char *team, uint32_t iso_year)
{
	static char text[128];
	struct error error = {0};
	struct weekly weekly;
	uint64_t sum = 0;

	if (figures_weekly(&org->figures, team, iso_year, &weekly, &error) != 0)
		fail_msg("%s %u: %s", team, iso_year, error.text);
	if (weekly.n_weeks == 0)
		return "none";
	for (uint32_t i = 0; i < weekly.n_weeks; i++) {
		assert_int_equal(weekly.weeks[i].week, weekly.weeks[0].week + i);
		sum += weekly.weeks[i].questions;
	}
	(void)snprintf(text, sizeof text, "W%02u-W%02u: %" PRIu64, weekly.weeks[0].week,
		       weekly.weeks[weekly.n_weeks - 1].week, sum);
	return text;
}

static int note_weekly(void *context, const char *team, uint32_t iso_year)
{
	char *text = context;
	size_t used = strlen(text);

	(void)snprintf(text + used, 1024 - used, "%s %u; ", team, iso_year);
	return 0;
}

/* ---- The weekly course (rule 15) -------------------------------------------------------------- */

static void weeks_run_from_the_first_day_to_today_zeros_included(void **state)
{
	static const struct row rows[] = {
		{"oost", 2018, WEEK, 40, LIVE(6)},
		{"oost", 2019, WEEK, 1, LIVE(2)},
		{"west", 2019, WEEK, 1, LIVE(3)},
	};
	static const struct {
		const char *today, *team;
		uint32_t iso_year;
		const char *weeks;
	} table[] = {
		{"2019-08-01", "oost", 2017, "none"},
		{"2019-08-01", "oost", 2018, "W31-W52: 6"}, /* counting began on 1 August 2018 */
		{"2019-08-01", "oost", 2019, "W01-W31: 2"},
		{"2019-08-01", "west", 2019, "W01-W07: 3"}, /* gone on 15 February, a Friday */
		{"2019-08-01", TEAM_ALL, 2019, "W01-W31: 5"},
		{"2019-08-01", "noord", 2018, "none"},
		{"2019-08-01", "noord", 2019, "W27-W31: 0"}, /* came on Monday 1 July */
		{"2019-06-30", "noord", 2019, "none"},
		{"2018-12-30", "oost", 2018, "W31-W52: 6"},
		/* 31 December 2018 is in the first week of 2019. */
		{"2018-12-31", "noord", 2019, "none"},
		{"2018-12-31", TEAM_ALL, 2019, "W01-W01: 5"},
		/* Today is before counting began: what a date that jumped has counted shows all the same. */
		{"2018-07-01", "oost", 2018, "W40-W40: 6"},
	};
	struct org org;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const char *weeks;

		ORG(&org, rows, table[i].today);
		weeks = weeks_text(&org, table[i].team, table[i].iso_year);
		if (strcmp(weeks, table[i].weeks) != 0)
			fail_msg("on %s, %s %u: %s", table[i].today, table[i].team, table[i].iso_year, weeks);
	}
}

/* The until-day itself is outside, also when a week begins with it. */
static void a_course_ends_with_the_teams_last_day(void **state)
{
	static const struct row rows[] = {{"west", 2019, WEEK, 1, LIVE(3)}};
	struct org org;

	(void)state;
	ORG(&org, rows, "2019-08-01");
	org.teams[1].valid_until = day("2019-02-18"); /* a Monday */
	assert_string_equal(weeks_text(&org, "west", 2019), "W01-W07: 3");
}

static void a_question_of_tomorrow_is_in_next_weeks_course(void **state)
{
	/* Today is Sunday 30 December 2018; tomorrow is in the first week of 2019, and in this quarter. */
	static const struct row rows[] = {
		{"oost", 2019, WEEK, 1, LIVE(1)},
		{"oost", Q4_2018, ANSWERED, 1, LIVE(1)},
	};
	char text[1024] = "";
	struct org org;

	(void)state;
	ORG(&org, rows, "2018-12-30");
	assert_string_equal(weeks_text(&org, "oost", 2019), "W01-W01: 1");
	assert_int_equal(figures_each_weekly(&org.figures, note_weekly, text), 0);
	assert_string_equal(text, "oost 2018; oost 2019; west 2018; all 2018; all 2019; ");
}

static void every_course_is_visited_and_no_empty_one(void **state)
{
	static const struct row rows[] = {{"oost", 2019, WEEK, 1, LIVE(1)}};
	char text[1024] = "";
	struct org org;

	(void)state;
	ORG(&org, rows, "2020-02-01");
	assert_int_equal(figures_each_weekly(&org.figures, note_weekly, text), 0);
	assert_string_equal(text, "oost 2018; oost 2019; oost 2020; west 2018; west 2019; noord 2019; noord 2020; "
				  "all 2018; all 2019; all 2020; ");
}

static void a_course_that_cannot_be_read_is_a_fault(void **state)
{
	static const struct row rows[] = {{"oost", 2019, BROKEN, 0, {0}}};
	struct error error = {0};
	char text[1024] = "";
	struct weekly weekly;
	struct org org;

	(void)state;
	ORG(&org, rows, "2018-09-01");
	assert_int_equal(figures_weekly(&org.figures, "oost", 2019, &weekly, &error), FAULT_DAMAGED);
	assert_string_equal(error.text, "weeks of oost in 2019: a bad record");
	ORG(&org, rows, "2019-02-01");
	assert_int_equal(figures_each_weekly(&org.figures, note_weekly, text), 0);
	assert_non_null(strstr(text, "oost 2019; "));
}

/* ---- The JSON twin ---------------------------------------------------------------------------- */

static void the_json_twin_spells_names_out(void **state)
{
	static const struct row rows[] = {
		{"oost", Q1_2019, ANSWERED, 1, {.counted = 10, .shown = 7, .late = 2}},
		{"oost", Q1_2019, REFERRED, 200, LIVE(4)},
		{"oost", Q1_2019, LABEL, 20, LIVE(3)},
		{"oost", Q1_2019, LABEL, 99, LIVE(1)},
	};
	struct org org;
	struct summary summary;
	char *json;

	(void)state;
	ORG(&org, rows, "2019-04-01");
	(void)snprintf(org.domains[0].name, NAME_BYTES, "Sociaal \"netwerk\"");
	summary = summary_of(&org, "oost", "2019-Q1");
	json = figures_json(&summary, &org.catalogue);
	assert_non_null(json);
	assert_string_equal(
		json,
		"{\"org\": \"dekop\", \"org_name\": \"Sociaal Werk De Kop\", \"team\": \"oost\", "
		"\"team_name\": \"Gebiedsteam Oost\", \"period\": \"2019-Q1\", \"status\": \"provisional\", "
		"\"revision\": 0, "
		"\"generation\": 77, \"as_of\": 1577836800, \"questions\": 14, \"answered\": 10, \"referred\": 4, "
		"\"late\": 2, \"undistributed_answered\": 3, \"undistributed_referred\": 0, \"domains\": ["
		"{\"domain\": 9, \"name\": \"Sociaal \\\"netwerk\\\"\", \"answered\": 0, \"referred\": 0}, "
		"{\"domain\": 1, \"name\": \"Financiën\", \"answered\": 7, \"referred\": 0}, "
		"{\"domain\": 14, \"name\": \"Middelengebruik\", \"answered\": 0, \"referred\": 0}, "
		"{\"domain\": 200, \"name\": \"domain 200\", \"answered\": 0, \"referred\": 4}], \"labels\": ["
		"{\"label\": 20, \"name\": \"Inloopuur\", \"kind\": \"origin\", \"count\": 3}, "
		"{\"label\": 99, \"name\": \"label 99\", \"kind\": \"unspecified\", \"count\": 1}], "
		"\"catalogue_version\": 3}");
	free(json);
}

static void the_json_of_all_has_the_orgs_name(void **state)
{
	static const struct row rows[] = {{"oost", Q1_2019, ANSWERED, 1, LIVE(1)}};
	struct org org;
	struct summary summary;
	char *json;

	(void)state;
	ORG(&org, rows, "2019-04-01");
	summary = summary_of(&org, TEAM_ALL, "2019");
	json = figures_json(&summary, &org.catalogue);
	assert_non_null(json);
	assert_non_null(
		strstr(json, "\"team\": \"all\", \"team_name\": \"Sociaal Werk De Kop\", \"period\": \"2019\""));
	assert_non_null(strstr(json, "\"labels\": []"));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weeks_run_from_the_first_day_to_today_zeros_included),
		cmocka_unit_test(a_course_ends_with_the_teams_last_day),
		cmocka_unit_test(a_question_of_tomorrow_is_in_next_weeks_course),
		cmocka_unit_test(every_course_is_visited_and_no_empty_one),
		cmocka_unit_test(a_course_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(the_json_twin_spells_names_out),
		cmocka_unit_test(the_json_of_all_has_the_orgs_name),
	};

	return cmocka_run_group_tests_name("figures course", tests, NULL, NULL);
}
