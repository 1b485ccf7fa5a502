/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The power fails while turfdoor works, at every write and every sync, and what was not synced is lost in
 * every way that a disk may lose it. Whatever is left opens, and keeps what was promised: an invitation lets one device in, and
 * the same device again; of a key a device gets signatures of one batch, and the same ones when it asks again; a device that was
 * revoked gets none; and a key that
 * was rotated is gone. test_power_gate.c does the same for what the broker goes by.
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
#include "tests/dice.h"
#include "tests/fault/lib/chains.h"
#include "tests/fault/lib/deed.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/power.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam.h"

enum {
	CHAINS = 1,
	CHAIN = 3,  /* sessions that go on from each other */
	STEPS = 36, /* of a session */
	TODAY = 20787,
	SECONDS_A_DAY = 86400,
	DEVICES_MAX = 200,
	KEYS_MAX = 64,
	BATCHES_MAX = 400,
	VARIANTS = 2,          /* batches that a device may draw for a key */
	BATCHES_LOOKED_AT = 3, /* of an image */
};

#define ORG "toets"

/* An invitation and the device that uses it. */
struct known_device {
	char note[16]; /* finds it in the list */
	uint8_t code[DOOR_CODE_BYTES], credential[DOOR_CREDENTIAL_BYTES];
	const char *scope;
	struct deed invited, joined, revoked;
};

struct known_key {
	uint8_t id[TOKEN_DIGEST_BYTES];
	char scope[SCOPE_BYTES];
	struct deed rotated; /* or lost with the power */
};

/* What a device asked of a key: one of two batches. */
struct known_batch {
	uint32_t device, key;
	struct deed asked[VARIANTS];
	uint8_t answer[TOKEN_MODULUS_BYTES];
};

