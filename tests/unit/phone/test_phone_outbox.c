/* SPDX-License-Identifier: EUPL-1.2 */
/* The outbox: what it keeps, for how long, and that nothing can make it forget too soon. */
#include "broker-client/libturf/outbox_db.h"
#include "tests/unit/lib/phone_outbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Keeping ---------------------------------------------------------------------------------------------------- */

static void test_a_tap_comes_back_whole_after_reopening(void **state)
{
	struct outbox *outbox = open_outbox();
	struct outbox_entry entry;
	struct event expected = question(7);

	(void)state;
	add(outbox, 7);
	outbox_close(outbox);
	outbox = open_outbox();
	assert_int_equal(pending(outbox), 1);
	assert_int_equal(load(outbox, &entry, 1), 1);
	assert_string_equal(entry.team, "oost");
	assert_sent(&entry.event, &expected);
	outbox_close(outbox);
}

static void test_a_batch_keeps_its_order_and_its_bookmark(void **state)
{
	struct outbox *outbox = open_outbox();
	const char *teams[] = {"oost", "zuid", "west"};
	struct event events[] = {question(3), question(1), question(2)};
	const uint8_t bookmark[BOOKMARK_BYTES] = "row 3";
	uint8_t read[BOOKMARK_BYTES];
	struct outbox_entry entries[4];

	(void)state;
	assert_int_equal(outbox_bookmark(outbox, read, NULL), TURF_UNKNOWN);
	assert_int_equal(outbox_add(outbox, teams, events, 3, bookmark, NULL), 0);
	outbox_close(outbox);
	outbox = open_outbox();
	assert_int_equal(load(outbox, entries, 4), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(entries[i].team, teams[i]);
		assert_sent(&entries[i].event, &events[i]);
	}
	assert_int_equal(outbox_bookmark(outbox, read, NULL), 0);
	assert_memory_equal(read, bookmark, sizeof read);
	outbox_close(outbox);
}

static void test_the_map_grows_by_itself(void **state)
{
	enum { MANY = 20000 };
	struct outbox *outbox = open_outbox();
	const char **teams = calloc(MANY, sizeof *teams);
	struct event *events = calloc(MANY, sizeof *events);
	uint8_t *catalogue = calloc(1, CATALOGUE_BYTES_MAX), *read;
	size_t length;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		teams[i] = "dorpenteam-steenwijkerland-oost"; /* 31 characters, the longest there is */
		events[i] = question(0);
		put_be32(events[i].id.bytes, i);
	}
	assert_int_equal(outbox_add(outbox, teams, events, MANY, NULL, NULL), 0);
	memset(catalogue, 'x', CATALOGUE_BYTES_MAX);
	assert_int_equal(outbox_put_catalogue(outbox, catalogue, CATALOGUE_BYTES_MAX, NULL), 0);
	outbox_close(outbox);
	outbox = open_outbox();
	assert_int_equal(pending(outbox), MANY);
	assert_int_equal(outbox_catalogue(outbox, &read, &length, NULL), 0);
	assert_int_equal(length, CATALOGUE_BYTES_MAX);
	assert_memory_equal(read, catalogue, length);
	outbox_close(outbox);
	free(read);
	free(catalogue);
	free(events);
	free(teams);
}

/* The child taps, takes back and settles as fast as it can, and says how many taps it was promised; it dies at any
 * instruction. Whatever it was promised is there. */
static void tap_until_killed(int promised)
{
	struct outbox *outbox = open_outbox();
	const char *team = "oost";

	for (uint32_t i = 1;; i++) {
		struct event event = question(0);
		struct outbox_result result = {.act = ACT_QUESTION, .verdict = VERDICT_COUNTED};
		struct outbox_entry entry;

		put_be32(event.id.bytes, i);
		if (outbox_add(outbox, &team, &event, 1, NULL, NULL) != 0 || write(promised, &i, sizeof i) != sizeof i)
			_exit(1);
		if (i % 3 == 0)
			(void)outbox_retract(outbox, &event.id, NULL, 0, NULL, NULL);
		if (i % 5 == 0 && load(outbox, &entry, 1) == 1) {
			result.seq = entry.seq;
			result.id = entry.event.id;
			(void)outbox_apply_results(outbox, &result, 1, NULL);
		}
	}
}

