/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/words.h"

#include <stddef.h>

static const char *const verdicts[] = {
	[VERDICT_UNSPECIFIED] = "unspecified",
	[VERDICT_COUNTED] = "counted",
	[VERDICT_ALREADY_COUNTED] = "already-counted",
	[VERDICT_RETRACTED] = "retracted",
	[VERDICT_ALREADY_RETRACTED] = "already-retracted",
	[VERDICT_COUNTED_LATE] = "counted-late",
	[VERDICT_REFUSED_MALFORMED] = "refused-malformed",
	[VERDICT_REFUSED_UNKNOWN_TEAM] = "refused-unknown-team",
	[VERDICT_REFUSED_UNKNOWN_DOMAIN] = "refused-unknown-domain",
	[VERDICT_REFUSED_UNKNOWN_LABEL] = "refused-unknown-label",
	[VERDICT_REFUSED_DAY_IN_FUTURE] = "refused-day-in-future",
	[VERDICT_REFUSED_DAY_TOO_OLD] = "refused-day-too-old",
	[VERDICT_REFUSED_RETRACTION_TOO_LATE] = "refused-retraction-too-late",
};

static const char *const outcomes[] = {[OUTCOME_ANSWERED] = "answered", [OUTCOME_REFERRED] = "referred"};

static const char *const quarter_statuses[] = {
	[QUARTER_OPEN] = "open", [QUARTER_PROVISIONAL] = "provisional", [QUARTER_FINAL] = "final"};

static const char *const label_kinds[] = {
	[LABEL_SUBJECT] = "subject", [LABEL_ORIGIN] = "origin", [LABEL_REFERRED_TO] = "referred-to"};

/* A number that comes from outside may be unknown to the contract. Then the word is `no_word`. */
#define WORD(words, number, no_word) \
	((size_t)(number) < sizeof(words) / sizeof(words)[0] && (words)[number] ? (words)[number] : (no_word))

const char *words_verdict(enum verdict verdict)
{
	return WORD(verdicts, verdict, "unknown-verdict");
}

const char *words_outcome(enum outcome outcome)
{
	return WORD(outcomes, outcome, "unspecified");
}

const char *words_quarter_status(enum quarter_status status)
{
	return WORD(quarter_statuses, status, "unspecified");
}

const char *words_label_kind(enum label_kind kind)
{
	return WORD(label_kinds, kind, "unspecified");
}

bool words_verdict_is_refusal(enum verdict verdict)
{
	return verdict >= VERDICT_REFUSED_MALFORMED && verdict <= VERDICT_REFUSED_RETRACTION_TOO_LATE;
}
