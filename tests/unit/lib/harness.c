/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/harness.h"

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

#include "proto/calendar.h"
#include "proto/proof.h"
#include "store/admin/admin.h"
#include "store/store_view.h"

static const bool proof_optional = true;

static struct team teams[] = {
	{.id = "oost", .name = "Oost"},
	{.id = "west", .name = "West", .valid_until = HARNESS_START + 20},
	{.id = "zuid", .name = "Zuid", .valid_from = HARNESS_START + 5},
};
static struct domain domains[] = {
	{.code = 1, .name = "Financiën", .position = 1},
	{.code = 2, .name = "Dagbesteding", .valid_until = HARNESS_START + 12, .position = 2},
	{.code = 12, .name = "Werk & opleiding", .valid_from = HARNESS_START + 12, .rolls_up_to = 2, .position = 3},
};
static struct label labels[] = {
	{.code = 3, .name = "Sportfonds", .kind = LABEL_SUBJECT},
	{.code = 4, .name = "Toeslagen", .kind = LABEL_SUBJECT, .domain = 1},
	{.code = 9, .name = "Inloop", .kind = LABEL_ORIGIN, .valid_until = HARNESS_START + 30},
};
const struct catalogue harness_rules = {
	.version = 1,
	.org = "toets",
	.name = "Toets",
	.timezone = "Europe/Amsterdam",
	.accept_days = 50,
	.retract_days = 4,
	.grace_days = 9,
	.counting_since = HARNESS_START - 30,
	.teams = teams,
	.n_teams = 3,
	.domains = domains,
	.n_domains = 3,
	.labels = labels,
	.n_labels = 3,
};

static uint32_t draw(struct harness *harness, uint32_t sides)
{
	return harness->dice.throw(harness->dice.context, sides);
}

/* ---- The parts ----------------------------------------------------------------------------------- */

static void must(int rc, const struct error *error)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, error->text);
}

static void open_store(struct harness *harness)
{
	struct store_options options = {
		.path = harness->path,
		.org = "toets",
		.as_daemon = true,
		.unix_seconds = harness->unix_seconds,
		.today = harness->now.model.today,
		.map_bytes = 64 << 10, /* it grows under way */
		.quarantine_limit = HARNESS_QUARANTINE,
	};
	struct error error = {{0}};

	must(store_open(&harness->store, &options, &error), &error);
	harness->pipeline.store = harness->store;
}

static struct store_state look(struct harness *harness)
{
	struct store_view *view;
	struct store_state state;
	struct error error = {{0}};

	must(store_view_open(harness->store, &view, &error), &error);
	store_view_state(view, &state);
	store_view_close(view);
	return state;
}

/* A second later; the generation rises whatever came back. */
static void open_again(struct harness *harness, const struct store_state *before, bool restored)
{
	struct store_state after;

	harness->unix_seconds++;
	open_store(harness);
	after = look(harness);
	assert_true(after.generation > before->generation);
	assert_true(restored == (strcmp(after.epoch, before->epoch) != 0));
}

void harness_reopen(struct harness *harness)
{
	struct store_state before = look(harness);

	store_close(harness->store);
	open_again(harness, &before, false);
}

struct operation {
	void (*act)(struct store_txn *txn, void *context);
	void *context;
};

static int act(void *context, struct store_txn *txn, struct error *error)
{
	const struct operation *operation = context;

	(void)error;
	operation->act(txn, operation->context);
	return 0;
}

/* A transaction of the operator's. 0 or its fault. */
static int operate(struct harness *harness, void (*what)(struct store_txn *txn, void *context), void *context,
		   struct error *error)
{
	struct operation operation = {what, context};

	return store_change(harness->store, act, &operation, error);
}

static void put_rules(struct store_txn *txn, void *cells)
{
	store_put_catalogue(txn, &harness_rules);
	store_put_cells(txn, *(struct cells *)cells);
}

static bool has_secret(size_t id)
{
	return id / 2 % 2 != 0;
}

