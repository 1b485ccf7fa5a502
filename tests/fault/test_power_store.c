/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The power fails while the store works, at every write and every sync, and what was not synced is lost in every way
 * that a disk may lose it. Whatever is left opens, verifies, and knows every event that had its receipt; and when the
 * phones have said again what had none, every question counts once.
 *
 * One session goes on from where a cut left the one before. In the second test the disk also fails now and then, cut or
 * no cut. TURF_SEED and TURF_CHAINS choose other runs; a failure prints its seed.
 */
#include "tests/dice.h"
#include "aggregator/daemon/publisher.h"
#include "tests/fault/lib/chains.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/phones.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam.h"

enum {
	CHAINS = 2, /* a test */
	CHAIN = 3,  /* sessions that go on from each other */
	STEPS = 24, /* of a session */
	MOMENTS_MAX = 256,
	BACKUPS_MAX = 8,
};

#define DATA "store/data.mdb"

/* A fact that begins at a moment. */
struct moment {
	uint32_t at;
	uint64_t value;
};

struct fixture {
	struct stage stage;
	struct phones phones;
	struct phones_batch batch;
	struct pipeline pipeline;
	struct counters counters;
	bool failing; /* the disk, now and then */
	uint64_t dice;
	char base[FOLDER_BYTES + 16];
	struct moment days[MOMENTS_MAX], generations[MOMENTS_MAX], backups[BACKUPS_MAX];
	uint32_t n_days, n_generations, n_backups, backups_tried;
	uint32_t opened_at; /* from here on there is a store; NEVER: not yet */
	char epoch[EPOCH_TEXT_BYTES];
	uint64_t cuts;
};

static struct fixture fixture;
static const bool proof_optional = true;

static uint32_t draw(uint32_t below)
{
	return dice_below(&fixture.dice, below);
}

static uint32_t now(void)
{
	return (uint32_t)record_length();
}

static void note(struct moment *list, uint32_t *n, uint64_t value)
{
	assert_true(*n < MOMENTS_MAX);
	list[(*n)++] = (struct moment){.at = now(), .value = value};
}

/* The last value that held at `moment`. */
static uint64_t value_at(const struct moment *list, uint32_t n, uint32_t moment)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < n && list[i].at <= moment; i++)
		value = list[i].value;
	return value;
}

/* ---- A session ---------------------------------------------------------------------------------------- */

static void trouble(void)
{
	chains_trouble(&fixture.dice, fixture.failing, 20);
}

static void note_state(void)
{
	struct store_state state = state_of(&fixture.stage);

	note(fixture.generations, &fixture.n_generations, state.generation);
	if (fixture.opened_at != NEVER)
		return;
	fixture.opened_at = now();
	memcpy(fixture.epoch, state.epoch, sizeof fixture.epoch);
}

static void open_store(void)
{
	struct stage *stage = &fixture.stage;

	trouble();
	if (store_open(&stage->store, &stage->options, &stage->error) != 0) {
		assert_non_null(seam_disarm());
		stage_open(stage);
	}
	(void)seam_disarm();
	fixture.pipeline.store = stage->store;
	note_state();
}

static void put_rules_in(struct store_txn *txn, void *context)
{
	static const struct cells choice[] = {
		{.policy = CELLS_LIVE}, {.policy = CELLS_DAILY}, {.policy = CELLS_EVERY, .every = 5}};
	const uint64_t *value = context;

	store_put_catalogue(txn, &fixture.stage.rules);
	store_put_cells(txn, choice[*value % 3]);
}

static void put_rules(uint64_t value)
{
	fixture.stage.rules.version = 1 + (uint32_t)value;
	(void)attempt(&fixture.stage, put_rules_in, &value);
}

static void pass_time(uint32_t days)
{
	struct stage *stage = &fixture.stage;
	struct store_time time = {.today = stage->today + days, .catalogue = &stage->rules};
	bool changed;
	int rc;

	stage->today += days;
	note(fixture.days, &fixture.n_days, stage->today);
	do {
		rc = store_keep_time(stage->store, &time, &changed, &stage->error);
	} while (rc == STORE_MORE);
}

static void make_backup(void)
{
	char path[PATH_MAX];

	if (fixture.n_backups == BACKUPS_MAX)
		return;
	(void)snprintf(path, sizeof path, "%s/backup-%u", fixture.base, fixture.backups_tried);
	if (store_backup(fixture.stage.store, path, &fixture.stage.error) == 0)
		fixture.backups[fixture.n_backups++] = (struct moment){.at = now(), .value = fixture.backups_tried};
	fixture.backups_tried++;
}

