/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/pipeline.h"

#include <string.h>

#include "aggregator/daemon/batch.h"
#include "base/step.h"
#include "store/store_view.h"

/* One attempt at one batch. */
struct run {
	struct pipeline *pipeline;
	struct store_txn *txn;
	struct batch batch;
	struct standing standing;
	struct counters counters; /* added to the pipeline's when the batch is on disk */
	struct error *error;
};

static void quarantine(struct run *run, const char *team, enum verdict reason, const uint8_t *bytes, size_t length)
{
	struct quarantined entry = {.reason = reason, .day = run->standing.today, .length = length};

	memcpy(entry.team, team, sizeof entry.team);
	memcpy(entry.bytes, bytes, length);
	store_quarantine(run->txn, &entry);
}

static void quarantine_event(struct run *run, const struct inbox_message *message, uint32_t i, enum verdict reason)
{
	const uint8_t *event;
	size_t length;

	if (submission_raw_event(message->mqtt.payload, message->mqtt.length, i, &event, &length))
		quarantine(run, message->team, reason, event, length);
}

static void quarantine_submission(struct run *run, const struct inbox_message *message)
{
	uint8_t kept[SUBMISSION_BYTES_MAX];
	size_t length = submission_strip(message->mqtt.payload, message->mqtt.length, kept, sizeof kept);

	quarantine(run, message->team, VERDICT_REFUSED_MALFORMED, kept, length);
}

static struct result result_of(const uint8_t *id, size_t length, enum verdict verdict)
{
	struct result result = {.id_length = (uint8_t)length, .verdict = verdict};

	memcpy(result.id, id, length);
	return result;
}

static void note_verdict(struct run *run, const struct inbox_message *message, uint32_t i, enum verdict verdict)
{
	if (words_verdict_is_refusal(verdict))
		quarantine_event(run, message, i, verdict);
	run->counters.events++;
	++*counters_of_verdict(&run->counters, verdict);
}

/* ---- Decode --------------------------------------------------------------------------------------- */

/* What is malformed never reaches the store. */
static int take_submission(struct run *run, const struct inbox_message *message, const struct submission *submission)
{
	int rc = batch_begin(&run->batch, message, submission->receipt_to, run->error);

	run->counters.submissions++;
	for (uint32_t i = 0; i < submission->n_events && rc == 0; i++) {
		if (submission->events[i].malformed)
			batch_note_malformed(&run->batch);
		else
			rc = batch_add(&run->batch, &submission->events[i].event, run->error);
	}
	return rc;
}

static int take_message(struct run *run, const struct inbox_message *message)
{
	struct submission submission;
	int rc;

	step_reached("before-decode");
	run->counters.messages++;
	run->counters.messages_retained += message->mqtt.retained;
	rc = submission_decode(message->mqtt.payload, message->mqtt.length, &submission);
	if (rc < 0)
		return error_set(run->error, rc, "no memory to decode a submission");
	if (rc > 0) {
		run->counters.submissions_malformed++;
		quarantine_submission(run, message);
		return 0;
	}
	return take_submission(run, message, &submission);
}

/* ---- Validate and fold ------------------------------------------------------------------------------ */

/* False: the transaction has a fault; the commit will say which. */
static bool fold_event(struct run *run, struct batch_event *event)
{
	const struct inbox_message *message = run->batch.submissions[event->submission].message;
	struct admitted admitted = rules_admit(&event->event, message->team, run->pipeline->catalogue, &run->standing);
	struct folded folded;

	step_reached("before-fold");
	store_fold(run->txn, &admitted, &folded);
	if (folded.changed)
		run->pipeline->moved(run->pipeline->context, &folded);
	event->verdict = folded.verdict;
	return folded.verdict != VERDICT_UNSPECIFIED;
}

/* ---- What is told: in order of arrival --------------------------------------------------------------- */

