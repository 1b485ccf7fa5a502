/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/turf.pb-c.h"
#include "proto/wire.h"

enum { RECEIPT_READ_MAX = 65536 }; /* more than we write, so that another aggregator's fuller receipts are read */

size_t receipt_encode(const struct result *results, size_t n, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};
	Turf__V1__Receipt receipt = TURF__V1__RECEIPT__INIT;
	Turf__V1__Result messages[RECEIPT_RESULTS_MAX], *list[RECEIPT_RESULTS_MAX];

	assert(n >= 1 && n <= RECEIPT_RESULTS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(results[i].id_length >= 1 && results[i].id_length <= RESULT_ID_BYTES_MAX);
		messages[i] = (Turf__V1__Result)TURF__V1__RESULT__INIT;
		messages[i].id = (ProtobufCBinaryData){results[i].id_length, (uint8_t *)results[i].id};
		messages[i].verdict = (Turf__V1__Verdict)results[i].verdict;
		list[i] = &messages[i];
	}
	receipt.n_results = n;
	receipt.results = list;
	wire_put(&writer, &receipt.base);
	return wire_written(&writer);
}

static void tell_results(const Turf__V1__Receipt *receipt, void (*each)(void *context, const struct result *result),
			 void *context)
{
	for (size_t i = 0; i < receipt->n_results; i++) {
		const Turf__V1__Result *message = receipt->results[i];
		struct result result = {.verdict = (enum verdict)message->verdict};

		if (message->id.len == 0 || message->id.len > RESULT_ID_BYTES_MAX)
			continue;
		result.id_length = (uint8_t)message->id.len;
		memcpy(result.id, message->id.data, message->id.len);
		each(context, &result);
	}
}

int receipt_decode(const uint8_t *bytes, size_t length, void (*each)(void *context, const struct result *result),
		   void *context)
{
	struct arena arena = {.size = ARENA_BYTES(length)};
	ProtobufCAllocator allocator = {arena_take, arena_give, &arena};
	Turf__V1__Receipt *receipt;
	bool proper;

	if (length > RECEIPT_READ_MAX)
		return MESSAGE_MALFORMED;
	arena.bytes = malloc(arena.size);
	if (!arena.bytes)
		return FAULT_MEMORY;
	receipt = turf__v1__receipt__unpack(&allocator, length, bytes);
	proper = receipt;
	if (proper)
		tell_results(receipt, each, context);
	free(arena.bytes);
	return proper ? 0 : MESSAGE_MALFORMED;
}
