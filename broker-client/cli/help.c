/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>

struct help {
	const char *command;
	const char *text;
};

static const char overview[] =
	"turf registers questions to social workers, takes them back, and shows the counts of a team.\n"
	"\n"
	"usage: turf COMMAND [options]\n"
	"\n"
	"  tap DOMAIN       registers one question\n"
	"  undo [ID]        takes a question back: the last one, or the one with this id\n"
	"  pending          lists what waits on this device, and what was refused\n"
	"  watch            shows the counts of a team, live\n"
	"  replay FILE.csv  sends the questions of a file through simulated phones\n"
	"  help [COMMAND]   prints this help, or the help of a command (as turf COMMAND --help)\n"
	"  --version        prints the version\n"
	"\n"
	"options of all commands:\n"
	"  --broker URL        mqtt://HOST[:1883], or mqtts://HOST[:8883], which encrypts   (TURF_BROKER; otherwise\n"
	"                      mqtt://127.0.0.1:18830)\n"
	"  --org ORG           the organisation; without it the one that this device tapped for, or the only one at the\n"
	"                      broker; if there are several, turf asks at a terminal   (TURF_ORG)\n"
	"  --credentials FILE  two lines, \"user = NAME\" and \"password = WORD\"   (TURF_CREDENTIALS)\n"
	"  --ca FILE           the certificate of the authority that signed the broker's, as PEM, when the system does\n"
	"                      not trust it\n"
	"  --outbox DIR        the folder of what waits and what was answered   (TURF_OUTBOX; otherwise\n"
	"                      ${XDG_STATE_HOME:-~/.local/state}/turf/ORG)\n"
	"  --wait SECONDS      how long to wait for an answer\n"
	"\n"
	"exit status: 0 counted, taken back or shown; 1 refused, or nothing to do; 2 wrong usage or file;\n"
	"  3 stored on this device, but not confirmed yet; 4 no broker, or nothing came from it; 5 the disk or the\n"
	"  outbox failed\n";

static const struct help helps[] = {
	{ "tap",
	  "usage: turf tap [--team TEAM] DOMAIN [--referred] [--label LABEL]... [--day YYYY-MM-DD]\n"
	  "\n"
	  "Registers one question of today, by the organisation's date. The question is on disk before turf sends it, and\n"
	  "turf sends it until it is answered.\n"
	  "DOMAIN and LABEL are codes, or any part of a name that fits only one (\"financ\"). If none or several fit,\n"
	  "turf lists the choices.\n"
	  "\n"
	  "  --team TEAM       the team's id; not needed if there is only one team\n"
	  "  --referred        the question was referred to another organisation; without it, answered on the spot\n"
	  "  --label LABEL     what it was about, how it reached the team, or where it went; up to 4 times\n"
	  "  --day YYYY-MM-DD  the day of the question, when it was not today\n"
	  "  --wait SECONDS    how long to wait for the answer (5)\n"
	  "\n"
	  "exit status: 0 counted, 1 refused, 2 wrong usage, 3 stored and sent later, 4 no broker, and no list of\n"
	  "  domains on this device yet, 5 not stored\n" },
	{ "undo",
	  "usage: turf undo [ID] [--wait SECONDS]\n"
	  "       turf undo ID --day YYYY-MM-DD --team TEAM\n"
	  "\n"
	  "Takes back the last question of this device, or the one whose id begins with ID. A question of another\n"
	  "device needs its whole id (32 digits), its day and a team. The organisation decides for how many days a\n"
	  "question can be taken back. After that, and when its quarter is final, taking it back is refused.\n"
	  "\n"
	  "exit status: 0 taken back, 1 refused or nothing to take back, 2 wrong usage, 3 stored and sent later, 4 no\n"
	  "  broker, and no organisation known on this device, 5 not stored\n" },
	{ "pending", "usage: turf pending [--send] [--dismiss ID|all]\n"
		     "\n"
		     "Lists what waits on this device to be counted, and what was refused and why.\n"
		     "\n"
		     "  --send            connects, sends, and waits up to --wait SECONDS (5) for the answers\n"
		     "  --dismiss ID|all  forgets the refused question with this id, or all refused questions\n"
		     "\n"
		     "exit status: 0 nothing waits and nothing was refused (or: dismissed), 1 something was refused, 2 "
		     "wrong usage,\n"
		     "  3 something waits, 4 no broker, and no organisation known on this device, 5 the outbox failed\n" },
	{ "watch",
	  "usage: turf watch [--team TEAM] [--period 2019-Q4|2019] [--once] [--json]\n"
	  "\n"
	  "Shows the counts of a team and updates them as questions come in. At a terminal the table is redrawn in\n"
	  "place; otherwise each update is printed below the one before.\n"
	  "\n"
	  "  --team TEAM      the team's id, or all (all)\n"
	  "  --period PERIOD  a quarter or a year; without it the current quarter, also when a new one begins\n"
	  "  --once           prints the first figures and ends\n"
	  "  --json           prints each update as one line of JSON, as in the summary-json topics\n"
	  "  --wait SECONDS   how long to wait for the first figures (5), before turf says that there are none; with\n"
	  "                   --once it ends then\n"
	  "\n"
	  "exit status: 0 shown, 2 wrong usage, 4 no broker, or no figures came\n" },
	{ "replay",
	  "usage: turf replay FILE.csv [--clients N] [--rate N] [--shift-to-today] [--outbox DIR]\n"
	  "\n"
	  "Sends the questions of a file (-: standard input) through simulated phones, each with an outbox of its own.\n"
	  "The file has the header \"day,team,domain,outcome\" and rows such as 2019-12-31,oost,1,answered (or referred).\n"
	  "If a row is wrong, nothing is sent. The command ends when every question has its answer.\n"
	  "\n"
	  "  --clients N         the number of phones, 1 to 1000 (1)\n"
	  "  --rate N            at most N questions a second, all phones together; without it, as fast as they can\n"
	  "  --shift-to-today    moves all days by the same number of days, so that the last one is today\n"
	  "  --today YYYY-MM-DD  which day today is; without it turfd's date, or else the organisation's date by this clock\n"
	  "  --outbox DIR        keeps the phones' outboxes in DIR/phone-0, DIR/phone-1 and so on. What waits there is\n"
	  "                      sent too. A replay that was stopped continues where it was; no question is sent as a\n"
	  "                      second one. Without --outbox: a temporary folder, removed when nothing waits in it\n"
	  "  --wait SECONDS      gives up when no answer came for this long (60)\n"
	  "  --retry-ms N        a phone sends a question again when no answer came within N milliseconds (10000)\n"
	  "\n"
	  "exit status: 0 all counted (some perhaps before, or late), 1 some refused or taken back, 2 wrong usage or\n"
	  "  file, 3 not all answered, 4 no broker: nothing was sent, 5 an outbox failed\n" },
};

void cli_help(FILE *out, const char *command)
{
	for (size_t i = 0; command && i < sizeof helps / sizeof *helps; i++) {
		if (strcmp(helps[i].command, command) == 0) {
			(void)fputs(helps[i].text, out);
			(void)fputs("The options of all commands: turf help\n", out);
			return;
		}
	}
	(void)fputs(overview, out);
}
