/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The power fails while a phone keeps its taps, at every write and every sync, and what was not synced is lost in every
 * way that a disk may lose it. Whatever is left opens, and holds every tap whose turf_question returned, waiting or
 * answered as it was; of taps registered together all or none.
 *
 * One session goes on from where a cut left the one before. In the second test the disk also fails now and then.
 * TURF_SEED and TURF_CHAINS choose other runs; a failure prints its seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "broker-client/libturf/outbox_tap.h"
#include "broker-client/libturf/turf_impl.h"
#include "tests/dice.h"
#include "tests/fault/lib/chains.h"
#include "tests/fault/lib/deed.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam.h"

enum {
	CHAINS = 3,
	CHAIN = 3,  /* sessions that go on from each other */
	STEPS = 40, /* of a session */
	TAPS_MAX = 1500,
	TOGETHER_MAX = 5,
	DAY = 18215,
};

struct known_tap {
	struct turf_id id;
	struct turf_question question;
	uint32_t batch; /* those registered together */
	struct deed added, taken_back, answered, answered_back;
	bool refused;
};

static struct {
	char folder[FOLDER_BYTES], base[FOLDER_BYTES + 8], image[FOLDER_BYTES + 8], path[PATH_MAX];
	bool failing; /* the disk, now and then */
	uint64_t dice, cuts;
	struct turf *turf;
	struct known_tap taps[TAPS_MAX];
	uint32_t n, batches;
	struct deed opened, requeued;
	uint8_t epoch;
	uint32_t began; /* where the session's own entries begin */
} fixture;

static const char *const teams[] = {"oost", "west", "noord"};

static uint32_t draw(uint32_t below)
{
	return dice_below(&fixture.dice, below);
}

/* ---- A session ---------------------------------------------------------------------------------------- */

static void trouble(void)
{
	chains_trouble(&fixture.dice, fixture.failing, 16);
}

/* A call has returned: it has done its work, or the disk was told to fail. */
static bool returned(int rc, struct deed *deed)
{
	const char *failed = seam_disarm();

	if (rc < 0)
		assert_non_null(failed);
	if (rc == 0)
		deed->done = deed_now();
	return rc == 0;
}

static void open_phone(const char *folder)
{
	struct turf_options options = {.size = sizeof options, .org = "dekop", .outbox = fixture.path};
	struct turf_error error;
	int rc;

	(void)snprintf(fixture.path, sizeof fixture.path, "%s/outbox", folder);
	fixture.opened.begun = deed_now() < fixture.opened.begun ? deed_now() : fixture.opened.begun;
	rc = turf_open(&fixture.turf, &options, &error);
	if (rc != 0 && seam_disarm())
		rc = turf_open(&fixture.turf, &options, &error);
	(void)seam_disarm();
	if (rc != 0)
		fail_msg("%s", error.text);
	fixture.opened.done = deed_now() < fixture.opened.done ? deed_now() : fixture.opened.done;
}

static void close_phone(void)
{
	turf_close(fixture.turf);
	fixture.turf = NULL;
}

static struct turf_question new_question(void)
{
	struct turf_question question = {
		.size = sizeof question,
		.team = teams[draw(3)],
		.day = DAY - draw(4),
		.domain = 1 + draw(255),
		.outcome = draw(4) ? TURF_ANSWERED : TURF_REFERRED,
		.n_labels = draw(3) == 0,
		.labels = {1 + draw(1000)},
	};

	return question;
}

