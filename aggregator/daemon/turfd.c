/* SPDX-License-Identifier: EUPL-1.2 */
/* turfd: its command line, and --check. Everything else is in daemon.h. */
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aggregator/daemon/daemon.h"
#include "aggregator/daemon/service.h"
#include "base/log.h"
#include "base/options.h"
#include "base/standard.h"
#include "base/text.h"
#include "broker-client/mqtt/mqtt_common.h"

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
	"\n";

static const char usage_end[] =
	"\n"
	"Exit status: 0 stopped by a signal, or configuration OK; 1 a fault, which standard error names; 2 wrong usage.\n";

struct command {
	struct daemon_options daemon;
	bool check, check_reload, version, help;
};

#define MEMBER(name) offsetof(struct command, name), OPTIONS_EVERY_COMMAND

static const struct option_spec specs[] = {
	{"config", "FILE", OPTION_TEXT, MEMBER(daemon.config_path),
	 "the configuration: what to count, where to keep it, which broker; turfd.conf(5) describes it", 0, 0, 0},
	{"check", "[FILE]", OPTION_FLAG, MEMBER(check),
	 "check the file and start nothing: print \"configuration OK\", the organisation, and the last day that counts of "
	 "each entry that ends, or else all mistakes, each with its file and line",
	 0, 0, 0},
	{"check-reload", "[FILE]", OPTION_FLAG, MEMBER(check_reload),
	 "the same, and whether a running turfd would accept the file at a reload: a change that would alter what is counted "
	 "already is a mistake",
	 0, 0, 0},
	{"store", "DIR", OPTION_TEXT, MEMBER(daemon.store_path), "replaces store of the configuration", 0, 0, 0},
	{"broker", "ADDRESS", OPTION_TEXT, MEMBER(daemon.broker),
	 "replaces broker.address of the configuration: mqtt://HOST:PORT or mqtts://HOST:PORT", 0, 0, 0},
	{"credentials", "FILE", OPTION_TEXT, MEMBER(daemon.credentials_file),
	 "replaces broker.credentials of the configuration", 0, 0, 0},
	{"today", "DATE", OPTION_TEXT, MEMBER(daemon.today),
	 "use this date (YYYY-MM-DD) instead of the clock's, for demonstrations and tests; @FILE: the date that FILE holds, read "
	 "before each batch; \"synchronised\" behind it says that a time server vouches for it",
	 0, 0, 0},
	{"version", NULL, OPTION_FLAG, MEMBER(version), "print the version", 0, 0, 0},
	{"help", NULL, OPTION_FLAG, MEMBER(help), "print this", 0, 0, 0},
};

static const struct option_table options = {specs, sizeof specs / sizeof specs[0]};

static int usage_error(const char *what, const char *typed)
{
	text_print(stderr, "turfd: %s%s; see turfd --help\n", what, typed);
	return EXIT_USAGE;
}

/* -1: go on; otherwise the exit status. */
static int parse_arguments(int argc, char **argv, struct command *command)
{
	struct command_line line = {.name = "turfd", .argc = argc, .argv = argv, .command = OPTIONS_EVERY_COMMAND};
	struct error error;
	int used = 0;

	if (options_parse(&options, &line, command, &error) < 0)
		return usage_error(error.text, "");
	if (command->version) {
		(void)printf("turfd %s\n", TURF_VERSION);
		return EXIT_DONE;
	}
	if (command->help) {
		(void)fputs(usage, stdout);
		options_print(stdout, &options, OPTIONS_EVERY_COMMAND, 0);
		(void)fputs(usage_end, stdout);
		return EXIT_DONE;
	}
	command->check |= command->check_reload;
	if (command->check && line.n_arguments > 0 && !command->daemon.config_path)
		command->daemon.config_path = line.arguments[used++];
	if (used < line.n_arguments)
		return usage_error("there is no place for the argument ", line.arguments[used]);
	return command->daemon.config_path ? -1 : usage_error("--config FILE is missing", "");
}

/* ---- turfd --check and --check-reload ----------------------------------------------------------------- */

static void print_problem(void *context, const char *line)
{
	(void)context;
	text_print(stderr, "%s\n", line);
}

static bool on_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

/* Warns about what is allowed but seldom intended. */
static void warn(const struct config *config)
{
	struct mqtt_address address;
	struct error error;
	struct stat status;

	if (!config->credentials_file)
		return;
	if (mqtt_address_parse(config->broker, &address, &error) == 0 && !address.tls && !on_this_machine(address.host))
		text_print(
			stderr,
			"warning: the password goes to the broker at %s unencrypted, and so does every question; use mqtts://\n",
			address.host);
	if (stat(config->credentials_file, &status) == 0 && (status.st_mode & S_IROTH))
		text_print(stderr, "warning: everybody on this machine can read the password in %s; run chmod o= %s\n",
			   config->credentials_file, config->credentials_file);
}

/* Prints "configuration OK" and notes on stdout; mistakes, warnings and faults on stderr. For --check-reload, what a reload
 * would refuse is a mistake too. Returns the exit status. */
static int check_config(const struct command *command)
{
	struct error error = {{0}};
	struct config config;
	int rc = reload_read(&command->daemon, &config, print_problem, &error);

	if (rc == 0) {
		rc = mqtt_check_address(config.broker, &error);
		if (rc == 0 && command->check_reload)
			rc = reload_check(&command->daemon, &config, print_problem, &error);
		if (rc == 0) {
			warn(&config);
			(void)printf("configuration OK\norg: %s\n", config.catalogue.org);
			for (size_t i = 0; i < config.n_notes; i++)
				text_print(stdout, "%s\n", config.notes[i]);
		}
		config_release(&config);
	}
	if (rc > 0)
		text_print(stderr, "%d mistake%s in %s\n", rc, rc == 1 ? "" : "s", command->daemon.config_path);
	else if (rc < 0)
		text_print(stderr, "turfd: %s\n", error.text);
	return rc == 0 ? EXIT_DONE : EXIT_FAULT;
}

int main(int argc, char **argv)
{
	static struct daemon daemon;
	struct command command = {0};
	struct error error = {{0}};
	int rc = standard_hold(), status;

	if (rc < 0)
		return EXIT_FAULT;
	status = parse_arguments(argc, argv, &command);
	if (status >= 0)
		return status;
	if (command.check)
		return check_config(&command);
	(void)mallopt(M_MMAP_THRESHOLD, GIVEN_BACK_BYTES);
	service_log_crashes();
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
