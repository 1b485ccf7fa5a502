/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/pipeline.h"

#include <assert.h>
#include <string.h>

#include "aggregator/daemon/batch.h"
#include "aggregator/daemon/publisher.h"
#include "base/step.h"
#include "proto/proof.h"
#include "store/store_view.h"

/* One batch. */
struct run {
	struct pipeline *pipeline;
	const struct inbox *inbox;
	uint32_t today;
	unsigned attempts;

	/* Of one attempt. */
	struct store_txn *txn;
	struct batch batch;
	struct standing standing;
	struct counters counters; /* added to the pipeline's when the batch is on disk */
	struct error *error;
};

/* > 0 result of fold */
enum { TRANSACTION_FAILED = 1 }; /* the commit says why */

static uint64_t *counter_of(struct counters *c, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_COUNTED:
		return &c->counted;
	case VERDICT_COUNTED_LATE:
		return &c->counted_late;
	case VERDICT_ALREADY_COUNTED:
		return &c->already_counted;
	case VERDICT_RETRACTED:
		return &c->retracted;
	case VERDICT_ALREADY_RETRACTED:
		return &c->already_retracted;
	case VERDICT_REFUSED_MALFORMED:
		return &c->refused_malformed;
	case VERDICT_REFUSED_UNKNOWN_TEAM:
		return &c->refused_unknown_team;
	case VERDICT_REFUSED_UNKNOWN_DOMAIN:
		return &c->refused_unknown_domain;
	case VERDICT_REFUSED_UNKNOWN_LABEL:
		return &c->refused_unknown_label;
	case VERDICT_REFUSED_DAY_IN_FUTURE:
		return &c->refused_day_in_future;
	case VERDICT_REFUSED_DAY_TOO_OLD:
		return &c->refused_day_too_old;
	case VERDICT_REFUSED_RETRACTION_TOO_LATE:
		return &c->refused_retraction_too_late;
	case VERDICT_UNSPECIFIED:
		break;
	}
	assert(false && "every event ends with a verdict");
	return NULL;
}

/* `bytes` is a submission, or one event of it with its tag and length. */
static void quarantine(struct run *run, const char *team, enum verdict reason, const uint8_t *bytes, size_t length)
{
	struct quarantined entry = {.reason = reason, .day = run->standing.today};

	memcpy(entry.team, team, sizeof entry.team);
	entry.length = submission_strip(bytes, length, entry.bytes, sizeof entry.bytes);
	store_quarantine(run->txn, &entry);
}

/* Rule 4 (docs/wire-format.md): a retraction without the secret of its id is malformed. Sees nothing of what is stored, so that the answer is
 * the same for every id. 0 or FAULT_MEMORY. */
static int check_proof(const struct run *run, struct submitted_event *submitted)
{
	const struct event *event = &submitted->event;
	int rc;

	if (submitted->malformed || event->act != ACT_RETRACTION)
		return 0;
	if (!event->has_proof) {
		submitted->malformed = !*run->pipeline->proof_optional;
		return 0;
	}
	rc = proof_check(&event->proof, &event->id, run->error);
	submitted->malformed = rc == PROOF_WRONG;
	return rc < 0 ? rc : 0;
}

/* Decodes the messages from `*next` on, until all are decoded or the part is full. A malformed submission goes into
 * quarantine and no further. */
static int decode(struct run *run, size_t *next)
{
	struct submission submission;
	int rc = 0;

	batch_clear(&run->batch);
	for (; *next < run->inbox->n && !batch_full(&run->batch) && rc == 0; ++*next) {
		const struct inbox_message *message = &run->inbox->messages[*next];

		step_reached("before-decode");
		run->counters.messages++;
		run->counters.messages_retained += message->mqtt.retained;
		if (submission_decode(message->mqtt.payload, message->mqtt.length, &submission) != 0) {
			run->counters.submissions_malformed++;
			quarantine(run, message->team, VERDICT_REFUSED_MALFORMED, message->mqtt.payload,
				   message->mqtt.length);
			continue;
		}
		run->counters.submissions++;
		rc = batch_begin(&run->batch, message, submission.receipt_to, run->error);
		for (uint32_t i = 0; i < submission.n_events && rc == 0; i++) {
			rc = check_proof(run, &submission.events[i]);
			if (rc == 0)
				rc = batch_add(&run->batch, &submission.events[i], run->error);
		}
	}
	return rc;
}

