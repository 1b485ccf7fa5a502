/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The publisher: which summaries and weekly courses the broker does not have in their newest state, and when each
 * may be published again. Newest state only, each at most once in an interval; all retained, at QoS 0, because
 * everything is published again after a reconnect.
 */
#ifndef TURF_AGGREGATOR_DAEMON_PUBLISHER_H
#define TURF_AGGREGATOR_DAEMON_PUBLISHER_H

#include "aggregator/daemon/counters.h"
#include "aggregator/figures/figures.h"
#include "broker-client/mqtt/mqtt.h"

struct publisher;

struct publisher *publisher_new(uint32_t interval_ms); /* NULL: no memory */
void publisher_free(struct publisher *publisher);      /* NULL is fine */

/* Notes which figures an event changes: those of its team and of all teams, in its quarter and its year, and the weekly
 * courses. Their new values are read when they are published, after the commit. 0 or FAULT_MEMORY. */
int publisher_touch(struct publisher *publisher, const struct folded *folded, struct error *error);

/* The broker may have all these from an earlier turfd: marks them as published before, and makes none of them due. */
int publisher_register_all(struct publisher *publisher, const struct figures *figures, struct error *error);

/* Everything that has figures, and everything that was published before (what has no figures any more is withdrawn). */
int publisher_touch_all(struct publisher *publisher, const struct figures *figures, struct error *error);

/* When something may be published next, in the time of publisher_run; UINT64_MAX: nothing waits. */
uint64_t publisher_due_ms(const struct publisher *publisher);

/* Publishes what is due, a few at a time, so that counting never waits long. FAULT_BROKER: the rest stays due.
 * Any other fault is that of a figure that cannot be read: it is tried again after a minute, the others go on. */
int publisher_run(struct publisher *publisher, struct mqtt *mqtt, const struct figures *figures, uint64_t now_ms,
		  struct counters *counters, struct error *error);

#endif
