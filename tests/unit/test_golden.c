/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes in tests/data/golden/messages.json, which the pages' code reads and writes too: both sides agree or fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "proto/catalogue.h"
#include "proto/message.h"
#include "tests/unit/lib/summary.h"

enum { BYTES_MAX = 65536 };

static json_t *golden;

static int read_golden(void **state)
{
	json_error_t error;

	(void)state;
	golden = json_load_file("tests/data/golden/messages.json", 0, &error);
	if (!golden)
		print_error("%s\n", error.text);
	return golden ? 0 : -1;
}

static int drop_golden(void **state)
{
	(void)state;
	json_decref(golden);
	return 0;
}

/* ---- Values of the file -------------------------------------------------------------------------- */

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	assert_non_null(value);
	return value;
}

static uint64_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return (uint64_t)json_integer_value(value);
}

static uint32_t small(const json_t *object, const char *name)
{
	return (uint32_t)number(object, name);
}

static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= room);
	for (size_t i = 0; i < n; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static size_t bytes_of(const json_t *vector, uint8_t *out)
{
	return unhex(text(vector, "hex"), out, BYTES_MAX);
}

/* Runs `check` on each vector of a kind; there is one at least. */
static void each(const char *kind, void (*check)(const json_t *vector, const uint8_t *bytes, size_t length))
{
	const json_t *vectors = json_object_get(golden, kind), *vector;
	uint8_t *bytes = malloc(BYTES_MAX);
	size_t i;

	assert_non_null(bytes);
	assert_true(json_array_size(vectors) > 0);
	json_array_foreach(vectors, i, vector) check(vector, bytes, bytes_of(vector, bytes));
	free(bytes);
}

/* ---- Submissions and receipts ---------------------------------------------------------------------- */

static struct event event_of(const json_t *object)
{
	struct event event = {.day = small(object, "day")};
	const json_t *labels = json_object_get(object, "labels");

	assert_int_equal(unhex(text(object, "id"), event.id.bytes, EVENT_ID_BYTES), EVENT_ID_BYTES);
	event.act = strcmp(text(object, "act"), "question") == 0 ? ACT_QUESTION : ACT_RETRACTION;
	if (event.act == ACT_RETRACTION) {
		event.has_proof = json_object_get(object, "proof") != NULL;
		if (event.has_proof)
			assert_int_equal(unhex(text(object, "proof"), event.proof.bytes, EVENT_SECRET_BYTES),
					 EVENT_SECRET_BYTES);
		return event;
	}
	event.domain = small(object, "domain");
	event.outcome = (enum outcome)small(object, "outcome");
	event.n_labels = (uint32_t)json_array_size(labels);
	assert_true(event.n_labels <= EVENT_LABELS_MAX);
	for (uint32_t i = 0; i < event.n_labels; i++)
		event.labels[i] = (uint32_t)json_integer_value(json_array_get(labels, i));
	return event;
}

static void assert_same_event(const struct event *a, const struct event *b)
{
	assert_memory_equal(a->id.bytes, b->id.bytes, EVENT_ID_BYTES);
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->act, b->act);
	assert_int_equal(a->domain, b->domain);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->n_labels, b->n_labels);
	assert_memory_equal(a->labels, b->labels, sizeof a->labels);
	assert_int_equal(a->has_proof, b->has_proof);
	assert_memory_equal(a->proof.bytes, b->proof.bytes, EVENT_SECRET_BYTES);
}

static void check_submission(const json_t *vector, const uint8_t *bytes, size_t length)
{
	const json_t *list = json_object_get(vector, "events");
	struct event events[SUBMISSION_EVENTS_MAX];
	struct submission submission;
	uint8_t out[SUBMISSION_BYTES_MAX];
	uint32_t n = (uint32_t)json_array_size(list);

	assert_int_equal(submission_decode(bytes, length, &submission), 0);
	assert_int_equal(submission.n_events, n);
	for (uint32_t i = 0; i < n; i++) {
		events[i] = event_of(json_array_get(list, i));
		assert_false(submission.events[i].malformed);
		assert_same_event(&submission.events[i].event, &events[i]);
	}
	assert_int_equal(submission_encode(events, n, text(vector, "receipt_to"), out, sizeof out), length);
	assert_memory_equal(out, bytes, length);
}

