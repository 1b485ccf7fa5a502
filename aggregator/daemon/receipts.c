/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { INLINE_BYTES = 48 }; /* one or two results: the usual receipt needs no memory of its own */

struct receipt {
	char to[CLIENT_ID_BYTES];
	uint32_t results;
	size_t length, capacity; /* of `heap`; 0: the bytes are in `local` */
	uint8_t *heap;
	uint8_t local[INLINE_BYTES];
	struct receipt *next; /* in the order of their first results */
	UT_hash_handle hh;
};

struct receipts {
	struct receipt *first, **end;
	struct receipt *open;  /* the last one of each phone: a table by `to` */
	struct receipt *spare; /* of earlier batches */
};

struct receipts *receipts_new(void)
{
	struct receipts *receipts = calloc(1, sizeof *receipts);

	if (receipts)
		receipts->end = &receipts->first;
	return receipts;
}

void receipts_free(struct receipts *receipts)
{
	if (!receipts)
		return;
	receipts_clear(receipts);
	for (struct receipt *receipt = receipts->spare, *next; receipt; receipt = next) {
		next = receipt->next;
		free(receipt);
	}
	free(receipts);
}

/* A receipt without results, in the place of this phone's last one, which is full, if there is one. NULL: no memory. */
static struct receipt *begin_receipt(struct receipts *receipts, const char *to, struct receipt *full)
{
	struct receipt *receipt = receipts->spare ? receipts->spare : calloc(1, sizeof *receipt);

	if (!receipt)
		return NULL;
	receipts->spare = receipt->next;
	*receipt = (struct receipt){0};
	memcpy(receipt->to, to, CLIENT_ID_BYTES);
	if (full)
		HASH_DEL(receipts->open, full);
	HASH_ADD_STR(receipts->open, to, receipt);
	if (!hash_added(receipt)) {
		free(receipt);
		return NULL;
	}
	*receipts->end = receipt;
	receipts->end = &receipt->next;
	return receipt;
}

static int append_results(struct receipt *receipt, const struct result *results, size_t n)
{
	uint8_t bytes[RECEIPT_BYTES_MAX];
	size_t length = receipt_encode(results, n, bytes, sizeof bytes);
	size_t room = receipt->heap ? receipt->capacity : sizeof receipt->local;

	if (receipt->length + length > room) {
		size_t capacity = 4 * room + length;
		uint8_t *heap = realloc(receipt->heap, capacity);

		if (!heap)
			return -1;
		if (!receipt->heap)
			memcpy(heap, receipt->local, receipt->length);
		receipt->heap = heap;
		receipt->capacity = capacity;
	}
	memcpy((receipt->heap ? receipt->heap : receipt->local) + receipt->length, bytes, length);
	receipt->length += length;
	receipt->results += (uint32_t)n;
	return 0;
}

int receipts_add(struct receipts *receipts, const char *to, const struct result *results, size_t n, struct error *error)
{
	struct receipt *receipt;

	HASH_FIND_STR(receipts->open, to, receipt);
	for (size_t some; n > 0; results += some, n -= some) {
		if (!receipt || receipt->results == RECEIPT_RESULTS_MAX)
			receipt = begin_receipt(receipts, to, receipt);
		some = receipt && n > RECEIPT_RESULTS_MAX - receipt->results ? RECEIPT_RESULTS_MAX - receipt->results
									     : n;
		if (!receipt || append_results(receipt, results, some) != 0)
			return error_set(error, FAULT_MEMORY, "no memory for receipts");
	}
	return 0;
}

int receipts_each(const struct receipts *receipts,
		  int (*send)(void *context, const char *to, const uint8_t *bytes, size_t length), void *context)
{
	int rc = 0;

	for (const struct receipt *receipt = receipts->first; receipt && rc >= 0; receipt = receipt->next)
		rc = send(context, receipt->to, receipt->heap ? receipt->heap : receipt->local, receipt->length);
	return rc < 0 ? rc : 0;
}

void receipts_clear(struct receipts *receipts)
{
	HASH_CLEAR(hh, receipts->open);
	for (struct receipt *receipt = receipts->first; receipt; receipt = receipt->next)
		free(receipt->heap);
	*receipts->end = receipts->spare;
	receipts->spare = receipts->first;
	receipts->first = NULL;
	receipts->end = &receipts->first;
}
