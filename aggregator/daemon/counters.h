/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Counters: every outcome of every stage, since the daemon's start. None names a team or a phone.
 *
 * At every batch boundary, for events:
 *   events = counted + counted_late + already_counted + retracted + already_retracted + sum(refused)
 * Malformed submissions are counted apart: their events were never read.
 */
#ifndef TURF_AGGREGATOR_DAEMON_COUNTERS_H
#define TURF_AGGREGATOR_DAEMON_COUNTERS_H

#include <stdint.h>

/* Every counter once: X(name). The order is the one in which people read them. */
#define COUNTERS(X)                                                                \
	X(messages)          /* taken from registration topics */                  \
	X(messages_empty)    /* ignored: an empty payload */                       \
	X(messages_retained) /* counted like others, then cleared at the broker */ \
	X(messages_shed)     /* not taken in while the store could not commit */   \
	X(submissions)       /* well-formed ones */                                \
	X(submissions_malformed)                                                   \
	X(events)                                                                  \
	X(counted)                                                                 \
	X(counted_late)                                                            \
	X(already_counted)                                                         \
	X(retracted)                                                               \
	X(already_retracted)                                                       \
	X(refused_malformed)                                                       \
	X(refused_unknown_team)                                                    \
	X(refused_unknown_domain)                                                  \
	X(refused_unknown_label)                                                   \
	X(refused_day_in_future)                                                   \
	X(refused_day_too_old)                                                     \
	X(refused_retraction_too_late)                                             \
	X(receipts) /* sent */                                                     \
	X(batches)  /* commits */                                                  \
	X(commits_failed)                                                          \
	X(map_grown)                                                               \
	X(summaries) /* published, JSON twins and weekly courses apart */          \
	X(connects)

struct counters {
#define COUNTER_MEMBER(name) uint64_t name;
	COUNTERS(COUNTER_MEMBER)
#undef COUNTER_MEMBER
};

/* Adds every counter of `more` to `sum`. */
static inline void counters_add(struct counters *sum, const struct counters *more)
{
#define COUNTER_ADD(name) sum->name += more->name;
	COUNTERS(COUNTER_ADD)
#undef COUNTER_ADD
}

#endif
