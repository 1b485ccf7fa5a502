/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The counts on disk: one LMDB environment for one org (docs/store-format.md).
 *
 * Lifecycle: store_open; then any number of write transactions (one at a time, one thread) and views
 * (read transactions, which never block the writer and are never blocked by it); store_close.
 *
 * Two processes may have the same store open: its daemon, and an operator's tool. Only the daemon says
 * `as_daemon`; a second one is refused. What the other process commits is seen by the next view.
 *
 * A commit is synced before it returns. After FAULT_FULL or FAULT_STORE earlier commits stand and the
 * caller may try again; nothing here repairs or deletes by itself, beyond what docs/store-format.md
 * lists under "What is stored, and until when".
 */
#ifndef TURF_STORE_STORE_H
#define TURF_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/rules.h"

struct store;
struct store_txn;
struct store_view;

enum { QUARANTINE_LIMIT_DEFAULT = 1000 };

/* When a team's domain and label figures move (rule 14, docs/wire-format.md). Totals move at once. */
enum cells_policy { CELLS_LIVE, CELLS_DAILY, CELLS_EVERY };
struct cells {
	enum cells_policy policy;
	uint32_t every; /* CELLS_EVERY: this many new questions */
};

struct store_options {
	const char *path;          /* a directory */
	const char *org;           /* NULL: whichever org the store holds (never creates) */
	bool as_daemon;            /* create when missing, hold the daemon's lock, raise the generation */
	bool read_only;            /* views only; not with as_daemon */
	uint64_t unix_seconds;     /* the clock, for the generation; not for read_only */
	uint32_t today;            /* org's date; used when the store is created */
	size_t map_bytes;          /* address space to begin with; 0: 64 MiB. Grows by itself. */
	uint32_t quarantine_limit; /* entries per reason; 0: QUARANTINE_LIMIT_DEFAULT */
};

int store_open(struct store **out, const struct store_options *options, struct error *error);
void store_close(struct store *store); /* NULL is fine */

/* What the store says of itself, in one consistent state. */
struct store_state {
	char org[SLUG_BYTES];
	char epoch[EPOCH_TEXT_BYTES]; /* lower-case hex */
	uint32_t created;             /* day */
	uint64_t generation;
	struct cells cells;
	uint32_t clock_day;   /* the last date that was trusted */
	uint32_t pending_day; /* a date that jumped and waits for confirmation; 0: none */
	uint32_t purged_before, settled_before, final_through; /* as in struct standing */
	uint32_t deleted_since; /* the day since when freed pages hold deleted bytes, see store_compact; 0: none do */
};

/* ---- Writing -------------------------------------------------------------------------------- */

/* Results above 0. */
enum {
	STORE_MORE = 2,         /* store_keep_time: there is more to settle or purge: call again */
	STORE_NOT_FOUND = 3,    /* there is no such entry, or none yet */
	STORE_NOTHING_DONE = 4, /* there was nothing to do, or it cannot be done now */
};

/*
 * What one change does. 0: commit it. > 0, a result: nothing is changed, and the result is returned. < 0, a fault, with its
 * message in `error`: nothing is changed, and the fault is returned. When the store's map has to grow, it is run again from
 * the start, so it sets its results again each time. A transaction remembers its first fault: later calls on it do nothing and return 0, and store_change returns it.
 */
typedef int store_body(void *context, struct store_txn *txn, struct error *error);

/* Runs `body` in a write transaction and commits that, synced. 0, the body's result, or a fault. */
int store_change(struct store *store, store_body *body, void *context, struct error *error);

void store_txn_state(struct store_txn *txn, struct store_state *state);

/* What one event did. */
struct folded {
	enum verdict verdict;
	bool changed;          /* figures of this team and quarter changed */
	char team[SLUG_BYTES]; /* the team whose figures changed: the question's own, also for a retraction */
	uint32_t quarter;
	uint32_t day;
};

/* Looks the id up, judges, marks the id and changes the counters. */
void store_fold(struct store_txn *txn, const struct admitted *admitted, struct folded *out);

/* A refused event or message. `bytes` decode as a Submission without receipt_to, or are what could be kept of one. */
struct quarantined {
	uint64_t sequence;     /* given by the store */
	enum verdict reason;   /* a refusal */
	char team[SLUG_BYTES]; /* of the topic; empty: it named none */
	uint32_t day;          /* of arrival */
	size_t length;
	uint8_t bytes[SUBMISSION_BYTES_MAX];
};
void store_quarantine(struct store_txn *txn, const struct quarantined *entry); /* the oldest of its reason makes room */
int store_quarantine_drop(struct store_txn *txn, enum verdict reason, uint64_t sequence); /* 0 or STORE_NOT_FOUND */

void store_put_catalogue(struct store_txn *txn, const struct catalogue *catalogue);
void store_put_cells(struct store_txn *txn, struct cells cells);

/* Takes the late questions of a final quarter into its figures, under the next revision. Returns the number of that
 * revision, or 0 if there were no late questions. */
uint32_t store_revise(struct store_txn *txn, uint32_t quarter, uint64_t *taken_in);

/* The operator says that a date that jumped is right. STORE_NOTHING_DONE: no date is waiting. */
int store_confirm_date(struct store_txn *txn);

/*
 * Lets time pass, in transactions of its own that are short: trusts or holds back a date that jumped by more
 * than two days (time.c says which), closes quarters, shows held cells, settles, purges.
 * `changed` tells whether any summary may look different now. 0, STORE_MORE, or a fault.
 */
struct store_time {
	uint32_t today;
	bool confirmed;    /* the operator pinned the date: it is trusted */
	bool synchronised; /* a time server vouches for the date: a jump ahead of up to RULES_CLOCK_JUMP_DAYS is trusted */
	const struct catalogue *catalogue;
};
int store_keep_time(struct store *store, const struct store_time *time, bool *changed, struct error *error);

/* Writes the live pages to a new file, which replaces the old one. It does so only when freed pages hold old bytes and
 * nobody else has the store open for writing. 0, STORE_NOTHING_DONE or a fault.
 * No transaction or view may be open. */
int store_compact(struct store *store, struct error *error);

/* Whether the store's files still have their names, or a fault: they were moved, deleted or replaced. No transaction begins then, and
 * none is reported as committed. A file that is back has its name again. */
int store_check_files(struct store *store, struct error *error);

/* Writes down beside the store's directory what was last committed (last_seen.h), so that store_open as daemon refuses to make an
 * empty store in its place, or to take an older copy of it. Now and then; the first time it is synced. */
int store_note_last_seen(struct store *store, struct error *error);

enum { STORE_CLIENT_SECRET_BYTES = 17 }; /* 16 hexadecimal digits and a zero */

/* The secret end of the daemon's client id, which stays with this store's place on this disk (last_seen.h). After a fault, `secret`
 * is one that cannot be kept, or empty. */
int store_client_secret(const struct store *store, char secret[static STORE_CLIENT_SECRET_BYTES], struct error *error);

/* Frees what readers that were killed hold on to, and without which the file grows: now and then. */
void store_check_readers(struct store *store);

/* Whether another process (turfctl) has committed since the last call: its transactions lie between our own. */
bool store_changed_elsewhere(struct store *store);

/* ---- Reading: store_view.h ; operator's verbs: admin/admin.h --------------------------------- */

#endif
