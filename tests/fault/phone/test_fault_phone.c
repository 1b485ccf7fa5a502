/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under a phone: while it keeps taps without a broker, and while it sends them to an aggregator
 * (phone_broker.h) that restores an older backup in between.
 *
 * A tap that was accepted is there afterwards, as it was tapped, and counts once; of taps that were refused together all
 * are there or none, as the disk may have done what it said it had not. What is told was stored before. Nothing hangs:
 * once calls work again, everything is told by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/outbox_tap.h"
#include "broker-client/libturf/turf_impl.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/phone_broker.h"
#include "tests/fault/lib/scenario.h"

enum {
	DAY = 18215, /* 2019-11-15 */
	TOGETHER_MAX = 3,
	SLICE_MS = 20, /* how long the test waits before it looks again; nothing depends on it */
	SEAMS_OF_KEEPING = 1 << SEAM_MEMORY | 1 << SEAM_LMDB | 1 << SEAM_FILE | 1 << SEAM_RANDOM,
	SEAMS_OF_SENDING = SEAMS_OF_KEEPING | 1 << SEAM_BROKER,
};

/* What was asked for: not yet, or with what answer. A fault may have done its work all the same. */
enum asked { NOT_ASKED, ACCEPTED, FAULT };

enum { TOGETHER, TAKEN_BACK, REFUSED, LAST, BATCHES };

static const struct plan {
	const char *team;
	uint32_t n;
} plans[BATCHES] = {
	[TOGETHER] = {"oost", TOGETHER_MAX}, [TAKEN_BACK] = {"west", 1}, [REFUSED] = {"zuid", 1}, [LAST] = {"oost", 1}};

static struct {
	char folder[FOLDER_BYTES], outbox[FOLDER_BYTES + 8];
	const char *broker; /* NULL: none */
	uint32_t retry_ms;  /* 0: soon */
	struct turf *turf;
	struct turf_id ids[BATCHES][TOGETHER_MAX], other;
	enum asked tapped[BATCHES], taken_back, other_taken_back, answered, requeued, dismissed;
	int fault; /* the first */
	struct error error;
	atomic_bool told_too_soon, told_without_handle;
	sem_t told;
} fixture;

/* ---- A phone's life ---------------------------------------------------------------------------------------------- */

/* A label tells which of all taps it is, also when nobody got its id. */
static struct turf_question question(uint32_t batch, uint32_t i)
{
	return (struct turf_question){.size = sizeof(struct turf_question),
				      .team = plans[batch].team,
				      .day = DAY,
				      .domain = 1,
				      .outcome = TURF_ANSWERED,
				      .n_labels = 1,
				      .labels = {1 + batch * TOGETHER_MAX + i}};
}

static enum asked note(int rc, const struct error *error)
{
	if (rc < 0 && fixture.fault == 0) {
		fixture.fault = rc;
		fixture.error = *error;
	}
	if (rc < 0 && error->text[0] == '\0')
		fail_msg("%s: fault %d without a word", scenario_where(), rc);
	return rc < 0 ? FAULT : ACCEPTED;
}

/* An event ended, and that is stored. */
static void on_verdict(void *context, const struct turf_answer *answer)
{
	struct turf_tap tap = {.size = sizeof tap};

	(void)context;
	seam_pause();
	if (!fixture.turf || turf_wait(fixture.turf, 0) != TURF_BUSY)
		fixture.told_without_handle = true;
	else if (turf_get(fixture.turf, &answer->id, &tap, NULL) == 0 &&
		 (answer->retraction ? tap.retraction_verdict : tap.verdict) != answer->verdict)
		fixture.told_too_soon = true;
	seam_resume();
	(void)sem_post(&fixture.told);
}

static int open_phone(void)
{
	struct turf_options options = {
		.size = sizeof options,
		.broker = fixture.broker,
		.org = "dekop",
		.outbox = fixture.outbox,
		.retry_ms = fixture.retry_ms ? fixture.retry_ms : 10,
		.retry_max_ms = 40,
		.reconnect_ms = 1,
		.reconnect_max_ms = 4,
		.window = 2,
		.on_verdict = on_verdict,
	};
	struct error error = {{0}};
	int rc = turf_open(&fixture.turf, &options, (struct turf_error *)&error);

	(void)note(rc, &error);
	return rc;
}