static uint32_t run_and_kill(unsigned after_taps)
{
	uint32_t promised = 0, one;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		tap_until_killed(ends[1]);
	}
	(void)close(ends[1]);
	while (after_taps-- > 0 && read(ends[0], &one, sizeof one) == sizeof one)
		promised = one;
	(void)kill(child, SIGKILL);
	while (read(ends[0], &one, sizeof one) == sizeof one)
		promised = one;
	(void)close(ends[0]);
	assert_true(waitpid(child, NULL, 0) == child);
	return promised;
}

static void test_kill_9_loses_no_promised_tap(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 25; round++) {
		uint32_t promised = run_and_kill(1 + round * 7 % 40);
		struct outbox *outbox = open_outbox();
		struct tap *taps;
		size_t n, waiting = 0;

		assert_int_equal(outbox_list(outbox, &taps, &n, NULL), 0);
		assert_true(n >= promised && n <= promised + 1); /* one may be stored and not yet told */
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(get_be32(taps[i].question.id.bytes), i + 1);
			waiting += (size_t)(taps[i].question_seq != 0) + (taps[i].retraction_seq != 0);
			assert_true(taps[i].question_seq != 0 || taps[i].question_verdict == VERDICT_COUNTED);
		}
		assert_int_equal(pending(outbox), waiting); /* the queue and the taps agree */
		free(taps);
		outbox_close(outbox);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void test_two_processes_may_have_it_open(void **state)
{
	struct outbox *outbox = open_outbox();
	int status;
	pid_t child;

	(void)state;
	outbox_close(outbox); /* an open LMDB must not be carried over a fork */
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		outbox = open_outbox();
		for (uint8_t i = 1; i <= 100; i++)
			add(outbox, i);
		outbox_close(outbox);
		_exit(0);
	}
	outbox = open_outbox();
	for (uint8_t i = 101; i <= 200; i++)
		add(outbox, i);
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	assert_int_equal(pending(outbox), 200);
	outbox_close(outbox);
}

static void test_one_process_opens_it_once(void **state)
{
	struct outbox *first = open_outbox(), *second = NULL;
	struct error error;

	(void)state;
	assert_int_equal(outbox_open(&second, folder, "sw-de-kop", &error), FAULT_BUSY);
	assert_non_null(strstr(error.text, folder));
	add(first, 1);
	outbox_close(first);
	first = open_outbox();
	assert_int_equal(pending(first), 1);
	outbox_close(first);
}

static void test_another_orgs_outbox_is_refused(void **state)
{
	static const char *const others[] = {"leeuwarden", "sw-de-kopje", "sw-de-ko"};
	struct outbox *outbox = open_outbox();
	struct error error;

	(void)state;
	outbox_close(outbox);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_int_equal(outbox_open(&outbox, folder, others[i], &error), FAULT_FOREIGN);
		assert_non_null(strstr(error.text, "sw-de-kop"));
	}
}

static int next_format(void *context, struct lmdb_txn *txn)
{
	(void)context;
	db_put_meta_number(txn, "format", OUTBOX_FORMAT + 1);
	return 0;
}

static void test_a_newer_turfs_outbox_is_refused(void **state)
{
	struct outbox *outbox = open_outbox();
	struct error error;

	(void)state;
	assert_int_equal(db_write(outbox, next_format, NULL, NULL), 0);
	outbox_close(outbox);
	assert_int_equal(outbox_open(&outbox, folder, "sw-de-kop", &error), FAULT_FOREIGN);
	assert_non_null(strstr(error.text, "newer"));
}

static void test_the_catalogue_that_came_last_is_kept(void **state)
{
	struct outbox *outbox = open_outbox();
	uint8_t *bytes;
	size_t length;

	(void)state;
	assert_int_equal(outbox_put_catalogue(outbox, (const uint8_t *)"one", 3, NULL), 0);
	assert_int_equal(outbox_put_catalogue(outbox, (const uint8_t *)"two", 3, NULL), 0);
	assert_int_equal(outbox_catalogue(outbox, &bytes, &length, NULL), 0);
	assert_int_equal(length, 3);
	assert_memory_equal(bytes, "two", 3);
	free(bytes);
	outbox_close(outbox);
}

