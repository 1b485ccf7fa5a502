/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/outbox_tables.h"

#include <string.h>

#include "base/bytes.h"

enum { QUEUED_BYTES = 9 };

static struct span text_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static struct span id_span(const struct event_id *id)
{
	return (struct span){id->bytes, EVENT_ID_BYTES};
}

bool tables_get_meta(struct lmdb_txn *txn, const char *name, struct span *value)
{
	return lmdb_get(txn, DB_META, text_span(name), value);
}

void tables_put_meta(struct lmdb_txn *txn, const char *name, const void *value, size_t length)
{
	lmdb_put(txn, DB_META, text_span(name), (struct span){value, length});
}

uint64_t tables_get_meta_number(struct lmdb_txn *txn, const char *name, uint64_t otherwise)
{
	struct span value;

	if (!tables_get_meta(txn, name, &value))
		return otherwise;
	if (value.length == 8)
		return get_be64(value.at);
	db_damaged(txn);
	return otherwise;
}

void tables_put_meta_number(struct lmdb_txn *txn, const char *name, uint64_t number)
{
	uint8_t bytes[8];

	put_be64(bytes, number);
	tables_put_meta(txn, name, bytes, sizeof bytes);
}

uint64_t tables_take_number(struct lmdb_txn *txn)
{
	uint64_t number = tables_get_meta_number(txn, "next", 1);

	tables_put_meta_number(txn, "next", number + 1);
	return number;
}

bool tables_get_tap(struct lmdb_txn *txn, uint64_t number, struct tap *tap)
{
	struct span value;

	if (db_get_at(txn, DB_TAPS, number, &value) && tap_decode(value.at, value.length, tap) == 0)
		return true;
	db_damaged(txn);
	return false;
}

void tables_put_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	uint8_t bytes[TAP_BYTES_MAX];

	db_put_at(txn, DB_TAPS, number, bytes, tap_encode(tap, bytes));
}

void tables_delete_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	db_delete_at(txn, DB_TAPS, number);
	(void)lmdb_delete(txn, DB_IDS, id_span(&tap->question.id));
}

bool tables_find_tap(struct lmdb_txn *txn, const struct event_id *id, uint64_t *number, struct tap *tap)
{
	struct span value;

	if (!lmdb_get(txn, DB_IDS, id_span(id), &value))
		return false;
	if (value.length != 8) {
		db_damaged(txn);
		return false;
	}
	*number = get_be64(value.at);
	return tables_get_tap(txn, *number, tap);
}

void tables_new_tap(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	uint8_t bytes[8];

	put_be64(bytes, number);
	lmdb_put(txn, DB_IDS, id_span(&tap->question.id), (struct span){bytes, sizeof bytes});
	tables_put_tap(txn, number, tap);
}

void tables_enqueue(struct lmdb_txn *txn, uint64_t seq, uint64_t tap_number, enum act act)
{
	uint8_t bytes[QUEUED_BYTES];

	put_be64(bytes, tap_number);
	bytes[8] = (uint8_t)act;
	db_put_at(txn, DB_QUEUE, seq, bytes, sizeof bytes);
}

bool tables_parse_queued(struct lmdb_txn *txn, const struct span *value, uint64_t *tap_number, enum act *act)
{
	if (value->length != QUEUED_BYTES || (value->at[8] != ACT_QUESTION && value->at[8] != ACT_RETRACTION)) {
		db_damaged(txn);
		return false;
	}
	*tap_number = get_be64(value->at);
	*act = value->at[8];
	return true;
}

void tables_keep_or_forget(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	if (!tap_waits(tap) && !tap_refused(tap) && tap->question.day < tables_get_meta_number(txn, "forget", 0))
		tables_delete_tap(txn, number, tap);
	else
		tables_put_tap(txn, number, tap);
}
