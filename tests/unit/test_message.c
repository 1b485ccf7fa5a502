/* SPDX-License-Identifier: EUPL-1.2 */
/* Submissions as we write and read them: bytes fixed for ever, round trips, damage; and the words. */
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

static void assert_events_equal(const struct event *a, const struct event *b)
{
	assert_memory_equal(a->id.bytes, b->id.bytes, EVENT_ID_BYTES);
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->act, b->act);
	assert_int_equal(a->domain, b->domain);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->n_labels, b->n_labels);
	assert_memory_equal(a->labels, b->labels, a->n_labels * sizeof a->labels[0]);
	assert_int_equal(a->has_proof, b->has_proof);
	assert_memory_equal(a->proof.bytes, b->proof.bytes, EVENT_SECRET_BYTES);
}

/* ---- Bytes that are fixed for ever: `protoc --decode=turf.v1.Submission` reads them, `--encode` gives the
 * same back ------------------------------------------------------------------------------------------- */

static const uint8_t golden[] = {
	0x0a, 0x21, 0x0a, 0x10, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab,
	0xac, 0xad, 0xae, 0xaf, 0x10, 0xd5, 0x8e, 0x01, 0x1a, 0x09, 0x08, 0x03, 0x10, 0x02, 0x1a, 0x03,
	0x07, 0xac, 0x02, 0x0a, 0x18, 0x0a, 0x10, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x10, 0xd4, 0x8e, 0x01, 0x22, 0x00, 0x12, 0x16, 0x41,
	0x62, 0x43, 0x64, 0x45, 0x66, 0x47, 0x68, 0x49, 0x6a, 0x4b, 0x6c, 0x4d, 0x6e, 0x4f, 0x70, 0x51,
	0x72, 0x5f, 0x2d, 0x30, 0x39, 0x7a, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static const struct event golden_events[] = {
	{
		.id = {{0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae,
			0xaf}},
		.day = 18261,
		.act = ACT_QUESTION,
		.domain = 3,
		.outcome = OUTCOME_REFERRED,
		.n_labels = 2,
		.labels = {7, 300},
	},
	{
		.id = {{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e,
			0x1f}},
		.day = 18260,
		.act = ACT_RETRACTION,
	},
};

static void golden_bytes_are_written(void **state)
{
	uint8_t out[SUBMISSION_BYTES_MAX];

	(void)state;
	assert_int_equal(submission_encode(golden_events, 2, PHONE, out, sizeof out), sizeof golden);
	assert_memory_equal(out, golden, sizeof golden);
}

static void golden_bytes_are_read(void **state)
{
	struct submission submission;

	(void)state;
	assert_int_equal(submission_decode(golden, sizeof golden, &submission), 0);
	assert_int_equal(submission.n_events, 2);
	assert_string_equal(submission.receipt_to, PHONE);
	for (int i = 0; i < 2; i++) {
		assert_false(submission.events[i].malformed);
		assert_int_equal(submission.events[i].id_length, 16);
		assert_memory_equal(submission.events[i].id, golden_events[i].id.bytes, 16);
		assert_events_equal(&submission.events[i].event, &golden_events[i]);
	}
}

/* ---- Properties ------------------------------------------------------------------------------ */

static void what_is_encoded_is_decoded(void **state)
{
	struct event events[SUBMISSION_EVENTS_MAX];
	struct submission submission;
	uint8_t out[SUBMISSION_BYTES_MAX];

	(void)state;
	for (int round = 0; round < 5000; round++) {
		uint32_t n = 1 + dice(round % 10 ? 4 : SUBMISSION_EVENTS_MAX);
		const char *receipt_to = dice(2) ? PHONE : "";
		size_t length;

		for (uint32_t i = 0; i < n; i++)
			events[i] = random_event();
		length = submission_encode(events, n, receipt_to, out, sizeof out);
		assert_true(length > 0 && length % SUBMISSION_PADDING == 0);
		assert_int_equal(submission_decode(out, length, &submission), 0);
		assert_int_equal(submission.n_events, n);
		assert_string_equal(submission.receipt_to, receipt_to);
		for (uint32_t i = 0; i < n; i++) {
			assert_false(submission.events[i].malformed);
			assert_events_equal(&submission.events[i].event, &events[i]);
		}
	}
}

/* 64 events of the largest numbers, 4 labels each. */
static void the_largest_submission_fits(void **state)
{
	struct event events[SUBMISSION_EVENTS_MAX];
	struct submission submission;
	uint8_t out[SUBMISSION_BYTES_MAX];
	size_t length;

	(void)state;
	for (uint32_t i = 0; i < SUBMISSION_EVENTS_MAX; i++) {
		events[i] = (struct event){
			.day = UINT32_MAX,
			.act = ACT_QUESTION,
			.domain = UINT32_MAX,
			.outcome = OUTCOME_REFERRED,
			.n_labels = 4,
			.labels = {UINT32_MAX - 3, UINT32_MAX - 2, UINT32_MAX - 1, UINT32_MAX},
		};
		memset(events[i].id.bytes, (int)i, EVENT_ID_BYTES);
	}
	length = submission_encode(events, SUBMISSION_EVENTS_MAX, PHONE, out, sizeof out);
	assert_true(length > 0 && length % SUBMISSION_PADDING == 0);
	assert_int_equal(submission_decode(out, length, &submission), 0);
	assert_int_equal(submission.n_events, SUBMISSION_EVENTS_MAX);
	assert_events_equal(&submission.events[63].event, &events[63]);
}

/* A lone tap, an undo, taps with labels: one size each, whatever they say. Receipt addresses of all lengths
 * bring every gap about, those of one and two bytes too. */
static void every_gap_is_padded(void **state)
{
	char address[2 * SUBMISSION_PADDING + 1] = "";
	uint8_t out[SUBMISSION_BYTES_MAX];
	struct submission submission;

	(void)state;
	for (size_t n = 0; n < sizeof address - 1; n++) {
		size_t length = submission_encode(golden_events, 1, address, out, sizeof out);

		assert_true(length > 0 && length % SUBMISSION_PADDING == 0);
		assert_true(length < 35 + n + 3 + SUBMISSION_PADDING + 2);
		assert_int_equal(submission_decode(out, length, &submission), 0);
		assert_events_equal(&submission.events[0].event, &golden_events[0]);
		assert_int_equal(submission_encode(golden_events, 1, address, out, length), length);
		assert_int_equal(submission_encode(golden_events, 1, address, out, length - 1), 0);
		address[n] = 'x';
	}
	assert_int_equal(submission_encode(golden_events, 1, PHONE, out, sizeof out), 96);
	assert_int_equal(submission_encode(golden_events + 1, 1, PHONE, out, sizeof out), 96);
}

/* What is left of a submission that was cut: nothing, or its first events whole. */
static void a_submission_cut_anywhere_is_malformed_or_its_first_events(void **state)
{
	struct event events[8];
	struct submission submission;
	uint8_t out[SUBMISSION_BYTES_MAX];
	size_t length, proper = 0;

	(void)state;
	for (int i = 0; i < 8; i++)
		events[i] = random_event();
	length = submission_encode(events, 8, PHONE, out, sizeof out);
	for (size_t cut = 0; cut < length; cut++) {
		int flaw = submission_decode(out, cut, &submission);

		if (flaw) {
			assert_int_equal(flaw, cut == 0 ? SUBMISSION_EMPTY : SUBMISSION_NOT_PROTOBUF);
			continue;
		}
		proper++;
		assert_true(submission.n_events <= 8);
		for (uint32_t i = 0; i < submission.n_events; i++)
			assert_events_equal(&submission.events[i].event, &events[i]);
	}
	assert_int_equal(proper, 9); /* after each event, and after receipt_to */
}

/* The same within an event: cut by its sender, in an envelope that is whole. */
static void an_event_cut_anywhere_is_never_taken_for_whole(void **state)
{
	struct bytes whole = question_event(16, OUTCOME_ANSWERED, NULL), event = whole;

	(void)state;
	assert_false(decode_one(&whole).malformed);
	for (event.length = 0; event.length < whole.length; event.length++) {
		struct bytes bytes = submission_of(&event);
		struct submission submission;
		int flaw = decode(&bytes, &submission);

		assert_true(flaw == SUBMISSION_NOT_PROTOBUF || (flaw == 0 && submission.events[0].malformed));
	}
}

/* Whatever is in the bytes: no crash, and what is called well formed is. */
static void assert_sane(const uint8_t *bytes, size_t length)
{
	struct submission submission;
	uint8_t stripped[SUBMISSION_BYTES_MAX];

	assert_true(submission_strip(bytes, length, stripped, sizeof stripped) <= length);
	if (submission_decode(bytes, length, &submission) != 0)
		return;
	assert_true(submission.n_events >= 1 && submission.n_events <= SUBMISSION_EVENTS_MAX);
	for (uint32_t i = 0; i < submission.n_events; i++) {
		const struct event *event = &submission.events[i].event;
		struct byte_range raw = submission.events[i].raw;
		struct submission alone;

		assert_true(raw.length > 0 && raw.at + raw.length <= (int)length);
		assert_int_equal(submission_decode(bytes + raw.at, raw.length, &alone), 0);
		assert_int_equal(alone.n_events, 1);
		assert_int_equal(alone.events[0].raw.at, 0);
		assert_int_equal(alone.events[0].raw.length, raw.length);
		alone.events[0].raw = raw;
		assert_memory_equal(&alone.events[0], &submission.events[i], sizeof alone.events[0]);
		if (submission.events[i].malformed)
			continue;
		assert_true(event->act == ACT_QUESTION || event->act == ACT_RETRACTION);
		assert_true(event->n_labels <= EVENT_LABELS_MAX);
		for (uint32_t j = 1; j < event->n_labels; j++)
			assert_true(event->labels[j - 1] < event->labels[j]);
		if (event->act == ACT_QUESTION)
			assert_true(event->outcome == OUTCOME_ANSWERED || event->outcome == OUTCOME_REFERRED);
	}
}

static void damaged_submissions_do_no_harm(void **state)
{
	struct event events[4];
	uint8_t out[SUBMISSION_BYTES_MAX];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint32_t n = 1 + dice(4);
		size_t length;

		for (uint32_t i = 0; i < n; i++)
			events[i] = random_event();
		length = submission_encode(events, n, PHONE, out, sizeof out);
		for (uint32_t damage = 1 + dice(4); damage > 0; damage--)
			out[dice((uint32_t)length)] = (uint8_t)(dice(2) ? dice(256) : dice(48));
		assert_sane(out, dice(4) ? length : dice((uint32_t)length));
	}
}