static void tap(void)
{
	uint32_t n = 1 + draw(TOGETHER_MAX);
	struct turf_question questions[TOGETHER_MAX];
	struct turf_id ids[TOGETHER_MAX];
	struct deed deed = {.begun = deed_now(), .done = NEVER};
	struct turf_bookmark bookmark = {{0}};
	bool there;

	put_be32(bookmark.bytes, fixture.batches);
	for (uint32_t i = 0; i < n; i++)
		questions[i] = new_question();
	trouble();
	there = returned(turf_questions(fixture.turf, questions, n, ids, &bookmark, NULL), &deed);
	/* Without the ids nobody can ask for them; what was begun and is there all the same shows in check_list. */
	for (uint32_t i = 0; i < n && there; i++) {
		assert_true(fixture.n < TAPS_MAX);
		fixture.taps[fixture.n++] = (struct known_tap){
			.id = ids[i],
			.question = questions[i],
			.batch = fixture.batches,
			.added = deed,
			.taken_back = {NEVER, NEVER},
			.answered = {NEVER, NEVER},
			.answered_back = {NEVER, NEVER},
		};
	}
	fixture.batches++;
}

static void take_back(void)
{
	struct known_tap *known =
		fixture.n ? &fixture.taps[fixture.n - 1 - draw(fixture.n < 20 ? fixture.n : 20)] : NULL;

	if (!known || known->taken_back.begun != NEVER)
		return;
	known->taken_back.begun = deed_now();
	trouble();
	(void)returned(turf_retract(fixture.turf, &known->id, NULL), &known->taken_back);
}

static struct known_tap *find(const struct event_id *id)
{
	for (uint32_t i = 0; i < fixture.n; i++)
		if (memcmp(fixture.taps[i].id.bytes, id->bytes, EVENT_ID_BYTES) == 0)
			return &fixture.taps[i];
	return NULL;
}

/* What is asked for again, after a new epoch, was asked for before. */
static void earliest(struct deed *known, struct deed deed)
{
	known->begun = deed.begun < known->begun ? deed.begun : known->begun;
	known->done = deed.done < known->done ? deed.done : known->done;
}

/* Receipts for some of what waits. */
static void answer(void)
{
	struct outbox_entry entries[8];
	struct outbox_result results[8];
	struct known_tap *known[8];
	struct deed deed = {.begun = deed_now(), .done = NEVER};
	struct error error;
	uint64_t last;
	size_t n;

	assert_int_equal(outbox_load(fixture.turf->outbox, 0, entries, 1 + draw(8), &n, &last, &error), 0);
	for (size_t i = 0; i < n; i++) {
		bool back = entries[i].event.act == ACT_RETRACTION;

		results[i] = (struct outbox_result){
			.seq = entries[i].seq,
			.id = entries[i].event.id,
			.act = entries[i].event.act,
			.verdict = back       ? VERDICT_RETRACTED
				   : draw(12) ? VERDICT_COUNTED
					      : VERDICT_REFUSED_UNKNOWN_TEAM,
		};
		known[i] = find(&entries[i].event.id);
		if (known[i])
			earliest(back ? &known[i]->answered_back : &known[i]->answered, deed);
	}
	trouble();
	if (!returned(outbox_apply_results(fixture.turf->outbox, results, n, &error), &deed))
		return;
	for (size_t i = 0; i < n; i++)
		if (known[i])
			earliest(results[i].act == ACT_RETRACTION ? &known[i]->answered_back : &known[i]->answered,
				 deed);
}

static void hear_news(void)
{
	uint8_t epoch[EPOCH_BYTES] = {0}, catalogue[5000];
	struct deed deed = {deed_now(), NEVER};
	struct error error;

	trouble();
	if (draw(2)) {
		memset(catalogue, (int)draw(256), sizeof catalogue);
		(void)returned(
			outbox_put_catalogue(fixture.turf->outbox, catalogue, 1 + draw(sizeof catalogue - 1), &error),
			&deed);
		return;
	}
	epoch[0] = ++fixture.epoch;
	fixture.requeued.begun = deed_now() < fixture.requeued.begun ? deed_now() : fixture.requeued.begun;
	(void)returned(outbox_check_epoch(fixture.turf->outbox, epoch, &error), &deed);
}