static void close_phone(void)
{
	turf_close(fixture.turf);
	fixture.turf = NULL;
}

static void tap(uint32_t batch)
{
	struct turf_question questions[TOGETHER_MAX];
	struct error error = {{0}};

	if (fixture.tapped[batch] != NOT_ASKED)
		return;
	for (uint32_t i = 0; i < plans[batch].n; i++)
		questions[i] = question(batch, i);
	fixture.tapped[batch] = note(turf_questions(fixture.turf, questions, plans[batch].n, fixture.ids[batch], NULL,
						    (struct turf_error *)&error),
				     &error);
}

static void take_back(void)
{
	struct error error = {{0}};

	memset(fixture.other.bytes, 7, sizeof fixture.other.bytes);
	fixture.other_taken_back =
		note(turf_retract_other(fixture.turf, &fixture.other, NULL, "oost", DAY, (struct turf_error *)&error),
		     &error);
	if (fixture.tapped[TAKEN_BACK] == ACCEPTED)
		fixture.taken_back =
			note(turf_retract(fixture.turf, fixture.ids[TAKEN_BACK], (struct turf_error *)&error), &error);
}

/* A list that is not whole is no list. */
static void look(void)
{
	struct error error = {{0}};
	struct turf_taps *list;
	size_t n, expected = 0;

	for (uint32_t batch = 0; batch < BATCHES; batch++)
		expected += fixture.tapped[batch] == ACCEPTED ? plans[batch].n : 0;
	if (note(turf_list(fixture.turf, &list, (struct turf_error *)&error), &error) == ACCEPTED && list->n < expected)
		fail_msg("%s: %zu taps of %zu in the list", scenario_where(), list->n, expected);
	turf_free(list);
	(void)note(turf_pending(fixture.turf, &n, (struct turf_error *)&error), &error);
}

static void dismiss(void)
{
	struct error error = {{0}};

	if (fixture.tapped[REFUSED] == ACCEPTED && fixture.dismissed == NOT_ASKED)
		fixture.dismissed =
			note(turf_dismiss(fixture.turf, fixture.ids[REFUSED], (struct turf_error *)&error), &error);
}

/* ---- Without a broker: the aggregator's part is the test's --------------------------------------------------------- */

static void answer(void)
{
	struct outbox_entry entries[16];
	struct outbox_result results[16];
	struct error error = {{0}};
	uint64_t last;
	size_t n = 0;
	enum asked loaded = note(outbox_load(fixture.turf->outbox, 0, entries, 16, &n, &last, &error), &error);

	for (size_t i = 0; i < n && loaded == ACCEPTED; i++) {
		bool back = entries[i].event.act == ACT_RETRACTION, refused = strcmp(entries[i].team, "zuid") == 0;

		results[i] = (struct outbox_result){
			.seq = entries[i].seq,
			.id = entries[i].event.id,
			.act = entries[i].event.act,
			.verdict = back      ? VERDICT_RETRACTED
				   : refused ? VERDICT_REFUSED_UNKNOWN_TEAM
					     : VERDICT_COUNTED,
		};
	}
	if (loaded == ACCEPTED)
		fixture.answered = note(outbox_apply_results(fixture.turf->outbox, results, n, &error), &error);
}

static void hear_news(void)
{
	static const uint8_t first[EPOCH_BYTES] = {1}, second[EPOCH_BYTES] = {2};
	uint8_t *bytes = NULL;
	struct error error = {{0}};
	size_t length;

	if (note(outbox_put_catalogue(fixture.turf->outbox, first, sizeof first, &error), &error) == ACCEPTED &&
	    note(outbox_catalogue(fixture.turf->outbox, &bytes, &length, &error), &error) == ACCEPTED)
		assert_true(length == sizeof first && memcmp(bytes, first, sizeof first) == 0);
	free(bytes);
	(void)note(outbox_forget_before(fixture.turf->outbox, DAY - 14, &error), &error);
	fixture.requeued = note(outbox_check_epoch(fixture.turf->outbox, first, &error), &error);
	if (fixture.requeued == ACCEPTED)
		fixture.requeued = note(outbox_check_epoch(fixture.turf->outbox, second, &error), &error);
}

static void tap_and_take_back(void)
{
	tap(TOGETHER);
	tap(TAKEN_BACK);
	tap(REFUSED);
	take_back();
}

