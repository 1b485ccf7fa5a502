/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/trial.h"

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
#include "proto/calendar.h"
#include "store/store_admin.h"

static struct team teams[] = {
	{.id = "oost", .name = "Oost"},
	{.id = "west", .name = "West", .valid_until = TRIAL_START + 20},
	{.id = "zuid", .name = "Zuid", .valid_from = TRIAL_START + 5},
};
static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .position = 1},
	{.code = 2, .name = "Dagbesteding", .valid_until = TRIAL_START + 12, .position = 2},
	{.code = 12, .name = "Werk & opleiding", .valid_from = TRIAL_START + 12, .rolls_up_to = 2, .position = 3},
};
static struct label labels[] = {
	{.code = 3, .name = "Sportfonds", .kind = LABEL_SUBJECT},
	{.code = 4, .name = "Toeslagen", .kind = LABEL_SUBJECT, .domain = 1},
	{.code = 9, .name = "Inloop", .kind = LABEL_ORIGIN, .valid_until = TRIAL_START + 30},
};
const struct catalogue trial_rules = {
	.version = 1,
	.org = "toets",
	.name = "Toets",
	.timezone = "Europe/Amsterdam",
	.accept_days = 50,
	.retract_days = 4,
	.grace_days = 9,
	.counting_since = TRIAL_START - 30,
	.teams = teams,
	.n_teams = 3,
	.domains = domains,
	.n_domains = 3,
	.labels = labels,
	.n_labels = 3,
};

static uint32_t draw(struct trial *trial, uint32_t sides)
{
	return trial->dice.throw(trial->dice.context, sides);
}

/* ---- The parts ----------------------------------------------------------------------------------- */

static void ignore_moved(void *context, const struct folded *folded)
{
	(void)context;
	(void)folded;
}

static void must(int rc, const struct error *error)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, error->text);
}

static void open_store(struct trial *trial)
{
	struct store_options options = {
		.path = trial->path,
		.org = "toets",
		.as_daemon = true,
		.unix_seconds = 1577000000,
		.today = trial->model.today,
		.map_bytes = 1 << 20,
		.quarantine_limit = TRIAL_QUARANTINE,
	};
	struct error error = {{0}};

	must(store_open(&trial->store, &options, &error), &error);
	trial->pipeline.store = trial->store;
}

void trial_reopen(struct trial *trial)
{
	store_close(trial->store);
	open_store(trial);
}

static void put_rules(struct trial *trial)
{
	struct store_txn *txn;
	struct error error = {{0}};

	must(store_begin(trial->store, &txn, &error), &error);
	store_put_catalogue(txn, &trial_rules);
	store_put_cells(txn, trial->cells);
	must(store_commit(&txn, &error), &error);
}

