/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>

struct help {
	const char *command;
	const char *text;
};

static const char overview[] =
	"turf counts questions to social workers: anonymous, exactly once.\n"
	"\n"
	"usage: turf COMMAND [options]\n"
	"\n"
	"  tap DOMAIN       registers one question\n"
	"  undo [ID]        takes a question back: the last, or by id\n"
	"  pending          what waits on this device, and what was refused\n"
	"  watch            a team's counts, live\n"
	"  replay FILE.csv  sends the questions of a file through simulated phones\n"
	"  help [COMMAND]   this, or a command's help (turf COMMAND --help)\n"
	"  --version        the version\n"
	"\n"
	"options of all commands:\n"
	"  --broker URL        mqtt://HOST[:1883] or mqtts://HOST[:8883]   (TURF_BROKER; mqtt://127.0.0.1:18830)\n"
	"  --org ORG           the organisation; without it the one that this device tapped for, or the only one at the\n"
	"                      broker; at a terminal turf asks when there are more   (TURF_ORG)\n"
	"  --credentials FILE  two lines, \"user = NAME\" and \"password = WORD\"   (TURF_CREDENTIALS)\n"
	"  --ca FILE           PEM of who signed the broker's certificate, when the system does not know them\n"
	"  --outbox DIR        what waits and what was answered   (TURF_OUTBOX; "
	"${XDG_STATE_HOME:-~/.local/state}/turf/ORG)\n"
	"  --wait SECONDS      how long to wait for an answer\n"
	"\n"
	"exit status: 0 counted, taken back or shown; 1 refused, or nothing to do; 2 wrong usage or file;\n"
	"  3 safe on this device but not confirmed yet; 4 no broker, or nothing came from it; 5 disk or outbox "
	"failed\n";

static const struct help helps[] = {
	{ "tap",
	  "usage: turf tap [--team TEAM] DOMAIN [--referred] [--label LABEL]... [--day YYYY-MM-DD]\n"
	  "\n"
	  "Registers one question of today, by the organisation's date: it is on disk before anything is sent, and is\n"
	  "sent until it is answered.\n"
	  "DOMAIN and LABEL are codes, or any part of a name that fits only one (\"financ\"). On a mistake the "
	  "choices\n"
	  "are listed.\n"
	  "\n"
	  "  --team TEAM       the team's id; not needed where there is only one\n"
	  "  --referred        sent on to another organisation; without it answered on the spot\n"
	  "  --label LABEL     what it was about, how it came, where it went; up to 4 times\n"
	  "  --day YYYY-MM-DD  the day of the question, when not today\n"
	  "  --wait SECONDS    for the answer (5)\n"
	  "\n"
	  "exit status: 0 counted, 1 refused, 2 wrong usage, 3 stored and sent later, 4 no broker and no list of "
	  "domains\n"
	  "  here yet, 5 not stored\n" },
	{ "undo",
	  "usage: turf undo [ID] [--wait SECONDS]\n"
	  "       turf undo ID --day YYYY-MM-DD --team TEAM\n"
	  "\n"
	  "Takes back the last question of this device, or the one whose id begins with ID. One of another device "
	  "needs\n"
	  "its whole id (32 digits), its day and a team. The organisation decides how many days a question can be "
	  "taken\n"
	  "back; after that, or when its quarter is final, it is refused.\n"
	  "\n"
	  "exit status: 0 taken back, 1 refused or nothing to take back, 2 wrong usage, 3 stored and sent later, 4 no\n"
	  "  broker and no organisation known here, 5 not stored\n" },
	{ "pending", "usage: turf pending [--send] [--dismiss ID|all]\n"
		     "\n"
		     "Lists what waits on this device to be counted, and what was refused and why.\n"
		     "\n"
		     "  --send            connects, sends, and waits up to --wait SECONDS (5) for the answers\n"
		     "  --dismiss ID|all  forgets refusals that were read\n"
		     "\n"
		     "exit status: 0 nothing waits and nothing was refused (or: dismissed), 1 something was refused, 2 "
		     "wrong usage,\n"
		     "  3 something waits, 4 no organisation known here and no broker, 5 the outbox failed\n" },
	{ "watch",
	  "usage: turf watch [--team TEAM] [--period 2019-Q4|2019] [--once] [--json]\n"
	  "\n"
	  "Shows the counts of a team as they come in, redrawn in place. Without a terminal each change is printed "
	  "anew.\n"
	  "\n"
	  "  --team TEAM      the team's id, or all (all)\n"
	  "  --period PERIOD  a quarter or a year; without it the current quarter, going along at midnight\n"
	  "  --once           ends after the first figures\n"
	  "  --json           prints the JSON of each update on a line of its own, as it is on the summary-json topic\n"
	  "  --wait SECONDS   for the first figures (5), before it says that there are none; with --once it ends then\n"
	  "\n"
	  "exit status: 0 shown, 2 wrong usage, 4 no broker, or no figures came\n" },
	{ "replay",
	  "usage: turf replay FILE.csv [--clients N] [--rate N] [--shift-to-today] [--outbox DIR]\n"
	  "\n"
	  "Sends the questions of a file (-: standard input): a header \"day,team,domain,outcome\", then rows like\n"
	  "2019-12-31,oost,1,answered (or referred). Nothing is sent when a row is wrong. They are dealt in turn to\n"
	  "simulated phones, each with an outbox of its own. Ends when every question has its answer.\n"
	  "\n"
	  "  --clients N         simulated phones, 1 to 1000 (1)\n"
	  "  --rate N            questions a second, all phones together; without it as fast as they go\n"
	  "  --shift-to-today    moves all days so that the last is today\n"
	  "  --today YYYY-MM-DD  what today is; without it the aggregator's date, or else the organisation's\n"
	  "  --outbox DIR        keeps the phones' outboxes in DIR/phone-0, DIR/phone-1, ...: what waits there is "
	  "sent\n"
	  "                      too, and a replay that was cut short goes on where it was, without sending twice.\n"
	  "                      Without it a temporary folder, removed when nothing waits in it\n"
	  "  --wait SECONDS      gives up when no answer came for so long (60)\n"
	  "  --retry-ms N        a phone sends again when no answer came for so long (10000)\n"
	  "\n"
	  "exit status: 0 all counted (already, or late, included), 1 some refused or taken back, 2 wrong usage or "
	  "file,\n"
	  "  3 not all answered, 4 no broker: nothing was sent, 5 an outbox failed\n" },
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
