/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The decoded events of a batch, or of a part of it when it is large. They are folded in the order of their days and ids,
 * which is the order of the store's pages: each page is found once for all its ids, which halves what the store takes of
 * the processor for large batches. Events with the same id keep the order of their arrival, which decides what they count
 * (rule 1, docs/wire-format.md).
 */
#ifndef TURF_AGGREGATOR_DAEMON_BATCH_H
#define TURF_AGGREGATOR_DAEMON_BATCH_H

#include "aggregator/daemon/inbox.h"
#include "base/error.h"
#include "proto/message.h"

/* More are folded in parts: bounds memory, some 6 MB. */
enum { BATCH_EVENTS_MAX = 1 << 16 };

struct batch_event {
	union {
		struct event event;              /* of a well-formed one; begins with its id */
		uint8_t id[RESULT_ID_BYTES_MAX]; /* of any */
	};
	uint8_t id_length;     /* 0: there is no result to send */
	struct byte_range raw; /* in its message: for the quarantine */
	uint32_t submission;   /* index into the batch's */
	enum verdict verdict;  /* a malformed one is refused from the beginning; the others are folded first */
};

struct batch_submission {
	const struct inbox_message *message;
	char receipt_to[CLIENT_ID_BYTES]; /* empty: no receipt is wanted */
	uint32_t first, n_events;         /* its events: in a row */
};

struct batch_place {
	uint64_t key;   /* the day, and the id's first four bytes: equal for equal ids */
	uint32_t event; /* index */
};

/* All zeros is an empty batch. */
struct batch {
	struct batch_event *events; /* in order of arrival */
	struct batch_place *order;  /* of the well-formed ones; filled by batch_order */
	struct batch_submission *submissions;
	size_t n_events, events_room, n_order, order_room, n_submissions, submissions_room;
};

void batch_release(struct batch *batch);

/* Forgets the events; memory is kept for the next ones. */
void batch_clear(struct batch *batch);

/* Whether the next submission begins another part. */
bool batch_full(const struct batch *batch);

/* Begins a submission; then its events follow. 0 or FAULT_MEMORY. */
int batch_begin(struct batch *batch, const struct inbox_message *message, const char *receipt_to, struct error *error);
int batch_add(struct batch *batch, const struct submitted_event *submitted, struct error *error);

/* Fills `order`: by day, by id as far as it matters to pages, and by arrival. */
void batch_order(struct batch *batch);

#endif
