/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Decides which events of the outbox are sent next, and when they are sent again (rule 3, docs/wire-format.md). Pure:
 * the time is an argument, and there is no I/O and no lock. One thread at a time may use a sender.
 *
 * An entry is one event that waits in the outbox, known by its sequence number. It is fresh (never sent), in flight in a
 * slot, or waiting for its next turn. A slot holds one submission; there are a few of them. A slot is freed when receipts
 * have named all its entries, or when it times out after retry_ms. Then each of its entries waits for its own interval and
 * is sent again alone.
 *
 * A broker may drop the submissions of a team without saying so. Such a team must not delay other teams, and an aggregator
 * that does not run must not be flooded:
 *   - A team is timed out from the moment a slot of it times out without any receipt, until its next receipt. It gets at most
 *     one slot for entries that were sent before and one for fresh entries. Its next receipt makes all its entries due.
 *   - A team is unconfirmed when it is timed out or had no receipt yet. Unconfirmed teams never get the last free slot (unless
 *     there is only one slot), so that a team with receipts never waits for them.
 *   - Unconfirmed teams take turns, so that one with many entries does not delay another. One slot is always for them.
 * tests/data/vectors/sender.json has examples of these rules. The pages' sender.js follows the same rules.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_SENDER_H
#define TURF_BROKER_CLIENT_LIBTURF_SENDER_H

#include "proto/message.h"

enum { SENDER_SLOTS_MAX = 16 };

struct sender_options {
	uint32_t slots;        /* submissions in flight at once, 1..SENDER_SLOTS_MAX */
	uint32_t retry_ms;     /* an entry without a receipt is sent again after this long */
	uint32_t retry_max_ms; /* the interval doubles each time, up to this */
	uint64_t seed;         /* for the jitter */
};

enum sender_state {
	SENDER_FRESH,     /* never sent */
	SENDER_IN_FLIGHT, /* in a slot */
	SENDER_WAITING,   /* was sent; waits for its next turn */
	SENDER_GONE,      /* done; its place is still to be taken out */
};

struct sender_entry {
	uint64_t seq;
	struct event_id id;
	enum act act;
	enum sender_state state;
	uint32_t team; /* index */
	uint32_t slot; /* when in flight */
	uint32_t attempts;
	int64_t due_ms; /* when waiting */
	bool alone;     /* its submission had no receipt: from now on it is sent by itself */
	bool sent;      /* on this connection: a receipt for any other entry means nothing */
	bool answered;  /* with a verdict that ends nothing: it is sent again after its own interval, not before */
};

/* One submission: these entries of one team, now. */
struct sender_batch {
	char team[SLUG_BYTES];
	uint32_t slot;
	uint32_t n;
	uint64_t seqs[SUBMISSION_EVENTS_MAX];
};

struct sender_slot {
	bool used;
	bool again; /* its entries were sent before */
	uint32_t team;
	uint32_t n, left; /* entries at the start, and still without a verdict */
	int64_t sent_ms, until_ms;
};

struct sender_team {
	char team[SLUG_BYTES];
	bool timed_out;
	size_t fresh;       /* entries that were never sent */
	int64_t receipt_ms; /* the last receipt; INT64_MIN: none yet */
	int64_t sent_ms;    /* the last submission; INT64_MIN: none yet */
};

struct sender {
	struct sender_options options;
	uint64_t random;
	struct sender_entry *entries; /* ascending by seq */
	size_t n, room, gone;
	struct sender_team *teams;
	uint32_t n_teams;
	struct sender_slot slots[SENDER_SLOTS_MAX];
};

void sender_init(struct sender *sender, const struct sender_options *options);
void sender_release(struct sender *sender);

/* Adds an event that waits in the outbox. An entry that is there already stays as it is. 0 or FAULT_MEMORY. */
int sender_add(struct sender *sender, uint64_t seq, const struct event_id *id, enum act act, const char *team);

/* The number of fresh entries, without those of teams that are timed out. */
size_t sender_fresh(const struct sender *sender);

/* Chooses the next submission and takes a slot for it. False: nothing may be sent now. */
bool sender_next(struct sender *sender, int64_t now_ms, struct sender_batch *batch);

/* The moment from which sender_next or sender_expire may have something to do; INT64_MAX: none. */
int64_t sender_wake_ms(const struct sender *sender, int64_t now_ms);

/* Frees the slots that have timed out. */
void sender_expire(struct sender *sender, int64_t now_ms);

/* The connection was lost: all that was in flight is sent first on the next one. */
void sender_lost(struct sender *sender, int64_t now_ms);

/* The aggregator was started again: all that was sent and has no receipt is sent again, at a random moment within
 * spread_ms. */
void sender_resend_soon(struct sender *sender, int64_t now_ms, uint32_t spread_ms);

/* The entry with this id that was sent on this connection; NULL: none, and a receipt for it means nothing. */
struct sender_entry *sender_sent(struct sender *sender, const struct event_id *id);

/* The entry, or NULL. */
struct sender_entry *sender_find(struct sender *sender, uint64_t seq);

/* A receipt named the entry: its team is confirmed. */
void sender_note_receipt(struct sender *sender, const struct sender_entry *entry, int64_t now_ms);

/* Removes an entry: a verdict ended it, or the outbox no longer holds it. Pointers to entries are invalid afterwards. */
void sender_done(struct sender *sender, struct sender_entry *entry);

/* Keeps an entry whose verdict ends nothing, and sends it again after its interval. */
void sender_retry_later(struct sender *sender, struct sender_entry *entry, int64_t now_ms);

#endif
