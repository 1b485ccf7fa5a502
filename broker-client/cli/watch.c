/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * watch: a team's figures, live. The current quarter follows the aggregator's date, so that the table goes along at
 * midnight.
 */
#include "broker-client/cli/cli.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "broker-client/cli/listener.h"
#include "broker-client/cli/table.h"

enum { WAIT_MS = 5000, STATUS_WAIT_MS = 1000, FOREVER = -1, SLOT_STATUS = 0, SLOT_FIGURES = 1 };

struct watch {
	const struct cli *cli;
	struct listener *listener;
	bool terminal;
	struct period period;
	bool has_period, follows; /* the current quarter, whichever that is */
	char *shown;              /* the JSON on the screen; heap */
	size_t shown_length;
	size_t lines;             /* of the table on the screen */
	const char *lost, *stopped; /* what to say of the connection, and of turfd; NULL: nothing */
	int64_t until_ms;           /* patience for the first figures */
	bool spoken;                /* figures came, or it was said that none do */
	bool done;
};

/* ---- Showing ---------------------------------------------------------------------------------------------------- */

static void show_table(struct watch *watch)
{
	struct winsize size = {0};
	struct table_style style = { .columns = COLUMNS_DEFAULT, .rows = ROWS_UNLIMITED };
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
	lines = cli_table_print(out, watch->shown, watch->shown_length, &style);
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

/* The topic's own JSON, on one line; what is no JSON is passed over. False when nobody reads on. */
static bool print_json(const struct listener_item *item)
{
	json_t *json = json_loadb((const char *)item->bytes, item->length, 0, NULL);
	char *line = json ? json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

	json_decref(json);
	if (!line)
		return true;
	text_print_json(stdout, line);
	(void)putchar('\n');
	free(line);
	return fflush(stdout) == 0;
}

static void show(struct watch *watch, const struct listener_item *item)
{
	char *copy;

	watch->spoken = true;
	if (watch->cli->json) {
		watch->done = !print_json(item) || watch->cli->once;
		return;
	}
	copy = malloc(item->length + 1);
	if (!copy)
		return;
	memcpy(copy, item->bytes, item->length);
	free(watch->shown);
	watch->shown = copy;
	watch->shown_length = item->length;
	show_table(watch);
	watch->done = watch->done || (watch->lines > 0 && watch->cli->once);
}

/* ---- What comes ------------------------------------------------------------------------------------------------- */

static void subscribe(struct watch *watch, struct period period)
{
	char topic[TOPIC_BYTES];

	watch->period = period;
	watch->has_period = true;
	topic_summary_json(topic, watch->cli->org, watch->cli->team, period);
	listener_subscribe(watch->listener, SLOT_FIGURES, topic);
}

static void follow(struct watch *watch, uint32_t today)
{
	struct period now = period_of_quarter(quarter_of_day(today));

	if (watch->follows && (!watch->has_period || now.quarter != watch->period.quarter))
		subscribe(watch, now);
}

static void status_came(struct watch *watch, const struct listener_item *item)
{
	json_t *status = json_loadb((const char *)item->bytes, item->length, 0, NULL);
	const char *text = json_string_value(json_object_get(status, "today"));
	uint32_t today;

	if (json_is_false(json_object_get(status, "online")))
		watch->stopped =
			"turfd loopt niet; dit is de laatste stand / turfd is not running; these are its last figures";
	else
		watch->stopped = NULL;
	if (text && date_parse(text, &today) == 0)
		follow(watch, today);
	json_decref(status);
	if (watch->shown && !watch->cli->json)
		show_table(watch);
}

static bool is_wanted(const struct watch *watch, const struct topic *topic)
{
	return topic->kind == TOPIC_SUMMARY_JSON && strcmp(topic->team, watch->cli->team) == 0 && watch->has_period &&
	       topic->period.is_year == watch->period.is_year && topic->period.year == watch->period.year &&
	       topic->period.quarter == watch->period.quarter;
}

static void begin_patience(struct watch *watch)
{
	watch->until_ms = session_monotonic_ms() + (watch->cli->wait_ms < 0 ? WAIT_MS : watch->cli->wait_ms);
}

static void connected(struct watch *watch)
{
	if (watch->lost)
		begin_patience(watch);
	watch->lost = NULL;
}

static int take_item(struct watch *watch, const struct listener_item *item)
{
	switch (item->kind) {
	case LISTENER_MESSAGE:
		connected(watch); /* it may come before the answer to the subscription */
		if (item->topic->kind == TOPIC_STATUS)
			status_came(watch, item);
		else if (is_wanted(watch, item->topic) && item->length > 0)
			show(watch, item);
		return 0;
	case LISTENER_DOWN:
		if (watch->cli->once || !watch->shown)
			(void)cli_complain(0, "%s%s", item->text, watch->cli->once ? "" : "; trying again");
		watch->lost = "geen verbinding; dit is de laatste stand / no connection; these are the last figures";
		if (watch->shown)
			show_table(watch);
		return watch->cli->once ? EXIT_UNREACHABLE : 0;
	case LISTENER_UP:
		connected(watch);
		return 0;
	case LISTENER_SIGNAL:
		if (item->signal == SIGWINCH && watch->shown)
			show_table(watch);
		watch->done = item->signal != SIGWINCH;
		return 0;
	case LISTENER_NOTHING:
		return 0;
	}
	return 0;
}

/* How long to wait for the next thing: for the date first, then for the first figures. */
static int patience_ms(const struct watch *watch)
{
	int64_t left_ms = watch->until_ms - session_monotonic_ms();

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

static int run(struct watch *watch)
{
	int rc = 0;

	begin_patience(watch);
	while (rc == 0 && !watch->done) {
		struct listener_item item = listener_next(watch->listener, patience_ms(watch));

		if (item.kind == LISTENER_NOTHING && !watch->has_period)
			follow(watch, cli_today(watch->cli->timezone));
		else if (item.kind == LISTENER_NOTHING)
			rc = no_figures(watch);
		else
			rc = take_item(watch, &item);
	}
	return rc;
}

int cli_watch(struct cli *cli)
{
	struct watch watch = { .cli = cli, .follows = !cli->period, .terminal = isatty(STDOUT_FILENO) == 1 };
	char status[TOPIC_BYTES];
	struct period period;
	struct error error;
	int rc;

	cli->team = cli->team ? cli->team : TEAM_ALL;
	if (!topic_slug_valid(cli->team))
		return cli_complain(EXIT_USAGE, "--team \"%s\": expected a team's id, or all", cli->team);
	if (cli->period && period_parse(cli->period, &period) != 0)
		return cli_complain(EXIT_USAGE, "--period \"%s\": expected YYYY-Qn or YYYY", cli->period);
	cli->signal_fd = listener_open_signals();
	rc = cli_find_org(cli, false);
	if (rc != 0)
		return rc;
	topic_status(status, cli->org);
	if (listener_open(&watch.listener, cli, cli->signal_fd, &error) < 0)
		return cli_complain(EXIT_FAULT, "%s", error.text);
	listener_subscribe(watch.listener, SLOT_STATUS, status);
	if (cli->period)
		subscribe(&watch, period);
	rc = run(&watch);
	listener_close(watch.listener);
	free(watch.shown);
	if (cli->signal_fd >= 0)
		(void)close(cli->signal_fd);
	return rc;
}
