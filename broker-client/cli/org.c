/* SPDX-License-Identifier: EUPL-1.2 */
/* Which org a command is for, when nobody says. */
#include "broker-client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "broker-client/cli/listener.h"

enum {
	QUIET_MS = 200, /* after the second subscription stands; for brokers that send what they keep in their own time */
	WAIT_MS = 5000,
	ANSWER_BYTES = 128,
};

enum { SLOT_CATALOGUES, SLOT_STATUSES };

/* ---- Sets of orgs ----------------------------------------------------------------------------------------------- */

/* Those of `from` that `other` has too (`in`), or has not, added to `to`. */
static void add_those(struct orgs *to, const struct orgs *from, const struct orgs *other, bool in)
{
	size_t index;

	for (size_t i = 0; i < from->n; i++)
		if (orgs_find(other, from->all[i].id, &index) == in)
			to->all[orgs_add(to, from->all[i].id)] = from->all[i];
}

/* ---- Asking the broker ------------------------------------------------------------------------------------------ */

/* An org that is there has a status, which the broker keeps even while its turfd is away, and a catalogue. */
static void note_message(struct orgs *orgs, const struct listener_item *item)
{
	struct catalogue catalogue;
	size_t index;

	if (item->length == 0 || (item->topic->kind != TOPIC_CATALOGUE && item->topic->kind != TOPIC_STATUS))
		return;
	index = orgs_add(orgs, item->topic->org);
	if (item->topic->kind != TOPIC_CATALOGUE || catalogue_decode(item->bytes, item->length, &catalogue) != 0)
		return;
	memcpy(orgs->all[index].name, catalogue.name, NAME_BYTES);
	memcpy(orgs->all[index].timezone, catalogue.timezone, NAME_BYTES);
	catalogue_release(&catalogue);
}

/*
 * The orgs that the broker shows to us. A broker may answer a subscription before it sends what it keeps for it, so the
 * answer says nothing about how many are still to come. A broker takes a client's packets in turn, though: when a second
 * subscription is answered, what the first one brought has been sent. (Mosquitto does so in any case, before it answers.)
 * 0, a fault when the broker cannot be asked, or the signal that ends the asking.
 */
static int ask_broker(const struct cli *cli, struct orgs *orgs, struct error *error)
{
	int64_t until_ms = session_monotonic_ms() + (cli->wait_ms > 0 ? cli->wait_ms : WAIT_MS);
	struct listener *listener = NULL;
	unsigned answered = 0;
	int rc = listener_open(&listener, cli, cli->signal_fd, error);

	if (rc == 0)
		listener_subscribe(listener, SLOT_CATALOGUES, "turf/v1/+/catalogue");
	while (rc == 0) {
		int64_t left_ms = until_ms - session_monotonic_ms();
		struct listener_item item =
			listener_next(listener, answered > 1 ? QUIET_MS : left_ms < 0 ? 0 : (int)left_ms);

		if (item.kind == LISTENER_UP && ++answered == 1)
			listener_subscribe(listener, SLOT_STATUSES, "turf/v1/+/status/aggregator");
		else if (item.kind == LISTENER_MESSAGE)
			note_message(orgs, &item);
		else if (item.kind == LISTENER_DOWN)
			rc = error_set(error, FAULT_BROKER, "%s", item.text);
		else if (item.kind == LISTENER_SIGNAL && item.signal != SIGWINCH)
			rc = item.signal;
		else if (item.kind == LISTENER_NOTHING)
			break;
	}
	if (rc == 0 && answered < 2)
		rc = error_set(error, FAULT_BROKER, "%s does not answer", cli->broker);
	listener_close(listener);
	return rc;
}

/* ---- Asking the person ------------------------------------------------------------------------------------------ */

static void list_orgs(const struct orgs *orgs, const struct orgs *shown, bool numbered)
{
	for (size_t i = 0; i < orgs->n; i++) {
		const char *name = orgs->all[i].name;
		size_t index;

		(void)fputs("  ", stderr);
		if (numbered)
			(void)fprintf(stderr, "%2zu  ", i + 1);
		text_print(stderr, "%s%s%s%s%s\n", orgs->all[i].id, *name ? " (" : "", name, *name ? ")" : "",
			   shown->n == 0 || orgs_find(shown, orgs->all[i].id, &index) ? "" : ", niet bij deze broker / not at this broker");
	}
}

