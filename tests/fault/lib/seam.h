/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seam between turf and what can fail under it. The programs of this folder are linked with --wrap for every call
 * that a WRAP in seam*.c names, and with LMDB, protobuf-c and jansson from their archives, so that what these call
 * comes through here too. Production code knows nothing of it.
 *
 * Any call may be told to fail, the Nth of its kind; heap memory is counted; what is written is told to record.h.
 */
#ifndef TURF_TESTS_FAULT_LIB_SEAM_H
#define TURF_TESTS_FAULT_LIB_SEAM_H

#include <stdbool.h>
#include <time.h>

enum seam {
	SEAM_MEMORY, /* malloc and its like */
	SEAM_LMDB,   /* every call to LMDB that can fail */
	SEAM_FILE,   /* open, read, write, sync, rename, lock, map, …: ours and LMDB's own */
	SEAM_CLOCK,
	SEAM_RANDOM,
	SEAM_HASH,   /* libcrypto */
	SEAM_BROKER, /* see broker.h */
	SEAMS,
};

const char *seam_name(enum seam seam);

/* How many ways a call of this seam can fail; not every call knows all of them. */
unsigned seam_kinds(enum seam seam);

struct fault_plan {
	enum seam seam;
	const char *call; /* NULL: any call of the seam */
	unsigned nth;     /* 1: the first call from now on */
	unsigned kind;    /* 0 to seam_kinds - 1 */
	bool for_good;    /* and all calls after it */
};

/* From now on, until seam_disarm: the name of the first call that failed, or NULL. */
void seam_arm(const struct fault_plan *plan);
const char *seam_disarm(void);
const char *seam_failed(void); /* so far */

/* Between the two nothing fails and no call is counted: for what the test does in a callback. */
void seam_pause(void);
void seam_resume(void);

/* From now on the system's clock says this; 0: what it says. */
void seam_set_time(time_t now);

/* What the kernel says of its clock from now on: a time server vouches for it. At first none does. */
void seam_set_synchronised(bool synchronised);

/* What whoever starts a thread with its signals blocked calls before it lets them in again; NULL: nothing. */
void seam_set_started(void (*call)(void));

/* Pieces of heap memory that were taken and not given back, by turf and the libraries named above. */
long seam_heap(void);

#endif