/* ---- Parts of a submission as it stands --------------------------------------------------------- */

static void a_raw_event_is_a_submission_of_its_own(void **state)
{
	struct submission submission, alone;

	(void)state;
	assert_int_equal(submission_decode(golden, sizeof golden, &submission), 0);
	assert_int_equal(submission.n_events, 2);
	for (size_t i = 0; i < 2; i++) {
		struct byte_range raw = submission.events[i].raw;

		assert_int_equal(submission_decode(golden + raw.at, raw.length, &alone), 0);
		assert_int_equal(alone.n_events, 1);
		assert_string_equal(alone.receipt_to, "");
		assert_events_equal(&alone.events[0].event, &golden_events[i]);
	}
}

static void stripping_leaves_events_and_what_is_unknown(void **state)
{
	struct bytes bytes = {.length = 0}, expected = {.length = 0};
	uint8_t out[SUBMISSION_BYTES_MAX];
	size_t length;

	(void)state;
	add_field(&bytes, 2, PHONE, 22);
	add_field(&bytes, 1, "z\3one", 5);
	add_field(&bytes, 15, "padding", 7);
	add_number(&bytes, 2, 12345); /* receipt_to in another guise */
	add_number(&bytes, 20, 1);
	add_field(&bytes, 1, "z\4four", 6);
	add_field(&expected, 1, "z\3one", 5);
	add_number(&expected, 20, 1);
	add_field(&expected, 1, "z\4four", 6);
	length = submission_strip(bytes.at, bytes.length, out, sizeof out);
	assert_int_equal(length, expected.length);
	assert_memory_equal(out, expected.at, length);

	add(&bytes, (uint8_t[]){0x12, 0x16, 'A', 'b', 'C'}, 5); /* cut within receipt_to */
	length = submission_strip(bytes.at, bytes.length, out, sizeof out);
	assert_int_equal(length, expected.length);
	assert_int_equal(submission_strip((const uint8_t *)"\xff\xff\xff\xff\xff\xff", 6, out, sizeof out), 0);
	assert_int_equal(submission_strip(NULL, 0, out, sizeof out), 0);
}

