/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon's hold on a store's directory, and which files it works on.
 *
 * Two flocks, both exclusive: on the directory itself, which lasts whatever is deleted in it, and on turfd.lock, in which
 * stand the daemon's process number and the identity of the data.mdb and the lock.mdb that it has open. Two programs
 * that write to one data.mdb through two lock files do not see each other: so a tool that may write compares first.
 */
#ifndef TURF_STORE_FILES_DAEMON_LOCK_H
#define TURF_STORE_FILES_DAEMON_LOCK_H

#include "base/error.h"
#include "store/files/files.h"

struct daemon_lock {
	int directory, file;         /* -1: not held */
	struct files_identity noted; /* by daemon_lock_note; zeros: nothing was noted */
};

#define DAEMON_LOCK_NONE ((struct daemon_lock){.directory = -1, .file = -1})

/* FAULT_BUSY: another process has it; the message says which. The lock lasts until it is released. */
int daemon_lock_take(struct daemon_lock *lock, const char *directory, struct error *error);
void daemon_lock_release(struct daemon_lock *lock); /* not held is fine */

/* Writes into the lock file which files the daemon has open, if these have changed since the last call. Until that has
 * succeeded, tools are refused. Does nothing if the lock is not held. */
int daemon_lock_note(struct daemon_lock *lock, const char *directory, const struct files_identity *opened,
		     struct error *error);

/* The daemon's process number; 0: there is no daemon; -1: there is one, and its number is not known. */
int daemon_lock_holder(const char *directory);

/* For a tool that may write. FAULT_BUSY: a daemon has the store, and not the files that have the names now. */
int daemon_lock_check(const char *directory, struct error *error);

#endif
