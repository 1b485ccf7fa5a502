/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-stages DIRECTORY BATCH BATCHES EVENTS PHONES: the processor time of each stage of the pipeline, in nanoseconds a
 * question: decode validate fold commit receipt. The pipeline's own functions, one stage after the other for a whole
 * batch, so that the clock is read between stages and not between events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/daemon/batch.h"
#include "aggregator/daemon/receipts.h"
#include "proto/topic.h"
#include "tests/bench/folding.h"
#include "tests/bench/raw.h"

enum stage { DECODE, VALIDATE, FOLD, COMMIT, RECEIPT, STAGES };

struct message {
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	size_t length;
	char to[CLIENT_ID_BYTES];
};

/* What validating and folding have made of an event. */
struct passage {
	struct admitted admitted;
	struct folded folded;
};

struct bench {
	struct folding folding;
	struct receipts *receipts;
	size_t batch, events, phones;
	struct message *messages;
	struct batch taken;
	struct passage *passages; /* one for each event of `taken` */
	uint64_t spent[STAGES], mark;
	size_t receipt_bytes;
};

static uint64_t cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void stage_ends(struct bench *bench, enum stage stage)
{
	uint64_t now = cpu_ns();

	bench->spent[stage] += now - bench->mark;
	bench->mark = now;
}

static void draw(struct bench *bench)
{
	struct folding *folding = &bench->folding;

	folding_draw(folding, bench->batch * bench->events, BENCH_DAY);
	for (size_t i = 0; i < bench->batch; i++) {
		struct message *message = &bench->messages[i];

		bench_phone(random_below(&folding->random, (uint32_t)bench->phones), message->to);
		message->length = submission_encode(folding->events + i * bench->events, bench->events, message->to,
						    message->bytes, sizeof message->bytes);
	}
}

static void decode(struct bench *bench)
{
	struct submission submission;

	batch_clear(&bench->taken);
	for (size_t i = 0; i < bench->batch; i++) {
		const struct message *message = &bench->messages[i];

		if (submission_decode(message->bytes, message->length, &submission) != 0)
			die("a submission does not decode");
		if (batch_begin(&bench->taken, NULL, submission.receipt_to, NULL) < 0)
			die("no memory");
		for (uint32_t e = 0; e < submission.n_events; e++)
			if (batch_add(&bench->taken, &submission.events[e], NULL) < 0)
				die("no memory");
	}
}

static int no_send(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct bench *bench = context;
	char topic[TOPIC_BYTES];

	(void)bytes;
	topic_receipt(topic, BENCH_ORG, to);
	bench->receipt_bytes += length;
	return 0;
}

static void answer(struct bench *bench)
{
	struct error error;

	receipts_clear(bench->receipts);
	for (size_t i = 0; i < bench->taken.n_submissions; i++) {
		const struct batch_submission *submission = &bench->taken.submissions[i];
		struct result results[SUBMISSION_EVENTS_MAX];

		for (uint32_t e = 0; e < submission->n_events; e++) {
			const struct passage *passage = &bench->passages[submission->first + e];

			results[e] = (struct result){.id_length = EVENT_ID_BYTES, .verdict = passage->folded.verdict};
			memcpy(results[e].id, passage->admitted.event.id.bytes, EVENT_ID_BYTES);
		}
		if (receipts_add(bench->receipts, submission->receipt_to, results, submission->n_events, &error) < 0)
			die("%s", error.text);
	}
	(void)receipts_each(bench->receipts, no_send, bench);
}

static void validate(struct bench *bench)
{
	for (size_t i = 0; i < bench->taken.n_events; i++)
		bench->passages[i].admitted = rules_admit(&bench->taken.events[i].event, bench->folding.teams[i],
							  bench_catalogue(), &bench->folding.standing);
}

static int fold(void *context, struct store_txn *txn, struct error *error)
{
	struct bench *bench = context;

	(void)error;
	batch_order(&bench->taken);
	for (size_t i = 0; i < bench->taken.n_events; i++) {
		struct passage *passage = &bench->passages[bench->taken.order[i].event];

		store_fold(txn, &passage->admitted, &passage->folded);
	}
	stage_ends(bench, FOLD);
	return 0;
}

static void run_batch(struct bench *bench)
{
	struct error error;

	draw(bench);
	bench->mark = cpu_ns();
	decode(bench);
	stage_ends(bench, DECODE);
	validate(bench);
	stage_ends(bench, VALIDATE);
	if (store_change(bench->folding.store, fold, bench, &error) < 0)
		die("%s", error.text);
	stage_ends(bench, COMMIT);
	answer(bench);
	stage_ends(bench, RECEIPT);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	size_t batches;

	if (argc != 6)
		die("usage: bench-stages DIRECTORY BATCH BATCHES EVENTS PHONES");
	bench.batch = (size_t)number_argument(argv[2]);
	batches = (size_t)number_argument(argv[3]);
	bench.events = (size_t)number_argument(argv[4]);
	bench.phones = (size_t)number_argument(argv[5]);
	folding_open(&bench.folding, argv[1], 1);
	bench.receipts = receipts_new();
	bench.messages = calloc(bench.batch, sizeof *bench.messages);
	bench.passages = calloc(bench.batch * bench.events, sizeof *bench.passages);
	if (!bench.receipts || !bench.messages || !bench.passages)
		die("no memory");
	for (size_t i = 0; i < batches; i++)
		run_batch(&bench);
	for (size_t i = 0; i < STAGES; i++)
		(void)printf("%.1f%c", (double)bench.spent[i] / (double)(batches * bench.batch * bench.events),
			     i + 1 < STAGES ? ' ' : '\n');
	receipts_free(bench.receipts);
	batch_release(&bench.taken);
	free(bench.messages);
	free(bench.passages);
	folding_close(&bench.folding);
	return 0;
}
