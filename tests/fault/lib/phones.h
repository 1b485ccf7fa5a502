/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The phones of an org, as a list of the events that they sent and of the receipts that they got; they are the memory
 * that a power cut does not touch. Moments are lengths of the recording (record.h): what happened at a later moment
 * than the cut never happened.
 */
#ifndef TURF_TESTS_FAULT_LIB_PHONES_H
#define TURF_TESTS_FAULT_LIB_PHONES_H

#include "aggregator/daemon/pipeline.h"
#include "tests/unit/lib/store_stage.h"

enum { PHONES_EVENTS_MAX = 6000, PHONES_MESSAGES = 8, PHONES_IN_MESSAGE = 6, NEVER = UINT32_MAX };

struct sent {
	struct event event;
	char team[SLUG_BYTES];
	bool refused; /* the aggregator will: its team is none */
	uint32_t sent_at;
	uint32_t receipt_at; /* NEVER */
	enum verdict verdict;
};

struct phones {
	struct sent list[PHONES_EVENTS_MAX];
	uint32_t n;
	uint32_t drawn; /* ids so far */
};

/* A batch in the making, and what it is made of. */
struct phones_batch {
	struct inbox inbox;
	struct inbox_message messages[PHONES_MESSAGES];
	uint8_t bytes[PHONES_MESSAGES][SUBMISSION_BYTES_MAX];
	uint32_t events[PHONES_MESSAGES * SUBMISSION_EVENTS_MAX]; /* in `list` */
	uint32_t n_events, n_told;
	struct phones *phones;
	uint32_t looks_back_to; /* NEVER: the receipts are the phones'; else only compared with those they had then */
};

/* New questions, things said again, and things taken back, of the last days before `today`. */
void phones_tap(struct phones *phones, uint64_t *dice, uint32_t today, struct phones_batch *batch);

/* What was sent up to `moment` and has no receipt of then, and now and then what has: until none is left (false). */
bool phones_repeat(struct phones *phones, uint64_t *dice, uint32_t moment, uint32_t *next, struct phones_batch *batch);

/* Counts the batch; its receipts are the phones' from this moment on. A fault leaves them without. */
int phones_count(struct pipeline *pipeline, struct phones_batch *batch, uint32_t today, struct error *error);

/* Every receipt up to `moment` is kept: each such event is known to the store that `txn` sees. */
void phones_check_known(const struct phones *phones, uint32_t moment, struct stage *stage, struct store_txn *txn);

/* Everything sent up to `moment` is counted once, and nothing else. */
void phones_check_counts(const struct phones *phones, uint32_t moment, struct stage *stage);

/* What was sent later than `moment` never was; the rest is long ago, and has its receipt. */
void phones_forget_after(struct phones *phones, uint32_t moment);

#endif