/* A number of the list, or an id. */
static bool understood(const struct orgs *orgs, const char *answer, size_t *index)
{
	char *end;
	unsigned long number = strtoul(answer, &end, 10);

	*index = number - 1;
	return (*answer >= '1' && *answer <= '9' && *end == '\0' && number <= orgs->n) || orgs_find(orgs, answer, index);
}

/* A line that was typed; false: the end, or a signal that ends the command. What is too long is no answer. */
static bool read_answer(const struct cli *cli, char answer[static ANSWER_BYTES])
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = cli->signal_fd, .events = POLLIN },
	};
	ssize_t length = -1;

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if ((fds[1].revents & POLLIN) == 0)
		length = read(STDIN_FILENO, answer, ANSWER_BYTES - 1);
	if (length <= 0)
		return false;
	answer[length] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	return true;
}

static bool ask_person(const struct cli *cli, const struct orgs *orgs, const struct orgs *shown, size_t *index)
{
	char answer[ANSWER_BYTES];

	(void)cli_complain(0, "voor welke organisatie? / for which organisation?");
	list_orgs(orgs, shown, true);
	for (;;) {
		(void)fprintf(stderr, "1-%zu: ", orgs->n);
		(void)fflush(stderr);
		if (!read_answer(cli, answer)) {
			(void)fputc('\n', stderr);
			return false;
		}
		if (understood(orgs, answer, index))
			return true;
	}
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

static int use_org(struct cli *cli, const struct orgs *orgs, size_t index)
{
	memcpy(cli->org_found, orgs->all[index].id, SLUG_BYTES);
	memcpy(cli->org_name, orgs->all[index].name, NAME_BYTES);
	memcpy(cli->timezone, orgs->all[index].timezone, NAME_BYTES);
	cli->org = cli->org_found;
	return 0;
}

/* A command without terminal has nobody to ask, and one whose standard input is a file of questions neither. */
static int choose_org(struct cli *cli, const struct orgs *orgs, const struct orgs *shown)
{
	size_t index;

	if (orgs->n == 1)
		return use_org(cli, orgs, 0);
	if (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1)
		return ask_person(cli, orgs, shown, &index) ? use_org(cli, orgs, index) : EXIT_USAGE;
	(void)cli_complain(
		0, "meer dan een organisatie; zeg welke met --org of TURF_ORG / more than one organisation; say which "
		   "with --org or TURF_ORG:");
	list_orgs(orgs, shown, false);
	return EXIT_USAGE;
}

int cli_find_org(struct cli *cli, bool local_first)
{
	struct orgs here = { .n = 0 }, shown = { .n = 0 }, candidates = { .n = 0 };
	char of_outbox[SLUG_BYTES];
	struct error error;
	int rc;

	if (cli->org)
		return topic_slug_valid(cli->org)
			       ? 0
			       : cli_complain(EXIT_USAGE, "--org \"%s\": expected [a-z0-9][a-z0-9-]{0,30}", cli->org);
	if (cli->outbox && outbox_org(cli->outbox, of_outbox) == 0)
		return use_org(cli, &here, orgs_add(&here, of_outbox));
	if (!cli->outbox)
		cli_orgs_here(&here);
	if (local_first && here.n == 1)
		return use_org(cli, &here, 0);
	rc = ask_broker(cli, &shown, &error);
	if (rc > 0)
		return EXIT_UNREACHABLE;
	add_those(&candidates, &shown, &here, true);
	if (candidates.n == 0) {
		add_those(&candidates, &shown, &here, false);
		add_those(&candidates, &here, &shown, false);
	}
	if (candidates.n > 0)
		return choose_org(cli, &candidates, &shown);
	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc),
				    "%s; without the broker, give the organisation with --org or TURF_ORG", error.text);
	return cli_complain(EXIT_UNREACHABLE, "%s shows no organisation; is turfd running? Or give one with --org",
			    cli->broker);
}