void harness_init(struct harness *harness, struct cells cells, struct harness_dice dice)
{
	const char *place = getenv("TMPDIR");
	struct error error = {{0}};

	/* In memory where there is such a place: thousands of sequences need no disk. */
	if (!place)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	*harness = (struct harness){.now.cells = cells, .dice = dice, .unix_seconds = 1577000000};
	(void)snprintf(harness->folder, sizeof harness->folder, "%s/turf-harness-XXXXXX", place);
	assert_non_null(mkdtemp(harness->folder));
	(void)snprintf(harness->path, sizeof harness->path, "%s/store", harness->folder);
	(void)snprintf(harness->backup, sizeof harness->backup, "%s/backup", harness->folder);
	model_init(&harness->now.model, &harness_rules, HARNESS_START);
	open_store(harness);
	must(operate(harness, put_rules, &cells, &error), &error);
	harness->receipts = receipts_new();
	harness->publisher = publisher_new(1000);
	assert_true(harness->receipts && harness->publisher);
	harness->pipeline = (struct pipeline){
		.store = harness->store,
		.catalogue = &harness_rules,
		.proof_optional = &proof_optional,
		.receipts = harness->receipts,
		.counters = &harness->counters,
		.publisher = harness->publisher,
	};
	for (size_t i = 0; i < HARNESS_IDS; i++) { /* two and two alike but for the last byte */
		memset(harness->ids[i].bytes, (int)(i / 2 + 1), EVENT_ID_BYTES);
		harness->ids[i].bytes[EVENT_ID_BYTES - 1] = (uint8_t)i;
		if (has_secret(i)) {
			memcpy(harness->secrets[i].bytes, harness->ids[i].bytes, EVENT_SECRET_BYTES);
			must(proof_id(&harness->secrets[i], &harness->ids[i], &error), &error);
		}
	}
	harness_day(harness, HARNESS_START, false);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void harness_release(struct harness *harness)
{
	store_close(harness->store);
	receipts_free(harness->receipts);
	publisher_free(harness->publisher);
	model_release(&harness->now.model);
	model_release(&harness->saved.model);
	remove_tree(harness->folder);
}

/* ---- Events -------------------------------------------------------------------------------------- */

const char *harness_team(struct harness *harness)
{
	static const char *const topics[] = {"oost", "oost", "west", "zuid", "noord", ""};

	return topics[draw(harness, 6)];
}

struct event harness_event(struct harness *harness)
{
	static const uint32_t codes[] = {1, 1, 1, 2, 12, 7, 0};
	static const uint32_t tags[] = {3, 4, 9, 5};
	size_t which = draw(harness, HARNESS_IDS);
	struct event event = {.id = harness->ids[which]};

	/* The same id comes on a few days only, so that resends and retractions meet what is known. */
	event.day = harness->now.model.today + 2 - draw(harness, draw(harness, 4) ? 8 : 75);
	event.day -= event.day % 3;
	event.act = draw(harness, 3) ? ACT_QUESTION : ACT_RETRACTION;
	if (event.act == ACT_RETRACTION) {
		event.has_proof = has_secret(which);
		event.proof = harness->secrets[which];
		return event;
	}
	event.domain = codes[draw(harness, 7)];
	event.outcome = draw(harness, 4) ? OUTCOME_ANSWERED : OUTCOME_REFERRED;
	for (uint32_t i = 0; i < 4 && draw(harness, 6) == 0; i++) {
		uint32_t label = tags[draw(harness, 4)];

		if (event.n_labels == 0 || event.labels[event.n_labels - 1] < label)
			event.labels[event.n_labels++] = label;
	}
	return event;
}

/* ---- One batch ------------------------------------------------------------------------------------ */

void harness_batch_init(struct harness_batch *batch)
{
	batch->inbox = (struct inbox){.messages = batch->messages, .capacity = HARNESS_MESSAGES};
	batch->n_expected = 0;
}

static void put_message(struct harness_batch *batch, const char *team, size_t length)
{
	struct inbox_message *message = &batch->messages[batch->inbox.n];

	assert_true(batch->inbox.n < HARNESS_MESSAGES && length <= HARNESS_BYTES);
	*message = (struct inbox_message){.mqtt = {.payload = batch->bytes[batch->inbox.n], .length = length}};
	memcpy(message->team, team, strlen(team) + 1);
	batch->inbox.n++;
}

/* The oldest of the reason makes room. */
static void forget_oldest(struct harness *harness, enum verdict reason)
{
	size_t of_reason = 0, first = harness->now.n_refused;

	for (size_t i = harness->now.n_refused; i-- > 0;) {
		if (harness->now.refused[i].reason != reason)
			continue;
		of_reason++;
		first = i;
	}
	if (of_reason < HARNESS_QUARANTINE)
		return;
	harness->now.n_refused--;
	memmove(&harness->now.refused[first], &harness->now.refused[first + 1],
		(harness->now.n_refused - first) * sizeof *harness->now.refused);
}

static void refuse(struct harness *harness, enum verdict reason)
{
	forget_oldest(harness, reason);
	assert_true(harness->now.n_refused < HARNESS_REFUSED);
	harness->now.refused[harness->now.n_refused++] =
		(struct harness_refused){.reason = reason, .day = harness->now.model.today};
}

static void expect(struct harness *harness, struct harness_batch *batch, const char *to, const struct result *result)
{
	struct harness_expected *expected = &batch->expected[batch->n_expected];

	if (words_verdict_is_refusal(result->verdict))
		refuse(harness, result->verdict);
	if (!to[0] || result->id_length == 0)
		return;
	*expected = (struct harness_expected){.result = *result};
	memcpy(expected->to, to, strlen(to) + 1);
	batch->n_expected++;
}

static void expect_event(struct harness *harness, struct harness_batch *batch, const char *team, const char *to,
			 const struct event *event)
{
	struct result result = {.id_length = EVENT_ID_BYTES, .verdict = model_apply(&harness->now.model, event, team)};

	memcpy(result.id, event->id.bytes, EVENT_ID_BYTES);
	expect(harness, batch, to, &result);
}

void harness_put_events(struct harness *harness, struct harness_batch *batch, const char *team, const char *receipt_to,
			const struct event *events, size_t n)
{
	size_t length = submission_encode(events, n, receipt_to, batch->bytes[batch->inbox.n], SUBMISSION_BYTES_MAX);

	assert_int_not_equal(length, 0);
	put_message(batch, team, length);
	for (size_t i = 0; i < n; i++)
		expect_event(harness, batch, team, receipt_to, &events[i]);
}

/* A proof that is there must be the right one, also where it may be left out. */
static bool proves_nothing(const struct event *event)
{
	return event->act == ACT_RETRACTION && event->has_proof && proof_check(&event->proof, &event->id, NULL) != 0;
}

void harness_put_bytes(struct harness *harness, struct harness_batch *batch, const char *team, const uint8_t *bytes,
		       size_t length)
{
	struct submission submission;

	memcpy(batch->bytes[batch->inbox.n], bytes, length);
	put_message(batch, team, length);
	if (submission_decode(bytes, length, &submission) != 0) {
		refuse(harness, VERDICT_REFUSED_MALFORMED);
		return;
	}
	for (uint32_t i = 0; i < submission.n_events; i++) {
		struct submitted_event *arrived = &submission.events[i];
		struct result malformed = {.id_length = arrived->id_length, .verdict = VERDICT_REFUSED_MALFORMED};

		memcpy(malformed.id, arrived->id, sizeof malformed.id);
		if (arrived->malformed || proves_nothing(&arrived->event))
			expect(harness, batch, submission.receipt_to, &malformed);
		else
			expect_event(harness, batch, team, submission.receipt_to, &arrived->event);
	}
}

/* One receipt under inspection. */
struct inspection {
	struct harness_batch *batch;
	const char *to;
};

static void check_result(void *context, const struct result *result)
{
	const struct inspection *inspection = context;
	struct harness_batch *batch = inspection->batch;
	size_t i = 0;

	while (i < batch->n_expected && (batch->expected[i].seen || strcmp(batch->expected[i].to, inspection->to) != 0))
		i++;
	assert_true(i < batch->n_expected);
	batch->expected[i].seen = true;
	assert_int_equal(result->id_length, batch->expected[i].result.id_length);
	assert_memory_equal(result->id, batch->expected[i].result.id, result->id_length);
	if (result->verdict != batch->expected[i].result.verdict)
		fail_msg("result %zu of the batch: %s, expected %s", i, words_verdict(result->verdict),
			 words_verdict(batch->expected[i].result.verdict));
}

static int check_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	struct inspection inspection = {.batch = context, .to = to};

	assert_int_equal(receipt_decode(bytes, length, check_result, &inspection), 0);
	return 0;
}

