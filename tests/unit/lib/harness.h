/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A test harness of the pipeline: one daemon's worth of parts in a folder that goes away afterwards, and the model beside it.
 * Whatever is done to the one is done to the other; every receipt and every figure must then be the model's, or the
 * cmocka test that runs fails. What is done is for the caller's dice to say.
 */
#ifndef TURF_TESTS_UNIT_LIB_HARNESS_H
#define TURF_TESTS_UNIT_LIB_HARNESS_H

#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/publisher.h"
#include "tests/unit/lib/model.h"

enum {
	HARNESS_START = 18250, /* 2019-12-20: ten days before a year's end, with leap year 2020 ahead */
	HARNESS_IDS = 24,      /* few, so that they meet again and again */
	HARNESS_MESSAGES = 6,  /* in one batch */
	HARNESS_BYTES = SUBMISSION_BYTES_MAX + 32, /* of one message */
	HARNESS_QUARANTINE = 8,                    /* entries of each reason */
	HARNESS_REFUSED = HARNESS_QUARANTINE * 7,
};

/* Teams, domains and labels that begin and end within a few weeks of HARNESS_START. */
extern const struct catalogue harness_rules;

/* A number below `sides` (1 to 256). */
struct harness_dice {
	uint32_t (*throw)(void *context, uint32_t sides);
	void *context;
};

/* An entry that quarantine should hold. */
struct harness_refused {
	enum verdict reason;
	uint32_t day;
};

/* What the store should hold. */
struct harness_accounts {
	struct model model;
	struct cells cells;
	struct harness_refused refused[HARNESS_REFUSED]; /* in the order of arrival */
	size_t n_refused;
};

struct harness {
	char folder[256], path[288], backup[288];
	struct harness_dice dice;
	struct store *store;
	uint64_t unix_seconds; /* a second later each time the store is opened */
	struct receipts *receipts;
	struct publisher *publisher;
	struct counters counters;
	struct pipeline pipeline;
	struct harness_accounts now;
	struct harness_accounts saved; /* when there is a backup: as they were */
	bool has_backup;
	uint32_t latest; /* the last day that ever was today */
	struct event_id ids[HARNESS_IDS];
	struct event_secret secrets[HARNESS_IDS]; /* of every second pair of ids; the phone of the others had none */
};

void harness_init(struct harness *harness, struct cells cells, struct harness_dice dice);
void harness_release(struct harness *harness);

/* A result that must be in a receipt to that phone; a phone's results come in the order of its events. */
struct harness_expected {
	char to[CLIENT_ID_BYTES];
	struct result result;
	bool seen;
};

struct harness_batch {
	struct inbox_message messages[HARNESS_MESSAGES];
	uint8_t bytes[HARNESS_MESSAGES][HARNESS_BYTES];
	struct inbox inbox;
	struct harness_expected expected[HARNESS_MESSAGES * SUBMISSION_EVENTS_MAX];
	size_t n_expected;
};

void harness_batch_init(struct harness_batch *batch);

/* A question or a retraction of one of the few ids, on a day that it may have come on before. */
struct event harness_event(struct harness *harness);

/* A team's topic: mostly one that exists. */
const char *harness_team(struct harness *harness);

/* Puts well-formed events into the batch, and tells the model. */
void harness_put_events(struct harness *harness, struct harness_batch *batch, const char *team, const char *receipt_to,
			const struct event *events, size_t n);

/* The same for bytes of any kind, at most HARNESS_BYTES; the model is told of what can be read in them. */
void harness_put_bytes(struct harness *harness, struct harness_batch *batch, const char *team, const uint8_t *bytes,
		       size_t length);

/* Counts the batch; the receipts must be what the model says. */
void harness_count(struct harness *harness, struct harness_batch *batch);

/* It is that day now. `confirmed`: the operator says so. */
void harness_day(struct harness *harness, uint32_t today, bool confirmed);

/* The operator's word that a date that jumped is right, if one waits. */
void harness_confirm_date(struct harness *harness);

/* The operator takes a quarter's late questions in, if it is final. */
void harness_revise(struct harness *harness, uint32_t quarter);

/* From now on domain and label figures move by another rule. */
void harness_cells(struct harness *harness, struct cells cells);

/* Closes the store and opens it again. */
void harness_reopen(struct harness *harness);

/* Makes a backup in place of the last one; brings that back, as far as there is one. */
void harness_backup(struct harness *harness);
void harness_restore(struct harness *harness);

/* Every figure of every team, quarter, year and week. */
void harness_check_figures(struct harness *harness);

/* The store proves itself; quarantine holds what it should; each event came to one end. */
void harness_check_store(struct harness *harness);

#endif
