/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the files of store/ share: the opaque structs, and the verbs between them.
 *
 * In a write transaction faults are remembered by its lmdb_txn; functions that only write return nothing, and what
 * they read after a fault is zero.
 */
#ifndef TURF_STORE_INTERNAL_H
#define TURF_STORE_INTERNAL_H

#include "base/lmdb/lmdb.h"
#include "store/daemon_lock.h"
#include "store/records.h"
#include "store/store.h"

struct store {
	char *path;
	char org[SLUG_BYTES];
	bool as_daemon;
	struct daemon_lock daemon_lock;
	int access_lock; /* -1: not held */
	struct lmdb lmdb;
	struct files_identity opened; /* by `lmdb`; zeros: nothing was noted */
	struct files_identity noted;  /* for tools, of `opened` */
	char epoch[EPOCH_TEXT_BYTES];
	uint64_t generation;        /* after the last commit that we made or have seen */
	uint64_t synced_generation; /* after the last commit that we made: it is on the disk */
	uint64_t noted_generation;  /* see store_note_last_seen; 0: nothing was noted */
	bool elsewhere;             /* another process has committed since store_changed_elsewhere was asked */
};

/* A team's cells of a quarter. */
struct team_quarter {
	uint16_t quarter, team;
};

struct known_team;     /* teams.c */
struct changed_record; /* changes.c */

/* A day's place in the calendar. */
struct placed_day {
	uint32_t day;
	uint32_t quarter; /* 0: none yet */
	struct iso_week week;
};

struct store_txn {
	struct store *store;
	struct lmdb_txn *lmdb; /* that of lmdb_change, or own */
	struct lmdb_txn own;
	struct state state; /* written at commit */
	bool changed;
	struct team_quarter *touched; /* cells that may have to be held or shown; each once */
	size_t n_touched, touched_room;
	struct changed_record *changed_cells, *changed_weeks; /* tables by key, heap */
	struct lmdb_cursor ids;                               /* where the last new id was put; opened by the first */
	struct known_team *known_teams;                       /* those that were looked up: a table by slug, heap */
	struct placed_day placed;                             /* the last day that was asked for */
};

struct store_view {
	struct store *store;
	struct lmdb_txn *lmdb; /* own; readers of a const view remember faults too */
	struct lmdb_txn own;
	struct state state;
};

/* ---- state.c ---------------------------------------------------------------------------------- */

bool state_load(struct lmdb_txn *lmdb, const char *org, struct state *state); /* false: `lmdb` has a fault */
void state_save(struct lmdb_txn *lmdb, const struct state *state);
int state_read(struct lmdb *lmdb, const char *org, struct state *state,
	       struct error *error); /* in a transaction of its own */

/* Says that bytes were deleted, which a compacting copy will leave behind. */
void state_note_deletion(struct store_txn *txn);

/* A generation above `last`, and not below the clock's (rule 12, docs/wire-format.md). */
uint64_t state_next_generation(uint64_t last, uint64_t unix_seconds);

/* 0, or -1 when the system has no random bytes to give. */
int state_draw_epoch(char epoch[static EPOCH_TEXT_BYTES]);

/* ---- open.c ----------------------------------------------------------------------------------- */

enum { NEW_MAP_BYTES = 1 << 20, DEFAULT_MAP_BYTES = 64 << 20 };

/* The environment in `directory`, checked to be a turf store that this program can read. `org` may be empty: then
 * it is filled in. */
int store_check(struct lmdb *lmdb, const char *directory, char org[static SLUG_BYTES], struct error *error);

/* ---- place.c ---------------------------------------------------------------------------------- */

/* Writes down for tools which files the daemon has open, when these are others than before. */
int store_note_files(struct store *store, struct error *error);

/* ---- teams.c ---------------------------------------------------------------------------------- */

/* False: the team has none, or a fault. */
bool team_find(struct lmdb_txn *lmdb, const char *slug, uint16_t *number);
bool team_known(struct store_txn *txn, const char *slug,
		uint16_t *number); /* the same, remembered in the transaction */
void team_forget_known(struct store_txn *txn);
uint16_t team_find_or_add(struct store_txn *txn, const char *slug);
/* A number without a slug is a fault. */
bool team_slug(struct lmdb_txn *lmdb, uint16_t number, char slug[static SLUG_BYTES]);

/* ---- changes.c -------------------------------------------------------------------------------- */

/* By how much the cells and the week of one question change. */
struct count_change {
	int counted, settled, late;
};
/* Remembers the last one: questions come in the order of their days, as the pipeline folds them. */
const struct placed_day *changes_place_day(struct store_txn *txn, uint32_t day);

void changes_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct count_change change);

/* Takes the detail from a counted id, whose share of the figures is settled then. */
void changes_settle(struct store_txn *txn, uint32_t day, struct id_record *detail);

/* Writes what has changed: before cells are walked in the same transaction, and at commit. */
void changes_write(struct store_txn *txn);

void changes_free(struct store_txn *txn);

/* ---- cells.c ---------------------------------------------------------------------------------- */

/* Gives the transaction its fault. */
void cell_record_damaged(struct lmdb_txn *lmdb, enum database database);

/* Walks the cells that begin with `prefix`, in order. */
struct cell_walk {
	struct lmdb_cursor cursor;
	struct key prefix, from; /* `from` is the prefix, unless set before the first step */
	struct cell_key key;
	struct cell_record cell;
};
void cell_walk_open(struct cell_walk *walk, struct lmdb_txn *lmdb, struct key prefix);
bool cell_walk_next(struct cell_walk *walk); /* false: no more, or a fault */
void cell_walk_put(struct cell_walk *walk);  /* writes walk->cell back */
void cell_walk_close(struct cell_walk *walk);

bool quarter_get(struct lmdb_txn *lmdb, uint16_t quarter, struct quarter_record *record); /* zeros when absent */
void quarter_put(struct lmdb_txn *lmdb, uint16_t quarter, const struct quarter_record *record);

/* ---- held.c ----------------------------------------------------------------------------------- */

void held_touch(struct store_txn *txn, uint16_t quarter, uint16_t team);
void held_evaluate(struct store_txn *txn); /* what was touched */
/* Shows everything that is held from one quarter through another; true: a figure changed. */
bool held_show_through(struct store_txn *txn, uint32_t first, uint32_t last);
bool held_show_after(struct store_txn *txn, uint32_t quarter); /* in all quarters after this one */

/* ---- quarantine.c ------------------------------------------------------------------------------- */

void quarantine_limit(struct store_txn *txn, uint32_t limit);
void quarantine_expire(struct store_txn *txn, uint32_t before); /* entries that arrived on earlier days */

#endif
