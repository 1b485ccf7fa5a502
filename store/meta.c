/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/meta.h"

#include <string.h>

#include "base/bytes.h"
#include "store/handles.h"

/* ---- Format and org -------------------------------------------------------------------------------- */

static int check_format(struct lmdb_txn *txn, const char *directory, struct error *error)
{
	struct key key = key_meta(META_FORMAT);
	struct span value;
	uint32_t format;

	if (!txn->lmdb->found[DB_META] || !lmdb_get(txn, DB_META, key_span(&key), &value))
		return txn->fault != 0
			       ? lmdb_result(txn, error)
			       : error_set(error, FAULT_FOREIGN,
					   "%s: another program's LMDB environment, not a turf store", directory);
	if (!format_decode(value, &format) || format == 0)
		return error_set(error, FAULT_DAMAGED, "%s: the format record is damaged; restore a backup", directory);
	if (format > STORE_FORMAT)
		return error_set(
			error, FAULT_FOREIGN,
			"%s: a newer turf wrote this store: its format is %u, and this turf knows formats up to %u; "
			"install the newer version again, or restore a backup of this one",
			directory, format, STORE_FORMAT);
	for (size_t i = 0; i < DATABASES; i++)
		if (!txn->lmdb->found[i])
			return error_set(error, FAULT_DAMAGED, "%s: database '%s' is missing; restore a backup",
					 directory, key_database_name((enum database)i));
	return 0;
}

static int check_org(struct lmdb_txn *txn, const char *directory, char org[static SLUG_BYTES], struct error *error)
{
	struct key key = key_meta(META_ORG);
	char found[SLUG_BYTES];
	struct span value;

	if (!lmdb_get(txn, DB_META, key_span(&key), &value) || !org_decode(value, found))
		return txn->fault != 0
			       ? lmdb_result(txn, error)
			       : error_set(error, FAULT_DAMAGED,
					   "%s: the org record is missing or damaged; restore a backup", directory);
	if (org[0] && strcmp(org, found) != 0)
		return error_set(error, FAULT_FOREIGN,
				 "%s: holds the counts of org '%s', not of '%s'; give that org's own store", directory,
				 found, org);
	memcpy(org, found, sizeof found);
	return 0;
}

struct checking {
	const char *directory;
	char *org;
	struct state *state;
	struct error *error;
};

static int check_meta_in(void *context, struct lmdb_txn *txn)
{
	const struct checking *checking = context;
	int rc = check_format(txn, checking->directory, checking->error);

	if (rc == 0)
		rc = check_org(txn, checking->directory, checking->org, checking->error);
	if (rc == 0 && checking->state)
		(void)state_load(txn, checking->org, checking->state);
	return rc;
}

int meta_read(struct lmdb *lmdb, const char *directory, char org[static SLUG_BYTES], struct state *state,
	      struct error *error)
{
	struct checking checking = {directory, org, state, error};

	return lmdb_read(lmdb, check_meta_in, &checking, error);
}

static void put_meta(struct lmdb_txn *lmdb, struct key key, struct record record)
{
	record_put(lmdb, DB_META, &key, record);
}

void meta_write_first(struct lmdb_txn *lmdb, const char *org, const struct state *state)
{
	struct quarantine_state quarantine = {.limit = QUARANTINE_LIMIT_DEFAULT};

	put_meta(lmdb, key_meta(META_FORMAT), format_encode(STORE_FORMAT));
	put_meta(lmdb, key_meta(META_ORG), org_encode(org));
	put_meta(lmdb, key_meta(META_STATE), state_encode(state));
	put_meta(lmdb, key_meta(META_QUARANTINE), quarantine_state_encode(&quarantine));
}

/* ---- State ------------------------------------------------------------------------------------------ */

uint64_t state_next_generation(uint64_t last, uint64_t unix_seconds)
{
	uint64_t clock = unix_seconds <= UINT32_MAX ? unix_seconds << 20 : 0; /* a clock beyond 2106 is wrong */

	return last + 1 > clock ? last + 1 : clock;
}

int state_draw_epoch(char epoch[static EPOCH_TEXT_BYTES])
{
	uint8_t bytes[(EPOCH_TEXT_BYTES - 1) / 2];

	if (random_bytes(bytes, sizeof bytes) < 0)
		return -1;
	hex_encode(bytes, sizeof bytes, epoch);
	return 0;
}

bool state_load(struct lmdb_txn *lmdb, const char *org, struct state *state)
{
	struct key key = key_meta(META_STATE);
	struct span value;

	*state = (struct state){0};
	if (!lmdb_get(lmdb, DB_META, key_span(&key), &value) || !state_decode(value, state)) {
		lmdb_fail(lmdb, FAULT_DAMAGED, "the state record is missing or damaged; restore a backup");
		return false;
	}
	memcpy(state->shown.org, org, SLUG_BYTES);
	return true;
}

void state_save(struct lmdb_txn *lmdb, const struct state *state)
{
	put_meta(lmdb, key_meta(META_STATE), state_encode(state));
}

void state_note_deletion(struct store_txn *txn)
{
	if (txn->state.shown.deleted_since == 0)
		txn->state.shown.deleted_since = txn->state.shown.clock_day;
	txn->changed = true;
}
