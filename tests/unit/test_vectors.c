/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs the vectors of the calendar, the topics, the catalogue and the derived figures (tests/unit/lib/vectors.h). Those of
 * the phone's side are in phone/test_phone_vectors.c and phone/test_phone_sender_vectors.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/config/clock.h"
#include "aggregator/figures/table.h"
#include "base/bytes.h"
#include "proto/proof.h"
#include "proto/rules.h"
#include "tests/unit/lib/handmade.h"
#include "tests/unit/lib/vectors.h"

/* Calls `check` with each entry of a list. */
static void each(const json_t *vectors, const char *name, void (*check)(const json_t *entry))
{
	const json_t *list = vectors_list(vectors, name), *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		char *text = json_dumps(entry, JSON_ENCODE_ANY);

		print_message("%s %zu: %s\n", name, i + 1, text);
		free(text);
		check(entry);
	}
}

/* ---- Calendar ------------------------------------------------------------------------------------------ */

static void check_date(const json_t *entry)
{
	uint32_t day = vectors_day(entry, "text");
	struct iso_week week = iso_week_of_day(day);
	char text[DATE_TEXT_BYTES];

	assert_int_equal(day, vectors_number(entry, "day"));
	date_format(day, text);
	assert_string_equal(text, vectors_text(entry, "text"));
	assert_int_equal(quarter_of_day(day), vectors_number(entry, "quarter"));
	assert_int_equal(week.year, vectors_number(entry, "iso_year"));
	assert_int_equal(week.week, vectors_number(entry, "iso_week"));
}

static void check_no_date(const json_t *entry)
{
	uint32_t day;

	assert_int_equal(date_parse(json_string_value(entry), &day), -1);
}

static void check_period(const json_t *entry)
{
	struct period period = {0};
	char text[PERIOD_TEXT_BYTES];

	assert_int_equal(period_parse(vectors_text(entry, "text"), &period), 0);
	assert_int_equal(period.year, vectors_number(entry, "year"));
	assert_int_equal(period.is_year, json_is_null(json_object_get(entry, "quarter")));
	if (!period.is_year)
		assert_int_equal(period.quarter, vectors_number(entry, "quarter"));
	period_format(period, text);
	assert_string_equal(text, vectors_text(entry, "text"));
	assert_int_equal(quarter_first_day(period_first_quarter(period)), vectors_number(entry, "first_day"));
	assert_int_equal(quarter_last_day(period_last_quarter(period)), vectors_number(entry, "last_day"));
}

static void check_no_period(const json_t *entry)
{
	struct period period;

	assert_int_equal(period_parse(json_string_value(entry), &period), -1);
}

static void check_week(const json_t *entry)
{
	struct iso_week week = {.year = vectors_number(entry, "year"), .week = vectors_number(entry, "week")};

	assert_int_equal(iso_week_first_day(week), vectors_number(entry, "first_day"));
}

static void check_year(const json_t *entry)
{
	assert_int_equal(iso_weeks_in_year(vectors_number(entry, "year")), vectors_number(entry, "weeks"));
}

static void check_today(const json_t *entry)
{
	uint32_t day = 0;

	assert_int_equal(
		clock_day_at(vectors_text(entry, "timezone"), vectors_number(entry, "unix_seconds"), &day, NULL), 0);
	assert_int_equal(day, vectors_day(entry, "date"));
}

static void calendar_decides_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("calendar");

	(void)state;
	each(vectors, "dates", check_date);
	each(vectors, "not_dates", check_no_date);
	each(vectors, "periods", check_period);
	each(vectors, "not_periods", check_no_period);
	each(vectors, "weeks", check_week);
	each(vectors, "years", check_year);
	each(vectors, "today", check_today);
	json_decref(vectors);
}

/* ---- Topics -------------------------------------------------------------------------------------------- */

static const char *topics_org;

