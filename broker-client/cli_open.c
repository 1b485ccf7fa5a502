/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "broker-client/cli_listen.h"
#include "broker-client/mqtt_common.h"

enum {
	DISCOVERY_QUIET_MS = 200, /* after the subscription stands: retained catalogues come at once */
	DISCOVERY_WAIT_MS = 5000,
	ORGS_MAX = 16,
};

int complain(int status, const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fputs("turf: ", stderr);
	va_start(args, format);
	text_vprint(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}

int status_of_fault(int fault)
{
	return fault == FAULT_INPUT || fault == FAULT_FOREIGN ? EXIT_USAGE
	       : fault == FAULT_BROKER                        ? EXIT_UNREACHABLE
							      : EXIT_FAULT;
}

uint32_t local_day(void)
{
	time_t now = time(NULL);
	struct tm local;

	(void)localtime_r(&now, &local);
	return day_of_date(
		(struct date){ .year = local.tm_year + 1900, .month = local.tm_mon + 1, .day = local.tm_mday });
}

int cli_credentials(struct cli *cli)
{
	struct error error;

	if (mqtt_check_address(cli->broker, &error) < 0)
		return complain(EXIT_USAGE, "%s", error.text);
	if (cli->credentials && mqtt_read_credentials(cli->credentials, &cli->user, &cli->password, &error) < 0)
		return complain(EXIT_USAGE, "%s", error.text);
	return 0;
}

/* ---- Places ----------------------------------------------------------------------------------------------------- */

/* ${XDG_STATE_HOME:-~/.local/state}/turf; false when there is no home. */
static bool state_folder(char path[static PATH_BYTES])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;

	if (state && *state == '/')
		length = snprintf(path, PATH_BYTES, "%s/turf", state);
	else if (home && *home)
		length = snprintf(path, PATH_BYTES, "%s/.local/state/turf", home);
	else
		return false;
	return length > 0 && length < PATH_BYTES - SLUG_BYTES - 1;
}

/* The names in a folder that can be an org's: how many, the first into `org`. */
static size_t orgs_here(char org[static SLUG_BYTES])
{
	char path[PATH_BYTES];
	struct dirent *entry;
	size_t n = 0;
	DIR *folder = state_folder(path) ? opendir(path) : NULL;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (slug_valid(entry->d_name) && n++ == 0)
			memcpy(org, entry->d_name, strlen(entry->d_name) + 1);
	(void)closedir(folder);
	return n;
}

static int find_outbox(struct cli *cli)
{
	size_t length;

	if (cli->outbox) {
		length = strlen(cli->outbox);
		if (length >= sizeof cli->outbox_path)
			return complain(EXIT_USAGE, "--outbox: the name is too long");
		memcpy(cli->outbox_path, cli->outbox, length + 1);
		return 0;
	}
	if (!state_folder(cli->outbox_path))
		return complain(EXIT_USAGE,
				"neither XDG_STATE_HOME nor HOME says where the outbox is; give --outbox FOLDER");
	length = strlen(cli->outbox_path);
	(void)snprintf(cli->outbox_path + length, sizeof cli->outbox_path - length, "/%s", cli->org);
	return 0;
}

/* ---- Finding the org -------------------------------------------------------------------------------------------- */

struct orgs {
	char names[ORGS_MAX][SLUG_BYTES];
	size_t n;
};

static void note_org(struct orgs *orgs, const char *org)
{
	for (size_t i = 0; i < orgs->n; i++)
		if (strcmp(orgs->names[i], org) == 0)
			return;
	if (orgs->n < ORGS_MAX)
		memcpy(orgs->names[orgs->n++], org, SLUG_BYTES);
}

/* The orgs whose retained catalogue the broker shows to us. 0, a fault when it cannot be asked, or the signal that ends
 * the asking. */
static int ask_broker(const struct cli *cli, struct orgs *orgs, struct error *error)
{
	int64_t until_ms = monotonic_ms() + (cli->wait_ms > 0 ? cli->wait_ms : DISCOVERY_WAIT_MS);
	struct listener *listener = NULL;
	struct listener_item item;
	bool up = false;
	int rc = listener_open(&listener, cli, cli->signal_fd, error);

	if (rc == 0)
		listener_subscribe(listener, 0, "turf/v1/+/catalogue");
	while (rc == 0) {
		int64_t left_ms = until_ms - monotonic_ms();

		item = listener_next(listener, up ? DISCOVERY_QUIET_MS : left_ms < 0 ? 0 : (int)left_ms);
		if (item.kind == LISTENER_UP)
			up = true;
		else if (item.kind == LISTENER_MESSAGE && item.topic->kind == TOPIC_CATALOGUE && item.length > 0)
			note_org(orgs, item.topic->org);
		else if (item.kind == LISTENER_DOWN)
			rc = error_set(error, FAULT_BROKER, "%s", item.text);
		else if (item.kind == LISTENER_SIGNAL && item.signal != SIGWINCH)
			rc = item.signal;
		else if (item.kind == LISTENER_NOTHING)
			break;
	}
	if (rc == 0 && !up)
		rc = error_set(error, FAULT_BROKER, "%s does not answer", cli->broker);
	listener_close(listener);
	return rc;
}

static int use_org(struct cli *cli, const char *org)
{
	memcpy(cli->org_found, org, strlen(org) + 1);
	cli->org = cli->org_found;
	return 0;
}

static int several(const struct orgs *orgs)
{
	(void)complain(0, "several organisations are here; say which with --org or TURF_ORG:");
	for (size_t i = 0; i < orgs->n; i++)
		(void)fprintf(stderr, "  %s\n", orgs->names[i]);
	return EXIT_USAGE;
}

int cli_find_org(struct cli *cli, bool local_first)
{
	char local[SLUG_BYTES] = "";
	struct orgs orgs = { .n = 0 };
	struct error error;
	int rc;

	if (cli->org)
		return slug_valid(cli->org)
			       ? 0
			       : complain(EXIT_USAGE, "--org \"%s\": expected [a-z0-9][a-z0-9-]{0,30}", cli->org);
	if (cli->outbox && outbox_org(cli->outbox, local) == 0)
		return use_org(cli, local);
	if (!cli->outbox && local_first && orgs_here(local) == 1)
		return use_org(cli, local);
	rc = ask_broker(cli, &orgs, &error);
	if (rc > 0)
		return EXIT_UNREACHABLE;
	if (orgs.n > 1)
		return several(&orgs);
	if (orgs.n == 1)
		return use_org(cli, orgs.names[0]);
	if (!cli->outbox && orgs_here(local) == 1)
		return use_org(cli, local);
	if (rc < 0)
		return complain(status_of_fault(rc),
				"%s; and without the broker --org or TURF_ORG must say which organisation", error.text);
	return complain(EXIT_UNREACHABLE, "%s shows no organisation; is turfd running? Or say which with --org",
			cli->broker);
}

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

int cli_open(struct cli *cli, struct turf **turf, bool connect,
	     void (*on_verdict)(void *context, const struct turf_answer *answer), void *context)
{
	struct turf_options options = {
		.broker = connect ? cli->broker : NULL,
		.org = cli->org,
		.outbox = cli->outbox_path,
		.user = cli->user,
		.password = cli->password,
		.ca_file = cli->ca_file,
		.retry_ms = cli->retry_ms,
		.on_verdict = on_verdict,
		.context = context,
	};
	char error[TURF_ERROR_BYTES];
	int rc = find_outbox(cli);

	if (rc != 0)
		return rc;
	rc = turf_open(turf, &options, error, sizeof error);
	return rc == 0 ? 0 : complain(status_of_fault(rc), "%s", error);
}
