/* SPDX-License-Identifier: EUPL-1.2 */
/* Finds the org of a command that has no --org. */
#include "broker-client/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proto/topic.h"

enum {
	WAIT_MS = 5000,
	ANSWER_BYTES = 128,
	ORGS_MAX = 80, /* more than turf_organisations finds */
};

struct org {
	char id[TURF_TEAM_BYTES];
	char name[TURF_NAME_BYTES], timezone[TURF_NAME_BYTES]; /* empty: not known */
	bool here;                                             /* it has an outbox in the usual place */
	bool shown;                                            /* the broker shows it */
};

/* No org is in it twice. */
struct orgs {
	struct org all[ORGS_MAX];
	size_t n;
};

static struct org *find_org(struct orgs *orgs, const char *id)
{
	for (size_t i = 0; i < orgs->n; i++)
		if (strcmp(orgs->all[i].id, id) == 0)
			return &orgs->all[i];
	return NULL;
}

/* Finds an org, or adds it. A new org beyond ORGS_MAX replaces the last one; there are still several orgs then. */
static struct org *add_org(struct orgs *orgs, const char *id)
{
	struct org *org = find_org(orgs, id);

	if (org)
		return org;
	orgs->n += orgs->n < ORGS_MAX;
	org = &orgs->all[orgs->n - 1];
	*org = (struct org){.here = false};
	(void)snprintf(org->id, sizeof org->id, "%s", id);
	return org;
}

static void add_those_here(struct orgs *orgs)
{
	char path[PATH_BYTES];
	struct dirent *entry;
	DIR *folder = cli_state_folder(path) ? opendir(path) : NULL;

	while (folder && (entry = readdir(folder)))
		if (topic_slug_valid(entry->d_name))
			add_org(orgs, entry->d_name)->here = true;
	if (folder)
		(void)closedir(folder);
}

/* Adds the orgs that the broker shows. 0; TURF_WOKEN: a signal ends the command; or a fault. */
static int add_those_shown(const struct cli *cli, struct orgs *orgs, struct turf_error *error)
{
	const struct turf_options options = cli_options(cli);
	int ending_fd = cli->signal_fd < 0 ? -1 : signals_open_fd(false);
	struct turf_organisations *found;
	int rc = turf_organisations(&options, ending_fd, cli->wait_ms > 0 ? cli->wait_ms : WAIT_MS, &found, error);

	if (ending_fd >= 0)
		(void)close(ending_fd);
	for (size_t i = 0; found && i < found->n; i++) {
		const struct turf_organisation *one = found->organisations[i];
		struct org *org = add_org(orgs, one->id);

		org->shown = true;
		(void)snprintf(org->name, sizeof org->name, "%s", one->name);
		(void)snprintf(org->timezone, sizeof org->timezone, "%s", one->timezone);
	}
	turf_free(found);
	return rc;
}

/* Takes the orgs that are in both places. If there are none, takes all, beginning with those that the broker shows. */
static void find_candidates(struct orgs *candidates, const struct orgs *orgs)
{
	bool both = false;

	for (size_t i = 0; i < orgs->n; i++)
		both = both || (orgs->all[i].here && orgs->all[i].shown);
	for (int shown = 1; shown >= 0; shown--)
		for (size_t i = 0; i < orgs->n; i++)
			if (orgs->all[i].shown == shown && (!both || (orgs->all[i].here && shown)))
				candidates->all[candidates->n++] = orgs->all[i];
}

/* ---- Asking the person ------------------------------------------------------------------------------------------ */

static void list_orgs(const struct orgs *orgs, bool numbered)
{
	bool any_shown = orgs->all[0].shown;

	for (size_t i = 0; i < orgs->n; i++) {
		const struct org *org = &orgs->all[i];

		(void)fputs("  ", stderr);
		if (numbered)
			(void)fprintf(stderr, "%2zu  ", i + 1);
		text_print(stderr, "%s%s%s%s%s\n", org->id, *org->name ? " (" : "", org->name, *org->name ? ")" : "",
			   any_shown && !org->shown ? ", niet bij deze broker / not at this broker" : "");
	}
}