static void write_topic(const struct topic *topic, char out[static TOPIC_BYTES])
{
	switch (topic->kind) {
	case TOPIC_REGISTRATION:
		topic_registration(out, topic->org, topic->team);
		return;
	case TOPIC_RECEIPT:
		topic_receipt(out, topic->org, topic->client_id);
		return;
	case TOPIC_SUMMARY:
		topic_summary(out, topic->org, topic->team, topic->period);
		return;
	case TOPIC_SUMMARY_JSON:
		topic_summary_json(out, topic->org, topic->team, topic->period);
		return;
	case TOPIC_WEEKLY:
		topic_weekly(out, topic->org, topic->team, topic->period.year);
		return;
	case TOPIC_CATALOGUE:
		topic_catalogue(out, topic->org);
		return;
	case TOPIC_STATUS:
		topic_status(out, topic->org);
		return;
	case TOPIC_DOOR_KEYS:
		topic_door_keys(out, topic->org);
		return;
	case TOPIC_OTHER:
		break;
	}
	fail_msg("no topic of ours");
}

static enum topic_kind kind_of(const json_t *entry)
{
	static const char *const names[] = {
		[TOPIC_REGISTRATION] = "registration",
		[TOPIC_RECEIPT] = "receipt",
		[TOPIC_SUMMARY] = "summary",
		[TOPIC_SUMMARY_JSON] = "summary-json",
		[TOPIC_WEEKLY] = "weekly",
		[TOPIC_CATALOGUE] = "catalogue",
		[TOPIC_STATUS] = "status",
		[TOPIC_DOOR_KEYS] = "door-keys",
	};
	const char *name = vectors_text(entry, "kind");

	for (int kind = TOPIC_REGISTRATION; kind <= TOPIC_DOOR_KEYS; kind++)
		if (strcmp(names[kind], name) == 0)
			return (enum topic_kind)kind;
	return TOPIC_OTHER;
}

/* What the topic says beside its kind; "" where the vector does not have it. */
static void assert_part(const json_t *entry, const char *name, const char *actual)
{
	const char *expected = json_string_value(json_object_get(entry, name));

	assert_string_equal(actual, expected ? expected : "");
}

static void check_topic(const json_t *entry)
{
	const char *text = vectors_text(entry, "text");
	char period[PERIOD_TEXT_BYTES] = "", written[TOPIC_BYTES];
	struct topic topic;

	assert_int_equal(topic_parse(text, strlen(text), &topic), kind_of(entry));
	assert_string_equal(topic.org, topics_org);
	assert_part(entry, "team", topic.team);
	assert_part(entry, "client_id", topic.client_id);
	if (topic.period.year != 0)
		period_format(topic.period, period);
	assert_part(entry, "period", period);
	write_topic(&topic, written);
	assert_string_equal(written, text);
}

static void check_no_topic(const json_t *entry)
{
	struct topic topic;

	assert_int_equal(topic_parse(json_string_value(entry), json_string_length(entry), &topic), TOPIC_OTHER);
}

static void check_slug(const json_t *entry)
{
	assert_true(topic_slug_valid(json_string_value(entry)));
}

static void check_no_slug(const json_t *entry)
{
	assert_false(topic_slug_valid(json_string_value(entry)));
}

static void check_client_id(const json_t *entry)
{
	assert_true(topic_client_id_valid(json_string_value(entry), json_string_length(entry)));
}

static void check_no_client_id(const json_t *entry)
{
	assert_false(topic_client_id_valid(json_string_value(entry), json_string_length(entry)));
}

static void topics_decide_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("topics");

	(void)state;
	topics_org = vectors_text(vectors, "org");
	each(vectors, "topics", check_topic);
	each(vectors, "not_topics", check_no_topic);
	each(vectors, "slugs", check_slug);
	each(vectors, "not_slugs", check_no_slug);
	each(vectors, "client_ids", check_client_id);
	each(vectors, "not_client_ids", check_no_client_id);
	json_decref(vectors);
}

/* ---- Catalogue ----------------------------------------------------------------------------------------- */

/* The names of a message's fields, in the order of their numbers. */
static const char *const catalogue_fields[] = {"version",      "org",        "name",           "timezone",
					       "teams",        "domains",    "labels",         "accept_days",
					       "retract_days", "grace_days", "counting_since", NULL};
