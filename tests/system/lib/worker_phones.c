/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The phones of many workers, each an outbox of libturf in a folder of its own, for tests in which weeks pass. Arguments: the
 * broker, the org. Reads commands from standard input, and answers each with one line: "ok ..." or "failed REASON".
 *
 *   join OUTBOX LINK                            joins with an invitation, and fetches tokens
 *   tap OUTBOX TEAM DAY DOMAIN OUTCOME LABEL    stores a tap without a connection; LABEL 0: none; the answer has its id
 *   flush OUTBOX MS                             fetches the batches that are due, connects, and sends until nothing waits that
 *                                               may go now, MS milliseconds at most. The answer has how many still wait, from
 *                                               when on more of them may go, and the ids that got a verdict. The phone stays
 *                                               connected
 *   close                                       ends that connection
 *   token OUTBOX                                takes a token out; the answer has it
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/monotonic.h"
#include "broker-client/libturf/token_buyer.h"
#include "broker-client/libturf/turf.h"

enum { LINE_BYTES = 1024, WORDS = 8, NEWS_MS = 30000, LOOK_MS = 10 };

static const char *broker, *org;
static struct turf *connected; /* NULL: no phone is */

static void print_id(const struct turf_id *id)
{
	for (size_t i = 0; i < sizeof id->bytes; i++)
		printf("%02x", id->bytes[i]);
}

static uint32_t number(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 10);
}

/* The verdicts of a flush, printed when it is over. */
enum { ANSWERS_MAX = 4096 };
static struct turf_answer answers[ANSWERS_MAX];
static _Atomic size_t n_answers;

static void on_verdict(void *context, const struct turf_answer *answer)
{
	(void)context;
	if (n_answers < ANSWERS_MAX)
		answers[n_answers++] = *answer;
}

static int failed(const struct turf_error *error)
{
	return printf("failed %s\n", error->text);
}

/* NULL: it said why. */
static struct turf *open_phone(const char *outbox, const char *at)
{
	const struct turf_options options = {
		.size = sizeof options, .broker = at, .org = org, .outbox = outbox, .on_verdict = on_verdict};
	struct turf_error error = {""};
	struct turf *turf = NULL;

	n_answers = 0;

	if (turf_open(&turf, &options, &error) != TURF_DONE)
		(void)failed(&error);
	return turf;
}

static void join(char *const words[])
{
	const struct turf_invitation invitation = {.size = sizeof invitation, .outbox = words[1], .link = words[2]};
	struct turf_error error = {""};

	if (turf_join(&invitation, &error) == TURF_DONE)
		puts("ok");
	else
		(void)failed(&error);
}

static void tap(char *const words[])
{
	struct turf_question question = {.size = sizeof question, .team = words[2]};
	struct turf_error error = {""};
	struct turf *turf = open_phone(words[1], NULL);
	struct turf_id id;

	question.day = number(words[3]);
	question.domain = number(words[4]);
	question.outcome = number(words[5]) == 2 ? TURF_REFERRED : TURF_ANSWERED;
	question.labels[0] = number(words[6]);
	question.n_labels = question.labels[0] > 0;
	if (!turf)
		return;
	if (turf_question(turf, &question, &id, &error) == TURF_DONE) {
		printf("ok ");
		print_id(&id);
		putchar('\n');
	} else {
		(void)failed(&error);
	}
	turf_close(turf);
}

/* A handle fetches in a thread of its own, at moments that nobody can wait for. So what it would fetch now is fetched before, by
 * the same functions. Also tells how much waits, and whether a portion is due, which the handle will take at a moment of its own. */
static int fetch_what_is_due(const char *path, bool *portion_due, size_t *waiting, struct turf_error *why)
{
	const struct token_buyer buyer = {.send = http_send};
	struct outbox *outbox;
	struct error error = {""};
	int64_t now = (int64_t)time(NULL), at = now + 1, portion = 0;
	int rc = outbox_open(&outbox, path, org, &error);

	if (rc == 0) {
		rc = token_buyer_due(outbox, now, &at, &error);
		if (rc == 0 && at <= now)
			rc = token_buyer_fetch(&buyer, outbox, org, now, &error);
		if (rc == 0)
			rc = outbox_portion(outbox, &portion, &error);
		if (rc == 0)
			rc = outbox_pending(outbox, waiting, &error);
		outbox_close(outbox);
	}
	*portion_due = portion > 0 && portion <= now;
	(void)snprintf(why->text, sizeof why->text, "%.1000s", error.text);
	return rc;
}

/* Until all that waits goes later, a portion that was due was answered, and on_verdict has come for all of the `before` that do not wait
 * any more. */
static int wait_for_answers(int timeout_ms, bool portion_due, size_t before, struct turf_later *later)
{
	int64_t until_ms = monotonic_ms() + timeout_ms;
	size_t waiting = 0;
	int rc;

	for (;;) {
		rc = turf_pending(connected, &waiting, NULL);
		if (rc == 0)
			rc = turf_get_later(connected, later, NULL);
		if (rc != 0)
			return rc;
		if (waiting == later->events && (waiting == 0 || later->from > (int64_t)time(NULL)) &&
		    (!portion_due || n_answers > 0) && n_answers + waiting >= before)
			return 0;
		if (monotonic_ms() >= until_ms)
			return TURF_TIMEOUT;
		(void)turf_wait(connected, LOOK_MS);
	}
}

static void flush(char *const words[])
{
	struct turf_error error = {""};
	struct turf_later later = {.size = sizeof later};
	uint32_t today;
	size_t before = 0, waiting = 0;
	bool portion_due;

	if (fetch_what_is_due(words[1], &portion_due, &before, &error) != 0) {
		(void)failed(&error);
		return;
	}
	connected = open_phone(words[1], broker);
	if (!connected)
		return;
	if (turf_today(connected, NEWS_MS, &today) != TURF_DONE) {
		(void)turf_connection(connected, &error);
		(void)failed(&error);
		return;
	}
	(void)wait_for_answers((int)number(words[2]), portion_due, before, &later);
	(void)turf_pending(connected, &waiting, &error);
	printf("ok %zu %" PRId64, waiting, later.from);
	for (size_t i = 0; i < n_answers; i++) {
		putchar(' ');
		print_id(&answers[i].id);
	}
	putchar('\n');
}

static void disconnect(char *const words[])
{
	(void)words;
	turf_close(connected);
	connected = NULL;
	puts("ok");
}

static void token(char *const words[])
{
	struct turf *turf = open_phone(words[1], NULL);
	struct turf_error error = {""};
	char text[TURF_TOKEN_BYTES];

	if (!turf)
		return;
	if (turf_take_token(turf, text, &error) == TURF_DONE)
		printf("ok %s\n", text);
	else
		(void)failed(&error);
	turf_close(turf);
}

static void obey(char *const words[], size_t n)
{
	static const struct {
		const char *name;
		size_t words;
		void (*act)(char *const words[]);
	} commands[] = {
		{"join", 3, join}, {"tap", 7, tap}, {"flush", 3, flush}, {"close", 1, disconnect}, {"token", 2, token}};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (n == commands[i].words && strcmp(words[0], commands[i].name) == 0) {
			commands[i].act(words);
			return;
		}
	puts("failed no such command");
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES];

	if (argc != 3)
		return 2;
	broker = argv[1];
	org = argv[2];
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin)) {
		char *words[WORDS] = {NULL}, *rest = NULL;
		size_t n = 0;

		for (char *word = strtok_r(line, " \n", &rest); word && n < WORDS; word = strtok_r(NULL, " \n", &rest))
			words[n++] = word;
		obey(words, n);
	}
	return 0;
}