/* Returns how many results. */
static size_t answer_events(struct run *run, const struct batch_submission *submission, struct result *results)
{
	for (uint32_t i = 0; i < submission->n_events; i++) {
		const struct batch_event *event = &run->batch.events[submission->first + i];

		note_verdict(run, submission->message, i, event->verdict);
		results[i] = result_of(event->event.id.bytes, EVENT_ID_BYTES, event->verdict);
	}
	return submission->n_events;
}

/* Malformed ids may be long and are rare: they are read once more, not kept. */
static int answer_mixed(struct run *run, const struct batch_submission *submission, struct result *results, size_t *n)
{
	const struct mqtt_message *mqtt = &submission->message->mqtt;
	size_t next = submission->first;
	struct submission again;
	int rc = submission_decode(mqtt->payload, mqtt->length, &again);

	if (rc != 0)
		return error_set(run->error, FAULT_MEMORY, "no memory to decode a submission");
	for (uint32_t i = 0; i < again.n_events; i++) {
		const struct submitted_event *arrived = &again.events[i];
		enum verdict verdict = arrived->malformed ? VERDICT_REFUSED_MALFORMED : run->batch.events[next++].verdict;

		note_verdict(run, submission->message, i, verdict);
		if (arrived->id_length > 0)
			results[(*n)++] = result_of(arrived->id, arrived->id_length, verdict);
	}
	return 0;
}

static int answer(struct run *run, const struct batch_submission *submission)
{
	struct result results[SUBMISSION_EVENTS_MAX];
	size_t n = 0;
	int rc = 0;

	if (submission->n_malformed > 0)
		rc = answer_mixed(run, submission, results, &n);
	else
		n = answer_events(run, submission, results);
	if (rc == 0 && n > 0 && submission->receipt_to[0])
		rc = receipts_add(run->pipeline->receipts, submission->receipt_to, results, n, run->error);
	return rc;
}

static int count_batch(struct run *run)
{
	struct batch *batch = &run->batch;
	bool sound = true;
	int rc = 0;

	batch_order(batch);
	for (size_t i = 0; i < batch->n_events && sound; i++)
		sound = fold_event(run, &batch->events[batch->order[i].event]);
	for (size_t i = 0; i < batch->n_submissions && sound && rc == 0; i++)
		rc = answer(run, &batch->submissions[i]);
	batch_clear(batch);
	return rc;
}

static int count_messages(struct run *run, const struct inbox *inbox)
{
	int rc = 0;

	for (size_t i = 0; i < inbox->n && rc == 0; i++) {
		rc = take_message(run, &inbox->messages[i]);
		if (rc == 0 && (i + 1 == inbox->n || batch_full(&run->batch)))
			rc = count_batch(run);
	}
	batch_release(&run->batch);
	return rc;
}

static int attempt(struct pipeline *pipeline, const struct inbox *inbox, uint32_t today, struct error *error)
{
	struct run run = {.pipeline = pipeline, .error = error};
	struct store_state state;
	int rc = store_begin(pipeline->store, &run.txn, error);

	if (rc < 0)
		return rc;
	store_txn_state(run.txn, &state);
	run.standing = store_standing(&state, today);
	rc = count_messages(&run, inbox);
	if (rc < 0) {
		store_abort(&run.txn);
		return rc;
	}
	step_reached("before-commit");
	rc = store_commit(&run.txn, error);
	step_reached("after-commit");
	if (rc == 0)
		counters_add(pipeline->counters, &run.counters);
	return rc;
}

int pipeline_run(struct pipeline *pipeline, const struct inbox *inbox, uint32_t today, struct error *error)
{
	int rc;

	do {
		receipts_clear(pipeline->receipts);
		rc = attempt(pipeline, inbox, today, error);
		pipeline->counters->map_grown += rc == STORE_AGAIN;
	} while (rc == STORE_AGAIN);
	if (rc == 0) {
		pipeline->counters->batches++;
		return 0;
	}
	receipts_clear(pipeline->receipts);
	pipeline->counters->commits_failed++;
	return error_prefix(error, rc, "count a batch");
}
