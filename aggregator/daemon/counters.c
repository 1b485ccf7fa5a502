/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/counters.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

void counters_add(struct counters *sum, const struct counters *more)
{
#define COUNTER_ADD(name) sum->name += more->name;
	COUNTERS(COUNTER_ADD)
#undef COUNTER_ADD
}

uint64_t *counters_of_verdict(struct counters *c, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_COUNTED:
		return &c->counted;
	case VERDICT_COUNTED_LATE:
		return &c->counted_late;
	case VERDICT_ALREADY_COUNTED:
		return &c->already_counted;
	case VERDICT_RETRACTED:
		return &c->retracted;
	case VERDICT_ALREADY_RETRACTED:
		return &c->already_retracted;
	case VERDICT_REFUSED_MALFORMED:
		return &c->refused_malformed;
	case VERDICT_REFUSED_UNKNOWN_TEAM:
		return &c->refused_unknown_team;
	case VERDICT_REFUSED_UNKNOWN_DOMAIN:
		return &c->refused_unknown_domain;
	case VERDICT_REFUSED_UNKNOWN_LABEL:
		return &c->refused_unknown_label;
	case VERDICT_REFUSED_DAY_IN_FUTURE:
		return &c->refused_day_in_future;
	case VERDICT_REFUSED_DAY_TOO_OLD:
		return &c->refused_day_too_old;
	case VERDICT_REFUSED_RETRACTION_TOO_LATE:
		return &c->refused_retraction_too_late;
	case VERDICT_UNSPECIFIED:
		break;
	}
	assert(false && "every event ends with a verdict");
	return NULL;
}
