/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Teams' numbers, which stand for their slugs in all other databases.
 */
#ifndef TURF_STORE_TEAMS_H
#define TURF_STORE_TEAMS_H

#include "store/records.h"

/* False: the team has none, or a fault. */
bool team_find(struct lmdb_txn *lmdb, const char *slug, uint16_t *number);

/* A number without a slug is a fault. */
bool team_slug(struct lmdb_txn *lmdb, uint16_t number, char slug[static SLUG_BYTES]);

/* As team_find, and remembers the teams that it has found until the transaction ends. */
bool team_known(struct store_txn *txn, const char *slug, uint16_t *number);
void team_forget_known(struct store_txn *txn);

/* TEAM_NONE: a fault. */
uint16_t team_find_or_add(struct store_txn *txn, const char *slug);

#endif
