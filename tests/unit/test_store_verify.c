/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Verify finds what is wrong: records that were altered, records that are missing, counters that do not follow from
 * the ids, files that were cut off, and any flipped byte that matters. It never crashes on one.
 */
#include <lmdb.h>

#include "tests/unit/lib/store_raw.h"

#include <fcntl.h>

/* ---- A store with something of everything ---------------------------------------------------------------- */

static void put_catalogue_and_entry(struct store_txn *txn, void *context)
{
	struct quarantined entry = {.reason = VERDICT_REFUSED_MALFORMED, .day = TODAY, .length = 5, .bytes = "tap?"};
	const struct stage *stage = context;

	store_put_catalogue(txn, &stage->rules);
	store_quarantine(txn, &entry);
}

static void put_all(struct stage *stage)
{
	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	(void)tell(stage, "oost", question(2, TODAY, 255, REFERRED));
	(void)tell(stage, "west", question(3, TODAY - 20, 1, ANSWERED)); /* settled */
	(void)tell(stage, "west", labelled(4, Q3_LAST, 65535));          /* late */
	(void)tell(stage, "west", retraction(5, TODAY));
	change(stage, put_catalogue_and_entry, stage);
	assert_sound(stage);
}

static int setup_full(void **state)
{
	int rc = stage_setup(state);

	if (rc != 0)
		return rc;
	stage_open(*state);
	put_all(*state);
	return 0;
}

/* Verify, or opening before it, says so. */
static void must_find(struct stage *stage, const char *word)
{
	char first[ERROR_TEXT_BYTES] = "";

	if (findings_of(stage, first) == 0 || !strstr(first, word))
		fail_msg("expected a finding with '%s', the first is: %s", word, first);
}

/* ---- Records ------------------------------------------------------------------------------------------------ */

/* Every byte of every record's key and value, one after another, on a store that is otherwise whole. */
static void test_every_byte_of_every_record(void **state)
{
	static const char *const databases[] = {"teams", "ids", "counts", "weeks", "quarantine"};
	struct stage *stage = *state;

	for (size_t d = 0; d < sizeof databases / sizeof databases[0]; d++) {
		struct raw raw = raw_open(stage, databases[d]);
		struct record_copy whole = raw_get(&raw, 0);

		raw_close(&raw, stage);
		for (size_t i = 0; i < whole.key_length + whole.length; i++) {
			struct record_copy flipped = whole;

			*(i < whole.key_length ? &flipped.key[i] : &flipped.value[i - whole.key_length]) ^= 0x10;
			raw = raw_open(stage, databases[d]);
			raw_delete(&raw, &whole);
			raw_put(&raw, &flipped);
			raw_close(&raw, stage);
			assert_true(findings_of(stage, NULL) > 0);
			raw = raw_open(stage, databases[d]);
			raw_delete(&raw, &flipped);
			raw_put(&raw, &whole);
			raw_close(&raw, stage);
		}
		assert_sound(stage);
	}
}

/* What no other record speaks of: the retraction of nothing, and a label's share that has no detail (any more). */
static bool stands_alone(const char *database, const struct record_copy *record)
{
	if (strcmp(database, "ids") == 0)
		return record->value[0] == 3;
	return strcmp(database, "counts") == 0 && record->key[4] == 2 &&
	       memcmp(record->value, record->value + 8, 8) == 0;
}

/* A record that is gone: each of each database but `meta`. */
static void test_every_record_is_missed(void **state)
{
	static const char *const databases[] = {"teams", "ids", "counts", "weeks", "quarantine"};
	struct stage *stage = *state;

	for (size_t d = 0; d < sizeof databases / sizeof databases[0]; d++) {
		struct raw raw = raw_open(stage, databases[d]);
		MDB_stat stat;

		assert_int_equal(mdb_stat(raw.txn, raw.dbi, &stat), 0);
		raw_close(&raw, stage);
		for (unsigned i = 0; i < stat.ms_entries; i++) {
			struct record_copy record;

			raw = raw_open(stage, databases[d]);
			record = raw_get(&raw, i);
			raw_delete(&raw, &record);
			raw_close(&raw, stage);
			assert_int_equal(findings_of(stage, NULL) > 0, !stands_alone(databases[d], &record));
			raw = raw_open(stage, databases[d]);
			raw_put(&raw, &record);
			raw_close(&raw, stage);
		}
		assert_sound(stage);
	}
}