void trial_init(struct trial *trial, struct cells cells, struct trial_dice dice)
{
	const char *place = getenv("TMPDIR");

	/* In memory where there is such a place: thousands of sequences need no disk. */
	if (!place)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	*trial = (struct trial){.cells = cells, .dice = dice};
	(void)snprintf(trial->path, sizeof trial->path, "%s/turf-trial-XXXXXX", place);
	assert_non_null(mkdtemp(trial->path));
	model_init(&trial->model, &trial_rules, TRIAL_START);
	open_store(trial);
	put_rules(trial);
	trial->receipts = receipts_new(TRIAL_MESSAGES);
	assert_non_null(trial->receipts);
	trial->pipeline = (struct pipeline){
		.store = trial->store,
		.catalogue = &trial_rules,
		.receipts = trial->receipts,
		.counters = &trial->counters,
		.moved = ignore_moved,
	};
	for (size_t i = 0; i < TRIAL_IDS; i++) { /* two and two alike but for the last byte */
		memset(trial->ids[i].bytes, (int)(i / 2 + 1), EVENT_ID_BYTES);
		trial->ids[i].bytes[EVENT_ID_BYTES - 1] = (uint8_t)i;
	}
	trial_day(trial, TRIAL_START, false);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void trial_release(struct trial *trial)
{
	store_close(trial->store);
	receipts_free(trial->receipts);
	model_release(&trial->model);
	(void)nftw(trial->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- Events -------------------------------------------------------------------------------------- */

const char *trial_team(struct trial *trial)
{
	static const char *const topics[] = {"oost", "oost", "west", "zuid", "noord", ""};

	return topics[draw(trial, 6)];
}

struct event trial_event(struct trial *trial)
{
	static const uint32_t codes[] = {1, 1, 1, 2, 12, 7, 0};
	static const uint32_t tags[] = {3, 4, 9, 5};
	struct event event = {.id = trial->ids[draw(trial, TRIAL_IDS)]};

	/* The same id comes on a few days only, so that resends and retractions meet what is known. */
	event.day = trial->model.today + 2 - draw(trial, draw(trial, 4) ? 8 : 75);
	event.day -= event.day % 3;
	event.act = draw(trial, 3) ? ACT_QUESTION : ACT_RETRACTION;
	if (event.act == ACT_RETRACTION)
		return event;
	event.domain = codes[draw(trial, 7)];
	event.outcome = draw(trial, 4) ? OUTCOME_ANSWERED : OUTCOME_REFERRED;
	for (uint32_t i = 0; i < 4 && draw(trial, 6) == 0; i++) {
		uint32_t label = tags[draw(trial, 4)];

		if (event.n_labels == 0 || event.labels[event.n_labels - 1] < label)
			event.labels[event.n_labels++] = label;
	}
	return event;
}

/* ---- One batch ------------------------------------------------------------------------------------ */

void trial_batch_init(struct trial_batch *batch)
{
	batch->inbox = (struct inbox){.messages = batch->messages, .capacity = TRIAL_MESSAGES};
	batch->n_expected = 0;
}

static void put_message(struct trial_batch *batch, const char *team, size_t length)
{
	struct inbox_message *message = &batch->messages[batch->inbox.n];

	assert_true(batch->inbox.n < TRIAL_MESSAGES && length <= TRIAL_BYTES);
	*message = (struct inbox_message){.mqtt = {.payload = batch->bytes[batch->inbox.n], .length = length}};
	memcpy(message->team, team, strlen(team) + 1);
	batch->inbox.n++;
}

/* The oldest of the reason makes room. */
static void forget_oldest(struct trial *trial, enum verdict reason)
{
	size_t of_reason = 0, first = trial->n_refused;

	for (size_t i = trial->n_refused; i-- > 0;) {
		if (trial->refused[i].reason != reason)
			continue;
		of_reason++;
		first = i;
	}
	if (of_reason < TRIAL_QUARANTINE)
		return;
	trial->n_refused--;
	memmove(&trial->refused[first], &trial->refused[first + 1], (trial->n_refused - first) * sizeof *trial->refused);
}

static void refuse(struct trial *trial, enum verdict reason)
{
	forget_oldest(trial, reason);
	assert_true(trial->n_refused < TRIAL_REFUSED);
	trial->refused[trial->n_refused++] = (struct trial_refused){.reason = reason, .day = trial->model.today};
}

static void expect(struct trial *trial, struct trial_batch *batch, const char *to, const struct result *result)
{
	struct trial_expected *expected = &batch->expected[batch->n_expected];

	if (verdict_is_refusal(result->verdict))
		refuse(trial, result->verdict);
	if (!to[0] || result->id_length == 0)
		return;
	*expected = (struct trial_expected){.result = *result};
	memcpy(expected->to, to, strlen(to) + 1);
	batch->n_expected++;
}

static void expect_event(struct trial *trial, struct trial_batch *batch, const char *team, const char *to,
			 const struct event *event)
{
	struct result result = {.id_length = EVENT_ID_BYTES, .verdict = model_apply(&trial->model, event, team)};

	memcpy(result.id, event->id.bytes, EVENT_ID_BYTES);
	expect(trial, batch, to, &result);
}

void trial_put_events(struct trial *trial, struct trial_batch *batch, const char *team, const char *receipt_to,
		      const struct event *events, size_t n)
{
	size_t length = submission_encode(events, n, receipt_to, batch->bytes[batch->inbox.n], SUBMISSION_BYTES_MAX);

	assert_int_not_equal(length, 0);
	put_message(batch, team, length);
	for (size_t i = 0; i < n; i++)
		expect_event(trial, batch, team, receipt_to, &events[i]);
}

void trial_put_bytes(struct trial *trial, struct trial_batch *batch, const char *team, const uint8_t *bytes,
		     size_t length)
{
	struct submission submission;

	memcpy(batch->bytes[batch->inbox.n], bytes, length);
	put_message(batch, team, length);
	if (submission_decode(bytes, length, &submission) != 0) {
		refuse(trial, VERDICT_REFUSED_MALFORMED);
		return;
	}
	for (uint32_t i = 0; i < submission.n_events; i++) {
		const struct submitted_event *arrived = &submission.events[i];
		struct result malformed = {.id_length = arrived->id_length, .verdict = VERDICT_REFUSED_MALFORMED};

		memcpy(malformed.id, arrived->id, sizeof malformed.id);
		if (arrived->malformed)
			expect(trial, batch, submission.receipt_to, &malformed);
		else
			expect_event(trial, batch, team, submission.receipt_to, &arrived->event);
	}
}

/* One receipt under inspection. */
struct inspection {
	struct trial_batch *batch;
	const char *to;
};

static void check_result(void *context, const struct result *result)
{
	const struct inspection *inspection = context;
	struct trial_batch *batch = inspection->batch;
	size_t i = 0;

	while (i < batch->n_expected && (batch->expected[i].seen || strcmp(batch->expected[i].to, inspection->to) != 0))
		i++;
	assert_true(i < batch->n_expected);
	batch->expected[i].seen = true;
	assert_int_equal(result->id_length, batch->expected[i].result.id_length);
	assert_memory_equal(result->id, batch->expected[i].result.id, result->id_length);
	if (result->verdict != batch->expected[i].result.verdict)
		fail_msg("result %zu of the batch: %s, expected %s", i, verdict_name(result->verdict),
			 verdict_name(batch->expected[i].result.verdict));
}

static int check_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct inspection inspection = {.batch = context, .to = to};

	assert_int_equal(receipt_decode(bytes, length, check_result, &inspection), 0);
	return 0;
}

void trial_count(struct trial *trial, struct trial_batch *batch)
{
	struct error error = {{0}};

	must(pipeline_run(&trial->pipeline, &batch->inbox, trial->model.today, &error), &error);
	assert_int_equal(receipts_each(trial->receipts, check_receipt, batch), 0);
	for (size_t i = 0; i < batch->n_expected; i++)
		assert_true(batch->expected[i].seen);
}

/* ---- Time and the operator -------------------------------------------------------------------------- */

/* What was refused so long ago that its ids are purged is gone from quarantine too. */
static void expire_refused(struct trial *trial)
{
	size_t kept = 0;

	for (size_t i = 0; i < trial->n_refused; i++) {
		if (trial->refused[i].day >= trial->model.purged_before)
			trial->refused[kept++] = trial->refused[i];
	}
	trial->n_refused = kept;
}

void trial_day(struct trial *trial, uint32_t today, bool confirmed)
{
	struct store_time time = {.today = today, .confirmed = confirmed, .catalogue = &trial_rules};
	uint32_t purged_before = trial->model.purged_before;
	struct error error = {{0}};
	bool moved;
	int rc;

	trial->latest = today > trial->latest ? today : trial->latest;
	model_day(&trial->model, today, confirmed);
	do
		rc = store_keep_time(trial->store, &time, &moved, &error);
	while (rc == STORE_MORE);
	must(rc, &error);
	if (trial->model.purged_before != purged_before)
		expire_refused(trial);
}

void trial_confirm_date(struct trial *trial)
{
	struct store_txn *txn;
	struct error error = {{0}};
	bool waits = trial->model.pending_day != 0;

	must(store_begin(trial->store, &txn, &error), &error);
	assert_int_equal(store_confirm_date(txn), waits ? 0 : STORE_NONE);
	must(store_commit(&txn, &error), &error);
	trial_day(trial, trial->model.today, waits);
}

void trial_cells(struct trial *trial, struct cells cells)
{
	struct store_txn *txn;
	struct error error = {{0}};

	must(store_begin(trial->store, &txn, &error), &error);
	store_put_cells(txn, cells);
	must(store_commit(&txn, &error), &error);
	trial->cells = cells;
}

void trial_revise(struct trial *trial, uint32_t quarter)
{
	struct store_txn *txn;
	struct error error = {{0}};
	uint64_t taken_in;
	int rc;

	must(store_begin(trial->store, &txn, &error), &error);
	store_revise(txn, quarter, &taken_in);
	rc = store_commit(&txn, &error);
	if (quarter > trial->model.final_through) {
		assert_int_equal(rc, FAULT_INPUT);
		return;
	}
	must(rc, &error);
	assert_int_equal(taken_in, model_revise(&trial->model, quarter));
}

/* ---- Figures -------------------------------------------------------------------------------------- */

static void check_cells(const struct trial *trial, const struct summary *summary, uint32_t first, uint32_t last)
{
	const struct model *model = &trial->model;
	const char *team = summary->team;
	uint64_t answered = 0, referred = 0;

	for (uint32_t i = 0; i < summary->n_domains; i++) {
		const struct domain_count *count = &summary->domains[i];

		answered += count->answered;
		referred += count->referred;
		if (trial->cells.policy != CELLS_LIVE)
			continue;
		assert_int_equal(count->answered, model_count(model, MODEL_COUNTED, team, first, last, count->domain, OUTCOME_ANSWERED));
		assert_int_equal(count->referred, model_count(model, MODEL_COUNTED, team, first, last, count->domain, OUTCOME_REFERRED));
	}
	assert_int_equal(answered + summary->undistributed_answered, summary->answered);
	assert_int_equal(referred + summary->undistributed_referred, summary->referred);
	if (trial->cells.policy == CELLS_LIVE)
		assert_int_equal(summary->undistributed_answered + summary->undistributed_referred, 0);
	if (trial->cells.policy == CELLS_EVERY && !summary->period.is_year && strcmp(team, TEAM_ALL) != 0)
		assert_true(summary->undistributed_answered + summary->undistributed_referred < trial->cells.every);
}

static void check_labels(const struct trial *trial, const struct summary *summary, uint32_t first, uint32_t last)
{
	if (trial->cells.policy != CELLS_LIVE)
		return;
	for (size_t i = 0; i < trial_rules.n_labels; i++) {
		uint64_t shown = 0;

		for (uint32_t l = 0; l < summary->n_labels; l++)
			shown += summary->labels[l].label == labels[i].code ? summary->labels[l].count : 0;
		assert_int_equal(shown, model_count_label(&trial->model, summary->team, first, last, labels[i].code));
	}
}

static void check_summary(const struct trial *trial, const struct figures *figures, const char *team, struct period period)
{
	uint32_t first = period_first_quarter(period), last = period_last_quarter(period);
	const struct model *model = &trial->model;
	static struct summary summary;
	struct error error = {{0}};

	must(figures_summary(figures, team, period, &summary, &error), &error);
	assert_int_equal(summary.answered, model_count(model, MODEL_COUNTED, team, first, last, 0, OUTCOME_ANSWERED));
	assert_int_equal(summary.referred, model_count(model, MODEL_COUNTED, team, first, last, 0, OUTCOME_REFERRED));
	assert_int_equal(summary.late, model_count(model, MODEL_LATE, team, first, last, 0, OUTCOME_UNSPECIFIED));
	check_cells(trial, &summary, first, last);
	check_labels(trial, &summary, first, last);
}

static void check_weeks(const struct trial *trial, const struct figures *figures, const char *team, uint32_t iso_year)
{
	struct weekly weekly;
	struct error error = {{0}};

	must(figures_weekly(figures, team, iso_year, &weekly, &error), &error);
	for (uint32_t i = 0; i < weekly.n_weeks; i++) {
		struct iso_week week = {.year = iso_year, .week = weekly.weeks[i].week};

		assert_int_equal(weekly.weeks[i].questions, model_count_week(&trial->model, team, week));
	}
}

static void check_state(const struct trial *trial, const struct store_state *state)
{
	assert_int_equal(state->clock_day, trial->model.clock_day);
	assert_int_equal(state->pending_day, trial->model.pending_day);
	assert_int_equal(state->final_through, trial->model.final_through);
	assert_int_equal(state->purged_before, trial->model.purged_before);
}

void trial_check_figures(struct trial *trial)
{
	static const char *const names[] = {"oost", "west", "zuid", TEAM_ALL};
	uint32_t last = quarter_of_day(trial->latest + 1);
	struct store_state state;
	struct store_view *view;
	struct figures figures;
	struct error error = {{0}};

	must(store_view_open(trial->store, &view, &error), &error);
	store_view_state(view, &state);
	check_state(trial, &state);
	figures = (struct figures){
		.view = view,
		.catalogue = &trial_rules,
		.standing = store_standing(&state, trial->model.today),
	};
	for (size_t t = 0; t < 4; t++) {
		for (uint32_t quarter = quarter_of_day(trial_rules.counting_since); quarter <= last; quarter++)
			check_summary(trial, &figures, names[t], period_of_quarter(quarter));
		for (uint32_t year = 2019; year <= year_of_quarter(last); year++) {
			check_summary(trial, &figures, names[t], period_of_year(year));
			check_weeks(trial, &figures, names[t], year);
		}
	}
	store_view_close(view);
}

/* ---- The store -------------------------------------------------------------------------------------- */

static void finding(void *context, const char *text)
{
	(void)context;
	print_error("verify: %s\n", text);
}

static void check_counters(const struct counters *c)
{
	assert_int_equal(c->events, c->counted + c->counted_late + c->already_counted + c->retracted + c->already_retracted +
				    c->refused_malformed + c->refused_unknown_team + c->refused_unknown_domain +
				    c->refused_unknown_label + c->refused_day_in_future + c->refused_day_too_old +
				    c->refused_retraction_too_late);
}

void trial_check_store(struct trial *trial)
{
	struct store_figures figures;
	struct error error = {{0}};
	int found = store_verify(trial->store, finding, NULL, &error);

	if (found < 0)
		print_error("verify: %s\n", error.text);
	assert_int_equal(found, 0);
	must(store_figures(trial->store, &figures, &error), &error);
	assert_int_equal(figures.quarantined, trial->n_refused);
	check_counters(&trial->counters);
}
