/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs the examples in tests/data/vectors/portions.json, which the page's portions.js runs too (tests/web/portions.test.mjs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker-client/libturf/portion.h"
#include "proto/rules.h"
#include "tests/unit/lib/vectors.h"

/* The random numbers of an example; each must be used. */
struct numbers {
	const json_t *list;
	size_t used;
};

static uint32_t next_number(void *context)
{
	struct numbers *numbers = context;

	assert_true(numbers->used < json_array_size(numbers->list));
	return (uint32_t)json_integer_value(json_array_get(numbers->list, numbers->used++));
}

static struct numbers numbers_of(const json_t *example)
{
	return (struct numbers){.list = json_object_get(example, "random")};
}

static void assert_all_used(const struct numbers *numbers)
{
	assert_int_equal(numbers->used, json_array_size(numbers->list));
}

static int64_t seconds(const json_t *example, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(example, name));
}

static void test_the_numbers_are_those_of_the_page(void **state)
{
	json_t *vectors = vectors_load("portions");
	const json_t *numbers = json_object_get(vectors, "numbers");

	(void)state;
	assert_int_equal(vectors_number(numbers, "events"), RULES_PORTION_EVENTS);
	assert_int_equal(vectors_number(numbers, "portions"), RULES_PORTIONS);
	assert_int_equal(vectors_number(numbers, "wait_min_s"), RULES_PORTION_WAIT_MIN_S);
	assert_int_equal(vectors_number(numbers, "wait_max_s"), RULES_PORTION_WAIT_MAX_S);
	assert_int_equal(vectors_number(numbers, "pause_max_s"), RULES_PORTION_PAUSE_MAX_S);
	assert_int_equal(vectors_number(numbers, "away_min_s"), RULES_AWAY_WAIT_MIN_S);
	assert_int_equal(vectors_number(numbers, "away_max_s"), RULES_AWAY_WAIT_MAX_S);
	json_decref(vectors);
}

static void test_what_goes_later(void **state)
{
	json_t *vectors = vectors_load("portions");
	uint32_t today = vectors_day(vectors, "today");
	const json_t *example;
	size_t i;

	(void)state;
	json_array_foreach(vectors_list(vectors, "later"), i, example)
	{
		print_message("%s\n", vectors_text(example, "name"));
		assert_int_equal(portion_goes_later(vectors_day(example, "date"), today,
						    json_is_true(json_object_get(example, "reoffered")),
						    json_is_true(json_object_get(example, "made_now"))),
				 json_is_true(json_object_get(example, "later")));
	}
	json_decref(vectors);
}

static void test_when_portions_go(void **state)
{
	json_t *vectors = vectors_load("portions");
	const json_t *example;
	size_t i;

	(void)state;
	json_array_foreach(vectors_list(vectors, "next"), i, example)
	{
		struct numbers numbers = numbers_of(example);
		const struct portion_dice dice = {next_number, &numbers};

		print_message("%s\n", vectors_text(example, "name"));
		assert_int_equal(portion_next(seconds(example, "planned"), seconds(example, "now"), &dice),
				 seconds(example, "next"));
		assert_all_used(&numbers);
	}
	json_array_foreach(vectors_list(vectors, "after"), i, example)
	{
		struct numbers numbers = numbers_of(example);
		const struct portion_dice dice = {next_number, &numbers};

		assert_int_equal(portion_after(seconds(example, "now"), vectors_number(example, "in_vain"), &dice),
				 seconds(example, "next"));
		assert_all_used(&numbers);
	}
	json_decref(vectors);
}

static void draw(const json_t *example)
{
	const json_t *listed = vectors_list(example, "events"), *expected = vectors_list(example, "portion"), *pair;
	size_t n = json_array_size(listed), drawn, i;
	struct portion_event *events = calloc(n, sizeof *events);
	struct numbers numbers = numbers_of(example);
	const struct portion_dice dice = {next_number, &numbers};

	assert_non_null(events);
	json_array_foreach(listed, i, pair)
	{
		const char *team = json_string_value(json_array_get(pair, 1));

		events[i].seq = (uint64_t)json_integer_value(json_array_get(pair, 0));
		memcpy(events[i].team, team, strlen(team) + 1);
	}
	drawn = portion_draw(events, n, &dice);
	assert_int_equal(drawn, json_array_size(expected));
	for (i = 0; i < drawn; i++)
		assert_int_equal(events[i].seq, json_integer_value(json_array_get(expected, i)));
	assert_all_used(&numbers);
	free(events);
}

static void test_portions_are_drawn_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("portions");
	const json_t *example;
	size_t i;

	(void)state;
	json_array_foreach(vectors_list(vectors, "sizes"), i, example)
	{
		assert_int_equal(portion_size(vectors_number(example, "n")), vectors_number(example, "size"));
	}
	json_array_foreach(vectors_list(vectors, "draws"), i, example)
	{
		print_message("%s\n", vectors_text(example, "name"));
		draw(example);
	}
	json_decref(vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_numbers_are_those_of_the_page),
		cmocka_unit_test(test_what_goes_later),
		cmocka_unit_test(test_when_portions_go),
		cmocka_unit_test(test_portions_are_drawn_as_the_vectors_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