static void count_taps(void)
{
	struct phones_batch *batch = &fixture.batch;
	struct stage *stage = &fixture.stage;
	uint32_t before = now();

	phones_tap(&fixture.phones, &fixture.dice, stage->today, batch);
	for (uint32_t i = 0; i < batch->n_events; i++) {
		struct sent *sent = &fixture.phones.list[batch->events[i]];

		sent->sent_at = sent->sent_at < before ? sent->sent_at : before;
	}
	trouble();
	if (phones_count(&fixture.pipeline, batch, stage->today, &stage->error) != 0) {
		assert_non_null(seam_disarm());
		must(stage, phones_count(&fixture.pipeline, batch, stage->today, &stage->error));
	}
	(void)seam_disarm();
	note_state();
}

static void reopen(void)
{
	stage_close(&fixture.stage);
	open_store();
}

static void one_step(void)
{
	uint32_t what = draw(100);

	if (what < 64) {
		count_taps();
		return;
	}
	trouble();
	if (what < 74)
		pass_time(1 + draw(2));
	else if (what < 82)
		(void)store_compact(fixture.stage.store, &fixture.stage.error);
	else if (what < 88)
		put_rules(draw(6));
	else if (what < 93)
		make_backup();
	(void)seam_disarm();
	if (what >= 93)
		reopen();
}

static void run_session(void)
{
	struct stage *stage = &fixture.stage;

	fixture.n_days = fixture.n_generations = 0;
	record_begin(fixture.base);
	fixture.opened_at = fixture.opened_at == NEVER ? NEVER : now();
	for (uint32_t i = 0; i < fixture.n_backups; i++)
		fixture.backups[i].at = now();
	note(fixture.days, &fixture.n_days, stage->today);
	(void)snprintf(stage->path, sizeof stage->path, "%s/store", fixture.base);
	open_store();
	for (int step = 0; step < STEPS; step++)
		one_step();
	if (draw(2))
		stage_close(stage);
	record_end();
	stage_close(stage);
}

/* ---- What is left after a cut ---------------------------------------------------------------------------- */

/* The lock file means nothing after a restart of the machine, whatever is in it. */
static void spoil_lock_file(const char *image, uint64_t *dice)
{
	char path[PATH_MAX];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/store/lock.mdb", image);
	file = fopen(path, "r+e");
	for (int i = 0; file && i < 8192; i++)
		(void)fputc((int)dice_below(dice, 256), file);
	if (file)
		(void)fclose(file);
}

static void check_state(uint32_t moment)
{
	struct store_state state = state_of(&fixture.stage);

	if (fixture.opened_at <= moment)
		assert_string_equal(state.epoch, fixture.epoch);
	assert_true(state.generation > value_at(fixture.generations, fixture.n_generations, moment));
}

static int check_known_in(void *moment, struct store_txn *txn, struct error *error)
{
	(void)error;
	phones_check_known(&fixture.phones, *(const uint32_t *)moment, &fixture.stage, txn);
	return STORE_NOTHING_DONE; /* nothing is to be changed */
}

static void check_known(uint32_t moment)
{
	struct stage *stage = &fixture.stage;

	assert_int_equal(store_change(stage->store, check_known_in, &moment, &stage->error), STORE_NOTHING_DONE);
}

static void say_again(uint32_t moment, uint64_t *dice)
{
	struct stage *stage = &fixture.stage;
	uint32_t next = 0;

	while (phones_repeat(&fixture.phones, dice, moment, &next, &fixture.batch))
		must(stage, phones_count(&fixture.pipeline, &fixture.batch, stage->today, &stage->error));
}

/* A backup that was reported done can be brought back; one that was not is refused, or whole. */
static void check_backup(uint32_t moment, const char *image, uint64_t *dice)
{
	struct stage *stage = &fixture.stage;
	char from[PATH_MAX], to[PATH_MAX];
	uint32_t number = dice_below(dice, fixture.backups_tried + 1);
	bool done = false;
	int rc;

	for (uint32_t i = 0; i < fixture.n_backups; i++)
		done |= fixture.backups[i].value == number && fixture.backups[i].at <= moment;
	(void)snprintf(from, sizeof from, "%s/backup-%u", image, number);
	(void)snprintf(to, sizeof to, "%s/restored", image);
	rc = store_restore(from, to, false, UNIX_NOW, &stage->error);
	if (done && rc != 0)
		fail_msg("backup %u: %s", number, stage->error.text);
	if (rc == 0) {
		assert_true(snprintf(stage->path, sizeof stage->path, "%s", to) < (int)sizeof stage->path);
		stage_open(stage);
		assert_sound(stage);
		stage_close(stage);
	}
	folder_remove(to);
}

