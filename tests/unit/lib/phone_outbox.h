/* SPDX-License-Identifier: EUPL-1.2 */
/* What the tests of the outbox share: a folder of their own for each test, and short words for what a phone does. */
#ifndef TURF_TESTS_UNIT_LIB_PHONE_OUTBOX_H
#define TURF_TESTS_UNIT_LIB_PHONE_OUTBOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "broker-client/libturf/outbox.h"

enum { DAY = 18261 /* 2019-12-31 */ };

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static char folder[64];

static inline int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/turf-outbox-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

static inline int teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct outbox *open_outbox(void)
{
	struct outbox *outbox;
	struct error error;

	if (outbox_open(&outbox, folder, "sw-de-kop", &error) != 0)
		fail_msg("%s", error.text);
	return outbox;
}

static inline struct event question(uint8_t number)
{
	struct event event = {.day = DAY, .act = ACT_QUESTION, .domain = 1, .outcome = OUTCOME_REFERRED};

	memset(event.id.bytes, number, sizeof event.id.bytes);
	event.has_proof = true; /* the outbox does not compare it with the id */
	memset(event.proof.bytes, number ^ 0xff, sizeof event.proof.bytes);
	event.n_labels = 2;
	event.labels[0] = 3;
	event.labels[1] = 65535;
	return event;
}

/* What is sent of a question: all of it but its secret. */
static inline void assert_sent(const struct event *sent, const struct event *question)
{
	assert_memory_equal(&sent->id, &question->id, sizeof sent->id);
	assert_int_equal(sent->day, question->day);
	assert_int_equal(sent->act, ACT_QUESTION);
	assert_int_equal(sent->domain, question->domain);
	assert_int_equal(sent->outcome, question->outcome);
	assert_int_equal(sent->n_labels, question->n_labels);
	assert_memory_equal(sent->labels, question->labels, sizeof sent->labels);
	assert_false(sent->has_proof);
	assert_memory_equal(&sent->proof, &(struct event_secret){{0}}, sizeof sent->proof);
}

static inline struct event_id id_of(uint8_t number)
{
	return question(number).id;
}

static inline void add_on(struct outbox *outbox, uint8_t number, uint32_t day)
{
	const char *team = "oost";
	struct event event = question(number);

	event.day = day;
	assert_int_equal(outbox_add(outbox, &team, &event, 1, NULL, NULL), 0);
}

static inline void add(struct outbox *outbox, uint8_t number)
{
	add_on(outbox, number, DAY);
}

static inline size_t pending(struct outbox *outbox)
{
	size_t n;

	assert_int_equal(outbox_pending(outbox, &n, NULL), 0);
	return n;
}

static inline size_t load(struct outbox *outbox, struct outbox_entry *entries, size_t max)
{
	uint64_t last;
	size_t n;

	assert_int_equal(outbox_load(outbox, 0, entries, max, &n, &last, NULL), 0);
	return n;
}

/* The verdict on what may be sent of this id; whether it ended it. */
static inline bool settle(struct outbox *outbox, uint8_t number, enum act act, enum verdict verdict)
{
	struct outbox_entry entries[16];
	size_t n = load(outbox, entries, 16);
	struct outbox_result result = {.id = id_of(number), .act = act, .verdict = verdict};

	for (size_t i = 0; i < n; i++)
		if (memcmp(&entries[i].event.id, &result.id, sizeof result.id) == 0 && entries[i].event.act == act)
			result.seq = entries[i].seq;
	assert_int_equal(outbox_apply_results(outbox, &result, 1, NULL), 0);
	return result.ended;
}

static inline struct tap tap_of(struct outbox *outbox, uint8_t number)
{
	struct event_id id = id_of(number);
	struct tap tap;

	assert_int_equal(outbox_tap(outbox, &id, &tap, NULL), 0);
	return tap;
}

static inline bool remembers(struct outbox *outbox, uint8_t number)
{
	struct event_id id = id_of(number);
	struct tap tap;
	int rc = outbox_tap(outbox, &id, &tap, NULL);

	assert_true(rc == 0 || rc == TURF_UNKNOWN);
	return rc == 0;
}

static inline int retract(struct outbox *outbox, uint8_t number)
{
	struct event_id id = id_of(number);

	return outbox_retract(outbox, &id, NULL, 0, NULL, NULL);
}

static inline int dismiss(struct outbox *outbox, uint8_t number)
{
	struct event_id id = id_of(number);

	return outbox_dismiss(outbox, &id, NULL);
}

#endif
