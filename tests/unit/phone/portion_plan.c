/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reads and changes two moments of an outbox, so that a test need not wait for hours: when the next portion goes
 * (session_portion.c), and until when no token is taken because the device was away (token_store.c). Arguments: an outbox, its org,
 * "portion" or "away", and, to change it, the moment in unix seconds. Prints the moment.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/outbox_db.h"
#include "broker-client/libturf/outbox.h"

struct moment {
	const char *name;
	int64_t at;
};

static int put(void *context, struct lmdb_txn *txn)
{
	const struct moment *moment = context;

	db_put_meta_number(txn, moment->name, (uint64_t)moment->at);
	return 0;
}

static int get(void *context, struct lmdb_txn *txn)
{
	struct moment *moment = context;

	moment->at = (int64_t)db_get_meta_number(txn, moment->name, 0);
	return 0;
}

int main(int argc, char **argv)
{
	struct outbox *outbox;
	struct error error = {""};
	struct moment moment = {.name = argc > 3 ? argv[3] : ""};
	int rc;

	if (strcmp(moment.name, "portion") != 0 && strcmp(moment.name, "away") != 0)
		return 2;
	rc = outbox_open(&outbox, argv[1], argv[2], &error);
	if (rc == 0 && argc > 4) {
		moment.at = strtoll(argv[4], NULL, 10);
		rc = db_write(outbox, put, &moment, &error);
	}
	if (rc == 0)
		rc = db_read(outbox, get, &moment, &error);
	printf("%" PRId64 "\n", moment.at);
	if (rc != 0)
		(void)fprintf(stderr, "%s\n", error.text);
	outbox_close(outbox);
	return rc == 0 ? 0 : 1;
}