static struct {
	char folder[FOLDER_BYTES], base[FOLDER_BYTES + 8], image[FOLDER_BYTES + 8];
	bool failing; /* the disk, now and then */
	uint64_t dice, cuts;
	uint32_t began; /* `began`: where the session's own entries begin */
	struct door *door;
	struct error error;
	struct deed made;
	struct known_device devices[DEVICES_MAX];
	struct known_key keys[KEYS_MAX];
	struct known_batch batches[BATCHES_MAX];
	uint32_t n_devices, n_keys, n_batches, drawn;
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

/* ---- What is asked ------------------------------------------------------------------------------------------------ */

/* Bytes that no other call has given. */
static void draw_bytes(uint8_t *bytes, size_t length)
{
	memset(bytes, 0, length);
	put_be32(bytes + 1, ++fixture.drawn);
}

/* Signing takes any number below the modulus; the first bit of a modulus is set. */
static void message_of(const struct known_batch *batch, unsigned variant, uint8_t message[static TOKEN_MODULUS_BYTES])
{
	memset(message, 0x5a, TOKEN_MODULUS_BYTES);
	put_be32(message + 1, batch->device);
	put_be32(message + 5, batch->key);
	message[0] = 1;
	message[9] = (uint8_t)variant;
}

static int buy(const struct known_batch *batch, unsigned variant, uint8_t answer[static TOKEN_MODULUS_BYTES])
{
	uint8_t message[TOKEN_MODULUS_BYTES];
	const struct door_batch_request request = {fixture.devices[batch->device].credential,
						   fixture.keys[batch->key].id, message, sizeof message};

	message_of(batch, variant, message);
	return door_take_batch(fixture.door, &request, TODAY, answer, &fixture.error);
}

static int join_with(const struct known_device *device, const uint8_t *credential)
{
	char scope[SCOPE_BYTES];

	return door_join(fixture.door, device->code, credential, unix_now(), TODAY, scope, &fixture.error);
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

static void open_door(void)
{
	static const struct door_settings settings = {.org = ORG, .host = "h", .batch = 1};
	int rc = 0;

	if (fixture.made.done == NEVER) {
		fixture.made = begin(fixture.made);
		rc = door_create(path_of(fixture.base, "door"), &settings, &fixture.error);
		(void)returned(rc, &fixture.made);
	}
	rc = door_open(path_of(fixture.base, "door"), &fixture.door, &fixture.error);
	if (rc != 0 && fixture.made.done == NEVER) { /* a failure left nothing */
		assert_int_equal(door_create(path_of(fixture.base, "door"), &settings, &fixture.error), 0);
		rc = door_open(path_of(fixture.base, "door"), &fixture.door, &fixture.error);
	}
	if (rc != 0)
		fail_msg("%s", fixture.error.text);
	fixture.made.done = fixture.made.done == NEVER ? deed_now() : fixture.made.done;
}

static void close_door(void)
{
	door_close(fixture.door);
	fixture.door = NULL;
}

static void invite(void)
{
	struct known_device device = {.invited = DEED_NOT_YET, .joined = DEED_NOT_YET, .revoked = DEED_NOT_YET};
	struct scope scope;

	device.scope = draw(3) ? "oost" : "west";
	assert_int_equal(scope_parse(device.scope, &scope), 0);
	draw_bytes(device.credential, sizeof device.credential);
	(void)snprintf(device.note, sizeof device.note, "%u", fixture.drawn);
	device.invited = begin(device.invited);
	if (!returned(door_invite(fixture.door, &scope, device.note, unix_now(), device.code, &fixture.error),
		      &device.invited))
		return; /* nobody was told the code */
	assert_true(fixture.n_devices < DEVICES_MAX);
	fixture.devices[fixture.n_devices++] = device;
}

/* One whose invitation is not lost with the power. NULL: that one is. */
static struct known_device *any_device(void)
{
	struct known_device *device = fixture.n_devices ? &fixture.devices[draw(fixture.n_devices)] : NULL;

	return device && device->invited.done != NEVER ? device : NULL;
}

static void join(void)
{
	struct known_device *device = any_device();
	int rc;

	if (!device || device->revoked.begun != NEVER)
		return;
	device->joined = begin(device->joined);
	rc = join_with(device, device->credential);
	assert_true(rc <= 0);
	(void)returned(rc, &device->joined);
}

struct search {
	const char *note;
	uint32_t number, found;
};

static int compare_note(void *context, const struct door_device *device)
{
	struct search *search = context;

	if (strcmp(device->note, search->note) == 0) {
		search->number = device->number;
		search->found++;
	}
	return 0;
}

/* How many devices have joined with this invitation: none or one. */
static uint32_t find_device(const struct known_device *known, uint32_t *number)
{
	struct search search = {.note = known->note};

	assert_int_equal(door_list(fixture.door, compare_note, &search, &fixture.error), 0);
	assert_in_range(search.found, 0, 1);
	*number = search.number;
	return search.found;
}

static void revoke(void)
{
	struct known_device *device = any_device();
	uint32_t number;
	int rc;

	if (!device || device->revoked.done != NEVER || find_device(device, &number) == 0)
		return;
	device->revoked = begin(device->revoked);
	rc = door_revoke(fixture.door, number, TODAY, &fixture.error);
	(void)returned(rc == DOOR_NO_DEVICE ? 0 : rc, &device->revoked); /* a failed one may have revoked it */
}

/* A batch of a device and a key of its scope, a new one or one that was asked for before. NULL: there is no such key. */
static struct known_batch *any_batch(void)
{
	const struct known_device *device = any_device();
	uint32_t number, chosen = draw(KEYS_MAX);

	if (!device || find_device(device, &number) == 0)
		return NULL;
	for (uint32_t i = 0; i < fixture.n_keys; i++) {
		struct known_batch wanted = {.device = (uint32_t)(device - fixture.devices),
					     .key = (i + chosen) % fixture.n_keys,
					     .asked = {DEED_NOT_YET, DEED_NOT_YET}};
		const struct known_key *key = &fixture.keys[wanted.key];

		if (strcmp(key->scope, device->scope) != 0 || key->rotated.begun != NEVER)
			continue;
		for (uint32_t at = 0; at < fixture.n_batches; at++)
			if (fixture.batches[at].device == wanted.device && fixture.batches[at].key == wanted.key)
				return &fixture.batches[at];
		assert_true(fixture.n_batches < BATCHES_MAX);
		fixture.batches[fixture.n_batches] = wanted;
		return &fixture.batches[fixture.n_batches++];
	}
	return NULL;
}

/* Each answer that ever left is of one batch, and the same. */
static void take_batch(void)
{
	struct known_batch *batch = any_batch();
	unsigned variant = draw(4) == 0;
	uint8_t answer[TOKEN_MODULUS_BYTES];
	int rc;

	if (!batch)
		return;
	batch->asked[variant] = begin(batch->asked[variant]);
	rc = buy(batch, variant, answer);
	if (rc == DOOR_REVOKED) {
		assert_true(fixture.devices[batch->device].revoked.begun != NEVER);
		(void)seam_disarm();
		return;
	}
	if (rc == DOOR_BATCH_TAKEN) {
		assert_true(batch->asked[!variant].begun != NEVER);
		(void)seam_disarm();
		return;
	}
	assert_true(rc <= 0);
	if (rc == 0) {
		assert_true(batch->asked[!variant].done == NEVER);
		if (batch->asked[variant].done != NEVER)
			assert_memory_equal(answer, batch->answer, sizeof answer);
		memcpy(batch->answer, answer, sizeof answer);
	}
	(void)returned(rc, &batch->asked[variant]);
}

static bool is_known(const uint8_t *id)
{
	for (uint32_t i = 0; i < fixture.n_keys; i++)
		if (memcmp(fixture.keys[i].id, id, TOKEN_DIGEST_BYTES) == 0)
			return true;
	return false;
}

/* After a cut the keys are those that there are, whatever was begun before it. */
static void look_at_keys(void)
{
	struct token_directory *directory;

	assert_int_equal(door_directory(fixture.door, TODAY, &directory, &fixture.error), 0);
	for (uint32_t i = 0; i < fixture.n_keys; i++)
		fixture.keys[i].rotated =
			token_directory_find(directory, fixture.keys[i].id) ? DEED_NOT_YET : (struct deed){0, 0};
	token_directory_free(directory);
}

/* Remembers the keys that there are now. */
static void read_keys(void)
{
	struct token_directory *directory;

	assert_int_equal(door_directory(fixture.door, TODAY, &directory, &fixture.error), 0);
	for (size_t i = 0; i < directory->n_keys; i++) {
		struct known_key *key = &fixture.keys[fixture.n_keys];

		if (is_known(token_key_id(directory->keys[i].key)))
			continue;
		assert_true(fixture.n_keys < KEYS_MAX);
		fixture.n_keys++;
		*key = (struct known_key){.rotated = DEED_NOT_YET};
		memcpy(key->id, token_key_id(directory->keys[i].key), sizeof key->id);
		scope_format(&directory->keys[i].scope, key->scope);
	}
	token_directory_free(directory);
}

/* Makes the keys that are missing. */
static void prepare(void)
{
	struct deed deed = begin(DEED_NOT_YET);

	(void)returned(door_prepare(fixture.door, unix_now(), TODAY, &fixture.error), &deed);
	read_keys();
}

static void rotate(void)
{
	const char *scope = draw(2) ? "oost" : "west";
	struct deed deed = begin(DEED_NOT_YET);
	int rc = door_rotate(fixture.door, scope, &fixture.error);

	(void)returned(rc == DOOR_NO_KEYS ? 0 : rc, &deed);
	for (uint32_t i = 0; i < fixture.n_keys; i++) {
		struct deed *rotated = &fixture.keys[i].rotated;

		if (strcmp(fixture.keys[i].scope, scope) != 0)
			continue;
		rotated->begun = deed.begun < rotated->begun ? deed.begun : rotated->begun;
		rotated->done = deed.done < rotated->done ? deed.done : rotated->done;
	}
	prepare();
}

static void one_step(void)
{
	uint32_t what = draw(100);

	if (what < 15)
		invite();
	else if (what < 40)
		join();
	else if (what < 80)
		take_batch();
	else if (what < 88)
		revoke();
	else if (what < 92)
		prepare();
	else if (what < 94)
		rotate();
	else {
		close_door();
		open_door();
	}
}

static void run_session(void)
{
	record_begin(fixture.base);
	fixture.began = deed_now();
	open_door();
	look_at_keys();
	for (int i = 0; i < 3; i++)
		invite();
	prepare();
	for (int step = 0; step < STEPS; step++)
		one_step();
	record_end();
	close_door();
}

/* ---- What is left after a cut ------------------------------------------------------------------------------------------ */

static void check_invitation(const struct known_device *device, uint32_t moment)
{
	uint8_t other[DOOR_CREDENTIAL_BYTES];
	uint32_t number, found = find_device(device, &number);

	draw_bytes(other, sizeof other);
	if (!deed_done(device->invited, moment))
		return;
	if (deed_done(device->joined, moment))
		assert_int_equal(found, 1);
	if (!deed_begun(device->joined, moment))
		assert_int_equal(found, 0);
	if (deed_begun(device->revoked, moment))
		return;
	assert_int_equal(join_with(device, device->credential), 0); /* whatever it was told, it may ask again */
	assert_int_equal(join_with(device, other), DOOR_INVITATION_USED);
}

static bool may_be_bought(const struct known_batch *batch, uint32_t moment)
{
	const struct known_device *device = &fixture.devices[batch->device];
	const struct known_key *key = &fixture.keys[batch->key];

	return deed_done(device->joined, moment) && !deed_begun(device->revoked, moment) &&
	       !deed_begun(key->rotated, moment);
}

/* The device asks for what it asked before, and gets it; a copy of it that asks for another batch gets none. */
static void check_batch(const struct known_batch *batch, uint32_t moment)
{
	uint8_t answer[TOKEN_MODULUS_BYTES];
	unsigned variant = deed_done(batch->asked[1], moment) || !deed_begun(batch->asked[0], moment);

	if (!may_be_bought(batch, moment) || !deed_begun(batch->asked[variant], moment))
		return;
	if (!deed_done(batch->asked[variant], moment) && deed_begun(batch->asked[!variant], moment)) {
		/* Both were begun and none was answered: one of them is taken, or none yet. */
		assert_int_equal((buy(batch, 0, answer) == 0) + (buy(batch, 1, answer) == 0), 1);
		return;
	}
	assert_int_equal(buy(batch, variant, answer), 0);
	if (deed_done(batch->asked[variant], moment))
		assert_memory_equal(answer, batch->answer, sizeof answer);
	assert_int_equal(buy(batch, !variant, answer), DOOR_BATCH_TAKEN);
}

static void check_revoked(const struct known_batch *batch, uint32_t moment)
{
	uint8_t answer[TOKEN_MODULUS_BYTES];

	if (deed_done(fixture.devices[batch->device].revoked, moment))
		assert_int_equal(buy(batch, 0, answer), DOOR_REVOKED);
	else if (deed_done(fixture.keys[batch->key].rotated, moment) &&
		 deed_done(fixture.devices[batch->device].joined, moment) &&
		 !deed_begun(fixture.devices[batch->device].revoked, moment))
		assert_int_equal(buy(batch, 0, answer), DOOR_NO_KEY);
}

static void check_image(uint32_t moment, const char *image, uint64_t *dice)
{
	if (door_open(path_of(image, "door"), &fixture.door, &fixture.error) != 0) {
		if (deed_done(fixture.made, moment))
			fail_msg("%s", fixture.error.text);
		fixture.cuts++;
		return;
	}
	for (uint32_t i = 0; i < BATCHES_LOOKED_AT && fixture.n_batches > 0; i++) {
		const struct known_batch *batch = &fixture.batches[dice_below(dice, fixture.n_batches)];

		check_batch(batch, moment);
		check_revoked(batch, moment);
	}
	for (uint32_t i = 0; i < fixture.n_devices; i++)
		check_invitation(&fixture.devices[i], moment);
	close_door();
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
		check_image((uint32_t)power_at(power), fixture.image, dice);
	} while (power_step(power));
	power_free(power);
}

static void age_all(uint32_t moment)
{
	fixture.made = deed_before(fixture.made, moment);
	for (uint32_t i = 0; i < fixture.n_devices; i++) {
		fixture.devices[i].invited = deed_before(fixture.devices[i].invited, moment);
		fixture.devices[i].joined = deed_before(fixture.devices[i].joined, moment);
		fixture.devices[i].revoked = deed_before(fixture.devices[i].revoked, moment);
	}
	for (uint32_t i = 0; i < fixture.n_keys; i++)
		fixture.keys[i].rotated = deed_before(fixture.keys[i].rotated, moment);
	for (uint32_t i = 0; i < fixture.n_batches; i++)
		for (unsigned variant = 0; variant < VARIANTS; variant++)
			fixture.batches[i].asked[variant] = deed_before(fixture.batches[i].asked[variant], moment);
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
	fixture.made = DEED_NOT_YET;
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
	return chains_main("power cuts, door", CHAINS, run_chain);
}
