/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs the examples in tests/data/vectors/sender.json, which the page's sender.js runs too (tests/web/sender.test.mjs). A
 * step gives the time and what happens, or the decision that is expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "broker-client/libturf/sender.h"
#include "tests/unit/lib/vectors.h"

enum { RETRY_MS = 10000, RETRY_MAX_MS = 300000 };

static struct event_id id_of(uint64_t seq)
{
	struct event_id id = {{0}};

	put_be64(id.bytes, seq);
	return id;
}

static uint64_t seq_at(const json_t *seqs, size_t i)
{
	return (uint64_t)json_integer_value(json_array_get(seqs, i));
}

static void add(struct sender *sender, const json_t *seqs, const char *team)
{
	for (size_t i = 0; i < json_array_size(seqs); i++) {
		struct event_id id = id_of(seq_at(seqs, i));

		assert_int_equal(sender_add(sender, seq_at(seqs, i), &id, ACT_QUESTION, team), 0);
	}
}

/* Receipts that end these entries, or with `retry_later` receipts whose verdict ends nothing. */
static void take_receipts(struct sender *sender, const json_t *seqs, bool retry_later, int64_t now_ms)
{
	for (size_t i = 0; i < json_array_size(seqs); i++) {
		struct event_id id = id_of(seq_at(seqs, i));
		struct sender_entry *entry = sender_sent(sender, &id);

		assert_non_null(entry);
		sender_note_receipt(sender, entry, now_ms);
		if (retry_later)
			sender_retry_later(sender, entry, now_ms);
		else
			sender_done(sender, entry);
	}
}

static void expect_next(struct sender *sender, const json_t *expected, int64_t now_ms)
{
	const json_t *seqs = json_object_get(expected, "seqs");
	struct sender_batch batch;

	if (json_is_null(expected)) {
		assert_false(sender_next(sender, now_ms, &batch));
		return;
	}
	assert_true(sender_next(sender, now_ms, &batch));
	assert_string_equal(batch.team, json_string_value(json_object_get(expected, "team")));
	assert_int_equal(batch.n,
			 seqs ? (json_int_t)json_array_size(seqs) : json_integer_value(json_object_get(expected, "n")));
	for (size_t i = 0; i < json_array_size(seqs); i++)
		assert_int_equal(batch.seqs[i], seq_at(seqs, i));
}

static void run_step(struct sender *sender, const json_t *step, int64_t now_ms)
{
	const json_t *value;

	if ((value = json_object_get(step, "add")))
		add(sender, value, json_string_value(json_object_get(step, "team")));
	if ((value = json_object_get(step, "receipt")))
		take_receipts(sender, value, false, now_ms);
	if ((value = json_object_get(step, "retry_later")))
		take_receipts(sender, value, true, now_ms);
	if (json_object_get(step, "expire"))
		sender_expire(sender, now_ms);
	if (json_object_get(step, "lost"))
		sender_lost(sender, now_ms);
	if (json_object_get(step, "resend_soon"))
		sender_resend_soon(sender, now_ms, 0);
	if ((value = json_object_get(step, "next")))
		expect_next(sender, value, now_ms);
	if ((value = json_object_get(step, "wake")))
		assert_true(sender_wake_ms(sender, now_ms) ==
			    (json_is_null(value) ? INT64_MAX : json_integer_value(value)));
}

static void run_example(const json_t *example)
{
	const json_t *steps = json_object_get(example, "steps"), *step;
	struct sender sender;
	int64_t now_ms = 0;
	size_t i;

	sender_init(&sender,
		    &(struct sender_options){.slots = (uint32_t)json_integer_value(json_object_get(example, "slots")),
					     .retry_ms = RETRY_MS,
					     .retry_max_ms = RETRY_MAX_MS,
					     .seed = 7});
	json_array_foreach(steps, i, step)
	{
		if (json_object_get(step, "at"))
			now_ms = json_integer_value(json_object_get(step, "at"));
		print_message("  step %zu\n", i + 1);
		run_step(&sender, step, now_ms);
	}
	sender_release(&sender);
}

static void test_the_sender_decides_as_the_shared_examples_say(void **state)
{
	json_t *examples = vectors_load("sender"), *example;
	size_t i;

	(void)state;
	assert_true(json_array_size(examples) > 0);
	json_array_foreach(examples, i, example)
	{
		print_message("%s\n", json_string_value(json_object_get(example, "name")));
		run_example(example);
	}
	json_decref(examples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_sender_decides_as_the_shared_examples_say)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
