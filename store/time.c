/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lets time pass. Each call is one short transaction. First it trusts the date or holds it back. Then it decides
 * what a trusted date makes due: quarters close, held cells show, the bounds settled_before and purged_before move.
 * Last it settles or purges a number of ids before those bounds. Because the bounds move first, an interrupted walk
 * continues where it was, and ids that it has not reached are refused already.
 *
 * A date that is more than two days away from the last trusted one may be a wrong clock, and closing, settling and
 * purging cannot be undone. It waits as `pending_day` until the operator confirms it, or until the date has moved on
 * from it by a day or two. That does not prove that the date is right: a wrong clock moves on at its next midnight too,
 * however far off it is. But until then the operator can correct the clock, and an organisation without an operator
 * does not wait for ever (docs/architecture.md, "Which date is trusted", has the reason and the price). A machine that
 * was off for a weekend or a holiday need not wait: a jump ahead of up to RULES_CLOCK_JUMP_DAYS is trusted when a time
 * server vouches for the clock.
 */
#include "base/step.h"
#include "proto/rules.h"
#include "store/cells.h"
#include "store/changes.h"
#include "store/handles.h"
#include "store/held.h"
#include "store/meta.h"
#include "store/quarantine.h"

enum { IDS_PER_STEP = 2000 };

static bool vouched_for(const struct store_state *state, const struct store_time *time)
{
	return time->synchronised && time->today > state->clock_day &&
	       time->today - state->clock_day <= RULES_CLOCK_JUMP_DAYS;
}

/* Pure: true when the state changed. */
static bool look_at_date(struct store_state *state, const struct store_time *time)
{
	struct store_state before = *state;
	uint32_t today = time->today;
	bool moved_on =
		state->pending_day != 0 && today > state->pending_day && !rules_date_jumped(state->pending_day, today);

	if (time->confirmed || !rules_date_jumped(state->clock_day, today) || moved_on || vouched_for(state, time)) {
		state->clock_day = today;
		state->pending_day = 0;
	} else {
		state->pending_day = today;
	}
	return state->clock_day != before.clock_day || state->pending_day != before.pending_day;
}

