/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turf: registers questions, takes them back, shows a team's counts, replays files, joins an organisation. Exit statuses: cli.h.
 */
#include "broker-client/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/standard.h"

static const struct command commands[] = {
	{"tap", cli_tap, CLI_TAP, 1, 1, false},
	{"undo", cli_undo, CLI_UNDO, 0, 1, false},
	{"pending", cli_pending, CLI_PENDING, 0, 0, true},
	{"watch", cli_watch, CLI_WATCH, 0, 0, true},
	{"replay", cli_replay, CLI_REPLAY, 1, 1, false},
	{"join", cli_join, CLI_JOIN, 0, 1, false},
	{"status", cli_status, CLI_STATUS, 0, 0, true},
	{"token", cli_token, CLI_TOKEN, 0, 0, true},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* 0, or an exit status. */
static int parse_arguments(struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct command_line line = {.name = command->name, .argc = argc, .argv = argv, .command = command->bit};
	struct error error;

	if (options_parse(&cli_option_table, &line, cli, &error) < 0)
		return cli_complain(EXIT_USAGE, "%s; see turf %s --help", error.text, command->name);
	cli->arguments = line.arguments;
	cli->n_arguments = line.n_arguments;
	if (cli->help)
		return 0;
	if (cli->n_arguments < command->min_arguments)
		return cli_complain(EXIT_USAGE, "%s: an argument is missing; see turf %s --help", command->name,
				    command->name);
	if (cli->n_arguments > command->max_arguments)
		return cli_complain(EXIT_USAGE, "%s: there is no place for \"%s\"; see turf %s --help", command->name,
				    cli->arguments[command->max_arguments], command->name);
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
	const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;

	if (argc > 2 && !command)
		return cli_complain(EXIT_USAGE, "no command \"%s\"; see turf help", argv[2]);
	cli_help(stdout, command ? command->bit : CLI_COMMON);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	const char *broker = variable("TURF_BROKER");
	struct cli cli = {
		.broker = broker ? broker : CLI_BROKER_DEFAULT,
		.org = variable("TURF_ORG"),
		.credentials = variable("TURF_CREDENTIALS"),
		.outbox = variable("TURF_OUTBOX"),
		.wait_ms = -1,
		.clients = 1,
		.signal_fd = -1,
	};
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
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
		cli_help(stderr, CLI_COMMON);
		return EXIT_USAGE;
	}
	rc = parse_arguments(&cli, command, argc - 1, argv + 1);
	if (rc == 0 && cli.help) {
		cli_help(stdout, command->bit);
	} else if (rc == 0) {
		rc = cli_credentials(&cli);
		if (rc == 0)
			rc = command->run(&cli);
	}
	free(cli.user);
	free(cli.password);
	if (fflush(stdout) != 0 && rc == EXIT_DONE)
		rc = cli_complain(command->shows ? EXIT_FAULT : EXIT_DONE, "standard output: %m");
	return rc;
}
