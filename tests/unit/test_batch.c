/* SPDX-License-Identifier: EUPL-1.2 */
/* The order in which a batch is folded, and batches that are folded in parts. */
#include "tests/unit/lib/store_stage.h"

#include "aggregator/daemon/batch.h"
#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/publisher.h"
#include "proto/proof.h"
#include "store/store_view.h"

static const char phone[CLIENT_ID_BYTES] = "abcdefghijklmnopqrstuv";

/* ---- The order ---------------------------------------------------------------------------------- */

static void put(struct batch *batch, struct event event)
{
	struct submitted_event submitted = {.id_length = EVENT_ID_BYTES, .event = event};

	assert_int_equal(batch_add(batch, &submitted, NULL), 0);
}

static void test_days_then_ids_then_arrival(void **state)
{
	struct batch batch = {0};
	static const uint32_t expected[] = {3, 0, 2, 5, 1, 4};

	(void)state;
	assert_int_equal(batch_begin(&batch, NULL, phone, NULL), 0);
	for (size_t i = 0; i < 6; i++) {
		struct event event = {.day = i == 3 ? TODAY - 1 : TODAY, .act = i == 0 ? ACT_QUESTION : ACT_RETRACTION};

		event.id.bytes[0] = (uint8_t[]){1, 9, 1, 200, 9, 1}[i];
		put(&batch, event);
	}
	batch_order(&batch);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(batch.order[i].event, expected[i]);
	batch_release(&batch);
}

static void test_events_belong_to_their_submission(void **state)
{
	struct batch batch = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(batch_begin(&batch, NULL, phone, NULL), 0);
		for (uint32_t e = 0; e < i % 3; e++)
			put(&batch, question(i, TODAY, 3, ANSWERED));
	}
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(batch.submissions[i].n_events, i % 3);
		for (uint32_t e = 0; e < i % 3; e++)
			assert_int_equal(batch.events[batch.submissions[i].first + e].submission, i);
	}
	batch_clear(&batch);
	assert_int_equal(batch.n_events, 0);
	batch_release(&batch);
}

/* As of messages in which nothing is well formed. */
static void test_a_batch_without_events_has_no_order(void **state)
{
	struct batch batch = {0};

	(void)state;
	batch_order(&batch);
	assert_int_equal(batch_begin(&batch, NULL, phone, NULL), 0);
	batch_order(&batch);
	assert_int_equal(batch.n_events, 0);
	batch_release(&batch);
}

/* ---- Parts -------------------------------------------------------------------------------------- */

enum { MANY = BATCH_EVENTS_MAX / SUBMISSION_EVENTS_MAX + 100 };

struct delivery {
	struct inbox inbox;
	struct inbox_message messages[MANY + 1];
	uint8_t bytes[MANY + 1][SUBMISSION_BYTES_MAX];
};

static void deliver(struct delivery *delivery, const struct event *events, size_t n)
{
	size_t i = delivery->inbox.n++;
	size_t length = submission_encode(events, n, phone, delivery->bytes[i], SUBMISSION_BYTES_MAX);

	delivery->messages[i] =
		(struct inbox_message){.mqtt = {.payload = delivery->bytes[i], .length = length}, .team = "oost"};
}

static struct pipeline pipeline_on(struct stage *stage, struct counters *counters)
{
	static const bool optional = true;

	return (struct pipeline){
		.proof_optional = &optional,
		.store = stage->store,
		.catalogue = &stage->rules,
		.counters = counters,
		.receipts = receipts_new(),
		.publisher = publisher_new(1000),
	};
}

static void release(struct pipeline *pipeline)
{
	receipts_free(pipeline->receipts);
	publisher_free(pipeline->publisher);
}

static int expect_malformed(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	static const uint8_t expected[] = "\x0a\x05\x0a\x01\x07\x10\x10";

	++*(int *)context;
	assert_string_equal(to, phone);
	assert_int_equal(length, sizeof expected - 1);
	assert_memory_equal(bytes, expected, length);
	return 0;
}

