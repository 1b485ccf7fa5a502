/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The power fails while turfdoor publishes its public keys and the broker writes which tokens are spent, at every write and every
 * sync, and what was not synced is lost in every way that a disk may lose it. What is left opens: the file of public keys is whole,
 * and that of the last door_prepare that returned, or a later one; a token is spent that was shown before the last spent_write that
 * returned, and one that was shown after it may be good again.
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

#include "base/bytes.h"
#include "door/door.h"
#include "door/gate/spent.h"
#include "tests/dice.h"
#include "tests/fault/lib/chains.h"
#include "tests/fault/lib/deed.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/seam.h"

enum {
	CHAINS = 1,
	CHAIN = 3,  /* sessions that go on from each other */
	STEPS = 50, /* of a session */
	TODAY = 20787,
	SECONDS_A_DAY = 86400,
	MARKS_MAX = 2000,
	TEXTS_MAX = 256,
};

#define ORG "toets"

struct known_mark {
	struct token token;
	struct deed shown, written;
};

/* A file of public keys, and when it was published. */
struct known_text {
	char *text;
	struct deed published;
};

static struct {
	char folder[FOLDER_BYTES], base[FOLDER_BYTES + 8], image[FOLDER_BYTES + 8];
	bool failing; /* the disk, now and then */
	uint64_t dice, cuts;
	uint32_t began; /* where the session's own entries begin */
	struct door *door;
	struct spent *spent;
	struct error error;
	struct deed folder_set;
	struct known_mark marks[MARKS_MAX];
	struct known_text texts[TEXTS_MAX];
	uint32_t n_marks, n_texts, drawn;
} fixture;

static uint32_t draw(uint32_t below)
{
	return dice_below(&fixture.dice, below);
}

static uint64_t unix_now(void)
{
	return (uint64_t)TODAY * SECONDS_A_DAY;
}

