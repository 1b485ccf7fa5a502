/* SPDX-License-Identifier: EUPL-1.2 */
/* The catalogue and the figures as turf.h gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/turf_impl.h"

/* In memory of its own, as turf_catalogue_new takes it. */
static struct turf_catalogue *example(void)
{
	static const struct team teams[] = {{.id = "oost", .name = "Team Oost", .valid_from = 100, .valid_until = 200}};
	static const struct domain domains[] = {
		{.code = 7, .name = "Financiën", .valid_from = 100, .rolls_up_to = 3, .position = 1},
		{.code = 3, .name = "Financieel gezag", .valid_from = 100, .position = 2},
	};
	static const struct label labels[] = {
		{.code = 900, .name = "Toeslagen", .kind = LABEL_SUBJECT, .domain = 7},
		{.code = 901, .name = "Telefoon", .kind = LABEL_ORIGIN},
	};
	const struct catalogue constant = {
		.version = 5,
		.org = "sw-de-kop",
		.name = "Sociaal Werk De Kop",
		.timezone = "Europe/Amsterdam",
		.accept_days = 400,
		.retract_days = 14,
		.grace_days = 28,
		.counting_since = 99,
		.teams = (struct team *)(uintptr_t)teams,
		.n_teams = 1,
		.domains = (struct domain *)(uintptr_t)domains,
		.n_domains = 2,
		.labels = (struct label *)(uintptr_t)labels,
		.n_labels = 2,
	};
	struct turf_catalogue *catalogue;
	struct catalogue copy;

	assert_int_equal(catalogue_copy(&constant, &copy), 0);
	catalogue = turf_catalogue_new(&copy);
	assert_non_null(catalogue);
	return catalogue;
}

static void test_the_catalogue_has_all_of_its_entries(void **state)
{
	struct turf_catalogue *catalogue = example();

	(void)state;
	assert_int_equal(catalogue->version, 5);
	assert_string_equal(catalogue->org, "sw-de-kop");
	assert_string_equal(catalogue->timezone, "Europe/Amsterdam");
	assert_int_equal(catalogue->accept_days, 400);
	assert_int_equal(catalogue->counting_since, 99);
	assert_int_equal(catalogue->n_teams, 1);
	assert_string_equal(catalogue->teams[0]->name, "Team Oost");
	assert_int_equal(catalogue->teams[0]->valid_until, 200);
	assert_int_equal(catalogue->n_domains, 2);
	assert_int_equal(catalogue->domains[0]->code, 7);
	assert_int_equal(catalogue->domains[0]->rolls_up_to, 3);
	assert_int_equal(catalogue->n_labels, 2);
	assert_int_equal(catalogue->labels[0]->kind, TURF_LABEL_SUBJECT);
	assert_int_equal(catalogue->labels[0]->domain, 7);
	assert_string_equal(catalogue->labels[1]->name, "Telefoon");
	turf_catalogue_free(catalogue);
	turf_catalogue_free(NULL);
}

static void test_entries_are_found(void **state)
{
	struct turf_catalogue *catalogue = example();
	const struct turf_label *subject = turf_find_label(catalogue, 900), *origin = turf_find_label(catalogue, 901);
	uint32_t code = 0;

	(void)state;
	assert_ptr_equal(turf_find_team(catalogue, "oost"), catalogue->teams[0]);
	assert_null(turf_find_team(catalogue, "all"));
	assert_ptr_equal(turf_find_domain(catalogue, 3), catalogue->domains[1]);
	assert_null(turf_find_domain(catalogue, 4));
	assert_null(turf_find_label(catalogue, 7));
	assert_int_equal(turf_match_domain(catalogue, 150, "financi", &code), TURF_SEVERAL);
	assert_int_equal(turf_match_domain(catalogue, 150, "financien", &code), 0);
	assert_int_equal(code, 7);
	assert_int_equal(turf_match_domain(catalogue, 99, "financien", &code), TURF_UNKNOWN);
	assert_int_equal(turf_match_label(catalogue, 150, 7, "toesl", &code), 0);
	assert_int_equal(code, 900);
	assert_int_equal(turf_match_label(catalogue, 150, 3, "toesl", &code), TURF_UNKNOWN);
	assert_int_equal(turf_label_suits(subject, 150, 3), 0);
	assert_int_equal(turf_label_suits(subject, 150, 7), 1);
	assert_int_equal(turf_label_suits(origin, 150, 3), 1);
	assert_int_equal(turf_valid_on(100, 200, 199), 1);
	assert_int_equal(turf_valid_on(100, 200, 200), 0);
	turf_catalogue_free(catalogue);
}

