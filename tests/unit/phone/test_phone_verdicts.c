/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of outbox_tap.c, cell by cell: what each verdict does to a question, its retraction, and the two together. */
#include "tests/unit/lib/phone_outbox.h"

struct cell {
	enum verdict verdict;
	enum tap_effect question, retraction;
};

static const struct cell table[] = {
	{VERDICT_UNSPECIFIED, TAP_KEEP, TAP_KEEP},
	{VERDICT_COUNTED, TAP_END, TAP_IGNORE},
	{VERDICT_ALREADY_COUNTED, TAP_END, TAP_IGNORE},
	{VERDICT_RETRACTED, TAP_IGNORE, TAP_END},
	{VERDICT_ALREADY_RETRACTED, TAP_END_BOTH, TAP_END},
	{VERDICT_COUNTED_LATE, TAP_END, TAP_IGNORE},
	{6, TAP_KEEP, TAP_KEEP},
	{15, TAP_KEEP, TAP_KEEP},
	{VERDICT_REFUSED_MALFORMED, TAP_END, TAP_END},
	{VERDICT_REFUSED_UNKNOWN_TEAM, TAP_END, TAP_IGNORE},
	{VERDICT_REFUSED_UNKNOWN_DOMAIN, TAP_END, TAP_IGNORE},
	{VERDICT_REFUSED_UNKNOWN_LABEL, TAP_END, TAP_IGNORE},
	{VERDICT_REFUSED_DAY_IN_FUTURE, TAP_END, TAP_END},
	{VERDICT_REFUSED_DAY_TOO_OLD, TAP_END, TAP_IGNORE},
	{VERDICT_REFUSED_RETRACTION_TOO_LATE, TAP_IGNORE, TAP_END},
	{23, TAP_KEEP, TAP_KEEP},
	{255, TAP_KEEP, TAP_KEEP},
	{1000000, TAP_KEEP, TAP_KEEP},
};

static bool ends(enum tap_effect effect)
{
	return effect == TAP_END || effect == TAP_END_BOTH;
}

static void test_every_verdict_on_a_question(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	for (uint8_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t number = (uint8_t)(i + 1);

		add(outbox, number);
		assert_int_equal(settle(outbox, number, ACT_QUESTION, table[i].verdict), ends(table[i].question));
		assert_int_equal(tap_of(outbox, number).question_seq == 0, ends(table[i].question));
		assert_int_equal(tap_of(outbox, number).retraction_verdict, VERDICT_UNSPECIFIED);
		if (ends(table[i].question))
			assert_int_equal(tap_of(outbox, number).question_verdict, table[i].verdict);
		else
			assert_true(settle(outbox, number, ACT_QUESTION, VERDICT_COUNTED));
		assert_int_equal(pending(outbox), 0);
	}
	outbox_close(outbox);
}

static void test_every_verdict_on_a_retraction(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	for (uint8_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t number = (uint8_t)(i + 1);

		add(outbox, number);
		assert_true(settle(outbox, number, ACT_QUESTION, VERDICT_COUNTED));
		assert_int_equal(retract(outbox, number), 0);
		assert_int_equal(settle(outbox, number, ACT_RETRACTION, table[i].verdict), ends(table[i].retraction));
		assert_int_equal(tap_of(outbox, number).retraction_seq == 0, ends(table[i].retraction));
		assert_int_equal(tap_of(outbox, number).question_verdict, VERDICT_COUNTED);
		if (!ends(table[i].retraction))
			assert_true(settle(outbox, number, ACT_RETRACTION, VERDICT_RETRACTED));
		assert_int_equal(pending(outbox), 0);
	}
	outbox_close(outbox);
}

/* Taken back before it was sent: the question goes first, alone, and its verdict sets the retraction free. */
static void test_every_verdict_on_a_question_with_its_retraction_behind(void **state)
{
	struct outbox *outbox = open_outbox();
	struct tap settled;

	(void)state;
	for (uint8_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t number = (uint8_t)(i + 1);
		struct outbox_entry entries[4];
		struct outbox_result result = {.id = id_of(number), .act = ACT_QUESTION, .verdict = table[i].verdict};

		add(outbox, number);
		assert_int_equal(retract(outbox, number), 0);
		assert_int_equal(pending(outbox), 2);
		assert_int_equal(load(outbox, entries, 4), 1);
		assert_int_equal(entries[0].event.act, ACT_QUESTION);
		result.seq = entries[0].seq;
		assert_int_equal(outbox_apply_results(outbox, &result, 1, NULL), 0);
		switch (table[i].question) {
		case TAP_END_BOTH:
			assert_true(result.also_ended != 0);
			assert_int_equal(pending(outbox), 0);
			assert_true(tap_retracted(
				&(struct tap){.question_verdict = tap_of(outbox, number).question_verdict}));
			break;
		case TAP_END:
			assert_true(result.freed != 0);
			assert_int_equal(load(outbox, entries, 4), 1);
			assert_int_equal(entries[0].event.act, ACT_RETRACTION);
			assert_int_equal(entries[0].seq, result.freed);
			assert_int_equal(entries[0].event.day, DAY);
			assert_int_equal(entries[0].event.domain, 0);
			assert_true(settle(outbox, number, ACT_RETRACTION, VERDICT_RETRACTED));
			assert_int_equal(pending(outbox), 0);
			settled = tap_of(outbox, number);
			assert_false(tap_refused(&settled)); /* whatever was said of the question */
			break;
		case TAP_IGNORE:
		case TAP_KEEP:
			assert_true(result.freed == 0 && result.also_ended == 0 && !result.ended);
			assert_int_equal(pending(outbox), 2);
			assert_true(settle(outbox, number, ACT_QUESTION, VERDICT_ALREADY_RETRACTED));
			break;
		}
	}
	outbox_close(outbox);
}