static void test_a_folder_that_cannot_be_is_a_sentence(void **state)
{
	char path[128];
	struct outbox *outbox;
	struct error error;

	(void)state;
	assert_int_equal(outbox_open(&outbox, "/proc/no/such", "sw-de-kop", &error), FAULT_SYSTEM);
	assert_non_null(strstr(error.text, "/proc/no/such"));
	assert_int_equal(outbox_open(&outbox, "", "sw-de-kop", &error), FAULT_SYSTEM);
	(void)snprintf(path, sizeof path, "%s/a/b/c", folder);
	assert_int_equal(outbox_open(&outbox, path, "sw-de-kop", &error), 0);
	outbox_close(outbox);
}

static void test_a_damaged_file_is_left_as_it_is(void **state)
{
	static const char rubbish[8192] = "this is no outbox";
	char path[128], read_back[sizeof rubbish];
	struct outbox *outbox;
	struct error error;
	int fd;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/data.mdb", folder);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, rubbish, sizeof rubbish), sizeof rubbish);
	assert_int_equal(outbox_open(&outbox, folder, "sw-de-kop", &error), FAULT_DAMAGED);
	assert_int_equal(pread(fd, read_back, sizeof read_back, 0), sizeof read_back);
	assert_memory_equal(read_back, rubbish, sizeof rubbish);
	(void)close(fd);
}

static void test_records_are_checked_when_read(void **state)
{
	struct tap tap = {.team = "oost", .question = question(1), .question_seq = 5, .has_retraction = true}, read;
	uint8_t bytes[TAP_BYTES_MAX + 256], again[TAP_BYTES_MAX];
	size_t length;

	(void)state;
	tap.question.has_proof = false; /* so that the team stands at the end */
	length = tap_encode(&tap, bytes);
	assert_int_equal(tap_decode(bytes, length, &read), 0);
	assert_int_equal(tap_encode(&read, again), length);
	assert_memory_equal(again, bytes, length);
	for (size_t shorter = 0; shorter < length; shorter++)
		assert_int_equal(tap_decode(bytes, shorter, &read), FAULT_DAMAGED);
	for (int value = 0; value < 256; value++) { /* the label count must not lead outside */
		bytes[25] = (uint8_t)value;
		assert_int_equal(tap_decode(bytes, length, &read), value <= EVENT_LABELS_MAX ? 0 : FAULT_DAMAGED);
	}
	(void)tap_encode(&tap, bytes);
	bytes[length - 1] = '/';
	assert_int_equal(tap_decode(bytes, length, &read), FAULT_DAMAGED);
	memset(bytes + length - 4, 'a', sizeof bytes - length + 4);
	for (size_t team = 1; team < 256; team++) { /* nor the length of the team's name */
		bytes[length - 5] = (uint8_t)team;
		assert_int_equal(tap_decode(bytes, length - 4 + team, &read), team < SLUG_BYTES ? 0 : FAULT_DAMAGED);
	}
}

/* ---- Remembering and forgetting --------------------------------------------------------------------------------- */