static const char *const team_fields[] = {"id", "name", "valid_from", "valid_until", NULL};
static const char *const domain_fields[] = {"code",        "name",     "valid_from", "valid_until",
					    "rolls_up_to", "position", NULL};
static const char *const label_fields[] = {"code", "name", "kind", "valid_from", "valid_until", "domain", NULL};

static const json_t *written_catalogue; /* the vectors' own; the changes are changes of it */
static struct catalogue read_catalogue;

/* A message without lists. */
static struct bytes written_entry(const json_t *object, const char *const *names)
{
	struct bytes out = {.length = 0};

	for (uint32_t i = 0; names[i]; i++) {
		const json_t *value = json_object_get(object, names[i]);

		if (json_is_string(value))
			add_field(&out, i + 1, json_string_value(value), json_string_length(value));
		else
			add_number(&out, i + 1, (uint64_t)json_integer_value(value));
	}
	return out;
}

static const char *const *fields_of(const char *list)
{
	if (strcmp(list, "teams") == 0)
		return team_fields;
	return strcmp(list, "domains") == 0 ? domain_fields : label_fields;
}

/* Reads the vectors' catalogue, with `change` in place of what it says otherwise, from its bytes. */
static int decode_catalogue(const json_t *change, struct catalogue *catalogue)
{
	struct bytes out = {.length = 0};

	for (uint32_t i = 0; catalogue_fields[i]; i++) {
		const char *name = catalogue_fields[i];
		const json_t *changed = json_object_get(change, name), *entry;
		const json_t *value = changed ? changed : json_object_get(written_catalogue, name);
		size_t n;

		json_array_foreach(value, n, entry)
		{
			struct bytes part = written_entry(entry, fields_of(name));

			add_bytes(&out, i + 1, &part);
		}
		if (json_is_string(value))
			add_field(&out, i + 1, json_string_value(value), json_string_length(value));
		else if (json_is_integer(value))
			add_number(&out, i + 1, (uint64_t)json_integer_value(value));
	}
	return catalogue_decode(out.at, out.length, catalogue);
}

static void assert_next(const json_t *list, size_t *n, uint32_t code)
{
	assert_int_equal(json_integer_value(json_array_get(list, (*n)++)), code);
}

static void check_labels(uint32_t day, uint32_t domain, const json_t *codes)
{
	size_t n = 0;

	for (size_t i = 0; i < read_catalogue.n_labels; i++)
		if (catalogue_label_suits(&read_catalogue.labels[i], day, domain))
			assert_next(codes, &n, read_catalogue.labels[i].code);
	assert_int_equal(n, json_array_size(codes));
}

static void check_valid(const json_t *entry)
{
	const json_t *teams = vectors_list(entry, "teams"), *domains = vectors_list(entry, "domains");
	const json_t *labels = json_object_get(entry, "labels"), *codes;
	uint32_t day = vectors_day(entry, "date");
	size_t n = 0;
	const char *code;

	for (size_t i = 0; i < read_catalogue.n_teams; i++) {
		const struct team *team = &read_catalogue.teams[i];

		if (catalogue_valid_on(team->valid_from, team->valid_until, day))
			assert_string_equal(json_string_value(json_array_get(teams, n++)), team->id);
	}
	assert_int_equal(n, json_array_size(teams));
	n = 0;
	for (size_t i = 0; i < read_catalogue.n_domains; i++) {
		const struct domain *domain = &read_catalogue.domains[i];

		if (catalogue_valid_on(domain->valid_from, domain->valid_until, day))
			assert_next(domains, &n, domain->code);
	}
	assert_int_equal(n, json_array_size(domains));
	json_object_foreach((json_t *)labels, code, codes) check_labels(day, (uint32_t)strtoul(code, NULL, 10), codes);
}

