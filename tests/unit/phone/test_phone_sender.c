/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes out and when, with a clock of our own: rule 3 (docs/wire-format.md) without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "broker-client/libturf/sender.h"

enum { RETRY = 10000, RETRY_MAX = 300000 };

static struct event_id id_of(uint64_t seq)
{
	struct event_id id = {{0}};

	put_be64(id.bytes, seq);
	return id;
}

static void add(struct sender *sender, uint64_t seq, const char *team)
{
	struct event_id id = id_of(seq);

	assert_int_equal(sender_add(sender, seq, &id, ACT_QUESTION, team), 0);
}

static void open_sender(struct sender *sender, uint32_t slots)
{
	sender_init(sender,
		    &(struct sender_options){.slots = slots, .retry_ms = RETRY, .retry_max_ms = RETRY_MAX, .seed = 7});
}

/* A receipt that ends the entry. */
static void receipt(struct sender *sender, uint64_t seq, int64_t now)
{
	struct event_id id = id_of(seq);
	struct sender_entry *entry = sender_sent(sender, &id);

	assert_non_null(entry);
	assert_int_equal(entry->seq, seq);
	sender_note_receipt(sender, entry, now);
	sender_done(sender, entry);
}

static void receipts(struct sender *sender, const struct sender_batch *batch, int64_t now)
{
	for (uint32_t i = 0; i < batch->n; i++)
		receipt(sender, batch->seqs[i], now);
}

static void test_a_lone_tap_goes_at_once(void **state)
{
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	open_sender(&sender, 8);
	assert_false(sender_next(&sender, 0, &batch));
	assert_true(sender_wake_ms(&sender, 0) == INT64_MAX);
	add(&sender, 1, "oost");
	assert_true(sender_wake_ms(&sender, 5) == 5);
	assert_true(sender_next(&sender, 5, &batch));
	assert_string_equal(batch.team, "oost");
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.seqs[0], 1);
	assert_false(sender_next(&sender, 5, &batch));
	assert_true(sender_wake_ms(&sender, 5) == 5 + RETRY);
	receipt(&sender, 1, 40);
	assert_true(sender_wake_ms(&sender, 40) == INT64_MAX);
	sender_release(&sender);
}

static void test_batches_hold_one_team_and_64_events_in_tap_order(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	uint64_t expected = 1;

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 200; seq++)
		add(&sender, seq, seq % 2 ? "oost" : "zuid");
	assert_true(sender_next(&sender, 0, &batch));
	assert_string_equal(batch.team, "oost");
	assert_int_equal(batch.n, SUBMISSION_EVENTS_MAX);
	for (uint32_t i = 0; i < batch.n; i++, expected += 2)
		assert_int_equal(batch.seqs[i], expected);
	assert_true(sender_next(&sender, 0, &batch));
	assert_string_equal(batch.team, "zuid");
	assert_int_equal(batch.seqs[0], 2);
	assert_true(sender_next(&sender, 0, &batch));
	assert_true(sender_next(&sender, 0, &batch));
	assert_int_equal(batch.n, 100 - SUBMISSION_EVENTS_MAX);
	assert_false(sender_next(&sender, 0, &batch));
	sender_release(&sender);
}

static void test_the_window_opens_with_each_answered_submission(void **state)
{
	struct sender sender;
	struct sender_batch first, second, third;

	(void)state;
	open_sender(&sender, 2);
	add(&sender, 1, "oost");
	assert_true(sender_next(&sender, 0, &first));
	receipt(&sender, 1, 0); /* before its first receipt a team does not get the last slot */
	for (uint64_t seq = 2; seq <= 3 * SUBMISSION_EVENTS_MAX + 1; seq++)
		add(&sender, seq, "oost");
	assert_true(sender_next(&sender, 0, &first));
	assert_true(sender_next(&sender, 0, &second));
	assert_false(sender_next(&sender, 0, &third));
	for (uint32_t i = 1; i < second.n; i++)
		receipt(&sender, second.seqs[i], 10);
	assert_false(sender_next(&sender, 10, &third)); /* one of it has no receipt yet */
	receipt(&sender, second.seqs[0], 11);
	assert_true(sender_next(&sender, 11, &third));
	assert_int_equal(third.seqs[0], 2 * SUBMISSION_EVENTS_MAX + 2);
	assert_int_equal(third.slot, second.slot);
	sender_release(&sender);
}