/* What the last message asks of ids of the first part is judged by what that part made of them. */
static void test_parts_follow_each_other(void **state)
{
	struct stage *stage = *state;
	struct delivery *delivery = calloc(1, sizeof *delivery);
	struct event events[SUBMISSION_EVENTS_MAX], last[2] = {question(0, TODAY, 3, ANSWERED), retraction(1, TODAY)};
	struct counters counters = {0};
	struct pipeline pipeline = pipeline_on(stage, &counters);

	assert_non_null(delivery);
	delivery->inbox.messages = delivery->messages;
	for (uint32_t i = 0; i < MANY; i++) {
		for (uint32_t e = 0; e < SUBMISSION_EVENTS_MAX; e++)
			events[e] = question(i * SUBMISSION_EVENTS_MAX + e, TODAY, 3, ANSWERED);
		deliver(delivery, events, SUBMISSION_EVENTS_MAX);
	}
	deliver(delivery, last, 2);
	must(stage, pipeline_run(&pipeline, &delivery->inbox, TODAY, &stage->error));
	assert_int_equal(counters.counted, MANY * SUBMISSION_EVENTS_MAX);
	assert_int_equal(counters.already_counted, 1);
	assert_int_equal(counters.retracted, 1);
	assert_int_equal(counters.events, MANY * SUBMISSION_EVENTS_MAX + 2);
	release(&pipeline);
	free(delivery);
}

/* Its ids are answered all the same. */
static void test_a_message_without_a_sound_event_is_answered(void **state)
{
	static const uint8_t bytes[] = "\x0a\x03\x0a\x01\x07\x12\x16"
				       "abcdefghijklmnopqrstuv"; /* an id of one byte, no act */
	struct stage *stage = *state;
	struct inbox_message message = {.mqtt = {.payload = bytes, .length = sizeof bytes - 1}, .team = "oost"};
	struct inbox inbox = {.messages = &message, .n = 1};
	struct counters counters = {0};
	struct pipeline pipeline = pipeline_on(stage, &counters);
	int receipts = 0;

	must(stage, pipeline_run(&pipeline, &inbox, TODAY, &stage->error));
	assert_int_equal(counters.events, 1);
	assert_int_equal(counters.refused_malformed, 1);
	assert_int_equal(receipts_each(pipeline.receipts, expect_malformed, &receipts), 0);
	assert_int_equal(receipts, 1);
	release(&pipeline);
}

struct listing {
	struct quarantined entries[2];
	size_t n;
};

static bool list_entry(void *context, const struct quarantined *entry)
{
	struct listing *listing = context;

	listing->entries[listing->n++] = *entry;
	return listing->n < 2;
}

/* Whatever stands around it in its submission. */
static void test_a_refused_event_is_quarantined_as_it_came(void **state)
{
	static const uint8_t bytes[] = "\x12\x16"
				       "abcdefghijklmnopqrstuv"
				       "\x0a\x03\x0a\x01\x07"
				       "\x7a\x01\x00"
				       "\x0a\x04\x0a\x02\x08\x09";
	struct stage *stage = *state;
	struct inbox_message message = {.mqtt = {.payload = bytes, .length = sizeof bytes - 1}, .team = "oost"};
	struct inbox inbox = {.messages = &message, .n = 1};
	struct counters counters = {0};
	struct pipeline pipeline = pipeline_on(stage, &counters);
	struct listing listing = {.n = 0};
	struct store_view *view;

	must(stage, pipeline_run(&pipeline, &inbox, TODAY, &stage->error));
	assert_int_equal(counters.refused_malformed, 2);
	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_quarantine(view, list_entry, &listing, &stage->error));
	store_view_close(view);
	assert_int_equal(listing.n, 2);
	assert_int_equal(listing.entries[0].length, 5);
	assert_memory_equal(listing.entries[0].bytes, "\x0a\x03\x0a\x01\x07", 5);
	assert_int_equal(listing.entries[1].length, 6);
	assert_memory_equal(listing.entries[1].bytes, "\x0a\x04\x0a\x02\x08\x09", 6);
	release(&pipeline);
}

/* ---- Proofs ------------------------------------------------------------------------------------- */

struct retracting {
	struct event_secret secret;
	struct event question, retraction;
};

static struct retracting retracting_of(struct stage *stage, uint8_t number)
{
	struct retracting made = {.secret = {{number}}, .question = question(number, TODAY, 3, ANSWERED)};

