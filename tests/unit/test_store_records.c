/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store's format, byte by byte, as docs/store-format.md has it: a file that was written once must be read by
 * every later turf of this format. And decoders that take any bytes.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/records.h"

enum { DAY = 18261, QUARTER = 8079 }; /* 2019-12-31, 2019-Q4: 0x4755, 0x1f8f */

static const struct event_id an_id = {
	{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0xff}};

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void is_key(struct key key, const uint8_t *bytes, size_t length)
{
	assert_int_equal(key.length, length);
	assert_memory_equal(key.bytes, bytes, length);
}

/* The bytes, and behind them the CRC32C of the key and the bytes. */
static void is_sealed(struct span value, const struct key *key, const uint8_t *bytes, size_t length)
{
	uint8_t together[256];

	assert_int_equal(value.length, length + 4);
	assert_memory_equal(value.at, bytes, length);
	assert_true(key->length + length <= sizeof together);
	memcpy(together, key->bytes, key->length);
	memcpy(together + key->length, bytes, length);
	assert_int_equal(get_be32(value.at + length), crc32c(together, key->length + length));
}

static void is_record(struct record record, struct key key, const uint8_t *bytes, size_t length)
{
	is_sealed(record_span(&record), &key, bytes, length);
}

static void is_same(struct record record, struct record other)
{
	assert_int_equal(record.length, other.length);
	assert_memory_equal(record.bytes, other.bytes, record.length);
}

/* ---- The checksum ------------------------------------------------------------------------------------------- */

/* The processor's instruction takes eight bytes at a time, from any address. */
static void test_the_processor_and_the_table_make_the_same_crc(void **state)
{
	uint8_t bytes[64];

	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_portable(0, "123456789", 9), 0xe3069283);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
	for (size_t from = 0; from < 9; from++)
		for (size_t length = 0; from + length <= sizeof bytes; length++) {
			uint32_t before = crc32c(bytes, from);

			assert_int_equal(crc32c_more(before, bytes + from, length),
					 crc32c_portable(before, bytes + from, length));
		}
}

/* ---- Keys --------------------------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
	(void)state;
	is_key(key_meta(META_FORMAT), BYTES('f', 'o', 'r', 'm', 'a', 't'));
	is_key(key_meta(META_ORG), BYTES('o', 'r', 'g'));
	is_key(key_meta(META_STATE), BYTES('s', 't', 'a', 't', 'e'));
	is_key(key_meta(META_CATALOGUE), BYTES('c', 'a', 't', 'a', 'l', 'o', 'g', 'u', 'e'));
	is_key(key_meta(META_QUARANTINE), BYTES('q', 'u', 'a', 'r', 'a', 'n', 't', 'i', 'n', 'e'));
	is_key(key_team_slug("oost-1"), BYTES('o', 'o', 's', 't', '-', '1'));
	is_key(key_team_number(258), BYTES(0, 1, 2));
	is_key(key_id(&(struct id_place){.day = DAY, .id = an_id}),
	       BYTES(0, 0, 0x47, 0x55, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255));
	is_key(key_cell(&(struct cell_key){QUARTER, 258, CELL_DOMAIN, 255, OUTCOME_REFERRED}),
	       BYTES(0x1f, 0x8f, 1, 2, 1, 0, 255, 2));
	is_key(key_cell(&(struct cell_key){QUARTER, 258, CELL_LABEL, 65534, OUTCOME_UNSPECIFIED}),
	       BYTES(0x1f, 0x8f, 1, 2, 2, 255, 254, 0));
	is_key(key_week(&(struct week_key){2020, 258, 1}), BYTES(0x07, 0xe4, 1, 2, 1));
	is_key(key_quarter(QUARTER), BYTES('Q', 0x1f, 0x8f));
	is_key(key_purged_week(2020, 53), BYTES('W', 0x07, 0xe4, 53));
	is_key(key_quarantine(VERDICT_REFUSED_UNKNOWN_TEAM, 0x0102030405060708u), BYTES(17, 1, 2, 3, 4, 5, 6, 7, 8));
}

/* Keys sort as the numbers in them: by time first. */
static void test_order(void **state)
{
	struct id_place early = {.day = 255, .id = an_id}, late = {.day = 256};
	struct key a = key_id(&early), b = key_id(&late);

	(void)state;
	assert_true(memcmp(a.bytes, b.bytes, a.length) < 0);
	a = key_cell(&(struct cell_key){QUARTER, 300, CELL_DOMAIN, 3, OUTCOME_REFERRED});
	b = key_cell(&(struct cell_key){QUARTER, 300, CELL_DOMAIN, 4, OUTCOME_ANSWERED});
	assert_true(memcmp(a.bytes, b.bytes, a.length) < 0);
	a = key_quarantine(VERDICT_REFUSED_MALFORMED, 256);
	b = key_quarantine(VERDICT_REFUSED_UNKNOWN_TEAM, 255);
	assert_true(memcmp(a.bytes, b.bytes, a.length) < 0);
}

