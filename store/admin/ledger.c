/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/admin/ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum {
	YEAR_FIRST = 1970,
	YEAR_LAST = 9999,
	QUARTERS = 4 * (YEAR_LAST + 1),
	ISO_WEEKS = (YEAR_LAST - YEAR_FIRST + 1) * (WEEKS_MAX + 1),
	WHERE_BYTES = 160,
};

void ledger_found(struct findings *findings, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	findings->n++;
	findings->report(findings->context, text);
}

/* The tables by number are large, and cost only the pages that are written: what is there, and no more. */
int ledger_init(struct ledger *ledger, struct error *error)
{
	*ledger = (struct ledger){
		.quarters = calloc(QUARTERS, sizeof *ledger->quarters),
		.iso_weeks = calloc(ISO_WEEKS, sizeof *ledger->iso_weeks),
		.teams = calloc(TEAM_NUMBER_MAX + 1, sizeof *ledger->teams),
		.first_year = YEAR_LAST,
		.last_year = YEAR_FIRST - 1,
	};
	if (ledger->quarters && ledger->iso_weeks && ledger->teams)
		return 0;
	ledger_release(ledger);
	return error_set(error, FAULT_MEMORY, "no memory to verify");
}

void ledger_release(struct ledger *ledger)
{
	free(ledger->cells);
	free(ledger->weeks);
	free(ledger->quarters);
	free(ledger->iso_weeks);
	free(ledger->teams);
	*ledger = (struct ledger){0};
}

static void note_year(struct ledger *ledger, uint32_t year)
{
	if (year < ledger->first_year)
		ledger->first_year = year;
	if (year > ledger->last_year)
		ledger->last_year = year;
}

struct ledger_quarter *ledger_quarter(struct ledger *ledger, uint32_t quarter)
{
	note_year(ledger, year_of_quarter(quarter));
	return &ledger->quarters[quarter];
}

struct ledger_iso_week *ledger_iso_week(struct ledger *ledger, uint32_t iso_year, uint32_t week)
{
	note_year(ledger, iso_year);
	return &ledger->iso_weeks[(iso_year - YEAR_FIRST) * (WEEKS_MAX + 1) + week];
}

int ledger_add_cell(struct ledger *ledger, const struct cell_key *key, const struct cell_record *cell)
{
	struct ledger_cell *cells = room_for_one(ledger->cells, ledger->n_cells, &ledger->cells_room, sizeof *cells);

	if (!cells)
		return FAULT_MEMORY;
	ledger->cells = cells;
	cells[ledger->n_cells++] = (struct ledger_cell){.key = *key, .cell = *cell};
	if (key->kind == CELL_DOMAIN) {
		ledger_quarter(ledger, key->quarter)->cells_counted += cell->counted;
		ledger_quarter(ledger, key->quarter)->cells_late += cell->late;
	}
	return 0;
}

int ledger_add_week(struct ledger *ledger, const struct week_key *key, const struct week_record *week)
{
	struct ledger_week *weeks = room_for_one(ledger->weeks, ledger->n_weeks, &ledger->weeks_room, sizeof *weeks);

	if (!weeks)
		return FAULT_MEMORY;
	ledger->weeks = weeks;
	weeks[ledger->n_weeks++] = (struct ledger_week){.key = *key, .week = *week};
	ledger_iso_week(ledger, key->iso_year, key->week)->counted += week->counted;
	return 0;
}

/* ---- Ids ---------------------------------------------------------------------------------------- */

static int compare_cells(const void *a, const void *b)
{
	struct key left = key_cell(&((const struct ledger_cell *)a)->key);
	struct key right = key_cell(&((const struct ledger_cell *)b)->key);

	return memcmp(left.bytes, right.bytes, left.length);
}

static int compare_weeks(const void *a, const void *b)
{
	struct key left = key_week(&((const struct ledger_week *)a)->key);
	struct key right = key_week(&((const struct ledger_week *)b)->key);

	return memcmp(left.bytes, right.bytes, left.length);
}

