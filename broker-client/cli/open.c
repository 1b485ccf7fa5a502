/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "base/zone.h"
#include "proto/calendar.h"
#include "proto/topic.h"

int cli_complain(int status, const char *format, ...)
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

int cli_status_of_fault(int fault)
{
	return fault == TURF_INPUT || fault == TURF_FOREIGN ? EXIT_USAGE
	       : fault == TURF_BROKER                       ? EXIT_UNREACHABLE
							    : EXIT_FAULT;
}

uint32_t cli_today(const char *zone)
{
	struct tm local;
	time_t now = time(NULL);

	if (!*zone)
		zone = ZONE_DEFAULT;
	if (!zone_known(zone) || zone_time(zone, (int64_t)now, &local, NULL) < 0)
		(void)localtime_r(&now, &local); /* a machine without the zone database */
	return day_of_date(
		(struct date){.year = local.tm_year + 1900, .month = local.tm_mon + 1, .day = local.tm_mday});
}

void cli_note_catalogue(struct cli *cli, const struct turf_catalogue *catalogue)
{
	(void)snprintf(cli->org_name, sizeof cli->org_name, "%s", catalogue->name);
	(void)snprintf(cli->timezone, sizeof cli->timezone, "%s", catalogue->timezone);
}

int cli_credentials(struct cli *cli)
{
	struct turf_error error;
	int rc = turf_check_broker(cli->broker, &error);

	if (rc == 0 && cli->credentials)
		rc = turf_read_credentials(cli->credentials, &cli->user, &cli->password, &error);
	return rc < 0 ? cli_complain(EXIT_USAGE, "%s", error.text) : 0;
}

struct turf_catalogue *cli_known_catalogue(struct cli *cli, struct turf *turf)
{
	struct turf_catalogue *catalogue;

	if (turf_catalogue(turf, 0, 0, &catalogue, NULL) == 0)
		cli_note_catalogue(cli, catalogue);
	return catalogue;
}

/* ---- Places ----------------------------------------------------------------------------------------------------- */

bool cli_state_folder(char path[static PATH_BYTES])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;

	if (state && *state == '/')
		length = snprintf(path, PATH_BYTES, "%s/turf", state);
	else if (home && *home)
		length = snprintf(path, PATH_BYTES, "%s/.local/state/turf", home);
	else
		return false;
	return length > 0 && length < PATH_BYTES - TURF_TEAM_BYTES - 1;
}

int cli_find_outbox(struct cli *cli)
{
	size_t length;

	if (cli->outbox) {
		length = strlen(cli->outbox);
		if (length >= sizeof cli->outbox_path)
			return cli_complain(EXIT_USAGE, "--outbox: the name is too long");
		memcpy(cli->outbox_path, cli->outbox, length + 1);
		return 0;
	}
	if (!cli_state_folder(cli->outbox_path))
		return cli_complain(EXIT_USAGE, "neither XDG_STATE_HOME nor HOME is set, so there is no place for the "
						"outbox; give --outbox FOLDER");
	length = strlen(cli->outbox_path);
	(void)snprintf(cli->outbox_path + length, sizeof cli->outbox_path - length, "/%s", cli->org);
	return 0;
}

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

struct turf_options cli_options(const struct cli *cli)
{
	return (struct turf_options){
		.size = sizeof(struct turf_options),
		.broker = cli->broker,
		.org = cli->org,
		.user = cli->user,
		.password = cli->password,
		.ca_file = cli->ca_file,
		.retry_ms = cli->retry_ms,
	};
}

int cli_open(struct cli *cli, struct turf **turf, bool connect,
	     void (*on_verdict)(void *context, const struct turf_answer *answer), void *context)
{
	struct turf_options options = cli_options(cli);
	struct turf_error error;
	int rc = cli_find_outbox(cli);

	if (rc != 0)
		return rc;
	if (!connect)
		options.broker = NULL;
	options.outbox = cli->outbox_path;
	options.on_verdict = on_verdict;
	options.context = context;
	rc = turf_open(turf, &options, &error);
	return rc == 0 ? 0 : cli_complain(cli_status_of_fault(rc), "%s", error.text);
}
