/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turf, the command line of workers and leaders: what its files share.
 *
 * turf.c parses the command line and calls the command; help.c has the help; org.c finds the org; open.c opens an outbox;
 * choose.c understands typed words and days; words.c has texts in Dutch and English; signals.c has signals as file
 * descriptors. tap.c, join.c, watch.c and replay.c are the commands; screen.c draws what watch shows; csv.c, plan.c and
 * phones.c are for replay. Exit statuses, for scripts:
 */
#ifndef TURF_BROKER_CLIENT_CLI_CLI_H
#define TURF_BROKER_CLIENT_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/options.h"
#include "broker-client/libturf/turf.h"

enum exit_status {
	EXIT_DONE = 0,        /* counted, taken back, shown */
	EXIT_REFUSED = 1,     /* refused, or nothing to do */
	EXIT_USAGE = 2,       /* the command line, or the file it names, is wrong */
	EXIT_STORED = 3,      /* safe on this device, not yet confirmed */
	EXIT_UNREACHABLE = 4, /* no broker, or nothing came from it */
	EXIT_FAULT = 5,       /* the outbox, the disk or the system failed */
};

enum { CLI_LABELS_MAX = TURF_LABELS_MAX, PATH_BYTES = 4096 };

/* The command line, parsed. Members of options that were not given keep their defaults. */
struct cli {
	/* common */
	const char *broker, *credentials, *ca_file;
	const char *org;    /* NULL: to be found */
	const char *outbox; /* NULL: the usual place */
	int wait_ms;        /* -1: the command's own default */
	/* the commands' */
	const char *team, *period, *day, *today, *dismiss;
	const char *labels[CLI_LABELS_MAX];
	unsigned n_labels, clients, rate, retry_ms;
	bool help, referred, json, once, send, shift_to_today;
	char **arguments; /* what is no option */
	int n_arguments;
	int signal_fd; /* of a command that waits for signals itself; -1: none */
	/* found on the way; see open.c */
	char *user, *password;
	char org_found[TURF_TEAM_BYTES];
	char org_name[TURF_NAME_BYTES]; /* empty: not known */
	char timezone[TURF_NAME_BYTES]; /* likewise */
	char outbox_path[PATH_BYTES];
};

/* Bits of the table of options. CLI_COMMON is not a command: it stands for what the help of turf as a whole lists. */
enum {
	CLI_COMMON = 1 << 0,
	CLI_TAP = 1 << 1,
	CLI_UNDO = 1 << 2,
	CLI_PENDING = 1 << 3,
	CLI_WATCH = 1 << 4,
	CLI_REPLAY = 1 << 5,
	CLI_JOIN = 1 << 6,
	CLI_STATUS = 1 << 7,
	CLI_TOKEN = 1 << 8
};

struct command {
	const char *name;
	int (*run)(struct cli *cli);
	unsigned bit;
	int min_arguments, max_arguments;
	bool shows; /* it shows something: output that fails is a fault. The others have done their work anyway */
};

int cli_tap(struct cli *cli);
int cli_undo(struct cli *cli);
int cli_pending(struct cli *cli);
int cli_watch(struct cli *cli);
int cli_replay(struct cli *cli);
int cli_join(struct cli *cli);
int cli_status(struct cli *cli);
int cli_token(struct cli *cli);

/* ---- help.c ----------------------------------------------------------------------------------------------------- */

#define CLI_BROKER_DEFAULT "mqtt://127.0.0.1:18830"

extern const struct option_table cli_option_table; /* they set members of struct cli */

/* The help of a command, or of turf as a whole (CLI_COMMON). */
void cli_help(FILE *out, unsigned command);

/* ---- open.c ----------------------------------------------------------------------------------------------------- */

/* "turf: ...", to stderr. Returns `status`. */
int cli_complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit status for a fault. */
int cli_status_of_fault(int fault);

/* Reads the credentials file, if any. 0 or an exit status. */
int cli_credentials(struct cli *cli);

/* ${XDG_STATE_HOME:-~/.local/state}/turf, the usual place of outboxes. The folder of each outbox has the name of its
 * org. False: no home folder is known. */
bool cli_state_folder(char path[static PATH_BYTES]);

