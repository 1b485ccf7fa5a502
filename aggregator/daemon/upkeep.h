/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What time asks for: the date, closing and purging, compaction, and what the broker must hold. The daemon's table of
 * deadlines (daemon.c) says when each of these is done; all return 0 or a fault.
 */
#ifndef TURF_AGGREGATOR_DAEMON_UPKEEP_H
#define TURF_AGGREGATOR_DAEMON_UPKEEP_H

#include "aggregator/config/clock.h"
#include "aggregator/daemon/link.h"
#include "aggregator/daemon/publisher.h"

struct upkeep {
	/* What it works with; everything stays the caller's. */
	const struct config *config;
	const struct catalogue *catalogue; /* in force */
	struct store *store;
	struct publisher *publisher;
	struct link *link;
	struct counters *counters;

	struct org_date date;
	uint32_t today;
	bool synchronised;      /* a time server vouches for `today` */
	bool date_unreadable;   /* this was logged */
	uint32_t date_pending;  /* a date that jumped and waits for confirmation; 0: none */
	uint64_t jumped_at_ms;  /* that date was first seen; 0: none waits */
	uint64_t generation;    /* the store's, as seen last */
	uint32_t deleted_since; /* the store's: freed pages hold deleted bytes since then; 0: none do */
	uint64_t look_at_ms;    /* when to look at the date and the store next */
	bool time_due;          /* upkeep_keep_time has something to do */
	bool compact_due;       /* upkeep_compact has */
	bool last_seen_failing; /* this was logged */
};

/* The org's date now; the last known one when it cannot be read. */
uint32_t upkeep_today(struct upkeep *upkeep);

/* Notes what was last committed beside the store, when that can be done. */
void upkeep_note_last_seen(struct upkeep *upkeep);

/* Looks at the date, and at what the store says of itself: turfctl may have changed it. */
int upkeep_look(struct upkeep *upkeep, uint64_t now_ms, struct error *error);

/* Closes, settles and purges in short steps; `time_due` tells whether there is more. After the last one all figures are
 * published again. */
int upkeep_keep_time(struct upkeep *upkeep, struct error *error);

/* Takes deleted bytes out of the store's file when they are old enough. Considered once a day. */
int upkeep_compact(struct upkeep *upkeep, struct error *error);

/* The catalogue, and then all figures, to a broker that may have lost everything. */
int upkeep_publish_catalogue(struct upkeep *upkeep, struct error *error);

/* The figures that are due at `now_ms`, a few at a time. */
int upkeep_publish_figures(struct upkeep *upkeep, uint64_t now_ms, struct error *error);

/* All that still wait, at once. */
int upkeep_publish_rest(struct upkeep *upkeep, struct error *error);

#endif