static const char *path_of(const char *folder, const char *name)
{
	static char paths[2][PATH_MAX];
	static unsigned which;
	char *path = paths[which = !which];

	(void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

/* ---- A session ---------------------------------------------------------------------------------------------------- */

static void trouble(void)
{
	chains_trouble(&fixture.dice, fixture.failing, 16);
}

static struct deed begin(struct deed deed)
{
	trouble();
	return deed_begin(deed);
}

static bool returned(int rc, struct deed *deed)
{
	return deed_returned(rc, deed, fixture.error.text);
}

/* The database is made before the recording begins: test_power_door.c looks at that. */
static void make_door(void)
{
	static const struct door_settings settings = {.org = ORG, .host = "h", .batch = 1};
	uint8_t code[DOOR_CODE_BYTES];
	struct scope scope;

	assert_int_equal(door_create(path_of(fixture.base, "door"), &settings, &fixture.error), 0);
	assert_int_equal(door_open(path_of(fixture.base, "door"), &fixture.door, &fixture.error), 0);
	assert_int_equal(scope_parse("oost", &scope), 0);
	assert_int_equal(door_invite(fixture.door, &scope, "", unix_now(), code, &fixture.error), 0);
	door_close(fixture.door);
}

static void open_both(const char *folder)
{
	assert_int_equal(door_open(path_of(folder, "door"), &fixture.door, &fixture.error), 0);
	if (spent_open(&fixture.spent, path_of(folder, "spent"), &fixture.error) != 0)
		fail_msg("%s", fixture.error.text);
}

static void close_both(void)
{
	door_close(fixture.door);
	fixture.door = NULL;
	spent_close(fixture.spent);
	fixture.spent = NULL;
}

/* What the file of public keys must hold now. */
static char *read_keys(void)
{
	struct token_directory *directory;
	char *text;

	assert_int_equal(door_directory(fixture.door, TODAY, &directory, &fixture.error), 0);
	text = token_directory_print(directory);
	assert_non_null(text);
	token_directory_free(directory);
	return text;
}

/* Makes the keys that are missing, and publishes. What it publishes is known only when it has returned; whatever it wrote before
 * a failure is published again. */
static void prepare(void)
{
	struct known_text *text = &fixture.texts[fixture.n_texts];
	int rc;

	assert_true(fixture.n_texts < TEXTS_MAX);
	*text = (struct known_text){.published = begin(DEED_NOT_YET)};
	rc = door_prepare(fixture.door, unix_now(), TODAY, &fixture.error);
	(void)returned(rc, &text->published);
	text->text = read_keys();
	fixture.n_texts++;
}

static void set_folder(void)
{
	fixture.folder_set = begin(fixture.folder_set);
	(void)returned(door_set_keys_folder(fixture.door, path_of(fixture.base, "keys"), &fixture.error),
		       &fixture.folder_set);
}

/* Other keys are published then. */
static void rotate(void)
{
	struct deed deed = begin(DEED_NOT_YET);
	int rc = door_rotate(fixture.door, "oost", &fixture.error);

	(void)returned(rc == DOOR_NO_KEYS ? 0 : rc, &deed);
	prepare();
}

static void show_token(void)
{
	struct known_mark *mark = &fixture.marks[fixture.n_marks];
	int rc;

	assert_true(fixture.n_marks < MARKS_MAX);
	*mark = (struct known_mark){.shown = {deed_now(), NEVER}, .written = DEED_NOT_YET};
	put_be32(mark->token.nonce, ++fixture.drawn);
	trouble();
	rc = spent_mark(fixture.spent, &mark->token, 0, &fixture.error);
	assert_true(rc <= 0);
	if (returned(rc, &mark->shown))
		fixture.n_marks++;
}

static void write_spent(void)
{
	struct deed deed = begin(DEED_NOT_YET);

	(void)returned(spent_write(fixture.spent, 0, &fixture.error), &deed);
	for (uint32_t i = 0; i < fixture.n_marks; i++) {
		struct deed *written = &fixture.marks[i].written;

		written->begun = deed.begun < written->begun ? deed.begun : written->begun;
		written->done = deed.done < written->done ? deed.done : written->done;
	}
}

/* Closing writes what it can, and does not say whether it could. */
static void reopen(void)
{
	for (uint32_t i = 0; i < fixture.n_marks; i++)
		fixture.marks[i].written = begin(fixture.marks[i].written);
	(void)seam_disarm();
	close_both();
	open_both(fixture.base);
}

static void one_step(void)
{
	uint32_t what = draw(100);

	if (what < 50)
		show_token();
	else if (what < 80)
		write_spent();
	else if (what < 90)
		prepare();
	else if (what < 94)
		rotate();
	else
		reopen();
}

static void run_session(void)
{
	record_begin(fixture.base);
	fixture.began = deed_now();
	open_both(fixture.base);
	set_folder();
	prepare();
	for (int step = 0; step < STEPS; step++)
		one_step();
	record_end();
	close_both();
}

/* ---- What is left after a cut ------------------------------------------------------------------------------------------ */

/* The bytes of a file, the caller frees them. NULL: there is none. */
static char *read_text(const char *path)
{
	enum { TEXT_BYTES = 1 << 16 };
	FILE *in = fopen(path, "rbe");
	char *text = in ? calloc(1, TEXT_BYTES) : NULL;

	if (!in)
		return NULL;
	assert_non_null(text);
	assert_in_range(fread(text, 1, TEXT_BYTES - 1, in), 0, TEXT_BYTES - 2);
	assert_int_equal(fclose(in), 0);
	return text;
}

/* It is what was published last, or something of later; and never a part of it. */
static void check_file(const char *image, uint32_t moment)
{
	char *text = read_text(path_of(image, "keys/" ORG ".json"));
	struct token_directory *directory;
	bool promised = false, fits = false;

	for (uint32_t i = fixture.n_texts; i-- > 0 && !promised;) {
		if (!deed_begun(fixture.texts[i].published, moment))
			continue;
		promised = deed_done(fixture.texts[i].published, moment) &&
			   deed_done(fixture.folder_set, fixture.texts[i].published.begun);
		fits |= text && strcmp(text, fixture.texts[i].text) == 0;
	}
	assert_true(text || !promised);
	if (text) {
		assert_int_equal(token_directory_parse(text, strlen(text), &directory, &fixture.error), 0);
		token_directory_free(directory);
		assert_true(fits);
	}
	free(text);
}

static void check_spent(uint32_t moment)
{
	for (uint32_t i = 0; i < fixture.n_marks; i++) {
		const struct known_mark *mark = &fixture.marks[i];
		int rc;

		if (!deed_done(mark->written, moment) && deed_begun(mark->written, moment))
			continue;
		rc = spent_mark(fixture.spent, &mark->token, 1000, &fixture.error);
		assert_int_equal(rc, deed_done(mark->written, moment) ? SPENT_BEFORE : 0);
	}
}

static void check_image(uint32_t moment)
{
	open_both(fixture.image);
	check_file(fixture.image, moment);
	check_spent(moment);
	close_both();
	fixture.cuts++;
}

static void cut_here(const struct power *power, uint64_t *dice)
{
	folder_clear(fixture.image);
	power_cut(power, (enum cut)dice_below(dice, CUTS), dice, fixture.image);
}

static void cut_everywhere(uint64_t *dice)
{
	struct power *power = power_new();

	do {
		if (power_at(power) < fixture.began)
			continue;
		cut_here(power, dice);
		check_image((uint32_t)power_at(power));
	} while (power_step(power));
	power_free(power);
}

static void age_all(uint32_t moment)
{
	uint32_t kept = 0;

	fixture.folder_set = deed_before(fixture.folder_set, moment);
	for (uint32_t i = 0; i < fixture.n_marks; i++) {
		fixture.marks[i].shown = deed_before(fixture.marks[i].shown, moment);
		fixture.marks[i].written = deed_before(fixture.marks[i].written, moment);
		if (deed_done(fixture.marks[i].written, moment))
			fixture.marks[kept++] = fixture.marks[i];
	}
	fixture.n_marks = kept;
	kept = 0;
	for (uint32_t i = 0; i < fixture.n_texts; i++) {
		fixture.texts[i].published = deed_before(fixture.texts[i].published, moment);
		if (deed_begun(fixture.texts[i].published, moment))
			fixture.texts[kept++] = fixture.texts[i];
		else
			free(fixture.texts[i].text);
	}
	fixture.n_texts = kept;
}

/* The next session goes on from a cut somewhere in this one; what came later never was. */
static void go_on(uint64_t *dice)
{
	uint32_t at = fixture.began + dice_below(dice, deed_now() - fixture.began + 1);
	struct power *power = power_new();

	while (power_at(power) < at && power_step(power))
		;
	at = (uint32_t)power_at(power);
	cut_here(power, dice);
	power_free(power);
	folder_copy(fixture.image, fixture.base);
	age_all(at);
}

/* ---- Chains of sessions ------------------------------------------------------------------------------------------------ */

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
	fixture.folder_set = DEED_NOT_YET;
	make_door();
	for (int session = 0; session < CHAIN; session++) {
		run_session();
		cut_everywhere(&dice);
		go_on(&dice);
	}
	for (uint32_t i = 0; i < fixture.n_texts; i++)
		free(fixture.texts[i].text);
	record_forget();
	folder_remove(fixture.folder);
	return fixture.cuts;
}

int main(void)
{
	return chains_main("power cuts, gate", CHAINS, run_chain);
}