static void submissions(void **state)
{
	(void)state;
	each("submissions", check_submission);
}

static struct result result_of(const json_t *object)
{
	struct result result = {.verdict = (enum verdict)small(object, "verdict")};

	result.id_length = (uint8_t)unhex(text(object, "id"), result.id, sizeof result.id);
	return result;
}

struct reading {
	const json_t *results;
	size_t n;
};

static void check_result(void *context, const struct result *result)
{
	struct reading *reading = context;
	struct result expected = result_of(json_array_get(reading->results, reading->n++));

	assert_int_equal(result->verdict, expected.verdict);
	assert_int_equal(result->id_length, expected.id_length);
	assert_memory_equal(result->id, expected.id, expected.id_length);
}

static void check_receipt(const json_t *vector, const uint8_t *bytes, size_t length)
{
	struct reading reading = {.results = json_object_get(vector, "results")};
	struct result results[RECEIPT_RESULTS_MAX];
	uint8_t out[RECEIPT_BYTES_MAX];
	size_t n = json_array_size(reading.results);

	assert_int_equal(receipt_decode(bytes, length, check_result, &reading), 0);
	assert_int_equal(reading.n, n);
	for (size_t i = 0; i < n; i++)
		results[i] = result_of(json_array_get(reading.results, i));
	assert_int_equal(receipt_encode(results, n, out, sizeof out), length);
	assert_memory_equal(out, bytes, length);
}

static void receipts(void **state)
{
	(void)state;
	each("receipts", check_receipt);
}

/* ---- Figures and the catalogue: what we read of the bytes is in the file, and we write the same bytes ----------- */

static void assert_text(const json_t *object, const char *name, const char *actual)
{
	assert_string_equal(actual, text(object, name));
}

static void check_cells(const json_t *vector, const struct summary *summary)
{
	const json_t *domains = json_object_get(vector, "domains"), *labels = json_object_get(vector, "labels");

	assert_int_equal(summary->n_domains, json_array_size(domains));
	for (uint32_t i = 0; i < summary->n_domains; i++) {
		const json_t *cell = json_array_get(domains, i);

		assert_int_equal(summary->domains[i].domain, small(cell, "domain"));
		assert_int_equal(summary->domains[i].answered, number(cell, "answered"));
		assert_int_equal(summary->domains[i].referred, number(cell, "referred"));
	}
	assert_int_equal(summary->n_labels, json_array_size(labels));
	for (uint32_t i = 0; i < summary->n_labels; i++) {
		assert_int_equal(summary->labels[i].label, small(json_array_get(labels, i), "label"));
		assert_int_equal(summary->labels[i].count, number(json_array_get(labels, i), "count"));
	}
}

static void check_summary(const json_t *vector, const uint8_t *bytes, size_t length)
{
	const json_t *expected = json_object_get(vector, "summary");
	struct summary summary;
	char period[PERIOD_TEXT_BYTES];
	uint8_t out[SUMMARY_BYTES_MAX];

	assert_int_equal(summary_decode(bytes, length, &summary), 0);
	period_format(summary.period, period);
	assert_text(expected, "org", summary.org);
	assert_text(expected, "team", summary.team);
	assert_text(expected, "period", period);
	assert_int_equal(summary.status, number(expected, "status"));
	assert_int_equal(summary.revision, number(expected, "revision"));
	assert_int_equal(summary.generation, number(expected, "generation"));
	assert_int_equal(summary.as_of, number(expected, "as_of"));
	assert_int_equal(summary.answered, number(expected, "answered"));
	assert_int_equal(summary.referred, number(expected, "referred"));
	assert_int_equal(summary.late, number(expected, "late"));
	assert_int_equal(summary.catalogue_version, number(expected, "catalogue_version"));
	assert_int_equal(summary.undistributed_answered, number(expected, "undistributed_answered"));
	assert_int_equal(summary.undistributed_referred, number(expected, "undistributed_referred"));
	check_cells(expected, &summary);
	assert_int_equal(summary_encode(&summary, out, sizeof out), length);
	assert_memory_equal(out, bytes, length);
}

