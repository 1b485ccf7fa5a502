/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The simulated phones of `turf replay`: handles of libturf with outboxes in FOLDER/phone-0, phone-1, ...
 *
 * Row i of the file belongs to phone i modulo the number of phones. Each phone's outbox remembers, in the transaction
 * that stores the questions, how far it was dealt; so a replay that was killed goes on without dealing a row twice
 * (plan.h).
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
	uint32_t shift;        /* added to each day */
	size_t n, n_dealing;   /* all; those that are dealt rows come first, the others had something waiting */
	struct phone *phones;  /* heap */
	size_t turn;           /* whose rows come next */
	char *folder;          /* heap */
	bool temporary;
	int lock_fd;
	size_t waited_before;  /* events that stood in the outboxes at the start */
	size_t dealt_before;   /* rows that an earlier run had dealt */
	atomic_size_t answered;
	atomic_size_t verdicts[VERDICTS];
};

/* Opens them all; 0 or an exit status. */
int phones_open(struct phones *phones, struct cli *cli, const struct csv *csv);

/* Closes them. A temporary folder in which nothing waits is removed, unless there is more to deal. */
void phones_close(struct phones *phones);

/* Deals the rows before `until`, or as many of them as a moment allows. 0 or an exit status. */
int phones_deal(struct phones *phones, size_t until);

/* Rows dealt, in this run and before. */
size_t phones_dealt(const struct phones *phones);

/* Events without a verdict, in all outboxes. */
size_t phones_waiting(const struct phones *phones);

/* How many are connected, and why not, if one is not. */
size_t phones_online(const struct phones *phones, char reason[static TURF_ERROR_BYTES]);

/* The replay is complete: the next one begins anew. */
int phones_finish(struct phones *phones);

#endif