static bool count_cell(struct ledger *ledger, const struct cell_key *key)
{
	struct ledger_cell wanted = {.key = *key}, *cell = NULL;

	if (ledger->n_cells > 0)
		cell = bsearch(&wanted, ledger->cells, ledger->n_cells, sizeof *ledger->cells, compare_cells);
	if (cell)
		cell->detail++;
	return cell != NULL;
}

static bool count_week(struct ledger *ledger, struct iso_week iso, uint16_t team)
{
	struct ledger_week wanted = {.key = {.iso_year = (uint16_t)iso.year, .team = team, .week = (uint8_t)iso.week}};
	struct ledger_week *week = NULL;

	if (ledger->n_weeks > 0)
		week = bsearch(&wanted, ledger->weeks, ledger->n_weeks, sizeof *ledger->weeks, compare_weeks);
	if (week)
		week->detail++;
	return week != NULL;
}

bool ledger_add_id(struct ledger *ledger, uint32_t day, const struct id_record *id)
{
	struct cell_key key = {.quarter = (uint16_t)quarter_of_day(day), .team = id->team};
	struct iso_week iso = iso_week_of_day(day);
	bool there;

	if (id->state == KNOWN_RETRACTED)
		return true;
	ledger_iso_week(ledger, iso.year, iso.week)->ids++;
	if (id->state == KNOWN_COUNTED)
		ledger_quarter(ledger, key.quarter)->ids_counted++;
	else
		ledger_quarter(ledger, key.quarter)->ids_late++;
	if (!id->detailed)
		return true;
	key.kind = CELL_DOMAIN;
	key.code = id->domain;
	key.outcome = id->outcome;
	there = count_cell(ledger, &key) && count_week(ledger, iso, id->team);
	key.kind = CELL_LABEL;
	key.outcome = OUTCOME_UNSPECIFIED;
	for (size_t i = 0; i < id->n_labels; i++) {
		key.code = id->labels[i];
		there = count_cell(ledger, &key) && there;
	}
	return there;
}

/* ---- Comparing ---------------------------------------------------------------------------------- */

static void describe_cell(char text[static WHERE_BYTES], const struct ledger *ledger, const struct cell_key *key)
{
	char period[PERIOD_TEXT_BYTES];
	const char *what = key->kind == CELL_LABEL ? "label" : "domain";

	period_format(period_of_quarter(key->quarter), period);
	(void)snprintf(text, WHERE_BYTES, "%s of team %s, %s %u%s%s", period,
		       ledger->teams[key->team][0] ? ledger->teams[key->team] : "(unknown)", what, key->code,
		       key->outcome ? " " : "", key->outcome ? words_outcome((enum outcome)key->outcome) : "");
}

static void compare_cell(const struct ledger *ledger, const struct ledger_cell *entry, const struct store_state *state,
			 struct findings *findings)
{
	const struct cell_record *cell = &entry->cell;
	char where[WHERE_BYTES];

	describe_cell(where, ledger, &entry->key);
	if (!ledger->teams[entry->key.team][0])
		ledger_found(findings, "%s: the team has number %u, which no team has", where, entry->key.team);
	if (cell->settled + entry->detail != cell->counted)
		ledger_found(findings,
			     "%s: counted is %" PRIu64 ", but settled %" PRIu64 " and %" PRIu64 " ids with detail",
			     where, cell->counted, cell->settled, entry->detail);
	if (cell->shown != cell->counted && state->cells.policy == CELLS_LIVE)
		ledger_found(findings, "%s: counted is %" PRIu64 ", but %" PRIu64 " is shown, and nothing is held",
			     where, cell->counted, cell->shown);
	else if (cell->shown != cell->counted && entry->key.quarter <= state->final_through)
		ledger_found(findings, "%s: counted is %" PRIu64 ", but %" PRIu64 " is shown in a final quarter", where,
			     cell->counted, cell->shown);
	if (cell->late > 0 && entry->key.quarter > state->final_through)
		ledger_found(findings, "%s: %" PRIu64 " late in a quarter that is not final", where, cell->late);
}

