/* SPDX-License-Identifier: EUPL-1.2 */
/* Finds the org of a command that has no --org. */
#include "broker-client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "broker-client/cli/signals.h"
#include "proto/topic.h"

enum {
	WAIT_MS = 5000,
	ANSWER_BYTES = 128,
};

/* ---- Sets of orgs ----------------------------------------------------------------------------------------------- */

/* Adds those orgs of `from` to `to` that are in `other`, or, with `in` false, are not. */
static void add_those(struct orgs *to, const struct orgs *from, const struct orgs *other, bool in)
{
	size_t index;

	for (size_t i = 0; i < from->n; i++)
		if (orgs_find(other, from->all[i].id, &index) == in)
			to->all[orgs_add(to, from->all[i].id)] = from->all[i];
}

/* ---- Asking the broker ------------------------------------------------------------------------------------------ */

/* Adds the orgs that the broker shows. 0; TURF_WOKEN: a signal ends the command; or a fault. */
static int ask_broker(const struct cli *cli, struct orgs *orgs, char *error, size_t size)
{
	const struct turf_options options = cli_options(cli);
	int ending_fd = cli->signal_fd < 0 ? -1 : signals_open_ending();
	struct turf_organisations *found;
	int rc =
		turf_organisations(&options, ending_fd, cli->wait_ms > 0 ? cli->wait_ms : WAIT_MS, &found, error, size);

	if (ending_fd >= 0)
		(void)close(ending_fd);
	for (size_t i = 0; found && i < found->n; i++) {
		const struct turf_organisation *one = found->organisations[i];
		size_t index = orgs_add(orgs, one->id);

		(void)snprintf(orgs->all[index].name, TURF_NAME_BYTES, "%s", one->name);
		(void)snprintf(orgs->all[index].timezone, TURF_NAME_BYTES, "%s", one->timezone);
	}
	turf_free(found);
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
			   shown->n == 0 || orgs_find(shown, orgs->all[i].id, &index)
				   ? ""
				   : ", niet bij deze broker / not at this broker");
	}
}

/* A number of the list, or an id. */
static bool understood(const struct orgs *orgs, const char *answer, size_t *index)
{
	char *end;
	unsigned long number = strtoul(answer, &end, 10);

	*index = number - 1;
	return (*answer >= '1' && *answer <= '9' && *end == '\0' && number <= orgs->n) ||
	       orgs_find(orgs, answer, index);
}

/* Reads a line from the terminal. False: there is none, or a signal ends the command. A line that is too long is no answer. */
static bool read_answer(const struct cli *cli, char answer[static ANSWER_BYTES])
{
	struct pollfd fds[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = cli->signal_fd, .events = POLLIN},
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
	memcpy(cli->org_found, orgs->all[index].id, TURF_TEAM_BYTES);
	memcpy(cli->org_name, orgs->all[index].name, TURF_NAME_BYTES);
	memcpy(cli->timezone, orgs->all[index].timezone, TURF_NAME_BYTES);
	cli->org = cli->org_found;
	return 0;
}

/* Only at a terminal can somebody be asked: standard input may also be a file of questions. */
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
	struct orgs here = {.n = 0}, shown = {.n = 0}, candidates = {.n = 0};
	char of_outbox[TURF_TEAM_BYTES], error[TURF_ERROR_BYTES];
	int rc;

	if (cli->org)
		return topic_slug_valid(cli->org)
			       ? 0
			       : cli_complain(EXIT_USAGE, "--org \"%s\": expected [a-z0-9][a-z0-9-]{0,30}", cli->org);
	if (cli->outbox && turf_outbox_org(cli->outbox, of_outbox) == 0)
		return use_org(cli, &here, orgs_add(&here, of_outbox));
	if (!cli->outbox)
		cli_orgs_here(&here);
	if (local_first && here.n == 1)
		return use_org(cli, &here, 0);
	rc = ask_broker(cli, &shown, error, sizeof error);
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
				    "%s; without the broker, give the organisation with --org or TURF_ORG", error);
	return cli_complain(EXIT_UNREACHABLE, "%s shows no organisation; is turfd running? Or give one with --org",
			    cli->broker);
}
