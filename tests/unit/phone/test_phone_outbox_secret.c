/* SPDX-License-Identifier: EUPL-1.2 */
/* The secrets that the outbox keeps beside its taps (rule 4, docs/wire-format.md), and taps of an outbox of format 1, which have none. */
#include "broker-client/libturf/outbox_db.h"
#include "tests/unit/lib/phone_outbox.h"

static void get(struct outbox *outbox, uint64_t seq, struct outbox_entry *entry)
{
	assert_int_equal(outbox_get(outbox, &seq, 1, entry, NULL), 0);
}

/* What may be sent of this id; `seq` 0: nothing. */
static struct outbox_entry sendable_of(struct outbox *outbox, uint8_t number)
{
	struct outbox_entry entries[16], none = {0};
	struct event_id id = id_of(number);
	size_t n = load(outbox, entries, 16);

	for (size_t i = 0; i < n; i++)
		if (memcmp(&entries[i].event.id, &id, sizeof id) == 0)
			return entries[i];
	return none;
}

static void assert_proof(const struct outbox_entry *entry, uint8_t number)
{
	struct event expected = question(number);

	assert_int_not_equal(entry->seq, 0);
	assert_int_equal(entry->event.act, ACT_RETRACTION);
	assert_true(entry->event.has_proof);
	assert_memory_equal(&entry->event.proof, &expected.proof, sizeof expected.proof);
}

/* ---- With a secret ---------------------------------------------------------------------------------------------- */

static void test_a_retraction_shows_the_secret_and_nothing_else_does(void **state)
{
	static const uint8_t epoch[EPOCH_BYTES] = {1}, other[EPOCH_BYTES] = {2};
	struct outbox *outbox = open_outbox();
	struct outbox_entry entry;
	struct event tapped = question(1);

	(void)state;
	add(outbox, 1);
	entry = sendable_of(outbox, 1);
	assert_sent(&entry.event, &tapped);
	get(outbox, entry.seq, &entry);
	assert_sent(&entry.event, &tapped);
	assert_int_equal(outbox_check_epoch(outbox, epoch, NULL), 0);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	outbox_close(outbox);
	outbox = open_outbox();
	assert_int_equal(retract(outbox, 1), 0);
	entry = sendable_of(outbox, 1);
	assert_proof(&entry, 1);
	get(outbox, entry.seq, &entry);
	assert_proof(&entry, 1);
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_RETRACTED));
	/* Another store may not know of either. */
	assert_int_equal(outbox_check_epoch(outbox, other, NULL), 0);
	assert_int_equal(pending(outbox), 2);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	entry = sendable_of(outbox, 1);
	assert_proof(&entry, 1);
	outbox_close(outbox);
}

static void test_the_secret_goes_with_its_tap(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add(outbox, 1);
	assert_true(tap_of(outbox, 1).question.has_proof);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(tap_of(outbox, 1).question.has_proof);
	assert_int_equal(outbox_forget_before(outbox, DAY + 1, NULL), 0);
	assert_false(remembers(outbox, 1));
	outbox_close(outbox);
}

static void test_a_secret_of_another_outbox_is_kept_with_its_retraction(void **state)
{
	struct outbox *outbox = open_outbox();
	struct event of_other = question(9);
	struct outbox_entry entry;

	(void)state;
	assert_int_equal(outbox_retract(outbox, &of_other.id, "oost", DAY, NULL, NULL), 0);
	entry = sendable_of(outbox, 9);
	assert_false(entry.event.has_proof);
	assert_true(settle(outbox, 9, ACT_RETRACTION, VERDICT_REFUSED_MALFORMED));
	assert_int_equal(outbox_retract(outbox, &of_other.id, "oost", DAY, &of_other.proof, NULL), 0);
	entry = sendable_of(outbox, 9);
	assert_proof(&entry, 9);
	outbox_close(outbox);
}

/* ---- Records ---------------------------------------------------------------------------------------------------- */

/* docs/outbox-format.md: the bytes that turf of format 1 wrote, which are those of format 2 without a secret. */
static const uint8_t record_1[] = {1, 1,   1,    1,    1,  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* id */
				   0, 0,   0x47, 0x55,                                      /* day */
				   3, 2,   1,    0,    0,  2, /* flags, outcome, domain, two verdicts, two labels */
				   0, 3,   0xff, 0xff, 0,  0, 0, 0, /* labels */
				   0, 0,   0,    0,    0,  0, 0, 5, /* place of the question in the queue */
				   0, 0,   0,    0,    0,  0, 0, 6, /* and of its retraction */
				   4, 'o', 'o',  's',  't'};

