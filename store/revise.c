/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/internal.h"

/* A late question has no detail, so its share of the figure is settled at once; a final quarter shows all it has. */
static uint64_t take_in_cells(struct store_txn *txn, uint16_t quarter)
{
	uint64_t questions = 0;
	struct cell_walk walk;

	cell_walk_open(&walk, txn->lmdb, key_prefix_cell_quarter(quarter));
	while (cell_walk_next(&walk)) {
		uint64_t late = walk.cell.late;

		if (late == 0)
			continue;
		walk.cell.counted += late;
		walk.cell.settled += late;
		walk.cell.shown += late;
		walk.cell.late = 0;
		cell_walk_put(&walk);
		questions += walk.key.kind == CELL_DOMAIN ? late : 0;
	}
	cell_walk_close(&walk);
	return questions;
}

void store_revise(struct store_txn *txn, uint32_t quarter, uint64_t *taken_in)
{
	struct quarter_record record;
	char text[PERIOD_TEXT_BYTES];

	*taken_in = 0;
	if (quarter > txn->state.shown.final_through) {
		period_format(period_of_quarter(quarter), text);
		lmdb_fail(txn->lmdb, FAULT_INPUT,
			  "%s is not final yet: what arrives for it is still counted in its figures", text);
		return;
	}
	changes_write(txn);
	*taken_in = take_in_cells(txn, (uint16_t)quarter);
	if (*taken_in == 0 || !quarter_get(txn->lmdb, (uint16_t)quarter, &record))
		return;
	record.revisions++;
	record.taken_in += *taken_in;
	quarter_put(txn->lmdb, (uint16_t)quarter, &record);
	txn->changed = true;
}
