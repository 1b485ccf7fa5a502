/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/bench/folding.h"

#include <stdlib.h>

#include "store/store_view.h"
#include "tests/bench/raw.h"

enum { A_DAY = 25000, UNIX_NOW = BENCH_DAY * 86400 + 43200 };

static void keep_time(struct folding *folding)
{
	struct store_time time = {.today = BENCH_DAY, .confirmed = true, .catalogue = bench_catalogue()};
	struct error error;
	bool changed;
	int rc;

	do {
		rc = store_keep_time(folding->store, &time, &changed, &error);
	} while (rc == STORE_MORE);
	if (rc < 0)
		die("%s", error.text);
}

void folding_open(struct folding *folding, const char *path, uint64_t seed)
{
	struct store_options options = {
		.path = path,
		.org = BENCH_ORG,
		.as_daemon = true,
		.unix_seconds = UNIX_NOW,
		.today = BENCH_DAY,
	};
	struct store_state state;
	struct store_view *view;
	struct error error;

	*folding = (struct folding){.random = {seed}};
	if (store_open(&folding->store, &options, &error) < 0)
		die("%s", error.text);
	keep_time(folding);
	if (store_view_open(folding->store, &view, &error) < 0)
		die("%s", error.text);
	store_view_state(view, &state);
	store_view_close(view);
	folding->standing = store_standing(&state, BENCH_DAY);
}

void folding_close(struct folding *folding)
{
	store_close(folding->store);
	batch_release(&folding->batch);
	free(folding->events);
	free(folding->teams);
}

void folding_draw(struct folding *folding, size_t events, uint32_t day)
{
	if (events > folding->room) {
		folding->events = realloc(folding->events, events * sizeof *folding->events);
		folding->teams = realloc(folding->teams, events * sizeof *folding->teams);
		folding->room = events;
	}
	if (!folding->events || !folding->teams)
		die("no memory");
	for (size_t i = 0; i < events; i++) {
		folding->events[i] = bench_event(&folding->random, day);
		folding->teams[i] = bench_teams[random_below(&folding->random, BENCH_TEAMS)];
	}
}

/* False: the transaction has a fault; most often, the map must grow. */
static bool fold_part(struct folding *folding, struct store_txn *txn, size_t first, size_t n)
{
	struct batch *batch = &folding->batch;
	bool sound = true;

	batch_clear(batch);
	for (size_t i = 0; i < n; i++) {
		struct submitted_event submitted = {.id_length = EVENT_ID_BYTES, .event = folding->events[first + i]};

		if ((i % SUBMISSION_EVENTS_MAX == 0 && batch_begin(batch, NULL, "", NULL) < 0) ||
		    batch_add(batch, &submitted, NULL) < 0)
			die("no memory");
	}
	batch_order(batch);
	for (size_t i = 0; i < n && sound; i++) {
		size_t event = first + batch->order[i].event;
		struct admitted admitted = rules_admit(&folding->events[event], folding->teams[event],
						       bench_catalogue(), &folding->standing);
		struct folded folded;

		store_fold(txn, &admitted, &folded);
		sound = folded.verdict != VERDICT_UNSPECIFIED;
		if (sound && folded.verdict != VERDICT_COUNTED && folded.verdict != VERDICT_COUNTED_LATE)
			die("a tap was not counted: %s", words_verdict(folded.verdict));
	}
	return sound;
}

struct committing {
	struct folding *folding;
	size_t events;
};

static int fold_all(void *context, struct store_txn *txn, struct error *error)
{
	struct committing *committing = context;
	size_t events = committing->events;
	bool sound = true;

	(void)error;
	for (size_t i = 0; i < events && sound; i += BATCH_EVENTS_MAX)
		sound = fold_part(committing->folding, txn, i,
				  events - i < BATCH_EVENTS_MAX ? events - i : BATCH_EVENTS_MAX);
	return 0;
}

void folding_commit(struct folding *folding, size_t events)
{
	struct committing committing = {folding, events};
	struct error error;

	if (store_change(folding->store, fold_all, &committing, &error) < 0)
		die("%s", error.text);
}

void folding_fill_past(struct folding *folding, uint64_t n)
{
	uint32_t day = BENCH_DAY - 15;

	for (uint64_t left = n; left > 0; day--) {
		size_t events = left < A_DAY ? (size_t)left : A_DAY;

		folding_draw(folding, events, day);
		folding_commit(folding, events);
		left -= events;
	}
}