static void test_records_of_both_formats(void **state)
{
	struct tap tap = {.team = "oost",
			  .question = question(1),
			  .question_seq = 5,
			  .retraction_seq = 6,
			  .has_retraction = true},
		   read;
	uint8_t bytes[TAP_BYTES_MAX], again[TAP_BYTES_MAX], expected[sizeof record_1 + EVENT_SECRET_BYTES];
	size_t length;

	(void)state;
	assert_int_equal(tap_decode(record_1, sizeof record_1, &read), 0);
	assert_false(read.question.has_proof);
	assert_int_equal(tap_encode(&read, bytes), sizeof record_1);
	assert_memory_equal(bytes, record_1, sizeof record_1);

	memcpy(expected, record_1, sizeof record_1);
	expected[20] = 3 | 4;
	memcpy(expected + sizeof record_1, tap.question.proof.bytes, EVENT_SECRET_BYTES);
	length = tap_encode(&tap, bytes);
	assert_int_equal(length, sizeof expected);
	assert_memory_equal(bytes, expected, length);
	assert_int_equal(tap_decode(bytes, length, &read), 0);
	assert_true(read.question.has_proof);
	assert_memory_equal(&read.question.proof, &tap.question.proof, EVENT_SECRET_BYTES);
	assert_int_equal(tap_encode(&read, again), length);
	assert_memory_equal(again, bytes, length);
	for (size_t shorter = 0; shorter < length; shorter++)
		assert_int_equal(tap_decode(bytes, shorter, &read), FAULT_DAMAGED);
	assert_int_equal(tap_decode(record_1, sizeof record_1 - 1, &read), FAULT_DAMAGED);
	bytes[20] = 3 | 8;
	assert_int_equal(tap_decode(bytes, sizeof record_1, &read), 0);
	assert_true(read.left);
}

/* ---- An outbox of format 1 -------------------------------------------------------------------------------------- */

static int make_older(void *context, struct lmdb_txn *txn)
{
	(void)context;
	db_put_meta_number(txn, "format", 1);
	return 0;
}

static int read_format(void *context, struct lmdb_txn *txn)
{
	*(uint64_t *)context = db_get_meta_number(txn, "format", 0);
	return 0;
}

static void add_older(struct outbox *outbox, uint8_t number)
{
	const char *team = "oost";
	struct event event = question(number);

	event.has_proof = false;
	assert_int_equal(outbox_add(outbox, &team, &event, 1, NULL, NULL), 0);
}

enum { WAITS = 1, TAKEN_BACK, COUNTED, COUNTED_TAKEN_BACK, OF_ANOTHER, LAST };

/* With a retraction that waits behind its question, which this version would delete. */
static void queue_retraction(struct outbox *outbox, uint8_t number)
{
	struct event_id id = id_of(number);
	struct outbox_entry entry = sendable_of(outbox, number);

	get(outbox, entry.seq, &entry);
	assert_int_equal(outbox_retract(outbox, &id, NULL, 0, NULL, NULL), 0);
}

static int forget_left(void *context, struct lmdb_txn *txn)
{
	struct tap tap;
	uint64_t number;

	assert_true(db_find_tap(txn, context, &number, &tap));
	tap.left = false;
	db_put_tap(txn, number, &tap);
	return 0;
}

static struct outbox *open_older(void)
{
	struct outbox *outbox = open_outbox();
	struct event_id id = id_of(OF_ANOTHER), taken_back = id_of(TAKEN_BACK);

