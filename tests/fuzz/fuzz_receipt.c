/* SPDX-License-Identifier: EUPL-1.2 */
/* Receipts as a phone reads them: what is read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "tests/fuzz/fuzz.h"

enum { RESULTS_MAX = 32768 }; /* 65536 bytes of fields with nothing in them */

struct results {
	size_t n;
	struct result at[RESULTS_MAX];
};

static void keep(void *context, const struct result *result)
{
	struct results *results = context;

	hold(results->n < RESULTS_MAX);
	hold(result->id_length >= 1 && result->id_length <= RESULT_ID_BYTES_MAX);
	results->at[results->n++] = *result;
}

static void check_again(const struct results *read, size_t from, size_t n)
{
	static struct results again;
	uint8_t bytes[RECEIPT_BYTES_MAX];
	size_t length = receipt_encode(&read->at[from], n, bytes, sizeof bytes);

	hold(length > 0);
	again.n = 0;
	hold(receipt_decode(bytes, length, keep, &again) == 0);
	hold(again.n == n);
	for (size_t i = 0; i < n; i++) {
		const struct result *a = &read->at[from + i], *b = &again.at[i];

		hold(a->id_length == b->id_length && a->verdict == b->verdict);
		hold(memcmp(a->id, b->id, a->id_length) == 0);
		(void)verdict_name(a->verdict);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct results read;
	uint8_t *bytes = fuzz_copy(data, size);

	read.n = 0;
	if (receipt_decode(bytes, size, keep, &read) != 0)
		hold(read.n == 0);
	for (size_t from = 0; from < read.n; from += RECEIPT_RESULTS_MAX)
		check_again(&read, from, read.n - from < RECEIPT_RESULTS_MAX ? read.n - from : RECEIPT_RESULTS_MAX);
	free(bytes);
	return 0;
}