/* Validates and folds the well-formed events, and notes which figures change. 0, TRANSACTION_FAILED, or FAULT_MEMORY. */
static int fold(struct run *run)
{
	const struct pipeline *pipeline = run->pipeline;
	struct batch *batch = &run->batch;
	int rc = 0;

	for (size_t i = 0; i < batch->n_order && rc == 0; i++) {
		struct batch_event *event = &batch->events[batch->order[i].event];
		const struct inbox_message *message = batch->submissions[event->submission].message;
		struct admitted admitted =
			rules_admit(&event->event, message->team, pipeline->catalogue, &run->standing);
		struct folded folded;

		step_reached("before-fold");
		store_fold(run->txn, &admitted, &folded);
		event->verdict = folded.verdict;
		if (folded.verdict == VERDICT_UNSPECIFIED)
			rc = TRANSACTION_FAILED;
		else if (folded.changed)
			rc = publisher_touch(pipeline->publisher, &folded, run->error);
	}
	return rc;
}

/* Answers all events in the order of their arrival. What is refused goes into quarantine as it came, without proof. */
static int answer(struct run *run)
{
	int rc = 0;

	for (size_t i = 0; i < run->batch.n_submissions && rc == 0; i++) {
		const struct batch_submission *submission = &run->batch.submissions[i];
		const struct inbox_message *message = submission->message;
		struct result results[SUBMISSION_EVENTS_MAX];
		size_t n = 0;

		for (uint32_t e = 0; e < submission->n_events; e++) {
			const struct batch_event *event = &run->batch.events[submission->first + e];

			run->counters.events++;
			++*counter_of(&run->counters, event->verdict);
			if (words_verdict_is_refusal(event->verdict))
				quarantine(run, message->team, event->verdict, message->mqtt.payload + event->raw.at,
					   event->raw.length);
			if (event->id_length == 0)
				continue;
			results[n].verdict = event->verdict;
			results[n].id_length = event->id_length;
			memcpy(results[n++].id, event->id, event->id_length);
		}
		if (n > 0 && submission->receipt_to[0])
			rc = receipts_add(run->pipeline->receipts, submission->receipt_to, results, n, run->error);
	}
	return rc;
}

/* The stages, one after the other; the commit follows. A large batch passes through them in parts. It begins again when the
 * store's map had to grow. */
static int run_stages(void *context, struct store_txn *txn, struct error *error)
{
	struct run *run = context;
	struct store_state state;
	size_t next = 0;
	int rc = 0;

	run->attempts++;
	run->txn = txn;
	run->counters = (struct counters){0};
	run->error = error;
	receipts_clear(run->pipeline->receipts);
	store_txn_state(txn, &state);
	run->standing = store_standing(&state, run->today);
	while (next < run->inbox->n && rc == 0) {
		rc = decode(run, &next);
		if (rc == 0)
			batch_order(&run->batch);
		if (rc == 0)
			rc = fold(run);
		if (rc == 0)
			rc = answer(run);
	}
	batch_release(&run->batch);
	step_reached("before-commit");
	return rc;
}

int pipeline_run(struct pipeline *pipeline, const struct inbox *inbox, uint32_t today, struct error *error)
{
	struct run run = {.pipeline = pipeline, .inbox = inbox, .today = today};
	int rc = store_change(pipeline->store, run_stages, &run, error);

	step_reached("after-commit");
	pipeline->counters->map_grown += run.attempts > 1 ? run.attempts - 1 : 0;
	if (rc == 0) {
		counters_add(pipeline->counters, &run.counters);
		pipeline->counters->batches++;
		return 0;
	}
	receipts_clear(pipeline->receipts);
	pipeline->counters->commits_failed++;
	return error_prefix(error, rc, "count a batch");
}
