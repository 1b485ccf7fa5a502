/* SPDX-License-Identifier: EUPL-1.2 */
/* libturf by its public header, without a broker: what a program sees of its own taps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker-client/libturf/turf.h"

enum { DAY = 18261, TAPPERS = 4, TAPS_EACH = 25, PATIENCE_MS = 60000 };

static char folder[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/turf-library-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* `broker` NULL: only the outbox. */
static struct turf *open_turf(const char *broker)
{
	struct turf_options options = {
		.size = sizeof(struct turf_options), .broker = broker, .org = "sw-de-kop", .outbox = folder};
	struct turf_error error;
	struct turf *turf;

	if (turf_open(&turf, &options, &error) != 0)
		fail_msg("%s", error.text);
	return turf;
}

static const struct turf_question financial = {
	.size = sizeof(struct turf_question), .team = "oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED};

static size_t pending(struct turf *turf)
{
	size_t n;

	assert_int_equal(turf_pending(turf, &n, NULL), 0);
	return n;
}

static void test_a_tap_is_listed_as_it_was_tapped(void **state)
{
	struct turf_question question = {
		.size = sizeof(struct turf_question),
		.team = "oost",
		.day = DAY,
		.domain = 10,
		.outcome = TURF_REFERRED,
		.n_labels = 4,
		.labels = {9, 2, 9, 65535},
	};
	struct turf *turf = open_turf(NULL);
	const struct turf_tap *tap;
	struct turf_taps *list;
	struct turf_id id;

	(void)state;
	assert_int_equal(turf_question(turf, &question, &id, NULL), 0);
	turf_close(turf);
	turf = open_turf(NULL);
	assert_int_equal(pending(turf), 1);
	assert_int_equal(turf_list(turf, &list, NULL), 0);
	assert_int_equal(list->n, 1);
	tap = list->taps[0];
	assert_memory_equal(&tap->id, &id, sizeof id);
	assert_int_equal(tap->state, TURF_ON_DEVICE);
	assert_int_equal(tap->verdict, TURF_NO_VERDICT);
	assert_int_equal(tap->has_question, 1);
	assert_string_equal(tap->team, "oost");
	assert_int_equal(tap->day, DAY);
	assert_int_equal(tap->domain, 10);
	assert_int_equal(tap->outcome, TURF_REFERRED);
	assert_int_equal(tap->n_labels, 3); /* ascending, each once */
	assert_int_equal(tap->labels[0], 2);
	assert_int_equal(tap->labels[1], 9);
	assert_int_equal(tap->labels[2], 65535);
	turf_free(list);
	turf_close(turf);
}

static void test_what_cannot_be_is_not_stored(void **state)
{
	static const struct turf_question wrong[] = {
		{.team = NULL, .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "all", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "Oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "oost/+", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "a-team-with-a-name-of-32-letters", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "oost", .day = UINT32_MAX, .domain = 1, .outcome = TURF_ANSWERED},
		{.team = "oost", .day = 2932897, .domain = 1, .outcome = TURF_ANSWERED}, /* 10000-01-01 */
		{.team = "oost", .day = DAY, .domain = 0, .outcome = TURF_ANSWERED},
		{.team = "oost", .day = DAY, .domain = 256, .outcome = TURF_ANSWERED},
		{.team = "oost", .day = DAY, .domain = 1},
		{.team = "oost", .day = DAY, .domain = 1, .outcome = (enum turf_outcome)3},
		{.team = "oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED, .n_labels = 5},
		{.team = "oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED, .n_labels = 1, .labels = {0}},
		{.team = "oost", .day = DAY, .domain = 1, .outcome = TURF_ANSWERED, .n_labels = 1, .labels = {65536}},
	};
	struct turf *turf = open_turf(NULL);
	struct turf_error error;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct turf_question both[] = {financial, wrong[i]};

		both[1].size = sizeof both[1];
		assert_int_equal(turf_questions(turf, both, 2, NULL, NULL, &error), TURF_INPUT);
		assert_true(strlen(error.text) > 0);
	}
	assert_int_equal(pending(turf), 0); /* all or none */
	assert_int_equal(turf_questions(turf, NULL, 0, NULL, NULL, &error), 0);
	turf_close(turf);
}

static void test_options_that_cannot_be(void **state)
{
	const struct turf_options wrong[] = {
		{.org = NULL, .outbox = folder},
		{.org = "../etc", .outbox = folder},
		{.org = "sw-de-kop", .outbox = NULL},
		{.org = "sw-de-kop", .outbox = ""},
		{.org = "sw-de-kop", .outbox = folder, .broker = "localhost"},
		{.org = "sw-de-kop", .outbox = folder, .window = 17},
		{.org = "sw-de-kop", .outbox = folder, .password = "secret"},
	};
	struct turf_error error;
	struct turf *turf;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct turf_options options = wrong[i];

		options.size = sizeof options;
		assert_true(turf_open(&turf, &options, &error) < 0);
		assert_in_range(strlen(error.text), 1, sizeof error.text - 1);
	}
	turf_close(NULL);
}

/* A program that was compiled with a later turf.h, whose structs are longer, and one with an earlier one. */
static void test_structs_of_another_version(void **state)
{
	struct {
		struct turf_options known;
		uint64_t later;
	} options = {.known = {.size = sizeof options, .org = "sw-de-kop", .outbox = folder}};
	struct {
		struct turf_question known;
		uint64_t later;
	} questions[2] = {{.known = financial}, {.known = financial}};
	struct {
		struct turf_tap known;
		uint64_t later;
	} tap = {.known = {.size = sizeof tap}, .later = 7};
	const size_t earlier_bytes = offsetof(struct turf_question, n_labels);
	struct turf_question earlier = financial;
	struct turf_id ids[2];
	struct turf_error error;
	struct turf *turf;

	(void)state;
	options.later = 1;
	assert_int_equal(turf_open(&turf, &options.known, &error), TURF_INPUT);
	assert_non_null(strstr(error.text, "turf_options"));
	options.later = 0;
	assert_int_equal(turf_open(&turf, &options.known, &error), 0);
	questions[0].known.size = questions[1].known.size = sizeof questions[0];
	questions[1].known.domain = 2;
	assert_int_equal(turf_questions(turf, &questions[0].known, 2, ids, NULL, &error), 0);
	assert_int_equal(turf_get(turf, &ids[1], &tap.known, &error), 0);
	assert_int_equal(tap.known.domain, 2);
	assert_int_equal(tap.known.size, sizeof tap);
	assert_int_equal(tap.later, 0);
	questions[1].later = 1;
	assert_int_equal(turf_questions(turf, &questions[0].known, 2, ids, NULL, &error), TURF_INPUT);
	questions[1] = questions[0];
	questions[1].known.size = sizeof financial;
	assert_int_equal(turf_questions(turf, &questions[0].known, 2, ids, NULL, &error), TURF_INPUT);
	earlier.size = earlier_bytes;
	earlier.n_labels = TURF_LABELS_MAX + 1; /* beyond its size: not looked at */
	assert_int_equal(turf_question(turf, &earlier, &ids[0], &error), 0);
	tap.known.size = offsetof(struct turf_tap, verdict);
	tap.known.domain = 99;
	assert_int_equal(turf_get(turf, &ids[0], &tap.known, &error), 0);
	assert_memory_equal(&tap.known.id, &ids[0], sizeof ids[0]);
	assert_int_equal(tap.known.domain, 99); /* beyond its size: not written */
	earlier.size = 0;
	assert_int_equal(turf_question(turf, &earlier, NULL, &error), TURF_INPUT);
	tap.known.size = 0;
	assert_int_equal(turf_get(turf, &ids[0], &tap.known, &error), TURF_INPUT);
	assert_int_equal(pending(turf), 3);
	turf_close(turf);
}

static void test_a_bookmark_is_kept_with_its_questions(void **state)
{
	struct turf_bookmark bookmark = {"row 7"}, found;
	struct turf_question wrong = financial;
	struct turf *turf = open_turf(NULL);
	char org[TURF_TEAM_BYTES];

	(void)state;
	assert_int_equal(turf_get_bookmark(turf, &found, NULL), TURF_UNKNOWN);
	assert_int_equal(turf_questions(turf, &financial, 1, NULL, &bookmark, NULL), 0);
	wrong.domain = 0;
	bookmark.bytes[4] = '8';
	assert_int_equal(turf_questions(turf, &wrong, 1, NULL, &bookmark, NULL), TURF_INPUT);
	turf_close(turf);
	turf = open_turf(NULL);
	assert_int_equal(turf_get_bookmark(turf, &found, NULL), 0);
	assert_string_equal((const char *)found.bytes, "row 7");
	turf_close(turf);
	assert_int_equal(turf_outbox_org(folder, org), 0);
	assert_string_equal(org, "sw-de-kop");
	assert_int_equal(turf_outbox_org("/no/such/folder", org), TURF_UNKNOWN);
}

/* What waiting may grow to is never less than what it begins with. */
static void test_a_first_wait_beyond_the_longest(void **state)
{
	struct turf_options options = {.size = sizeof(struct turf_options),
				       .org = "sw-de-kop",
				       .outbox = folder,
				       .broker = "mqtt://127.0.0.1:1"};
	struct turf *turf;

	(void)state;
	options.retry_ms = 400000;
	options.reconnect_ms = 2;
	options.reconnect_max_ms = 1;
	assert_int_equal(turf_open(&turf, &options, NULL), 0);
	turf_close(turf);
}

static void test_only_the_owner_can_read_it(void **state)
{
	static const char *const made[] = {"a", "a/b", "a/b/data.mdb", "a/b/lock.mdb"};
	char path[128];
	struct turf_options options = {.size = sizeof(struct turf_options), .org = "sw-de-kop", .outbox = path};
	struct turf *turf;
	struct stat status;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/a/b", folder);
	assert_int_equal(turf_open(&turf, &options, NULL), 0);
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, made[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
	}
	turf_close(turf);
}

static void test_taking_back(void **state)
{
	struct turf *turf = open_turf(NULL);
	struct turf_id id, stranger = {{7}};
	struct turf_tap tap = {.size = sizeof tap};
	struct turf_secret secret, none;
	struct turf_error error;
	uint8_t digest[SHA256_DIGEST_LENGTH];

	(void)state;
	assert_int_equal(turf_question(turf, &financial, &id, NULL), 0);
	assert_int_equal(turf_retract(turf, &stranger, NULL), TURF_UNKNOWN);
	assert_int_equal(turf_retract(turf, &id, NULL), 0);
	assert_int_equal(turf_retract(turf, &id, NULL), TURF_UNCHANGED);
	assert_int_equal(pending(turf), 2);
	assert_int_equal(turf_get(turf, &id, &tap, NULL), 0);
	assert_int_equal(tap.state, TURF_RETRACTING);
	assert_int_equal(tap.waiting, 1);
	assert_int_equal(turf_retract_other(turf, &stranger, NULL, "all", DAY, NULL), TURF_INPUT);
	assert_int_equal(turf_retract_other(turf, &stranger, NULL, "zuid", DAY, NULL), 0);
	assert_int_equal(turf_get(turf, &stranger, &tap, NULL), 0);
	assert_int_equal(tap.has_question, 0);
	assert_int_equal(tap.state, TURF_RETRACTING);
	assert_int_equal(turf_dismiss(turf, &id, NULL), TURF_UNCHANGED);
	assert_int_equal(turf_get_secret(turf, &id, &secret, NULL), 0);
	assert_int_equal(turf_get_secret(turf, &stranger, &none, NULL), TURF_UNKNOWN);
	assert_int_equal(turf_retract_other(turf, &stranger, &secret, "zuid", DAY, &error), TURF_INPUT);
	assert_non_null(strstr(error.text, "the secret is not that of the id"));
	assert_memory_not_equal(&secret, &id, sizeof secret);
	SHA256(secret.bytes, sizeof secret.bytes, digest);
	assert_memory_equal(digest, id.bytes, sizeof id.bytes);
	stranger.bytes[0] = 8;
	assert_int_equal(turf_dismiss(turf, &stranger, NULL), TURF_UNKNOWN);
	assert_int_equal(turf_get(turf, &stranger, &tap, NULL), TURF_UNKNOWN);
	turf_close(turf);
}

static void test_waiting_without_a_broker_looks_once(void **state)
{
	struct turf *turf = open_turf(NULL);
	struct turf_id id;
	struct turf_error reason;

	(void)state;
	assert_int_equal(turf_wait(turf, -1), 0);
	assert_int_equal(turf_question(turf, &financial, &id, NULL), 0);
	assert_int_equal(turf_wait(turf, -1), TURF_TIMEOUT);
	assert_int_equal(turf_wait_for(turf, &id, -1), TURF_TIMEOUT);
	assert_int_equal(turf_connection(turf, &reason), TURF_OFFLINE);
	assert_string_equal(reason.text, "");
	turf_close(turf);
}

static void test_one_handle_a_folder(void **state)
{
	struct turf_options options = {.size = sizeof(struct turf_options), .org = "sw-de-kop", .outbox = folder};
	struct turf *turf = open_turf(NULL), *second;

	(void)state;
	assert_int_equal(turf_open(&second, &options, NULL), TURF_BUSY);
	options.org = "leeuwarden";
	turf_close(turf);
	assert_int_equal(turf_open(&second, &options, NULL), TURF_FOREIGN);
}

static void *tap(void *context)
{
	for (int i = 0; i < TAPS_EACH; i++) {
		struct turf_id id;
		struct turf_taps *list;

		assert_int_equal(turf_question(context, &financial, &id, NULL), 0);
		if (i % 5 == 0)
			assert_int_equal(turf_retract(context, &id, NULL), 0);
		if (i % 7 == 0) {
			assert_int_equal(turf_list(context, &list, NULL), 0);
			turf_free(list);
		}
	}
	return NULL;
}

/* Nobody listens at port 1: the handle's own thread is busy with failing connections meanwhile. */
static void test_any_thread_may_call_while_the_connection_fails(void **state)
{
	struct turf *turf = open_turf("mqtt://127.0.0.1:1");
	pthread_t tappers[TAPPERS];
	struct turf_error reason;

	(void)state;
	for (int i = 0; i < TAPPERS; i++)
		assert_int_equal(pthread_create(&tappers[i], NULL, tap, turf), 0);
	for (int i = 0; i < TAPPERS; i++)
		assert_int_equal(pthread_join(tappers[i], NULL), 0);
	turf_reconnect_now(turf);
	assert_int_equal(pending(turf), TAPPERS * (TAPS_EACH + TAPS_EACH / 5));
	assert_int_equal(turf_wait(turf, 1), TURF_TIMEOUT);
	assert_true(turf_connection(turf, &reason) != TURF_ONLINE);
	turf_close(turf);
}

/* Listens on a port of its own, which `url` names. */
static int listen_somewhere(char url[static 64])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	(void)snprintf(url, 64, "mqtt://127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

static int next_connection(int listener)
{
	struct pollfd fd = {.fd = listener, .events = POLLIN};

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	return accept(listener, NULL, NULL);
}

/* The attempt that is running began before the network was back, and fails. */
static void test_reconnect_now_also_counts_for_the_attempt_after_the_one_that_is_running(void **state)
{
	char url[64];
	int listener = listen_somewhere(url), connection;
	struct turf_options options = {
		.size = sizeof(struct turf_options), .broker = url, .org = "sw-de-kop", .outbox = folder};
	struct turf *turf;

	(void)state;
	options.reconnect_ms = options.reconnect_max_ms = 10 * PATIENCE_MS;
	assert_int_equal(turf_open(&turf, &options, NULL), 0);
	connection = next_connection(listener);
	turf_reconnect_now(turf);
	(void)close(connection);
	(void)close(next_connection(listener));
	turf_close(turf);
	(void)close(listener);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_a_tap_is_listed_as_it_was_tapped),
		FRESH(test_what_cannot_be_is_not_stored),
		FRESH(test_options_that_cannot_be),
		FRESH(test_structs_of_another_version),
		FRESH(test_a_bookmark_is_kept_with_its_questions),
		FRESH(test_a_first_wait_beyond_the_longest),
		FRESH(test_only_the_owner_can_read_it),
		FRESH(test_taking_back),
		FRESH(test_waiting_without_a_broker_looks_once),
		FRESH(test_one_handle_a_folder),
		FRESH(test_any_thread_may_call_while_the_connection_fails),
		FRESH(test_reconnect_now_also_counts_for_the_attempt_after_the_one_that_is_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
