/* SPDX-License-Identifier: EUPL-1.2 */
/* Summaries and weekly courses as a screen reads them: what is read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "tests/fuzz/fuzz.h"

static bool same_period(struct period a, struct period b)
{
	return a.is_year == b.is_year && a.year == b.year && a.quarter == b.quarter;
}

static bool same_head(const struct summary *a, const struct summary *b)
{
	return strcmp(a->org, b->org) == 0 && strcmp(a->team, b->team) == 0 && same_period(a->period, b->period) &&
	       a->status == b->status && a->revision == b->revision && a->generation == b->generation &&
	       a->as_of == b->as_of && a->answered == b->answered && a->referred == b->referred && a->late == b->late &&
	       a->catalogue_version == b->catalogue_version &&
	       a->undistributed_answered == b->undistributed_answered &&
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
	hold(slug_valid(read.org) && slug_valid(read.team));
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
	hold(slug_valid(read.org) && slug_valid(read.team));
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

	check_summary(bytes, size);
	check_weekly(bytes, size);
	free(bytes);
	return 0;
}
