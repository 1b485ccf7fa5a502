/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The well-formed events of a batch, to be folded in the order of their ids. That is the order of the store's pages:
 * each page is found once for all its ids, which halves what the store takes of the processor for large batches.
 * Events with the same id stay in the order in which they arrived, which decides what they count (rule 1).
 */
#ifndef TURF_AGGREGATOR_DAEMON_BATCH_H
#define TURF_AGGREGATOR_DAEMON_BATCH_H

#include "aggregator/daemon/inbox.h"
#include "base/error.h"
#include "proto/message.h"

/* More are folded in parts: bounds memory, some 6 MB. */
enum { BATCH_EVENTS_MAX = 1 << 16 };

struct batch_event {
	struct event event;
	uint32_t submission;  /* index into the batch's */
	enum verdict verdict; /* once it is folded */
};

struct batch_submission {
	const struct inbox_message *message;
	char receipt_to[CLIENT_ID_BYTES]; /* empty: no receipt is wanted */
	uint32_t first, n_events;         /* its well-formed ones: in a row */
	uint32_t n_malformed;
};

struct batch_place {
	uint64_t key;   /* the day, and the id's first four bytes: equal for equal ids */
	uint32_t event; /* index */
};

/* All zeros is an empty batch. */
struct batch {
	struct batch_event *events; /* in order of arrival */
	struct batch_place *order;  /* filled by batch_order */
	struct batch_submission *submissions;
	size_t n_events, events_room, n_submissions, submissions_room;
};

void batch_release(struct batch *batch);

/* Forgets the events; memory is kept for the next ones. */
void batch_clear(struct batch *batch);

/* Whether another submission may be too many for this part. */
bool batch_full(const struct batch *batch);

/* Begins a submission; then its events follow. 0 or FAULT_MEMORY. */
int batch_begin(struct batch *batch, const struct inbox_message *message, const char *receipt_to, struct error *error);
int batch_add(struct batch *batch, const struct event *event, struct error *error);
void batch_note_malformed(struct batch *batch);

/* Fills `order`: n_events places, by day, by id as far as it matters to pages, and by arrival. */
void batch_order(struct batch *batch);

#endif