static void check_image(uint32_t moment, const char *image, uint64_t *dice)
{
	struct stage *stage = &fixture.stage;

	stage->today = (uint32_t)value_at(fixture.days, fixture.n_days, moment);
	(void)snprintf(stage->path, sizeof stage->path, "%s/store", image);
	if (dice_below(dice, 4) == 0)
		spoil_lock_file(image, dice);
	stage_open(stage);
	fixture.pipeline.store = stage->store;
	assert_sound(stage);
	check_state(moment);
	check_known(moment);
	say_again(moment, dice);
	phones_check_counts(&fixture.phones, moment, stage);
	assert_sound(stage);
	stage_close(stage);
	if (fixture.backups_tried > 0 && dice_below(dice, 4) == 0)
		check_backup(moment, image, dice);
	fixture.cuts++;
}

/* What a receipt promised was synced when it went out. */
static void check_receipts(const struct power *power)
{
	for (uint32_t i = 0; i < fixture.phones.n; i++) {
		const struct sent *sent = &fixture.phones.list[i];

		if (sent->receipt_at != power_at(power) || sent->refused || sent->receipt_at == 0)
			continue;
		if (!power_holds(power, DATA, &sent->event.id, sizeof sent->event.id))
			fail_msg("moment %u: event %u has its receipt and is not on the disk", sent->receipt_at, i);
		assert_false(!fixture.failing && power_unsynced(power, DATA));
	}
}

static void cut_everywhere(const char *image, uint64_t *dice)
{
	struct power *power = power_new();

	do {
		if (power_at(power) < fixture.days[0].at)
			continue; /* still the beginning */
		check_receipts(power);
		for (int i = 0; i < 2; i++) {
			folder_clear(image);
			power_cut(power, (enum cut)dice_below(dice, CUTS), dice, image);
			check_image((uint32_t)power_at(power), image, dice);
		}
	} while (power_step(power));
	power_free(power);
}

/* The next session goes on from a cut somewhere in this one. */
static void go_on(const char *image, uint64_t *dice)
{
	uint32_t from = fixture.days[0].at, at = from + dice_below(dice, (uint32_t)record_length() - from + 1),
		 kept = 0;
	struct power *power = power_new();

	while (power_at(power) < at && power_step(power))
		;
	at = (uint32_t)power_at(power);
	folder_clear(image);
	power_cut(power, (enum cut)dice_below(dice, CUTS), dice, image);
	power_free(power);
	check_image(at, image, dice);
	for (uint32_t i = 0; i < fixture.n_backups; i++)
		if (fixture.backups[i].at <= at)
			fixture.backups[kept++] = fixture.backups[i];
	fixture.n_backups = kept;
	fixture.opened_at = fixture.opened_at <= at ? fixture.opened_at : NEVER;
	phones_forget_after(&fixture.phones, at);
	folder_copy(image, fixture.base);
}

/* ---- Chains of sessions ------------------------------------------------------------------------------------- */

static void chain_init(uint64_t seed, bool failing)
{
	struct stage *stage = &fixture.stage;
	void *state = NULL;

	memset(&fixture, 0, sizeof fixture);
	assert_int_equal(stage_setup(&state), 0);
	*stage = *(struct stage *)state;
	free(state);
	stage->rules.teams = stage->teams;
	stage->rules.domains = stage->domains;
	stage->rules.labels = stage->labels;
	stage->options.path = stage->path;
	fixture.failing = failing;
	fixture.dice = seed * 1000003;
	fixture.opened_at = NEVER;
	fixture.pipeline = (struct pipeline){
		.proof_optional = &proof_optional,
		.catalogue = &stage->rules,
		.receipts = receipts_new(),
		.counters = &fixture.counters,
		.publisher = publisher_new(1000),
	};
	(void)snprintf(fixture.base, sizeof fixture.base, "%.200s/base", stage->folder);
	folder_clear(fixture.base);
}

static uint64_t run_chain(uint64_t seed, bool failing)
{
	char image[PATH_MAX];
	uint64_t dice = ~seed;

	chain_init(seed, failing);
	(void)snprintf(image, sizeof image, "%s/image", fixture.stage.folder);
	for (int session = 0; session < CHAIN; session++) {
		run_session();
		cut_everywhere(image, &dice);
		go_on(image, &dice);
	}
	record_forget();
	receipts_free(fixture.pipeline.receipts);
	publisher_free(fixture.pipeline.publisher);
	folder_remove(fixture.stage.folder);
	return fixture.cuts;
}

int main(void)
{
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	return chains_main("power cuts, store", CHAINS, run_chain);
}
