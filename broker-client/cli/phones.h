/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The simulated phones of `turf replay`: handles of libturf with outboxes in FOLDER/phone-0, phone-1, ...
 *
 * Row i of the file goes to phone i modulo the number of phones. Each phone's outbox stores with the questions how many rows
 * the phone has got, in the same transaction. So a replay that was killed continues without sending a row twice (plan.h).
 */
#ifndef TURF_BROKER_CLIENT_CLI_PHONES_H
#define TURF_BROKER_CLIENT_CLI_PHONES_H

#include <stdatomic.h>

#include "broker-client/cli/cli.h"
#include "broker-client/cli/plan.h"

enum { VERDICTS = 32 };

struct phone {
	struct turf *turf;
	size_t dealt, total; /* rows */
};

struct phones {
	const struct csv *csv;
	struct plan plan;
	uint32_t shift;       /* added to each day */
	size_t n, n_dealing;  /* all phones; the first n_dealing get rows, the others only send what waited in them */
	struct phone *phones; /* heap */
	size_t turn;          /* the phone that gets rows next */
	struct turf *tokens;  /* the outbox of this device, if it has joined; NULL */
	char *folder;         /* heap */
	bool temporary;
	int folder_fd;        /* holds a lock on the folder */
	size_t waited_before; /* events that waited in the outboxes at the start */
	size_t dealt_before;  /* rows that phones got in an earlier run */
	atomic_size_t answered;
	atomic_size_t verdicts[VERDICTS];
};

/* Opens them all; 0 or an exit status. */
int phones_open(struct phones *phones, struct cli *cli, const struct csv *csv);

/* Closes them, and removes a temporary folder, unless something waits in it or there are rows left. */
void phones_close(struct phones *phones);

/* Gives the phones the rows before `until`, or as many of them as it can in a tenth of a second. 0 or an exit status. */
int phones_deal(struct phones *phones, size_t until);

/* The rows that phones have got, in this run and before. */
size_t phones_dealt(const struct phones *phones);

/* Events without a verdict, in all outboxes. */
size_t phones_waiting(const struct phones *phones);

/* The number of phones that are connected. `reason`: why one is not, or empty. */
size_t phones_online(const struct phones *phones, struct turf_error *reason);

/* Ends the replay, so that the next one begins at its first row. 0 or an exit status. */
int phones_finish(struct phones *phones);

#endif