static void run_session(void)
{
	record_begin(fixture.base);
	fixture.began = deed_now();
	fixture.opened.begun = fixture.opened.begun == NEVER ? NEVER : deed_now();
	fixture.opened.done = fixture.opened.done == NEVER ? NEVER : deed_now();
	trouble();
	open_phone(fixture.base);
	for (int step = 0; step < STEPS; step++) {
		uint32_t what = draw(100);

		if (what < 55)
			tap();
		else if (what < 65)
			take_back();
		else if (what < 90)
			answer();
		else if (what < 95)
			hear_news();
		else {
			close_phone();
			trouble();
			open_phone(fixture.base);
		}
	}
	record_end();
	close_phone();
}

/* ---- What is left after a cut ---------------------------------------------------------------------------- */

static void check_content(const struct known_tap *known, const struct turf_tap *found)
{
	const struct turf_question *asked = &known->question;

	assert_string_equal(found->team, asked->team);
	assert_int_equal(found->day, asked->day);
	assert_int_equal(found->domain, asked->domain);
	assert_int_equal(found->outcome, asked->outcome);
	assert_int_equal(found->n_labels, asked->n_labels);
	assert_memory_equal(found->labels, asked->labels, asked->n_labels * sizeof asked->labels[0]);
}

/* A tap that waits is sent until a receipt names it; one that has its receipt is not asked for again. */
static void check_tap(const struct known_tap *known, uint32_t moment)
{
	struct event_id id;
	struct turf_tap found = {.size = sizeof found};
	struct tap inner;

	if (!deed_done(known->added, moment))
		return;
	memcpy(id.bytes, known->id.bytes, sizeof id.bytes);
	if (turf_get(fixture.turf, &known->id, &found, NULL) != 0)
		fail_msg("a tap of batch %u is lost", known->batch);
	check_content(known, &found);
	assert_int_equal(outbox_tap(fixture.turf->outbox, &id, &inner, NULL), 0);
	if (!deed_begun(known->answered, moment))
		assert_true(inner.question_seq != 0);
	if (deed_done(known->answered, moment) && !deed_begun(fixture.requeued, moment))
		assert_true(inner.question_seq == 0);
	if (deed_done(known->taken_back, moment) && !deed_begun(known->answered_back, moment))
		assert_true(inner.has_retraction && inner.retraction_seq != 0);
	if (!deed_begun(known->taken_back, moment))
		assert_false(inner.has_retraction);
}

