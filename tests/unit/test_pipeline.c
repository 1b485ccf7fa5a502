/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pipeline against the model: random sequences of submissions, in which phones send again, retract before and
 * after, use each other's topics, tap for days to come and days gone by, while days pass, quarters close, ids settle
 * and are purged, and the store is closed and opened. Every receipt and every figure must be the model's.
 *
 * TURF_SEED and TURF_SEQUENCES choose other runs; a failure prints its seed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/figures.h"
#include "aggregator/pipeline.h"
#include "proto/calendar.h"
#include "store/store_admin.h"
#include "tests/unit/model.h"

enum {
	IDS = 24,           /* few, so that they meet again and again */
	BATCH_MESSAGES = 6,
	STEPS = 40,         /* batches in a sequence */
	SEQUENCES = 800,
};

static uint64_t seed;
static uint64_t running; /* the seed of the sequence that is under way; 0: none */

/* splitmix64 */
static uint32_t draw(uint32_t below)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % below);
}

/* 2019-12-20: ten days before a year's end, with leap year 2020 ahead. */
enum { START = 18250 };

static struct team teams[] = {
	{.id = "oost", .name = "Oost"},
	{.id = "west", .name = "West", .valid_until = START + 20},
	{.id = "zuid", .name = "Zuid", .valid_from = START + 5},
};
static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .position = 1},
	{.code = 2, .name = "Dagbesteding", .valid_until = START + 12, .position = 2},
	{.code = 12, .name = "Werk & opleiding", .valid_from = START + 12, .rolls_up_to = 2, .position = 3},
};
static struct label labels[] = {
	{.code = 3, .name = "Sportfonds", .kind = LABEL_SUBJECT},
	{.code = 4, .name = "Toeslagen", .kind = LABEL_SUBJECT, .domain = 1},
	{.code = 9, .name = "Inloop", .kind = LABEL_ORIGIN, .valid_until = START + 30},
};
static const struct catalogue rules = {
	.version = 1,
	.org = "toets",
	.name = "Toets",
	.timezone = "Europe/Amsterdam",
	.accept_days = 50,
	.retract_days = 4,
	.grace_days = 9,
	.counting_since = START - 30,
	.teams = teams,
	.n_teams = 3,
	.domains = domains,
	.n_domains = 3,
	.labels = labels,
	.n_labels = 3,
};

/* One daemon's worth of parts, and the model beside it. */
struct bench {
	char path[64];
	struct store *store;
	struct receipts *receipts;
	struct counters counters;
	struct pipeline pipeline;
	struct model model;
	struct cells cells;
	struct event_id ids[IDS];
};

static void ignore_moved(void *context, const struct folded *folded)
{
	(void)context;
	(void)folded;
}

static void put_rules(struct bench *bench)
{
	struct store_txn *txn;
	struct error error;

	assert_int_equal(store_begin(bench->store, &txn, &error), 0);
	store_put_catalogue(txn, &rules);
	store_put_cells(txn, bench->cells);
	assert_int_equal(store_commit(&txn, &error), 0);
}

static void open_store(struct bench *bench)
{
	struct store_options options = {
		.path = bench->path,
		.org = "toets",
		.as_daemon = true,
		.unix_seconds = 1577000000,
		.today = bench->model.today,
		.map_bytes = 1 << 20,
	};
	struct error error = {{0}};

	if (store_open(&bench->store, &options, &error) != 0)
		fail_msg("%s", error.text);
	bench->pipeline.store = bench->store;
}

