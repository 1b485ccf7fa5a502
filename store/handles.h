/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is behind the handles of store.h and store_view.h, for the files of store/ and store/admin/.
 *
 * The lmdb_txn of a write transaction remembers its fault. Therefore functions that only write return nothing. What
 * they read after a fault is zero.
 */
#ifndef TURF_STORE_HANDLES_H
#define TURF_STORE_HANDLES_H

#include "base/lmdb/lmdb.h"
#include "store/files/daemon_lock.h"
#include "store/records.h"
#include "store/store.h"

struct store {
	char *path;
	char org[SLUG_BYTES];
	bool as_daemon;
	struct daemon_lock daemon_lock;
	int access_lock; /* -1: not held */
	struct lmdb lmdb;
	struct files_identity opened; /* the files that `lmdb` opened; zeros: nothing was noted */
	char epoch[EPOCH_TEXT_BYTES];
	uint64_t generation;        /* after the last commit that we made or have seen */
	uint64_t synced_generation; /* after the last commit that we made: it is on the disk */
	uint64_t noted_generation;  /* see store_note_last_seen; 0: nothing was noted */
	bool elsewhere;             /* another process has committed since store_changed_elsewhere was called */
};

/* A team's cells of a quarter. */
struct team_quarter {
	uint16_t quarter, team;
};

/* The quarter and the ISO week that a day belongs to. */
struct day_periods {
	uint32_t day;
	uint32_t quarter; /* 0: none yet */
	struct iso_week week;
};

struct store_txn {
	struct store *store;
	struct lmdb_txn *lmdb;
	struct state state; /* written at commit */
	bool changed;
	struct team_quarter *touched; /* cells that may have to be held or shown; each once */
	size_t n_touched, touched_room;
	struct changed_record *changed_cells, *changed_weeks; /* changes.c: tables by key, heap */
	struct lmdb_cursor ids;                               /* at the last new id; the first new id opens it */
	struct known_team *known_teams;                       /* teams.c: those that were looked up, by slug, heap */
	struct day_periods periods;                           /* of the last day that was asked for */
};

struct store_view {
	struct lmdb_txn *lmdb; /* points to `own`: so readers of a const view can note a fault */
	struct lmdb_txn own;
	struct state state;
};

#endif