static void summaries(void **state)
{
	(void)state;
	each("summaries", check_summary);
}

static void check_weekly(const json_t *vector, const uint8_t *bytes, size_t length)
{
	const json_t *expected = json_object_get(vector, "weekly"), *weeks = json_object_get(expected, "weeks");
	struct weekly weekly;
	uint8_t out[SUMMARY_BYTES_MAX];

	assert_int_equal(weekly_decode(bytes, length, &weekly), 0);
	assert_text(expected, "org", weekly.org);
	assert_text(expected, "team", weekly.team);
	assert_int_equal(weekly.iso_year, number(expected, "iso_year"));
	assert_int_equal(weekly.generation, number(expected, "generation"));
	assert_int_equal(weekly.n_weeks, json_array_size(weeks));
	for (uint32_t i = 0; i < weekly.n_weeks; i++) {
		assert_int_equal(weekly.weeks[i].week, small(json_array_get(weeks, i), "week"));
		assert_int_equal(weekly.weeks[i].questions, number(json_array_get(weeks, i), "questions"));
	}
	assert_int_equal(weekly_encode(&weekly, out, sizeof out), length);
	assert_memory_equal(out, bytes, length);
}

static void weeklies(void **state)
{
	(void)state;
	each("weeklies", check_weekly);
}

static void check_lists(const json_t *expected, const struct catalogue *catalogue)
{
	assert_int_equal(catalogue->n_teams, json_array_size(json_object_get(expected, "teams")));
	for (size_t i = 0; i < catalogue->n_teams; i++) {
		const json_t *team = json_array_get(json_object_get(expected, "teams"), i);

		assert_text(team, "id", catalogue->teams[i].id);
		assert_text(team, "name", catalogue->teams[i].name);
		assert_int_equal(catalogue->teams[i].valid_until, number(team, "valid_until"));
	}
	assert_int_equal(catalogue->n_domains, json_array_size(json_object_get(expected, "domains")));
	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const json_t *domain = json_array_get(json_object_get(expected, "domains"), i);

		assert_int_equal(catalogue->domains[i].code, number(domain, "code"));
		assert_text(domain, "name", catalogue->domains[i].name);
		assert_int_equal(catalogue->domains[i].rolls_up_to, number(domain, "rolls_up_to"));
	}
	assert_int_equal(catalogue->n_labels, json_array_size(json_object_get(expected, "labels")));
	for (size_t i = 0; i < catalogue->n_labels; i++) {
		const json_t *label = json_array_get(json_object_get(expected, "labels"), i);

		assert_int_equal(catalogue->labels[i].code, number(label, "code"));
		assert_int_equal(catalogue->labels[i].kind, number(label, "kind"));
		assert_int_equal(catalogue->labels[i].domain, number(label, "domain"));
	}
}

static void check_catalogue(const json_t *vector, const uint8_t *bytes, size_t length)
{
	const json_t *expected = json_object_get(vector, "catalogue");
	struct catalogue catalogue;
	uint8_t *out = malloc(BYTES_MAX);

	assert_non_null(out);
	assert_int_equal(catalogue_decode(bytes, length, &catalogue), 0);
	assert_int_equal(catalogue.version, number(expected, "version"));
	assert_text(expected, "name", catalogue.name);
	assert_text(expected, "timezone", catalogue.timezone);
	assert_int_equal(catalogue.retract_days, number(expected, "retract_days"));
	assert_int_equal(catalogue.counting_since, number(expected, "counting_since"));
	check_lists(expected, &catalogue);
	assert_int_equal(catalogue_encode(&catalogue, out, BYTES_MAX), length);
	assert_memory_equal(out, bytes, length);
	catalogue_release(&catalogue);
	free(out);
}

static void catalogues(void **state)
{
	(void)state;
	each("catalogues", check_catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submissions), cmocka_unit_test(receipts),   cmocka_unit_test(summaries),
		cmocka_unit_test(weeklies),    cmocka_unit_test(catalogues),
	};

	return cmocka_run_group_tests_name("golden", tests, read_golden, drop_golden);
}