static void test_no_receipt_again_after_ten_seconds_doubling_to_five_minutes(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 0, interval = RETRY;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	assert_true(sender_next(&sender, now, &batch));
	for (int attempt = 0; attempt < 12; attempt++) {
		int64_t sent = now;

		while (!sender_next(&sender, now, &batch)) {
			now = sender_wake_ms(&sender, now);
			assert_true(now < INT64_MAX);
			sender_expire(&sender, now);
		}
		assert_int_equal(batch.n, 1);
		if (interval < RETRY_MAX)
			assert_in_range(now - sent, interval, interval + interval / 4);
		else
			assert_in_range(now - sent, RETRY_MAX - RETRY_MAX / 4, RETRY_MAX);
		interval = interval * 2 < RETRY_MAX ? interval * 2 : RETRY_MAX;
	}
	sender_release(&sender);
}

static void test_two_phones_do_not_resend_in_step(void **state)
{
	int64_t due[2];

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct sender sender;
		struct sender_batch batch;

		sender_init(&sender, &(struct sender_options){
					     .slots = 8, .retry_ms = RETRY, .retry_max_ms = RETRY_MAX, .seed = i});
		add(&sender, 1, "oost");
		assert_true(sender_next(&sender, 0, &batch));
		due[i] = sender_find(&sender, 1)->due_ms;
		sender_release(&sender);
	}
	assert_true(due[0] != due[1]);
}

/* Runs the clock until the next submission. */
static int64_t next_batch(struct sender *sender, int64_t now, struct sender_batch *batch)
{
	while (!sender_next(sender, now, batch)) {
		now = sender_wake_ms(sender, now);
		assert_true(now < INT64_MAX);
		sender_expire(sender, now);
	}
	return now;
}

static void test_a_batch_without_receipt_goes_singly(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now;

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 5; seq++)
		add(&sender, seq, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	assert_int_equal(batch.n, 5);
	receipt(&sender, 3, 100); /* a part of it was answered */
	now = next_batch(&sender, 100, &batch);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(batch.n, 1);
		receipts(&sender, &batch, now);
		if (i < 3)
			now = next_batch(&sender, now, &batch);
	}
	assert_true(sender_wake_ms(&sender, now) == INT64_MAX);
	sender_release(&sender);
}

static void test_after_a_reconnect_everything_unanswered_goes_at_once(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	struct event_id id = id_of(1);

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 5; seq++)
		add(&sender, seq, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	sender_lost(&sender, 1000);
	assert_null(sender_sent(&sender, &id)); /* no receipt of the new connection can be for it yet */
	assert_true(sender_next(&sender, 1000, &batch));
	assert_int_equal(batch.n, 5); /* lost once is bad luck */
	sender_lost(&sender, 2000);
	for (int i = 0; i < 5; i++) {
		assert_true(sender_next(&sender, 2000, &batch));
		assert_int_equal(batch.n, 1); /* twice, and it might be the message that ends the connection */
	}
	sender_release(&sender);
}

static void test_a_team_that_is_never_answered_does_not_hold_up_another(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 0;

	(void)state;
	open_sender(&sender, 4);
	for (uint64_t seq = 1; seq <= 300; seq++)
		add(&sender, seq, "refused");
	while (sender_next(&sender, now, &batch))
		assert_string_equal(batch.team, "refused");
	now = sender_wake_ms(&sender, now);
	sender_expire(&sender, now); /* the four slots timed out, and so did their teams */
	while (sender_next(&sender, now, &batch))
		assert_string_equal(batch.team, "refused");
	for (uint64_t seq = 301; seq <= 400; seq++) {
		int64_t at = now + (int64_t)seq;

		add(&sender, seq, "oost");
		do
			assert_true(sender_next(&sender, at, &batch));
		while (strcmp(batch.team, "refused") == 0);
		receipts(&sender, &batch, at);
	}
	sender_release(&sender);
}

