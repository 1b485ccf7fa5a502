/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pipeline: from the bytes that phones sent to counts on disk and results to send.
 *
 *     inbox_message -> submission -> batch_event -> batch_place -> admitted -> folded -> result
 *       bytes           decode                       order         validate and fold    answer
 *
 * Each stage makes its own type from that of the stage before it, so that no stage can be left out: all messages are
 * decoded, ordered (batch.h), folded in that order and answered in the order of their arrival; then the transaction is
 * committed. Everything in the inbox is one transaction; a receipt exists only for what that transaction holds, and may
 * be sent only after pipeline_run has returned 0.
 */
#ifndef TURF_AGGREGATOR_DAEMON_PIPELINE_H
#define TURF_AGGREGATOR_DAEMON_PIPELINE_H

#include "aggregator/daemon/counters.h"
#include "aggregator/daemon/inbox.h"
#include "aggregator/daemon/receipts.h"
#include "store/store.h"

struct publisher;

/* What the pipeline works with. The caller owns everything. */
struct pipeline {
	struct store *store;
	const struct catalogue *catalogue;
	const bool *proof_optional;  /* a retraction without proof is admitted: rule 4 (docs/wire-format.md) */
	struct receipts *receipts;   /* filled by a run */
	struct counters *counters;   /* raised by what a run has committed */
	struct publisher *publisher; /* touched for each event that changes figures, before the commit */
};

/*
 * Counts everything in the inbox as of `today`, in one synced transaction. 0: it is on disk, `receipts` holds the
 * results. A fault: nothing of it is, `receipts` is empty, and the same inbox may be run again.
 */
int pipeline_run(struct pipeline *pipeline, const struct inbox *inbox, uint32_t today, struct error *error);

#endif