/* Counters and ids that are well formed, sealed, and wrong. */
static void test_sums_that_do_not_add_up(void **state)
{
	static const struct {
		const char *database;
		unsigned record;
		size_t byte; /* of the value, the last of an integer */
		const char *word;
	} changes[] = {
		/* counts: the first is of 2019-Q3, team west (2): domain 1 answered, late 1 */
		{"counts", 0, 7, "2019-Q3 of team west, domain 1 answered: counted is 1, but settled 0 and 0 ids"},
		{"counts", 0, 23, "2019-Q3: the counters say 0 counted and 0 late"},
		{"counts", 0, 31, "is shown"},
		/* then its label; then 2019-Q4, team oost (1): domains 1 and 255, label 7 */
		{"counts", 1, 7, "label 65535"},
		{"counts", 2, 7, "2019-Q4 of team oost, domain 1 answered: counted is 0, but settled 0 and 1 ids"},
		{"counts", 2, 15, "settled 1 and 1 ids with detail"},
		{"counts", 2, 23, "late in a quarter that is not final"},
		{"counts", 2, 31, "nothing is held"},
		{"counts", 3, 7, "domain 255 referred"},
		{"counts", 4, 7, "label 7"},
		{"weeks", 0, 7, "week 2019-W46 of team oost: counted is 3, but settled 0 and 2 ids"},
		{"weeks", 1, 15, "week 2019-W40 of team west: counted is 1, but settled 0 and 0 ids"},
		/* ids: the settled one loses its state, a detailed one its domain, a late one is called counted */
		{"ids", 0, 0, "2019-Q3: the counters say"},
		{"ids", 1, 0, "2019-Q4: the counters say"},
		{"ids", 2, 3, "counted in a cell or a week that has no record"},
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct raw raw = raw_open(stage, changes[i].database);
		struct record_copy whole = raw_get(&raw, changes[i].record), changed = whole;

		changed.value[changes[i].byte] ^= strcmp(changes[i].database, "ids") == 0 ? 3 : 1;
		seal_again(&changed);
		raw_put(&raw, &changed);
		raw_close(&raw, stage);
		must_find(stage, changes[i].word);
		raw = raw_open(stage, changes[i].database);
		raw_put(&raw, &whole);
		raw_close(&raw, stage);
		assert_sound(stage);
	}
}

static void test_an_id_too_many(void **state)
{
	struct stage *stage = *state;
	struct raw raw = raw_open(stage, "ids");
	struct record_copy extra = raw_get(&raw, 1);

	extra.key[19] ^= 1;
	seal_again(&extra);
	raw_put(&raw, &extra);
	raw_close(&raw, stage);
	must_find(stage, "2019-Q4: the counters say 3 counted and 0 late; the ids, with those purged and 0 taken in by "
			 "revisions, 4 and 0");
}

static void test_an_id_that_was_purged(void **state)
{
	struct stage *stage = *state;
	struct record_copy old;
	struct raw raw;

	live_until(stage, TODAY + 461);
	assert_sound(stage);
	raw = raw_open(stage, "ids");
	old = (struct record_copy){.key_length = 20, .length = 5, .value = {3}};
	put_be32(old.key, TODAY - 1);
	seal_again(&old);
	raw_put(&raw, &old);
	raw_close(&raw, stage);
	must_find(stage, "ids of that day were purged");
}

static void test_detail_that_was_to_go(void **state)
{
	struct stage *stage = *state;
	struct raw raw = raw_open(stage, "ids");
	struct record_copy with_detail = raw_get(&raw, 2);

	assert_true(with_detail.length > 5);
	raw_close(&raw, stage);
	stage_close(stage);
	stage->options.as_daemon = true;
	stage->options.read_only = false;
	stage_open(stage);
	live_until(stage, TODAY + 15);
	assert_sound(stage);
	raw = raw_open(stage, "ids");
	raw_put(&raw, &with_detail);
	raw_close(&raw, stage);
	must_find(stage, "still has its detail");
}

static void test_a_quarantine_out_of_bounds(void **state)
{
	struct stage *stage = *state;
	struct raw raw = raw_open(stage, "quarantine");
	struct record_copy entry = raw_get(&raw, 0);

	entry.key[8]++;
	seal_again(&entry);
	raw_put(&raw, &entry);
	raw_close(&raw, stage);
	must_find(stage, "quarantine: there are 2 entries, but its record says 1");
}