/* The org that an answer names, by its number in the list or by its id. NULL: the answer is neither. */
static struct org *understand(struct orgs *orgs, const char *answer)
{
	uint32_t number;

	if (*answer != '0' && text_number(answer, 1, (uint32_t)orgs->n, &number))
		return &orgs->all[number - 1];
	return find_org(orgs, answer);
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

/* NULL: there is no answer, or a signal ends the command. */
static const struct org *ask_person(const struct cli *cli, struct orgs *orgs)
{
	char answer[ANSWER_BYTES];
	const struct org *org = NULL;

	(void)cli_complain(0, "voor welke organisatie? / for which organisation?");
	list_orgs(orgs, true);
	while (!org) {
		(void)fprintf(stderr, "1-%zu: ", orgs->n);
		(void)fflush(stderr);
		if (!read_answer(cli, answer)) {
			(void)fputc('\n', stderr);
			return NULL;
		}
		org = understand(orgs, answer);
	}
	return org;
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

static int use_org(struct cli *cli, const struct org *org)
{
	memcpy(cli->org_found, org->id, sizeof cli->org_found);
	memcpy(cli->org_name, org->name, sizeof cli->org_name);
	memcpy(cli->timezone, org->timezone, sizeof cli->timezone);
	cli->org = cli->org_found;
	return 0;
}

/* Only at a terminal can somebody be asked: standard input may also be a file of questions. */
static int choose_org(struct cli *cli, struct orgs *orgs)
{
	const struct org *org = &orgs->all[0];

	if (orgs->n > 1 && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1) {
		org = ask_person(cli, orgs);
	} else if (orgs->n > 1) {
		(void)cli_complain(0, "meer dan een organisatie; zeg welke met --org of TURF_ORG / more than one "
				      "organisation; say which with --org or TURF_ORG:");
		list_orgs(orgs, false);
		org = NULL;
	}
	return org ? use_org(cli, org) : EXIT_USAGE;
}

bool cli_has_joined(const char *org, const char *outbox)
{
	struct turf_access access = {.size = sizeof access};
	struct turf_options options = {.size = sizeof options, .org = org, .outbox = outbox};
	char of_outbox[TURF_TEAM_BYTES];
	struct turf *turf;
	bool joined;

	if (turf_outbox_org(outbox, of_outbox) != 0 || turf_open(&turf, &options, NULL) != 0)
		return false;
	joined = turf_get_access(turf, &access, NULL) == 0;
	turf_close(turf);
	return joined;
}

/* The broker of an org that this device has joined asks for tokens, and would refuse whoever asks it for orgs. */
static bool has_joined(const struct org *org)
{
	char path[PATH_BYTES];

	if (!cli_state_folder(path))
		return false;
	(void)snprintf(path + strlen(path), TURF_TEAM_BYTES + 1, "/%s", org->id);
	return cli_has_joined(org->id, path);
}

int cli_find_org(struct cli *cli, bool local_first)
{
	struct orgs orgs = {.n = 0}, candidates = {.n = 0};
	char of_outbox[TURF_TEAM_BYTES];
	struct turf_error error;
	int rc;

	if (cli->org)
		return topic_slug_valid(cli->org)
			       ? 0
			       : cli_complain(EXIT_USAGE, "--org \"%s\": expected [a-z0-9][a-z0-9-]{0,30}", cli->org);
	if (cli->outbox && turf_outbox_org(cli->outbox, of_outbox) == 0)
		return use_org(cli, add_org(&orgs, of_outbox));
	if (!cli->outbox)
		add_those_here(&orgs);
	if (orgs.n == 1 && (local_first || has_joined(&orgs.all[0])))
		return use_org(cli, &orgs.all[0]);
	rc = add_those_shown(cli, &orgs, &error);
	if (rc > 0)
		return EXIT_UNREACHABLE;
	find_candidates(&candidates, &orgs);
	if (candidates.n > 0)
		return choose_org(cli, &candidates);
	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc),
				    "%s; without the broker, give the organisation with --org or TURF_ORG", error.text);
	return cli_complain(EXIT_UNREACHABLE, "%s shows no organisation; is turfd running? Or give one with --org",
			    cli->broker);
}
