/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * watch: a team's figures, live. The current quarter follows the aggregator's date, so that the table goes along at
 * midnight.
 */
#include "broker-client/cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "base/text.h"
#include "proto/calendar.h"
#include "proto/topic.h"

enum { WAIT_MS = 5000, STATUS_WAIT_MS = 1000, FOREVER = -1 };

struct watch {
	const struct cli *cli;
	struct turf_watch *turf; /* its news */
	bool terminal;
	uint32_t quarter;                 /* that is watched, when it follows */
	bool has_period, follows;         /* the current quarter, whichever that is */
	const struct turf_summary *shown; /* as a table; NULL: none */
	size_t lines;                     /* of the table on the screen */
	const char *lost, *stopped;       /* what to say of the connection, and of turfd; NULL: nothing */
	int64_t until_ms;                 /* patience for the first figures */
	bool spoken;                      /* figures came, or it was said that none do */
	bool done;
};

/* ---- Showing ---------------------------------------------------------------------------------------------------- */

static void show_table(struct watch *watch)
{
	struct winsize size = {0};
	struct screen_style style = {.columns = COLUMNS_DEFAULT, .rows = ROWS_UNLIMITED};
	char *screen = NULL;
	size_t length = 0, lines;
	FILE *out;

	style.note = watch->lost ? watch->lost : watch->stopped;
	if (watch->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		style.columns = size.ws_col;
		if (!watch->cli->once && size.ws_row > 1)
			style.rows = size.ws_row - 1U; /* the cursor stands below it */
	}
	out = open_memstream(&screen, &length);
	if (!out)
		return;
	lines = screen_print(out, watch->shown, &style);
	if (fclose(out) == 0 && lines > 0) {
		if (watch->terminal && watch->lines > 0) /* back to the table's first line, and clear from there */
			(void)printf("\033[%zuA\r\033[J", watch->lines);
		(void)fwrite(screen, 1, length, stdout);
		if (!watch->terminal && !watch->cli->once)
			(void)putchar('\n');
		watch->lines = lines;
	}
	if (fflush(stdout) != 0)
		watch->done = true;
	free(screen);
}

static void show(struct watch *watch, const struct turf_summary *summary)
{
	watch->spoken = true;
	if (watch->cli->json) {
		text_print_json(stdout, summary->json);
		(void)putchar('\n');
		watch->done = fflush(stdout) != 0 || watch->cli->once;
		return;
	}
	watch->shown = summary;
	show_table(watch);
	watch->done = watch->done || (watch->lines > 0 && watch->cli->once);
}

static void redraw(struct watch *watch)
{
	if (watch->shown)
		show_table(watch);
}

/* ---- What comes ------------------------------------------------------------------------------------------------- */

static int watch_period(struct watch *watch, const char *period)
{
	watch->has_period = true;
	return turf_watch_summary(watch->turf, watch->cli->team, period);
}

static void follow(struct watch *watch, uint32_t today)
{
	char period[PERIOD_TEXT_BYTES];
	uint32_t quarter = quarter_of_day(today);

	if (!watch->follows || (watch->has_period && quarter == watch->quarter))
		return;
	watch->quarter = quarter;
	period_format(period_of_quarter(quarter), period);
	(void)watch_period(watch, period);
}

static void status_came(struct watch *watch, const struct turf_status *status)
{
	if (status->online)
		watch->stopped = NULL;
	else
		watch->stopped =
			"turfd loopt niet; dit is de laatste stand / turfd is not running; these are its last figures";
	if (status->has_today)
		follow(watch, status->today);
	redraw(watch);
}

static void begin_patience(struct watch *watch)
{
	watch->until_ms = monotonic_ms() + (watch->cli->wait_ms < 0 ? WAIT_MS : watch->cli->wait_ms);
}

static void connected(struct watch *watch)
{
	if (watch->lost)
		begin_patience(watch);
	watch->lost = NULL;
}

static int offline(struct watch *watch, const char *reason)
{
	if (watch->cli->once || !watch->shown)
		(void)cli_complain(0, "%s%s", reason, watch->cli->once ? "" : "; trying again");
	watch->lost = "geen verbinding; dit is de laatste stand / no connection; these are the last figures";
	redraw(watch);
	return watch->cli->once ? EXIT_UNREACHABLE : 0;
}

