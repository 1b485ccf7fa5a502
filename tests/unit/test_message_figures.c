/* SPDX-License-Identifier: EUPL-1.2 */
/* What the aggregator says: receipts, summaries, weekly courses; and what a hostile broker may say in its
 * place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message.h"
#include "tests/unit/lib/handmade.h"
#include "tests/unit/lib/summary.h"

static uint8_t large[CATALOGUE_BYTES_MAX + 2];

/* ---- Receipts -------------------------------------------------------------------------------- */

/* `protoc --decode=turf.v1.Receipt` reads these, `--encode` gives the same back. */
static const uint8_t golden_receipt[] = {
	0x0a, 0x14, 0x0a, 0x10, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab,
	0xac, 0xad, 0xae, 0xaf, 0x10, 0x01, 0x0a, 0x07, 0x0a, 0x03, 0x01, 0x02, 0x03, 0x10, 0x10,
};

static const struct result golden_results[] = {
	{16,
	 {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf},
	 VERDICT_COUNTED},
	{3, {1, 2, 3}, VERDICT_REFUSED_MALFORMED},
};

struct heard {
	size_t n;
	struct result results[40000];
};

static struct heard heard;

static void hear(void *context, const struct result *result)
{
	struct heard *to = context;

	to->results[to->n++] = *result;
}

static int read_receipt(const uint8_t *bytes, size_t length)
{
	heard.n = 0;
	return receipt_decode(bytes, length, hear, &heard);
}

static void assert_heard(const struct result *results, size_t n)
{
	assert_int_equal(heard.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(heard.results[i].id_length, results[i].id_length);
		assert_memory_equal(heard.results[i].id, results[i].id, results[i].id_length);
		assert_int_equal(heard.results[i].verdict, results[i].verdict);
	}
}

static void a_receipts_bytes_are_fixed(void **state)
{
	uint8_t out[RECEIPT_BYTES_MAX];

	(void)state;
	assert_int_equal(receipt_encode(golden_results, 2, out, sizeof out), sizeof golden_receipt);
	assert_memory_equal(out, golden_receipt, sizeof golden_receipt);
	assert_int_equal(receipt_encode(golden_results, 2, out, sizeof golden_receipt - 1), 0);
	assert_int_equal(read_receipt(golden_receipt, sizeof golden_receipt), 0);
	assert_heard(golden_results, 2);
}

static void the_fullest_receipt_fits(void **state)
{
	struct result results[RECEIPT_RESULTS_MAX];
	uint8_t out[RECEIPT_BYTES_MAX];
	size_t length;

	(void)state;
	for (size_t i = 0; i < RECEIPT_RESULTS_MAX; i++) {
		results[i] = (struct result){.id_length = RESULT_ID_BYTES_MAX, .verdict = (enum verdict)0xffffffff};
		memset(results[i].id, (int)i, RESULT_ID_BYTES_MAX);
	}
	length = receipt_encode(results, RECEIPT_RESULTS_MAX, out, sizeof out);
	assert_true(length > 0);
	assert_int_equal(read_receipt(out, length), 0);
	assert_heard(results, RECEIPT_RESULTS_MAX);
}

/* A phone that does not know a verdict keeps the event: it must hear of it. */
static void verdicts_of_later_versions_are_passed_on(void **state)
{
	static const uint8_t receipt[] = {0x0a, 0x05, 0x0a, 0x01, 0x07, 0x10, 0x63, 0x0a, 0x03, 0x0a, 0x01, 0x08};
	static const struct result expected[] = {{1, {7}, (enum verdict)99}, {1, {8}, VERDICT_UNSPECIFIED}};

	(void)state;
	assert_int_equal(read_receipt(receipt, sizeof receipt), 0);
	assert_heard(expected, 2);
}

static void results_without_a_usable_id_are_passed_over(void **state)
{
	struct bytes none = {.length = 0}, longest = none, too_long = none, receipt = none;
	uint8_t id[65] = {5};

	(void)state;
	add_number(&none, 2, VERDICT_COUNTED);
	add_field(&longest, 1, id, 64);
	add_field(&too_long, 1, id, 65);
	add_bytes(&receipt, 1, &none);
	add_bytes(&receipt, 1, &too_long);
	add_bytes(&receipt, 1, &longest);
	assert_int_equal(read_receipt(receipt.at, receipt.length), 0);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.results[0].id_length, 64);
	assert_int_equal(read_receipt(NULL, 0), 0); /* an empty receipt says nothing */
	assert_int_equal(heard.n, 0);
}