static int keep(void *context, struct error *error)
{
	(void)context;
	if (open_phone() == 0) {
		tap_and_take_back();
		look();
		answer();
		dismiss();
		hear_news();
		tap(LAST);
		close_phone();
	}
	*error = fixture.error;
	return fixture.fault;
}

/* ---- With one ------------------------------------------------------------------------------------------------------- */

static bool known_at_last(void)
{
	for (uint32_t batch = 0; batch < BATCHES; batch++)
		for (uint32_t i = 0; i < plans[batch].n; i++)
			if (fixture.tapped[batch] == ACCEPTED &&
			    !(batch == REFUSED && fixture.dismissed != NOT_ASKED) &&
			    phone_broker_known(&fixture.ids[batch][i]) == KNOWN_NOT)
				return false;
	return true;
}

/* What failed works again as soon as the test has seen it fail; then everything is told by itself. */
static void until_told(void)
{
	do {
		if (seam_failed())
			(void)seam_disarm();
		phone_broker_tell_status();
	} while (turf_wait(fixture.turf, SLICE_MS) != 0 || !known_at_last());
}

static int send(void *context, struct error *error)
{
	(void)context;
	if (open_phone() == 0) {
		tap_and_take_back();
		until_told();
		look();
		dismiss();
		phone_broker_restore_backup();
		tap(LAST);
		until_told();
		close_phone();
	}
	*error = fixture.error;
	return fixture.fault;
}

/* The phone sends what is due twice more, and has looked at its queue before the second time. */
static void until_sent_again(void)
{
	unsigned before = phone_broker_submissions();

	while (phone_broker_submissions() < before + 2)
		(void)turf_wait(fixture.turf, SLICE_MS);
}

static int hear_at_last(void *context, struct error *error)
{
	(void)context;
	phone_broker_be_dumb(false);
	until_told();
	close_phone();
	*error = fixture.error;
	return fixture.fault;
}

/* ---- What must hold -------------------------------------------------------------------------------------------------- */

static void begin_life(void *context)
{
	(void)context;
	folder_remove(fixture.outbox);
	phone_broker_reset();
	memset(fixture.ids, 0, sizeof fixture.ids);
	memset(fixture.tapped, 0, sizeof fixture.tapped);
	fixture.taken_back = fixture.other_taken_back = fixture.answered = fixture.requeued = fixture.dismissed =
		NOT_ASKED;
	fixture.fault = 0;
	fixture.error = (struct error){{0}};
	fixture.told_too_soon = false;
}

static struct turf_tap get(uint32_t batch, uint32_t i)
{
	struct turf_question asked = question(batch, i);
	struct turf_tap found = {.size = sizeof found};

	if (turf_get(fixture.turf, &fixture.ids[batch][i], &found, NULL) != 0)
		fail_msg("%s: a tap of batch %u is lost", scenario_where(), batch);
	assert_string_equal(found.team, asked.team);
	assert_true(found.has_question && found.day == DAY && found.domain == 1 && found.outcome == TURF_ANSWERED);
	assert_true(found.n_labels == 1 && found.labels[0] == asked.labels[0]);
	return found;
}

static uint32_t listed(const struct turf_taps *list, uint32_t batch)
{
	uint32_t found = 0;

	for (size_t i = 0; i < list->n; i++)
		found += list->taps[i]->n_labels == 1 && (list->taps[i]->labels[0] - 1) / TOGETHER_MAX == batch;
	return found;
}

static void check_list(void)
{
	struct turf_taps *list;

	assert_int_equal(turf_list(fixture.turf, &list, NULL), 0);
	for (uint32_t batch = 0; batch < BATCHES; batch++) {
		uint32_t found = listed(list, batch);

		if (batch == REFUSED && fixture.dismissed != NOT_ASKED)
			continue;
		if (found != plans[batch].n && (found != 0 || fixture.tapped[batch] == ACCEPTED))
			fail_msg("%s: %u taps of %u in batch %u", scenario_where(), found, plans[batch].n, batch);
	}
	turf_free(list);
}