/* Finds the folder of the outbox of the org. 0 or an exit status. */
int cli_find_outbox(struct cli *cli);

/* Opens the outbox of the org. `connect` false: without a connection. `on_verdict` as in turf_options. 0 or an exit
 * status. */
int cli_open(struct cli *cli, struct turf **turf, bool connect,
	     void (*on_verdict)(void *context, const struct turf_answer *answer), void *context);

/* What turf_open needs to know to reach the broker for the org. */
struct turf_options cli_options(const struct cli *cli);

/* Keeps what the catalogue says of the org as a whole, for the answers. */
void cli_note_catalogue(struct cli *cli, const struct turf_catalogue *catalogue);

/* The catalogue that the outbox has; calls cli_note_catalogue for it. NULL: there is none. */
struct turf_catalogue *cli_known_catalogue(struct cli *cli, struct turf *turf);

/* The org's date, in days since 1970-01-01, by this machine's clock. An empty `zone`: the contract's default. Sets the
 * process's TZ, so it is for the main thread only. */
uint32_t cli_today(const char *zone);

/* ---- org.c ------------------------------------------------------------------------------------------------------ */

/*
 * Finds the org: the one of --org or --outbox. Without these: the only org that the broker shows (it has a catalogue or a
 * status there) and that has an outbox in the usual place on this device; or the only one that is in either place. If there
 * are several, it asks the person at the terminal; without a terminal it names them all and refuses, since a question must
 * not count for an org that only answered first. With `local_first`, or if this device has joined it, the only org of this device is used, and the broker is
 * not asked. 0 or an exit status; EXIT_UNREACHABLE without a message: a signal came first.
 */
int cli_find_org(struct cli *cli, bool local_first);

/* Whether the outbox has joined this org with an invitation. Creates nothing. */
bool cli_has_joined(const char *org, const char *outbox);

/* ---- signals.c -------------------------------------------------------------------------------------------------- */

/* Opens a signalfd(2) for SIGINT and SIGTERM, which end a command, and for SIGWINCH if `resizing`. Blocks these signals
 * from now on, so call it before any thread starts. -1: there is none. */
int signals_open_fd(bool resizing);

/* The next signal that came; 0: none, or `fd` is -1. */
int signals_next(int fd);

/* ---- screen.c: a team's figures as a table with bars -------------------------------------------------------------- */

enum { COLUMNS_DEFAULT = 80, ROWS_UNLIMITED = 0 };

struct screen_style {
	size_t columns;   /* no line is wider */
	size_t rows;      /* at most this many lines, but for what is always shown; ROWS_UNLIMITED */
	const char *note; /* a last line; NULL: none */
};

/* Prints the table and returns the number of its lines. */
size_t screen_print(FILE *out, const struct turf_summary *summary, const struct screen_style *style);

/* ---- choose.c --------------------------------------------------------------------------------------------------- */

/* The day of an option such as "--day". 0 or EXIT_USAGE. */
int choose_day(const char *option, const char *typed, uint32_t *day);

/* 0, or EXIT_USAGE after the choices were listed. `catalogue` NULL: there was none so far; then only codes can be used, and
 * anything else is EXIT_UNREACHABLE. `typed` NULL: the only team that there is. */
int choose_team(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, const char **team);
int choose_domain(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code);
int choose_label(const struct turf_catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
		 uint32_t *code);

/* ---- words.c ---------------------------------------------------------------------------------------------------- */

const char *cli_verdict_words(enum turf_verdict verdict);
const char *cli_retraction_words(enum turf_verdict verdict); /* the same of a retraction */
bool cli_is_refusal(enum turf_verdict verdict);
const char *cli_quarter_status_words(enum turf_quarter_status status);

/* Prints the end of a line: ", voor / for Sociaal Werk De Kop", or the org's id when its name is not known. */
void cli_print_for_org(FILE *out, const struct cli *cli);

/* A line about what goes later, if anything does (turf_get_later). */
void cli_print_later(struct turf *turf);

/* "Financiën, doorverwezen / referred, team oost, 2019-12-31 (8f3a01c2)". */
void cli_print_tap(FILE *out, const struct turf_tap *tap, const struct turf_catalogue *catalogue);

#endif