static void a_bad_receipt_tells_nothing(void **state)
{
	uint8_t bytes[sizeof golden_receipt + 2];

	(void)state;
	memcpy(bytes, golden_receipt, sizeof golden_receipt);
	memcpy(bytes + sizeof golden_receipt, "\x0a\x7f", 2);
	assert_true(read_receipt(bytes, sizeof bytes) > 0);
	assert_int_equal(heard.n, 0);
	for (size_t cut = 1; cut < sizeof golden_receipt; cut++)
		assert_int_equal(read_receipt(golden_receipt, cut) == 0, cut == 22); /* after the first result */
	assert_int_equal(read_receipt(large, fill_pairs(large, 65536, "", 0, 0x0a)), 0);
	assert_true(read_receipt(large, 65537) > 0);
}

/* ---- Summaries -------------------------------------------------------------------------------- */

static const uint8_t golden_summary[] = {
	0x0a, 0x06, 0x64, 0x65, 0x2d, 0x6b, 0x6f, 0x70, 0x12, 0x04, 0x6f, 0x6f, 0x73, 0x74, 0x1a,
	0x07, 0x32, 0x30, 0x31, 0x39, 0x2d, 0x51, 0x34, 0x20, 0x03, 0x28, 0x02, 0x30, 0x80, 0xb8,
	0xce, 0xbe, 0xa7, 0x9a, 0x01, 0x38, 0x80, 0xc2, 0xaf, 0xf0, 0x05, 0x40, 0x9a, 0x08, 0x48,
	0x68, 0x52, 0x07, 0x08, 0x01, 0x10, 0x95, 0x08, 0x18, 0x67, 0x52, 0x02, 0x08, 0x10, 0x5a,
	0x05, 0x08, 0xac, 0x02, 0x10, 0x0c, 0x60, 0x01, 0x68, 0x03, 0x70, 0x05, 0x78, 0x01,
};

static struct summary summary_to_write(void)
{
	return (struct summary){
		.org = "de-kop",
		.team = "oost",
		.period = period_of_quarter(8079),
		.status = QUARTER_FINAL,
		.revision = 2,
		.generation = 5302000000000,
		.as_of = 1577836800,
		.answered = 1050,
		.referred = 104,
		.late = 1,
		.catalogue_version = 3,
		.undistributed_answered = 5,
		.undistributed_referred = 1,
		.n_domains = 2,
		.domains = {{1, 1045, 103}, {16, 0, 0}},
		.n_labels = 1,
		.labels = {{300, 12}},
	};
}

/* By fields: between them a struct holds bytes that mean nothing. */
static void assert_summaries_equal(const struct summary *a, const struct summary *b)
{
	assert_string_equal(a->org, b->org);
	assert_string_equal(a->team, b->team);
	assert_int_equal(a->period.is_year, b->period.is_year);
	assert_int_equal(period_first_quarter(a->period), period_first_quarter(b->period));
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->revision, b->revision);
	assert_true(a->generation == b->generation && a->as_of == b->as_of);
	assert_true(a->answered == b->answered && a->referred == b->referred && a->late == b->late);
	assert_int_equal(a->catalogue_version, b->catalogue_version);
	assert_true(a->undistributed_answered == b->undistributed_answered);
	assert_true(a->undistributed_referred == b->undistributed_referred);
	assert_int_equal(a->n_domains, b->n_domains);
	for (uint32_t i = 0; i < a->n_domains; i++) {
		assert_int_equal(a->domains[i].domain, b->domains[i].domain);
		assert_true(a->domains[i].answered == b->domains[i].answered);
		assert_true(a->domains[i].referred == b->domains[i].referred);
	}
	assert_int_equal(a->n_labels, b->n_labels);
	for (uint32_t i = 0; i < a->n_labels; i++) {
		assert_int_equal(a->labels[i].label, b->labels[i].label);
		assert_true(a->labels[i].count == b->labels[i].count);
	}
}

static void a_summarys_bytes_are_fixed(void **state)
{
	struct summary expected = summary_to_write(), summary;
	uint8_t out[SUMMARY_BYTES_MAX];

	(void)state;
	assert_int_equal(summary_encode(&expected, out, sizeof out), sizeof golden_summary);
	assert_memory_equal(out, golden_summary, sizeof golden_summary);
	assert_int_equal(summary_encode(&expected, out, sizeof golden_summary - 1), 0);
	assert_int_equal(summary_decode(golden_summary, sizeof golden_summary, &summary), 0);
	assert_summaries_equal(&summary, &expected);
}

