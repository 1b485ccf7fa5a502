/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the aggregator sends, as phones and screens read it: receipts, summaries and weekly courses. What is read is
 * written and read again as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/lib/summary.h"

/* ---- Receipts -------------------------------------------------------------------------------------------- */

enum { RESULTS_MAX = 32768 }; /* 65536 bytes of fields with nothing in them */

struct results {
	size_t n;
	struct result at[RESULTS_MAX];
};

static void keep_result(void *context, const struct result *result)
{
	struct results *results = context;

	hold(results->n < RESULTS_MAX);
	hold(result->id_length >= 1 && result->id_length <= RESULT_ID_BYTES_MAX);
	results->at[results->n++] = *result;
}

static void check_results(const struct results *read, size_t from, size_t n)
{
	static struct results again;
	uint8_t bytes[RECEIPT_BYTES_MAX];
	size_t length = receipt_encode(&read->at[from], n, bytes, sizeof bytes);

	hold(length > 0);
	again.n = 0;
	hold(receipt_decode(bytes, length, keep_result, &again) == 0);
	hold(again.n == n);
	for (size_t i = 0; i < n; i++) {
		const struct result *a = &read->at[from + i], *b = &again.at[i];

		hold(a->id_length == b->id_length && a->verdict == b->verdict);
		hold(memcmp(a->id, b->id, a->id_length) == 0);
		(void)words_verdict(a->verdict);
	}
}

static void check_receipt(const uint8_t *bytes, size_t length)
{
	static struct results read;

	read.n = 0;
	if (receipt_decode(bytes, length, keep_result, &read) != 0)
		hold(read.n == 0);
	for (size_t from = 0; from < read.n; from += RECEIPT_RESULTS_MAX)
		check_results(&read, from, read.n - from < RECEIPT_RESULTS_MAX ? read.n - from : RECEIPT_RESULTS_MAX);
}

/* ---- Figures --------------------------------------------------------------------------------------------- */

static bool same_period(struct period a, struct period b)
{
	return a.is_year == b.is_year && a.year == b.year && a.quarter == b.quarter;
}

static bool same_head(const struct summary *a, const struct summary *b)
{
	return strcmp(a->org, b->org) == 0 && strcmp(a->team, b->team) == 0 && same_period(a->period, b->period) &&
	       a->status == b->status && a->revision == b->revision && a->generation == b->generation &&
	       a->as_of == b->as_of && a->answered == b->answered && a->referred == b->referred && a->late == b->late &&
	       a->catalogue_version == b->catalogue_version && a->undistributed_answered == b->undistributed_answered &&
	       a->undistributed_referred == b->undistributed_referred;
}

static bool same_cells(const struct summary *a, const struct summary *b)
{
	bool same = a->n_domains == b->n_domains && a->n_labels == b->n_labels;

	for (uint32_t i = 0; same && i < a->n_domains; i++)
		same = a->domains[i].domain == b->domains[i].domain &&
		       a->domains[i].answered == b->domains[i].answered &&
		       a->domains[i].referred == b->domains[i].referred;
	for (uint32_t i = 0; same && i < a->n_labels; i++)
		same = a->labels[i].label == b->labels[i].label && a->labels[i].count == b->labels[i].count;
	return same;
}

static void check_summary(const uint8_t *bytes, size_t length)
{
	static struct summary read, again;
	static uint8_t written[SUMMARY_BYTES_MAX];
	size_t size;

	if (summary_decode(bytes, length, &read) != 0)
		return;
	hold(topic_slug_valid(read.org) && topic_slug_valid(read.team));
	hold(read.n_domains <= DOMAIN_CODE_MAX && read.n_labels <= LABELS_MAX);
	size = summary_encode(&read, written, sizeof written);
	hold(size > 0);
	hold(summary_decode(written, size, &again) == 0);
	hold(same_head(&read, &again) && same_cells(&read, &again));
}

static void check_weekly(const uint8_t *bytes, size_t length)
{
	struct weekly read, again;
	uint8_t written[SUMMARY_BYTES_MAX];
	size_t size;

	if (weekly_decode(bytes, length, &read) != 0)
		return;
	hold(topic_slug_valid(read.org) && topic_slug_valid(read.team));
	hold(read.n_weeks <= WEEKS_MAX);
	size = weekly_encode(&read, written, sizeof written);
	hold(size > 0);
	hold(weekly_decode(written, size, &again) == 0);
	hold(strcmp(read.org, again.org) == 0 && strcmp(read.team, again.team) == 0);
	hold(read.iso_year == again.iso_year && read.generation == again.generation && read.n_weeks == again.n_weeks);
	for (uint32_t i = 0; i < read.n_weeks; i++)
		hold(read.weeks[i].week == again.weeks[i].week && read.weeks[i].questions == again.weeks[i].questions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);

	check_receipt(bytes, size);
	check_summary(bytes, size);
	check_weekly(bytes, size);
	free(bytes);
	return 0;
}