	for (uint8_t number = WAITS; number <= COUNTED_TAKEN_BACK; number++)
		add_older(outbox, number);
	queue_retraction(outbox, TAKEN_BACK);
	assert_int_equal(db_write(outbox, forget_left, &taken_back, NULL), 0);
	for (uint8_t number = COUNTED; number <= COUNTED_TAKEN_BACK; number++)
		assert_true(settle(outbox, number, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(retract(outbox, COUNTED_TAKEN_BACK), 0);
	assert_int_equal(outbox_retract(outbox, &id, "west", DAY, NULL, NULL), 0);
	assert_int_equal(pending(outbox), 5);
	assert_int_equal(db_write(outbox, make_older, NULL, NULL), 0);
	outbox_close(outbox);
	return open_outbox();
}

static void test_an_older_outbox_is_taken_over_with_what_waits(void **state)
{
	struct outbox *outbox = open_older();
	struct outbox_entry entry;
	uint64_t format = 0;
	struct event expected;

	(void)state;
	for (int opened = 0; opened < 2; opened++) {
		assert_int_equal(db_read(outbox, read_format, &format, NULL), 0);
		assert_int_equal(format, 2);
		assert_int_equal(pending(outbox), 3);
		assert_false(remembers(outbox, TAKEN_BACK)); /* it had not left */
		for (uint8_t number = WAITS; number < LAST; number++)
			if (number != TAKEN_BACK)
				assert_true(remembers(outbox, number));
		entry = sendable_of(outbox, WAITS);
		expected = question(WAITS);
		assert_sent(&entry.event, &expected);
		entry = sendable_of(outbox, COUNTED_TAKEN_BACK);
		assert_int_equal(entry.event.act, ACT_RETRACTION);
		assert_false(entry.event.has_proof);
		outbox_close(outbox);
		outbox = open_outbox();
	}
	add(outbox, LAST);
	assert_true(tap_of(outbox, LAST).question.has_proof);
	outbox_close(outbox);
}

static void test_an_older_tap_that_has_not_left_is_taken_back_on_the_phone(void **state)
{
	struct outbox *outbox = open_older();
	struct outbox_entry entry;
	uint64_t seq = sendable_of(outbox, WAITS).seq;

	(void)state;
	assert_int_equal(retract(outbox, WAITS), 0);
	assert_false(remembers(outbox, WAITS));
	get(outbox, seq, &entry);
	assert_int_equal(entry.seq, 0);
	assert_int_equal(pending(outbox), 2);
	assert_int_equal(retract(outbox, WAITS), TURF_UNKNOWN);
	outbox_close(outbox);
}

/* From the moment at which this version reads it to send it. */
static void test_an_older_tap_that_has_left_gets_a_retraction_without_proof(void **state)
{
	struct outbox *outbox = open_older();
	struct outbox_entry entry = sendable_of(outbox, WAITS);

	(void)state;
	get(outbox, entry.seq, &entry);
	assert_int_not_equal(entry.seq, 0);
	outbox_close(outbox);
	outbox = open_outbox();
	assert_int_equal(retract(outbox, WAITS), 0);
	assert_true(remembers(outbox, WAITS));
	assert_int_equal(sendable_of(outbox, WAITS).event.act, ACT_QUESTION);
	assert_true(settle(outbox, WAITS, ACT_QUESTION, VERDICT_COUNTED));
	entry = sendable_of(outbox, WAITS);
	assert_int_equal(entry.event.act, ACT_RETRACTION);
	assert_false(entry.event.has_proof);
	outbox_close(outbox);
}

/* It cannot prove anything: the worker sees that, and it stays counted. */
static void test_a_refused_retraction_of_an_older_tap_leaves_it_counted(void **state)
{
	static const uint8_t epoch[EPOCH_BYTES] = {1};
	struct outbox *outbox = open_older();
	struct tap tap;

	(void)state;
	assert_int_equal(outbox_check_epoch(outbox, epoch, NULL), 0);
	assert_true(settle(outbox, COUNTED, ACT_QUESTION, VERDICT_ALREADY_COUNTED));
	assert_int_equal(retract(outbox, COUNTED), 0);
	assert_true(settle(outbox, COUNTED, ACT_RETRACTION, VERDICT_REFUSED_MALFORMED));
	tap = tap_of(outbox, COUNTED);
	assert_true(tap_refused(&tap));
	assert_int_equal(tap_state(&tap, false), TURF_IS_COUNTED);
	assert_int_equal(dismiss(outbox, COUNTED), 0);
	tap = tap_of(outbox, COUNTED);
	assert_false(tap_refused(&tap));
	assert_int_equal(tap_state(&tap, false), TURF_IS_COUNTED);
	outbox_close(outbox);
}

/* A new epoch puts it back into the queue; it left all the same. */
static void test_an_older_tap_that_was_counted_is_never_deleted_as_if_it_had_not_left(void **state)
{
	static const uint8_t epoch[EPOCH_BYTES] = {1};
	struct outbox *outbox = open_older();

	(void)state;
	assert_int_equal(outbox_check_epoch(outbox, epoch, NULL), 0);
	assert_int_equal(sendable_of(outbox, COUNTED).event.act, ACT_QUESTION);
	assert_int_equal(retract(outbox, COUNTED), 0);
	assert_true(remembers(outbox, COUNTED));
	outbox_close(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_a_retraction_shows_the_secret_and_nothing_else_does),
		FRESH(test_the_secret_goes_with_its_tap),
		FRESH(test_a_secret_of_another_outbox_is_kept_with_its_retraction),
		cmocka_unit_test(test_records_of_both_formats),
		FRESH(test_an_older_outbox_is_taken_over_with_what_waits),
		FRESH(test_an_older_tap_that_has_not_left_is_taken_back_on_the_phone),
		FRESH(test_an_older_tap_that_has_left_gets_a_retraction_without_proof),
		FRESH(test_a_refused_retraction_of_an_older_tap_leaves_it_counted),
		FRESH(test_an_older_tap_that_was_counted_is_never_deleted_as_if_it_had_not_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