static void end_keep(void *context, int rc, const char *failed)
{
	(void)context, (void)failed;
	if (rc < 0 && fixture.tapped[LAST] == NOT_ASKED) /* it did not even open */
		assert_int_equal(keep(NULL, &fixture.error), rc);
	assert_int_equal(open_phone(), 0);
	check_list();
	for (uint32_t i = 0; i < TOGETHER_MAX && fixture.tapped[TOGETHER] == ACCEPTED; i++) {
		bool waits = get(TOGETHER, i).state == TURF_ON_DEVICE;

		if (fixture.answered == NOT_ASKED || fixture.requeued == ACCEPTED)
			assert_true(waits);
		if (fixture.answered == ACCEPTED && fixture.requeued == NOT_ASKED)
			assert_false(waits);
		assert_true(waits == (get(TOGETHER, 0).state == TURF_ON_DEVICE));
	}
	if (fixture.taken_back == ACCEPTED)
		assert_in_range(get(TAKEN_BACK, 0).state, TURF_RETRACTING, TURF_IS_RETRACTED);
	if (fixture.tapped[LAST] == ACCEPTED)
		assert_int_equal(get(LAST, 0).state, TURF_ON_DEVICE);
	close_phone();
}

static void check_sent(uint32_t batch, enum turf_state state, enum known_state known)
{
	for (uint32_t i = 0; i < plans[batch].n && fixture.tapped[batch] == ACCEPTED; i++) {
		if (get(batch, i).state != state || phone_broker_known(&fixture.ids[batch][i]) != known)
			fail_msg("%s: batch %u ended in state %d, known as %d", scenario_where(), batch,
				 (int)get(batch, i).state, (int)phone_broker_known(&fixture.ids[batch][i]));
	}
}

static void end_send(void *context, int rc, const char *failed)
{
	(void)context, (void)failed;
	if (rc < 0 && fixture.tapped[LAST] == NOT_ASKED)
		assert_int_equal(send(NULL, &fixture.error), rc);
	assert_int_equal(open_phone(), 0);
	until_told();
	assert_false(phone_broker_was_lied_to());
	assert_false(fixture.told_too_soon);
	check_list();
	check_sent(TOGETHER, TURF_IS_COUNTED, KNOWN_COUNTED);
	check_sent(LAST, TURF_IS_COUNTED, KNOWN_COUNTED);
	if (fixture.taken_back != FAULT)
		check_sent(TAKEN_BACK, TURF_IS_RETRACTED, KNOWN_RETRACTED);
	if (fixture.dismissed == NOT_ASKED)
		check_sent(REFUSED, TURF_IS_REFUSED, KNOWN_REFUSED);
	if (fixture.other_taken_back == ACCEPTED)
		assert_int_equal(phone_broker_known(&fixture.other), KNOWN_RETRACTED);
	close_phone();
}

/* A tap whose receipt has not come is taken back: that waits behind it. */
static void begin_taken_back(void *context)
{
	begin_life(context);
	phone_broker_be_dumb(true);
	assert_int_equal(open_phone(), 0);
	tap(TAKEN_BACK);
	until_sent_again();
	take_back();
	until_sent_again();
	assert_int_equal(fixture.taken_back, ACCEPTED);
}

static void end_taken_back(void *context, int rc, const char *failed)
{
	(void)context, (void)failed;
	assert_int_equal(rc, 0);
	assert_int_equal(open_phone(), 0);
	check_sent(TAKEN_BACK, TURF_IS_RETRACTED, KNOWN_RETRACTED);
	close_phone();
}

static void run_scenario(const struct scenario *scenario, const char *broker, unsigned seams)
{
	fixture.broker = broker;
	/* Once without: libraries take what they keep for good. */
	scenario->begin(NULL);
	scenario->end(NULL, scenario->act(NULL, &fixture.error), NULL);
	scenario_run(scenario, NULL, fixture.folder, seams);
}

static void test_keeping_taps(void **state)
{
	static const struct scenario scenario = {"keep taps", begin_life, keep, end_keep, false};

	(void)state;
	run_scenario(&scenario, NULL, SEAMS_OF_KEEPING);
}

static void test_sending_taps(void **state)
{
	static const struct scenario scenario = {"send taps", begin_life, send, end_send, true};

	(void)state;
	run_scenario(&scenario, "mqtt://127.0.0.1:1883", SEAMS_OF_SENDING);
}

/* A receipt may have been stored although LMDB says that it was not. What it frees is sent all the same. */
static void test_receipt_stored_in_spite_of_a_fault(void **state)
{
	static const struct scenario scenario = {"a tap taken back", begin_taken_back, hear_at_last, end_taken_back,
						 true};
	static const struct fault_plan done_and_lost = {
		.seam = SEAM_LMDB, .call = "mdb_txn_commit", .nth = 1, .kind = 3};

	(void)state;
	fixture.broker = "mqtt://127.0.0.1:1883";
	scenario_run_call(&scenario, NULL, fixture.folder, done_and_lost);
}