void harness_count(struct harness *harness, struct harness_batch *batch)
{
	struct error error = {{0}};

	must(pipeline_run(&harness->pipeline, &batch->inbox, harness->now.model.today, &error), &error);
	assert_int_equal(receipts_each(harness->receipts, check_receipt, batch), 0);
	for (size_t i = 0; i < batch->n_expected; i++)
		assert_true(batch->expected[i].seen);
}

/* ---- Time and the operator -------------------------------------------------------------------------- */

/* What was refused so long ago that its ids are purged is gone from quarantine too. */
static void expire_refused(struct harness *harness)
{
	size_t kept = 0;

	for (size_t i = 0; i < harness->now.n_refused; i++) {
		if (harness->now.refused[i].day >= harness->now.model.purged_before)
			harness->now.refused[kept++] = harness->now.refused[i];
	}
	harness->now.n_refused = kept;
}

void harness_day(struct harness *harness, uint32_t today, bool confirmed)
{
	struct store_time time = {.today = today, .confirmed = confirmed, .catalogue = &harness_rules};
	uint32_t purged_before = harness->now.model.purged_before;
	struct error error = {{0}};
	bool changed;
	int rc;

	harness->latest = today > harness->latest ? today : harness->latest;
	model_day(&harness->now.model, today, confirmed);
	do
		rc = store_keep_time(harness->store, &time, &changed, &error);
	while (rc == STORE_MORE);
	must(rc, &error);
	if (harness->now.model.purged_before != purged_before)
		expire_refused(harness);
}

