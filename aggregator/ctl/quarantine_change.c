/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/quarantine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PART_ENTRIES = 256 };

/* What retry made of an entry. */
struct retried {
	bool dropped;
	int flaw; /* of submission_decode; 0: `verdicts` has what became of its events */
	uint32_t n_verdicts;
	uint8_t verdicts[SUBMISSION_EVENTS_MAX];
};

/* The entries of one transaction. */
struct part {
	const struct entries *entries;
	struct retried *retried; /* one for each entry; retry only */
	size_t first, end;
	const struct catalogue *catalogue;
	uint32_t today;
	size_t n_gone; /* entries that left the quarantine */
};

/* The quarantine keeps no proofs (rule 4, docs/wire-format.md). A retraction under another reason than malformed had one when it came, or
 * needed none; under this reason nothing shows that whoever sent it made the tap. */
static bool retry_may_judge(const struct kept *entry, const struct submitted_event *submitted)
{
	return !submitted->malformed &&
	       (submitted->event.act != ACT_RETRACTION || entry->reason != VERDICT_REFUSED_MALFORMED);
}

static bool retry_events(const struct part *part, struct store_txn *txn, const struct kept *entry,
			 const struct submission *submission, struct retried *retried)
{
	struct store_state state;
	struct standing standing;
	bool accepted = true;

	store_txn_state(txn, &state);
	standing = store_standing(&state, part->today);
	for (uint32_t i = 0; i < submission->n_events; i++) {
		enum verdict verdict = VERDICT_REFUSED_MALFORMED;

		if (retry_may_judge(entry, &submission->events[i])) {
			struct admitted admitted =
				rules_admit(&submission->events[i].event, entry->team, part->catalogue, &standing);
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
static int retry_part(void *context, struct store_txn *txn, struct error *error)
{
	struct part *part = context;

	(void)error;
	part->n_gone = 0;
	for (size_t i = part->first; i < part->end; i++) {
		const struct kept *entry = part->entries->list[i];
		struct retried *retried = &part->retried[i];
		struct submission submission;

		memset(retried, 0, sizeof *retried);
		retried->flaw = submission_decode(entry->bytes, entry->length, &submission);
		if (retried->flaw != 0 || !retry_events(part, txn, entry, &submission, retried))
			continue;
		retried->dropped = true;
		part->n_gone++;
		(void)store_quarantine_drop(txn, entry->reason, entry->sequence);
	}
	return 0;
}

static int drop_part(void *context, struct store_txn *txn, struct error *error)
{
	struct part *part = context;

	(void)error;
	part->n_gone = 0;
	for (size_t i = part->first; i < part->end; i++)
		if (store_quarantine_drop(txn, part->entries->list[i]->reason, part->entries->list[i]->sequence) == 0)
			part->n_gone++;
	return 0;
}

/* Some hundreds of entries in a transaction, so that turfd never waits long for its turn to write. `part->first` ends
 * up behind the last entry that was dealt with. */
static int change_entries(const struct ctl *ctl, struct part *part,
			  int (*change)(void *context, struct store_txn *txn, struct error *error), size_t *n_gone,
			  struct error *error)
{
	struct store *store = NULL;
	int rc = ctl_store_open(ctl, false, &store, error);

	*n_gone = 0;
	while (rc == 0 && part->first < part->entries->n) {
		size_t left = part->entries->n - part->first;

		part->end = part->first + (left < PART_ENTRIES ? left : PART_ENTRIES);
		rc = store_change(store, change, part, error);
		if (rc < 0)
			break;
		part->first = part->end;
		*n_gone += part->n_gone;
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
	struct part part = {
		.entries = entries,
		.retried = calloc(entries->n, sizeof *part.retried),
		.catalogue = &reading->catalogue,
		.today = reading->figures.standing.today,
	};
	size_t n_gone;
	int rc;

	if (!part.retried)
		return error_set(error, FAULT_MEMORY, "no memory for %zu entries", entries->n);
	ctl_note_date(reading);
	rc = change_entries(ctl, &part, retry_part, &n_gone, error);
	for (size_t i = 0; i < part.first; i++)
		print_retried(entries->list[i], &part.retried[i]);
	(void)printf("%zu tried again: %zu left the quarantine, %zu kept\n", part.first, n_gone, part.first - n_gone);
	free(part.retried);
	return rc;
}

int quarantine_drop(const struct ctl *ctl, const struct entries *entries, struct error *error)
{
	struct part part = {.entries = entries};
	size_t n_gone;
	int rc = change_entries(ctl, &part, drop_part, &n_gone, error);

	(void)printf("%zu dropped\n", n_gone);
	return rc;
}
