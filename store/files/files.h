/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files of a store's directory: its locks, and how a data file takes its place.
 *
 *   turfd.lock   flock, exclusive, as on the directory itself: the daemon's (daemon_lock.h)
 *   access.lock  flock, shared: by whoever is opening the store, and by a tool for as long as it may write;
 *                exclusive: by whoever puts another data file in place
 *   data.mdb.new a data file that is being made; it takes data.mdb's place when it is whole and synced
 */
#ifndef TURF_STORE_FILES_FILES_H
#define TURF_STORE_FILES_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define DATA_FILE "data.mdb"
#define NEW_DATA_FILE "data.mdb.new"
#define KEPT_DATA_FILE "data.mdb.before-restore"
#define LMDB_LOCK "lock.mdb"
#define DAEMON_LOCK "turfd.lock"

/* A fault for errno: FAULT_FULL or FAULT_SYSTEM. */
int files_fault(struct error *error, const char *path, const char *what);

/* DIRECTORY/NAME. 0 or FAULT_INPUT: too long. */
int files_path(char out[static PATH_MAX], const char *directory, const char *name, struct error *error);

enum { FILES_NO_STORE = 1 };

/* Looks at `directory`, and makes it when `create`. 0: a data file is there. FILES_NO_STORE (only when `create`):
 * the directory is there, private, and holds nothing. A fault says what is wrong with it. */
int files_look(const char *directory, bool create, struct error *error);

/* ---- Which files these are ------------------------------------------------------------------------ */

/* Which file has a name, by stat(2). Zeros: none. No other file has the same numbers while somebody has it open. */
struct file_identity {
	uint64_t device, inode;
};

struct files_identity {
	struct file_identity data, lock; /* data.mdb and lock.mdb */
};

/* Reads which files the two names in `directory` refer to at this moment. */
int files_identify(const char *directory, struct files_identity *out, struct error *error);
bool files_same(const struct files_identity *a, const struct files_identity *b);
const char *files_differing(const struct files_identity *a, const struct files_identity *b); /* the first such name */

/* Keeps in `opened` which files a program has open: the data file behind `data_fd`, and the lock file that has the name. */
int files_note(const char *directory, int data_fd, struct files_identity *opened, struct error *error);

/* Whether these are the files that have their names now. Otherwise FAULT_STORE: what is written to a data.mdb without a
 * name is lost, and who opens another lock.mdb writes at the same time. 0 when nothing has been noted. */
int files_check(const char *directory, const struct files_identity *opened, struct error *error);

/* ---- Locks ---------------------------------------------------------------------------------------- */

enum { FILES_HELD = 1 };

/* flock(2) on the file DIRECTORY/NAME, which is made when it is not there, or on the directory itself. FILES_HELD: somebody else has it;
 * `*fd` is open all the same. The lock lasts until `*fd` is closed. */
int files_lock(const char *directory, const char *name, int how, int *fd, struct error *error);
int files_lock_directory(const char *directory, int how, int *fd, struct error *error);

/* Waits only while another data file is put in place. */
int files_lock_access(const char *directory, int *fd, struct error *error);
/* Takes the lock for putting another data file in place. `*fd` is -1, or the access lock that the caller has already.
 * FAULT_BUSY: somebody is opening the store or may write to it. */
int files_lock_swap(const char *directory, int *fd, struct error *error);
void files_close(int *fd); /* -1 is fine; leaves -1 */

/* A new data.mdb.new, for writing; what an earlier attempt left is removed. */
int files_create_new(const char *directory, int *fd, struct error *error);
void files_drop_new(const char *directory);

/* Puts data.mdb.new, synced first, in data.mdb's place. Whoever has the old one open keeps it, with its lock file.
 * `keep`: the old one stays as data.mdb.before-restore. Call it with the access lock for swapping. */
int files_install_new(const char *directory, bool keep, struct error *error);

/* What root has made here belongs to the owner of the directory, or the daemon could not open it. */
void files_give_to_owner(const char *directory);

int files_sync(const char *path, struct error *error);        /* a file or a directory */
int files_sync_parent(const char *path, struct error *error); /* a new directory's name, in the one that holds it */

#endif
