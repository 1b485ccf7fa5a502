/* SPDX-License-Identifier: EUPL-1.2 */
/* Catalogues as we write and read them, and as a hostile broker may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/catalogue.h"
#include "tests/unit/lib/handmade.h"

static uint8_t large[CATALOGUE_BYTES_MAX + 2];

static struct team teams[] = {
	{.id = "oost", .name = "Dorpenteam Oost", .valid_from = 17532},
	{.id = "school", .name = "School", .valid_from = 17532, .valid_until = 18261},
};
static struct domain domains[] = {
	{.code = 12, .name = "Werk & opleiding", .rolls_up_to = 2, .position = 1},
	{.code = 1, .name = "Financiën", .valid_until = 18000, .position = 2},
};
static struct label labels[] = {
	{.code = 7, .name = "DUO", .kind = LABEL_SUBJECT, .domain = 1},
	{.code = 65535, .name = "Spreekuur", .kind = LABEL_ORIGIN, .valid_from = 5},
};
static const struct catalogue written = {
	.version = 4,
	.org = "de-kop",
	.name = "Sociaal Werk De Kop",
	.timezone = "Europe/Amsterdam",
	.accept_days = 400,
	.retract_days = 14,
	.grace_days = 28,
	.counting_since = 17532,
	.teams = teams,
	.n_teams = 2,
	.domains = domains,
	.n_domains = 2,
	.labels = labels,
	.n_labels = 2,
};

/* The catalogue above with `more` after it. */
static int read_catalogue_with(const struct bytes *more, struct catalogue *catalogue)
{
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	size_t length = catalogue_encode(&written, bytes, sizeof bytes);

	assert_true(length > 0 && length + more->length <= sizeof bytes);
	memcpy(bytes + length, more->at, more->length);
	return catalogue_decode(bytes, length + more->length, catalogue);
}

static void assert_empty(const struct catalogue *catalogue)
{
	static const struct catalogue empty;

	assert_memory_equal(catalogue, &empty, sizeof empty);
}

static void a_catalogue_is_read_back(void **state)
{
	static const struct bytes nothing;
	struct catalogue catalogue;

	(void)state;
	assert_int_equal(read_catalogue_with(&nothing, &catalogue), 0);
	assert_int_equal(catalogue.version, 4);
	assert_true(catalogue_same(&catalogue, &written));
	catalogue_release(&catalogue);
	assert_empty(&catalogue);
}

static void a_catalogue_is_sorted_whatever_its_order(void **state)
{
	struct bytes domain = {.length = 0}, label = {.length = 0}, more = {.length = 0};
	struct catalogue catalogue;

	(void)state;
	add_number(&domain, 1, 9);
	add_field(&domain, 2, "Sociaal netwerk", 15);
	add_number(&domain, 6, 1);
	add_number(&label, 1, 300);
	add_field(&label, 2, "Balie", 5);
	add_number(&label, 3, 77); /* a kind of a later version */
	add_bytes(&more, 6, &domain);
	add_bytes(&more, 7, &label);
	assert_int_equal(read_catalogue_with(&more, &catalogue), 0);
	assert_int_equal(catalogue.n_domains, 3);
	assert_int_equal(catalogue.domains[0].code, 9);
	assert_int_equal(catalogue.domains[1].code, 12);
	assert_int_equal(catalogue.domains[2].code, 1);
	assert_int_equal(catalogue.n_labels, 3);
	assert_int_equal(catalogue.labels[1].code, 300);
	assert_int_equal(catalogue.labels[1].kind, LABEL_UNSPECIFIED);
	catalogue_release(&catalogue);
}

/* One more team (5), domain (6) or label (7) with this id or code and name. */
static bool takes_entry(uint32_t field, const char *id, uint64_t code, const char *name, uint64_t valid_from)
{
	struct bytes entry = {.length = 0}, more = {.length = 0};
	struct catalogue catalogue;
	int result;

	if (field == 5)
		add_field(&entry, 1, id, strlen(id));
	else
		add_number(&entry, 1, code);
	add_field(&entry, 2, name, strlen(name));
	add_number(&entry, field == 7 ? 4 : 3, valid_from);
	add_bytes(&more, field, &entry);
	result = read_catalogue_with(&more, &catalogue);
	if (result)
		assert_empty(&catalogue);
	catalogue_release(&catalogue);
	return result == 0;
}

static void ids_and_codes_are_in_range_and_there_once(void **state)
{
	(void)state;
	assert_true(takes_entry(5, "west", 0, "West", 0));
	assert_false(takes_entry(5, "oost", 0, "Nog een Oost", 0));
	assert_false(takes_entry(5, "all", 0, "Alle", 0));
	assert_false(takes_entry(5, "", 0, "Leeg", 0));
	assert_false(takes_entry(5, "West", 0, "West", 0));
	assert_false(takes_entry(5, "a-name-that-is-longer-than-slugs", 0, "West", 0));
	assert_true(takes_entry(6, NULL, 255, "Nieuw", 0));
	assert_false(takes_entry(6, NULL, 1, "Nog eens", 0));
	assert_false(takes_entry(6, NULL, 0, "Nul", 0));
	assert_false(takes_entry(6, NULL, 256, "Te groot", 0));
	assert_false(takes_entry(6, NULL, UINT32_MAX, "Te groot", 0));
	assert_true(takes_entry(7, NULL, 65534, "Nieuw", 0));
	assert_false(takes_entry(7, NULL, 7, "Nog eens", 0));
	assert_false(takes_entry(7, NULL, 0, "Nul", 0));
	assert_false(takes_entry(7, NULL, 65536, "Te groot", 0));
}

