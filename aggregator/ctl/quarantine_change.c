/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/quarantine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ENTRIES = 256 };

/* What retry made of an entry. */
struct retried {
	bool dropped;
	int flaw; /* of submission_decode; 0: `verdicts` has what became of its events */
	uint32_t n_verdicts;
	uint8_t verdicts[SUBMISSION_EVENTS_MAX];
};

/* What one transaction works on. */
struct batch {
	const struct entries *entries;
	struct retried *retried; /* one for each entry; retry only */
	size_t first, end;
	const struct catalogue *catalogue;
	uint32_t today;
	size_t n_gone; /* entries that left the quarantine */
};

static bool retry_events(const struct batch *batch, struct store_txn *txn, const struct kept *entry,
			 const struct submission *submission, struct retried *retried)
{
	struct store_state state;
	struct standing standing;
	bool accepted = true;

	store_txn_state(txn, &state);
	standing = store_standing(&state, batch->today);
	for (uint32_t i = 0; i < submission->n_events; i++) {
		enum verdict verdict = VERDICT_REFUSED_MALFORMED;

		if (!submission->events[i].malformed) {
			struct admitted admitted =
				rules_admit(&submission->events[i].event, entry->team, batch->catalogue, &standing);
			struct folded folded;

			store_fold(txn, &admitted, &folded);
			verdict = folded.verdict;
		}
		retried->verdicts[retried->n_verdicts++] = (uint8_t)verdict;
		accepted = accepted && !words_verdict_is_refusal(verdict);
	}
	return accepted;
}

/* Counting and leaving the quarantine are one transaction. An entry of several events leaves only when all are
 * accepted; until then those that are count once, however often it is tried. */
static int retry_batch(void *context, struct store_txn *txn, struct error *error)
{
	struct batch *batch = context;

	(void)error;
	batch->n_gone = 0;
	for (size_t i = batch->first; i < batch->end; i++) {
		const struct kept *entry = batch->entries->list[i];
		struct retried *retried = &batch->retried[i];
		struct submission submission;

		memset(retried, 0, sizeof *retried);
		retried->flaw = submission_decode(entry->bytes, entry->length, &submission);
		if (retried->flaw != 0 || !retry_events(batch, txn, entry, &submission, retried))
			continue;
		retried->dropped = true;
		batch->n_gone++;
		(void)store_quarantine_drop(txn, entry->reason, entry->sequence);
	}
	return 0;
}

static int drop_batch(void *context, struct store_txn *txn, struct error *error)
{
	struct batch *batch = context;

	(void)error;
	batch->n_gone = 0;
	for (size_t i = batch->first; i < batch->end; i++)
		if (store_quarantine_drop(txn, batch->entries->list[i]->reason, batch->entries->list[i]->sequence) == 0)
			batch->n_gone++;
	return 0;
}

/* Some hundreds of entries in a transaction, so that turfd never waits long for its turn to write. `batch->first` ends
 * up behind the last entry that was dealt with. */
static int change_entries(const struct ctl *ctl, struct batch *batch,
			  int (*change)(void *context, struct store_txn *txn, struct error *error), size_t *n_gone,
			  struct error *error)
{
	struct store *store = NULL;
	int rc = ctl_store_open(ctl, false, &store, error);

	*n_gone = 0;
	while (rc == 0 && batch->first < batch->entries->n) {
		size_t left = batch->entries->n - batch->first;

		batch->end = batch->first + (left < BATCH_ENTRIES ? left : BATCH_ENTRIES);
		rc = ctl_change(store, change, batch, error);
		if (rc < 0)
			break;
		batch->first = batch->end;
		*n_gone += batch->n_gone;
	}
	store_close(store);
	return rc;
}

static void print_retried(const struct kept *entry, const struct retried *retried)
{
	(void)printf("%s/%" PRIu64 ": ", words_verdict(entry->reason), entry->sequence);
	if (retried->flaw != 0)
		(void)fputs(quarantine_flaw(retried->flaw), stdout);
	for (uint32_t i = 0; i < retried->n_verdicts; i++)
		(void)printf("%s%s", i > 0 ? ", " : "", words_verdict((enum verdict)retried->verdicts[i]));
	(void)puts(retried->dropped ? "" : " (kept)");
}

int quarantine_retry(const struct ctl *ctl, const struct entries *entries, const struct ctl_reading *reading,
		     struct error *error)
{
	struct batch batch = {
		.entries = entries,
		.retried = calloc(entries->n, sizeof *batch.retried),
		.catalogue = &reading->catalogue,
		.today = reading->figures.standing.today,
	};
	size_t n_gone;
	int rc;

	if (!batch.retried)
		return error_set(error, FAULT_MEMORY, "no memory for %zu entries", entries->n);
	ctl_note_date(reading);
	rc = change_entries(ctl, &batch, retry_batch, &n_gone, error);
	for (size_t i = 0; i < batch.first; i++)
		print_retried(entries->list[i], &batch.retried[i]);
	(void)printf("%zu tried again: %zu left the quarantine, %zu kept\n", batch.first, n_gone, batch.first - n_gone);
	free(batch.retried);
	return rc;
}

int quarantine_drop(const struct ctl *ctl, const struct entries *entries, struct error *error)
{
	struct batch batch = {.entries = entries};
	size_t n_gone;
	int rc = change_entries(ctl, &batch, drop_batch, &n_gone, error);

	(void)printf("%zu dropped\n", n_gone);
	return rc;
}