static void test_a_verdict_for_what_waits_no_more_changes_nothing(void **state)
{
	struct outbox *outbox = open_outbox();
	struct outbox_entry entry;
	struct outbox_result result = {.id = id_of(1), .act = ACT_QUESTION, .verdict = VERDICT_REFUSED_UNKNOWN_TEAM};

	(void)state;
	add(outbox, 1);
	assert_int_equal(load(outbox, &entry, 1), 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	result.seq = entry.seq;
	assert_int_equal(outbox_apply_results(outbox, &result, 1, NULL), 0);
	assert_false(result.ended);
	assert_int_equal(tap_of(outbox, 1).question_verdict, VERDICT_COUNTED);
	result.seq = 123456;
	assert_int_equal(outbox_apply_results(outbox, &result, 1, NULL), 0);
	assert_false(result.ended);
	assert_int_equal(outbox_get(outbox, &entry.seq, 1, &entry, NULL), 0);
	assert_int_equal(entry.seq, 0);
	outbox_close(outbox);
}

static void test_taking_back_twice_or_what_was_refused_is_nothing(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	assert_int_equal(retract(outbox, 9), TURF_UNKNOWN);
	add(outbox, 1);
	assert_int_equal(retract(outbox, 1), 0);
	assert_int_equal(retract(outbox, 1), TURF_UNCHANGED);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_RETRACTED));
	assert_int_equal(retract(outbox, 1), TURF_UNCHANGED);
	add(outbox, 2);
	assert_true(settle(outbox, 2, ACT_QUESTION, VERDICT_REFUSED_DAY_TOO_OLD));
	assert_int_equal(retract(outbox, 2), TURF_UNCHANGED);
	outbox_close(outbox);
}

static void test_a_tap_of_another_phone_is_taken_back_by_id_and_day(void **state)
{
	struct outbox *outbox = open_outbox();
	struct event_id id = id_of(5);
	struct outbox_entry entry;

	(void)state;
	assert_int_equal(outbox_retract(outbox, &id, "zuid", DAY - 3, NULL, NULL), 0);
	assert_int_equal(load(outbox, &entry, 1), 1);
	assert_string_equal(entry.team, "zuid");
	assert_int_equal(entry.event.act, ACT_RETRACTION);
	assert_int_equal(entry.event.day, DAY - 3);
	assert_true(settle(outbox, 5, ACT_RETRACTION, VERDICT_REFUSED_RETRACTION_TOO_LATE));
	assert_int_equal(dismiss(outbox, 5), 0);
	assert_false(remembers(outbox, 5));
	outbox_close(outbox);
}

static void test_refusals_stay_until_dismissed(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add(outbox, 1);
	assert_int_equal(dismiss(outbox, 9), TURF_UNKNOWN);
	assert_int_equal(dismiss(outbox, 1), TURF_UNCHANGED);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_REFUSED_UNKNOWN_DOMAIN));
	add(outbox, 2);
	assert_true(settle(outbox, 2, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(retract(outbox, 2), 0);
	assert_true(settle(outbox, 2, ACT_RETRACTION, VERDICT_REFUSED_RETRACTION_TOO_LATE));
	assert_int_equal(outbox_forget_before(outbox, DAY + 100, NULL), 0);
	assert_true(remembers(outbox, 1));
	assert_true(remembers(outbox, 2));
	assert_int_equal(dismiss(outbox, 1), 0);
	assert_int_equal(dismiss(outbox, 2), 0);
	assert_false(remembers(outbox, 1));
	assert_false(remembers(outbox, 2)); /* counted, and too old to be taken back */
	outbox_close(outbox);
}

static void meet(struct outbox *outbox, uint8_t first_byte, size_t expected)
{
	const uint8_t epoch[EPOCH_BYTES] = {first_byte};
	size_t waited = pending(outbox);

	assert_int_equal(outbox_check_epoch(outbox, epoch, NULL), 0);
	assert_int_equal(pending(outbox) - waited, expected);
}

/* The new store may count it: neither forgotten nor out of reach until it has answered. */
static void test_a_refused_question_that_is_offered_again_is_no_refusal_while_it_waits(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add(outbox, 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_REFUSED_UNKNOWN_TEAM));
	meet(outbox, 1, 1);
	assert_int_equal(dismiss(outbox, 1), TURF_UNCHANGED);
	assert_int_equal(pending(outbox), 1);
	assert_int_equal(retract(outbox, 1), 0);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_RETRACTED));
	outbox_close(outbox);
}

static void test_a_refused_retraction_can_be_asked_for_again_or_given_up(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add(outbox, 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(retract(outbox, 1), 0);
		assert_int_equal(tap_of(outbox, 1).retraction_verdict, VERDICT_UNSPECIFIED);
		assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_REFUSED_DAY_IN_FUTURE));
	}
	assert_int_equal(dismiss(outbox, 1), 0);
	meet(outbox, 1, 1); /* the question alone: the worker has let it count */
	outbox_close(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_every_verdict_on_a_question),
		FRESH(test_every_verdict_on_a_retraction),
		FRESH(test_every_verdict_on_a_question_with_its_retraction_behind),
		FRESH(test_a_verdict_for_what_waits_no_more_changes_nothing),
		FRESH(test_taking_back_twice_or_what_was_refused_is_nothing),
		FRESH(test_a_tap_of_another_phone_is_taken_back_by_id_and_day),
		FRESH(test_refusals_stay_until_dismissed),
		FRESH(test_a_refused_question_that_is_offered_again_is_no_refusal_while_it_waits),
		FRESH(test_a_refused_retraction_can_be_asked_for_again_or_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
