/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * replay: sends the questions of a file through simulated phones. One loop on the main thread gives the phones their rows,
 * shows the progress, and ends when all is answered. The phones' own threads do the rest.
 */
#include "broker-client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "base/text.h"
#include "broker-client/cli/phones.h"
#include "proto/calendar.h"

enum {
	TICK_MS = 20,
	SHOW_MS = 100,          /* on a terminal */
	STEP_PERCENT = 10,      /* without one */
	CONNECT_WAIT_MS = 5000, /* for the first phone to be connected */
	TODAY_WAIT_MS = 2000,
	WAIT_MS = 60000,
	BAR_COLUMNS = 30,
};

struct replay {
	struct cli *cli;
	const struct csv *csv;
	struct phones phones;
	bool terminal, stopped;
	size_t dealt_at_start;
	int64_t started_ms, last_answer_ms, shown_ms;
	size_t seen, shown_percent; /* answers at last_answer_ms */
};

static void print_problem(void *context, const char *line)
{
	(void)context;
	text_print(stderr, "%s\n", line);
}

/* 0 or an exit status. */
static int read_file(const char *path, struct csv *csv)
{
	bool standard =
		strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0; /* a socket cannot be opened by its name */
	FILE *file = standard ? stdin : fopen(path, "re");
	struct error error;
	int rc;

	if (!file)
		return cli_complain(EXIT_USAGE, "%s: %s", path, strerror(errno));
	rc = csv_read(file, path, csv, print_problem, NULL, &error);
	if (!standard)
		(void)fclose(file);
	if (rc < 0)
		return cli_complain(EXIT_USAGE, "%s", error.text);
	if (rc > CSV_PROBLEMS_MAX)
		text_print(stderr, "%s: ... and %d more\n", path, rc - CSV_PROBLEMS_MAX);
	return rc > 0 ? cli_complain(EXIT_USAGE, "nothing was sent: %d mistake%s in %s", rc, rc == 1 ? "" : "s", path)
		      : 0;
}

/* Waits for TICK_MS or a signal. False: the command must end. */
static bool tick(struct replay *replay)
{
	struct pollfd fd = {.fd = replay->cli->signal_fd, .events = POLLIN};
	int signal;

	(void)poll(&fd, 1, TICK_MS);
	while ((signal = signals_next(fd.fd)) != 0)
		replay->stopped = replay->stopped || signal != SIGWINCH;
	return !replay->stopped;
}

/* No phone gets rows before one is connected, so that without a broker nothing is left on disk. */
static int wait_for_broker(struct replay *replay)
{
	int wait_ms = replay->cli->wait_ms >= 0 && replay->cli->wait_ms < CONNECT_WAIT_MS ? replay->cli->wait_ms
											  : CONNECT_WAIT_MS;
	int64_t until_ms = monotonic_ms() + wait_ms;
	struct turf_error reason;

	while (phones_online(&replay->phones, &reason) == 0) {
		if (!tick(replay))
			return EXIT_STORED;
		if (monotonic_ms() >= until_ms)
			return cli_complain(EXIT_UNREACHABLE, "nothing was sent: %s",
					    *reason.text ? reason.text : "the broker does not answer");
	}
	return 0;
}

static void note_org(struct replay *replay)
{
	turf_catalogue_free(cli_known_catalogue(replay->cli, replay->phones.phones[0].turf));
}

static int find_shift(struct replay *replay)
{
	struct turf *first = replay->phones.phones[0].turf;
	uint32_t today;

	if (replay->cli->today && choose_day("--today", replay->cli->today, &today) != 0)
		return EXIT_USAGE;
	if (!replay->cli->shift_to_today || replay->csv->n == 0)
		return 0;
	note_org(replay);
	if (!replay->cli->today && turf_today(first, TODAY_WAIT_MS, &today) != 0)
		today = cli_today(replay->cli->timezone);
	if (today < replay->csv->last_day && today < replay->csv->last_day - replay->csv->first_day)
		return cli_complain(EXIT_USAGE, "--today: the file's first day would fall before 1970");
	replay->phones.shift = today - replay->csv->last_day; /* modulo 2^32, so that it can be negative */
	return 0;
}

/* ---- How far it is ---------------------------------------------------------------------------------------------- */

static size_t expected(const struct replay *replay)
{
	return replay->csv->n - replay->dealt_at_start + replay->phones.waited_before;
}

static void print_bar(size_t answered, size_t all, double seconds)
{
	size_t filled = all > 0 ? answered * BAR_COLUMNS / all : BAR_COLUMNS;

	(void)fputs("\r[", stderr);
	for (size_t i = 0; i < BAR_COLUMNS; i++)
		(void)fputc(i < filled ? '#' : ' ', stderr);
	(void)fprintf(stderr, "] %zu/%zu  %3zu %%  %.0f/s ", answered, all, all > 0 ? answered * 100 / all : 100,
		      seconds > 0 ? (double)answered / seconds : 0);
}

