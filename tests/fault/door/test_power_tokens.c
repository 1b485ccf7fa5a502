/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The power fails while a device joins, fetches batches and takes tokens, at every write and every sync, and what was not synced is
 * lost in every way that a disk may lose it. turfdoor is another machine and remembers what it was asked, so what is left must open
 * and go on from there: the device joins with the credential that it has sent, asks for the batch that it has asked for, has every
 * token of a batch that it had, and never again one that it has shown.
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

#include "broker-client/libturf/token_buyer.h"
#include "door/sign.h"
#include "tests/dice.h"
#include "tests/fault/lib/chains.h"
#include "tests/fault/lib/deed.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam.h"

#define ORG "toets"

enum {
	CHAINS = 2,
	CHAIN = 3,  /* sessions that go on from each other */
	STEPS = 44, /* of a session */
	BATCH = 3,
	WEEKS = 4,
	SECONDS_A_DAY = 86400,
	MONDAY = 20787 * SECONDS_A_DAY,
	BODY_MAX = TOKEN_DIGEST_BYTES + BATCH * TOKEN_MODULUS_BYTES,
	POSTS_MAX = 400,
	SHOWN_MAX = 400,
};

struct issuer_key {
	struct sign_key *secret;
	struct token_key *public;
};

/* What turfdoor was asked, and when. */
struct post {
	uint32_t at;
	uint8_t body[BODY_MAX];
	size_t length;
};

struct shown {
	struct token_store_token token;
	struct deed taken, back;
};

static struct issuer_key issuer_keys[WEEKS];
static char *directory_text;

static struct {
	char folder[FOLDER_BYTES], base[FOLDER_BYTES + 8], image[FOLDER_BYTES + 8];
	bool failing; /* the disk, now and then */
	bool calm;    /* no answer gets lost: what is left after a cut is looked at */
	uint64_t dice, cuts;
	uint32_t began, horizon; /* `horizon`: turfdoor knows what it was asked until then */
	int64_t now;             /* unix seconds */
	struct outbox *outbox;
	struct error error;
	struct post posts[POSTS_MAX];
	struct shown shown[SHOWN_MAX];
	struct deed joined, bought[WEEKS];
	uint32_t n_posts, n_shown;
} fixture;

static uint32_t draw(uint32_t below)
{
	return dice_below(&fixture.dice, below);
}

/* ---- turfdoor ------------------------------------------------------------------------------------------------------ */

static void make_issuer(void)
{
	struct token_directory_key keys[WEEKS];
	struct token_directory directory = {
		.org = ORG, .issuer = "h", .request_uri = "/door/batch", .batch = BATCH, .keys = keys, .n_keys = WEEKS};
	uint8_t modulus[TOKEN_MODULUS_BYTES], bytes[TOKEN_KEY_BYTES];

	for (int i = 0; i < WEEKS; i++) {
		int64_t monday = MONDAY + (int64_t)i * 7 * SECONDS_A_DAY;

		assert_int_equal(sign_key_generate(&issuer_keys[i].secret, NULL), 0);
		assert_int_equal(sign_key_modulus(issuer_keys[i].secret, modulus, NULL), 0);
		token_key_encode(modulus, bytes);
		assert_int_equal(token_key_open(bytes, sizeof bytes, &issuer_keys[i].public, NULL), 0);
		keys[i] = (struct token_directory_key){
			.key = issuer_keys[i].public, .not_before = monday, .not_after = monday + 21 * SECONDS_A_DAY};
		assert_int_equal(scope_parse("oost", &keys[i].scope), 0);
	}
	directory_text = token_directory_print(&directory);
	assert_non_null(directory_text);
}

static unsigned week_of(const uint8_t *key_id)
{
	for (unsigned i = 0; i < WEEKS; i++)
		if (memcmp(token_key_id(issuer_keys[i].public), key_id, TOKEN_DIGEST_BYTES) == 0)
			return i;
	fail_msg("no key of turfdoor");
	return 0;
}

