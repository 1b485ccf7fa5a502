/* SPDX-License-Identifier: EUPL-1.2 */
/* join, token, status: the access to an organisation whose broker asks for tokens. */
#include "broker-client/cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What stands before libturf's sentence about a refusal. */
static const char *refusal_words(int result)
{
	switch (result) {
	case TURF_NOT_JOINED:
		return "niet aangemeld / not joined";
	case TURF_NOT_INVITED:
		return "uitnodiging onbekend / invitation unknown";
	case TURF_INVITATION_USED:
		return "uitnodiging al gebruikt / invitation used before";
	case TURF_INVITATION_ENDED:
		return "uitnodiging verlopen / invitation has ended";
	case TURF_REVOKED:
		return "toegang ingetrokken / access ended";
	default:
		return "geen toegangsbewijs over / no token left";
	}
}

static int complain_of(int result, const struct turf_error *error)
{
	if (result < 0)
		return cli_complain(cli_status_of_fault(result), "%s", error->text);
	return cli_complain(EXIT_REFUSED, "%s: %s", refusal_words(result), error->text);
}

/* Opens the outbox without a connection, of the org that is found. */
static int open_outbox(struct cli *cli, struct turf **turf)
{
	int rc = cli_find_org(cli, true);

	return rc == 0 ? cli_open(cli, turf, false, NULL, NULL) : rc;
}

/* ---- status ----------------------------------------------------------------------------------------------------- */

static void print_access(const struct turf_access *access)
{
	text_print(stdout, "teams: %s, %s\n", access->scope, access->origin);
	(void)printf("toegangsbewijzen nu / tokens now: %u\n", access->tokens);
	for (uint32_t i = 0; i < access->n_weeks; i++)
		(void)printf("  %u-W%02u: %u\n", access->weeks[i].iso_year, access->weeks[i].week,
			     access->weeks[i].tokens);
}

/* 0, or the exit status that the access has. */
static int show_access(struct turf *turf)
{
	struct turf_access access = {.size = sizeof access};
	struct turf_error error;
	int rc = turf_get_access(turf, &access, &error);

	if (rc == TURF_NOT_JOINED) {
		(void)puts("niet aangemeld met een uitnodiging / not joined with an invitation");
		return EXIT_DONE;
	}
	if (rc != 0)
		return complain_of(rc, &error);
	print_access(&access);
	if (access.revoked)
		return cli_complain(EXIT_REFUSED,
				    "toegang ingetrokken; vraag een nieuwe uitnodiging / access ended; ask "
				    "for a new invitation");
	return EXIT_DONE;
}

int cli_status(struct cli *cli)
{
	struct turf_error error;
	struct turf *turf = NULL;
	size_t waiting;
	int rc = open_outbox(cli, &turf);

	if (rc == 0) {
		rc = turf_pending(turf, &waiting, &error);
		rc = rc < 0 ? complain_of(rc, &error) : show_access(turf);
	}
	if (rc == EXIT_DONE || rc == EXIT_REFUSED) {
		turf_catalogue_free(cli_known_catalogue(cli, turf));
		(void)printf("%zu wacht / waiting", waiting);
		cli_print_for_org(stdout, cli);
		cli_print_later(turf);
	}
	turf_close(turf);
	return rc;
}

/* ---- join ------------------------------------------------------------------------------------------------------- */

/* The org of the invitation, and its outbox. 0 or an exit status. */
static int find_place(struct cli *cli, struct turf_invitation *invitation)
{
	char org[TURF_TEAM_BYTES];
	struct turf_error error;
	int rc = turf_invitation_org(invitation, org, &error);

	if (rc != 0)
		return complain_of(rc, &error);
	if (cli->org && strcmp(cli->org, org) != 0)
		return cli_complain(EXIT_USAGE, "the invitation is for \"%s\", and --org or TURF_ORG says \"%s\"", org,
				    cli->org);
	memcpy(cli->org_found, org, sizeof cli->org_found);
	cli->org = cli->org_found;
	rc = cli_find_outbox(cli);
	invitation->outbox = cli->outbox_path;
	return rc;
}

enum { LINK_BYTES = 1024 };

/* The link of the command line, or else a line of standard input: other users of the machine see the arguments of every program.
 * 0 or an exit status. */
static int read_link(const struct cli *cli, char line[static LINK_BYTES], const char **link)
{
	if (cli->n_arguments > 0 && strcmp(cli->arguments[0], "-") != 0) {
		*link = cli->arguments[0];
		return EXIT_DONE;
	}
	if (isatty(STDIN_FILENO) == 1)
		(void)fputs("plak de uitnodiging / paste the invitation: ", stderr);
	if (!fgets(line, LINK_BYTES, stdin))
		return cli_complain(EXIT_USAGE,
				    "geen uitnodiging op standaardinvoer / no invitation on standard input; see turf "
				    "join --help");
	line += strspn(line, " \t");
	line[strcspn(line, " \t\r\n")] = '\0';
	*link = line;
	return EXIT_DONE;
}

int cli_join(struct cli *cli)
{
	char line[LINK_BYTES];
	struct turf_invitation invitation = {.size = sizeof invitation, .ca_file = cli->ca_file};
	struct turf_error error;
	struct turf *turf = NULL;
	int rc = read_link(cli, line, &invitation.link);

	if (rc == 0)
		rc = find_place(cli, &invitation);
	if (rc != 0)
		return rc;
	rc = turf_join(&invitation, &error);
	if (rc != 0)
		return complain_of(rc, &error);
	rc = cli_open(cli, &turf, false, NULL, NULL);
	if (rc == 0) {
		(void)fputs("aangemeld / joined", stdout);
		cli_print_for_org(stdout, cli);
		rc = show_access(turf);
	}
	turf_close(turf);
	return rc;
}

/* ---- token ------------------------------------------------------------------------------------------------------ */

int cli_token(struct cli *cli)
{
	char token[TURF_TOKEN_BYTES];
	struct turf_error error;
	struct turf *turf = NULL;
	int rc = open_outbox(cli, &turf);

	if (rc == 0) {
		rc = turf_take_token(turf, token, &error);
		rc = rc == 0 ? (puts(token) >= 0 ? EXIT_DONE : EXIT_FAULT) : complain_of(rc, &error);
	}
	turf_close(turf);
	return rc;
}
