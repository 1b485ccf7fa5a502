/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/words.h"

bool words_verdict_is_refusal(enum verdict verdict)
{
	return verdict >= VERDICT_REFUSED_MALFORMED && verdict <= VERDICT_REFUSED_RETRACTION_TOO_LATE;
}

const char *words_verdict(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_UNSPECIFIED:
		return "unspecified";
	case VERDICT_COUNTED:
		return "counted";
	case VERDICT_ALREADY_COUNTED:
		return "already-counted";
	case VERDICT_RETRACTED:
		return "retracted";
	case VERDICT_ALREADY_RETRACTED:
		return "already-retracted";
	case VERDICT_COUNTED_LATE:
		return "counted-late";
	case VERDICT_REFUSED_MALFORMED:
		return "refused-malformed";
	case VERDICT_REFUSED_UNKNOWN_TEAM:
		return "refused-unknown-team";
	case VERDICT_REFUSED_UNKNOWN_DOMAIN:
		return "refused-unknown-domain";
	case VERDICT_REFUSED_UNKNOWN_LABEL:
		return "refused-unknown-label";
	case VERDICT_REFUSED_DAY_IN_FUTURE:
		return "refused-day-in-future";
	case VERDICT_REFUSED_DAY_TOO_OLD:
		return "refused-day-too-old";
	case VERDICT_REFUSED_RETRACTION_TOO_LATE:
		return "refused-retraction-too-late";
	}
	return "unknown-verdict";
}

const char *words_outcome(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ANSWERED:
		return "answered";
	case OUTCOME_REFERRED:
		return "referred";
	case OUTCOME_UNSPECIFIED:
		break;
	}
	return "unspecified";
}

const char *words_quarter_status(enum quarter_status status)
{
	switch (status) {
	case QUARTER_OPEN:
		return "open";
	case QUARTER_PROVISIONAL:
		return "provisional";
	case QUARTER_FINAL:
		return "final";
	case QUARTER_UNSPECIFIED:
		break;
	}
	return "unspecified";
}

const char *words_label_kind(enum label_kind kind)
{
	switch (kind) {
	case LABEL_SUBJECT:
		return "subject";
	case LABEL_ORIGIN:
		return "origin";
	case LABEL_REFERRED_TO:
		return "referred-to";
	case LABEL_UNSPECIFIED:
		break;
	}
	return "unspecified";
}