	must(stage, proof_id(&made.secret, &made.question.id, &stage->error));
	made.retraction = (struct event){
		.id = made.question.id, .day = TODAY, .act = ACT_RETRACTION, .has_proof = true, .proof = made.secret};
	return made;
}

/* Counts one event. The verdict is that of the only counter that rises. */
static void count_one(struct pipeline *pipeline, struct stage *stage, const struct event *event)
{
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	struct inbox_message message = {
		.mqtt = {.payload = bytes, .length = submission_encode(event, 1, phone, bytes, sizeof bytes)},
		.team = "oost"};
	struct inbox inbox = {.messages = &message, .n = 1};

	*pipeline->counters = (struct counters){0};
	must(stage, pipeline_run(pipeline, &inbox, TODAY, &stage->error));
	assert_int_equal(pipeline->counters->events, 1);
}

static bool list_without_proof(void *context, const struct quarantined *entry)
{
	const struct event_secret *proof = context;

	assert_int_equal(entry->reason, VERDICT_REFUSED_MALFORMED);
	assert_null(memmem(entry->bytes, entry->length, proof->bytes, sizeof proof->bytes));
	return true;
}

/* Whatever is stored of the id, so that the answer tells nothing of it, and the setting decides about no proof only. */
static void test_a_retraction_needs_the_secret_of_its_id(void **state)
{
	struct stage *stage = *state;
	struct counters counters = {0};
	struct pipeline pipeline = pipeline_on(stage, &counters);
	struct retracting unknown = retracting_of(stage, 1), counted = retracting_of(stage, 2),
			  retracted = retracting_of(stage, 3), other = retracting_of(stage, 4);
	const struct event *const retractions[] = {&unknown.retraction, &counted.retraction, &retracted.retraction};
	static const bool required = false;
	struct store_view *view;

	count_one(&pipeline, stage, &counted.question);
	count_one(&pipeline, stage, &retracted.retraction);
	for (int optional = 1; optional >= 0; optional--) {
		pipeline.proof_optional = optional ? pipeline.proof_optional : &required;
		for (size_t i = 0; i < 3; i++) {
			struct event wrong = *retractions[i];

			wrong.proof = other.secret;
			count_one(&pipeline, stage, &wrong);
			assert_int_equal(counters.refused_malformed, 1);
			memcpy(wrong.proof.bytes, wrong.id.bytes, sizeof wrong.proof.bytes);
			count_one(&pipeline, stage, &wrong);
			assert_int_equal(counters.refused_malformed, 1);
			for (size_t bit = 0; bit < 8 * sizeof wrong.proof.bytes; bit += 5) {
				wrong.proof = retractions[i]->proof;
				wrong.proof.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
				count_one(&pipeline, stage, &wrong);
				assert_int_equal(counters.refused_malformed, 1);
			}
			wrong.has_proof = false;
			if (optional)
				continue;
			count_one(&pipeline, stage, &wrong);
			assert_int_equal(counters.refused_malformed, 1);
		}
	}
	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_quarantine(view, list_without_proof, &other.secret, &stage->error));
	store_view_close(view);
	count_one(&pipeline, stage, &counted.question);
	assert_int_equal(counters.already_counted, 1);
	for (size_t i = 0; i < 3; i++) {
		count_one(&pipeline, stage, retractions[i]);
		assert_int_equal(i < 2 ? counters.retracted : counters.already_retracted, 1);
	}
	release(&pipeline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_then_ids_then_arrival),
		cmocka_unit_test(test_events_belong_to_their_submission),
		cmocka_unit_test(test_a_batch_without_events_has_no_order),
		cmocka_unit_test_setup_teardown(test_parts_follow_each_other, stage_setup_open, stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_message_without_a_sound_event_is_answered, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_refused_event_is_quarantined_as_it_came, stage_setup_open,
						stage_teardown),
		cmocka_unit_test_setup_teardown(test_a_retraction_needs_the_secret_of_its_id, stage_setup_open,
						stage_teardown),
	};

	return cmocka_run_group_tests_name("a batch", tests, NULL, NULL);
}