/* As many teams as there are slots, and more that waits than their longest interval lets through. */
static void test_refused_teams_never_take_all_slots(void **state)
{
	static const char *const refused[] = {"a", "b", "c", "d"};
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	for (uint32_t slots = 1; slots <= 4; slots++) {
		int64_t now = 0, until;
		uint64_t seq;

		open_sender(&sender, slots);
		for (seq = 1; seq <= slots * 100; seq++)
			add(&sender, seq, refused[seq % slots]);
		while (now < 3600000)
			now = next_batch(&sender, now, &batch);
		add(&sender, seq, "oost");
		until = now + RETRY;
		do {
			now = next_batch(&sender, now, &batch);
			assert_true(now <= until);
		} while (strcmp(batch.team, "oost") != 0);
		sender_release(&sender);
	}
}

static void test_a_dead_aggregator_is_not_flooded_and_one_receipt_opens_all(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 0;
	int submissions = 0;

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 1000; seq++)
		add(&sender, seq, "oost");
	while (now < 3600000) {
		now = next_batch(&sender, now, &batch);
		submissions++;
	}
	assert_in_range(submissions, 10, 8 + 2 * 3600000 / RETRY);
	receipts(&sender, &batch, now); /* it is back */
	for (int i = 0; i < 7; i++)
		assert_true(sender_next(&sender, now, &batch)); /* the whole window, not one a turn */
	sender_release(&sender);
}

static void test_an_event_that_is_never_answered_does_not_keep_its_team_from_others(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 0;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	assert_true(sender_next(&sender, now, &batch));
	for (uint64_t seq = 2; seq <= 50; seq++) {
		add(&sender, seq, "oost");
		do {
			now = next_batch(&sender, now, &batch);
			for (uint32_t i = 0; i < batch.n; i++)
				if (batch.seqs[i] != 1)
					receipt(&sender, batch.seqs[i], now);
		} while (sender_find(&sender, seq));
	}
	assert_non_null(sender_find(&sender, 1));
	sender_release(&sender);
}

