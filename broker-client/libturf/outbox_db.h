/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox's LMDB environment (base/lmdb/): its folder, its lock (any thread may call), and its tables
 * (docs/outbox-format.md). The keys of meta are names, those of taps and queue are numbers; ids has the number of each
 * tap.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_DB_H

#include <pthread.h>
#include <sys/types.h>

#include "base/lmdb/lmdb.h"
#include "broker-client/libturf/outbox_tap.h"

enum { OUTBOX_FORMAT = 2 };

enum db_table { DB_META, DB_TAPS, DB_IDS, DB_QUEUE, DB_DOOR, DB_TOKENS, DB_TABLES };

struct outbox {
	struct outbox *next; /* in the list of those that this process has open */
	dev_t device;
	ino_t inode;
	char *path;
	pthread_mutex_t lock; /* for one transaction at a time: between any two, the map may be moved */
	struct lmdb lmdb;
	bool has_epoch;
	uint8_t epoch[EPOCH_BYTES]; /* the one that this process checked last */
};

/* Opens the database in folder `path`, made with its parents (mode 0700) when missing. FAULT_BUSY: this process has it
 * open already; LMDB allows that once only. */
int db_open(struct outbox **out, const char *path, struct error *error);
void db_close(struct outbox *outbox);
bool db_exists(const char *path);

/* As lmdb_change and lmdb_read, under the outbox's lock. `body` calls the functions below; `txn` keeps their faults. */
int db_write(struct outbox *outbox, lmdb_body *body, void *context, struct error *error);
int db_read(struct outbox *outbox, lmdb_body *body, void *context, struct error *error);

/* A stored value makes no sense: the transaction ends as FAULT_DAMAGED. */
void db_damaged(struct lmdb_txn *txn);

/* For tables whose keys are numbers; db_from finds the first entry at or after a number. */
bool db_get_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, struct span *value);
void db_put_at(struct lmdb_txn *txn, enum db_table table, uint64_t number, const void *value, size_t value_length);
void db_delete_at(struct lmdb_txn *txn, enum db_table table, uint64_t number);
bool db_from(struct lmdb_txn *txn, enum db_table table, uint64_t at_least, uint64_t *number, struct span *value);

bool db_get_meta(struct lmdb_txn *txn, const char *name, struct span *value);
void db_put_meta(struct lmdb_txn *txn, const char *name, const void *value, size_t length);
uint64_t db_get_meta_number(struct lmdb_txn *txn, const char *name, uint64_t otherwise);
void db_put_meta_number(struct lmdb_txn *txn, const char *name, uint64_t number);

/* A new number. No number is used twice, so a number that another process has in memory keeps its meaning. */
uint64_t db_take_number(struct lmdb_txn *txn);

/* Reads a tap. A missing one is damage. db_next_tap reads the first one after `*number`; false: there is none. */
bool db_get_tap(struct lmdb_txn *txn, uint64_t number, struct tap *tap);
bool db_next_tap(struct lmdb_txn *txn, uint64_t *number, struct tap *tap);
bool db_find_tap(struct lmdb_txn *txn, const struct event_id *id, uint64_t *number, struct tap *tap);
void db_new_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);
void db_put_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);
void db_delete_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);

/* Stores the tap, or deletes it if it need not be remembered any longer. */
void db_keep_or_forget(struct lmdb_txn *txn, uint64_t number, const struct tap *tap);

void db_enqueue(struct lmdb_txn *txn, uint64_t seq, uint64_t tap_number, enum act act);
bool db_parse_queued(struct lmdb_txn *txn, const struct span *value, uint64_t *tap_number, enum act *act);

#endif
