/* SPDX-License-Identifier: EUPL-1.2 */
/* turfd: the daemon's command line. Everything else is in daemon.h. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/daemon/check.h"
#include "aggregator/daemon/crash.h"
#include "aggregator/daemon/daemon.h"
#include "base/log.h"
#include "base/standard.h"
#include "base/text.h"

enum { EXIT_DONE = 0, EXIT_FAULT = 1, EXIT_USAGE = 2 };

/* Larger pieces of memory are given back to the system at once. By itself glibc raises this with the largest piece that
 * was ever freed; then LMDB's lists, three megabytes at each compaction, leave holes in a heap that never shrinks. */
enum { GIVEN_BACK_BYTES = 128 * 1024 };

static const char usage[] =
	"turfd counts the questions that phones publish, each exactly once, and publishes the counts.\n"
	"\n"
	"  turfd --config FILE            run until SIGTERM or SIGINT; SIGHUP reads FILE again\n"
	"  turfd --check --config FILE    check FILE and start nothing\n"
	"  turfd --check-reload --config FILE\n"
	"                                 check FILE, and whether a running turfd would accept it at a reload\n"
	"\n"
	"  --config FILE       what to count, where to keep it, which broker: turfd.conf(5)\n"
	"  --check [FILE]      print \"configuration OK\" and the last day of each entry that ends, or else all mistakes,\n"
	"                      each with its file and line\n"
	"  --check-reload [FILE]  the same; a change that a reload would refuse is a mistake too\n"
	"  --store DIR         replaces store of the file\n"
	"  --broker ADDRESS    replaces broker.address of the file: mqtt://HOST:PORT or mqtts://HOST:PORT\n"
	"  --credentials FILE  replaces broker.credentials of the file\n"
	"  --today YYYY-MM-DD  use this date instead of the clock's, for demonstrations and tests\n"
	"  --today @FILE       the same, read from FILE before each batch; \"synchronised\" behind the date says\n"
	"                      that a time server vouches for it\n"
	"  --version           print the version\n"
	"  --help              print this\n"
	"\n"
	"Exit status: 0 stopped by a signal, or configuration OK; 1 a fault, which standard error names; 2 wrong usage.\n";

struct command {
	struct daemon_options daemon;
	bool check, check_reload;
};

static int usage_error(const char *what, const char *typed)
{
	text_print(stderr, "turfd: %s%s; see turfd --help\n", what, typed);
	return EXIT_USAGE;
}

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct command *command)
{
	enum { CONFIG = 1, CHECK, CHECK_RELOAD, STORE, BROKER, CREDENTIALS, TODAY, VERSION, HELP };
	static const struct option options[] = {
		{"config", required_argument, NULL, CONFIG},   {"check", no_argument, NULL, CHECK},
		{"check-reload", no_argument, NULL, CHECK_RELOAD},
		{"store", required_argument, NULL, STORE},     {"broker", required_argument, NULL, BROKER},
		{"credentials", required_argument, NULL, CREDENTIALS}, {"today", required_argument, NULL, TODAY},
		{"version", no_argument, NULL, VERSION},       {"help", no_argument, NULL, HELP},
		{0},
	};
	int option;

	opterr = 0; /* getopt would show what was typed as it is */
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (option) {
		case CONFIG:
			command->daemon.config_path = optarg;
			break;
		case CHECK:
			command->check = true;
			break;
		case CHECK_RELOAD:
			command->check = command->check_reload = true;
			break;
		case STORE:
			command->daemon.store_path = optarg;
			break;
		case BROKER:
			command->daemon.broker = optarg;
			break;
		case CREDENTIALS:
			command->daemon.credentials_file = optarg;
			break;
		case TODAY:
			command->daemon.today = optarg;
			break;
		case VERSION:
			(void)printf("turfd %s\n", TURF_VERSION);
			return EXIT_DONE;
		case HELP:
			(void)fputs(usage, stdout);
			return EXIT_DONE;
		case ':':
			return usage_error("a value is missing after ", argv[optind - 1]);
		default:
			return usage_error("there is no option ", argv[optind - 1]);
		}
	}
	if (command->check && optind < argc && !command->daemon.config_path)
		command->daemon.config_path = argv[optind++];
	if (optind < argc)
		return usage_error("there is no place for the argument ", argv[optind]);
	return command->daemon.config_path ? -1 : usage_error("--config FILE is missing", "");
}

int main(int argc, char **argv)
{
	static struct daemon daemon;
	struct command command = {0};
	struct error error = {{0}};
	int rc = standard_hold(), status;

	if (rc < 0)
		return EXIT_FAULT;
	status = parse(argc, argv, &command);
	if (status >= 0)
		return status;
	if (command.check)
		return check_config(&command.daemon, command.check_reload) ? EXIT_DONE : EXIT_FAULT;
	(void)mallopt(M_MMAP_THRESHOLD, GIVEN_BACK_BYTES);
	crash_log_signals();
	rc = daemon_open(&daemon, &command.daemon, &error);
	if (rc == 0) {
		rc = daemon_run(&daemon, &error);
		daemon_close(&daemon);
	}
	if (rc == DAEMON_STOPPED)
		log_info("stopped");
	if (rc < 0)
		log_error("ended reason=\"%s\"", error.text);
	return rc < 0 ? EXIT_FAULT : EXIT_DONE;
}
