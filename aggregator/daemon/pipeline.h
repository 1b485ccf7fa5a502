/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pipeline: from the bytes that phones sent to counts on disk and results to tell.
 *
 *     inbox_message -> submission -> submitted_event -> admitted -> folded -> result
 *       bytes          decode          (one tap)        validate    fold      receipt
 *
 * One type per stage: a stage cannot be left out. Events are folded in the order of their ids (batch.h) and answered in
 * that of their arrival. Everything in the inbox is one transaction; a receipt exists only for what that transaction
 * holds, and may be sent only after pipeline_run has returned 0.
 */
#ifndef TURF_AGGREGATOR_DAEMON_PIPELINE_H
#define TURF_AGGREGATOR_DAEMON_PIPELINE_H

#include "aggregator/daemon/counters.h"
#include "aggregator/daemon/inbox.h"
#include "aggregator/daemon/receipts.h"
#include "store/store.h"

/* What the pipeline works with; everything stays the caller's. */
struct pipeline {
	struct store *store;
	const struct catalogue *catalogue;
	struct receipts *receipts; /* filled by a run */
	struct counters *counters; /* raised by what a run has committed */
	/* Told of every figure that moves, before the commit: publish from the store, later. */
	void (*moved)(void *context, const struct folded *folded);
	void *context;
};

/*
 * Counts everything in the inbox as of `today`, in one synced transaction. 0: it is on disk, `receipts` holds the
 * results. A fault: nothing of it is, `receipts` is empty, and the same inbox may be run again.
 */
int pipeline_run(struct pipeline *pipeline, const struct inbox *inbox, uint32_t today, struct error *error);

#endif
