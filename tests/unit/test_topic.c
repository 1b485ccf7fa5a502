/* SPDX-License-Identifier: EUPL-1.2 */
/* Topic names: what we build is what we read back, and nothing else is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/topic.h"

#define PHONE "AbCdEfGhIjKlMnOpQr_-09"
#define LONGEST_SLUG "abcdefghijklmnopqrstuvwxyz-0123" /* 31 characters */

static enum topic_kind parse(const char *text, struct topic *topic)
{
	return topic_parse(text, strlen(text), topic);
}

static void slugs(void **state)
{
	static const char *const good[] = {"a", "0", "oost", "team-1", "a-", "9-to-5", LONGEST_SLUG, "all"};
	static const char *const bad[] = {
		"", "-a", "Oost", "a b", "a_b", "a/b", "+", "#", "a+", "é", "a.", LONGEST_SLUG "4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(topic_slug_valid(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(topic_slug_valid(bad[i]));
}

static void client_ids_have_22_plain_characters(void **state)
{
	static const char *const bad[] = {
		"",
		"+",
		"#",
		"../summary/oost/2019-Q4",
		"AbCdEfGhIjKlMnOpQr_-0",
		PHONE "x",
		"AbCdEfGhIjKlMnOpQr/-09",
		"AbCdEfGhIjKlMnOpQr+-09",
		"AbCdEfGhIjKlMnOpQr#-09",
		"AbCdEfGhIjKlMnOpQr -09",
		"AbCdEfGhIjKlMnOpQr=-09",
	};

	(void)state;
	assert_true(topic_client_id_valid(PHONE, 22));
	assert_false(topic_client_id_valid("AbCdEfGhIjKlMnOpQr\0-09", 22));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(topic_client_id_valid(bad[i], strlen(bad[i])));
}

static void every_topic_is_read_back(void **state)
{
	struct topic topic;
	char text[TOPIC_BYTES];

	(void)state;
	topic_registration(text, "de-kop", "oost");
	assert_string_equal(text, "turf/v1/de-kop/registration/oost");
	assert_int_equal(parse(text, &topic), TOPIC_REGISTRATION);
	assert_string_equal(topic.org, "de-kop");
	assert_string_equal(topic.team, "oost");

	topic_receipt(text, "de-kop", PHONE);
	assert_string_equal(text, "turf/v1/de-kop/receipt/" PHONE);
	assert_int_equal(parse(text, &topic), TOPIC_RECEIPT);
	assert_string_equal(topic.client_id, PHONE);
	assert_string_equal(topic.team, "");

	topic_summary(text, "de-kop", "oost", period_of_quarter(8079));
	assert_string_equal(text, "turf/v1/de-kop/summary/oost/2019-Q4");
	assert_int_equal(parse(text, &topic), TOPIC_SUMMARY);
	assert_string_equal(topic.team, "oost");
	assert_false(topic.period.is_year);
	assert_int_equal(topic.period.quarter, 8079);

	topic_summary_json(text, "de-kop", TEAM_ALL, period_of_year(2019));
	assert_string_equal(text, "turf/v1/de-kop/summary-json/all/2019");
	assert_int_equal(parse(text, &topic), TOPIC_SUMMARY_JSON);
	assert_string_equal(topic.team, "all");
	assert_true(topic.period.is_year);

	topic_weekly(text, "de-kop", "oost", 2020);
	assert_string_equal(text, "turf/v1/de-kop/weekly/oost/2020");
	assert_int_equal(parse(text, &topic), TOPIC_WEEKLY);
	assert_int_equal(topic.period.year, 2020);

	topic_catalogue(text, "de-kop");
	assert_string_equal(text, "turf/v1/de-kop/catalogue");
	assert_int_equal(parse(text, &topic), TOPIC_CATALOGUE);

	topic_status(text, "de-kop");
	assert_string_equal(text, "turf/v1/de-kop/status/aggregator");
	assert_int_equal(parse(text, &topic), TOPIC_STATUS);

	topic_door_keys(text, "de-kop");
	assert_string_equal(text, "turf/v1/de-kop/door/keys");
	assert_int_equal(parse(text, &topic), TOPIC_DOOR_KEYS);

	topic_all_registrations(text, "de-kop");
	assert_string_equal(text, "turf/v1/de-kop/registration/+");
}

static void the_longest_names_fit(void **state)
{
	struct topic topic;
	char text[TOPIC_BYTES];

	(void)state;
	topic_summary_json(text, LONGEST_SLUG, LONGEST_SLUG, period_of_quarter(8079));
	assert_int_equal(parse(text, &topic), TOPIC_SUMMARY_JSON);
	assert_string_equal(topic.org, LONGEST_SLUG);
	assert_string_equal(topic.team, LONGEST_SLUG);
}

/* What arrives there is refused as from an unknown team; it is not overlooked. */
static void a_registration_level_that_is_no_team_is_an_unknown_team(void **state)
{
	static const char *const topics[] = {
		"turf/v1/de-kop/registration/",     "turf/v1/de-kop/registration/all",
		"turf/v1/de-kop/registration/Oost", "turf/v1/de-kop/registration/" LONGEST_SLUG "4",
		"turf/v1/de-kop/registration/..",   "turf/v1/de-kop/registration/-oost",
	};

	(void)state;
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		struct topic topic;

		assert_int_equal(parse(topics[i], &topic), TOPIC_REGISTRATION);
		assert_string_equal(topic.org, "de-kop");
		assert_string_equal(topic.team, "");
	}
}