/* Cells of one team's quarter follow each other. */
static void compare_shown(const struct ledger *ledger, struct findings *findings)
{
	uint64_t counted[OUTCOME_REFERRED + 1] = {0}, shown[OUTCOME_REFERRED + 1] = {0};
	char period[PERIOD_TEXT_BYTES];

	for (size_t i = 0; i < ledger->n_cells; i++) {
		const struct ledger_cell *cell = &ledger->cells[i], *next = cell + 1;

		counted[cell->key.outcome] += cell->cell.counted;
		shown[cell->key.outcome] += cell->cell.shown;
		if (i + 1 < ledger->n_cells && next->key.quarter == cell->key.quarter &&
		    next->key.team == cell->key.team)
			continue;
		period_format(period_of_quarter(cell->key.quarter), period);
		for (int outcome = OUTCOME_ANSWERED; outcome <= OUTCOME_REFERRED; outcome++)
			if (shown[outcome] > counted[outcome])
				ledger_found(findings,
					     "%s of team %s: %" PRIu64 " %s are shown, and %" PRIu64 " counted", period,
					     ledger->teams[cell->key.team], shown[outcome],
					     words_outcome((enum outcome)outcome), counted[outcome]);
		memset(counted, 0, sizeof counted);
		memset(shown, 0, sizeof shown);
	}
}

static void compare_quarter(uint32_t number, const struct ledger_quarter *quarter, struct findings *findings)
{
	const struct quarter_record *record = &quarter->record;
	uint64_t ids_counted = quarter->ids_counted + record->purged_counted + record->taken_in;
	uint64_t ids_late = quarter->ids_late + record->purged_late;
	char period[PERIOD_TEXT_BYTES];

	if (ids_counted == quarter->cells_counted && ids_late == quarter->cells_late + record->taken_in)
		return;
	period_format(period_of_quarter(number), period);
	ledger_found(findings,
		     "%s: the counters say %" PRIu64 " counted and %" PRIu64
		     " late; the ids, with those purged and %" PRIu64 " taken in by revisions, %" PRIu64
		     " and %" PRIu64,
		     period, quarter->cells_counted, quarter->cells_late, record->taken_in, ids_counted,
		     ids_late - record->taken_in);
}

static void compare_week(const struct ledger *ledger, const struct ledger_week *entry, struct findings *findings)
{
	if (entry->week.settled + entry->detail != entry->week.counted)
		ledger_found(findings,
			     "week %u-W%02u of team %s: counted is %" PRIu64 ", but settled %" PRIu64 " and %" PRIu64
			     " ids with detail",
			     entry->key.iso_year, entry->key.week,
			     ledger->teams[entry->key.team][0] ? ledger->teams[entry->key.team] : "(unknown)",
			     entry->week.counted, entry->week.settled, entry->detail);
}

static void compare_iso_week(uint32_t year, uint32_t week, const struct ledger_iso_week *whole,
			     struct findings *findings)
{
	if (whole->ids + whole->purged != whole->counted)
		ledger_found(findings,
			     "week %u-W%02u: the counters say %" PRIu64 "; the ids, with those purged, %" PRIu64, year,
			     week, whole->counted, whole->ids + whole->purged);
}

void ledger_compare(struct ledger *ledger, const struct store_state *state, struct findings *findings)
{
	for (size_t i = 0; i < ledger->n_cells; i++)
		compare_cell(ledger, &ledger->cells[i], state, findings);
	compare_shown(ledger, findings);
	for (uint32_t quarter = 4 * ledger->first_year; quarter < 4 * (ledger->last_year + 1); quarter++)
		compare_quarter(quarter, &ledger->quarters[quarter], findings);
	for (size_t i = 0; i < ledger->n_weeks; i++)
		compare_week(ledger, &ledger->weeks[i], findings);
	for (uint32_t year = ledger->first_year; year <= ledger->last_year; year++)
		for (uint32_t week = 1; week <= WEEKS_MAX; week++)
			compare_iso_week(year, week, ledger_iso_week(ledger, year, week), findings);
}
