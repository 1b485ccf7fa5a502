/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A store's counters set against the ids that raised them: what verify compares. Filled from the databases, in any
 * order; then ledger_compare tells where the two sides differ.
 */
#ifndef TURF_STORE_ADMIN_LEDGER_H
#define TURF_STORE_ADMIN_LEDGER_H

#include "store/records.h"

/* `report` is called with each finding, a sentence. */
struct findings {
	void (*report)(void *context, const char *text);
	void *context;
	int n;
};
void ledger_found(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct ledger_cell {
	struct cell_key key;
	struct cell_record cell;
	uint64_t detail; /* ids with detail that say they were counted here */
};

struct ledger_week {
	struct week_key key;
	struct week_record week;
	uint64_t detail;
};

/* The whole org's. */
struct ledger_quarter {
	uint64_t ids_counted, ids_late;     /* ids of its days */
	uint64_t cells_counted, cells_late; /* domain cells */
	struct quarter_record record;
};
struct ledger_iso_week {
	uint64_t ids, counted, purged;
};

struct ledger {
	struct ledger_cell *cells; /* ascending, as the database gives them */
	size_t n_cells, cells_room;
	struct ledger_week *weeks;
	size_t n_weeks, weeks_room;
	struct ledger_quarter *quarters;   /* by number */
	struct ledger_iso_week *iso_weeks; /* by year and week */
	uint32_t first_year, last_year;    /* that were written to; last before first: none */
	char (*teams)[SLUG_BYTES];         /* by number; empty: none */
};

int ledger_init(struct ledger *ledger, struct error *error);
void ledger_release(struct ledger *ledger); /* a cleared one is fine */

/* 0 or FAULT_MEMORY; cells and weeks in ascending order of their keys. */
int ledger_add_cell(struct ledger *ledger, const struct cell_key *key, const struct cell_record *cell);
int ledger_add_week(struct ledger *ledger, const struct week_key *key, const struct week_record *week);

/* To be written to; of quarters and weeks that the calendar has. */
struct ledger_quarter *ledger_quarter(struct ledger *ledger, uint32_t quarter);
struct ledger_iso_week *ledger_iso_week(struct ledger *ledger, uint32_t iso_year, uint32_t week);

/* After the cells and weeks. False: the id speaks of a cell, or a week, that is not there. */
bool ledger_add_id(struct ledger *ledger, uint32_t day, const struct id_record *id);

void ledger_compare(struct ledger *ledger, const struct store_state *state, struct findings *findings);

#endif
