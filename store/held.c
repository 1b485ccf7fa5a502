/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/held.h"

#include "base/bytes.h"
#include "store/cells.h"
#include "store/changes.h"
#include "store/handles.h"

/* The domain cells of a team's quarter, added up per outcome. */
struct sums {
	uint64_t counted[OUTCOME_REFERRED + 1];
	uint64_t shown[OUTCOME_REFERRED + 1];
};

void held_touch(struct store_txn *txn, uint16_t quarter, uint16_t team)
{
	struct team_quarter *touched;

	if (txn->state.shown.cells.policy == CELLS_LIVE)
		return;
	for (size_t i = txn->n_touched; i-- > 0;)
		if (txn->touched[i].quarter == quarter && txn->touched[i].team == team)
			return;
	touched = room_for_one(txn->touched, txn->n_touched, &txn->touched_room, sizeof *touched);
	if (!touched) {
		lmdb_fail(txn->lmdb, FAULT_MEMORY, "no memory to hold cells");
		return;
	}
	txn->touched = touched;
	txn->touched[txn->n_touched++] = (struct team_quarter){.quarter = quarter, .team = team};
}

static struct sums add_up(struct store_txn *txn, struct key prefix)
{
	struct sums sums = {{0}, {0}};
	struct cell_walk walk;

	cell_walk_open(&walk, txn->lmdb, prefix);
	while (cell_walk_next(&walk)) {
		if (walk.key.kind != CELL_DOMAIN)
			continue;
		sums.counted[walk.key.outcome] += walk.cell.counted;
		sums.shown[walk.key.outcome] += walk.cell.shown;
	}
	cell_walk_close(&walk);
	return sums;
}

/* Shows everything that is counted in the cells that begin with `prefix`, from `from` on. */
static bool show_all(struct store_txn *txn, struct key from, struct key prefix)
{
	struct cell_walk walk;
	bool changed = false;

	cell_walk_open(&walk, txn->lmdb, prefix);
	walk.from = from;
	while (cell_walk_next(&walk)) {
		if (walk.cell.shown == walk.cell.counted)
			continue;
		walk.cell.shown = walk.cell.counted;
		cell_walk_put(&walk);
		changed = true;
	}
	cell_walk_close(&walk);
	txn->changed |= changed;
	return changed;
}

/* By how much this cell must show less. */
static uint64_t excess(const struct cell_walk *walk, struct sums *sums)
{
	uint64_t counted = sums->counted[OUTCOME_ANSWERED] + sums->counted[OUTCOME_REFERRED];
	const struct cell_record *cell = &walk->cell;
	uint8_t outcome = walk->key.outcome;
	uint64_t over, own;

	if (walk->key.kind == CELL_LABEL)
		return cell->shown > counted ? cell->shown - counted : 0;
	if (sums->shown[outcome] <= sums->counted[outcome] || cell->shown <= cell->counted)
		return 0;
	over = sums->shown[outcome] - sums->counted[outcome];
	own = cell->shown - cell->counted;
	over = over < own ? over : own;
	sums->shown[outcome] -= over;
	return over;
}

/* After retractions more may be shown than is counted. Cells come down in the order of their codes, and only as far
 * as they must, so that nobody can read from it which domain the retracted question had. */
static void show_less(struct store_txn *txn, struct key prefix, struct sums sums)
{
	struct cell_walk walk;
	uint64_t by;

	cell_walk_open(&walk, txn->lmdb, prefix);
	while (cell_walk_next(&walk)) {
		by = excess(&walk, &sums);
		if (by == 0)
			continue;
		walk.cell.shown -= by;
		cell_walk_put(&walk);
	}
	cell_walk_close(&walk);
}

/* Counted, and in no domain's figure; where more is shown than counted, show_less will see to it. */
static uint64_t undistributed(const struct sums *sums)
{
	uint64_t n = 0;

	for (int outcome = OUTCOME_ANSWERED; outcome <= OUTCOME_REFERRED; outcome++)
		if (sums->counted[outcome] > sums->shown[outcome])
			n += sums->counted[outcome] - sums->shown[outcome];
	return n;
}

void held_evaluate(struct store_txn *txn)
{
	const struct cells *cells = &txn->state.shown.cells;

	for (size_t i = 0; i < txn->n_touched && txn->lmdb->fault == 0; i++) {
		struct key prefix = key_prefix(txn->touched[i].quarter, txn->touched[i].team);
		struct sums sums = add_up(txn, prefix);

		if (cells->policy == CELLS_EVERY && undistributed(&sums) >= cells->every)
			(void)show_all(txn, prefix, prefix);
		else
			show_less(txn, prefix, sums);
	}
}

bool held_show_through(struct store_txn *txn, uint32_t first, uint32_t last)
{
	bool changed = false;

	changes_write(txn);
	for (uint32_t quarter = first; quarter <= last; quarter++) {
		struct key prefix = key_prefix((uint16_t)quarter, TEAM_NONE);

		changed |= show_all(txn, prefix, prefix);
	}
	return changed;
}

bool held_show_after(struct store_txn *txn, uint32_t quarter)
{
	changes_write(txn);
	return show_all(txn, key_prefix((uint16_t)(quarter + 1), TEAM_NONE), (struct key){.length = 0});
}
