/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl quarantine: look at what was refused, judge it again, drop it.
 */
#include "aggregator/ctl/quarantine.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which entries ---------------------------------------------------------------------------- */

/* REASON[/SEQ] as typed, or everything. */
struct choice {
	enum verdict reason; /* VERDICT_UNSPECIFIED: all */
	bool one;
	uint64_t sequence; /* when `one` */
};

static bool is_reason(enum verdict reason, const char *text, size_t length)
{
	static const char refused[] = "refused-";
	const char *name = words_verdict(reason);

	if (strncmp(text, refused, sizeof refused - 1) != 0)
		name += sizeof refused - 1; /* every reason begins with it; it need not be typed */
	return strlen(name) == length && strncmp(name, text, length) == 0;
}

static int parse_sequence(const char *text, uint64_t *sequence)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits] != '\0')
		return -1;
	*sequence = strtoull(text, NULL, 10);
	return 0;
}

static int parse_choice(const char *text, struct choice *choice)
{
	size_t length = strcspn(text, "/");

	choice->one = text[length] == '/';
	if (choice->one && parse_sequence(text + length + 1, &choice->sequence) != 0)
		return -1;
	for (int reason = VERDICT_REFUSED_MALFORMED; reason <= VERDICT_REFUSED_RETRACTION_TOO_LATE; reason++)
		if (is_reason((enum verdict)reason, text, length)) {
			choice->reason = (enum verdict)reason;
			return 0;
		}
	return -1;
}

static int choice_usage(const char *text)
{
	(void)fprintf(stderr,
		      "turfctl: no entry is called \"%s\"; give REASON or REASON/SEQ, with one of these reasons\n",
		      text);
	for (int reason = VERDICT_REFUSED_MALFORMED; reason <= VERDICT_REFUSED_RETRACTION_TOO_LATE; reason++)
		(void)fprintf(stderr, "  %s\n", words_verdict((enum verdict)reason));
	return CTL_USAGE;
}

/* ---- Entries read back ------------------------------------------------------------------------ */

/* Entries are copied, so that the view is closed before anything is printed or changed. */
struct selection {
	struct choice choice;
	struct entries entries;
	bool failed; /* no memory */
};

static struct kept *copy_entry(const struct quarantined *entry)
{
	struct kept *copy = malloc(sizeof *copy + entry->length);

	if (!copy)
		return NULL;
	copy->reason = entry->reason;
	copy->sequence = entry->sequence;
	memcpy(copy->team, entry->team, sizeof copy->team);
	copy->day = entry->day;
	copy->length = entry->length;
	memcpy(copy->bytes, entry->bytes, entry->length);
	return copy;
}

static bool select_entry(void *context, const struct quarantined *entry)
{
	struct selection *selection = context;
	const struct choice *choice = &selection->choice;
	struct entries *entries = &selection->entries;
	struct kept *copy, **list;

	if ((choice->reason != VERDICT_UNSPECIFIED && choice->reason != entry->reason) ||
	    (choice->one && choice->sequence != entry->sequence))
		return true;
	list = realloc(entries->list, (entries->n + 1) * sizeof *list);
	if (list)
		entries->list = list;
	copy = list ? copy_entry(entry) : NULL;
	if (copy)
		list[entries->n++] = copy;
	selection->failed = !copy;
	return copy != NULL;
}

static void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->entries.n; i++)
		free(selection->entries.list[i]);
	free(selection->entries.list);
}

static int selection_read(struct selection *selection, const struct store_view *view, struct error *error)
{
	int rc = store_view_quarantine(view, select_entry, selection, error);

	if (rc == 0 && selection->failed)
		rc = error_set(error, FAULT_MEMORY, "no memory for the quarantine's entries");
	return rc;
}

/* An empty list is an answer; entries that were asked for by name should be there. */
static int no_entries(const struct ctl *ctl)
{
	if (ctl->n_words > 1) {
		(void)fprintf(
			stderr,
			"turfctl: nothing in quarantine is called %s; turfctl quarantine list shows what is there\n",
			ctl->words[1]);
		return CTL_FAILED;
	}
	(void)puts("nothing in quarantine");
	return CTL_OK;
}

/* ---- The command ------------------------------------------------------------------------------ */

enum verb { VERB_LIST, VERB_SHOW, VERB_RETRY, VERB_DROP, N_VERBS };

static const char verb_names[][8] = {"list", "show", "retry", "drop"};

static int run_verb(const struct ctl *ctl, enum verb verb, const struct entries *entries,
		    const struct ctl_reading *reading, struct error *error)
{
	switch (verb) {
	case VERB_LIST:
		return quarantine_list(entries, error);
	case VERB_SHOW:
		return quarantine_show(entries->list[0], &reading->catalogue);
	case VERB_RETRY:
		return quarantine_retry(ctl, entries, reading, error);
	default:
		return quarantine_drop(ctl, entries, error);
	}
}

static int run_quarantine(const struct ctl *ctl, enum verb verb, struct selection *selection, struct error *error)
{
	struct ctl_reading reading;
	int rc = ctl_reading_open(ctl, &reading, error);

	if (rc < 0)
		return rc;
	rc = selection_read(selection, reading.view, error);
	ctl_reading_close(&reading);
	if (rc == 0 && selection->entries.n == 0)
		rc = no_entries(ctl);
	else if (rc == 0)
		rc = run_verb(ctl, verb, &selection->entries, &reading, error);
	ctl_reading_release(&reading);
	return rc;
}

int ctl_quarantine(const struct ctl *ctl, struct error *error)
{
	struct selection selection = {0};
	int verb = 0, rc;

	while (verb < N_VERBS && strcmp(ctl->words[0], verb_names[verb]) != 0)
		verb++;
	if (verb == N_VERBS)
		return ctl_usage("quarantine has list, show, retry and drop, not \"%s\"", ctl->words[0]);
	if (ctl->n_words < 2 && (verb == VERB_SHOW || verb == VERB_DROP))
		return ctl_usage("quarantine %s: give an entry as REASON/SEQ (turfctl quarantine list shows them)",
				 ctl->words[0]);
	if (ctl->n_words > 1 && parse_choice(ctl->words[1], &selection.choice) != 0)
		return choice_usage(ctl->words[1]);
	if (verb == VERB_SHOW && !selection.choice.one)
		return ctl_usage("quarantine show takes one entry, as %s/SEQ", ctl->words[1]);
	rc = run_quarantine(ctl, (enum verb)verb, &selection, error);
	selection_release(&selection);
	return rc;
}
