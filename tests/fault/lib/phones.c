/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/phones.h"

#include "tests/dice.h"
#include "tests/fault/lib/record.h"

#define CLIENT_ID "abcdefghijklmnopqrstuv"

enum { DAYS_BACK = 3, TAKEN_BACK_WITHIN = 5, CODES = 3 };

static const uint32_t codes[CODES] = {1, 3, 255};
static const char *const teams[] = {"oost", "west", "noord", "zuid" /* there is none */};

/* ---- Making batches --------------------------------------------------------------------------------- */

static uint32_t add_question(struct phones *phones, uint64_t *dice, uint32_t today)
{
	struct sent *sent = &phones->list[phones->n];
	uint32_t team = dice_below(dice, 25) ? dice_below(dice, 3) : 3;

	assert_true(phones->n < PHONES_EVENTS_MAX);
	*sent = (struct sent){
		.event = question(phones->drawn++, today - dice_below(dice, DAYS_BACK), codes[dice_below(dice, CODES)],
				  dice_below(dice, 4) ? OUTCOME_ANSWERED : OUTCOME_REFERRED),
		.refused = team == 3,
		.sent_at = NEVER,
		.receipt_at = NEVER,
	};
	if (dice_below(dice, 3) == 0)
		sent->event.labels[sent->event.n_labels++] = dice_below(dice, 2) ? 7 : 65535;
	memcpy(sent->team, teams[team], strlen(teams[team]) + 1);
	return phones->n++;
}

/* Of a question that was asked a short while ago; on another team's topic now and then. */
static uint32_t add_retraction(struct phones *phones, uint64_t *dice, uint32_t of)
{
	struct sent *sent = &phones->list[phones->n];
	const char *team = teams[dice_below(dice, 3)];

	assert_true(phones->n < PHONES_EVENTS_MAX);
	*sent = (struct sent){.sent_at = NEVER, .receipt_at = NEVER};
	sent->event = (struct event){
		.id = phones->list[of].event.id, .day = phones->list[of].event.day, .act = ACT_RETRACTION};
	memcpy(sent->team, team, strlen(team) + 1);
	return phones->n++;
}

static uint32_t choose(struct phones *phones, uint64_t *dice, uint32_t today)
{
	uint32_t what = dice_below(dice, 100), which;

	if (phones->n == 0 || what < 60)
		return add_question(phones, dice, today);
	which = phones->n > 100 && what < 90 ? phones->n - 1 - dice_below(dice, 100) : dice_below(dice, phones->n);
	if (what < 75 && phones->list[which].event.act == ACT_QUESTION && !phones->list[which].refused &&
	    phones->list[which].event.day + TAKEN_BACK_WITHIN >= today)
		return add_retraction(phones, dice, which);
	return which;
}

static void begin_batch(struct phones_batch *batch, struct phones *phones)
{
	batch->inbox = (struct inbox){.messages = batch->messages, .capacity = PHONES_MESSAGES};
	batch->n_events = batch->n_told = 0;
	batch->phones = phones;
	batch->looks_back_to = NEVER;
}

/* One submission: events of one team's topic. */
static void add_message(struct phones_batch *batch, const uint32_t *which, uint32_t n)
{
	struct inbox_message *message = &batch->messages[batch->inbox.n];
	uint8_t *bytes = batch->bytes[batch->inbox.n++];
	struct event events[SUBMISSION_EVENTS_MAX];

	for (uint32_t i = 0; i < n; i++) {
		events[i] = batch->phones->list[which[i]].event;
		batch->events[batch->n_events++] = which[i];
	}
	*message = (struct inbox_message){
		.mqtt = {.payload = bytes,
			 .length = submission_encode(events, n, CLIENT_ID, bytes, SUBMISSION_BYTES_MAX)},
	};
	memcpy(message->team, batch->phones->list[which[0]].team, sizeof message->team);
}

void phones_tap(struct phones *phones, uint64_t *dice, uint32_t today, struct phones_batch *batch)
{
	uint32_t messages = 1 + dice_below(dice, PHONES_MESSAGES), which[PHONES_IN_MESSAGE];

	begin_batch(batch, phones);
	for (uint32_t m = 0; m < messages; m++) {
		uint32_t wanted = 1 + dice_below(dice, PHONES_IN_MESSAGE), n = 0;

		which[n++] = choose(phones, dice, today);
		while (n < wanted) {
			uint32_t before = phones->n, next = choose(phones, dice, today);

			if (strcmp(phones->list[next].team, phones->list[which[0]].team) == 0) {
				which[n++] = next;
			} else {
				phones->n = before; /* what is new stays unsaid: weeks later it might come too late */
				wanted--;
			}
		}
		add_message(batch, which, n);
	}
}

bool phones_repeat(struct phones *phones, uint64_t *dice, uint32_t moment, uint32_t *next, struct phones_batch *batch)
{
	begin_batch(batch, phones);
	batch->looks_back_to = moment;
	while (*next < phones->n && batch->inbox.n < PHONES_MESSAGES) {
		const struct sent *sent = &phones->list[(*next)++];
		uint32_t which = *next - 1;

		if (sent->sent_at <= moment && (sent->receipt_at > moment || dice_below(dice, 16) == 0))
			add_message(batch, &which, 1);
	}
	return batch->inbox.n > 0;
}