static void what_is_not_ours_is_left_alone(void **state)
{
	static const char *const topics[] = {
		"",
		"/",
		"turf",
		"turf/v1",
		"turf/v1/",
		"turf/v1/de-kop",
		"turf/v1/de-kop/",
		"turf/v2/de-kop/registration/oost",
		"Turf/v1/de-kop/registration/oost",
		"/turf/v1/de-kop/catalogue",
		"turf/v1//registration/oost",
		"turf/v1/De-Kop/registration/oost",
		"turf/v1/+/registration/oost",
		"turf/v1/de-kop/registration",
		"turf/v1/de-kop/registration/oost/more",
		"turf/v1/de-kop/registrations/oost",
		"turf/v1/de-kop/receipt/short",
		"turf/v1/de-kop/receipt/" PHONE "x",
		"turf/v1/de-kop/receipt/" PHONE "/x",
		"turf/v1/de-kop/summary/oost",
		"turf/v1/de-kop/summary/oost/",
		"turf/v1/de-kop/summary/oost/2019-Q5",
		"turf/v1/de-kop/summary/oost/2019-Q4/x",
		"turf/v1/de-kop/summary/Oost/2019-Q4",
		"turf/v1/de-kop/summary/oost/2019-Q4-and-much-more",
		"turf/v1/de-kop/summary-jso/oost/2019",
		"turf/v1/de-kop/weekly/oost/2019-Q4",
		"turf/v1/de-kop/weekly/oost",
		"turf/v1/de-kop/status",
		"turf/v1/de-kop/status/phone",
		"turf/v1/de-kop/catalogue/1",
		"turf/v1/de-kop/notes/oost",
		"turf/v1/de-kop/open/oost",
		"turf/v1/de-kop/a/b/c/d/e/f/g/h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		struct topic topic, empty = {.kind = TOPIC_OTHER};

		memset(&topic, 0xff, sizeof topic);
		if (parse(topics[i], &topic) != TOPIC_OTHER)
			fail_msg("%s was taken for one of ours", topics[i]);
		assert_string_equal(topic.org, empty.org);
		assert_string_equal(topic.team, empty.team);
		assert_string_equal(topic.client_id, empty.client_id);
	}
}

/* Brokers should refuse such topics; we do not count on it. */
static void a_zero_byte_within_ends_nothing(void **state)
{
	static const char registration[] = "turf/v1/de-kop/registration/oost\0x";
	static const char summary[] = "turf/v1/de-kop/summary/oost/2019\0x";
	static const char org[] = "turf/v1/de\0kop/catalogue";
	struct topic topic;

	(void)state;
	assert_int_equal(topic_parse(registration, sizeof registration - 1, &topic), TOPIC_REGISTRATION);
	assert_string_equal(topic.team, "");
	assert_int_equal(topic_parse(summary, sizeof summary - 1, &topic), TOPIC_OTHER);
	assert_int_equal(topic_parse(org, sizeof org - 1, &topic), TOPIC_OTHER);
}

static void the_length_counts_and_not_what_lies_behind(void **state)
{
	struct topic topic;

	(void)state;
	assert_int_equal(topic_parse("turf/v1/de-kop/registration/oosterzee", 32, &topic), TOPIC_REGISTRATION);
	assert_string_equal(topic.team, "oost");
	assert_int_equal(topic_parse("turf/v1/de-kop/catalogue/", 24, &topic), TOPIC_CATALOGUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slugs),
		cmocka_unit_test(client_ids_have_22_plain_characters),
		cmocka_unit_test(every_topic_is_read_back),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(a_registration_level_that_is_no_team_is_an_unknown_team),
		cmocka_unit_test(what_is_not_ours_is_left_alone),
		cmocka_unit_test(a_zero_byte_within_ends_nothing),
		cmocka_unit_test(the_length_counts_and_not_what_lies_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