/* The id was right, the day was not. */
static void test_a_refused_retraction_of_another_outboxs_tap_can_be_corrected(void **state)
{
	struct outbox *outbox = open_outbox();
	struct event_id id = id_of(1);
	struct outbox_entry entry;

	(void)state;
	assert_int_equal(outbox_retract(outbox, &id, "noordoost", DAY + 366, NULL, NULL), 0);
	assert_int_equal(outbox_retract(outbox, &id, "west", DAY, NULL, NULL),
			 TURF_UNCHANGED); /* it may be under way */
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_REFUSED_DAY_IN_FUTURE));
	assert_int_equal(outbox_retract(outbox, &id, "west", DAY, NULL, NULL), 0);
	assert_int_equal(load(outbox, &entry, 1), 1);
	assert_string_equal(entry.team, "west");
	assert_int_equal(entry.event.day, DAY);
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_RETRACTED));
	assert_int_equal(outbox_retract(outbox, &id, "west", DAY + 1, NULL, NULL), TURF_UNCHANGED);

	add(outbox, 2); /* of a tap of its own the outbox knows better */
	id = id_of(2);
	assert_true(settle(outbox, 2, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(outbox_retract(outbox, &id, "west", DAY + 1, NULL, NULL), 0);
	assert_int_equal(load(outbox, &entry, 1), 1);
	assert_string_equal(entry.team, "oost");
	assert_int_equal(entry.event.day, DAY);
	outbox_close(outbox);
}

static void test_answered_taps_are_forgotten_when_too_old_to_take_back(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	for (uint8_t i = 1; i <= 4; i++)
		add_on(outbox, i, DAY - i);
	for (uint8_t i = 1; i <= 3; i++)
		assert_true(settle(outbox, i, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(outbox_forget_before(outbox, DAY - 1, NULL), 0);
	assert_true(remembers(outbox, 1));
	assert_false(remembers(outbox, 2));
	assert_false(remembers(outbox, 3));
	assert_true(remembers(outbox, 4)); /* old, but it waits */
	assert_true(settle(outbox, 4, ACT_QUESTION, VERDICT_COUNTED));
	assert_false(remembers(outbox, 4));
	add_on(outbox, 5, DAY - 1);
	assert_true(settle(outbox, 5, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(remembers(outbox, 5));
	outbox_close(outbox);
}

/* The operator's clock was months ahead, and is right again. */
static void test_a_date_that_goes_back_remembers_what_is_answered_from_then_on(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	assert_int_equal(outbox_forget_before(outbox, DAY + 100, NULL), 0);
	assert_int_equal(outbox_forget_before(outbox, DAY - 14, NULL), 0);
	add(outbox, 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(remembers(outbox, 1));
	outbox_close(outbox);
}

static void meet(struct outbox *outbox, uint8_t epoch, size_t expected)
{
	uint8_t bytes[EPOCH_BYTES];
	size_t waited = pending(outbox);

	memset(bytes, epoch, sizeof bytes);
	assert_int_equal(outbox_check_epoch(outbox, bytes, NULL), 0);
	assert_int_equal(pending(outbox) - waited, expected);
}

static void test_a_new_epoch_offers_everything_remembered_again_in_order(void **state)
{
	struct outbox *outbox = open_outbox();
	struct outbox_entry entries[8];

	(void)state;
	for (uint8_t i = 1; i <= 4; i++)
		add(outbox, i);
	meet(outbox, 0xaa, 0); /* the first ever: all of them wait */
	for (uint8_t i = 1; i <= 3; i++)
		assert_true(settle(outbox, i, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(retract(outbox, 2), 0);
	assert_true(settle(outbox, 2, ACT_RETRACTION, VERDICT_RETRACTED));
	meet(outbox, 0xaa, 0);
	meet(outbox, 0xbb, 4); /* three questions and a retraction; the fourth question waits already */
	assert_int_equal(pending(outbox), 5);
	assert_int_equal(load(outbox, entries, 8), 4); /* the retraction is held back */
	assert_int_equal(entries[0].event.id.bytes[0], 4);
	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(entries[i].event.id.bytes[0], i);
	outbox_close(outbox);
	outbox = open_outbox();
	meet(outbox, 0xbb, 0);
	assert_int_equal(pending(outbox), 5);
	assert_true(settle(outbox, 2, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(settle(outbox, 2, ACT_RETRACTION, VERDICT_RETRACTED));
	outbox_close(outbox);
}

/* A status that did not get through leaves taps that were answered by nobody knows which store. */
static void test_the_first_epoch_offers_again_what_was_answered_before_it(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add(outbox, 1);
	add(outbox, 2);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	meet(outbox, 0xaa, 1);
	assert_int_equal(pending(outbox), 2);
	outbox_close(outbox);
}

static void test_a_new_epoch_leaves_old_taps_alone(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	add_on(outbox, 1, DAY - 20);
	add_on(outbox, 2, DAY - 14);
	meet(outbox, 1, 0);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_REFUSED_UNKNOWN_TEAM)); /* kept, to be shown */
	assert_true(settle(outbox, 2, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(outbox_forget_before(outbox, DAY - 14, NULL), 0);
	meet(outbox, 2, 1);
	outbox_close(outbox);
}

/* A retraction is under way when the store is restored: what the old store says of it means nothing to the new one. */
static void test_an_old_stores_verdict_does_not_end_a_retraction_that_was_put_back(void **state)
{
	struct outbox *outbox = open_outbox();
	struct outbox_entry entry;
	struct outbox_result result = {.id = id_of(1), .act = ACT_RETRACTION, .verdict = VERDICT_RETRACTED};

	(void)state;
	meet(outbox, 1, 0);
	add(outbox, 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(retract(outbox, 1), 0);
	assert_int_equal(load(outbox, &entry, 1), 1);
	meet(outbox, 2, 1);
	result.seq = entry.seq;
	assert_int_equal(outbox_apply_results(outbox, &result, 1, NULL), 0);
	assert_false(result.ended);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_true(settle(outbox, 1, ACT_RETRACTION, VERDICT_RETRACTED));
	assert_int_equal(pending(outbox), 0);
	outbox_close(outbox);
}

/* This process has a receipt of the old store under way while another one with the same outbox meets the new store. */
static void test_an_old_stores_verdict_ends_nothing_once_another_process_met_the_new_one(void **state)
{
	struct outbox *outbox;
	int ends[2], status;
	char word;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[1]);
		while (read(ends[0], &word, 1) > 0) /* until the other end is closed */
			;
		outbox = open_outbox();
		meet(outbox, 2, 0);
		outbox_close(outbox);
		_exit(0);
	}
	outbox = open_outbox();
	meet(outbox, 1, 0);
	add(outbox, 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	assert_false(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(pending(outbox), 1);
	meet(outbox, 2, 0);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	outbox_close(outbox);
}

/* A phone that hears no status has receipts all the same. */
static void test_verdicts_count_before_an_epoch_is_heard(void **state)
{
	struct outbox *outbox = open_outbox();

	(void)state;
	meet(outbox, 1, 0);
	outbox_close(outbox);
	outbox = open_outbox();
	add(outbox, 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	outbox_close(outbox);
}

static int spoil(void *context, struct lmdb_txn *txn)
{
	(void)context;
	db_put_at(txn, DB_TAPS, UINT32_MAX, "x", 1);
	return 0;
}

static int mend(void *context, struct lmdb_txn *txn)
{
	(void)context;
	db_delete_at(txn, DB_TAPS, UINT32_MAX);
	return 0;
}

static void test_verdicts_count_after_an_epoch_that_could_not_be_stored(void **state)
{
	static const uint8_t second[EPOCH_BYTES] = {2};
	struct outbox *outbox = open_outbox();

	(void)state;
	meet(outbox, 1, 0);
	add(outbox, 1);
	assert_int_equal(db_write(outbox, spoil, NULL, NULL), 0);
	assert_int_equal(outbox_check_epoch(outbox, second, NULL), FAULT_DAMAGED);
	assert_int_equal(db_write(outbox, mend, NULL, NULL), 0);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	outbox_close(outbox);
}

static void test_numbers_are_never_used_twice(void **state)
{
	struct outbox *outbox = open_outbox();
	struct outbox_entry first, second;

	(void)state;
	add(outbox, 1);
	assert_int_equal(load(outbox, &first, 1), 1);
	assert_true(settle(outbox, 1, ACT_QUESTION, VERDICT_COUNTED));
	assert_int_equal(outbox_forget_before(outbox, DAY + 1, NULL), 0);
	outbox_close(outbox);
	outbox = open_outbox();
	add_on(outbox, 2, DAY + 1);
	assert_int_equal(load(outbox, &second, 1), 1);
	assert_true(second.seq > first.seq);
	outbox_close(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_a_tap_comes_back_whole_after_reopening),
		FRESH(test_a_batch_keeps_its_order_and_its_bookmark),
		FRESH(test_the_map_grows_by_itself),
		FRESH(test_kill_9_loses_no_promised_tap),
		FRESH(test_two_processes_may_have_it_open),
		FRESH(test_one_process_opens_it_once),
		FRESH(test_another_orgs_outbox_is_refused),
		FRESH(test_a_newer_turfs_outbox_is_refused),
		FRESH(test_the_catalogue_that_came_last_is_kept),
		FRESH(test_a_folder_that_cannot_be_is_a_sentence),
		FRESH(test_a_damaged_file_is_left_as_it_is),
		cmocka_unit_test(test_records_are_checked_when_read),
		FRESH(test_a_refused_retraction_of_another_outboxs_tap_can_be_corrected),
		FRESH(test_answered_taps_are_forgotten_when_too_old_to_take_back),
		FRESH(test_a_date_that_goes_back_remembers_what_is_answered_from_then_on),
		FRESH(test_a_new_epoch_offers_everything_remembered_again_in_order),
		FRESH(test_the_first_epoch_offers_again_what_was_answered_before_it),
		FRESH(test_a_new_epoch_leaves_old_taps_alone),
		FRESH(test_an_old_stores_verdict_does_not_end_a_retraction_that_was_put_back),
		FRESH(test_an_old_stores_verdict_ends_nothing_once_another_process_met_the_new_one),
		FRESH(test_verdicts_count_before_an_epoch_is_heard),
		FRESH(test_verdicts_count_after_an_epoch_that_could_not_be_stored),
		FRESH(test_numbers_are_never_used_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
