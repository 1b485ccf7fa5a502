/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl quarantine: entries read back, and the verbs on them.
 */
#ifndef TURF_AGGREGATOR_CTL_QUARANTINE_H
#define TURF_AGGREGATOR_CTL_QUARANTINE_H

#include "aggregator/ctl/ctl.h"

/* A copy of a struct quarantined, only as large as its bytes. */
struct kept {
	enum verdict reason;
	uint64_t sequence;
	char team[SLUG_BYTES];
	uint32_t day;
	size_t length;
	uint8_t bytes[];
};

struct entries {
	struct kept **list; /* heap, each too */
	size_t n;
};

/* What is wrong with bytes that submission_decode calls no submission. */
const char *quarantine_flaw(int flaw);

/* The verbs: 0 or a fault. None keeps a view open. */
int quarantine_list(const struct entries *entries, struct error *error);
int quarantine_show(const struct kept *entry, const struct catalogue *catalogue);
int quarantine_retry(const struct ctl *ctl, const struct entries *entries, const struct ctl_reading *reading,
		     struct error *error);
int quarantine_drop(const struct ctl *ctl, const struct entries *entries, struct error *error);

#endif
