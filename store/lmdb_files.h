/* SPDX-License-Identifier: EUPL-1.2 */
/* The files beneath an environment: whether they still have their names, and what kind of file LMDB refuses. */
#ifndef TURF_STORE_LMDB_FILES_H
#define TURF_STORE_LMDB_FILES_H

#include "store/lmdb_env.h"

/* Keeps in `lmdb->opened` which files the environment has open. */
int lmdb_note_files(struct lmdb *lmdb, struct error *error);

/* Whether these are the files that have their names now. Otherwise FAULT_STORE: what is written to a data.mdb without a
 * name is lost, and who opens another lock.mdb writes at the same time. 0 when nothing has been noted. */
int lmdb_check_files(const struct lmdb *lmdb, struct error *error);

/* Why LMDB does not take the file for one of its own, as part of a sentence; NULL: it is none. */
const char *lmdb_foreign_kind(const struct lmdb *lmdb);

#endif
