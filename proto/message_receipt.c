/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/message.h"

#include <assert.h>
#include <string.h>

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

struct telling {
	void (*each)(void *context, const struct result *result);
	void *context;
};

static int tell_results(const ProtobufCMessage *message, void *to)
{
	const Turf__V1__Receipt *receipt = (const Turf__V1__Receipt *)message;
	const struct telling *telling = to;

	for (size_t i = 0; i < receipt->n_results; i++) {
		const Turf__V1__Result *from = receipt->results[i];
		struct result result = {.verdict = (enum verdict)from->verdict};

		if (from->id.len == 0 || from->id.len > RESULT_ID_BYTES_MAX)
			continue;
		result.id_length = (uint8_t)from->id.len;
		memcpy(result.id, from->id.data, from->id.len);
		telling->each(telling->context, &result);
	}
	return 0;
}

int receipt_decode(const uint8_t *bytes, size_t length, void (*each)(void *context, const struct result *result),
		   void *context)
{
	struct telling telling = {each, context};

	return wire_decode(&turf__v1__receipt__descriptor, bytes, length, RECEIPT_READ_MAX, tell_results, &telling);
}
