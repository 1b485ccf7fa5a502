/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <stddef.h>

enum { WAIT_MAX_S = 86400, CLIENTS_MAX = 1000, RATE_MAX = 1000000, RETRY_MIN_MS = 10, RETRY_MAX_MS = 300000 };

#define MEMBER(name) offsetof(struct cli, name)

/* Those of a command come before the common ones: its help shows its own word for an option that all have. */
static const struct option_spec specs[] = {
	{"team", "TEAM", OPTION_TEXT, MEMBER(team), CLI_TAP,
	 "the id of the team; not needed if the organisation has only one team", 0, 0, 0},
	{"referred", NULL, OPTION_FLAG, MEMBER(referred), CLI_TAP,
	 "the question was referred to another organisation; without it, answered on the spot", 0, 0, 0},
	{"label", "LABEL", OPTION_TEXTS, MEMBER(labels), CLI_TAP,
	 "what the question was about, how it reached the team, or where it went: a code or part of a name; up to 4 times",
	 0, CLI_LABELS_MAX, MEMBER(n_labels)},
	{"day", "YYYY-MM-DD", OPTION_TEXT, MEMBER(day), CLI_TAP, "the day of the question, when it was not today", 0, 0,
	 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), CLI_TAP,
	 "how long to wait for the answer; the default is 5", 0, WAIT_MAX_S, 0},

	{"day", "YYYY-MM-DD", OPTION_TEXT, MEMBER(day), CLI_UNDO, "the day of a question of another device", 0, 0, 0},
	{"team", "TEAM", OPTION_TEXT, MEMBER(team), CLI_UNDO, "a team, for a question of another device", 0, 0, 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), CLI_UNDO,
	 "how long to wait for the answer; the default is 5", 0, WAIT_MAX_S, 0},

	{"send", NULL, OPTION_FLAG, MEMBER(send), CLI_PENDING,
	 "connects, sends what waits, and waits up to --wait SECONDS (the default is 5) for the answers", 0, 0, 0},
	{"dismiss", "ID|all", OPTION_TEXT, MEMBER(dismiss), CLI_PENDING,
	 "forgets the refused question whose id begins with ID, or all refused questions", 0, 0, 0},

	{"team", "TEAM", OPTION_TEXT, MEMBER(team), CLI_WATCH,
	 "the id of the team, or all for the whole organisation, which is the default", 0, 0, 0},
	{"period", "PERIOD", OPTION_TEXT, MEMBER(period), CLI_WATCH,
	 "a quarter (2019-Q4) or a year (2019); without it the current quarter, also when a new one begins", 0, 0, 0},
	{"once", NULL, OPTION_FLAG, MEMBER(once), CLI_WATCH, "prints the first figures and ends", 0, 0, 0},
	{"json", NULL, OPTION_FLAG, MEMBER(json), CLI_WATCH,
	 "prints each update as one line of JSON, as in the topics turf/v1/ORG/summary-json/TEAM/PERIOD", 0, 0, 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), CLI_WATCH,
	 "how long to wait for the first figures before turf says that there are none; with --once it ends then; the default "
	 "is 5",
	 0, WAIT_MAX_S, 0},

	{"clients", "N", OPTION_NUMBER, MEMBER(clients), CLI_REPLAY,
	 "the number of phones, 1 to 1000; the default is 1", 1, CLIENTS_MAX, 0},
	{"rate", "N", OPTION_NUMBER, MEMBER(rate), CLI_REPLAY,
	 "at most N questions a second, all phones together; without it, as fast as they can", 1, RATE_MAX, 0},
	{"shift-to-today", NULL, OPTION_FLAG, MEMBER(shift_to_today), CLI_REPLAY,
	 "moves all days by the same number of days, so that the last one is today", 0, 0, 0},
	{"today", "YYYY-MM-DD", OPTION_TEXT, MEMBER(today), CLI_REPLAY,
	 "which day today is; without it the date that turfd publishes, or else the organisation's date by this machine's clock",
	 0, 0, 0},
	{"outbox", "DIR", OPTION_TEXT, MEMBER(outbox), CLI_REPLAY,
	 "keeps the phones' outboxes in DIR/phone-0, DIR/phone-1 and so on. What waits there is sent too. A replay that was "
	 "stopped continues where it was; no question is sent as a second one. Without --outbox: a temporary folder, removed "
	 "when nothing waits in it",
	 0, 0, 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), CLI_REPLAY,
	 "gives up when no answer came for this long; the default is 60", 0, WAIT_MAX_S, 0},
	{"retry-ms", "N", OPTION_NUMBER, MEMBER(retry_ms), CLI_REPLAY,
	 "a phone sends a question again when no answer came within N milliseconds, 10 to 300000; the default is 10000",
	 RETRY_MIN_MS, RETRY_MAX_MS, 0},

	{"broker", "URL", OPTION_TEXT, MEMBER(broker), OPTIONS_EVERY_COMMAND,
	 "the broker: mqtt://HOST[:1883], or mqtts://HOST[:8883], which encrypts (TURF_BROKER; otherwise " CLI_BROKER_DEFAULT
	 ", the broker of deploy/run)",
	 0, 0, 0},
	{"org", "ORG", OPTION_TEXT, MEMBER(org), OPTIONS_EVERY_COMMAND,
	 "the organisation; without it the one that this device tapped for, or the only one at the broker; if there are "
	 "several, turf asks at a terminal, and otherwise lists them and ends with status 2 (TURF_ORG)",
	 0, 0, 0},
	{"credentials", "FILE", OPTION_TEXT, MEMBER(credentials), OPTIONS_EVERY_COMMAND,
	 "a file of two lines, \"user = NAME\" and \"password = WORD\", for the broker (TURF_CREDENTIALS)", 0, 0, 0},
	{"ca", "FILE", OPTION_TEXT, MEMBER(ca_file), OPTIONS_EVERY_COMMAND,
	 "the certificate of the authority that signed the broker's, as PEM, when the system does not trust it", 0, 0,
	 0},
	{"outbox", "DIR", OPTION_TEXT, MEMBER(outbox), OPTIONS_EVERY_COMMAND,
	 "the folder of the outbox (TURF_OUTBOX; otherwise ${XDG_STATE_HOME:-~/.local/state}/turf/ORG)", 0, 0, 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), OPTIONS_EVERY_COMMAND,
	 "how long to wait for an answer, 0 to 86400", 0, WAIT_MAX_S, 0},
	{"help", NULL, OPTION_FLAG, MEMBER(help), OPTIONS_EVERY_COMMAND, NULL, 0, 0, 0},
};