/* Of one code or key turfdoor answers one request, and the same again. */
static void check_asked_before(const struct http_request *request, size_t start)
{
	for (uint32_t i = 0; i < fixture.n_posts; i++) {
		const struct post *post = &fixture.posts[i];

		if (post->at > fixture.horizon || post->length != request->length ||
		    memcmp(post->body, request->body, start) != 0)
			continue;
		if (memcmp(post->body, request->body, request->length) != 0)
			fail_msg("another request than before: turfdoor refuses it, and what it gave is lost");
	}
}

static void note_post(const struct http_request *request)
{
	struct post *post = &fixture.posts[fixture.n_posts++];

	assert_true(fixture.n_posts <= POSTS_MAX && request->length <= BODY_MAX);
	*post = (struct post){.at = deed_now(), .length = request->length};
	memcpy(post->body, request->body, request->length);
}

static char *copy_text(const char *text, size_t *length)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	*length = strlen(copy);
	return copy;
}

static char *sign_batch(const struct http_request *request, size_t *length)
{
	const uint8_t *body = request->body;
	const struct issuer_key *key = &issuer_keys[week_of(body)];
	uint8_t *signatures = calloc(BATCH + 1, TOKEN_MODULUS_BYTES);

	assert_non_null(signatures);
	assert_int_equal(request->length, BODY_MAX);
	for (size_t at = 0; at < BATCH * TOKEN_MODULUS_BYTES; at += TOKEN_MODULUS_BYTES)
		assert_int_equal(sign_blinded(key->secret, body + TOKEN_DIGEST_BYTES + at, TOKEN_MODULUS_BYTES,
					      signatures + at, NULL),
				 0);
	*length = BATCH * TOKEN_MODULUS_BYTES;
	return (char *)signatures;
}

static int answer_request(void *context, const struct http_request *request, struct http_answer *answer,
			  struct error *error)
{
	bool joins = strstr(request->url, "/door/join") != NULL;

	(void)context;
	*answer = (struct http_answer){.status = 200};
	if (!request->body) {
		answer->body = copy_text(directory_text, &answer->length);
		return 0;
	}
	check_asked_before(request, joins ? TOKEN_STORE_CODE_BYTES : TOKEN_DIGEST_BYTES);
	note_post(request);
	if (!fixture.calm && draw(4) == 0)
		return error_set(error, FAULT_BROKER, "the answer was lost");
	answer->body = joins ? copy_text("{\"org\":\"" ORG "\",\"scope\":\"oost\"}", &answer->length)
			     : sign_batch(request, &answer->length);
	return 0;
}

static const struct token_buyer buyer = {.send = answer_request};
static const struct token_buyer_invitation invitation = {.origin = "https://h", .code = {7}};

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
	return deed_returned(rc, deed, rc == FAULT_BROKER ? NULL : fixture.error.text);
}

static void open_device(const char *folder)
{
	char path[PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof path, "%s/outbox", folder);
	rc = outbox_open(&fixture.outbox, path, ORG, &fixture.error);
	if (rc != 0 && seam_disarm())
		rc = outbox_open(&fixture.outbox, path, ORG, &fixture.error);
	(void)seam_disarm();
	if (rc != 0)
		fail_msg("%s", fixture.error.text);
}

static void close_device(void)
{
	outbox_close(fixture.outbox);
	fixture.outbox = NULL;
}

static void join(void)
{
	fixture.joined = begin(fixture.joined);
	(void)returned(token_buyer_join(&buyer, fixture.outbox, ORG, &invitation, &fixture.error), &fixture.joined);
}

/* A fetch that failed may have brought a batch all the same. */
static void fetch(void)
{
	struct token_store_batches batches;
	int rc;

	for (int i = 0; i < WEEKS; i++)
		fixture.bought[i].begun = deed_now() < fixture.bought[i].begun ? deed_now() : fixture.bought[i].begun;
	trouble();
	rc = token_buyer_fetch(&buyer, fixture.outbox, ORG, fixture.now, &fixture.error);
	assert_true(rc <= 0 || rc == TOKEN_BUYER_NOT_JOINED);
	if (!returned(rc, &(struct deed){0, 0}))
		return;
	assert_int_equal(token_store_batches(fixture.outbox, &batches, &fixture.error), 0);
	for (size_t i = 0; i < batches.n; i++) {
		struct deed *bought = &fixture.bought[week_of(batches.all[i].key_id)];

		if (batches.all[i].state == TOKEN_STORE_BOUGHT && bought->done == NEVER)
			bought->done = deed_now();
	}
}

