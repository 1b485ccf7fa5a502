/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Faults: what went wrong, said once at its origin and prefixed on the way up.
 *
 * Every fallible function returns an int: 0 done; > 0 a result that its header lists and the
 * immediate caller handles; < 0 a fault, forwarded unchanged. A fault leaves its message in the
 * caller's struct error, for a person: what, where, what to do. What it quotes is safe to show (base/text.h).
 */
#ifndef TURF_BASE_ERROR_H
#define TURF_BASE_ERROR_H

enum fault {
	FAULT_SYSTEM = -1,  /* the operating system refused: file, clock, random source */
	FAULT_MEMORY = -2,  /* no memory */
	FAULT_INPUT = -3,   /* what a person gave is wrong: option, file, date */
	FAULT_STORE = -4,   /* LMDB refused; the message says why */
	FAULT_FULL = -5,    /* the disk refuses to take more; earlier commits stand */
	FAULT_DAMAGED = -6, /* a stored value does not mean what it must */
	FAULT_FOREIGN = -7, /* the store belongs to another org, or to a newer turf */
	FAULT_BUSY = -8,    /* someone else holds it; the message says who */
	FAULT_BROKER = -9,  /* the MQTT connection failed */
};

enum { ERROR_TEXT_BYTES = 1024 };

struct error {
	char text[ERROR_TEXT_BYTES];
};

/* Fills `e` (may be NULL) and returns `fault`, so that `return error_set(...)` reads as one step. */
int error_set(struct error *e, int fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the message in `e` (may be NULL); returns `fault`. */
int error_prefix(struct error *e, int fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
