/* SPDX-License-Identifier: EUPL-1.2 */
/* The catalogue: validity on a day, look-ups, copies, and what a person may type for a domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/catalogue.h"
#include "proto/catalogue_form.h"

static struct team teams[] = {
	{.id = "oost", .name = "Oost"},
	{.id = "west", .name = "West", .valid_from = 100, .valid_until = 200},
};

static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .position = 1},
	{.code = 3, .name = "Huisvesting", .position = 2},
	{.code = 5, .name = "Geestelijke gezondheid", .position = 3},
	{.code = 6, .name = "Lichamelijke gezondheid", .position = 4},
	{.code = 9, .name = "Netwerk", .position = 5},
	{.code = 10, .name = "Sociaal netwerk", .position = 6},
	{.code = 2, .name = "Dagbesteding", .valid_from = 0, .valid_until = 100, .position = 7},
	{.code = 13, .name = "Tijdsbesteding", .valid_from = 100, .position = 8},
};

static struct label labels[] = {
	{.code = 7, .name = "DUO"},
	{.code = 300, .name = "Jeugdfonds Sport", .valid_from = 100},
	{.code = 65535, .name = "Café Één"},
};

static const struct catalogue catalogue = {
	.version = 3,
	.org = "de-kop",
	.name = "Sociaal Werk De Kop",
	.timezone = "Europe/Amsterdam",
	.accept_days = 400,
	.retract_days = 14,
	.grace_days = 28,
	.counting_since = 50,
	.teams = teams,
	.n_teams = sizeof teams / sizeof teams[0],
	.domains = domains,
	.n_domains = sizeof domains / sizeof domains[0],
	.labels = labels,
	.n_labels = sizeof labels / sizeof labels[0],
};

/* ---- Validity --------------------------------------------------------------------------------- */

static void the_until_day_is_outside(void **state)
{
	(void)state;
	assert_false(catalogue_valid_on(100, 200, 99));
	assert_true(catalogue_valid_on(100, 200, 100));
	assert_true(catalogue_valid_on(100, 200, 199));
	assert_false(catalogue_valid_on(100, 200, 200));
	assert_true(catalogue_valid_on(100, 0, UINT32_MAX));
	assert_true(catalogue_valid_on(0, 0, 0));
	assert_false(catalogue_valid_on(100, 100, 100)); /* begun and ended on one day: never */
	assert_false(catalogue_valid_on(200, 100, 150));
}

/* By its definition, for all small spans. */
static void valid_within_is_valid_on_one_of_its_days(void **state)
{
	enum { DAYS = 7 };

	(void)state;
	for (uint32_t n = 0; n < DAYS * DAYS * DAYS * DAYS; n++) {
		uint32_t from = n % DAYS, until = n / DAYS % DAYS;
		uint32_t first = n / DAYS / DAYS % DAYS, last = n / DAYS / DAYS / DAYS;
		bool expected = false;

		for (uint32_t day = first; day <= last; day++)
			expected |= catalogue_valid_on(from, until, day);
		if (catalogue_valid_within(from, until, first, last) != expected)
			fail_msg("from %u until %u within %u to %u", from, until, first, last);
	}
	assert_true(catalogue_valid_within(0, 0, 0, UINT32_MAX));
	assert_true(catalogue_valid_within(UINT32_MAX, 0, 0, UINT32_MAX));
}

/* ---- Look-ups ------------------------------------------------------------------------------------ */

static void entries_are_found_whatever_the_day(void **state)
{
	static const struct catalogue nothing;

	(void)state;
	assert_ptr_equal(catalogue_team(&catalogue, "west"), &teams[1]);
	assert_null(catalogue_team(&catalogue, "noord"));
	assert_null(catalogue_team(&catalogue, ""));
	assert_ptr_equal(catalogue_domain(&catalogue, 2), &domains[6]);
	assert_null(catalogue_domain(&catalogue, 0));
	assert_null(catalogue_domain(&catalogue, 257)); /* 1 in 8 bits */
	for (size_t i = 0; i < 3; i++) {
		assert_ptr_equal(catalogue_label(&catalogue, labels[i].code), &labels[i]);
		assert_null(catalogue_label(&catalogue, labels[i].code + 1));
		assert_null(catalogue_label(&catalogue, labels[i].code - 1));
	}
	assert_null(catalogue_team(&nothing, "oost"));
	assert_null(catalogue_domain(&nothing, 1));
	assert_null(catalogue_label(&nothing, 7));
}