static struct shown *find_shown(const char *text)
{
	for (uint32_t i = fixture.n_shown; i-- > 0;)
		if (strcmp(fixture.shown[i].token.text, text) == 0)
			return &fixture.shown[i];
	return NULL;
}

/* From the moment when it is taken, the device may show it. */
static void take(void)
{
	struct shown *shown = &fixture.shown[fixture.n_shown], *before;
	int rc;

	assert_true(fixture.n_shown < SHOWN_MAX);
	*shown = (struct shown){.taken = begin(DEED_NOT_YET), .back = DEED_NOT_YET};
	rc = token_store_take(fixture.outbox, fixture.now, &shown->token, &fixture.error);
	if (rc == 0) {
		before = find_shown(shown->token.text);
		assert_true(!before || before->taken.done == NEVER || before->back.begun != NEVER);
	}
	(void)returned(rc, &shown->taken);
	if (rc <= 0 && shown->token.text[0] != '\0')
		fixture.n_shown++;
}

/* Of one for which no connection was opened. */
static void give_back(void)
{
	struct shown *shown = fixture.n_shown ? &fixture.shown[fixture.n_shown - 1] : NULL;

	if (!shown || shown->taken.done == NEVER || shown->back.begun != NEVER)
		return;
	shown->back = begin(shown->back);
	(void)returned(token_store_give_back(fixture.outbox, &shown->token, draw(3) == 0, &fixture.error),
		       &shown->back);
}

static void one_step(void)
{
	uint32_t what = draw(100);

	if (what < 12)
		join();
	else if (what < 40)
		fetch();
	else if (what < 75)
		take();
	else if (what < 90)
		give_back();
	else {
		close_device();
		trouble();
		open_device(fixture.base);
	}
}

static void run_session(void)
{
	record_begin(fixture.base);
	fixture.began = deed_now();
	fixture.horizon = NEVER;
	fixture.calm = false;
	fixture.now += (int64_t)draw(6) * SECONDS_A_DAY;
	trouble();
	open_device(fixture.base);
	for (int step = 0; step < STEPS; step++)
		one_step();
	record_end();
	close_device();
}

/* ---- What is left after a cut ---------------------------------------------------------------------------------------- */

/* How the tokens of a key were shown until the moment. */
struct tally {
	unsigned gone, uncertain;
};

/* The last entry of a token says how it is. */
static struct tally tally_of(unsigned week, uint32_t moment)
{
	struct tally tally = {0, 0};

	for (uint32_t i = 0; i < fixture.n_shown; i++) {
		const struct shown *shown = &fixture.shown[i];
		bool last = deed_begun(shown->taken, moment);

		for (uint32_t later = i + 1; later < fixture.n_shown; later++)
			last &= !(deed_begun(fixture.shown[later].taken, moment) &&
				  strcmp(fixture.shown[later].token.text, shown->token.text) == 0);
		if (!last || week_of(shown->token.key_id) != week)
			continue;
		if (!deed_done(shown->taken, moment) ||
		    (deed_begun(shown->back, moment) && !deed_done(shown->back, moment)))
			tally.uncertain++;
		else if (!deed_begun(shown->back, moment))
			tally.gone++;
	}
	return tally;
}

static bool was_shown(const char *text, uint32_t moment)
{
	bool shown = false;

	for (uint32_t i = 0; i < fixture.n_shown; i++)
		if (strcmp(fixture.shown[i].token.text, text) == 0 && deed_done(fixture.shown[i].taken, moment))
			shown = !deed_begun(fixture.shown[i].back, moment);
	return shown;
}

/* Takes all that there are. */
static void take_all(unsigned counts[static WEEKS], uint32_t moment)
{
	struct token_store_token token;
	struct token read;

	while (token_store_take(fixture.outbox, fixture.now, &token, &fixture.error) == 0) {
		unsigned week = week_of(token.key_id);

		assert_int_equal(token_decode_text(token.text, strlen(token.text), &read), 0);
		assert_int_equal(token_verify(&read, issuer_keys[week].public, read.challenge), 0);
		if (was_shown(token.text, moment))
			fail_msg("a token that was shown is there again");
		counts[week]++;
	}
}

