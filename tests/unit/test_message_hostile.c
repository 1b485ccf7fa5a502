/* SPDX-License-Identifier: EUPL-1.2 */
/* Submissions as anybody may send them: what is refused as a whole, what alone, and what protobuf allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message.h"
#include "tests/unit/lib/handmade.h"

#define PHONE "AbCdEfGhIjKlMnOpQr_-09"

static int decode(const struct bytes *bytes, struct submission *submission)
{
	memset(submission, 0xee, sizeof *submission);
	return submission_decode(bytes->at, bytes->length, submission);
}

/* The one event of a submission that is proper as a whole. */
static struct submitted_event decode_one(const struct bytes *event)
{
	struct bytes bytes = submission_of(event);
	struct submission submission;

	assert_int_equal(decode(&bytes, &submission), 0);
	assert_int_equal(submission.n_events, 1);
	return submission.events[0];
}

static void assert_malformed(const struct submitted_event *submitted, uint8_t id_length)
{
	static const struct event nothing;

	assert_true(submitted->malformed);
	assert_int_equal(submitted->id_length, id_length);
	assert_memory_equal(&submitted->event, &nothing, sizeof nothing);
}

/* ---- Whole submissions that are refused -------------------------------------------------------- */

static void submissions_that_do_not_parse(void **state)
{
	static const struct {
		const char *what;
		size_t length;
		uint8_t bytes[24];
	} cases[] = {
		{"a length that goes on for ever", 7, {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"a length of 4 GiB", 6, {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"a length one too long", 3, {0x0a, 0x02, 0x0a}},
		{"a tag without value", 1, {0x0a}},
		{"a tag that goes on for ever", 8, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
		{"field number 0", 2, {0x00, 0x00}},
		{"field number 0, two bytes", 3, {0x80, 0x00, 0x00}},
		{"field number 2^29 + 1, which 32 bits would cut to 1", 6, {0x8a, 0x80, 0x80, 0x80, 0x10, 0x00}},
		{"a length of 2^32, which 32 bits would cut to 0", 6, {0x0a, 0x80, 0x80, 0x80, 0x80, 0x10}},
		{"a group", 2, {0x0b, 0x0c}},
		{"wire type 7", 2, {0x0f, 0x00}},
		{"events as a number", 2, {0x08, 0x01}},
		{"receipt_to as a number", 6, {0x0a, 0x02, 0x10, 0x01, 0x10, 0x01}},
		{"padding as a number", 6, {0x0a, 0x02, 0x10, 0x01, 0x78, 0x01}},
		{"a varint of 11 bytes",
		 14,
		 {0x0a, 0x00, 0x20, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},
		{"a 64-bit field of 7 bytes", 10, {0x0a, 0x00, 0x21, 1, 2, 3, 4, 5, 6, 7}},
		{"a 32-bit field of 3 bytes", 6, {0x0a, 0x00, 0x25, 1, 2, 3}},
		{"an event of garbage", 6, {0x0a, 0x04, 0xde, 0xad, 0xbe, 0xef}},
		{"a question of garbage", 8, {0x0a, 0x06, 0x1a, 0x04, 0xff, 0xff, 0xff, 0xff}},
		{"a retraction of garbage", 8, {0x0a, 0x06, 0x22, 0x04, 0xff, 0xff, 0xff, 0xff}},
		{"labels that do not end", 8, {0x0a, 0x06, 0x1a, 0x04, 0x1a, 0x02, 0x80, 0x80}},
		{"a day in bytes", 6, {0x0a, 0x04, 0x12, 0x02, 0x08, 0x01}},
		{"JSON", 12, {'{', '"', 'd', 'o', 'm', 'a', 'i', 'n', '"', ':', '3', '}'}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct submission submission;

		if (submission_decode(cases[i].bytes, cases[i].length, &submission) != SUBMISSION_NOT_PROTOBUF)
			fail_msg("%s was read", cases[i].what);
	}
}

static void submissions_without_events_are_empty(void **state)
{
	struct bytes bytes = {.length = 0};
	struct submission submission;

	(void)state;
	assert_int_equal(submission_decode(NULL, 0, &submission), SUBMISSION_EMPTY);
	add_field(&bytes, 2, PHONE, 22);
	add_field(&bytes, 15, "xxxx", 4);
	assert_int_equal(decode(&bytes, &submission), SUBMISSION_EMPTY);
}

static void sixty_four_events_and_no_more(void **state)
{
	struct bytes bytes = {.length = 0}, event = question_event(16, OUTCOME_ANSWERED, NULL);
	struct submission submission;

	(void)state;
	for (int i = 0; i < SUBMISSION_EVENTS_MAX; i++)
		add_bytes(&bytes, 1, &event);
	assert_int_equal(decode(&bytes, &submission), 0);
	assert_int_equal(submission.n_events, 64);
	add_bytes(&bytes, 1, &event);
	assert_int_equal(decode(&bytes, &submission), SUBMISSION_TOO_MANY);
	bytes.length = 0;
	for (int i = 0; i < 2000; i++)
		add_field(&bytes, 1, "", 0);
	assert_int_equal(decode(&bytes, &submission), SUBMISSION_TOO_MANY);
}

static void four_kilobytes_and_no_more(void **state)
{
	struct bytes event = question_event(16, OUTCOME_ANSWERED, NULL), bytes = submission_of(&event);
	static const uint8_t zeros[5000];
	struct submission submission;

	(void)state;
	add_field(&bytes, 15, zeros, SUBMISSION_BYTES_MAX - bytes.length - 3);
	assert_int_equal(bytes.length, 4096);
	assert_int_equal(decode(&bytes, &submission), 0);
	bytes = submission_of(&event);
	add_field(&bytes, 15, zeros, SUBMISSION_BYTES_MAX + 1 - bytes.length - 3);
	assert_int_equal(decode(&bytes, &submission), SUBMISSION_TOO_LONG);
	assert_int_equal(submission_decode(zeros, sizeof zeros, &submission), SUBMISSION_TOO_LONG);
}

/* ---- Events that are refused, alone --------------------------------------------------------- */

static void ids_have_sixteen_bytes(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 64, 65, 128};

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct bytes event = question_event(lengths[i], OUTCOME_ANSWERED, NULL);
		struct submitted_event submitted = decode_one(&event);

		if (lengths[i] == 16)
			assert_false(submitted.malformed);
		else /* what is longer than 64 gets no result */
			assert_malformed(&submitted, (uint8_t)(lengths[i] <= 64 ? lengths[i] : 0));
	}
}

static void outcomes_are_answered_or_referred(void **state)
{
	static const uint64_t bad[] = {0, 3, 127, 0x7fffffff, 0xffffffff, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct bytes event = question_event(16, bad[i], NULL);
		struct submitted_event submitted = decode_one(&event);

		assert_malformed(&submitted, 16);
	}
}

static void an_event_must_say_what_it_is(void **state)
{
	struct bytes event = {.length = 0};
	struct submitted_event submitted;

	(void)state;
	add_field(&event, 1, "0123456789abcdef", 16);
	add_number(&event, 2, 18261);
	submitted = decode_one(&event);
	assert_malformed(&submitted, 16);
	event.length = 0; /* nothing at all */
	submitted = decode_one(&event);
	assert_malformed(&submitted, 0);
}

static void labels_are_sorted_each_once_at_most_four(void **state)
{
	static const struct {
		uint32_t n, labels[6], n_taken, taken[4]; /* n_taken 9: malformed */
	} cases[] = {
		{0, {0}, 0, {0}},
		{1, {7}, 1, {7}},
		{4, {4, 3, 2, 1}, 4, {1, 2, 3, 4}},
		{4, {9, 9, 9, 9}, 1, {9}},
		{4, {5, 1, 5, 1}, 2, {1, 5}},
		{3, {0, UINT32_MAX, 0}, 2, {0, UINT32_MAX}}, /* codes are the rules' affair */
		{5, {1, 2, 3, 4, 5}, 9, {0}},
		{5, {1, 1, 1, 1, 1}, 9, {0}}, /* counted as they arrive */
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		struct bytes labels = {.length = 0}, packed = {.length = 0}, event;
		struct submitted_event submitted;
		uint32_t n = cases[i / 2].n;

		for (uint32_t j = 0; j < n; j++) {
			add_number(&labels, 3, cases[i / 2].labels[j]);
			add_varint(&packed, cases[i / 2].labels[j]);
		}
		if (i % 2) { /* the same in one packed field */
			labels.length = 0;
			add_bytes(&labels, 3, &packed);
		}
		event = question_event(16, OUTCOME_REFERRED, &labels);
		submitted = decode_one(&event);
		if (cases[i / 2].n_taken == 9) {
			assert_malformed(&submitted, 16);
			continue;
		}
		assert_false(submitted.malformed);
		assert_int_equal(submitted.event.n_labels, cases[i / 2].n_taken);
		assert_memory_equal(submitted.event.labels, cases[i / 2].taken,
				    cases[i / 2].n_taken * sizeof(uint32_t));
	}
}

static void neighbours_of_a_malformed_event_stay(void **state)
{
	struct bytes good = question_event(16, OUTCOME_ANSWERED, NULL);
	struct bytes bad = question_event(15, OUTCOME_ANSWERED, NULL);
	struct bytes bytes = {.length = 0};
	struct submission submission;

	(void)state;
	add_bytes(&bytes, 1, &good);
	add_bytes(&bytes, 1, &bad);
	add_bytes(&bytes, 1, &good);
	assert_int_equal(decode(&bytes, &submission), 0);
	assert_int_equal(submission.n_events, 3);
	assert_false(submission.events[0].malformed);
	assert_malformed(&submission.events[1], 15);
	assert_false(submission.events[2].malformed);
}

/* A proof is absent or 16 bytes; whether it is the right one is checked later, where the setting is known. */
static void proofs_have_one_length(void **state)
{
	static const uint8_t proof[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (size_t length = 0; length < sizeof proof; length++) {
		struct bytes event = {.length = 0}, retraction = {.length = 0};
		struct submitted_event submitted;

		add_field(&event, 1, "an id of 16 byte", 16);
		add_field(&retraction, 1, proof, length);
		add_bytes(&event, 4, &retraction);
		submitted = decode_one(&event);
		if (length != 0 && length != EVENT_SECRET_BYTES) {
			assert_malformed(&submitted, 16);
			continue;
		}
		assert_false(submitted.malformed);
		assert_int_equal(submitted.event.has_proof, length != 0);
		if (length != 0)
			assert_memory_equal(submitted.event.proof.bytes, proof, length);
	}
}

/* ---- What protobuf allows --------------------------------------------------------------------- */

static void the_last_act_wins(void **state)
{
	struct bytes event = question_event(16, OUTCOME_ANSWERED, NULL);
	static const uint8_t referred[] = {0x08, 0x05, 0x10, 0x02};
	struct submitted_event submitted;

	(void)state;
	add_field(&event, 4, "", 0);
	submitted = decode_one(&event);
	assert_int_equal(submitted.event.act, ACT_RETRACTION);
	assert_int_equal(submitted.event.domain, 0);
	add_field(&event, 3, referred, sizeof referred);
	submitted = decode_one(&event);
	assert_int_equal(submitted.event.act, ACT_QUESTION);
	assert_int_equal(submitted.event.domain, 5);
	assert_int_equal(submitted.event.outcome, OUTCOME_REFERRED);
}

/* Numbers are taken modulo 2^32, as protobuf says; days and codes beyond all measure are the rules' affair. */
static void overlong_numbers(void **state)
{
	static const uint8_t day_in_ten_bytes[] = {0x10, 0xd5, 0x8e, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
	struct bytes event = question_event(16, OUTCOME_ANSWERED, NULL);
	struct submitted_event submitted;

	(void)state;
	add(&event, day_in_ten_bytes, sizeof day_in_ten_bytes);
	submitted = decode_one(&event);
	assert_false(submitted.malformed);
	assert_int_equal(submitted.event.day, 18261);
	add_number(&event, 2, UINT32_MAX);
	submitted = decode_one(&event);
	assert_false(submitted.malformed);
	assert_int_equal(submitted.event.day, UINT32_MAX);
	add_number(&event, 2, (uint64_t)1 << 32 | 5);
	submitted = decode_one(&event);
	assert_int_equal(submitted.event.day, 5);
}

static void fields_of_later_versions_are_passed_over(void **state)
{
	struct bytes event = question_event(16, OUTCOME_ANSWERED, NULL), bytes;
	struct submission submission;

	(void)state;
	add_field(&event, 100, "later", 5);
	bytes = submission_of(&event);
	add_number(&bytes, 16, 1);
	add_field(&bytes, 17, "later", 5);
	add(&bytes, (uint8_t[]){0x95, 0x01, 1, 2, 3, 4, 0x99, 0x01, 1, 2, 3, 4, 5, 6, 7, 8}, 16);
	assert_int_equal(decode(&bytes, &submission), 0);
	assert_int_equal(submission.n_events, 1);
	assert_false(submission.events[0].malformed);
}

/* Whatever stands there, the events count. */
static void receipt_to_is_a_client_id_or_nothing(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		bool taken;
	} cases[] = {
		{PHONE, 22, true},
		{"", 0, false},
		{PHONE, 21, false},
		{PHONE "x", 23, false},
		{"+", 1, false},
		{"#", 1, false},
		{"../summary/oost/2019-Q4", 23, false},
		{"./summary/oost/2019-Q4", 22, false},
		{"AbCdEfGhIjKlMnOpQr/-09", 22, false},
		{"AbCdEfGhIjKlMnOpQr\0-09", 22, false},
		{PHONE "\0junk", 27, false}, /* a C string would end in time */
		{"AbCdEfGhIjKlMnOpQ\xc3\xab-09", 23, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes event = question_event(16, OUTCOME_ANSWERED, NULL), bytes = submission_of(&event);
		struct submission submission;

		add_field(&bytes, 2, cases[i].text, cases[i].length);
		assert_int_equal(decode(&bytes, &submission), 0);
		assert_string_equal(submission.receipt_to, cases[i].taken ? PHONE : "");
		assert_false(submission.events[0].malformed);
		add_field(&bytes, 2, "ZZCdEfGhIjKlMnOpQr_-09", 22); /* given twice: the last one */
		assert_int_equal(decode(&bytes, &submission), 0);
		assert_string_equal(submission.receipt_to, "ZZCdEfGhIjKlMnOpQr_-09");
		add_field(&bytes, 2, cases[i].text, cases[i].length);
		assert_int_equal(decode(&bytes, &submission), 0);
		assert_string_equal(submission.receipt_to, cases[i].taken ? PHONE : "");
	}
}

/* ---- The arena: whatever fills 4096 bytes, it is enough ----------------------------------------- */

/* Puts `unit` into `to` as often as a submission of 4096 bytes bears it, `overhead` bytes left for the rest. */
static void fill(struct bytes *to, const struct bytes *unit, size_t overhead)
{
	while (to->length + unit->length + overhead <= SUBMISSION_BYTES_MAX)
		add(to, unit->at, unit->length);
}

static void assert_read_full(const struct bytes *bytes, uint32_t n_events)
{
	struct submission submission;

	assert_true(bytes->length > SUBMISSION_BYTES_MAX - 100 && bytes->length <= SUBMISSION_BYTES_MAX);
	assert_int_equal(decode(bytes, &submission), 0);
	assert_int_equal(submission.n_events, n_events);
}

static void the_costliest_submissions_are_read(void **state)
{
	static const struct bytes units[] = {
		{{0x1a, 0x00}, 2},       /* in an event: an empty question; in a question: no labels */
		{{0x22, 0x00}, 2},       /* an empty retraction, or an unknown field */
		{{0x0a, 0x00}, 2},       /* an empty id */
		{{0x0a, 0x01, 0x00}, 3}, /* an id of a byte */
		{{0x28, 0x00}, 2},       /* an unknown number */
		{{0x2a, 0x00}, 2},       /* unknown empty bytes */
		{{0x18, 0x01}, 2},       /* in a question: a label */
	};
	static const struct bytes address = {{0x12, 0x00}, 2}; /* of the submission itself: an empty receipt_to */
	static const struct bytes unknown = {{0x20, 0x00}, 2};

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		struct bytes event = {.length = 0}, question = {.length = 0}, bytes;

		if (units[i].at[0] != 0x18) { /* not as a question in an event */
			fill(&event, &units[i], 3);
			bytes = submission_of(&event);
			assert_read_full(&bytes, 1);
		}
		if (units[i].at[0] == 0x0a) /* the question's domain is a number */
			continue;
		fill(&question, &units[i], 6);
		event.length = 0;
		add_bytes(&event, 3, &question);
		bytes = submission_of(&event);
		assert_read_full(&bytes, 1);
	}
	for (int i = 0; i < 2; i++) {
		struct bytes bytes = {.length = 0};

		add_field(&bytes, 1, "", 0);
		fill(&bytes, i ? &address : &unknown, 0);
		assert_read_full(&bytes, 1);
	}
}

static void thousands_of_packed_labels_are_read_and_refused(void **state)
{
	struct bytes labels = {.length = 4000}, more = {.length = 0}, event;
	struct submitted_event submitted;

	(void)state;
	memset(labels.at, 1, labels.length);
	add_bytes(&more, 3, &labels);
	event = question_event(16, OUTCOME_ANSWERED, &more);
	submitted = decode_one(&event);
	assert_malformed(&submitted, 16);
}

static void sixty_four_events_full_of_questions_are_read(void **state)
{
	static const struct bytes question = {{0x1a, 0x00}, 2};
	struct bytes event = {.length = 0}, bytes = {.length = 0};

	(void)state;
	while (event.length < SUBMISSION_BYTES_MAX / SUBMISSION_EVENTS_MAX - 3)
		add(&event, question.at, question.length);
	for (int i = 0; i < SUBMISSION_EVENTS_MAX; i++)
		add_bytes(&bytes, 1, &event);
	assert_read_full(&bytes, SUBMISSION_EVENTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submissions_that_do_not_parse),
		cmocka_unit_test(submissions_without_events_are_empty),
		cmocka_unit_test(sixty_four_events_and_no_more),
		cmocka_unit_test(four_kilobytes_and_no_more),
		cmocka_unit_test(ids_have_sixteen_bytes),
		cmocka_unit_test(outcomes_are_answered_or_referred),
		cmocka_unit_test(an_event_must_say_what_it_is),
		cmocka_unit_test(labels_are_sorted_each_once_at_most_four),
		cmocka_unit_test(neighbours_of_a_malformed_event_stay),
		cmocka_unit_test(proofs_have_one_length),
		cmocka_unit_test(the_last_act_wins),
		cmocka_unit_test(overlong_numbers),
		cmocka_unit_test(fields_of_later_versions_are_passed_over),
		cmocka_unit_test(receipt_to_is_a_client_id_or_nothing),
		cmocka_unit_test(the_costliest_submissions_are_read),
		cmocka_unit_test(thousands_of_packed_labels_are_read_and_refused),
		cmocka_unit_test(sixty_four_events_full_of_questions_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