/* A bar at a terminal; otherwise a line for each ten per cent. */
static void show_progress(struct replay *replay, bool last)
{
	size_t all = expected(replay), answered = atomic_load(&replay->phones.answered);
	int64_t now_ms = monotonic_ms();
	size_t percent;

	answered = answered < all ? answered : all;
	percent = all > 0 ? answered * 100 / all : 100;
	if (replay->terminal) {
		if (last || now_ms - replay->shown_ms >= SHOW_MS) {
			print_bar(answered, all, (double)(now_ms - replay->started_ms) / 1000);
			replay->shown_ms = now_ms;
		}
		if (last)
			(void)fputs("\r\033[K", stderr);
	} else if (percent >= replay->shown_percent + STEP_PERCENT && !last) {
		replay->shown_percent = percent - percent % STEP_PERCENT;
		(void)fprintf(stderr, "%zu/%zu (%zu %%)\n", answered, all, percent);
	}
}

static int print_results(struct replay *replay, size_t waiting)
{
	double seconds = (double)(monotonic_ms() - replay->started_ms) / 1000;
	size_t answered = atomic_load(&replay->phones.answered), good = 0;

	note_org(replay);
	(void)printf("%zu antwoorden / answers in %.1f s (%.0f per s)", answered, seconds,
		     seconds > 0 ? (double)answered / seconds : 0);
	cli_print_for_org(stdout, replay->cli);
	for (int verdict = 0; verdict < VERDICTS; verdict++) {
		size_t n = atomic_load(&replay->phones.verdicts[verdict]);

		if (n > 0)
			(void)printf("%8zu  %s\n", n, cli_verdict_words((enum turf_verdict)verdict));
		if (verdict == TURF_COUNTED || verdict == TURF_ALREADY_COUNTED || verdict == TURF_COUNTED_LATE)
			good += n;
	}
	if (replay->dealt_at_start > 0)
		(void)printf("%8zu  eerder uitgedeeld / dealt by an earlier run\n", replay->dealt_at_start);
	if (waiting > 0)
		text_print(stdout,
			   "%8zu  nog geen antwoord; ze wachten in / no answer yet; they wait in %s\n"
			   "          verder met / go on with: turf replay ... --outbox %s\n",
			   waiting, replay->phones.folder, replay->phones.folder);
	return waiting > 0 ? EXIT_STORED : good == answered ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

/* The number of rows that phones may have got by now (--rate). */
static size_t rows_due(const struct replay *replay, int64_t now_ms)
{
	double so_far =
		(double)(now_ms - replay->started_ms) / 1000 * replay->cli->rate + (double)replay->dealt_at_start;

	return replay->cli->rate == 0 || so_far >= (double)replay->csv->n ? replay->csv->n : (size_t)so_far;
}

/* All rows were given to phones, and nothing waits in the outboxes. */
static bool complete(struct replay *replay)
{
	return phones_dealt(&replay->phones) == replay->csv->n &&
	       atomic_load(&replay->phones.answered) >= expected(replay) && phones_waiting(&replay->phones) == 0;
}

static bool gave_up(struct replay *replay, int64_t now_ms)
{
	int wait_ms = replay->cli->wait_ms < 0 ? WAIT_MS : replay->cli->wait_ms;
	size_t answered = atomic_load(&replay->phones.answered);
	struct turf_error reason;

	if (answered != replay->seen || phones_dealt(&replay->phones) < replay->csv->n) {
		replay->seen = answered;
		replay->last_answer_ms = now_ms;
	}
	if (now_ms - replay->last_answer_ms < wait_ms)
		return false;
	(void)phones_online(&replay->phones, &reason);
	(void)cli_complain(0, "no answer for %d s%s%s", wait_ms / 1000, *reason.text ? ": " : "", reason.text);
	return true;
}

static int replay_all(struct replay *replay)
{
	int rc = wait_for_broker(replay);

	if (rc == 0)
		rc = find_shift(replay);
	if (rc != 0)
		return rc;
	replay->dealt_at_start = replay->phones.dealt_before;
	replay->started_ms = replay->last_answer_ms = monotonic_ms();
	while (rc == 0 && !complete(replay)) {
		int64_t now_ms = monotonic_ms();

		rc = phones_deal(&replay->phones, rows_due(replay, now_ms));
		show_progress(replay, false);
		if (gave_up(replay, now_ms) || !tick(replay))
			break;
	}
	show_progress(replay, true);
	if (rc == 0 && complete(replay))
		rc = phones_finish(&replay->phones);
	return rc != 0 ? rc
		       : print_results(replay, phones_waiting(&replay->phones) + replay->csv->n -
						       phones_dealt(&replay->phones));
}

int cli_replay(struct cli *cli)
{
	struct csv csv;
	struct replay replay = {.cli = cli, .csv = &csv, .terminal = isatty(STDERR_FILENO) == 1};
	int rc = read_file(cli->arguments[0], &csv);
	const char *folder = cli->outbox;

	if (rc != 0)
		return rc;
	cli->signal_fd = signals_open_fd(true);
	cli->outbox = NULL; /* a folder of many outboxes: no single one says which org it is */
	rc = cli_find_org(cli, false);
	cli->outbox = folder;
	if (rc == 0) {
		rc = phones_open(&replay.phones, cli, &csv);
		if (rc == 0)
			rc = replay_all(&replay);
		phones_close(&replay.phones);
	}
	if (cli->signal_fd >= 0)
		(void)close(cli->signal_fd);
	csv_release(&csv);
	return rc;
}