static void test_a_verdict_that_says_nothing_waits_its_own_interval(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	struct sender_entry *entry;
	struct event_id id = id_of(1);
	int64_t due;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	add(&sender, 2, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	entry = sender_sent(&sender, &id);
	sender_note_receipt(&sender, entry, 50);
	sender_retry_later(&sender, entry, 50);
	receipt(&sender, 2, 50);
	due = sender_find(&sender, 1)->due_ms;
	assert_in_range(due, RETRY, RETRY + RETRY / 4);
	assert_false(sender_next(&sender, due - 1, &batch));
	sender_lost(&sender, due - 1);
	assert_false(sender_next(&sender, due - 1, &batch)); /* nor does a reconnect make it earlier */
	assert_true(sender_next(&sender, due, &batch));
	assert_int_equal(batch.seqs[0], 1);
	sender_lost(&sender, due + 1);
	assert_true(sender_next(&sender, due + 1, &batch)); /* under way again it is like any other */
	sender_retry_later(&sender, sender_find(&sender, 1), due + 1);
	add(&sender, 3, "oost");
	assert_true(sender_next(&sender, due + 2, &batch));
	sender_expire(&sender, due + 2 + RETRY);
	receipt(&sender, 3, due + 3 + RETRY); /* nor does its team when it is heard of again */
	assert_true(sender_find(&sender, 1)->due_ms > due + 3 + RETRY);
	sender_release(&sender);
}

static void test_only_what_was_sent_can_have_a_receipt(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	struct event_id id = id_of(1), stranger = id_of(99);

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	assert_null(sender_sent(&sender, &id));
	assert_true(sender_next(&sender, 0, &batch));
	assert_non_null(sender_sent(&sender, &id));
	assert_null(sender_sent(&sender, &stranger));
	sender_expire(&sender, RETRY); /* a late receipt is as good */
	assert_non_null(sender_sent(&sender, &id));
	receipt(&sender, 1, RETRY);
	assert_null(sender_sent(&sender, &id)); /* one is enough */
	sender_release(&sender);
}

/* One entry of a batch of two was answered: its team is heard of, and what is left waits for nothing but its turn. */
static void test_a_team_with_a_receipt_for_one_entry_is_not_timed_out(void **state)
{
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 3; seq++)
		add(&sender, seq, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	receipt(&sender, 1, 100);
	sender_expire(&sender, RETRY);
	for (int i = 0; i < 2; i++)
		assert_true(sender_next(&sender, RETRY + RETRY / 4, &batch));
	sender_release(&sender);
}

static void test_a_team_that_is_timed_out_has_a_slot_for_fresh_entries(void **state)
{
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	add(&sender, 2, "oost"); /* a batch of two goes singly too */
	assert_true(sender_next(&sender, 0, &batch));
	sender_expire(&sender, RETRY);
	assert_true(sender_next(&sender, RETRY + RETRY / 4, &batch));
	assert_int_equal(batch.n, 1);
	add(&sender, 3, "oost");
	assert_true(sender_next(&sender, RETRY + RETRY / 4, &batch));
	assert_int_equal(batch.seqs[0], 3);
	assert_false(sender_next(&sender, RETRY + RETRY / 4, &batch));
	sender_release(&sender);
}

static void test_what_goes_alone_is_not_taken_along(void **state)
{
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 5, "oost");
	add(&sender, 6, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	sender_expire(&sender, RETRY);
	add(&sender, 3, "oost");
	assert_true(sender_next(&sender, RETRY, &batch));
	sender_lost(&sender, RETRY + 1);
	assert_true(sender_next(&sender, RETRY + 1, &batch));
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.seqs[0], 3);
	sender_release(&sender);
}

/* What left without ever having gone is not counted as read ahead. */
static void test_what_leaves_before_it_goes_makes_room(void **state)
{
	struct sender sender;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	assert_int_equal(sender_fresh(&sender), 1);
	sender_done(&sender, sender_find(&sender, 1));
	assert_int_equal(sender_fresh(&sender), 0);
	sender_release(&sender);
}

static void test_adding_twice_is_adding_once_and_gone_can_come_back(void **state)
{
	struct sender sender;
	struct sender_batch batch;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 5, "oost");
	add(&sender, 3, "oost");
	add(&sender, 5, "oost");
	assert_true(sender_next(&sender, 0, &batch));
	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.seqs[0], 3);
	receipts(&sender, &batch, 1);
	assert_null(sender_find(&sender, 5));
	add(&sender, 5, "oost");
	assert_true(sender_next(&sender, 2, &batch));
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.seqs[0], 5);
	sender_release(&sender);
}

static void test_the_aggregators_return_brings_waiting_events_forward(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 0;

	(void)state;
	open_sender(&sender, 8);
	add(&sender, 1, "oost");
	for (int i = 0; i < 6; i++)
		now = next_batch(&sender, now, &batch);
	now += RETRY;
	sender_expire(&sender, now);
	assert_true(sender_find(&sender, 1)->due_ms > now + 2000);
	sender_resend_soon(&sender, now, 2000);
	assert_in_range(sender_find(&sender, 1)->due_ms, now, now + 2000);
	now = sender_find(&sender, 1)->due_ms;
	sender_resend_soon(&sender, now, 2000);
	assert_int_equal(sender_find(&sender, 1)->due_ms, now); /* what is due does not wait */
	sender_release(&sender);
}

