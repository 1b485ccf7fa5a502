/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Held cells (rule 14, docs/wire-format.md): a team's totals move at once, its domain and label figures only in steps.
 * `shown` is what a cell shows, `counted` is what is counted. With CELLS_LIVE, changes.c keeps the two equal and does
 * not call these functions.
 *
 * For each outcome, what the domains show never adds up to more than what is counted: the difference is what summaries
 * call undistributed. A label never shows more than the questions there are.
 */
#ifndef TURF_STORE_HELD_H
#define TURF_STORE_HELD_H

#include <stdbool.h>
#include <stdint.h>

struct store_txn;

void held_touch(struct store_txn *txn, uint16_t quarter, uint16_t team);
void held_evaluate(struct store_txn *txn); /* evaluates what was touched */

/* Shows everything that is held from one quarter through another; true: a figure changed. */
bool held_show_through(struct store_txn *txn, uint32_t first, uint32_t last);
bool held_show_after(struct store_txn *txn, uint32_t quarter); /* in all quarters after this one */

#endif
