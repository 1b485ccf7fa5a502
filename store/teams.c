/* SPDX-License-Identifier: EUPL-1.2 */
#include <string.h>

#include "base/bytes.h"
#include "store/internal.h"

bool team_find(struct lmdb_txn *lmdb, const char *slug, uint16_t *number)
{
	struct key key = key_team_slug(slug);
	struct span value;

	*number = TEAM_NONE;
	if (!lmdb_get(lmdb, DB_TEAMS, key_span(&key), &value))
		return false;
	if (team_number_decode(key_span(&key), value, number))
		return true;
	lmdb_fail(lmdb, FAULT_DAMAGED, "the record of team '%s' is damaged; restore a backup", slug);
	return false;
}

bool team_known(struct store_txn *txn, const char *slug, uint16_t *number)
{
	size_t length = strlen(slug);
	struct known_team *known = &txn->known_teams[hash_bytes(slug, length) % KNOWN_TEAMS];

	*number = known->number;
	if (strcmp(known->slug, slug) == 0)
		return true;
	if (!team_find(&txn->lmdb, slug, number))
		return false;
	memcpy(known->slug, slug, length + 1);
	known->number = *number;
	return true;
}

uint16_t team_find_or_add(struct store_txn *txn, const char *slug)
{
	struct key by_slug = key_team_slug(slug), by_number;
	struct record record;
	uint16_t number;

	if (team_find(&txn->lmdb, slug, &number) || txn->lmdb.fault != 0)
		return number;
	if (txn->state.teams == TEAM_NUMBER_MAX) {
		lmdb_fail(&txn->lmdb, FAULT_STORE, "more than %d teams", TEAM_NUMBER_MAX);
		return TEAM_NONE;
	}
	number = ++txn->state.teams;
	record = team_number_encode(&by_slug, number);
	lmdb_put(&txn->lmdb, DB_TEAMS, key_span(&by_slug), record_span(&record));
	by_number = key_team_number(number);
	record = team_slug_encode(&by_number, slug);
	lmdb_put(&txn->lmdb, DB_TEAMS, key_span(&by_number), record_span(&record));
	txn->changed = true;
	return number;
}

bool team_slug(struct lmdb_txn *lmdb, uint16_t number, char slug[static SLUG_BYTES])
{
	struct key key = key_team_number(number);
	struct span value;

	slug[0] = '\0';
	if (lmdb_get(lmdb, DB_TEAMS, key_span(&key), &value) && team_slug_decode(key_span(&key), value, slug))
		return true;
	lmdb_fail(lmdb, FAULT_DAMAGED, "the record of team number %u is missing or damaged; restore a backup", number);
	return false;
}
