/* SPDX-License-Identifier: EUPL-1.2 */
/* Receipts of one batch: grouped by phone, never over the limit, the same after a clear. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "aggregator/daemon/receipts.h"

enum { PHONES = 300 };

struct sent {
	char to[CLIENT_ID_BYTES];
	size_t results;
	uint8_t first_id, last_id; /* of the results' ids, their first byte */
};

struct outbox {
	struct sent list[PHONES + 8];
	size_t n;
};

static void count_result(void *context, const struct result *result)
{
	struct sent *sent = context;

	if (sent->results == 0)
		sent->first_id = result->id[0];
	sent->last_id = result->id[0];
	sent->results++;
}

static int take(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct outbox *outbox = context;
	struct sent *sent = &outbox->list[outbox->n++];

	*sent = (struct sent){0};
	memcpy(sent->to, to, CLIENT_ID_BYTES);
	assert_true(length <= RECEIPT_BYTES_MAX);
	assert_int_equal(receipt_decode(bytes, length, count_result, sent), 0);
	return 0;
}

static void phone(char to[static CLIENT_ID_BYTES], unsigned number)
{
	(void)snprintf(to, CLIENT_ID_BYTES, "phone-%016u", number);
}

static void add(struct receipts *receipts, unsigned to, uint8_t id, size_t id_length)
{
	struct result result = {.id_length = (uint8_t)id_length, .verdict = VERDICT_COUNTED};
	char name[CLIENT_ID_BYTES];

	phone(name, to);
	memset(result.id, id, id_length);
	assert_int_equal(receipts_add(receipts, name, &result, 1, NULL), 0);
}

static void test_results_go_to_their_own_phone_in_order(void **state)
{
	struct receipts *receipts = receipts_new();
	struct outbox outbox = {0};

	(void)state;
	add(receipts, 1, 10, 16);
	add(receipts, 2, 20, 16);
	add(receipts, 1, 11, 15);
	add(receipts, 1, 12, 64);
	assert_int_equal(receipts_each(receipts, take, &outbox), 0);
	assert_int_equal(outbox.n, 2);
	assert_string_equal(outbox.list[0].to, "phone-0000000000000001");
	assert_int_equal(outbox.list[0].results, 3);
	assert_int_equal(outbox.list[0].first_id, 10);
	assert_int_equal(outbox.list[0].last_id, 12);
	assert_int_equal(outbox.list[1].results, 1);
	assert_int_equal(outbox.list[1].first_id, 20);
	receipts_free(receipts);
}

static void test_a_phone_with_many_results_gets_several_receipts(void **state)
{
	struct receipts *receipts = receipts_new();
	struct outbox outbox = {0};

	(void)state;
	for (size_t i = 0; i < 2 * RECEIPT_RESULTS_MAX + 1; i++)
		add(receipts, 7, (uint8_t)i, 64); /* the longest there are */
	assert_int_equal(receipts_each(receipts, take, &outbox), 0);
	assert_int_equal(outbox.n, 3);
	assert_int_equal(outbox.list[0].results, RECEIPT_RESULTS_MAX);
	assert_int_equal(outbox.list[1].first_id, RECEIPT_RESULTS_MAX);
	assert_int_equal(outbox.list[2].results, 1);
	receipts_free(receipts);
}

static void test_many_phones_and_a_second_batch(void **state)
{
	struct receipts *receipts = receipts_new();

	(void)state;
	for (int batch = 0; batch < 3; batch++) {
		struct outbox outbox = {0};

		for (unsigned i = 0; i < 3 * PHONES; i++)
			add(receipts, i % PHONES, (uint8_t)i, 16);
		assert_int_equal(receipts_each(receipts, take, &outbox), 0);
		assert_int_equal(outbox.n, PHONES);
		for (size_t i = 0; i < outbox.n; i++)
			assert_int_equal(outbox.list[i].results, 3);
		receipts_clear(receipts);
	}
	receipts_free(receipts);
}

static int refuse(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	(void)to;
	(void)bytes;
	(void)length;
	++*(int *)context;
	return FAULT_BROKER;
}

static void test_a_lost_connection_ends_the_sending(void **state)
{
	struct receipts *receipts = receipts_new();
	int tries = 0;

	(void)state;
	add(receipts, 1, 1, 16);
	add(receipts, 2, 2, 16);
	assert_int_equal(receipts_each(receipts, refuse, &tries), FAULT_BROKER);
	assert_int_equal(tries, 1);
	receipts_free(receipts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results_go_to_their_own_phone_in_order),
		cmocka_unit_test(test_a_phone_with_many_results_gets_several_receipts),
		cmocka_unit_test(test_many_phones_and_a_second_batch),
		cmocka_unit_test(test_a_lost_connection_ends_the_sending),
	};

	return cmocka_run_group_tests_name("receipts", tests, NULL, NULL);
}