static void bench_init(struct bench *bench, struct cells cells)
{
	/* In memory where there is such a place: thousands of sequences need no disk. */
	*bench = (struct bench){.cells = cells};
	(void)snprintf(bench->path, sizeof bench->path, "%s/turf-pipeline-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(bench->path));
	model_init(&bench->model, &rules, START);
	open_store(bench);
	put_rules(bench);
	bench->receipts = receipts_new(BATCH_MESSAGES);
	bench->pipeline = (struct pipeline){
		.store = bench->store,
		.catalogue = &rules,
		.receipts = bench->receipts,
		.counters = &bench->counters,
		.moved = ignore_moved,
	};
	for (size_t i = 0; i < IDS; i++) {
		for (size_t b = 0; b < EVENT_ID_BYTES; b++)
			bench->ids[i].bytes[b] = (uint8_t)draw(256);
	}
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void bench_release(struct bench *bench)
{
	store_close(bench->store);
	receipts_free(bench->receipts);
	model_release(&bench->model);
	(void)nftw(bench->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void finding(void *context, const char *text)
{
	(void)context;
	print_error("verify: %s\n", text);
}

static void check_verify(struct bench *bench)
{
	struct error error = {{0}};
	int found = store_verify(bench->store, finding, NULL, &error);

	if (found < 0)
		print_error("verify: %s\n", error.text);
	assert_int_equal(found, 0);
}

/* ---- Random events ----------------------------------------------------------------------------- */

static const char *const topics[] = {"oost", "oost", "west", "zuid", "noord", ""};

static struct event random_event(struct bench *bench)
{
	static const uint32_t codes[] = {1, 1, 1, 2, 12, 7, 0};
	static const uint32_t tags[] = {3, 4, 9, 5};
	struct event event = {.id = bench->ids[draw(IDS)]};

	/* The same id comes on a few days only, so that resends and retractions meet what is known. */
	event.day = bench->model.today + 2 - draw(draw(4) ? 8 : 75);
	event.day -= event.day % 3;
	event.act = draw(3) ? ACT_QUESTION : ACT_RETRACTION;
	if (event.act == ACT_RETRACTION)
		return event;
	event.domain = codes[draw(7)];
	event.outcome = draw(4) ? OUTCOME_ANSWERED : OUTCOME_REFERRED;
	for (uint32_t i = 0; i < 4 && draw(6) == 0; i++) {
		uint32_t label = tags[draw(4)];

		if (event.n_labels == 0 || event.labels[event.n_labels - 1] < label)
			event.labels[event.n_labels++] = label;
	}
	return event;
}

/* ---- One batch ---------------------------------------------------------------------------------- */

struct expected {
	struct event_id id;
	enum verdict verdict;
};

struct batch {
	struct inbox_message messages[BATCH_MESSAGES];
	uint8_t bytes[BATCH_MESSAGES][SUBMISSION_BYTES_MAX];
	struct inbox inbox;
	struct expected expected[BATCH_MESSAGES * 4];
	size_t n_expected, n_seen;
};

static void make_batch(struct bench *bench, struct batch *batch)
{
	*batch = (struct batch){.inbox = {.messages = batch->messages, .n = 1 + draw(BATCH_MESSAGES), .capacity = BATCH_MESSAGES}};
	for (size_t m = 0; m < batch->inbox.n; m++) {
		const char *team = topics[draw(6)];
		struct event events[4];
		size_t n = 1 + draw(4);
		size_t length;

		for (size_t i = 0; i < n; i++) {
			events[i] = random_event(bench);
			batch->expected[batch->n_expected++] = (struct expected){
				.id = events[i].id,
				.verdict = model_apply(&bench->model, &events[i], team),
			};
		}
		length = submission_encode(events, n, "abcdefghijklmnopqrstuv", batch->bytes[m], SUBMISSION_BYTES_MAX);
		batch->messages[m].mqtt = (struct mqtt_message){.payload = batch->bytes[m], .length = length};
		memcpy(batch->messages[m].team, team, strlen(team) + 1);
	}
}

static void check_result(void *context, const struct result *result)
{
	struct batch *batch = context;
	const struct expected *expected = &batch->expected[batch->n_seen++];

	assert_int_equal(result->id_length, EVENT_ID_BYTES);
	assert_memory_equal(result->id, &expected->id, EVENT_ID_BYTES);
	if (result->verdict != expected->verdict)
		fail_msg("result %zu of the batch: %s, expected %s", batch->n_seen, verdict_name(result->verdict),
			 verdict_name(expected->verdict));
}

static int check_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	assert_string_equal(to, "abcdefghijklmnopqrstuv");
	assert_int_equal(receipt_decode(bytes, length, check_result, context), 0);
	return 0;
}

static void count_batch(struct bench *bench)
{
	static struct batch batch;
	struct error error = {{0}};

	make_batch(bench, &batch);
	if (pipeline_run(&bench->pipeline, &batch.inbox, bench->model.today, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(receipts_each(bench->receipts, check_receipt, &batch), 0);
	assert_int_equal(batch.n_seen, batch.n_expected);
}

/* ---- Figures -------------------------------------------------------------------------------------- */

static void check_cells(const struct bench *bench, const struct summary *summary, uint32_t first, uint32_t last)
{
	uint64_t answered = 0, referred = 0;

	for (uint32_t i = 0; i < summary->n_domains; i++) {
		const struct domain_count *count = &summary->domains[i];

		answered += count->answered;
		referred += count->referred;
		if (bench->cells.policy != CELLS_LIVE)
			continue;
		assert_int_equal(count->answered, model_count(&bench->model, MODEL_COUNTED, summary->team, first, last, count->domain, OUTCOME_ANSWERED));
		assert_int_equal(count->referred, model_count(&bench->model, MODEL_COUNTED, summary->team, first, last, count->domain, OUTCOME_REFERRED));
	}
	assert_int_equal(answered + summary->undistributed_answered, summary->answered);
	assert_int_equal(referred + summary->undistributed_referred, summary->referred);
	if (bench->cells.policy == CELLS_LIVE)
		assert_int_equal(summary->undistributed_answered + summary->undistributed_referred, 0);
	if (bench->cells.policy == CELLS_EVERY && !summary->period.is_year && strcmp(summary->team, TEAM_ALL) != 0)
		assert_true(summary->undistributed_answered + summary->undistributed_referred < bench->cells.every);
}

static void check_labels(const struct bench *bench, const struct summary *summary, uint32_t first, uint32_t last)
{
	if (bench->cells.policy != CELLS_LIVE)
		return;
	for (size_t i = 0; i < rules.n_labels; i++) {
		uint64_t shown = 0;

		for (uint32_t l = 0; l < summary->n_labels; l++)
			shown += summary->labels[l].label == labels[i].code ? summary->labels[l].count : 0;
		assert_int_equal(shown, model_count_label(&bench->model, summary->team, first, last, labels[i].code));
	}
}

static void check_summary(const struct bench *bench, const struct figures *figures, const char *team, struct period period)
{
	uint32_t first = period_first_quarter(period), last = period_last_quarter(period);
	static struct summary summary;
	struct error error = {{0}};

	if (figures_summary(figures, team, period, &summary, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(summary.answered, model_count(&bench->model, MODEL_COUNTED, team, first, last, 0, OUTCOME_ANSWERED));
	assert_int_equal(summary.referred, model_count(&bench->model, MODEL_COUNTED, team, first, last, 0, OUTCOME_REFERRED));
	assert_int_equal(summary.late, model_count(&bench->model, MODEL_LATE, team, first, last, 0, OUTCOME_UNSPECIFIED));
	check_cells(bench, &summary, first, last);
	check_labels(bench, &summary, first, last);
}

static void check_weeks(const struct bench *bench, const struct figures *figures, const char *team, uint32_t iso_year)
{
	struct weekly weekly;
	struct error error = {{0}};

	if (figures_weekly(figures, team, iso_year, &weekly, &error) != 0)
		fail_msg("%s", error.text);
	for (uint32_t i = 0; i < weekly.n_weeks; i++) {
		struct iso_week week = {.year = iso_year, .week = weekly.weeks[i].week};

		assert_int_equal(weekly.weeks[i].questions, model_count_week(&bench->model, team, week));
	}
}

static void check_figures(struct bench *bench)
{
	static const char *const names[] = {"oost", "west", "zuid", TEAM_ALL};
	struct store_state state;
	struct store_view *view;
	struct figures figures;
	struct error error;

	assert_int_equal(store_view_open(bench->store, &view, &error), 0);
	store_view_state(view, &state);
	assert_int_equal(state.final_through, bench->model.final_through);
	figures = (struct figures){.view = view, .catalogue = &rules, .standing = store_standing(&state, bench->model.today)};
	for (size_t t = 0; t < 4; t++) {
		for (uint32_t quarter = quarter_of_day(START - 30); quarter <= quarter_of_day(bench->model.today + 1); quarter++)
			check_summary(bench, &figures, names[t], period_of_quarter(quarter));
		for (uint32_t year = 2019; year <= year_of_quarter(quarter_of_day(bench->model.today)); year++) {
			check_summary(bench, &figures, names[t], period_of_year(year));
			check_weeks(bench, &figures, names[t], year);
		}
	}
	store_view_close(view);
}

/* ---- Sequences -------------------------------------------------------------------------------------- */

static void pass_days(struct bench *bench, uint32_t days)
{
	struct error error = {{0}};
	bool moved;
	int rc;

	model_day(&bench->model, bench->model.today + days);
	do {
		struct store_time time = {.today = bench->model.today, .catalogue = &rules};

		rc = store_keep_time(bench->store, &time, &moved, &error);
	} while (rc == STORE_MORE);
	if (rc != 0)
		fail_msg("%s", error.text);
}

static void check_invariant(const struct counters *c)
{
	assert_int_equal(c->events, c->counted + c->counted_late + c->already_counted + c->retracted + c->already_retracted +
				    c->refused_malformed + c->refused_unknown_team + c->refused_unknown_domain +
				    c->refused_unknown_label + c->refused_day_in_future + c->refused_day_too_old +
				    c->refused_retraction_too_late);
}

static void run_sequence(struct cells cells, struct counters *sum)
{
	struct bench bench;

	bench_init(&bench, cells);
	pass_days(&bench, 0);
	for (int step = 0; step < STEPS; step++) {
		if (draw(2))
			pass_days(&bench, 1 + draw(2));
		if (draw(12) == 0) {
			store_close(bench.store);
			open_store(&bench);
		}
		count_batch(&bench);
		if (draw(8) == 0)
			check_figures(&bench);
	}
	/* Until everything is settled, closed and, now and then, purged. */
	for (uint32_t day = 0; day < (draw(8) ? 12u : 140u); day++)
		pass_days(&bench, 1);
	count_batch(&bench);
	check_figures(&bench);
	check_verify(&bench);
	check_invariant(&bench.counters);
	counters_add(sum, &bench.counters);
	bench_release(&bench);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void run_sequences(struct cells cells)
{
	uint64_t first = from_environment("TURF_SEED", 20191231);
	uint64_t n = from_environment("TURF_SEQUENCES", SEQUENCES);
	struct counters sum = {0};

	for (uint64_t i = 0; i < n; i++) {
		seed = (first + i) * 1000003;
		running = first + i;
		run_sequence(cells, &sum);
	}
	running = 0;
	if (n < SEQUENCES)
		return;
	/* The sequences were worth running: every kind of verdict came up. */
	assert_true(sum.counted && sum.counted_late && sum.already_counted && sum.retracted && sum.already_retracted);
	assert_true(sum.refused_unknown_team && sum.refused_unknown_domain && sum.refused_unknown_label);
	assert_true(sum.refused_day_in_future && sum.refused_day_too_old && sum.refused_retraction_too_late);
}

static int tell_seed(void **state)
{
	(void)state;
	if (running)
		print_error("again with TURF_SEED=%llu TURF_SEQUENCES=1\n", (unsigned long long)running);
	running = 0;
	return 0;
}

static void test_live(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_LIVE});
}

static void test_daily(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_DAILY});
}

static void test_every_five(void **state)
{
	(void)state;
	run_sequences((struct cells){.policy = CELLS_EVERY, .every = 5});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_live, tell_seed),
		cmocka_unit_test_teardown(test_daily, tell_seed),
		cmocka_unit_test_teardown(test_every_five, tell_seed),
	};

	return cmocka_run_group_tests_name("pipeline against the model", tests, NULL, NULL);
}
