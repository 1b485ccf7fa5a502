/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs the vectors of a tap and of the outbox (tests/unit/lib/vectors.h). */
#include "tests/unit/lib/phone_outbox.h"
#include "tests/unit/lib/vectors.h"

/* A member that may be absent: 0 or false. */
static uint32_t number_in(const json_t *object, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(object, name));
}

static bool flag_in(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static enum act act_in(const json_t *object)
{
	return strcmp(vectors_text(object, "act"), "question") == 0 ? ACT_QUESTION : ACT_RETRACTION;
}

static void assert_tap(const json_t *expected, const struct tap *tap)
{
	assert_int_equal(tap->question_seq != 0, flag_in(expected, "question_waits"));
	assert_int_equal(tap->retraction_seq != 0, flag_in(expected, "retraction_waits"));
	assert_int_equal(tap->has_retraction, flag_in(expected, "retracting"));
	assert_int_equal(tap->question_verdict, number_in(expected, "question_verdict"));
	assert_int_equal(tap->retraction_verdict, number_in(expected, "retraction_verdict"));
}

/* ---- A tap ---------------------------------------------------------------------------------------------- */

static struct tap tap_in(const json_t *object)
{
	const json_t *tap = json_object_get(object, "tap");

	return (struct tap){
		.question = question(1),
		.question_seq = flag_in(tap, "question_waits") ? 1 : 0,
		.retraction_seq = flag_in(tap, "retraction_waits") ? 2 : 0,
		.has_retraction = flag_in(tap, "retracting"),
		.question_verdict = number_in(tap, "question_verdict"),
		.retraction_verdict = number_in(tap, "retraction_verdict"),
	};
}

static enum tap_effect effect_in(const json_t *object, const char *name)
{
	static const char *const words[] = {
		[TAP_IGNORE] = "ignore", [TAP_KEEP] = "keep", [TAP_END] = "end", [TAP_END_BOTH] = "both"};
	const char *word = vectors_text(object, name);

	for (int effect = TAP_KEEP; effect <= TAP_END_BOTH; effect++)
		if (strcmp(words[effect], word) == 0)
			return (enum tap_effect)effect;
	fail_msg("no effect \"%s\"", word);
	return TAP_IGNORE;
}

/* The pages' word for a state, as turf.h has it: a question stays counted when it is late, and when taking it back was refused. */
static enum turf_state state_in(const json_t *object)
{
	static const struct {
		const char *word;
		enum turf_state state;
	} states[] = {{"device", TURF_ON_DEVICE},   {"counted", TURF_IS_COUNTED},    {"late", TURF_IS_COUNTED},
		      {"refused", TURF_IS_REFUSED}, {"retracting", TURF_RETRACTING}, {"retracted", TURF_IS_RETRACTED}};
	const char *word = vectors_text(object, "state");

	if (strcmp(vectors_text(object, "refused"), "retraction") == 0)
		return TURF_IS_COUNTED;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].state;
	fail_msg("no state \"%s\"", word);
	return TURF_IS_REFUSED;
}

static void test_a_tap_is_settled_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("tap");
	const json_t *entry;
	size_t i;

	(void)state;
	json_array_foreach(vectors_list(vectors, "outcomes"), i, entry)
	{
		enum verdict verdict = vectors_number(entry, "verdict");

		print_message("verdict %u\n", verdict);
		assert_int_equal(tap_effect(ACT_QUESTION, verdict), effect_in(entry, "question"));
		assert_int_equal(tap_effect(ACT_RETRACTION, verdict), effect_in(entry, "retraction"));
	}
	json_array_foreach(vectors_list(vectors, "settle"), i, entry)
	{
		struct tap tap = tap_in(entry);

		print_message("%s\n", vectors_text(entry, "name"));
		(void)tap_apply_verdict(&tap, act_in(entry), vectors_number(entry, "verdict"));
		assert_tap(json_object_get(entry, "after"), &tap);
	}
	json_array_foreach(vectors_list(vectors, "states"), i, entry)
	{
		struct tap tap = tap_in(entry);

		print_message("state %zu\n", i + 1);
		assert_int_equal(tap_refused(&tap) && !tap_waits(&tap), *vectors_text(entry, "refused") != '\0');
		assert_int_equal(tap_retracted(&tap), flag_in(entry, "retracted"));
		assert_int_equal(tap_state(&tap, false), state_in(entry));
	}
	json_decref(vectors);
}