static bool parses_as_cell(const uint8_t *bytes, size_t length)
{
	struct cell_key cell;

	return key_cell_parse((struct span){bytes, length}, &cell);
}

static void test_cell_keys_that_are_none(void **state)
{
	(void)state;
	assert_true(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 0, 255, 2)));
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 0, 255)));       /* short */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 0, 255, 2, 0))); /* long */
	assert_false(parses_as_cell(BYTES(0xff, 0xff, 0, 1, 1, 0, 255, 2)));    /* a quarter after 9999 */
	assert_false(parses_as_cell(BYTES(0x1e, 0xc7, 0, 1, 1, 0, 255, 2)));    /* 1969-Q4 */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 0, 1, 0, 255, 2)));    /* no team */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 3, 0, 255, 2)));    /* no such kind */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 1, 0, 2)));      /* domain 256 */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 0, 0, 2)));      /* domain 0 */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 1, 0, 1, 3)));      /* outcome 3 */
	assert_false(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 2, 0, 1, 1)));      /* a label with an outcome */
	assert_true(parses_as_cell(BYTES(0x1f, 0x8f, 0, 1, 2, 0, 1, 0)));
}

static void test_other_keys_that_are_none(void **state)
{
	struct week_key week;
	struct id_place place;
	char slug[SLUG_BYTES];
	enum verdict reason;
	uint64_t sequence;
	uint16_t number;
	uint8_t n;

	(void)state;
	assert_false(key_week_parse((struct span){BYTES(0x07, 0xe4, 0, 1, 0)}, &week));
	assert_true(key_week_parse((struct span){BYTES(0x07, 0xe4, 0, 1, 53)}, &week));  /* 2020 has 53 */
	assert_false(key_week_parse((struct span){BYTES(0x07, 0xe3, 0, 1, 53)}, &week)); /* 2019 has 52 */
	assert_false(key_week_parse((struct span){BYTES(0x07, 0xe4, 0, 0, 1)}, &week));
	assert_false(key_purged_week_parse((struct span){BYTES('W', 0x07, 0xe3, 53)}, &number, &n));
	assert_false(key_quarter_parse((struct span){BYTES('W', 0x1f, 0x8f)}, &number));
	assert_false(key_team_number_parse((struct span){BYTES(0, 0, 0)}, &number));
	assert_false(key_team_slug_parse((struct span){BYTES('O', 'o', 's', 't')}, slug));
	assert_false(key_team_slug_parse((struct span){BYTES('a', 0, 'b')}, slug));
	assert_false(key_id_parse((struct span){BYTES(0, 0, 0x47, 0x55)}, &place));
	assert_false(key_quarantine_parse((struct span){BYTES(15, 0, 0, 0, 0, 0, 0, 0, 1)}, &reason, &sequence));
	assert_false(key_quarantine_parse((struct span){BYTES(23, 0, 0, 0, 0, 0, 0, 0, 1)}, &reason, &sequence));
}

/* ---- Values ------------------------------------------------------------------------------------------------- */