/* ---- Copies -------------------------------------------------------------------------------------- */

static void a_copy_is_the_same_and_its_own(void **state)
{
	static const struct catalogue nothing;
	struct catalogue copy;

	(void)state;
	assert_int_equal(catalogue_copy(&catalogue, &copy), 0);
	assert_true(catalogue_same(&catalogue, &copy));
	assert_int_equal(copy.version, 3);
	assert_ptr_not_equal(copy.teams, catalogue.teams);
	copy.teams[0].name[0] = 'X';
	assert_string_equal(teams[0].name, "Oost");
	catalogue_release(&copy);
	assert_memory_equal(&copy, &nothing, sizeof nothing);
	catalogue_release(&copy);
	assert_int_equal(catalogue_copy(&nothing, &copy), 0);
	assert_true(catalogue_same(&nothing, &copy));
	catalogue_release(&copy);
}

/* Each line alters one thing and says whether it is part of the content. */
static void every_part_of_the_content_tells_catalogues_apart(void **state)
{
	struct catalogue other;
	int alterations = 0;

	(void)state;
#define ALTERED(alteration, same)                                           \
	do {                                                                \
		assert_int_equal(catalogue_copy(&catalogue, &other), 0);    \
		alteration;                                                 \
		assert_int_equal(catalogue_same(&catalogue, &other), same); \
		assert_int_equal(catalogue_same(&other, &catalogue), same); \
		catalogue_release(&other);                                  \
		alterations++;                                              \
	} while (0)
	ALTERED(other.version++, true);
	ALTERED(other.domains[0].renamed_from[0] = 'x', true);
	ALTERED(other.labels[0].renamed_from[0] = 'x', true);
	ALTERED(other.org[0] = 'x', false);
	ALTERED(other.name[0] = 'x', false);
	ALTERED(other.timezone[0] = 'x', false);
	ALTERED(other.accept_days++, false);
	ALTERED(other.retract_days++, false);
	ALTERED(other.grace_days++, false);
	ALTERED(other.counting_since++, false);
	ALTERED(other.n_teams--, false);
	ALTERED(other.n_domains--, false);
	ALTERED(other.n_labels--, false);
	ALTERED(other.teams[1].id[0] = 'x', false);
	ALTERED(other.teams[1].name[0] = 'x', false);
	ALTERED(other.teams[1].valid_from++, false);
	ALTERED(other.teams[1].valid_until++, false);
	ALTERED(other.domains[7].code++, false);
	ALTERED(other.domains[7].name[0] = 'x', false);
	ALTERED(other.domains[7].valid_from++, false);
	ALTERED(other.domains[7].valid_until++, false);
	ALTERED(other.domains[7].rolls_up_to++, false);
	ALTERED(other.domains[7].position++, false);
	ALTERED(other.labels[2].code--, false);
	ALTERED(other.labels[2].name[0] = 'x', false);
	ALTERED(other.labels[2].kind = LABEL_ORIGIN, false);
	ALTERED(other.labels[2].valid_from++, false);
	ALTERED(other.labels[2].valid_until++, false);
	ALTERED(other.labels[2].domain++, false);
#undef ALTERED
	assert_int_equal(alterations, 29);
}

static void teams_have_slugs_but_not_the_word_for_all(void **state)
{
	(void)state;
	assert_true(catalogue_team_id_valid("oost"));
	assert_false(catalogue_team_id_valid("all"));
	assert_false(catalogue_team_id_valid("Oost"));
	assert_false(catalogue_team_id_valid(""));
}

/* ---- What a person types -------------------------------------------------------------------------- */

