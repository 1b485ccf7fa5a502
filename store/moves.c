/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Moving the figures. Many questions of a batch move the same few cells and weeks: each is read once in a transaction,
 * moved in memory, and written once, by figures_write. What reads them in the same transaction calls that first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/internal.h"

enum { FIRST_ROOM = 32 }; /* a power of two */

struct moved {
	enum database database; /* DB_COUNTS: cell, DB_WEEKS: week */
	struct key key;
	union {
		struct cell_record cell;
		struct week_record week;
	} record;
};

struct moves {
	struct moved *list;
	size_t n, room;
	uint32_t *slots; /* index into `list` plus one, 0: empty; open addressing, 2 * room slots */
};

void moves_free(struct moves *moves)
{
	if (!moves)
		return;
	free(moves->list);
	free(moves->slots);
	free(moves);
}

/* ---- Finding -------------------------------------------------------------------------------------- */

static uint32_t *slot_of(const struct moves *moves, enum database database, const struct key *key)
{
	size_t mask = 2 * moves->room - 1, i = (hash_bytes(key->bytes, key->length) ^ database) & mask;

	for (; moves->slots[i]; i = (i + 1) & mask) {
		const struct moved *moved = &moves->list[moves->slots[i] - 1];

		if (moved->database == database && key_span_equal(key_span(&moved->key), key_span(key)))
			break;
	}
	return &moves->slots[i];
}

static bool grow(struct moves *moves)
{
	size_t room = moves->room ? 2 * moves->room : FIRST_ROOM;
	struct moved *list = realloc(moves->list, room * sizeof *list);
	uint32_t *slots = calloc(2 * room, sizeof *slots);

	if (list)
		moves->list = list;
	if (!list || !slots) {
		free(slots);
		return false;
	}
	free(moves->slots);
	moves->slots = slots;
	moves->room = room;
	for (size_t i = 0; i < moves->n; i++)
		*slot_of(moves, list[i].database, &list[i].key) = (uint32_t)i + 1;
	return true;
}

static bool make_room(struct store_txn *txn)
{
	if (!txn->moves)
		txn->moves = calloc(1, sizeof *txn->moves);
	if (txn->moves && (txn->moves->n < txn->moves->room || grow(txn->moves)))
		return true;
	lmdb_fail(&txn->lmdb, FAULT_MEMORY, "no memory to move figures");
	return false;
}

static bool read_record(struct lmdb_txn *lmdb, struct moved *moved)
{
	struct span key = key_span(&moved->key), value;
	bool sound;

	if (!lmdb_get(lmdb, moved->database, key, &value))
		return lmdb->fault == 0;
	sound = moved->database == DB_COUNTS ? cell_decode(key, value, &moved->record.cell)
					     : week_decode(key, value, &moved->record.week);
	if (!sound)
		cell_record_damaged(lmdb, moved->database);
	return sound;
}

/* The record as this transaction has it, to be moved; zeros when there is none yet. NULL: a fault. */
static struct moved *find(struct store_txn *txn, enum database database, const struct key *key)
{
	struct moved *moved;
	uint32_t *slot;

	if (txn->lmdb.fault != 0 || !make_room(txn))
		return NULL;
	slot = slot_of(txn->moves, database, key);
	if (*slot)
		return &txn->moves->list[*slot - 1];
	moved = &txn->moves->list[txn->moves->n];
	*moved = (struct moved){.database = database, .key = *key};
	if (!read_record(&txn->lmdb, moved))
		return NULL;
	*slot = (uint32_t)++txn->moves->n;
	return moved;
}

void moves_write(struct store_txn *txn)
{
	struct moves *moves = txn->moves;

	if (!moves || moves->n == 0)
		return;
	for (size_t i = 0; i < moves->n; i++) {
		const struct moved *moved = &moves->list[i];
		struct record record = moved->database == DB_COUNTS ? cell_encode(&moved->key, &moved->record.cell)
								    : week_encode(&moved->key, &moved->record.week);

		lmdb_put(&txn->lmdb, moved->database, key_span(&moved->key), record_span(&record));
	}
	moves->n = 0;
	memset(moves->slots, 0, 2 * moves->room * sizeof *moves->slots);
}

/* ---- Moving --------------------------------------------------------------------------------------- */

/* False: it would fall below zero, so an id says that something was counted here, and the counter does not. */
static bool move(uint64_t *counter, int by)
{
	if (by < 0 && *counter < (uint64_t)-by)
		return false;
	*counter += (uint64_t)(int64_t)by;
	return true;
}

static void move_cell(struct store_txn *txn, const struct cell_key *where, struct step step)
{
	struct key key = key_cell(where);
	struct moved *moved = find(txn, DB_COUNTS, &key);
	struct cell_record *cell;

	if (!moved)
		return;
	cell = &moved->record.cell;
	if (!move(&cell->counted, step.counted) || !move(&cell->settled, step.settled) || !move(&cell->late, step.late))
		cell_record_damaged(&txn->lmdb, DB_COUNTS);
	if (txn->state.shown.cells.policy == CELLS_LIVE)
		cell->shown = cell->counted;
}

const struct placed_day *moves_place_day(struct store_txn *txn, uint32_t day)
{
	if (txn->placed.quarter == 0 || txn->placed.day != day)
		txn->placed = (struct placed_day){day, quarter_of_day(day), iso_week_of_day(day)};
	return &txn->placed;
}

/* Late ones count in their week at once, and have no detail there from the first. */
static void move_week(struct store_txn *txn, uint32_t day, uint16_t team, struct step step)
{
	struct iso_week iso = moves_place_day(txn, day)->week;
	struct week_key where = {.iso_year = (uint16_t)iso.year, .team = team, .week = (uint8_t)iso.week};
	struct key key = key_week(&where);
	struct moved *moved = find(txn, DB_WEEKS, &key);

	if (!moved)
		return;
	if (!move(&moved->record.week.counted, step.counted + step.late) ||
	    !move(&moved->record.week.settled, step.settled + step.late))
		cell_record_damaged(&txn->lmdb, DB_WEEKS);
}

void moves_add(struct store_txn *txn, uint32_t day, const struct id_record *detail, struct step step)
{
	struct cell_key cell = {
		.quarter = (uint16_t)moves_place_day(txn, day)->quarter,
		.team = detail->team,
		.kind = CELL_DOMAIN,
		.code = detail->domain,
		.outcome = detail->outcome,
	};

	move_cell(txn, &cell, step);
	cell.kind = CELL_LABEL;
	cell.outcome = OUTCOME_UNSPECIFIED;
	for (size_t i = 0; i < detail->n_labels; i++) {
		cell.code = detail->labels[i];
		move_cell(txn, &cell, step);
	}
	move_week(txn, day, detail->team, step);
	txn->changed = true;
}

void moves_settle(struct store_txn *txn, uint32_t day, struct id_record *detail)
{
	moves_add(txn, day, detail, (struct step){.settled = 1});
	*detail = (struct id_record){.state = detail->state};
	state_note_deletion(txn);
}