/* The list and the queue belong together; of a batch all or none is there. */
static void check_list(uint32_t moment)
{
	struct outbox_entry *entries = calloc(TAPS_MAX * 2, sizeof *entries);
	struct tap *taps = NULL;
	size_t n, waiting = 0, queued, sendable;
	uint64_t last;

	(void)moment;
	assert_int_equal(outbox_list(fixture.turf->outbox, &taps, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		waiting += (taps[i].question_seq != 0) + (size_t)(taps[i].retraction_seq != 0);
	assert_int_equal(outbox_pending(fixture.turf->outbox, &queued, NULL), 0);
	assert_int_equal(queued, waiting);
	assert_int_equal(outbox_load(fixture.turf->outbox, 0, entries, TAPS_MAX * 2, &sendable, &last, NULL), 0);
	assert_true(sendable <= queued);
	free(taps);
	free(entries);
}

/* The bookmark of a batch is written with its taps. */
static void check_bookmark(uint32_t moment)
{
	uint8_t bookmark[BOOKMARK_BYTES];
	uint32_t batch = 0;
	int rc = outbox_bookmark(fixture.turf->outbox, bookmark, NULL);
	bool any = rc == 0;

	assert_true(rc == 0 || rc == TURF_UNKNOWN);
	if (any)
		batch = get_be32(bookmark);
	for (uint32_t i = 0; i < fixture.n; i++) {
		const struct known_tap *known = &fixture.taps[i];
		struct turf_tap found = {.size = sizeof found};

		if (deed_done(known->added, moment))
			assert_true(any && batch >= known->batch);
		else if (any && batch >= known->batch)
			assert_int_equal(turf_get(fixture.turf, &known->id, &found, NULL), 0);
		else
			assert_int_equal(turf_get(fixture.turf, &known->id, &found, NULL), TURF_UNKNOWN);
	}
}

static void check_image(uint32_t moment, const char *image)
{
	struct deed opened = fixture.opened;
	uint8_t *bytes = NULL;
	size_t length;
	int rc;

	open_phone(image);
	fixture.opened = opened;
	for (uint32_t i = 0; i < fixture.n; i++)
		check_tap(&fixture.taps[i], moment);
	check_list(moment);
	check_bookmark(moment);
	rc = outbox_catalogue(fixture.turf->outbox, &bytes, &length, NULL);
	assert_true(rc == 0 || rc == TURF_UNKNOWN);
	free(bytes);
	close_phone();
	fixture.cuts++;
}

static void cut_here(const struct power *power, uint64_t *dice)
{
	folder_clear(fixture.image);
	power_cut(power, (enum cut)dice_below(dice, CUTS), dice, fixture.image);
	check_image((uint32_t)power_at(power), fixture.image);
}

/* What turf_question promised was synced when it returned. */
static void check_promises(const struct power *power)
{
	for (uint32_t i = 0; i < fixture.n; i++)
		if (fixture.taps[i].added.done == power_at(power) && power_at(power) > fixture.began)
			assert_true(power_holds(power, "outbox/data.mdb", fixture.taps[i].id.bytes, EVENT_ID_BYTES));
}

static void cut_everywhere(uint64_t *dice)
{
	struct power *power = power_new();

	do {
		if (power_at(power) < fixture.began)
			continue;
		check_promises(power);
		cut_here(power, dice);
		cut_here(power, dice);
	} while (power_step(power));
	power_free(power);
}

/* The next session goes on from a cut somewhere in this one; what came later never was. */
static void go_on(uint64_t *dice)
{
	uint32_t at = fixture.began + dice_below(dice, deed_now() - fixture.began + 1), kept = 0;
	struct power *power = power_new();

	while (power_at(power) < at && power_step(power))
		;
	at = (uint32_t)power_at(power);
	cut_here(power, dice);
	power_free(power);
	open_phone(fixture.image);
	for (uint32_t i = 0; i < fixture.n; i++) {
		struct known_tap known = fixture.taps[i];
		struct turf_tap found = {.size = sizeof found};

		if (turf_get(fixture.turf, &known.id, &found, NULL) != 0)
			continue;
		known.added = (struct deed){0, 0};
		known.taken_back = deed_before(known.taken_back, at);
		known.answered = deed_before(known.answered, at);
		known.answered_back = deed_before(known.answered_back, at);
		fixture.taps[kept++] = known;
	}
	close_phone();
	fixture.n = kept;
	fixture.requeued = deed_before(fixture.requeued, at);
	fixture.opened = (struct deed){0, 0};
	folder_copy(fixture.image, fixture.base);
}

/* ---- Chains of sessions ------------------------------------------------------------------------------------- */

static uint64_t run_chain(uint64_t seed, bool failing)
{
	uint64_t dice = ~seed;

	memset(&fixture, 0, sizeof fixture);
	folder_make(fixture.folder);
	(void)snprintf(fixture.base, sizeof fixture.base, "%s/base", fixture.folder);
	(void)snprintf(fixture.image, sizeof fixture.image, "%s/image", fixture.folder);
	folder_clear(fixture.base);
	fixture.failing = failing;
	fixture.dice = seed * 1000003;
	fixture.opened = fixture.requeued = (struct deed){NEVER, NEVER};
	for (int session = 0; session < CHAIN; session++) {
		run_session();
		cut_everywhere(&dice);
		go_on(&dice);
	}
	record_forget();
	folder_remove(fixture.folder);
	return fixture.cuts;
}

int main(void)
{
	return chains_main("power cuts, phone", CHAINS, run_chain);
}