static int tell_refusal(struct watch *watch, const struct turf_news *news)
{
	bool figures = news->refused == TURF_NEWS_SUMMARY;

	if (!watch->shown)
		(void)cli_complain(0, "%s; give --credentials of somebody who may, or ask the operator of the broker",
				   news->reason);
	watch->spoken = watch->spoken || figures;
	return figures && watch->cli->once ? EXIT_UNREACHABLE : 0;
}

static void woken(struct watch *watch)
{
	int signal = signals_next(watch->cli->signal_fd);

	if (signal == SIGWINCH)
		redraw(watch);
	watch->done = watch->done || (signal != 0 && signal != SIGWINCH);
}

/* Figures may come before the broker says that it accepted what is watched. */
static int take_news(struct watch *watch, const struct turf_news *news)
{
	switch (news->kind) {
	case TURF_NEWS_OFFLINE:
		return offline(watch, news->reason);
	case TURF_NEWS_WOKEN:
		woken(watch);
		return 0;
	case TURF_NEWS_STATUS:
		connected(watch);
		status_came(watch, news->status);
		return 0;
	case TURF_NEWS_SUMMARY:
		connected(watch);
		show(watch, news->summary);
		return 0;
	case TURF_NEWS_ONLINE:
		connected(watch);
		return 0;
	case TURF_NEWS_REFUSED:
		connected(watch);
		return tell_refusal(watch, news);
	case TURF_NEWS_CATALOGUE:
	case TURF_NEWS_WEEKLY:
	case TURF_NEWS_NONE:
	default:
		return 0;
	}
}

/* How long to wait for the next thing: for the date first, then for the first figures. */
static int patience_ms(const struct watch *watch)
{
	int64_t left_ms = watch->until_ms - monotonic_ms();

	if (!watch->has_period)
		return STATUS_WAIT_MS;
	if ((watch->spoken || watch->lost) && !watch->cli->once)
		return FOREVER;
	return left_ms < 0 ? 0 : (int)left_ms;
}

/* It goes on: the first question of a quarter may be the first figure. But a team's name can also be a mistake. */
static int no_figures(struct watch *watch)
{
	watch->spoken = true;
	if (watch->cli->once)
		return cli_complain(EXIT_UNREACHABLE, "geen cijfers van / no figures of team %s, %s", watch->cli->team,
				    watch->cli->org);
	return cli_complain(0, "nog geen cijfers van / no figures yet of team %s, %s", watch->cli->team,
			    watch->cli->org);
}

static int watch_until_end(struct watch *watch)
{
	int rc = 0;

	begin_patience(watch);
	while (rc == 0 && !watch->done) {
		const struct turf_news *news = turf_watch_next(watch->turf, watch->cli->signal_fd, patience_ms(watch));

		if (news->kind == TURF_NEWS_NONE && !watch->has_period)
			follow(watch, cli_today(watch->cli->timezone));
		else if (news->kind == TURF_NEWS_NONE)
			rc = no_figures(watch);
		else
			rc = take_news(watch, news);
	}
	return rc;
}

int cli_watch(struct cli *cli)
{
	struct watch watch = {.cli = cli, .follows = !cli->period, .terminal = isatty(STDOUT_FILENO) == 1};
	struct turf_options options;
	struct turf_error error;
	struct period period;
	int rc;

	cli->team = cli->team ? cli->team : TURF_TEAM_ALL;
	if (!topic_slug_valid(cli->team))
		return cli_complain(EXIT_USAGE, "--team \"%s\": expected a team's id, or all", cli->team);
	if (cli->period && period_parse(cli->period, &period) != 0)
		return cli_complain(EXIT_USAGE, "--period \"%s\": expected YYYY-Qn or YYYY", cli->period);
	cli->signal_fd = signals_open_fd(true);
	rc = cli_find_org(cli, false);
	if (rc != 0)
		return rc;
	rc = cli_find_outbox(cli);
	if (rc != 0)
		return rc;
	options = cli_options(cli);
	if (cli_has_joined(cli->org, cli->outbox_path))
		options.outbox = cli->outbox_path;
	rc = turf_watch_open(&watch.turf, &options, &error);
	if (rc < 0)
		return cli_complain(rc == TURF_BROKER ? EXIT_UNREACHABLE : EXIT_FAULT, "%s", error.text);
	turf_watch_status(watch.turf);
	if (cli->period)
		(void)watch_period(&watch, cli->period);
	rc = watch_until_end(&watch);
	turf_watch_close(watch.turf);
	if (cli->signal_fd >= 0)
		(void)close(cli->signal_fd);
	return rc;
}
