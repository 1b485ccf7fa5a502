/* SPDX-License-Identifier: EUPL-1.2 */
/* The bounds of the quarantine: a number of entries for each reason, and their age. store_quarantine (store.h) puts
 * them there. */
#ifndef TURF_STORE_QUARANTINE_H
#define TURF_STORE_QUARANTINE_H

#include <stdint.h>

struct store_txn;

void quarantine_limit(struct store_txn *txn, uint32_t limit);
void quarantine_expire(struct store_txn *txn, uint32_t before); /* entries that arrived on earlier days */

#endif