static void confirm(struct store_txn *txn, void *confirmed)
{
	*(int *)confirmed = store_confirm_date(txn);
}

void harness_confirm_date(struct harness *harness)
{
	struct error error = {{0}};
	bool waits = harness->now.model.pending_day != 0;
	int confirmed;

	must(operate(harness, confirm, &confirmed, &error), &error);
	assert_int_equal(confirmed, waits ? 0 : STORE_NOTHING_DONE);
	harness_day(harness, harness->now.model.today, waits);
}

static void put_cells(struct store_txn *txn, void *cells)
{
	store_put_cells(txn, *(struct cells *)cells);
}

void harness_cells(struct harness *harness, struct cells cells)
{
	struct error error = {{0}};

	must(operate(harness, put_cells, &cells, &error), &error);
	harness->now.cells = cells;
}

struct revision {
	uint32_t quarter;
	uint64_t taken_in;
};

static void revise(struct store_txn *txn, void *context)
{
	struct revision *revision = context;

	store_revise(txn, revision->quarter, &revision->taken_in);
}

void harness_revise(struct harness *harness, uint32_t quarter)
{
	struct revision revision = {.quarter = quarter};
	struct error error = {{0}};
	int rc = operate(harness, revise, &revision, &error);

	if (quarter > harness->now.model.final_through) {
		assert_int_equal(rc, FAULT_INPUT);
		return;
	}
	must(rc, &error);
	assert_int_equal(revision.taken_in, model_revise(&harness->now.model, quarter));
}

/* ---- Backups ----------------------------------------------------------------------------------------- */

static void copy_accounts(const struct harness_accounts *from, struct harness_accounts *to)
{
	struct model_entry *entries = malloc((from->model.n + 1) * sizeof *entries);

	assert_non_null(entries);
	if (from->model.n > 0)
		memcpy(entries, from->model.entries, from->model.n * sizeof *entries);
	model_release(&to->model);
	*to = *from;
	to->model.entries = entries;
	to->model.capacity = from->model.n + 1;
}

void harness_backup(struct harness *harness)
{
	struct error error = {{0}};

	remove_tree(harness->backup);
	must(store_backup(harness->store, harness->backup, &error), &error);
	copy_accounts(&harness->now, &harness->saved);
	harness->has_backup = true;
}

void harness_restore(struct harness *harness)
{
	struct store_state before = look(harness);
	uint32_t today = harness->now.model.today;
	struct error error = {{0}};

	if (!harness->has_backup)
		return;
	store_close(harness->store);
	harness->unix_seconds++;
	must(store_restore(harness->backup, harness->path, true, harness->unix_seconds, &error), &error);
	copy_accounts(&harness->saved, &harness->now);
	open_again(harness, &before, true);
	harness_day(harness, today, false);
}