static void test_meta(void **state)
{
	struct state given = {
		.shown =
			{
				.epoch = "000102030405060708090a0b0c0d0eff",
				.created = 1,
				.generation = 0x0102030405060708u,
				.cells = {.policy = CELLS_EVERY, .every = 5},
				.clock_day = 2,
				.pending_day = 3,
				.purged_before = 4,
				.settled_before = 5,
				.final_through = QUARTER,
				.deleted_since = 7,
			},
		.settled = {.day = DAY, .id = an_id},
		.purged_to = 8,
		.released = 9,
		.teams = 258,
	};
	struct quarantine_state quarantine = {.sequence = 1, .limit = 2, .entries = {3, 4, 5, 6, 7, 8, 9}},
				quarantine_back;
	struct record record = state_encode(&given);
	struct state back = {.purged_to = 0};
	char org[SLUG_BYTES];
	uint32_t format;

	(void)state;
	is_record(format_encode(1), key_meta(META_FORMAT), BYTES('t', 'u', 'r', 'f', 0, 0, 0, 1));
	is_record(org_encode("dekop"), key_meta(META_ORG), BYTES('d', 'e', 'k', 'o', 'p'));
	is_record(record, key_meta(META_STATE),
		  BYTES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255, /* epoch */
			0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8,                    /* created, generation */
			2, 0, 0, 0, 5,                                         /* cells */
			0, 0, 0, 2, 0, 0, 0, 3,                                /* clock_day, pending_day */
			0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0x1f, 0x8f,              /* purged, settled, final */
			0, 0, 0, 7,                                            /* deleted_since */
			0, 0, 0x47, 0x55, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255, /* settled place */
			0, 0, 0, 8, 0, 0, 0, 9, 1, 2)); /* purged_to, released, teams */
	assert_true(state_decode(record_span(&record), &back));
	is_same(state_encode(&back), record);
	record = quarantine_state_encode(&quarantine);
	is_record(record, key_meta(META_QUARANTINE),
		  BYTES(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7,
			0, 0, 0, 8, 0, 0, 0, 9));
	assert_true(quarantine_state_decode(record_span(&record), &quarantine_back));
	is_same(quarantine_state_encode(&quarantine_back), record);
	record = org_encode("dekop");
	assert_true(org_decode(record_span(&record), org));
	assert_string_equal(org, "dekop");
	record = format_encode(7);
	assert_true(format_decode(record_span(&record), &format));
	assert_int_equal(format, 7);
}

static void test_teams(void **state)
{
	struct key by_slug = key_team_slug("oost"), by_number = key_team_number(258);

	(void)state;
	is_record(team_number_encode(&by_slug, 258), by_slug, BYTES(1, 2));
	is_record(team_slug_encode(&by_number, "oost"), by_number, BYTES('o', 'o', 's', 't'));
}

static void test_ids(void **state)
{
	struct key key = key_id(&(struct id_place){.day = DAY, .id = an_id});
	struct id_record id = {.state = KNOWN_COUNTED,
			       .detailed = true,
			       .team = 258,
			       .domain = 255,
			       .outcome = 2,
			       .n_labels = 2,
			       .labels = {7, 65534}},
			 back;
	struct record record = id_encode(&key, &id);

	(void)state;
	is_record(record, key, BYTES(1, 1, 2, 255, 2, 0, 7, 255, 254));
	assert_true(id_decode(key_span(&key), record_span(&record), &back));
	is_same(id_encode(&key, &back), record);
	is_record(id_encode(&key, &(struct id_record){.state = KNOWN_COUNTED}), key, BYTES(1));
	is_record(id_encode(&key, &(struct id_record){.state = KNOWN_COUNTED_LATE}), key, BYTES(2));
	is_record(id_encode(&key, &(struct id_record){.state = KNOWN_RETRACTED}), key, BYTES(3));
}

/* Well sealed, and no id all the same. */
static bool decodes_as_id(const uint8_t *bytes, size_t length)
{
	struct key key = key_id(&(struct id_place){.day = DAY, .id = an_id});
	uint8_t value[64];
	struct id_record id;

	memcpy(value, bytes, length);
	return id_decode(key_span(&key), (struct span){value, record_seal(key_span(&key), value, length)}, &id);
}

static void test_ids_that_are_none(void **state)
{
	(void)state;
	assert_true(decodes_as_id(BYTES(1, 1, 2, 255, 2, 0, 1, 0, 2, 0, 3, 0, 4)));
	assert_false(decodes_as_id(BYTES(1, 1, 2, 255, 2, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5))); /* five labels */
	assert_false(decodes_as_id(BYTES(1, 1, 2, 255, 2, 0)));                            /* half a label */
	assert_false(decodes_as_id(BYTES(1, 1, 2, 255)));                                  /* no outcome */
	assert_false(decodes_as_id(BYTES(1, 1, 2, 255, 3)));                               /* outcome 3 */
	assert_false(decodes_as_id(BYTES(1, 0, 0, 255, 2)));                               /* no team */
	assert_false(decodes_as_id(BYTES(1, 1, 2, 0, 2)));                                 /* no domain */
	assert_false(decodes_as_id(BYTES(2, 1, 2, 255, 2)));                               /* late, with detail */
	assert_false(decodes_as_id(BYTES(0)));
	assert_false(decodes_as_id(BYTES(4)));
	assert_false(decodes_as_id((const uint8_t *)"", 0));
}