static void the_fullest_summary_fits(void **state)
{
	static struct summary full, summary;
	uint8_t out[SUMMARY_BYTES_MAX];
	size_t length;

	(void)state;
	full = summary_to_write();
	full.period = period_of_year(9999);
	full.generation = full.answered = full.referred = full.late = UINT64_MAX;
	full.undistributed_answered = full.undistributed_referred = UINT64_MAX;
	full.as_of = INT64_MIN;
	full.revision = full.catalogue_version = UINT32_MAX;
	full.n_domains = DOMAIN_CODE_MAX;
	for (uint32_t i = 0; i < DOMAIN_CODE_MAX; i++)
		full.domains[i] = (struct domain_count){DOMAIN_CODE_MAX - i, UINT64_MAX, UINT64_MAX};
	full.n_labels = LABELS_MAX;
	for (uint32_t i = 0; i < LABELS_MAX; i++)
		full.labels[i] = (struct label_count){LABEL_CODE_MAX - i, UINT64_MAX};
	length = summary_encode(&full, out, sizeof out);
	assert_true(length > 0);
	assert_int_equal(summary_decode(out, length, &summary), 0);
	assert_summaries_equal(&summary, &full);
}

/* The golden summary with `more` after it: the last of two equal fields counts. */
static int read_summary_with(const struct bytes *more, struct summary *summary)
{
	struct bytes bytes = {.length = 0};

	add(&bytes, golden_summary, sizeof golden_summary);
	add(&bytes, more->at, more->length);
	return summary_decode(bytes.at, bytes.length, summary);
}

static void a_summary_must_say_whose_and_of_when(void **state)
{
	static const struct {
		uint32_t field;
		const char *text;
		bool good;
	} cases[] = {
		{1, "andere-org", true}, {1, "", false},
		{1, "De-Kop", false},    {1, "a-name-that-is-longer-than-slugs", false},
		{2, "all", true},        {2, "../x", false},
		{2, "", false},          {3, "2019", true},
		{3, "2019-Q5", false},   {3, "", false},
		{3, "1066", false},      {3, "2019-Q1\n", false},
	};
	struct summary summary;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes more = {.length = 0};

		add_field(&more, cases[i].field, cases[i].text, strlen(cases[i].text));
		if ((read_summary_with(&more, &summary) == 0) != cases[i].good)
			fail_msg("field %u as \"%s\"", (unsigned)cases[i].field, cases[i].text);
	}
}

static void codes_of_a_summary_are_in_range(void **state)
{
	static const struct {
		uint32_t field;
		uint64_t code;
		bool good;
	} cases[] = {
		{10, 0, false}, {10, 1, true}, {10, 255, true},   {10, 256, false},   {10, UINT32_MAX, false},
		{11, 0, false}, {11, 1, true}, {11, 65535, true}, {11, 65536, false}, {11, UINT32_MAX, false},
	};
	struct summary summary;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes count = {.length = 0}, more = {.length = 0};

		add_number(&count, 1, cases[i].code);
		add_bytes(&more, cases[i].field, &count);
		assert_int_equal(read_summary_with(&more, &summary) == 0, cases[i].good);
	}
}

static void a_summary_has_no_more_counts_than_there_are_codes(void **state)
{
	struct bytes one = {.length = 0}, more = {.length = 0};
	struct summary summary;

	(void)state;
	add_number(&one, 1, 1);
	for (int i = 2; i < DOMAIN_CODE_MAX; i++) /* two are there */
		add_bytes(&more, 10, &one);
	assert_int_equal(read_summary_with(&more, &summary), 0);
	assert_int_equal(summary.n_domains, DOMAIN_CODE_MAX);
	add_bytes(&more, 10, &one);
	assert_true(read_summary_with(&more, &summary) > 0);
	more.length = 0;
	for (int i = 1; i < LABELS_MAX; i++)
		add_bytes(&more, 11, &one);
	assert_int_equal(read_summary_with(&more, &summary), 0);
	assert_int_equal(summary.n_labels, LABELS_MAX);
	add_bytes(&more, 11, &one);
	assert_true(read_summary_with(&more, &summary) > 0);
}

static void a_status_of_a_later_version_is_unspecified(void **state)
{
	static const uint64_t statuses[] = {0, 4, 99, UINT64_MAX};
	struct summary summary;

	(void)state;
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		struct bytes more = {.length = 0};

		add_number(&more, 4, statuses[i]);
		add_field(&more, 16, "reporting", 9); /* reserved, passed over */
		assert_int_equal(read_summary_with(&more, &summary), 0);
		assert_int_equal(summary.status, QUARTER_UNSPECIFIED);
	}
}

