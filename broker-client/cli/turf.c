/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turf: registers questions, takes them back, shows a team's counts, replays files. Exit statuses: cli.h.
 */
#include "broker-client/cli/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/standard.h"

#define BROKER_DEFAULT "mqtt://127.0.0.1:18830"

enum { WAIT_MAX_S = 86400, CLIENTS_MAX = 1000, RATE_MAX = 1000000, RETRY_MIN_MS = 10, RETRY_MAX_MS = 300000 };

/* Long options only; each is a bit in struct command. */
enum option_id {
	OPTION_HELP, OPTION_BROKER, OPTION_ORG, OPTION_CREDENTIALS, OPTION_CA, OPTION_OUTBOX, OPTION_WAIT, OPTION_TEAM,
	OPTION_REFERRED, OPTION_LABEL, OPTION_DAY, OPTION_SEND, OPTION_DISMISS, OPTION_PERIOD, OPTION_JSON, OPTION_ONCE,
	OPTION_CLIENTS, OPTION_RATE, OPTION_SHIFT, OPTION_TODAY, OPTION_RETRY,
};

enum { OPTION_FIRST = 256, OPTIONS = OPTION_RETRY + 1 }; /* getopt's values, clear of characters */

/* What an option's value is, and the member of struct cli that takes it. */
enum option_kind { KIND_HELP, KIND_TEXT, KIND_FLAG, KIND_NUMBER, KIND_WAIT, KIND_LABEL };

struct option_spec {
	const char *name;
	enum option_kind kind;
	size_t member;
	unsigned min, max;
};

#define MEMBER(name) offsetof(struct cli, name)

static const struct option_spec specs[OPTIONS] = {
	[OPTION_HELP] = { "help", KIND_HELP, 0, 0, 0 },
	[OPTION_BROKER] = { "broker", KIND_TEXT, MEMBER(broker), 0, 0 },
	[OPTION_ORG] = { "org", KIND_TEXT, MEMBER(org), 0, 0 },
	[OPTION_CREDENTIALS] = { "credentials", KIND_TEXT, MEMBER(credentials), 0, 0 },
	[OPTION_CA] = { "ca", KIND_TEXT, MEMBER(ca_file), 0, 0 },
	[OPTION_OUTBOX] = { "outbox", KIND_TEXT, MEMBER(outbox), 0, 0 },
	[OPTION_WAIT] = { "wait", KIND_WAIT, MEMBER(wait_ms), 0, WAIT_MAX_S },
	[OPTION_TEAM] = { "team", KIND_TEXT, MEMBER(team), 0, 0 },
	[OPTION_REFERRED] = { "referred", KIND_FLAG, MEMBER(referred), 0, 0 },
	[OPTION_LABEL] = { "label", KIND_LABEL, MEMBER(labels), 0, CLI_LABELS_MAX },
	[OPTION_DAY] = { "day", KIND_TEXT, MEMBER(day), 0, 0 },
	[OPTION_SEND] = { "send", KIND_FLAG, MEMBER(send), 0, 0 },
	[OPTION_DISMISS] = { "dismiss", KIND_TEXT, MEMBER(dismiss), 0, 0 },
	[OPTION_PERIOD] = { "period", KIND_TEXT, MEMBER(period), 0, 0 },
	[OPTION_JSON] = { "json", KIND_FLAG, MEMBER(json), 0, 0 },
	[OPTION_ONCE] = { "once", KIND_FLAG, MEMBER(once), 0, 0 },
	[OPTION_CLIENTS] = { "clients", KIND_NUMBER, MEMBER(clients), 1, CLIENTS_MAX },
	[OPTION_RATE] = { "rate", KIND_NUMBER, MEMBER(rate), 1, RATE_MAX },
	[OPTION_SHIFT] = { "shift-to-today", KIND_FLAG, MEMBER(shift_to_today), 0, 0 },
	[OPTION_TODAY] = { "today", KIND_TEXT, MEMBER(today), 0, 0 },
	[OPTION_RETRY] = { "retry-ms", KIND_NUMBER, MEMBER(retry_ms), RETRY_MIN_MS, RETRY_MAX_MS },
};

#define BIT(id) (1ULL << (unsigned)(id))
#define COMMON                                                                                                         \
	(BIT(OPTION_HELP) | BIT(OPTION_BROKER) | BIT(OPTION_ORG) | BIT(OPTION_CREDENTIALS) | BIT(OPTION_CA) |          \
	 BIT(OPTION_OUTBOX) | BIT(OPTION_WAIT))

static const struct command commands[] = {
	{ "tap", cli_tap, COMMON | BIT(OPTION_TEAM) | BIT(OPTION_REFERRED) | BIT(OPTION_LABEL) | BIT(OPTION_DAY), 1,
	  1, false },
	{ "undo", cli_undo, COMMON | BIT(OPTION_TEAM) | BIT(OPTION_DAY), 0, 1, false },
	{ "pending", cli_pending, COMMON | BIT(OPTION_SEND) | BIT(OPTION_DISMISS), 0, 0, true },
	{ "watch", cli_watch, COMMON | BIT(OPTION_TEAM) | BIT(OPTION_PERIOD) | BIT(OPTION_JSON) | BIT(OPTION_ONCE), 0,
	  0, true },
	{ "replay", cli_replay,
	  COMMON | BIT(OPTION_CLIENTS) | BIT(OPTION_RATE) | BIT(OPTION_SHIFT) | BIT(OPTION_TODAY) | BIT(OPTION_RETRY),
	  1, 1, false },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int bad_number(const struct option_spec *spec, const char *text)
{
	return cli_complain(EXIT_USAGE, "--%s \"%s\": expected %u to %u", spec->name, text, spec->min, spec->max);
}

static int take_number(const struct option_spec *spec, const char *text, unsigned *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < spec->min || value > spec->max)
		return bad_number(spec, text);
	*number = (unsigned)value;
	return 0;
}

