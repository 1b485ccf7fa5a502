/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Receipts: the results of one batch, grouped by the phone that asked for them, kept until the batch is on disk.
 *
 * A phone's results are kept as an encoded Receipt that grows: protobuf lets repeated fields be appended. A receipt
 * holds at most RECEIPT_RESULTS_MAX results; the next result of that phone begins another.
 */
#ifndef TURF_AGGREGATOR_DAEMON_RECEIPTS_H
#define TURF_AGGREGATOR_DAEMON_RECEIPTS_H

#include "base/error.h"
#include "proto/message.h"

struct receipts;

struct receipts *receipts_new(void);           /* NULL: no memory */
void receipts_free(struct receipts *receipts); /* NULL is fine */

/* `n` results for the phone with the client id `to`. 0 or FAULT_MEMORY. */
int receipts_add(struct receipts *receipts, const char *to, const struct result *results, size_t n,
		 struct error *error);

/* Calls `send` for each receipt, in order of first result; a result < 0 stops and is returned. */
int receipts_each(const struct receipts *receipts,
		  int (*send)(void *context, const char *to, const uint8_t *bytes, size_t length), void *context);

/* Forgets all receipts; their memory is kept for the next batch. */
void receipts_clear(struct receipts *receipts);

#endif