static void hold_cells(struct store_txn *txn, void *context)
{
	(void)context;
	store_put_cells(txn, (struct cells){.policy = CELLS_EVERY, .every = 100});
}

/* Whole as records, and wrong all the same: `n` of its database, the byte `at` of its value. */
static void test_records_that_say_what_cannot_be(void **state)
{
	static const struct {
		const char *database;
		unsigned n;
		size_t at;
		uint8_t byte;
		const char *finding;
	} table[] = {
		{"meta", 0, 0, 0x0f, "catalogue"},
		{"meta", 3, 11, 0, "and the limit is 0"},
		{"counts", 0, 31, 1, "1 is shown in a final quarter"},
		{"counts", 2, 31, 9, "are shown, and"},
	};
	struct stage *stage = *state;

	stage_close(stage);
	stage->options.quarantine_limit = 1;
	stage_open(stage);
	change(stage, hold_cells, NULL);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct raw raw = raw_open(stage, table[i].database);
		struct record_copy right = raw_get(&raw, table[i].n), wrong = right;

		wrong.value[table[i].at] = table[i].byte;
		seal_again(&wrong);
		raw_put(&raw, &wrong);
		raw_close(&raw, stage);
		must_find(stage, table[i].finding);
		raw = raw_open(stage, table[i].database);
		raw_put(&raw, &right);
		raw_close(&raw, stage);
	}
	assert_sound(stage);
}

/* ---- Fold on damage ------------------------------------------------------------------------------------------- */

static void open_to_write(struct stage *stage)
{
	stage_close(stage);
	stage->options.read_only = false;
	stage_open(stage);
}

static void test_nothing_is_counted_onto_damage(void **state)
{
	struct stage *stage = *state;
	struct raw raw = raw_open(stage, "counts");
	struct record_copy cell = raw_get(&raw, 2);
	struct telling telling = {stage, "oost", question(10, TODAY, 1, ANSWERED), {.verdict = VERDICT_COUNTED}};

	cell.value[7] ^= 4;
	raw_put(&raw, &cell);
	raw_close(&raw, stage);
	open_to_write(stage);
	must_refuse(stage, attempt(stage, fold_told, &telling), FAULT_DAMAGED, "'counts' is damaged");
	assert_int_equal(telling.folded.verdict, VERDICT_UNSPECIFIED);
	assert_verdict(stage, "west", question(11, TODAY, 1, ANSWERED), VERDICT_COUNTED); /* what is whole goes on */
}

/* Every record of a database says 0, as if it were so. */
static void zero_all(struct stage *stage, const char *database)
{
	struct raw raw = raw_open(stage, database);
	MDB_stat stat;

	assert_int_equal(mdb_stat(raw.txn, raw.dbi, &stat), 0);
	for (unsigned i = 0; i < stat.ms_entries; i++) {
		struct record_copy record = raw_get(&raw, i);

		memset(record.value, 0, record.length - 4);
		seal_again(&record);
		raw_put(&raw, &record);
	}
	raw_close(&raw, stage);
	open_to_write(stage);
}

static void refuse_to_take_back(struct stage *stage, const char *word)
{
	struct telling telling = {.stage = stage, .team = "oost", .event = retraction(2, TODAY)};

	must_refuse(stage, attempt(stage, fold_told, &telling), FAULT_DAMAGED, word);
}

static void test_no_counter_goes_below_zero(void **state)
{
	zero_all(*state, "weeks");
	refuse_to_take_back(*state, "'weeks' is damaged");
	zero_all(*state, "counts");
	refuse_to_take_back(*state, "'counts' is damaged");
}

static void revise_third_quarter(struct store_txn *txn, void *context)
{
	uint64_t taken_in;

	(void)context;
	store_revise(txn, Q3_2019, &taken_in);
}

