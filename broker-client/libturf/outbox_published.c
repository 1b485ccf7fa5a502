/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What turfd publishes and the outbox keeps: the date, the store's epoch, the catalogue. And when the next portion goes.
 */
#include "broker-client/libturf/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/outbox_db.h"

static int forget_body(void *context, struct lmdb_txn *txn)
{
	const uint32_t *day = context;
	struct tap tap;
	uint64_t number = 0;

	if (db_get_meta_number(txn, "forget", 0) == *day)
		return TURF_UNCHANGED;
	db_put_meta_number(txn, "forget", *day);
	while (db_next_tap(txn, &number, &tap))
		if (tap.question.day < *day)
			db_keep_or_forget(txn, number, &tap);
	return 0;
}

int outbox_forget_before(struct outbox *outbox, uint32_t day, struct error *error)
{
	int rc = db_write(outbox, forget_body, &day, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}

/* Requeues the answered events of a tap, the question before its retraction. */
static void requeue(struct lmdb_txn *txn, uint64_t number, struct tap *tap)
{
	bool question = tap_has_question(tap) && tap->question_seq == 0;
	bool retraction = tap->has_retraction && tap->retraction_seq == 0;

	if (question) {
		tap->question_seq = db_take_number(txn);
		db_enqueue(txn, tap->question_seq, number, ACT_QUESTION);
	}
	if (retraction) {
		tap->retraction_seq = db_take_number(txn);
		db_enqueue(txn, tap->retraction_seq, number, ACT_RETRACTION);
	}
	if (question || retraction)
		db_put_tap(txn, number, tap);
}

static int epoch_body(void *context, struct lmdb_txn *txn)
{
	const uint8_t *epoch = context;
	uint64_t forget = db_get_meta_number(txn, "forget", 0);
	struct span value;
	struct tap tap;
	uint64_t number = 0;

	if (db_get_meta(txn, "epoch", &value) && value.length == EPOCH_BYTES &&
	    memcmp(value.at, epoch, EPOCH_BYTES) == 0)
		return TURF_UNCHANGED;
	while (db_next_tap(txn, &number, &tap))
		if (tap.question.day >= forget)
			requeue(txn, number, &tap);
	db_put_meta(txn, "epoch", epoch, EPOCH_BYTES);
	return 0;
}

int outbox_check_epoch(struct outbox *outbox, const uint8_t epoch[static EPOCH_BYTES], struct error *error)
{
	int rc = db_write(outbox, epoch_body, (void *)(uintptr_t)epoch, error); /* only read */

	outbox->has_epoch = rc >= 0; /* after a fault it is not known which one is stored */
	memcpy(outbox->epoch, epoch, EPOCH_BYTES);
	return rc == TURF_UNCHANGED ? 0 : rc;
}

/* ---- Numbers for sending through a door --------------------------------------------------------------------------- */

struct number {
	const char *name;
	uint64_t value;
};

static int put_number_body(void *context, struct lmdb_txn *txn)
{
	const struct number *number = context;

	if (db_get_meta_number(txn, number->name, 0) == number->value)
		return TURF_UNCHANGED;
	db_put_meta_number(txn, number->name, number->value);
	return 0;
}

static int put_number(struct outbox *outbox, const char *name, uint64_t value, struct error *error)
{
	struct number number = {name, value};
	int rc = db_write(outbox, put_number_body, &number, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}

static int number_body(void *context, struct lmdb_txn *txn)
{
	struct number *number = context;

	number->value = db_get_meta_number(txn, number->name, 0);
	return 0;
}

static int get_number(struct outbox *outbox, const char *name, uint64_t *value, struct error *error)
{
	struct number number = {name, 0};
	int rc = db_read(outbox, number_body, &number, error);

	*value = number.value;
	return rc;
}

int outbox_put_date(struct outbox *outbox, uint32_t org_day, uint32_t clock_day, struct error *error)
{
	return put_number(outbox, "date", (uint64_t)org_day << 32 | clock_day, error);
}

int outbox_date(struct outbox *outbox, uint32_t *org_day, uint32_t *clock_day, struct error *error)
{
	uint64_t value;
	int rc = get_number(outbox, "date", &value, error);

	*org_day = (uint32_t)(value >> 32);
	*clock_day = (uint32_t)value;
	return rc;
}

int outbox_put_portion(struct outbox *outbox, int64_t at, struct error *error)
{
	return put_number(outbox, "portion", (uint64_t)at, error);
}

int outbox_portion(struct outbox *outbox, int64_t *at, struct error *error)
{
	uint64_t value;
	int rc = get_number(outbox, "portion", &value, error);

	*at = (int64_t)value;
	return rc;
}

int outbox_next_number(struct outbox *outbox, uint64_t *number, struct error *error)
{
	return get_number(outbox, "next", number, error);
}

/* ---- The catalogue ---------------------------------------------------------------------------------------------- */

static int put_catalogue_body(void *context, struct lmdb_txn *txn)
{
	const struct span *next = context;
	struct span value;

	if (db_get_meta(txn, "catalogue", &value) && value.length == next->length &&
	    memcmp(value.at, next->at, value.length) == 0)
		return TURF_UNCHANGED;
	db_put_meta(txn, "catalogue", next->at, next->length);
	return 0;
}

int outbox_put_catalogue(struct outbox *outbox, const uint8_t *bytes, size_t length, struct error *error)
{
	struct span next = {.at = bytes, .length = length};
	int rc = db_write(outbox, put_catalogue_body, &next, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}

struct cached {
	uint8_t *bytes;
	size_t length;
};

static int catalogue_body(void *context, struct lmdb_txn *txn)
{
	struct cached *cached = context;
	struct span value;

	if (!db_get_meta(txn, "catalogue", &value))
		return TURF_UNKNOWN;
	cached->bytes = malloc(value.length + 1);
	if (!cached->bytes) {
		lmdb_fail(txn, FAULT_MEMORY, "no memory for the catalogue");
		return 0;
	}
	memcpy(cached->bytes, value.at, value.length);
	cached->length = value.length;
	return 0;
}

int outbox_catalogue(struct outbox *outbox, uint8_t **bytes, size_t *length, struct error *error)
{
	struct cached cached = {0};
	int rc = db_read(outbox, catalogue_body, &cached, error);

	*bytes = cached.bytes;
	*length = cached.length;
	return rc;
}