/* ---- Counting --------------------------------------------------------------------------------------- */

static void take_result(void *context, const struct result *result)
{
	struct phones_batch *batch = context;
	struct sent *sent = &batch->phones->list[batch->events[batch->n_told++]];

	assert_int_equal(result->id_length, EVENT_ID_BYTES);
	assert_memory_equal(result->id, &sent->event.id, EVENT_ID_BYTES);
	assert_int_equal(words_verdict_is_refusal(result->verdict), sent->refused);
	if (batch->looks_back_to == NEVER) {
		sent->receipt_at = sent->receipt_at == NEVER ? (uint32_t)record_length() : sent->receipt_at;
		sent->verdict = result->verdict;
	} else if (sent->receipt_at <= batch->looks_back_to && !sent->refused) {
		assert_true(result->verdict == VERDICT_ALREADY_COUNTED || result->verdict == VERDICT_ALREADY_RETRACTED);
	}
}

static int take_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	assert_string_equal(to, CLIENT_ID);
	assert_int_equal(receipt_decode(bytes, length, take_result, context), 0);
	return 0;
}

static int count_receipt(void *context, const char *to, const uint8_t *bytes, size_t length)
{
	(void)to;
	(void)bytes;
	(void)length;
	++*(unsigned *)context;
	return 0;
}

int phones_count(struct pipeline *pipeline, struct phones_batch *batch, uint32_t today, struct error *error)
{
	unsigned receipts = 0;
	int rc = pipeline_run(pipeline, &batch->inbox, today, error);

	if (rc < 0) {
		(void)receipts_each(pipeline->receipts, count_receipt, &receipts);
		assert_int_equal(receipts, 0);
		return rc;
	}
	assert_int_equal(receipts_each(pipeline->receipts, take_receipt, batch), 0);
	assert_int_equal(batch->n_told, batch->n_events);
	return 0;
}

/* ---- Looking ------------------------------------------------------------------------------------------ */

static bool taken_back(const struct phones *phones, const struct sent *sent, uint32_t moment)
{
	for (uint32_t i = 0; i < phones->n; i++) {
		const struct sent *other = &phones->list[i];

		if (other->event.act == ACT_RETRACTION && other->sent_at <= moment &&
		    memcmp(&other->event.id, &sent->event.id, sizeof other->event.id) == 0)
			return true;
	}
	return false;
}

void phones_check_known(const struct phones *phones, uint32_t moment, struct stage *stage, struct store_txn *txn)
{
	struct store_state state;

	store_txn_state(txn, &state);
	for (uint32_t i = 0; i < phones->n; i++) {
		const struct sent *sent = &phones->list[i];
		struct event asked = sent->event;
		struct folded folded;

		if (sent->receipt_at > moment || sent->refused || asked.day < state.purged_before)
			continue;
		asked.act = ACT_QUESTION;
		asked.domain = 1;
		asked.outcome = OUTCOME_ANSWERED;
		asked.n_labels = 0;
		fold_one(stage, txn, "oost", asked, &folded);
		if (folded.verdict == VERDICT_ALREADY_RETRACTED &&
		    (sent->event.act == ACT_RETRACTION || taken_back(phones, sent, moment)))
			continue;
		if (folded.verdict != VERDICT_ALREADY_COUNTED || sent->event.act == ACT_RETRACTION)
			fail_msg("event %u had %s in its receipt, and now it is %s", i, words_verdict(sent->verdict),
				 words_verdict(folded.verdict));
	}
}

/* By team, domain and outcome. */
struct counts {
	uint64_t of[3][CODES][2];
};

static void expect_counts(const struct phones *phones, uint32_t moment, struct counts *counts)
{
	*counts = (struct counts){0};
	for (uint32_t i = 0; i < phones->n; i++) {
		const struct sent *sent = &phones->list[i];
		uint32_t team = 0, code = 0;

		if (sent->sent_at > moment || sent->refused || sent->event.act != ACT_QUESTION ||
		    taken_back(phones, sent, moment))
			continue;
		while (strcmp(teams[team], sent->team) != 0)
			team++;
		while (codes[code] != sent->event.domain)
			code++;
		counts->of[team][code][sent->event.outcome == OUTCOME_REFERRED]++;
	}
}

void phones_check_counts(const struct phones *phones, uint32_t moment, struct stage *stage)
{
	struct counts expected;

	expect_counts(phones, moment, &expected);
	for (uint32_t team = 0; team < 3; team++) {
		struct tally before = tally_of(stage, teams[team], Q3_2019),
			     now = tally_of(stage, teams[team], Q4_2019);

		for (uint32_t code = 0; code < CODES; code++) {
			uint32_t c = codes[code];

			assert_int_equal(before.answered[c].counted + now.answered[c].counted,
					 expected.of[team][code][0]);
			assert_int_equal(before.referred[c].counted + now.referred[c].counted,
					 expected.of[team][code][1]);
		}
	}
}

void phones_forget_after(struct phones *phones, uint32_t moment)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < phones->n; i++) {
		struct sent sent = phones->list[i];

		if (sent.sent_at > moment)
			continue;
		sent.sent_at = sent.receipt_at = 0;
		phones->list[kept++] = sent;
	}
	phones->n = kept;
}