static uint32_t later_day(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The bounds that the trusted date and the settings ask for; they never move back. Retraction lasts no longer than grace,
 * so that a quarter that becomes final is settled. */
static struct store_state bounds(const struct store_state *state, const struct catalogue *catalogue)
{
	struct store_state to = *state;
	uint32_t today = state->clock_day, retract_days = catalogue->retract_days;

	if (retract_days > catalogue->grace_days)
		retract_days = catalogue->grace_days;
	to.final_through = later_day(to.final_through, rules_quarter_closable(today, catalogue->grace_days));
	to.purged_before = later_day(to.purged_before, rules_purgeable_before(today, catalogue->accept_days));
	if (today > retract_days)
		to.settled_before = later_day(to.settled_before, today - retract_days);
	to.settled_before = later_day(to.settled_before, to.purged_before);
	return to;
}

static bool settling(const struct state *state)
{
	return state->settled.day < state->shown.settled_before;
}

static bool purging(const struct state *state)
{
	return state->purged_to < state->shown.purged_before;
}

static bool releasing(const struct state *state)
{
	return state->shown.cells.policy == CELLS_DAILY && state->released != state->shown.clock_day;
}

/* Whether a transaction is worth its sync. */
static bool is_worth_a_sync(const struct state *state, const struct store_time *time)
{
	struct state next = *state;
	struct store_state to;

	if (look_at_date(&next.shown, time))
		return true;
	if (settling(state) || purging(state))
		return true;
	if (next.shown.pending_day != 0)
		return false;
	to = bounds(&next.shown, time->catalogue);
	return releasing(state) || to.final_through != state->shown.final_through ||
	       to.purged_before != state->shown.purged_before || to.settled_before != state->shown.settled_before;
}

/* ---- What a trusted date makes due ------------------------------------------------------------------ */

/* True: a figure, or a quarter's status, may look different. */
static bool move_bounds(struct store_txn *txn, const struct catalogue *catalogue)
{
	struct store_state *state = &txn->state.shown, to = bounds(state, catalogue);
	bool changed = to.final_through != state->final_through;

	if (changed) /* held cells of a quarter that closes are shown: a final figure hides nothing */
		(void)held_show_through(txn, state->final_through + 1, to.final_through);
	if (to.purged_before != state->purged_before)
		quarantine_expire(txn, to.purged_before);
	state->final_through = to.final_through;
	state->purged_before = to.purged_before;
	state->settled_before = to.settled_before;
	txn->changed = true;
	if (releasing(&txn->state)) {
		changed |= held_show_after(txn, state->final_through);
		txn->state.released = state->clock_day;
	}
	return changed;
}

/* ---- Working off ids ------------------------------------------------------------------------------ */

static bool read_id(struct lmdb_cursor *cursor, struct id_place *place, struct id_record *id)
{
	if (key_id_parse(cursor->key, place) && id_decode(cursor->key, cursor->value, id))
		return true;
	record_damaged(cursor->txn, DB_IDS);
	return false;
}

static void settle_here(struct store_txn *txn, struct lmdb_cursor *cursor, const struct id_place *place,
			struct id_record *id)
{
	struct key key = key_id(place);
	struct record record;

	changes_settle(txn, place->day, id);
	record = id_encode(&key, id);
	lmdb_replace(cursor, key_span(&key), record_span(&record));
}

/* Ids below settled_before get no detail any more, so nothing appears behind the place where the walk stands. */
static void settle_some(struct store_txn *txn)
{
	struct id_place end = {.day = txn->state.shown.settled_before}, place = end;
	struct key from = key_id(&txn->state.settled);
	struct lmdb_cursor cursor;
	struct id_record id;
	unsigned n = 0;
	bool found;

	lmdb_cursor_open(&cursor, txn->lmdb, DB_IDS);
	for (found = lmdb_seek(&cursor, key_span(&from)); found; found = lmdb_next(&cursor)) {
		if (!read_id(&cursor, &place, &id) || place.day >= end.day || n++ == IDS_PER_STEP)
			break;
		if (id.detailed)
			settle_here(txn, &cursor, &place, &id);
	}
	lmdb_cursor_close(&cursor);
	txn->state.settled = found && place.day < end.day ? place : end;
	txn->changed = true;
}

/* What is gone is remembered as a number per quarter and week, so that verify can still tell that no id is missing. */
static void count_purged(struct store_txn *txn, uint32_t day, enum known state)
{
	struct iso_week week = iso_week_of_day(day);
	struct key key = key_purged_week((uint16_t)week.year, (uint8_t)week.week);
	uint16_t quarter = (uint16_t)quarter_of_day(day);
	struct quarter_record record;
	struct span value;
	uint64_t purged = 0;

	if (state == KNOWN_RETRACTED || !quarter_get(txn->lmdb, quarter, &record))
		return;
	record.purged_counted += state == KNOWN_COUNTED;
	record.purged_late += state == KNOWN_COUNTED_LATE;
	quarter_put(txn->lmdb, quarter, &record);
	if (lmdb_get(txn->lmdb, DB_PERIODS, key_span(&key), &value) &&
	    !purged_week_decode(key_span(&key), value, &purged))
		record_damaged(txn->lmdb, DB_PERIODS);
	record_put(txn->lmdb, DB_PERIODS, &key, purged_week_encode(&key, purged + 1));
}

/* What is purged has been settled before: the walk above comes first, and its bound is never the earlier one. */
static void purge_some(struct store_txn *txn)
{
	uint32_t before = txn->state.shown.purged_before;
	struct id_place place = {.day = before};
	struct lmdb_cursor cursor;
	struct id_record id;
	unsigned n = 0;
	bool found;

	lmdb_cursor_open(&cursor, txn->lmdb, DB_IDS);
	while ((found = lmdb_next(&cursor))) {
		if (!read_id(&cursor, &place, &id) || place.day >= before || n++ == IDS_PER_STEP)
			break;
		count_purged(txn, place.day, id.state);
		lmdb_remove(&cursor);
		state_note_deletion(txn);
	}
	lmdb_cursor_close(&cursor);
	if (!found || place.day >= before)
		txn->state.purged_to = before;
	txn->changed = true;
}

/* ---- One call ----------------------------------------------------------------------------------- */

struct passing {
	const struct store_time *time;
	bool changed, more;
};

static int pass_time(void *context, struct store_txn *txn, struct error *error)
{
	struct passing *passing = context;

	(void)error;
	passing->changed = look_at_date(&txn->state.shown, passing->time);
	txn->changed |= passing->changed;
	if (txn->state.shown.pending_day == 0)
		passing->changed |= move_bounds(txn, passing->time->catalogue);
	if (settling(&txn->state))
		settle_some(txn);
	else if (purging(&txn->state))
		purge_some(txn);
	passing->more = settling(&txn->state) || purging(&txn->state);
	step_reached("before-time-commit");
	return 0;
}

int store_keep_time(struct store *store, const struct store_time *time, bool *changed, struct error *error)
{
	struct passing passing = {.time = time};
	struct state state;
	int rc = meta_read(&store->lmdb, store->path, store->org, &state, error);

	if (rc == 0 && is_worth_a_sync(&state, time))
		rc = store_change(store, pass_time, &passing, error);
	*changed = passing.changed;
	if (rc < 0)
		return error_prefix(error, rc, "keep time");
	return passing.more ? STORE_MORE : 0;
}

int store_confirm_date(struct store_txn *txn)
{
	struct store_state *state = &txn->state.shown;

	if (state->pending_day == 0)
		return STORE_NOTHING_DONE;
	state->clock_day = state->pending_day;
	state->pending_day = 0;
	txn->changed = true;
	return 0;
}