static void test_what_was_under_way_when_the_aggregator_died_goes_again_soon(void **state)
{
	struct sender sender;
	struct sender_batch batch;
	int64_t now = 100;

	(void)state;
	open_sender(&sender, 8);
	for (uint64_t seq = 1; seq <= 5; seq++)
		add(&sender, seq, "oost");
	assert_true(sender_next(&sender, now, &batch));
	sender_resend_soon(&sender, now, 2000);
	receipt(&sender, 2, now); /* the broker had kept it for the next one: a receipt is as good as ever */
	while (sender_wake_ms(&sender, now) < INT64_MAX) {
		now = next_batch(&sender, now, &batch);
		assert_in_range(now, 100, 2100);
		assert_true(batch.n <= 4); /* no reason to send singly */
		receipts(&sender, &batch, now);
	}
	assert_null(sender_find(&sender, 5));
	sender_release(&sender);
}

/* Whatever is sent, answered, lost or unanswered in whatever order: nothing is forgotten, nothing is sent twice at
 * once, and with an aggregator that answers in the end everything gets its verdict. */
static void test_random_histories_end_empty(void **state)
{
	uint64_t random = 20191231;

	(void)state;
	for (int history = 0; history < 200; history++) {
		struct sender sender;
		struct sender_batch batch;
		uint64_t added = 0, done = 0;
		int64_t now = 0;

		open_sender(&sender, 1 + (uint32_t)history % 8);
		for (int step = 0; step < 300 || done < added; step++) {
			bool settle = step >= 300;
			uint64_t dice = (random = random * 6364136223846793005u + 1442695040888963407u) >> 60;

			assert_true(step < 30000);
			if (!settle && dice < 6) {
				add(&sender, ++added, dice < 3 ? "oost" : "zuid");
			} else if (!settle && dice == 6) {
				sender_lost(&sender, now);
			} else if (sender_next(&sender, now, &batch)) {
				for (uint32_t i = 0; i < batch.n; i++) {
					if (!settle && (dice + i) % 3 == 0)
						continue;
					receipt(&sender, batch.seqs[i], now);
					done++;
				}
			} else if (sender_wake_ms(&sender, now) < INT64_MAX) {
				now = sender_wake_ms(&sender, now);
				sender_expire(&sender, now);
			}
		}
		assert_int_equal(done, added);
		assert_true(sender_wake_ms(&sender, now) == INT64_MAX);
		sender_release(&sender);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_lone_tap_goes_at_once),
		cmocka_unit_test(test_batches_hold_one_team_and_64_events_in_tap_order),
		cmocka_unit_test(test_the_window_opens_with_each_answered_submission),
		cmocka_unit_test(test_no_receipt_again_after_ten_seconds_doubling_to_five_minutes),
		cmocka_unit_test(test_two_phones_do_not_resend_in_step),
		cmocka_unit_test(test_a_batch_without_receipt_goes_singly),
		cmocka_unit_test(test_after_a_reconnect_everything_unanswered_goes_at_once),
		cmocka_unit_test(test_a_team_that_is_never_answered_does_not_hold_up_another),
		cmocka_unit_test(test_refused_teams_never_take_all_slots),
		cmocka_unit_test(test_a_dead_aggregator_is_not_flooded_and_one_receipt_opens_all),
		cmocka_unit_test(test_an_event_that_is_never_answered_does_not_keep_its_team_from_others),
		cmocka_unit_test(test_a_verdict_that_says_nothing_waits_its_own_interval),
		cmocka_unit_test(test_only_what_was_sent_can_have_a_receipt),
		cmocka_unit_test(test_a_team_with_a_receipt_for_one_entry_is_not_timed_out),
		cmocka_unit_test(test_a_team_that_is_timed_out_has_a_slot_for_fresh_entries),
		cmocka_unit_test(test_what_goes_alone_is_not_taken_along),
		cmocka_unit_test(test_what_leaves_before_it_goes_makes_room),
		cmocka_unit_test(test_adding_twice_is_adding_once_and_gone_can_come_back),
		cmocka_unit_test(test_the_aggregators_return_brings_waiting_events_forward),
		cmocka_unit_test(test_what_was_under_way_when_the_aggregator_died_goes_again_soon),
		cmocka_unit_test(test_random_histories_end_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