static void cut_and_oversized_summaries_do_no_harm(void **state)
{
	struct summary summary;
	size_t length;

	(void)state;
	for (size_t cut = 0; cut < sizeof golden_summary; cut++) {
		if (summary_decode(golden_summary, cut, &summary) != 0)
			continue;
		assert_string_equal(summary.org, "de-kop"); /* whose and of when were there */
		assert_int_equal(summary.period.quarter, 8079);
	}
	length = fill_pairs(large, SUMMARY_BYTES_MAX, golden_summary, sizeof golden_summary, 0x60);
	assert_int_equal(summary_decode(large, length, &summary), 0);
	assert_true(summary_decode(large, SUMMARY_BYTES_MAX + 1, &summary) > 0);
}

/* ---- Weekly ---------------------------------------------------------------------------------- */

static void a_weekly_course_is_read_back(void **state)
{
	struct weekly full = {
		.org = "de-kop",
		.team = "all",
		.iso_year = 2020,
		.generation = UINT64_MAX,
		.n_weeks = 53,
	};
	struct weekly weekly;
	uint8_t out[4096];
	size_t length;

	(void)state;
	for (uint32_t i = 0; i < 53; i++)
		full.weeks[i] = (struct week_count){i + 1, UINT64_MAX - i};
	length = weekly_encode(&full, out, sizeof out);
	assert_true(length > 0);
	assert_int_equal(weekly_encode(&full, out, length - 1), 0);
	length = weekly_encode(&full, out, length);
	assert_int_equal(weekly_decode(out, length, &weekly), 0);
	assert_string_equal(weekly.org, "de-kop");
	assert_string_equal(weekly.team, "all");
	assert_int_equal(weekly.iso_year, 2020);
	assert_true(weekly.generation == UINT64_MAX);
	assert_int_equal(weekly.n_weeks, 53);
	for (uint32_t i = 0; i < 53; i++)
		assert_true(weekly.weeks[i].week == i + 1 && weekly.weeks[i].questions == UINT64_MAX - i);
	for (size_t cut = 0; cut < length; cut++)
		if (weekly_decode(out, cut, &weekly) == 0)
			assert_true(weekly.n_weeks <= 53 && weekly.iso_year == 2020);
}

static void a_weekly_course_keeps_to_the_calendar(void **state)
{
	static const struct {
		uint64_t year, week;
		int n;
		bool good;
	} cases[] = {
		{2020, 53, 1, true},  {2020, 0, 1, false},  {2020, 54, 1, false}, {2020, UINT32_MAX, 1, false},
		{1970, 1, 53, true},  {1970, 1, 54, false}, {9999, 1, 0, true},   {1969, 1, 1, false},
		{10000, 1, 1, false}, {0, 1, 1, false},
	};
	struct weekly weekly;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes bytes = {.length = 0}, week = {.length = 0};

		add_field(&bytes, 1, "de-kop", 6);
		add_field(&bytes, 2, "oost", 4);
		add_number(&bytes, 3, cases[i].year);
		add_number(&week, 1, cases[i].week);
		for (int n = 0; n < cases[i].n; n++)
			add_bytes(&bytes, 4, &week);
		assert_int_equal(weekly_decode(bytes.at, bytes.length, &weekly) == 0, cases[i].good);
	}
	assert_true(weekly_decode(large, sizeof large, &weekly) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receipts_bytes_are_fixed),
		cmocka_unit_test(the_fullest_receipt_fits),
		cmocka_unit_test(verdicts_of_later_versions_are_passed_on),
		cmocka_unit_test(results_without_a_usable_id_are_passed_over),
		cmocka_unit_test(a_bad_receipt_tells_nothing),
		cmocka_unit_test(a_summarys_bytes_are_fixed),
		cmocka_unit_test(the_fullest_summary_fits),
		cmocka_unit_test(a_summary_must_say_whose_and_of_when),
		cmocka_unit_test(codes_of_a_summary_are_in_range),
		cmocka_unit_test(a_summary_has_no_more_counts_than_there_are_codes),
		cmocka_unit_test(a_status_of_a_later_version_is_unspecified),
		cmocka_unit_test(cut_and_oversized_summaries_do_no_harm),
		cmocka_unit_test(a_weekly_course_is_read_back),
		cmocka_unit_test(a_weekly_course_keeps_to_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
