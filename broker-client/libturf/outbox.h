/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The phone's durable memory: taps that wait, taps that were answered, the cached catalogue and the last epoch, in one
 * LMDB environment (docs/outbox-format.md). Every change is one transaction, synced before the call returns; kill -9
 * between any two instructions loses nothing.
 *
 * A tap is a question, its retraction, or both: one record, kept until nothing of it waits, nothing refused is left to
 * show, and its day is past retracting. What waits stands in a queue, in tap order. A retraction is held back while its
 * question waits, so that a receipt for an id can mean only one of the two.
 *
 * Any thread may call anything here; each call takes the outbox's own lock. Several processes may have the same outbox
 * open, one process only once.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_H

#include "base/error.h"
#include "broker-client/libturf/outbox_tap.h"

struct outbox;

enum { BOOKMARK_BYTES = 32 };

/* Something to send. */
struct outbox_entry {
	uint64_t seq; /* 0 from outbox_get: it waits no more */
	char team[SLUG_BYTES];
	struct event event;
	bool reoffered; /* it was answered before, and another store must get it again */
};

/* Opens, or creates (mode 0700, with its parents), the outbox in folder `path` for `org`.
 * One of an older format is taken over. FAULT_FOREIGN: it holds another org's taps, or is of a newer turf. FAULT_BUSY:
 * open in this process already. */
int outbox_open(struct outbox **out, const char *path, const char *org, struct error *error);
void outbox_close(struct outbox *outbox);

/* Whose outbox is in that folder: 0, or TURF_UNKNOWN when it holds none; nothing is created. */
int outbox_org(const char *path, char org[static SLUG_BYTES]);

/* New questions, each with its secret as `proof`, all or none, in order. `bookmark` (NULL: none) is BOOKMARK_BYTES of
 * the caller's own, stored in the same transaction. */
int outbox_add(struct outbox *outbox, const char *const *teams, const struct event *questions, size_t n,
	       const uint8_t *bookmark, struct error *error);

/* Reads the caller's bookmark. 0, or TURF_UNKNOWN: there is none. */
int outbox_bookmark(struct outbox *outbox, uint8_t bookmark[static BOOKMARK_BYTES], struct error *error);

/* Takes a tap back. One without secret whose question has not left is deleted; without secret, any other is retracted
 * without proof. For an id that the outbox does not know, give `team`, `day` and, if it is known, `secret`;
 * TURF_UNKNOWN without them. If it knows only a refused retraction of that id, they replace the old ones.
 * TURF_UNCHANGED: the tap was taken back or refused. */
int outbox_retract(struct outbox *outbox, const struct event_id *id, const char *team, uint32_t day,
		   const struct event_secret *secret, struct error *error);

/* Forgets a refusal. A refused question is deleted; after a refused retraction, its question stays counted.
 * TURF_UNCHANGED: nothing of the tap is refused. */
int outbox_dismiss(struct outbox *outbox, const struct event_id *id, struct error *error);

/* Reads at most `max` events that may be sent, from after `seq` in the queue (0: from its start). Retractions that are held
 * back are left out. `*last`: what the next call takes for `after`; after a fault, the same as now. */
int outbox_load(struct outbox *outbox, uint64_t after, struct outbox_entry *entries, size_t max, size_t *n,
		uint64_t *last, struct error *error);

/* The same entries as they stand now, to be sent. A question without secret is noted as one that has left. */
int outbox_get(struct outbox *outbox, const uint64_t *seqs, size_t n, struct outbox_entry *entries,
	       struct error *error);

/* A verdict on an entry that was sent. outbox_tap.c says what it means. */
struct outbox_result {
	uint64_t seq;
	struct event_id id;
	enum act act;
	enum verdict verdict;
	bool ended;          /* out: this verdict ended the entry */
	uint64_t also_ended; /* out: the seq of the retraction that ended with its question; 0: none */
	uint64_t freed;      /* out: the seq of the retraction that may be sent now; 0: none */
};

/* Applies all results in one transaction. An entry that no longer waits is left alone. If another process has stored another
 * epoch than the one that this process checked last, all entries are left alone: the verdicts may be those of the old store.
 * Not at the same time as outbox_check_epoch. */
int outbox_apply_results(struct outbox *outbox, struct outbox_result *results, size_t n, struct error *error);

/* Events in the queue. */
int outbox_pending(struct outbox *outbox, size_t *n, struct error *error);

/* All taps, oldest first. Heap; free() it. */
int outbox_list(struct outbox *outbox, struct tap **taps, size_t *n, struct error *error);

/* One tap: 0 or TURF_UNKNOWN. */
int outbox_tap(struct outbox *outbox, const struct event_id *id, struct tap *tap, struct error *error);

/* From now on taps of days before `day` are forgotten once nothing of them waits or is refused. */
int outbox_forget_before(struct outbox *outbox, uint32_t day, struct error *error);

/* Compares the store's epoch, from the status, with the one in the outbox. If it changed, or none is stored, requeues
 * all remembered taps in the same transaction (rule 13, docs/wire-format.md): what was answered before may be in
 * another store. */
int outbox_check_epoch(struct outbox *outbox, const uint8_t epoch[static EPOCH_BYTES], struct error *error);

/* What the phone remembers for sending through a door (docs/door.md): the org's date with the day that the phone's own clock had
 * then (UTC), and when the next portion may go, in unix seconds. Without them: 0. */
int outbox_put_date(struct outbox *outbox, uint32_t org_day, uint32_t clock_day, struct error *error);
int outbox_date(struct outbox *outbox, uint32_t *org_day, uint32_t *clock_day, struct error *error);
int outbox_put_portion(struct outbox *outbox, int64_t at, struct error *error);
int outbox_portion(struct outbox *outbox, int64_t *at, struct error *error);

/* The number that the next tap or retraction will have. */
int outbox_next_number(struct outbox *outbox, uint64_t *number, struct error *error);

/* The bytes of the last catalogue, as they came. The reader must free() `*bytes`. TURF_UNKNOWN: there is none. */
int outbox_put_catalogue(struct outbox *outbox, const uint8_t *bytes, size_t length, struct error *error);
int outbox_catalogue(struct outbox *outbox, uint8_t **bytes, size_t *length, struct error *error);

#endif
