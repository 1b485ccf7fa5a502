/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl: the operator's tool. This file has the table of commands and reads the command line.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/ctl/ctl.h"
#include "base/options.h"
#include "base/standard.h"
#include "base/text.h"

/* Bits of the table of options; TURFCTL: what the help of turfctl as a whole lists. */
enum {
	TURFCTL = 1 << 0,
	SHOW = 1 << 1,
	EXPORT = 1 << 2,
	RESTORE = 1 << 3,
	QUARANTINE = 1 << 4,
	OTHERS = 1 << 5,
};

struct command {
	const char *name;
	const char *words;   /* as in the help */
	const char *summary; /* one line */
	const char *details; /* what `turfctl COMMAND --help` adds */
	ctl_command *run;
	unsigned bit;
	int min_words, max_words;
};

static const struct command commands[] = {
	{"show", "[PERIOD] [--team TEAM] [--today DATE]", "counts as a table; a year is the yearly report",
	 "PERIOD is a year (2019) or a quarter (2019-Q4); without it, the current year.\n"
	 "A year shows questions, answered, referred and the share referred per quarter, the five largest\n"
	 "domains, and questions per team and quarter. A quarter, or one team's year, shows every domain.\n"
	 "0 means that nothing was tapped; - means that there is no figure, because the team did not exist or\n"
	 "the quarter has not begun. All figures count questions, never persons.\n",
	 ctl_show, SHOW, 0, 1},
	{"export",
	 "[--format csv|json] [--period PERIOD] [--team TEAM] [--output FILE] [--separator ';'] [--today DATE]",
	 "all figures for a spreadsheet (csv) or a program (json)",
	 "Without --period it writes every year and quarter, without --team every team and \"all\". A year holds\n"
	 "the same questions as its quarters, and \"all\" the same as the teams: choose one before you add up.\n"
	 "\n"
	 "csv (the default; UTF-8, RFC 4180). For each team and period: first the total, then its parts.\n"
	 "  org             the organisation's id\n"
	 "  team,team_name  the team's id and name; \"all\" is the whole organisation\n"
	 "  period          2019 or 2019-Q4\n"
	 "  status          open, provisional or final\n"
	 "  revision        0: not final yet; 1: final; 2 and up: revised with late questions\n"
	 "  generation      rises with every change in the store\n"
	 "  domain          empty: this row is the total of the period; a number: the domain's code;\n"
	 "                  \"undistributed\": counted in the total, not shown per domain yet (held cells);\n"
	 "                  \"late\": arrived after the period was final, and not part of the total\n"
	 "  domain_name     the domain's name, or what the row is\n"
	 "  answered,referred,questions\n"
	 "                  questions = answered + referred. A late row has questions only.\n"
	 "Domains plus undistributed are the total. Rows undistributed and late are there only when above 0.\n"
	 "Labels are in the json only. --separator ';' also begins the file with a byte order mark, as a\n"
	 "Dutch Excel expects; --separator tab is possible too.\n"
	 "\n"
	 "json: {\"summaries\": [...]}, each as in the topics turf/v1/ORG/summary-json/TEAM/PERIOD.\n",
	 ctl_export, EXPORT, 0, 0},
	{"info", "", "what the store is, how large, and who has it open", "", ctl_info, OTHERS, 0, 0},
	{"verify", "", "prove that the store is whole and its figures add up",
	 "Computes every counter again from the questions that raised it, while turfd runs. Changes nothing.\n"
	 "Exit status 1: something is wrong.\n",
	 ctl_verify, OTHERS, 0, 0},
	{"backup", "DIR", "copy the store to DIR, which must be new or empty",
	 "The copy is one consistent state, with its SHA-256 in MANIFEST. turfd may run meanwhile.\n", ctl_backup,
	 OTHERS, 1, 1},
	{"restore", "DIR [--replace]", "put the backup in DIR in the store's place; turfd must be stopped",
	 "Checks the backup's MANIFEST first. With --replace it replaces a store that is there already, and keeps\n"
	 "the old data file beside the new one as data.mdb.before-restore.\n",
	 ctl_restore, RESTORE, 1, 1},
	{"quarantine", "list | show REASON/SEQ | retry [REASON[/SEQ]] [--today DATE] | drop REASON[/SEQ]",
	 "look at what was refused, try it again, or drop it",
	 "list            what is kept, oldest first for each reason\n"
	 "show            one entry in full, and what to do about it\n"
	 "retry           judge again by the catalogue that is in force now; an entry that counts now, or is\n"
	 "                counted already, leaves the quarantine; the others stay\n"
	 "drop            delete one entry, or all entries of one reason\n"
	 "A REASON may be given without \"refused-\": turfctl quarantine retry unknown-team\n",
	 ctl_quarantine, QUARANTINE, 1, 2},
	{"revise", "QUARTER", "take the late questions of a final quarter into its figures, as a new revision",
	 "Final figures change by this command only.\n", ctl_revise, OTHERS, 1, 1},
	{"confirm-date", "", "confirm a date that jumped",
	 "When the date jumps by more than two days, turfd continues to count, but closes no quarter and purges\n"
	 "nothing until the date is trusted or this command confirms it.\n",
	 ctl_confirm_date, OTHERS, 0, 0},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

struct parsed {
	struct ctl ctl;
	bool help, version;
};

#define MEMBER(name) offsetof(struct parsed, name)

static const struct option_spec specs[] = {
	{"store", "DIR", OPTION_TEXT, MEMBER(ctl.store), OPTIONS_EVERY_COMMAND,
	 "the folder of the store, as in turfd's configuration", 0, 0, 0},
	{"team", "TEAM", OPTION_TEXT, MEMBER(ctl.team), TURFCTL | SHOW | EXPORT,
	 "the id of one team, or all for the whole organisation", 0, 0, 0},
	{"today", "DATE", OPTION_TEXT, MEMBER(ctl.today), TURFCTL | SHOW | EXPORT | QUARANTINE,
	 "judge by this date instead of the clock's: YYYY-MM-DD, or @FILE for a file that holds one", 0, 0, 0},
	{"period", "PERIOD", OPTION_TEXT, MEMBER(ctl.period), EXPORT, "one year or one quarter", 0, 0, 0},
	{"format", "FORMAT", OPTION_TEXT, MEMBER(ctl.format), EXPORT,
	 "the format of the export: csv, which is the default, or json", 0, 0, 0},
	{"output", "FILE", OPTION_TEXT, MEMBER(ctl.output), EXPORT,
	 "where to write the export; without it, standard output", 0, 0, 0},
	{"separator", "CHARACTER", OPTION_TEXT, MEMBER(ctl.separator), EXPORT,
	 "what separates the columns of the CSV: a comma (the default), a semicolon, or the word tab; with a semicolon the file "
	 "also begins with a byte order mark, as a Dutch Excel expects",
	 0, 0, 0},
	{"replace", NULL, OPTION_FLAG, MEMBER(ctl.replace), RESTORE, "replace a store that is there already", 0, 0, 0},
	{"help", NULL, OPTION_FLAG, MEMBER(help), OPTIONS_EVERY_COMMAND, NULL, 0, 0, 0},
	{"version", NULL, OPTION_FLAG, MEMBER(version), OPTIONS_EVERY_COMMAND, NULL, 0, 0, 0},
};

static const struct option_table options = {specs, sizeof specs / sizeof specs[0]};

static void print_help(void)
{
	(void)puts("turfctl: look after a turf store, also while turfd runs.\n"
		   "\n"
		   "Usage: turfctl --store DIR COMMAND [...]     (or TURF_STORE=DIR in the environment)\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)printf("  %-13s %s\n", commands[i].name, commands[i].summary);
	(void)puts("\n"
		   "  turfctl COMMAND --help says more about one of them.\n"
		   "\n"
		   "Options:");
	options_print(stdout, &options, TURFCTL, 0);
	(void)puts("  --help, --version\n"
		   "\n"
		   "Exit status: 0 done; 1 it failed, verify found something, or there was nothing to do;\n"
		   "2 wrong command line; 3 the store is in use.");
}

static void print_command_help(const struct command *command)
{
	(void)printf("Usage: turfctl --store DIR %s%s%s\n\n%c%s.\n", command->name, command->words[0] ? " " : "",
		     command->words, toupper(command->summary[0]), command->summary + 1);
	if (command->details[0])
		(void)printf("\n%s", command->details);
	(void)puts("\nOptions:");
	options_print(stdout, &options, command->bit, 0);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int check_command_line(const struct command *command, const struct ctl *ctl, unsigned takers)
{
	const char *today = ctl->today;
	int n = ctl->n_words;
	uint32_t day;

	if (!(takers & command->bit))
		return ctl_usage("%s does not take one of these options; its usage: turfctl %s %s", command->name,
				 command->name, command->words);
	if (n < command->min_words || n > command->max_words)
		return ctl_usage("%s: too %s arguments; its usage: turfctl %s %s", command->name,
				 n < command->min_words ? "few" : "many", command->name, command->words);
	if (today && today[0] != '@' && date_parse(today, &day) != 0)
		return ctl_usage("--today takes a date, as YYYY-MM-DD, not \"%s\"", today);
	if (!ctl->store || !ctl->store[0])
		return ctl_usage("say which store: --store DIR, or TURF_STORE=DIR in the environment");
	return CTL_OK;
}

static char crash_text[PATH_MAX + ERROR_TEXT_BYTES];

static void report_crash(int number)
{
	(void)number;
	if (write(STDERR_FILENO, crash_text, strlen(crash_text)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(CTL_FAILED);
	_exit(CTL_FAILED);
}

/* A damaged page may end the reading in a signal, whose handler may not make a text. */
static void prepare_for_crash(const struct ctl *ctl)
{
	const struct sigaction action = {.sa_handler = report_crash};

	(void)snprintf(
		crash_text, sizeof crash_text,
		"turfctl: reading %s ended in a signal: pages of the file are damaged. Keep the store as it is, and restore the "
		"last good backup (turfctl restore).",
		ctl->store);
	text_make_safe(crash_text);
	(void)sigaction(SIGBUS, &action, NULL);
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGABRT, &action, NULL);
}

static int run_command_line(int argc, char **argv)
{
	struct parsed parsed = {.ctl.store = getenv("TURF_STORE")};
	struct command_line line = {.name = "turfctl", .argc = argc, .argv = argv, .command = OPTIONS_EVERY_COMMAND};
	const struct command *command = NULL;
	struct error error = {{0}};
	int rc;

	if (options_parse(&options, &line, &parsed, &error) < 0)
		return ctl_usage("%s", error.text);
	if (parsed.version) {
		(void)puts("turfctl " TURF_VERSION);
		return CTL_OK;
	}
	if (line.n_arguments > 0) {
		command = find_command(line.arguments[0]);
		if (!command)
			return ctl_usage("there is no command \"%s\"", line.arguments[0]);
	}
	if (parsed.help) {
		if (command)
			print_command_help(command);
		else
			print_help();
		return CTL_OK;
	}
	if (!command)
		return ctl_usage("say what to do, for example: turfctl --store DIR show");
	parsed.ctl.words = line.arguments + 1;
	parsed.ctl.n_words = line.n_arguments - 1;
	rc = check_command_line(command, &parsed.ctl, line.takers);
	if (rc != CTL_OK)
		return rc;
	prepare_for_crash(&parsed.ctl);
	rc = command->run(&parsed.ctl, &error);
	return rc < 0 ? ctl_fault(rc, &error) : rc;
}

int main(int argc, char **argv)
{
	int rc = standard_hold() < 0 ? CTL_FAILED : run_command_line(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "turfctl: cannot write the output: %s\n", strerror(errno));
		return CTL_FAILED;
	}
	return rc;
}