/* Better no figure than one that is too low. */
static void test_no_figure_is_told_of_damage(void **state)
{
	static const char *const databases[] = {"weeks", "counts", "periods"};
	uint64_t weeks[WEEKS_MAX + 1] = {0};
	struct stage *stage = *state;
	struct tally tally = {0};
	struct store_view *view;

	change(stage, revise_third_quarter, NULL); /* makes a record of its period */
	for (size_t d = 0; d < sizeof databases / sizeof databases[0]; d++) {
		struct raw raw = raw_open(stage, databases[d]);
		struct record_copy damaged = raw_get(&raw, 0);

		damaged.value[0] ^= 4;
		raw_put(&raw, &damaged);
		raw_close(&raw, stage);
		must(stage, store_view_open(stage->store, &view, &stage->error));
		must_refuse(stage,
			    d == 0 ? store_view_weeks(view, TEAM_ALL, 2019, weeks, &stage->error)
				   : store_view_quarter(view, TEAM_ALL, Q3_2019, &tally, &stage->error),
			    FAULT_DAMAGED, databases[d]);
		store_view_close(view);
	}
}

/* ---- Files ---------------------------------------------------------------------------------------------------- */

struct image {
	char path[PATH_MAX];
	uint8_t *bytes;
	size_t length;
};

static struct image image_of(struct stage *stage)
{
	struct image image = {.bytes = NULL};
	struct stat status;
	int fd;

	stage_close(stage);
	(void)snprintf(image.path, sizeof image.path, "%s/data.mdb", stage->path);
	fd = open(image.path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	image.length = (size_t)status.st_size;
	image.bytes = malloc(image.length);
	assert_non_null(image.bytes);
	assert_int_equal(read(fd, image.bytes, image.length), image.length);
	assert_int_equal(close(fd), 0);
	stage->options.as_daemon = false;
	stage->options.read_only = true;
	return image;
}

static void write_image(const struct image *image, size_t length)
{
	int fd = open(image->path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, length), length);
	assert_int_equal(close(fd), 0);
}

static void test_a_file_that_was_cut_off(void **state)
{
	struct stage *stage = *state;
	struct image image = image_of(stage);
	unsigned refused = 0;

	for (size_t length = 4096; length < image.length; length += 4096) {
		int rc;

		write_image(&image, length);
		rc = store_open(&stage->store, &stage->options, &stage->error);
		assert_true(rc < 0 || findings_of(stage, NULL) == 0);
		if (rc < 0) {
			refused++;
			assert_true(rc == FAULT_DAMAGED || rc == FAULT_FOREIGN);
		}
		stage_close(stage);
	}
	assert_true(refused >= 3);
	write_image(&image, image.length);
	stage_open(stage);
	assert_sound(stage);
	free(image.bytes);
}

/* Everything that the store tells, in one number. */
static void add_to_sum(uint32_t *sum, const void *bytes, size_t length)
{
	*sum = crc32c_more(*sum, bytes, length);
}

static bool sum_entry(void *context, const struct quarantined *entry)
{
	add_to_sum(context, entry->bytes, entry->length);
	return true;
}

static void sum_quarter(const struct store_view *view, struct stage *stage, const char *team, uint32_t quarter,
			uint32_t *sum)
{
	struct tally tally = {.n_labels = 0};

	must(stage, store_view_quarter(view, team, quarter, &tally, &stage->error));
	add_to_sum(sum, tally.present, sizeof tally.present);
	add_to_sum(sum, tally.answered, sizeof tally.answered);
	add_to_sum(sum, tally.referred, sizeof tally.referred);
	add_to_sum(sum, &tally.revision, sizeof tally.revision);
	for (uint32_t i = 0; i < tally.n_labels; i++) {
		add_to_sum(sum, &tally.labels[i].label, sizeof tally.labels[i].label);
		add_to_sum(sum, &tally.labels[i].cell, sizeof tally.labels[i].cell);
	}
}

static void sum_weeks(const struct store_view *view, struct stage *stage, const char *team, uint32_t *sum)
{
	uint64_t weeks[WEEKS_MAX + 1] = {0};

	must(stage, store_view_weeks(view, team, 2019, weeks, &stage->error));
	add_to_sum(sum, weeks, sizeof weeks);
}