static void domains_by_code_name_or_a_part_of_it(void **state)
{
	static const struct {
		uint32_t day;
		const char *typed;
		enum match match;
		uint32_t code;
	} cases[] = {
		{50, "1", MATCH_ONE, 1},
		{50, "01", MATCH_ONE, 1},
		{50, "Financiën", MATCH_ONE, 1},
		{50, "financ", MATCH_ONE, 1},
		{50, "FINANCIEN", MATCH_ONE, 1},
		{50, "FINANCIËN", MATCH_ONE, 1},
		{50, "Financie\xcc\x88n", MATCH_ONE, 1}, /* as a Mac types it: the dots by themselves */
		{50, "ciën", MATCH_ONE, 1},
		{50, "gezondheid", MATCH_SEVERAL, 0},
		{50, "geestelijke", MATCH_ONE, 5},
		{50, "e gez", MATCH_SEVERAL, 0},
		{50, "netwerk", MATCH_ONE, 9}, /* the whole name wins over a part of another */
		{50, "netwer", MATCH_SEVERAL, 0},
		{50, "sociaal", MATCH_ONE, 10},
		{99, "besteding", MATCH_ONE, 2},
		{100, "besteding", MATCH_ONE, 13},
		{99, "2", MATCH_ONE, 2},
		{100, "2", MATCH_NONE, 0},
		{99, "13", MATCH_NONE, 0},
		{100, "13", MATCH_ONE, 13},
		{50, "", MATCH_NONE, 0},
		{50, "0", MATCH_NONE, 0},
		{50, "4", MATCH_NONE, 0},
		{50, "257", MATCH_NONE, 0},
		{50, "4294967297", MATCH_NONE, 0}, /* 1 in 32 bits */
		{50, "18446744073709551617", MATCH_NONE, 0},
		{50, "1x", MATCH_NONE, 0},
		{50, "-1", MATCH_NONE, 0},
		{50, "voetbal", MATCH_NONE, 0},
		{50, "\xcc\x88", MATCH_NONE, 0},
		{50, "\xc3", MATCH_NONE, 0},
		{50, "\xff\xfe", MATCH_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t code = 4711;
		enum match match = catalogue_match_domain(&catalogue, cases[i].day, cases[i].typed, &code);

		if (match != cases[i].match || code != (match == MATCH_ONE ? cases[i].code : 4711))
			fail_msg("\"%s\" on day %u: %d, code %u", cases[i].typed, cases[i].day, (int)match, code);
	}
}

static void labels_by_code_name_or_a_part_of_it(void **state)
{
	uint32_t code = 0;

	(void)state;
	assert_int_equal(catalogue_match_label(&catalogue, 50, 1, "cafe een", &code), MATCH_ONE);
	assert_int_equal(code, 65535);
	assert_int_equal(catalogue_match_label(&catalogue, 50, 1, "7", &code), MATCH_ONE);
	assert_int_equal(code, 7);
	assert_int_equal(catalogue_match_label(&catalogue, 100, 1, "300", &code), MATCH_ONE);
	assert_int_equal(catalogue_match_label(&catalogue, 99, 1, "300", &code), MATCH_NONE);
	assert_int_equal(catalogue_match_label(&catalogue, 99, 1, "sport", &code), MATCH_NONE);
	assert_int_equal(catalogue_match_label(&catalogue, 100, 1, "jeugdfonds", &code), MATCH_ONE);
	assert_int_equal(code, 300);
	assert_int_equal(catalogue_match_label(&catalogue, 100, 1, "o", &code), MATCH_SEVERAL);
	assert_int_equal(catalogue_match_label(&catalogue, 100, 1, "65536", &code), MATCH_NONE);
}

/* Each domain may have a label "Overig" of its own. */
static void a_label_of_another_domain_is_in_nobodys_way(void **state)
{
	static struct label bound[] = {
		{.code = 20, .name = "Overig", .domain = 1},
		{.code = 21, .name = "Overig", .domain = 2},
		{.code = 22, .name = "Overig inkomen", .domain = 3},
		{.code = 23, .name = "Telefoon"},
	};
	static const struct {
		uint32_t domain;
		const char *typed;
		enum match match;
		uint32_t code;
	} cases[] = {
		{1, "overig", MATCH_ONE, 20}, {2, "overig", MATCH_ONE, 21},
		{3, "overig", MATCH_ONE, 22}, /* the exact names are others' */
		{4, "overig", MATCH_NONE, 0}, {4, "tele", MATCH_ONE, 23},
		{1, "e", MATCH_SEVERAL, 0},   {1, "20", MATCH_ONE, 20},
		{1, "21", MATCH_NONE, 0},
	};
	struct catalogue other = catalogue;

	(void)state;
	other.labels = bound;
	other.n_labels = sizeof bound / sizeof bound[0];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t code = 0;

		assert_int_equal(catalogue_match_label(&other, 50, cases[i].domain, cases[i].typed, &code),
				 cases[i].match);
		assert_int_equal(code, cases[i].code);
	}
}

