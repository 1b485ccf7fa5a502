/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store.h"

#include <assert.h>
#include <string.h>

#include "store/changes.h"
#include "store/handles.h"
#include "store/held.h"
#include "store/meta.h"
#include "store/teams.h"

static void look_up_id(struct store_txn *txn, const struct key *key, struct id_record *id)
{
	struct span value;

	*id = (struct id_record){.state = KNOWN_NOTHING};
	if (lmdb_get(txn->lmdb, DB_IDS, key_span(key), &value) && !id_decode(key_span(key), value, id))
		record_damaged(txn->lmdb, DB_IDS);
}

static void put_retracted(struct store_txn *txn, const struct key *key)
{
	record_put(txn->lmdb, DB_IDS, key, id_encode(key, &(struct id_record){.state = KNOWN_RETRACTED}));
	txn->changed = true;
}

/* rules_admit() saw the standing that its caller had read. Another process may have closed, settled or purged since:
 * what this transaction sees has the last word. */
static enum verdict as_things_stand(struct store_txn *txn, uint32_t day, enum verdict verdict)
{
	const struct store_state *state = &txn->state.shown;

	switch (verdict) {
	case VERDICT_COUNTED:
	case VERDICT_COUNTED_LATE:
		if (day < state->purged_before)
			return VERDICT_REFUSED_DAY_TOO_OLD;
		return changes_periods_of(txn, day)->quarter <= state->final_through ? VERDICT_COUNTED_LATE : verdict;
	case VERDICT_RETRACTED:
		return day < state->settled_before ? VERDICT_REFUSED_RETRACTION_TOO_LATE : verdict;
	default:
		return verdict;
	}
}

static void describe_change(struct folded *out, const char *team, uint32_t quarter)
{
	out->changed = true;
	out->quarter = quarter;
	memcpy(out->team, team, SLUG_BYTES);
}

static struct id_record detail_of(const struct admitted *admitted, uint16_t team)
{
	const struct event *event = &admitted->event;
	struct id_record id = {
		.state = KNOWN_COUNTED,
		.detailed = true,
		.team = team,
		.domain = (uint8_t)event->domain,
		.outcome = (uint8_t)event->outcome,
		.n_labels = (uint8_t)event->n_labels,
	};

	assert(event->domain >= 1 && event->domain <= DOMAIN_CODE_MAX && event->n_labels <= EVENT_LABELS_MAX);
	for (size_t i = 0; i < event->n_labels; i++)
		id.labels[i] = (uint16_t)event->labels[i];
	return id;
}

/* Its team's number. A team gets one with the first question that counts: never for an id that is known. */
static bool team_of_new(struct store_txn *txn, const struct key *key, const char *slug, uint16_t *team)
{
	struct id_record id;

	if (team_known(txn, slug, team))
		return true;
	look_up_id(txn, key, &id);
	if (txn->lmdb->fault != 0 || id.state != KNOWN_NOTHING)
		return false;
	*team = team_find_or_add(txn, slug);
	return true;
}

/* Nearly every question is new, so its id is looked for and marked in one step. False: it is known already (nothing is
 * done), or a fault. A question that no retraction can reach any more is stored without detail, and settled at once. */
static bool count_new(struct store_txn *txn, const struct key *key, const struct admitted *admitted, bool late)
{
	uint32_t day = admitted->event.day;
	bool settled = !late && day < txn->state.shown.settled_before;
	struct id_record detail, bare = {.state = late ? KNOWN_COUNTED_LATE : KNOWN_COUNTED};
	struct record record;
	uint16_t team;

	if (!team_of_new(txn, key, admitted->team, &team))
		return false;
	detail = detail_of(admitted, team);
	record = id_encode(key, late || settled ? &bare : &detail);
	if (!txn->ids.cursor)
		lmdb_cursor_open(&txn->ids, txn->lmdb, DB_IDS);
	if (!lmdb_put_new(&txn->ids, key_span(key), record_span(&record)))
		return false;
	changes_add(txn, day, &detail, (struct count_change){.counted = !late, .settled = settled, .late = late});
	if (!late)
		held_touch(txn, (uint16_t)changes_periods_of(txn, day)->quarter, team);
	return true;
}

/* The counters go down of the question's own team, whatever team's topic the retraction came on. */
static void take_back(struct store_txn *txn, const struct key *key, uint32_t day, const struct id_record *id,
		      struct folded *out)
{
	char team[SLUG_BYTES];

	if (!id->detailed) {
		lmdb_fail(txn->lmdb, FAULT_DAMAGED, "an id that can be retracted has no detail; restore a backup");
		return;
	}
	if (!team_slug(txn->lmdb, id->team, team))
		return;
	changes_add(txn, day, id, (struct count_change){.counted = -1});
	held_touch(txn, (uint16_t)changes_periods_of(txn, day)->quarter, id->team);
	put_retracted(txn, key);
	state_note_deletion(txn);
	describe_change(out, team, changes_periods_of(txn, day)->quarter);
}

/* What comes of an id that is known, or of an event that does not count. */
static enum verdict fold_known(struct store_txn *txn, const struct key *key, const struct admitted *admitted,
			       struct folded *out)
{
	uint32_t day = admitted->event.day;
	struct id_record id;
	enum verdict verdict;

	look_up_id(txn, key, &id);
	if (txn->lmdb->fault != 0)
		return VERDICT_UNSPECIFIED;
	verdict = as_things_stand(txn, day, rules_judge(admitted, id.state));
	if (verdict == VERDICT_RETRACTED && id.state == KNOWN_COUNTED)
		take_back(txn, key, day, &id, out);
	else if (verdict == VERDICT_RETRACTED)
		put_retracted(txn, key);
	return verdict;
}

void store_fold(struct store_txn *txn, const struct admitted *admitted, struct folded *out)
{
	uint32_t day = admitted->event.day;
	struct id_place place = {.day = day, .id = admitted->event.id};
	struct key key = key_id(&place);
	enum verdict verdict = as_things_stand(txn, day, rules_judge(admitted, KNOWN_NOTHING));
	bool counts = verdict == VERDICT_COUNTED || verdict == VERDICT_COUNTED_LATE;

	*out = (struct folded){.day = day};
	if (counts && count_new(txn, &key, admitted, verdict == VERDICT_COUNTED_LATE))
		describe_change(out, admitted->team, changes_periods_of(txn, day)->quarter);
	else
		verdict = fold_known(txn, &key, admitted, out);
	if (txn->lmdb->fault != 0)
		*out = (struct folded){.day = day};
	else
		out->verdict = verdict;
}
