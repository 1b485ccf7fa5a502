/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where a test runs a daemon inside itself: a configuration, a store, and the signals that were blocked before it.
 */
#ifndef TURF_TESTS_FAULT_LIB_PLACE_H
#define TURF_TESTS_FAULT_LIB_PLACE_H

#include <signal.h>

#include "tests/fault/lib/folder.h"

struct place {
	char folder[FOLDER_BYTES], config[PATH_MAX / 4], store[PATH_MAX / 4]; /* the last two in the first */
	sigset_t signals;
};

void place_make(struct place *place);
void place_remove(const struct place *place);

/* No store, and nothing that tells of one. */
void place_clear(const struct place *place);

/* The configuration is this text, and after it `last`. */
void place_configure(const struct place *place, const char *text, const char *last);

/* The daemon blocks signals, and has ended. */
void place_restore_signals(const struct place *place);

#endif