static void names_can_be_shown(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{"Geestelijke gezondheid", true},
		{"Financi\xc3\xabn", true},
		{"\xe2\x82\xac 5 en \xf0\x9f\x98\x80", true}, /* the euro sign and a face */
		{"", false},
		{"two\nlines", false},
		{"tab\t", false},
		{"\x1b[31mred", false},
		{"\x7f", false},
		{"\xc2\x9b"
		 "31m",
		 false},                 /* the same escape as U+009B */
		{"Financi\xebn", false}, /* Latin-1 */
		{"cut \xc3", false},
		{"cut \xe2\x82", false},
		{"\x80", false},
		{"\xc0\xaf", false}, /* an overlong slash */
		{"\xe0\x80\xaf", false},
		{"\xf0\x80\x80\xaf", false},
		{"\xed\xa0\x80", false},     /* half a surrogate pair */
		{"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
	};
	char name[NAME_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (uint32_t field = 5; field <= 7; field++)
			if (takes_entry(field, "west", 100, cases[i].name, 0) != cases[i].good)
				fail_msg("case %zu, field %u", i, (unsigned)field);
	memset(name, 'x', sizeof name);
	name[NAME_BYTES - 1] = '\0';
	assert_true(takes_entry(6, NULL, 100, name, 0));
	name[NAME_BYTES - 1] = 'x';
	name[NAME_BYTES] = '\0';
	assert_false(takes_entry(6, NULL, 100, name, 0));
}

/* A reader will ask the calendar for them. */
static void days_are_in_the_calendar(void **state)
{
	struct bytes more = {.length = 0};
	struct catalogue catalogue;

	(void)state;
	for (uint32_t field = 5; field <= 7; field++) {
		assert_true(takes_entry(field, "west", 100, "West", CALENDAR_DAY_MAX));
		assert_false(takes_entry(field, "west", 100, "West", CALENDAR_DAY_MAX + 1));
	}
	add_number(&more, 11, UINT32_MAX);
	assert_true(read_catalogue_with(&more, &catalogue) > 0);
	assert_empty(&catalogue);
}

static void a_catalogue_has_at_most_512_labels(void **state)
{
	struct bytes more = {.length = 0}, one_more;
	struct catalogue catalogue;

	(void)state;
	for (uint32_t code = 1000; code < 1000 + LABELS_MAX - 1; code++) { /* two are there: the last one is too many */
		struct bytes label = {.length = 0};

		add_number(&label, 1, code);
		add_field(&label, 2, "x", 1);
		one_more = more;
		add_bytes(&one_more, 7, &label);
		if (code < 1000 + LABELS_MAX - 2)
			more = one_more;
	}
	assert_int_equal(read_catalogue_with(&more, &catalogue), 0);
	assert_int_equal(catalogue.n_labels, LABELS_MAX);
	catalogue_release(&catalogue);
	assert_true(read_catalogue_with(&one_more, &catalogue) > 0);
	assert_empty(&catalogue);
}

static void a_catalogue_over_64_kib_is_not_written(void **state)
{
	static uint8_t out[CATALOGUE_BYTES_MAX];
	struct catalogue many = written;
	struct catalogue catalogue;
	size_t fits = 0;

	(void)state;
	many.n_teams = 600;
	many.teams = calloc(many.n_teams, sizeof *many.teams);
	assert_non_null(many.teams);
	for (size_t i = 0; i < many.n_teams; i++) {
		(void)snprintf(many.teams[i].id, SLUG_BYTES, "team-%zu", i);
		memset(many.teams[i].name, 'x', NAME_BYTES - 1);
	}
	assert_int_equal(catalogue_encode(&many, out, sizeof out), 0);
	while (fits == 0 && many.n_teams-- > 0)
		fits = catalogue_encode(&many, out, sizeof out);
	assert_true(fits > CATALOGUE_BYTES_MAX - 160);
	assert_int_equal(catalogue_decode(out, fits, &catalogue), 0);
	assert_true(catalogue_same(&catalogue, &many));
	catalogue_release(&catalogue);
	free(many.teams);
}

static void hostile_catalogues_leave_nothing_behind(void **state)
{
	static const uint8_t org[] = {0x0a + 8, 0x01, 'a'};
	static const uint8_t tags[] = {0x2a, 0x32, 0x3a, 0x12, 0x1a, 0x62, 0x60};
	uint8_t bytes[1024];
	size_t length = catalogue_encode(&written, bytes, sizeof bytes);
	struct catalogue catalogue;

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		if (catalogue_decode(bytes, cut, &catalogue) != 0)
			assert_empty(&catalogue);
		catalogue_release(&catalogue);
	}
	/* Thousands of empty teams, domains, labels, names, unknown fields. */
	for (size_t i = 0; i < sizeof tags; i++) {
		int result;

		length = fill_pairs(large, CATALOGUE_BYTES_MAX, org, sizeof org, tags[i]);
		result = catalogue_decode(large, length, &catalogue);
		assert_int_equal(result == 0, tags[i] == 0x1a || tags[i] == 0x62 || tags[i] == 0x60);
		catalogue_release(&catalogue);
	}
	assert_true(catalogue_decode(large, CATALOGUE_BYTES_MAX + 1, &catalogue) > 0);
	assert_empty(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_catalogue_is_read_back),
		cmocka_unit_test(a_catalogue_is_sorted_whatever_its_order),
		cmocka_unit_test(ids_and_codes_are_in_range_and_there_once),
		cmocka_unit_test(names_can_be_shown),
		cmocka_unit_test(days_are_in_the_calendar),
		cmocka_unit_test(a_catalogue_has_at_most_512_labels),
		cmocka_unit_test(a_catalogue_over_64_kib_is_not_written),
		cmocka_unit_test(hostile_catalogues_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
