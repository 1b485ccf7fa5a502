/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The status topic: what the daemon says of itself, in JSON, retained; and its Last Will.
 */
#ifndef TURF_AGGREGATOR_DAEMON_STATUS_H
#define TURF_AGGREGATOR_DAEMON_STATUS_H

#include <stdbool.h>

#include "aggregator/daemon/counters.h"
#include "proto/calendar.h"
#include "store/store.h"

enum { INSTANCE_TEXT_BYTES = 17 };

/* How the store is. Counting and upkeep each have such a state (`struct health`). STORE_FULL: the disk is full.
 * STORE_FAILING: something else fails. The status has the worse of the two, in this order. So it may say "failing"
 * while only upkeep fails and receipts leave, or while counting waits for a full disk. Phones keep events without a
 * receipt in any case. */
enum store_health { STORE_OK, STORE_FULL, STORE_FAILING };

struct status {
	const char *org;
	const char *version;
	uint64_t since;                     /* unix seconds, start of this daemon */
	char instance[INSTANCE_TEXT_BYTES]; /* of this run: its start in ms and 16 random bits; sorts by age */
	char epoch[EPOCH_TEXT_BYTES];
	uint64_t generation;
	uint32_t today;
	bool today_pinned;
	uint32_t date_pending; /* a date that jumped and waits for confirmation; 0: none */
	enum store_health store;
	struct counters counters;
};

/* Heap; free() it. NULL: no memory. Offline: the will, without what it cannot know (counters, today). */
char *status_json(const struct status *status, bool online);

/* What the newer of two statuses of this daemon says that the older one does not. */
enum status_change {
	STATUS_SAME,
	STATUS_COUNTERS, /* something was counted, or could not be */
	STATUS_NEWS,     /* somebody waits for it: the date, the store's health, a new connection */
};
enum status_change status_compare(const struct status *older, const struct status *newer);

/* What someone said on the status topic. */
enum status_heard {
	HEARD_NOTHING, /* ours, or no status at all */
	HEARD_OFFLINE, /* somebody calls us offline: publish the status again */
	HEARD_OTHER,   /* the status of a daemon of this org that started after us */
};
enum status_heard status_hear(const struct status *status, const uint8_t *payload, size_t length);

#endif
