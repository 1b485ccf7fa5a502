/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A power cut: what may be on the disk after it, made from a recording (record.h).
 *
 * What was written since the last sync may be there or not, sector by sector and in any order; a sector is as one of
 * the writes to it left it, or as it was before. A name that was changed since its folder was last synced stands for
 * what it stood for before, or after. A write that failed, or whose sync failed, may be there or not, and no later sync
 * settles that. A file that grew may have its new length and not its new bytes: zeros then, or what lay there.
 */
#ifndef TURF_TESTS_FAULT_LIB_POWER_H
#define TURF_TESTS_FAULT_LIB_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the cut treats what was not synced. */
enum cut {
	CUT_NONE,     /* none of it is there */
	CUT_ALL,      /* all of it */
	CUT_PREFIX,   /* all up to one write, which may be torn */
	CUT_SOME,     /* each write is there or not */
	CUT_SECTORS,  /* each sector is as one of its writes left it, or as before */
	CUT_BUT_ONE,  /* all but one sector */
	CUT_ONLY_ONE, /* one sector only */
	CUTS,
};

const char *cut_name(enum cut cut);

/* Goes along the recording: everything before entry `at` has happened, and `at` itself is under way. */
struct power;

struct power *power_new(void); /* of the recording as it is; the power is on, and nothing has happened */
void power_free(struct power *power);
size_t power_at(const struct power *power);
bool power_step(struct power *power); /* entry `at` has happened too; false: there are no more */

/* Makes in the empty folder `folder` what is left when the power is cut here. `dice` is advanced: the same dice give
 * the same disk. */
void power_cut(const struct power *power, enum cut cut, uint64_t *dice, const char *folder);

/* Whether anything of the file `path` (below the recorded root, as "store/data.mdb") is written and not yet synced. */
bool power_unsynced(const struct power *power, const char *path);

/* Whether these bytes are on the disk, whatever is lost of what was not synced: in the file that `path` names. */
bool power_holds(const struct power *power, const char *path, const void *bytes, size_t length);

#endif