static void stripping_keeps_to_its_room(void **state)
{
	struct bytes bytes = {.length = 0};
	uint8_t out[12];

	(void)state;
	add_field(&bytes, 1, "z\3one", 5);
	add_field(&bytes, 1, "one that is larger than the room", 32);
	add_field(&bytes, 1, "z\1r", 3);
	assert_int_equal(submission_strip(bytes.at, bytes.length, out, sizeof out), 12);
	assert_memory_equal(out, "\x0a\x05z\3one\x0a\x03z\1r", 12);
	assert_int_equal(submission_strip(bytes.at, bytes.length, out, 6), 5);
	assert_int_equal(submission_strip(bytes.at, bytes.length, out, 0), 0);
}

/* Wherever a retraction stands in its event, and whatever stands in it. */
static void stripping_leaves_no_proof(void **state)
{
	static const uint8_t proof[EVENT_SECRET_BYTES] = "0123456789abcdef";
	struct bytes id = {.length = 0}, retraction = {.length = 0}, event = {.length = 0}, bytes = {.length = 0};
	struct bytes left = {.length = 0}, expected = {.length = 0};
	uint8_t out[SUBMISSION_BYTES_MAX];

	(void)state;
	add_field(&id, 1, "an id of 16 byte", 16);
	add_field(&retraction, 1, proof, sizeof proof);
	add_field(&retraction, 9, proof, sizeof proof);
	event = id;
	add_bytes(&event, 4, &retraction);
	add_number(&event, 2, 18261);
	add_bytes(&event, 4, &retraction);
	left = id;
	add_field(&left, 4, "", 0);
	add_number(&left, 2, 18261);
	add_field(&left, 4, "", 0);
	add_bytes(&bytes, 1, &event);
	add_bytes(&expected, 1, &left);
	add(&event, (uint8_t[]){0x22, 0x12, 0x0a, 0x10, '0', '1'}, 6); /* cut within a proof: all of that field goes */
	add_bytes(&bytes, 1, &event);
	add_bytes(&expected, 1, &left);
	event = left;
	for (int i = 0; i < 20; i++) /* so long that its length takes two bytes, before and after */
		add_field(&event, 7, "unknown", 7);
	left = event;
	add_bytes(&event, 4, &retraction);
	add_field(&left, 4, "", 0);
	add_bytes(&bytes, 1, &event);
	add_bytes(&expected, 1, &left);
	assert_int_equal(submission_strip(bytes.at, bytes.length, out, sizeof out), expected.length);
	assert_memory_equal(out, expected.at, expected.length);
	assert_null(memmem(out, expected.length, proof, 2));
}

