/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The contract's numbers for codes, outcomes, states, kinds and verdicts, and the words that people see for them.
 */
#ifndef TURF_PROTO_WORDS_H
#define TURF_PROTO_WORDS_H

#include <stdbool.h>

enum {
	DOMAIN_CODE_MAX = 255,
	LABEL_CODE_MAX = 65535,
	LABELS_MAX = 512, /* labels of one org, ended ones included */
	NAME_BYTES = 128, /* a shown name, UTF-8, with its zero */
	CATALOGUE_BYTES_MAX = 65536,
};

enum outcome { OUTCOME_UNSPECIFIED = 0, OUTCOME_ANSWERED = 1, OUTCOME_REFERRED = 2 };

enum quarter_status { QUARTER_UNSPECIFIED = 0, QUARTER_OPEN = 1, QUARTER_PROVISIONAL = 2, QUARTER_FINAL = 3 };

enum label_kind { LABEL_UNSPECIFIED = 0, LABEL_SUBJECT = 1, LABEL_ORIGIN = 2, LABEL_REFERRED_TO = 3 };

enum verdict {
	VERDICT_UNSPECIFIED = 0,
	VERDICT_COUNTED = 1,
	VERDICT_ALREADY_COUNTED = 2,
	VERDICT_RETRACTED = 3,
	VERDICT_ALREADY_RETRACTED = 4,
	VERDICT_COUNTED_LATE = 5,
	VERDICT_REFUSED_MALFORMED = 16,
	VERDICT_REFUSED_UNKNOWN_TEAM = 17,
	VERDICT_REFUSED_UNKNOWN_DOMAIN = 18,
	VERDICT_REFUSED_UNKNOWN_LABEL = 19,
	VERDICT_REFUSED_DAY_IN_FUTURE = 20,
	VERDICT_REFUSED_DAY_TOO_OLD = 21,
	VERDICT_REFUSED_RETRACTION_TOO_LATE = 22,
};

bool words_verdict_is_refusal(enum verdict verdict);

/* The contract's word without "VERDICT_", in lower case with dashes ("refused-unknown-team");
 * "unknown-verdict" for a number that the contract does not have. */
const char *words_verdict(enum verdict verdict);
const char *words_outcome(enum outcome outcome);              /* "answered", "referred" */
const char *words_quarter_status(enum quarter_status status); /* "open", "provisional", "final" */
const char *words_label_kind(enum label_kind kind);           /* "subject", "origin", "referred-to" */

#endif
