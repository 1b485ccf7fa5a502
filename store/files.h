/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files of a store's directory: its locks, and how a data file takes its place.
 *
 *   turfd.lock   flock, exclusive: the daemon's; its process number is written in it
 *   access.lock  flock, shared: by whoever is opening the store, and by a tool for as long as it may write;
 *                exclusive: by whoever puts another data file in place
 *   data.mdb.new a data file that is being made; it takes data.mdb's place when it is whole and synced
 */
#ifndef TURF_STORE_FILES_H
#define TURF_STORE_FILES_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

#define DATA_FILE "data.mdb"
#define NEW_DATA_FILE "data.mdb.new"
#define KEPT_DATA_FILE "data.mdb.before-restore"

/* DIRECTORY/NAME. 0 or FAULT_INPUT: too long. */
int files_path(char out[static PATH_MAX], const char *directory, const char *name, struct error *error);

enum { FILES_NO_STORE = 1 };

/* Looks at `directory`, and makes it when `create`. 0: a data file is there. FILES_NO_STORE (only when `create`):
 * the directory is there, private, and holds nothing. A fault says what is wrong with it. */
int files_look(const char *directory, bool create, struct error *error);

/* FAULT_BUSY: another process has it; the message says which. The lock lasts until `*fd` is closed. */
int files_lock_daemon(const char *directory, int *fd, struct error *error);
void files_unlock_daemon(int *fd); /* -1 is fine; leaves -1 */

/* The daemon's process number, 0 when there is none. */
int files_daemon(const char *directory);

/* Waits only while another data file is put in place. */
int files_lock_access(const char *directory, int *fd, struct error *error);
/* FAULT_BUSY: somebody is opening the store or may write to it. */
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