/* ---- Words ----------------------------------------------------------------------------------- */

static void verdicts_have_names_and_refusals_are_known(void **state)
{
	(void)state;
	for (int number = 0; number < 40; number++) {
		bool in_contract = number <= 5 || (number >= 16 && number <= 22);
		const char *name = words_verdict((enum verdict)number);

		assert_int_equal(strcmp(name, "unknown-verdict") != 0, in_contract);
		assert_int_equal(words_verdict_is_refusal((enum verdict)number), number >= 16 && number <= 22);
		assert_int_equal(words_verdict_is_refusal((enum verdict)number), strncmp(name, "refused-", 8) == 0);
	}
}

static void words_are_the_contracts_in_lower_case(void **state)
{
	static const char *const verdicts[] = {
		[0] = "unspecified",
		[1] = "counted",
		[2] = "already-counted",
		[3] = "retracted",
		[4] = "already-retracted",
		[5] = "counted-late",
		[16] = "refused-malformed",
		[17] = "refused-unknown-team",
		[18] = "refused-unknown-domain",
		[19] = "refused-unknown-label",
		[20] = "refused-day-in-future",
		[21] = "refused-day-too-old",
		[22] = "refused-retraction-too-late",
	};
	static const char *const outcomes[] = {"unspecified", "answered", "referred", "unspecified"};
	static const char *const statuses[] = {"unspecified", "open", "provisional", "final", "unspecified"};
	static const char *const kinds[] = {"unspecified", "subject", "origin", "referred-to", "unspecified"};

	(void)state;
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
		if (verdicts[i])
			assert_string_equal(words_verdict((enum verdict)i), verdicts[i]);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(words_outcome((enum outcome)i), outcomes[i]);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(words_quarter_status((enum quarter_status)i), statuses[i]);
		assert_string_equal(words_label_kind((enum label_kind)i), kinds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_bytes_are_written),
		cmocka_unit_test(golden_bytes_are_read),
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(the_largest_submission_fits),
		cmocka_unit_test(every_gap_is_padded),
		cmocka_unit_test(a_submission_cut_anywhere_is_malformed_or_its_first_events),
		cmocka_unit_test(an_event_cut_anywhere_is_never_taken_for_whole),
		cmocka_unit_test(damaged_submissions_do_no_harm),
		cmocka_unit_test(a_raw_event_is_a_submission_of_its_own),
		cmocka_unit_test(stripping_leaves_events_and_what_is_unknown),
		cmocka_unit_test(stripping_keeps_to_its_room),
		cmocka_unit_test(stripping_leaves_no_proof),
		cmocka_unit_test(verdicts_have_names_and_refusals_are_known),
		cmocka_unit_test(words_are_the_contracts_in_lower_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
