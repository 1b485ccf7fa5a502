/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl, the operator's tool: what its commands share. turfctl.c has the table of commands; each group of
 * commands has a file of its own.
 *
 * Every command works on a store directory while turfd runs (restore alone does not), and keeps a view open only
 * for as long as it reads: what it prints was put together before.
 */
#ifndef TURF_AGGREGATOR_CTL_CTL_H
#define TURF_AGGREGATOR_CTL_CTL_H

#include <stdbool.h>
#include <stdio.h>

#include "aggregator/figures/figures.h"
#include "store/store.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1, /* it failed, found something, or there was nothing to do */
	CTL_USAGE = 2,  /* wrong command line */
	CTL_BUSY = 3,   /* the store is in use: stop turfd first, or try again */
};

/* The command line. Strings are NULL when not given. */
struct ctl {
	const char *store;
	const char *team;
	const char *period;
	const char *today;
	const char *format;
	const char *output;
	const char *separator;
	bool replace;
	char **words; /* what follows the command */
	int n_words;
};

/* ---- The commands: each returns an enum ctl_exit, or a fault ----------------------------------- */

typedef int ctl_command(const struct ctl *ctl, struct error *error);

ctl_command ctl_show, ctl_export, ctl_quarantine, ctl_info, ctl_verify, ctl_backup, ctl_restore, ctl_revise,
	ctl_confirm_date;

/* ---- Saying what is wrong: to stderr ---------------------------------------------------------- */

/* Prints the fault's message; returns the exit status that goes with it. */
int ctl_fault(int fault, const struct error *error);

/* Prints the mistake and how to get help; returns CTL_USAGE. */
int ctl_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- One consistent reading ------------------------------------------------------------------- */

struct ctl_reading {
	struct store *store; /* NULL after ctl_reading_close, and so is the view */
	struct store_view *view;
	struct store_state state;
	struct catalogue catalogue;
	struct figures figures;     /* usable while the view is open */
	char date[DATE_TEXT_BYTES]; /* of `today`, for headings */
	bool not_the_clocks;        /* the date is turfd's, and another than the clock's */
};

/*
 * Opens the store for reading and takes a view. `today` is what --today says, else the clock's date in the org's time
 * zone; but when that is more than two days off from the date that turfd counts by, turfd's date: then the figures are
 * those that turfd publishes. On a fault nothing is left open.
 */
int ctl_reading_open(const struct ctl *ctl, struct ctl_reading *out, struct error *error);
void ctl_reading_close(struct ctl_reading *reading); /* the view and the store; the catalogue stays */
void ctl_reading_release(struct ctl_reading *reading);

/* Says on stderr that the date is not the clock's, when it is not and the command goes by it. */
void ctl_note_date(const struct ctl_reading *reading);

/* `team` when it is a team of the catalogue or TEAM_ALL; FAULT_INPUT with the list of teams otherwise. */
int ctl_check_team(const struct catalogue *catalogue, const char *team, struct error *error);

/* ---- One change ------------------------------------------------------------------------------- */

/* Opens the store beside the daemon, to read or to change. */
int ctl_store_open(const struct ctl *ctl, bool read_only, struct store **out, struct error *error);

#endif
