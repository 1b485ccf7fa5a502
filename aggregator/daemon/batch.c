/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void batch_release(struct batch *batch)
{
	free(batch->events);
	free(batch->order);
	free(batch->submissions);
	*batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
	batch->n_events = 0;
	batch->n_submissions = 0;
}

bool batch_full(const struct batch *batch)
{
	return batch->n_events + SUBMISSION_EVENTS_MAX > BATCH_EVENTS_MAX;
}

static int no_memory(struct error *error)
{
	return error_set(error, FAULT_MEMORY, "no memory for the events of a batch");
}

int batch_begin(struct batch *batch, const struct inbox_message *message, const char *receipt_to, struct error *error)
{
	struct batch_submission *submission, *submissions;

	submissions =
		room_for_one(batch->submissions, batch->n_submissions, &batch->submissions_room, sizeof *submissions);
	if (!submissions)
		return no_memory(error);
	batch->submissions = submissions;
	submission = &batch->submissions[batch->n_submissions++];
	*submission = (struct batch_submission){.message = message, .first = (uint32_t)batch->n_events};
	memcpy(submission->receipt_to, receipt_to, CLIENT_ID_BYTES);
	return 0;
}

static bool make_room_for_event(struct batch *batch)
{
	struct batch_event *events = room_for_one(batch->events, batch->n_events, &batch->events_room, sizeof *events);
	struct batch_place *order = room_for_one(batch->order, batch->n_events, &batch->order_room, sizeof *order);

	batch->events = events ? events : batch->events;
	batch->order = order ? order : batch->order;
	return events && order;
}

int batch_add(struct batch *batch, const struct submitted_event *submitted, struct error *error)
{
	struct batch_event *event;

	if (!make_room_for_event(batch))
		return no_memory(error);
	event = &batch->events[batch->n_events++];
	if (submitted->malformed)
		memcpy(event->id, submitted->id, sizeof event->id);
	else
		event->event = submitted->event;
	event->id_length = submitted->id_length;
	event->raw = submitted->raw;
	event->submission = (uint32_t)batch->n_submissions - 1;
	event->verdict = submitted->malformed ? VERDICT_REFUSED_MALFORMED : VERDICT_UNSPECIFIED;
	batch->submissions[event->submission].n_events++;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct batch_place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->event < y->event ? -1 : 1;
}

void batch_order(struct batch *batch)
{
	batch->n_order = 0;
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct event *event = &batch->events[i].event;

		if (batch->events[i].verdict == VERDICT_UNSPECIFIED)
			batch->order[batch->n_order++] = (struct batch_place){
				.key = (uint64_t)event->day << 32 | get_be32(event->id.bytes),
				.event = (uint32_t)i,
			};
	}
	if (batch->n_order > 0) /* else there may be no list yet, and qsort wants one */
		qsort(batch->order, batch->n_order, sizeof *batch->order, by_place);
}