/* No call fails here. Many taps wait for a team that the broker refuses, and one of another team behind them. */
static void test_a_refused_team_holds_up_no_other(void **state)
{
	enum { MANY = 2000, FEW = 10 };
	static struct turf_question many[MANY];
	unsigned before;

	(void)state;
	begin_life(NULL);
	fixture.broker = NULL;
	assert_int_equal(open_phone(), 0);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct turf_question){
			.size = sizeof many[i], .team = "noord", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED};
	assert_int_equal(turf_questions(fixture.turf, many, MANY, NULL, NULL, NULL), 0);
	tap(LAST);
	close_phone();
	before = phone_broker_submissions();
	fixture.broker = "mqtt://127.0.0.1:1883";
	assert_int_equal(open_phone(), 0);
	assert_int_equal(turf_wait_for(fixture.turf, fixture.ids[LAST], -1), 0);
	assert_in_range(phone_broker_submissions() - before, 1, FEW);
	close_phone();
}

static void until_a_verdict_is_told(void)
{
	while (sem_wait(&fixture.told) != 0)
		;
}

/* No call fails here. The verdict on what waited comes before turf_open has returned: the callback has its handle. */
static void test_a_verdict_while_the_handle_is_opened(void **state)
{
	(void)state;
	begin_life(NULL);
	fixture.broker = NULL;
	assert_int_equal(open_phone(), 0);
	tap(LAST);
	close_phone();
	fixture.broker = "mqtt://127.0.0.1:1883";
	while (sem_trywait(&fixture.told) == 0)
		;
	seam_set_started(until_a_verdict_is_told);
	assert_int_equal(open_phone(), 0);
	seam_set_started(NULL);
	close_phone();
	assert_false(fixture.told_without_handle);
}

static void until_told_of(unsigned verdicts)
{
	while (verdicts-- > 0)
		until_a_verdict_is_told();
}

/* No call fails here, and nothing is sent again for an hour: what is new goes at once, what a verdict sets free too; and
 * each act that ends is told, also two by one verdict. */
static void test_nothing_waits_for_a_resend(void **state)
{
	enum { ROUNDS = 8 };

	(void)state;
	begin_life(NULL);
	fixture.broker = NULL;
	fixture.retry_ms = 3600000;
	assert_int_equal(open_phone(), 0);
	tap(TAKEN_BACK);
	assert_int_equal(turf_retract(fixture.turf, fixture.ids[TAKEN_BACK], NULL), 0);
	close_phone();
	while (sem_trywait(&fixture.told) == 0)
		;
	fixture.broker = "mqtt://127.0.0.1:1883";
	assert_int_equal(open_phone(), 0);
	until_told_of(2);
	for (int i = 0; i < ROUNDS; i++) { /* each finds the worker asleep, or about to be */
		struct turf_question asked = question(LAST, 0);
		struct turf_id id;

		assert_int_equal(turf_question(fixture.turf, &asked, &id, NULL), 0);
		until_told_of(1);
		look();
		assert_int_equal(turf_retract(fixture.turf, &id, NULL), 0);
		until_told_of(1);
		look();
	}
	phone_broker_restore_newest();
	until_told_of(2 + 2 * ROUNDS);
	assert_int_equal(turf_wait(fixture.turf, -1), 0);
	close_phone();
	fixture.retry_ms = 0;
}

static int setup(void **state)
{
	(void)state;
	if (sem_init(&fixture.told, 0, 0) != 0)
		return -1;
	folder_make(fixture.folder);
	(void)snprintf(fixture.outbox, sizeof fixture.outbox, "%s/outbox", fixture.folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	folder_remove(fixture.folder);
	return 0;
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_keeping_taps),
		SCENARIO_TEST(test_sending_taps),
		SCENARIO_TEST(test_receipt_stored_in_spite_of_a_fault),
		SCENARIO_TEST(test_a_refused_team_holds_up_no_other),
		SCENARIO_TEST(test_a_verdict_while_the_handle_is_opened),
		SCENARIO_TEST(test_nothing_waits_for_a_resend),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, phone", tests, setup, teardown);
}