/* Seconds, with a fraction if you like. */
static int take_wait(const struct option_spec *spec, const char *text, int *wait_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end != '\0' || !(seconds <= WAIT_MAX_S))
		return bad_number(spec, text);
	*wait_ms = (int)(seconds * 1000);
	return 0;
}

static int take_label(struct cli *cli, const char *value)
{
	if (cli->n_labels == CLI_LABELS_MAX)
		return cli_complain(EXIT_USAGE, "--label: at most %d", CLI_LABELS_MAX);
	cli->labels[cli->n_labels++] = value;
	return 0;
}

static int take_option(struct cli *cli, const struct option_spec *spec, const char *value)
{
	void *member = (char *)cli + spec->member;

	switch (spec->kind) {
	case KIND_TEXT:
		*(const char **)member = value;
		return 0;
	case KIND_FLAG:
		*(bool *)member = true;
		return 0;
	case KIND_NUMBER:
		return take_number(spec, value, member);
	case KIND_WAIT:
		return take_wait(spec, value, member);
	case KIND_LABEL:
		return take_label(cli, value);
	case KIND_HELP:
		break;
	}
	return 0;
}

static void fill_options(struct option options[static OPTIONS + 1])
{
	for (int id = 0; id < OPTIONS; id++)
		options[id] = (struct option){
			.name = specs[id].name,
			.has_arg = specs[id].kind == KIND_HELP || specs[id].kind == KIND_FLAG ? no_argument
											      : required_argument,
			.val = OPTION_FIRST + id,
		};
	options[OPTIONS] = (struct option){0};
}

/* 0, or an exit status; `*helped`: help was asked for and given. */
static int parse(struct cli *cli, const struct command *command, int argc, char **argv, bool *helped)
{
	struct option options[OPTIONS + 1];
	int value, rc;

	fill_options(options);
	opterr = 0;
	while ((value = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		const struct option_spec *spec = value >= OPTION_FIRST ? &specs[value - OPTION_FIRST] : NULL;

		if (value == ':')
			return cli_complain(EXIT_USAGE, "%s needs a value; see turf %s --help", argv[optind - 1],
					    command->name);
		if (!spec || !(command->options & BIT(spec - specs)))
			return cli_complain(EXIT_USAGE, "turf %s has no option %s%s; see turf %s --help", command->name,
					    spec ? "--" : "", spec ? spec->name : argv[optind - 1], command->name);
		if (spec->kind == KIND_HELP) {
			cli_help(stdout, command->name);
			*helped = true;
			return 0;
		}
		rc = take_option(cli, spec, optarg);
		if (rc != 0)
			return rc;
	}
	cli->arguments = argv + optind;
	cli->n_arguments = argc - optind;
	if (cli->n_arguments < command->min_arguments)
		return cli_complain(EXIT_USAGE, "turf %s: an argument is missing; see turf %s --help", command->name,
				    command->name);
	if (cli->n_arguments > command->max_arguments)
		return cli_complain(EXIT_USAGE, "turf %s: there is no place for \"%s\"; see turf %s --help",
				    command->name, cli->arguments[command->max_arguments], command->name);
	return 0;
}

/* An empty variable is none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int help_command(int argc, char **argv)
{
	if (argc > 2 && !find_command(argv[2]))
		return cli_complain(EXIT_USAGE, "no command \"%s\"; see turf help", argv[2]);
	cli_help(stdout, argc > 2 ? argv[2] : NULL);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	const char *broker = variable("TURF_BROKER");
	struct cli cli = {
		.broker = broker ? broker : BROKER_DEFAULT,
		.org = variable("TURF_ORG"),
		.credentials = variable("TURF_CREDENTIALS"),
		.outbox = variable("TURF_OUTBOX"),
		.wait_ms = -1,
		.clients = 1,
		.signal_fd = -1,
	};
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	bool helped = false;
	int rc;

	if (standard_hold() < 0)
		return cli_complain(EXIT_FAULT, "standard streams: %m");
	if (argc > 1 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0))
		return help_command(argc, argv);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)printf("turf %s\n", turf_version());
		return EXIT_DONE;
	}
	if (!command) {
		if (argc > 1)
			return cli_complain(EXIT_USAGE, "no command \"%s\"; see turf help", argv[1]);
		cli_help(stderr, NULL);
		return EXIT_USAGE;
	}
	rc = parse(&cli, command, argc - 1, argv + 1, &helped);
	if (rc == 0 && !helped)
		rc = cli_credentials(&cli);
	if (rc == 0 && !helped)
		rc = command->run(&cli);
	free(cli.user);
	free(cli.password);
	if (fflush(stdout) != 0 && rc == EXIT_DONE)
		rc = cli_complain(command->shows ? EXIT_FAULT : EXIT_DONE, "standard output: %m");
	return rc;
}
