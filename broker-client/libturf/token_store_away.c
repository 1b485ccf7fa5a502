/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/token_store_away.h"

#include "proto/rules.h"

/* In meta: when the newest key ends of which there was a batch, and until when no token is taken. */
static const char keys_end[] = "keys-end", away_until[] = "away";

/* A device that comes back after weeks, fetches, and sends at once would show whose the first token is. */
void token_store_note_away(struct lmdb_txn *txn, int64_t not_after, int64_t now, int64_t wait)
{
	int64_t end = (int64_t)db_get_meta_number(txn, keys_end, 0);

	if (end != 0 && end <= now)
		db_put_meta_number(txn, away_until, (uint64_t)(now + wait));
	if (not_after > end)
		db_put_meta_number(txn, keys_end, (uint64_t)not_after);
}

/* A moment that is further away than any wait was planned before the clock was set back. */
int64_t token_store_away_until(struct lmdb_txn *txn, int64_t now)
{
	int64_t until = (int64_t)db_get_meta_number(txn, away_until, 0);

	return until > now && until <= now + RULES_AWAY_WAIT_MAX_S ? until : 0;
}

struct asking {
	int64_t now, until;
};

static int away_body(void *context, struct lmdb_txn *txn)
{
	struct asking *asking = context;

	asking->until = token_store_away_until(txn, asking->now);
	return 0;
}

int token_store_away(struct outbox *outbox, int64_t now, int64_t *until, struct error *error)
{
	struct asking asking = {.now = now};
	int rc = db_read(outbox, away_body, &asking, error);

	*until = asking.until;
	return rc;
}