/* Every Latin letter of Unicode's first two blocks and the next one, some of later blocks, and what they are typed as. */
static void accents_of_latin_letters_are_left_aside(void **state)
{
	static const char *const pairs[][2] = {
		{"ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "aaaaaaaaaaaaaaaaaa"},
		{"ÆæŒœĲĳßÞþ", "aeaeoeoeijijssthth"},
		{"ÇçĆćĈĉĊċČčÐðĎďĐđ", "ccccccccccdddddd"},
		{"ÈÉÊËèéêëĒēĔĕĖėĘęĚě", "eeeeeeeeeeeeeeeeee"},
		{"ĜĝĞğĠġĢģĤĥĦħ", "gggggggghhhh"},
		{"ÌÍÎÏìíîïĨĩĪīĬĭĮįİı", "iiiiiiiiiiiiiiiiii"},
		{"ĴĵĶķĸĹĺĻļĽľĿŀŁł", "jjkkkllllllllll"},
		{"ÑñŃńŅņŇňŉŊŋ", "nnnnnnnnnnn"},
		{"ÒÓÔÕÖØòóôõöøŌōŎŏŐő", "oooooooooooooooooo"},
		{"ŔŕŖŗŘřŚśŜŝŞşŠšſŢţŤťŦŧ", "rrrrrrsssssssss"
					  "tttttt"},
		{"ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲų", "uuuuuuuuuuuuuuuuuuuu"},
		{"ŴŵÝýÿŶŷŸŹźŻżŽž", "wwyyyyyyzzzzzz"},
		{"ẞǎȺﬁ", "ssaⱥfi"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct domain one = {.code = 8};
		struct catalogue small = {.domains = &one, .n_domains = 1};
		uint32_t code = 0;

		(void)snprintf(one.name, sizeof one.name, "%s", pairs[i][0]);
		if (catalogue_match_domain(&small, 0, pairs[i][1], &code) != MATCH_ONE)
			fail_msg("%s is not %s", pairs[i][0], pairs[i][1]);
		(void)snprintf(one.name, sizeof one.name, "%s", pairs[i][1]);
		assert_int_equal(catalogue_match_domain(&small, 0, pairs[i][0], &code), MATCH_ONE);
	}
}

static void other_signs_stay_as_they_are(void **state)
{
	struct domain one = {.code = 8, .name = "3 × 7 ÷ € ж 😀"};
	struct catalogue small = {.domains = &one, .n_domains = 1};
	char too_long[NAME_BYTES + 1];
	uint32_t code = 0;

	(void)state;
	assert_int_equal(catalogue_match_domain(&small, 0, "€ ж 😀", &code), MATCH_ONE);
	assert_int_equal(catalogue_match_domain(&small, 0, "× 7 ÷", &code), MATCH_ONE);
	assert_int_equal(catalogue_match_domain(&small, 0, "÷ 7 ÷", &code), MATCH_NONE);
	memset(too_long, '3', sizeof too_long);
	too_long[0] = 'x';
	too_long[NAME_BYTES] = '\0';
	assert_int_equal(catalogue_match_domain(&small, 0, too_long, &code), MATCH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_until_day_is_outside),
		cmocka_unit_test(valid_within_is_valid_on_one_of_its_days),
		cmocka_unit_test(entries_are_found_whatever_the_day),
		cmocka_unit_test(a_copy_is_the_same_and_its_own),
		cmocka_unit_test(every_part_of_the_content_tells_catalogues_apart),
		cmocka_unit_test(teams_have_slugs_but_not_the_word_for_all),
		cmocka_unit_test(domains_by_code_name_or_a_part_of_it),
		cmocka_unit_test(labels_by_code_name_or_a_part_of_it),
		cmocka_unit_test(a_label_of_another_domain_is_in_nobodys_way),
		cmocka_unit_test(accents_of_latin_letters_are_left_aside),
		cmocka_unit_test(other_signs_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