static uint32_t sum_of_all(struct stage *stage)
{
	static const char *const teams[] = {"oost", "west", TEAM_ALL};
	struct store_figures figures = figures_of(stage);
	struct catalogue catalogue;
	struct store_view *view;
	uint32_t sum = 0;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	for (size_t t = 0; t < 3; t++) {
		sum_quarter(view, stage, teams[t], Q3_2019, &sum);
		sum_quarter(view, stage, teams[t], Q4_2019, &sum);
		sum_weeks(view, stage, teams[t], &sum);
	}
	must(stage, store_view_catalogue(view, &catalogue, &stage->error));
	for (size_t t = 0; t < catalogue.n_teams; t++)
		add_to_sum(&sum, catalogue.teams[t].name, strlen(catalogue.teams[t].name));
	catalogue_release(&catalogue);
	must(stage, store_view_quarantine(view, sum_entry, &sum, &stage->error));
	store_view_close(view);
	add_to_sum(&sum, &figures.ids, sizeof figures.ids);
	add_to_sum(&sum, &figures.ids_detailed, sizeof figures.ids_detailed);
	return sum;
}

/* In a process of its own, so that a crash is told apart from a finding. */
struct flip {
	struct stage *stage;
	uint32_t whole; /* sum_of_all before */
};

static void verify_flipped(void *context)
{
	struct flip *flip = context;
	struct stage *stage = flip->stage;

	if (store_open(&stage->store, &stage->options, &stage->error) < 0)
		_exit(2);
	if (store_verify(stage->store, keep_finding, (char[ERROR_TEXT_BYTES]){""}, &stage->error) != 0)
		_exit(2);
	/* What verify does not find has changed nothing. */
	expect(sum_of_all(stage) == flip->whole);
}

/* The numbers of the roots' transactions: LMDB may then take the root before the last. The second bit is left out: it
 * can make two in a row of them in the other order, and nothing tells. */
static void test_a_root_with_another_number_is_found(void **state)
{
	enum { PAGE = 4096, NUMBER = 144 };
	static const unsigned bits[] = {0, 2, 3, 4, 5, 6, 7, 8, 19, 33, 46, 63};
	struct stage *stage = *state;
	struct flip flip = {.stage = stage, .whole = sum_of_all(stage)};
	struct image image = image_of(stage);

	for (unsigned i = 0; i < 2 * sizeof bits / sizeof bits[0]; i++) {
		unsigned bit = bits[i / 2];
		size_t at = i % 2 * PAGE + NUMBER + bit / 8;
		int status;

		image.bytes[at] ^= (uint8_t)(1 << bit % 8);
		write_image(&image, image.length);
		status = in_another_process(verify_flipped, &flip);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 2)
			fail_msg("bit %u of root %u: status %#x", bit, i % 2, (unsigned)status);
		image.bytes[at] ^= (uint8_t)(1 << bit % 8);
	}
	write_image(&image, image.length);
	stage_open(stage);
	assert_sound(stage);
	free(image.bytes);
}

/* Not in the first two pages, LMDB's roots: their numbers are above. */
static void test_a_flipped_byte_is_found_or_changes_nothing(void **state)
{
	enum { ROOTS = 8192, STEP = 457 };
	struct stage *stage = *state;
	struct flip flip = {.stage = stage};
	struct image image;
	unsigned found = 0, tried = 0;

	flip.whole = sum_of_all(stage);
	image = image_of(stage);
	for (size_t at = ROOTS; at < image.length; at += STEP, tried++) {
		int status;

		image.bytes[at] ^= (uint8_t)(1 << at % 8);
		write_image(&image, image.length);
		status = in_another_process(verify_flipped, &flip);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 2))
			fail_msg("byte %zu flipped: status %#x", at, (unsigned)status);
		found += WEXITSTATUS(status) == 2;
		image.bytes[at] ^= (uint8_t)(1 << at % 8);
	}
	assert_true(found > 0 && found < tried);
	write_image(&image, image.length);
	stage_open(stage);
	assert_sound(stage);
	free(image.bytes);
}

#define FULL(test) cmocka_unit_test_setup_teardown(test, setup_full, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FULL(test_every_byte_of_every_record),
		FULL(test_every_record_is_missed),
		FULL(test_sums_that_do_not_add_up),
		FULL(test_an_id_too_many),
		FULL(test_an_id_that_was_purged),
		FULL(test_detail_that_was_to_go),
		FULL(test_a_quarantine_out_of_bounds),
		FULL(test_nothing_is_counted_onto_damage),
		FULL(test_a_file_that_was_cut_off),
		FULL(test_a_flipped_byte_is_found_or_changes_nothing),
		FULL(test_a_root_with_another_number_is_found),
		FULL(test_records_that_say_what_cannot_be),
		FULL(test_no_counter_goes_below_zero),
		FULL(test_no_figure_is_told_of_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