static void test_counters(void **state)
{
	struct key cell = key_cell(&(struct cell_key){QUARTER, 1, CELL_DOMAIN, 1, OUTCOME_ANSWERED});
	struct key week = key_week(&(struct week_key){2020, 1, 1});
	struct key quarter = key_quarter(QUARTER), purged = key_purged_week(2020, 1);

	(void)state;
	is_record(
		cell_encode(&cell,
			    &(struct cell_record){.counted = 1, .settled = 2, .late = 3, .shown = 0x0102030405060708u}),
		cell,
		BYTES(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8));
	is_record(week_encode(&week, &(struct week_record){.counted = 1, .settled = 2}), week,
		  BYTES(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2));
	is_record(quarter_encode(&quarter, &(struct quarter_record){1, 2, 3, 4}), quarter,
		  BYTES(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4));
	is_record(purged_week_encode(&purged, 258), purged, BYTES(0, 0, 0, 0, 0, 0, 1, 2));
}

static void test_quarantine(void **state)
{
	struct quarantined entry = {.reason = VERDICT_REFUSED_MALFORMED,
				    .sequence = 1,
				    .team = "oost",
				    .day = DAY,
				    .length = 2,
				    .bytes = {0xab, 0xcd}},
			   back = {.day = 0};
	struct key key = key_quarantine(entry.reason, entry.sequence);
	uint8_t bytes[QUARANTINE_RECORD_BYTES];
	struct span value = {bytes, quarantine_encode(&key, &entry, bytes)};

	(void)state;
	is_sealed(value, &key, BYTES(0, 0, 0x47, 0x55, 4, 'o', 'o', 's', 't', 0xab, 0xcd));
	assert_true(quarantine_decode(key_span(&key), value, &back));
	assert_int_equal(back.reason, entry.reason);
	assert_int_equal(back.sequence, 1);
	assert_int_equal(quarantine_encode(&key, &back, bytes), value.length);
	is_sealed(value, &key, BYTES(0, 0, 0x47, 0x55, 4, 'o', 'o', 's', 't', 0xab, 0xcd));
}

/* ---- Any bytes ------------------------------------------------------------------------------------------------ */

/* A value of any length and content, sealed or not: every decoder looks before it takes. The sanitizers watch. */
static void decode_all(struct span key, struct span value)
{
	struct quarantine_state quarantine_state;
	struct quarter_record quarter;
	struct quarantined entry;
	struct cell_record cell;
	struct week_record week;
	struct id_record id;
	struct state state = {.purged_to = 0};
	char slug[SLUG_BYTES];
	uint64_t purged;
	uint32_t format;
	uint16_t number;

	(void)format_decode(value, &format);
	(void)org_decode(value, slug);
	(void)state_decode(value, &state);
	(void)quarantine_state_decode(value, &quarantine_state);
	(void)team_number_decode(key, value, &number);
	(void)team_slug_decode(key, value, slug);
	(void)id_decode(key, value, &id);
	(void)cell_decode(key, value, &cell);
	(void)week_decode(key, value, &week);
	(void)quarter_decode(key, value, &quarter);
	(void)purged_week_decode(key, value, &purged);
	(void)quarantine_decode(key, value, &entry);
}

static void test_any_bytes(void **state)
{
	const struct key keys[] = {key_meta(META_FORMAT), key_meta(META_ORG),
				   key_meta(META_STATE),  key_meta(META_QUARANTINE),
				   key_team_number(1),    key_quarantine(VERDICT_REFUSED_MALFORMED, 1)};
	uint32_t seed = 1;

	(void)state;
	for (size_t length = 0; length < 5000; length += length < 200 ? 1 : 97) {
		uint8_t *bytes = malloc(length + SEAL_BYTES); /* of this very length, so that a byte too far is seen */

		assert_non_null(bytes);
		for (size_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
		for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
			struct span key = key_span(&keys[k]);

			decode_all(key, (struct span){bytes, length});
			decode_all(key, (struct span){bytes, record_seal(key, bytes, length)});
		}
		free(bytes);
	}
}

/* A value is bound to its key: under another one it does not decode. */
static void test_a_record_under_anothers_key(void **state)
{
	struct key cell = key_cell(&(struct cell_key){QUARTER, 1, CELL_DOMAIN, 1, OUTCOME_ANSWERED});
	struct key other = key_cell(&(struct cell_key){QUARTER, 2, CELL_DOMAIN, 1, OUTCOME_ANSWERED});
	struct record record = cell_encode(&cell, &(struct cell_record){.counted = 1});
	struct cell_record back;

	(void)state;
	assert_true(cell_decode(key_span(&cell), record_span(&record), &back));
	assert_false(cell_decode(key_span(&other), record_span(&record), &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_processor_and_the_table_make_the_same_crc),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cell_keys_that_are_none),
		cmocka_unit_test(test_other_keys_that_are_none),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_teams),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_that_are_none),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_quarantine),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_a_record_under_anothers_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
