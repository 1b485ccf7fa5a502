/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/teams.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/handles.h"

struct known_team {
	char slug[SLUG_BYTES];
	uint16_t number;
	UT_hash_handle hh;
};

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
	struct known_team *known;

	HASH_FIND_STR(txn->known_teams, slug, known);
	if (known) {
		*number = known->number;
		return true;
	}
	if (!team_find(txn->lmdb, slug, number))
		return false;
	known = calloc(1, sizeof *known);
	if (known) {
		memcpy(known->slug, slug, strlen(slug) + 1);
		known->number = *number;
		HASH_ADD_STR(txn->known_teams, slug, known);
		if (hash_added(known))
			return true;
	}
	free(known);
	lmdb_fail(txn->lmdb, FAULT_MEMORY, "no memory to look up a team");
	return false;
}

void team_forget_known(struct store_txn *txn)
{
	struct known_team *known, *next;

	HASH_ITER(hh, txn->known_teams, known, next)
	{
		HASH_DEL(txn->known_teams, known);
		free(known);
	}
}

uint16_t team_find_or_add(struct store_txn *txn, const char *slug)
{
	struct key by_slug = key_team_slug(slug), by_number;
	uint16_t number;

	if (team_find(txn->lmdb, slug, &number) || txn->lmdb->fault != 0)
		return number;
	if (txn->state.teams == TEAM_NUMBER_MAX) {
		lmdb_fail(txn->lmdb, FAULT_STORE, "more than %d teams", TEAM_NUMBER_MAX);
		return TEAM_NONE;
	}
	number = ++txn->state.teams;
	by_number = key_team_number(number);
	record_put(txn->lmdb, DB_TEAMS, &by_slug, team_number_encode(&by_slug, number));
	record_put(txn->lmdb, DB_TEAMS, &by_number, team_slug_encode(&by_number, slug));
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