const struct option_table cli_option_table = {specs, sizeof specs / sizeof *specs};

/* What stands before the list of options, and behind it. */
struct help {
	unsigned command; /* CLI_COMMON: of turf as a whole */
	const char *before, *after;
};

static const struct help helps[] = {
	{CLI_COMMON,
	 "turf registers questions to social workers, takes them back, and shows the counts of a team.\n"
	 "\n"
	 "usage: turf COMMAND [options]\n"
	 "\n"
	 "  tap DOMAIN       registers one question\n"
	 "  undo [ID]        takes a question back: the last one, or the one with this id\n"
	 "  pending          lists what waits on this device, and what was refused\n"
	 "  watch            shows the counts of a team, live\n"
	 "  replay FILE.csv  sends the questions of a file through simulated phones\n"
	 "  join             joins an organisation with an invitation\n"
	 "  status           shows what this device has joined, and how many tokens it has\n"
	 "  token            prints a token, for another program that connects to the broker\n"
	 "  help [COMMAND]   prints this help, or the help of a command (as turf COMMAND --help)\n"
	 "  --version        prints the version\n"
	 "\n"
	 "options of all commands:\n",
	 "\n"
	 "exit status: 0 counted, taken back or shown; 1 refused, or nothing to do; 2 wrong usage or file;\n"
	 "  3 stored on this device, but not confirmed yet; 4 no broker, or nothing came from it; 5 the disk or the\n"
	 "  outbox failed\n"},
	{CLI_TAP,
	 "usage: turf tap [--team TEAM] DOMAIN [--referred] [--label LABEL]... [--day YYYY-MM-DD]\n"
	 "\n"
	 "Registers one question of today, by the organisation's date. The question is on disk before turf sends it, and\n"
	 "turf sends it until it is answered.\n"
	 "DOMAIN and LABEL are codes, or any part of a name that fits only one (\"financ\"). If none or several fit,\n"
	 "turf lists the choices.\n"
	 "\n",
	 "\n"
	 "exit status: 0 counted, 1 refused, 2 wrong usage, 3 stored and sent later, 4 no broker, and no list of\n"
	 "  domains on this device yet, 5 not stored\n"},
	{CLI_UNDO,
	 "usage: turf undo [ID] [--wait SECONDS]\n"
	 "       turf undo ID --day YYYY-MM-DD --team TEAM\n"
	 "\n"
	 "Takes back the last question of this device, or the one whose id begins with ID. The organisation decides\n"
	 "for how many days a question can be taken back. After that, and when its quarter is final, taking it back\n"
	 "is refused. A question of another device needs its whole id (32 digits), its day and a team, and is refused\n"
	 "unless the organisation admits retractions without a proof.\n"
	 "\n",
	 "\n"
	 "exit status: 0 taken back, 1 refused or nothing to take back, 2 wrong usage, 3 stored and sent later, 4 no\n"
	 "  broker, and no organisation known on this device, 5 not stored\n"},
	{CLI_PENDING,
	 "usage: turf pending [--send] [--dismiss ID|all]\n"
	 "\n"
	 "Lists what waits on this device to be counted, and what was refused and why.\n"
	 "\n",
	 "\n"
	 "exit status: 0 nothing waits and nothing was refused (or: dismissed), 1 something was refused, 2 wrong usage,\n"
	 "  3 something waits, 4 no broker, and no organisation known on this device, 5 the outbox failed\n"},
	{CLI_WATCH,
	 "usage: turf watch [--team TEAM] [--period 2019-Q4|2019] [--once] [--json]\n"
	 "\n"
	 "Shows the counts of a team and updates them as questions come in. At a terminal the table is redrawn in\n"
	 "place; otherwise each update is printed below the one before.\n"
	 "\n",
	 "\n"
	 "exit status: 0 shown, 2 wrong usage, 4 no broker, or no figures came\n"},
	{CLI_REPLAY,
	 "usage: turf replay FILE.csv [--clients N] [--rate N] [--shift-to-today] [--outbox DIR]\n"
	 "\n"
	 "Sends the questions of a file (-: standard input) through simulated phones, each with an outbox of its own.\n"
	 "The file has the header \"day,team,domain,outcome\" and rows such as 2019-12-31,oost,1,answered (or referred).\n"
	 "If a row is wrong, nothing is sent. The command ends when every question has its answer.\n"
	 "\n",
	 "\n"
	 "exit status: 0 all counted (some perhaps before, or late), 1 some refused or taken back, 2 wrong usage or\n"
	 "  file, 3 not all answered, 4 no broker: nothing was sent, 5 an outbox failed\n"},
	{CLI_JOIN,
	 "usage: turf join [LINK] [--ca FILE]\n"
	 "\n"
	 "Joins an organisation whose broker asks for tokens. LINK is the invitation, https://HOST/#join=CODE, which is\n"
	 "good once. Without LINK, or with -, turf asks for it or reads it from standard input; as an argument, other\n"
	 "users of this machine can see it. From then on turf fetches tokens each week, and shows a new one each time\n"
	 "that it connects, so that nobody can tell which device tapped. If the answer is lost, use the same link again.\n"
	 "\n",
	 "\n"
	 "exit status: 0 joined, 1 the invitation is unknown, was used or has ended, 2 wrong usage, 4 the organisation\n"
	 "  could not be reached, 5 the outbox failed\n"},
	{CLI_STATUS,
	 "usage: turf status\n"
	 "\n"
	 "Shows the teams that this device has joined with an invitation, the tokens that are left of each week, and how\n"
	 "many questions wait. Asks nobody.\n"
	 "\n",
	 "\n"
	 "exit status: 0 shown, 1 the organisation has ended the access of this device, 2 wrong usage, 4 no broker, and\n"
	 "  no organisation known on this device, 5 the outbox failed\n"},
	{CLI_TOKEN,
	 "usage: turf token\n"
	 "\n"
	 "Takes a token out of the outbox and prints it, for another program: it connects with the user name pass and\n"
	 "the token as its password, once. turf fetches tokens when none is left.\n"
	 "\n",
	 "\n"
	 "exit status: 0 printed, 1 this device has not joined, its access was ended, or no token is left, 2 wrong\n"
	 "  usage, 4 the organisation could not be reached, 5 the outbox failed\n"},
};

void cli_help(FILE *out, unsigned command)
{
	for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
		if (helps[i].command != command)
			continue;
		(void)fputs(helps[i].before, out);
		options_print(out, &cli_option_table, command, command == CLI_COMMON ? 0 : CLI_COMMON);
		(void)fputs(helps[i].after, out);
	}
	if (command != CLI_COMMON)
		(void)fputs("The options of all commands: turf help\n", out);
}