/* ---- The outbox ----------------------------------------------------------------------------------------- */

/* Those that are expected, and no other; of each its question may be sent, or else its retraction. */
static void expect_taps(struct outbox *outbox, const json_t *expected)
{
	struct outbox_entry entries[16];
	size_t n_sent = load(outbox, entries, 16), n_sendable = 0, n;
	const json_t *tap;
	struct tap *taps;
	const char *id;

	assert_int_equal(outbox_list(outbox, &taps, &n, NULL), 0);
	free(taps);
	assert_int_equal(n, json_object_size(expected));
	json_object_foreach((json_t *)expected, id, tap)
	{
		struct event_id event_id = id_of((uint8_t)strtoul(id, NULL, 10));
		bool waits = flag_in(tap, "question_waits") || flag_in(tap, "retraction_waits");
		struct tap found;

		assert_int_equal(outbox_tap(outbox, &event_id, &found, NULL), 0);
		assert_tap(tap, &found);
		n_sendable += waits;
		for (size_t i = 0; waits && i < n_sent; i++)
			if (memcmp(&entries[i].event.id, &event_id, sizeof event_id) == 0)
				assert_int_equal(entries[i].event.act,
						 flag_in(tap, "question_waits") ? ACT_QUESTION : ACT_RETRACTION);
	}
	assert_int_equal(n_sent, n_sendable);
}

static void meet(struct outbox *outbox, const json_t *step)
{
	const uint8_t epoch[EPOCH_BYTES] = {(uint8_t)vectors_number(step, "epoch")};
	size_t waited = pending(outbox);

	assert_int_equal(outbox_check_epoch(outbox, epoch, NULL), 0);
	assert_int_equal(pending(outbox) - waited, vectors_number(step, "requeued"));
}

static void each_id(struct outbox *outbox, const json_t *ids, int (*act)(struct outbox *outbox, uint8_t number))
{
	const json_t *id;
	size_t i;

	json_array_foreach(ids, i, id) assert_true(act(outbox, (uint8_t)json_integer_value(id)) >= 0);
}

static void run_step(struct outbox *outbox, const json_t *step)
{
	const json_t *ids = json_object_get(step, "add"), *id;
	size_t i;

	json_array_foreach(ids, i, id) add_on(outbox, (uint8_t)json_integer_value(id), vectors_day(step, "date"));
	each_id(outbox, json_object_get(step, "retract"), retract);
	each_id(outbox, json_object_get(step, "dismiss"), dismiss);
	if (json_object_get(step, "verdict"))
		(void)settle(outbox, (uint8_t)vectors_number(step, "of"), act_in(step),
			     vectors_number(step, "verdict"));
	if (json_object_get(step, "epoch"))
		meet(outbox, step);
	if (json_object_get(step, "forget_before"))
		assert_int_equal(outbox_forget_before(outbox, vectors_day(step, "forget_before"), NULL), 0);
	if (json_object_get(step, "taps"))
		expect_taps(outbox, json_object_get(step, "taps"));
}

static void run_example(const json_t *example)
{
	struct outbox *outbox;
	const json_t *step;
	size_t i;

	assert_int_equal(setup(NULL), 0);
	outbox = open_outbox();
	json_array_foreach(vectors_list(example, "steps"), i, step)
	{
		print_message("  step %zu\n", i + 1);
		run_step(outbox, step);
	}
	outbox_close(outbox);
	assert_int_equal(teardown(NULL), 0);
}

static void test_the_outbox_keeps_what_the_vectors_say(void **state)
{
	json_t *examples = vectors_load("outbox"), *example;
	size_t i;

	(void)state;
	assert_true(json_array_size(examples) > 0);
	json_array_foreach(examples, i, example)
	{
		print_message("%s\n", vectors_text(example, "name"));
		run_example(example);
	}
	json_decref(examples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tap_is_settled_as_the_vectors_say),
		cmocka_unit_test(test_the_outbox_keeps_what_the_vectors_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
