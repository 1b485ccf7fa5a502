/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/pipeline.h"

#include <string.h>

#include "base/step.h"
#include "store/store_view.h"

/* One attempt at one batch. */
struct run {
	struct pipeline *pipeline;
	struct store_txn *txn;
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

/* Validate and fold. What is malformed never reaches the store. */
static struct folded count_event(struct run *run, const struct inbox_message *message, const struct submitted_event *arrived)
{
	struct folded folded = {0};

	if (arrived->malformed) {
		folded.verdict = VERDICT_REFUSED_MALFORMED;
	} else {
		struct admitted admitted = admit(&arrived->event, message->team, run->pipeline->catalogue, &run->standing);

		step_reached("before-fold");
		store_fold(run->txn, &admitted, &folded);
	}
	if (folded.changed)
		run->pipeline->moved(run->pipeline->context, &folded);
	return folded;
}

static int tell(struct run *run, const char *receipt_to, const struct submitted_event *arrived, enum verdict verdict)
{
	struct result result = {.id_length = arrived->id_length, .verdict = verdict};

	if (!receipt_to[0] || arrived->id_length == 0)
		return 0;
	memcpy(result.id, arrived->id, arrived->id_length);
	return receipts_add(run->pipeline->receipts, receipt_to, &result, run->error);
}

static int count_submission(struct run *run, const struct inbox_message *message, const struct submission *submission)
{
	int rc = 0;

	run->counters.submissions++;
	for (uint32_t i = 0; i < submission->n_events && rc == 0; i++) {
		const struct submitted_event *arrived = &submission->events[i];
		struct folded folded = count_event(run, message, arrived);

		if (folded.verdict == VERDICT_UNSPECIFIED)
			break; /* the transaction has a fault; the commit will say which */
		if (verdict_is_refusal(folded.verdict))
			quarantine_event(run, message, i, folded.verdict);
		run->counters.events++;
		++*counters_of_verdict(&run->counters, folded.verdict);
		rc = tell(run, submission->receipt_to, arrived, folded.verdict);
	}
	return rc;
}

static int count_message(struct run *run, const struct inbox_message *message)
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
	return count_submission(run, message, &submission);
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
	for (size_t i = 0; i < inbox->n && rc == 0; i++)
		rc = count_message(&run, &inbox->messages[i]);
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
