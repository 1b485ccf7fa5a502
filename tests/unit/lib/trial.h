/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pipeline on trial: one daemon's worth of parts in a folder that goes away afterwards, and the model beside it.
 * Whatever is done to the one is done to the other; every receipt and every figure must then be the model's, or the
 * cmocka test that runs fails. What is done is for the caller's dice to say.
 */
#ifndef TURF_TESTS_UNIT_LIB_TRIAL_H
#define TURF_TESTS_UNIT_LIB_TRIAL_H

#include "aggregator/daemon/pipeline.h"
#include "tests/unit/lib/model.h"

enum {
	TRIAL_START = 18250, /* 2019-12-20: ten days before a year's end, with leap year 2020 ahead */
	TRIAL_IDS = 24,      /* few, so that they meet again and again */
	TRIAL_MESSAGES = 6,  /* in one batch */
	TRIAL_BYTES = SUBMISSION_BYTES_MAX + 32, /* of one message */
	TRIAL_QUARANTINE = 8,                    /* entries of each reason */
	TRIAL_REFUSED = TRIAL_QUARANTINE * 7,
};

/* Teams, domains and labels that begin and end within a few weeks of TRIAL_START. */
extern const struct catalogue trial_rules;

/* A number below `sides` (1 to 256). */
struct trial_dice {
	uint32_t (*throw)(void *context, uint32_t sides);
	void *context;
};

/* An entry that quarantine should hold. */
struct trial_refused {
	enum verdict reason;
	uint32_t day;
};

/* What the store should hold. */
struct trial_accounts {
	struct model model;
	struct cells cells;
	struct trial_refused refused[TRIAL_REFUSED]; /* in the order of arrival */
	size_t n_refused;
};

struct trial {
	char folder[256], path[288], backup[288];
	struct trial_dice dice;
	struct store *store;
	uint64_t unix_seconds; /* a second later each time the store is opened */
	struct receipts *receipts;
	struct counters counters;
	struct pipeline pipeline;
	struct trial_accounts now;
	struct trial_accounts saved; /* when there is a backup: as they were */
	bool has_backup;
	uint32_t latest; /* the last day that ever was today */
	struct event_id ids[TRIAL_IDS];
};

void trial_init(struct trial *trial, struct cells cells, struct trial_dice dice);
void trial_release(struct trial *trial);

/* A result that must be in a receipt to that phone; a phone's results come in the order of its events. */
struct trial_expected {
	char to[CLIENT_ID_BYTES];
	struct result result;
	bool seen;
};

struct trial_batch {
	struct inbox_message messages[TRIAL_MESSAGES];
	uint8_t bytes[TRIAL_MESSAGES][TRIAL_BYTES];
	struct inbox inbox;
	struct trial_expected expected[TRIAL_MESSAGES * SUBMISSION_EVENTS_MAX];
	size_t n_expected;
};

void trial_batch_init(struct trial_batch *batch);

/* A question or a retraction of one of the few ids, on a day that it may have come on before. */
struct event trial_event(struct trial *trial);

/* A team's topic: mostly one that exists. */
const char *trial_team(struct trial *trial);

/* Puts well-formed events into the batch, and tells the model. */
void trial_put_events(struct trial *trial, struct trial_batch *batch, const char *team, const char *receipt_to,
		      const struct event *events, size_t n);

/* The same for bytes of any kind, at most TRIAL_BYTES; the model is told of what can be read in them. */
void trial_put_bytes(struct trial *trial, struct trial_batch *batch, const char *team, const uint8_t *bytes,
		     size_t length);

/* Counts the batch; the receipts must be what the model says. */
void trial_count(struct trial *trial, struct trial_batch *batch);

/* It is that day now. `confirmed`: the operator says so. */
void trial_day(struct trial *trial, uint32_t today, bool confirmed);

/* The operator's word that a date that jumped is right, if one waits. */
void trial_confirm_date(struct trial *trial);

/* The operator takes a quarter's late questions in, if it is final. */
void trial_revise(struct trial *trial, uint32_t quarter);

/* From now on domain and label figures move by another rule. */
void trial_cells(struct trial *trial, struct cells cells);

/* Closes the store and opens it again. */
void trial_reopen(struct trial *trial);

/* Makes a backup in place of the last one; brings that back, as far as there is one. */
void trial_backup(struct trial *trial);
void trial_restore(struct trial *trial);

/* Every figure of every team, quarter, year and week. */
void trial_check_figures(struct trial *trial);

/* The store proves itself; quarantine holds what it should; each event came to one end. */
void trial_check_store(struct trial *trial);

#endif