static void test_a_summary_has_all_of_its_figures(void **state)
{
	static const char json[] =
		"{ \"org_name\": \"De Kop\", \"team\": \"oost\", \"team_name\": \"Oost\", \"period\": \"2019-Q4\","
		"\"status\": \"final\", \"revision\": 2, \"generation\": 9, \"as_of\": 1577833200, \"answered\": 5,"
		"\"referred\": -1, \"late\": 3, \"undistributed_answered\": 1, \"undistributed_referred\": 2,"
		"\"domains\": [{ \"domain\": 7, \"name\": \"Wonen\", \"answered\": 4, \"referred\": 1 }, 8],"
		"\"labels\": [{ \"label\": 900, \"name\": \"Telefoon\", \"kind\": \"origin\", \"count\": 6 }],"
		"\"catalogue_version\": 4294967296 }";
	struct turf_summary *summary = turf_figures_summary(json, sizeof json - 1);

	(void)state;
	assert_non_null(summary);
	assert_string_equal(summary->org_name, "De Kop");
	assert_string_equal(summary->period, "2019-Q4");
	assert_int_equal(summary->status, TURF_QUARTER_FINAL);
	assert_int_equal(summary->revision, 2);
	assert_int_equal(summary->as_of, 1577833200);
	assert_int_equal(summary->answered, 5);
	assert_int_equal(summary->referred, 0);
	assert_int_equal(summary->late, 3);
	assert_int_equal(summary->undistributed_referred, 2);
	assert_int_equal(summary->n_domains, 2);
	assert_int_equal(summary->domains[0]->domain, 7);
	assert_int_equal(summary->domains[0]->answered, 4);
	assert_string_equal(summary->domains[1]->name, "");
	assert_int_equal(summary->n_labels, 1);
	assert_int_equal(summary->labels[0]->kind, TURF_LABEL_ORIGIN);
	assert_int_equal(summary->labels[0]->count, 6);
	assert_int_equal(summary->catalogue_version, UINT32_MAX);
	assert_non_null(strstr(summary->json, "\"period\":\"2019-Q4\",\"status\":\"final\""));
	assert_null(strchr(summary->json, '\n'));
	turf_figures_free_summary(summary);
}

static void test_a_weekly_course_has_all_of_its_weeks(void **state)
{
	const struct weekly course = {
		.org = "sw-de-kop",
		.team = "oost",
		.iso_year = 2020,
		.generation = 9,
		.n_weeks = 2,
		.weeks = {{1, 4}, {53, 1}},
	};
	uint8_t bytes[SUMMARY_BYTES_MAX];
	size_t length = weekly_encode(&course, bytes, sizeof bytes);
	struct turf_weekly *weekly = turf_figures_weekly(bytes, length);

	(void)state;
	assert_non_null(weekly);
	assert_string_equal(weekly->team, "oost");
	assert_int_equal(weekly->iso_year, 2020);
	assert_int_equal(weekly->n_weeks, 2);
	assert_int_equal(weekly->weeks[1]->week, 53);
	assert_int_equal(weekly->weeks[1]->questions, 1);
	free(weekly);
	assert_null(turf_figures_weekly(bytes, length - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_catalogue_has_all_of_its_entries),
		cmocka_unit_test(test_entries_are_found),
		cmocka_unit_test(test_a_summary_has_all_of_its_figures),
		cmocka_unit_test(test_a_weekly_course_has_all_of_its_weeks),
	};

	return cmocka_run_group_tests_name("what turf.h gives to read", tests, NULL, NULL);
}
