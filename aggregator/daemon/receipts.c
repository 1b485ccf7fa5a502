/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { INLINE_BYTES = 48 }; /* one or two results: the usual receipt needs no memory of its own */

struct receipt {
	char to[CLIENT_ID_BYTES];
	uint32_t results;
	size_t length, capacity; /* of `heap`; 0: the bytes are in `local` */
	uint8_t *heap;
	uint8_t local[INLINE_BYTES];
};

struct receipts {
	struct receipt *list;
	size_t n, capacity;
	uint32_t *slots; /* index into `list` plus one, 0: empty; open addressing, `mask` + 1 slots */
	size_t mask;
};

struct receipts *receipts_new(size_t phones)
{
	struct receipts *receipts = calloc(1, sizeof *receipts);
	size_t slots = 16;

	if (!receipts)
		return NULL;
	while (slots < 2 * phones)
		slots *= 2;
	receipts->mask = slots - 1;
	receipts->slots = calloc(slots, sizeof *receipts->slots);
	if (!receipts->slots) {
		receipts_free(receipts);
		return NULL;
	}
	return receipts;
}

void receipts_free(struct receipts *receipts)
{
	if (!receipts)
		return;
	receipts_clear(receipts);
	free(receipts->list);
	free(receipts->slots);
	free(receipts);
}

/* The slot of this phone's open receipt, or the empty one where it belongs. A phone that chooses its client id to
 * collide slows down its own batch by a few compares. */
static uint32_t *slot_of(struct receipts *receipts, const char *to)
{
	size_t i = hash_bytes(to, strlen(to)) & receipts->mask;

	while (receipts->slots[i] && strcmp(receipts->list[receipts->slots[i] - 1].to, to) != 0)
		i = (i + 1) & receipts->mask;
	return &receipts->slots[i];
}

static struct receipt *begin(struct receipts *receipts, const char *to)
{
	if (receipts->n == receipts->capacity) {
		size_t capacity = receipts->capacity ? 2 * receipts->capacity : 64;
		struct receipt *list = realloc(receipts->list, capacity * sizeof *list);

		if (!list)
			return NULL;
		receipts->list = list;
		receipts->capacity = capacity;
	}
	receipts->list[receipts->n] = (struct receipt){0};
	memcpy(receipts->list[receipts->n].to, to, CLIENT_ID_BYTES);
	return &receipts->list[receipts->n++];
}

static int append(struct receipt *receipt, const struct result *results, size_t n)
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
	uint32_t *slot = slot_of(receipts, to);

	for (size_t some; n > 0; results += some, n -= some) {
		struct receipt *receipt = *slot ? &receipts->list[*slot - 1] : NULL;

		if (!receipt || receipt->results == RECEIPT_RESULTS_MAX) {
			receipt = begin(receipts, to);
			if (receipt)
				*slot = (uint32_t)receipts->n;
		}
		some = receipt && n > RECEIPT_RESULTS_MAX - receipt->results ? RECEIPT_RESULTS_MAX - receipt->results : n;
		if (!receipt || append(receipt, results, some) != 0)
			return error_set(error, FAULT_MEMORY, "no memory for receipts");
	}
	return 0;
}

int receipts_each(const struct receipts *receipts,
		  int (*send)(void *context, const char *to, const uint8_t *bytes, size_t length), void *context)
{
	for (size_t i = 0; i < receipts->n; i++) {
		const struct receipt *receipt = &receipts->list[i];
		int rc = send(context, receipt->to, receipt->heap ? receipt->heap : receipt->local, receipt->length);

		if (rc < 0)
			return rc;
	}
	return 0;
}

void receipts_clear(struct receipts *receipts)
{
	for (size_t i = 0; i < receipts->n; i++)
		free(receipts->list[i].heap);
	receipts->n = 0;
	if (receipts->slots)
		memset(receipts->slots, 0, (receipts->mask + 1) * sizeof *receipts->slots);
}