static void check_tokens(uint32_t moment)
{
	unsigned counts[WEEKS] = {0};

	take_all(counts, moment);
	for (unsigned week = 0; week < WEEKS; week++) {
		int64_t monday = MONDAY + (int64_t)week * 7 * SECONDS_A_DAY;
		struct tally tally = tally_of(week, moment);
		bool good = monday <= fixture.now && fixture.now < monday + 21 * SECONDS_A_DAY;
		bool there = deed_done(fixture.bought[week], moment) || fixture.now < monday + 7 * SECONDS_A_DAY;

		assert_true(counts[week] <= BATCH - tally.gone);
		if (good && there)
			assert_true(counts[week] + tally.gone + tally.uncertain >= BATCH);
	}
}

static void check_image(uint32_t moment, const char *image)
{
	struct token_store_member member;
	uint32_t n_posts = fixture.n_posts;
	int rc;

	fixture.horizon = moment;
	fixture.calm = true;
	open_device(image);
	rc = token_store_member(fixture.outbox, &member, &fixture.error);
	assert_true(rc == 0 || !deed_done(fixture.joined, moment));
	if (rc != 0 && token_buyer_join(&buyer, fixture.outbox, ORG, &invitation, &fixture.error) != 0)
		fail_msg("%s", fixture.error.text);
	if (token_buyer_fetch(&buyer, fixture.outbox, ORG, fixture.now, &fixture.error) != 0)
		fail_msg("%s", fixture.error.text);
	check_tokens(moment);
	close_device();
	fixture.n_posts = n_posts;
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
		check_image((uint32_t)power_at(power), fixture.image);
	} while (power_step(power));
	power_free(power);
}

static void age_all(uint32_t moment)
{
	uint32_t kept = 0;

	fixture.joined = deed_before(fixture.joined, moment);
	for (int i = 0; i < WEEKS; i++)
		fixture.bought[i] = deed_before(fixture.bought[i], moment);
	for (uint32_t i = 0; i < fixture.n_shown; i++) {
		fixture.shown[i].taken = deed_before(fixture.shown[i].taken, moment);
		fixture.shown[i].back = deed_before(fixture.shown[i].back, moment);
		if (deed_begun(fixture.shown[i].taken, 0))
			fixture.shown[kept++] = fixture.shown[i];
	}
	fixture.n_shown = kept;
	kept = 0;
	for (uint32_t i = 0; i < fixture.n_posts; i++)
		if (fixture.posts[i].at <= moment) {
			fixture.posts[kept] = fixture.posts[i];
			fixture.posts[kept++].at = 0;
		}
	fixture.n_posts = kept;
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

	if (!directory_text)
		make_issuer();
	memset(&fixture, 0, sizeof fixture);
	folder_make(fixture.folder);
	(void)snprintf(fixture.base, sizeof fixture.base, "%s/base", fixture.folder);
	(void)snprintf(fixture.image, sizeof fixture.image, "%s/image", fixture.folder);
	folder_clear(fixture.base);
	fixture.failing = failing;
	fixture.dice = seed * 1000003;
	fixture.now = MONDAY + SECONDS_A_DAY;
	fixture.joined = DEED_NOT_YET;
	for (int i = 0; i < WEEKS; i++)
		fixture.bought[i] = DEED_NOT_YET;
	for (int session = 0; session < CHAIN; session++) {
		run_session();
		cut_everywhere(&dice);
		go_on(&dice);
	}
	record_forget();
	folder_remove(fixture.folder);
	return fixture.cuts;
}

static void free_issuer(void)
{
	for (int i = 0; i < WEEKS; i++) {
		sign_key_close(issuer_keys[i].secret);
		token_key_close(issuer_keys[i].public);
	}
	free(directory_text);
}

int main(void)
{
	int rc = chains_main("power cuts, tokens", CHAINS, run_chain);

	free_issuer();
	return rc;
}
