/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The operator's verbs on a store: prove it, copy it, bring a copy back, describe it.
 */
#ifndef TURF_STORE_ADMIN_ADMIN_H
#define TURF_STORE_ADMIN_ADMIN_H

#include "store/store.h"

/*
 * Checks the store in one view, while the daemon continues: every record parses and its CRC32C is right; settled +
 * detail = counted for every cell; no counter is negative; per quarter and per ISO week the counters equal the ids that
 * raised them; the quarantine is within its bounds. Calls `finding` with a sentence for each finding. Returns the
 * number of findings, or a fault. Changes nothing.
 */
int store_verify(struct store *store, void (*finding)(void *context, const char *text), void *context,
		 struct error *error);

/* A compact copy in the new or empty directory `directory`, with MANIFEST: SHA-256, org, epoch and generation. */
int store_backup(struct store *store, const char *directory, struct error *error);

/* Checks `directory`'s manifest, then puts the copy at `path`, with a new epoch. FAULT_BUSY while a daemon holds
 * `path`; FAULT_INPUT when a store is there already and `replace` is false (with it, the old data file is kept
 * beside it as data.mdb.before-restore). */
int store_restore(const char *directory, const char *path, bool replace, uint64_t unix_seconds, struct error *error);

struct store_figures {
	struct store_state state;
	uint64_t ids;          /* ids remembered */
	uint64_t ids_detailed; /* of which with detail */
	uint64_t quarantined;
	uint64_t file_bytes, used_bytes, map_bytes;
	uint32_t oldest_id_day; /* 0: no ids */
	int daemon_pid;         /* 0: no daemon holds it; -1: one does, and its number is not known */
};
int store_figures(struct store *store, struct store_figures *out, struct error *error);

#endif