static void check_question(const json_t *entry)
{
	struct standing standing = {.today = vectors_day(entry, "today")};
	struct event event = {.day = vectors_day(entry, "date"), .act = ACT_QUESTION, .outcome = OUTCOME_ANSWERED};
	const json_t *labels = json_object_get(entry, "labels"), *label;
	struct admitted admitted;
	size_t i;

	event.domain = vectors_number(entry, "domain");
	event.n_labels = (uint32_t)json_array_size(labels);
	json_array_foreach(labels, i, label) event.labels[i] = (uint32_t)json_integer_value(label);
	admitted = rules_admit(&event, vectors_text(entry, "team"), &read_catalogue, &standing);
	assert_int_equal(admitted.if_unknown, vectors_number(entry, "verdict"));
}

static void check_sound(const json_t *entry)
{
	struct catalogue catalogue;

	assert_int_equal(decode_catalogue(json_object_get(entry, "change"), &catalogue), 0);
	catalogue_release(&catalogue);
}

static void check_flawed(const json_t *entry)
{
	struct catalogue catalogue;

	assert_true(decode_catalogue(json_object_get(entry, "change"), &catalogue) > 0);
}

static void catalogue_decides_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("catalogue");

	(void)state;
	written_catalogue = json_object_get(vectors, "catalogue");
	assert_int_equal(decode_catalogue(NULL, &read_catalogue), 0);
	each(vectors, "valid", check_valid);
	each(vectors, "questions", check_question);
	each(vectors, "sound", check_sound);
	each(vectors, "flawed", check_flawed);
	assert_int_equal(RULES_RETRACT_DAYS_DEFAULT, vectors_number(vectors, "retract_days_default"));
	catalogue_release(&read_catalogue);
	json_decref(vectors);
}

/* ---- Derived figures ------------------------------------------------------------------------------------ */

static void check_share(const json_t *entry)
{
	const char *expected = json_string_value(json_object_get(entry, "percent"));
	char text[SHARE_TEXT_BYTES];

	table_format_share(vectors_number(entry, "part"), vectors_number(entry, "whole"), text);
	assert_string_equal(text, expected ? expected : "-");
}

static void check_final(const json_t *entry)
{
	uint32_t closable = rules_quarter_closable(vectors_day(entry, "today"), vectors_number(entry, "grace_days"));

	assert_int_equal(quarter_of_day(vectors_day(entry, "date")) <= closable,
			 json_is_true(json_object_get(entry, "final")));
}

static void figures_are_as_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("figures");

	(void)state;
	each(vectors, "shares", check_share);
	each(vectors, "final", check_final);
	json_decref(vectors);
}

/* ---- Proofs --------------------------------------------------------------------------------------------- */

static int opens(const json_t *entry)
{
	struct event_secret secret;
	struct event_id id;

	assert_int_equal(hex_decode(vectors_text(entry, "secret"), secret.bytes, sizeof secret.bytes), 0);
	assert_int_equal(hex_decode(vectors_text(entry, "id"), id.bytes, sizeof id.bytes), 0);
	return proof_check(&secret, &id, NULL);
}

static void check_opens(const json_t *entry)
{
	struct event_secret secret;
	struct event_id id;
	char text[2 * EVENT_ID_BYTES + 1];

	assert_int_equal(opens(entry), 0);
	(void)hex_decode(vectors_text(entry, "secret"), secret.bytes, sizeof secret.bytes);
	assert_int_equal(proof_id(&secret, &id, NULL), 0);
	hex_encode(id.bytes, sizeof id.bytes, text);
	assert_string_equal(text, vectors_text(entry, "id"));
}

static void check_does_not_open(const json_t *entry)
{
	assert_int_equal(opens(entry), PROOF_WRONG);
}

static void proofs_open_what_the_vectors_say(void **state)
{
	json_t *vectors = vectors_load("proof");

	(void)state;
	each(vectors, "opens", check_opens);
	each(vectors, "does_not_open", check_does_not_open);
	json_decref(vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendar_decides_as_the_vectors_say),
		cmocka_unit_test(topics_decide_as_the_vectors_say),
		cmocka_unit_test(catalogue_decides_as_the_vectors_say),
		cmocka_unit_test(figures_are_as_the_vectors_say),
		cmocka_unit_test(proofs_open_what_the_vectors_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
