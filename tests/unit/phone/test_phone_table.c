/* SPDX-License-Identifier: EUPL-1.2 */
/* What `turf` prints: figures as they came, figures that no aggregator of ours would send, and a tap that nobody tapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/cli/cli.h"
#include "broker-client/cli/cli.h"
#include "broker-client/libturf/connection.h"
#include "broker-client/libturf/turf_impl.h"
#include "proto/catalogue.h"

static const struct screen_style wide = {.columns = COLUMNS_DEFAULT};

/* The table as text, on the heap; its lines are as many as screen_print says. */
static char *table_of(const char *json, const struct screen_style *style)
{
	char *screen = NULL;
	size_t length = 0, lines, ends = 0;
	struct turf_summary *summary = turf_figures_summary(json, strlen(json));
	FILE *out = open_memstream(&screen, &length);

	assert_non_null(out);
	lines = summary ? screen_print(out, summary, style) : 0;
	turf_figures_free_summary(summary);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < length; i++)
		ends += screen[i] == '\n';
	assert_int_equal(lines, ends);
	return screen;
}

static void assert_shows(const char *json, const char *expected)
{
	char *screen = table_of(json, &wide);

	if (!strstr(screen, expected))
		fail_msg("no \"%s\" in:\n%s", expected, screen);
	free(screen);
}

static void test_a_domain_is_shown_with_its_bar(void **state)
{
	static const char json[] = "{\"answered\":3,\"referred\":1,\"status\":\"open\",\"period\":\"2019-Q4\","
				   "\"domains\":[{\"name\":\"Wonen\",\"answered\":3,\"referred\":1}],"
				   "\"labels\":[{\"name\":\"Toeslagen\",\"count\":2}]}";

	(void)state;
	assert_shows(json, "2019-Q4 | loopt nog / open");
	assert_shows(json, "4 vragen / questions: 3 beantwoord / answered, 1 doorverwezen / referred\n");
	assert_shows(json, "Wonen                       3             1  ███");
	assert_shows(json, "labels: Toeslagen 2\n");
	assert_shows("{\"answered\":0,\"referred\":1,\"late\":2,\"domains\":[]}", "1 vraag / question: 0 beantwoord");
	assert_shows("{\"late\":2,\"domains\":[]}", "0 vragen / questions: 0 beantwoord");
	assert_shows("{\"late\":2,\"domains\":[]}", "te laat, niet meegeteld / too late, not counted: 2\n");
}

static void test_what_is_no_summary_is_not_shown(void **state)
{
	static const char *const others[] = {"", "{", "[]", "7", "{}", "{\"domains\":{}}", "{\"domains\":[]"};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		char *screen = table_of(others[i], &wide);

		assert_string_equal(screen, "");
		free(screen);
	}
}

static void test_figures_of_any_size_can_be_reckoned_with(void **state)
{
	static const char *const figures[] = {
		"9223372036854775807",
		"-9223372036854775808",
		"9007199254740993",
		"1000000000001",
		"-1",
		"1e300",
		"null",
	};
	static const struct screen_style widest = {.columns = UINT16_MAX};
	char json[512];

	(void)state;
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		const char *f = figures[i];

		(void)snprintf(json, sizeof json,
			       "{\"answered\":%s,\"referred\":%s,\"late\":%s,\"undistributed_answered\":%s,"
			       "\"undistributed_referred\":%s,\"as_of\":%s,\"revision\":%s,"
			       "\"domains\":[{\"answered\":%s,\"referred\":%s}],\"labels\":[{\"count\":%s}]}",
			       f, f, f, f, f, f, f, f, f, f);
		free(table_of(json, &widest));
	}
	assert_shows("{\"answered\":-5,\"referred\":2,\"domains\":[]}", "2 vragen / questions: 0 beantwoord");
}

static void test_names_do_not_steer_the_terminal(void **state)
{
	(void)state;
	assert_shows("{\"domains\":[{\"name\":\"a\\u001b[2Jb\\u009bc\\u007f\\nd\"}]}", "a?[2Jb?c??d");
	assert_shows("{\"domains\":[],\"team_name\":\"a\\u202eb\\u2066c\\u061cd\"}", "a?b?c?d");
}

/* Else what is drawn over is not what was drawn. */
static void test_no_screen_is_too_small(void **state)
{
	enum { DOMAINS = 40, ALWAYS = 3 + 1 + 4, SCREENS = 90 };
	static const char pictures[] = "🏠🏠🏠🏠🏠🏠🏠🏠🏠🏠";
	static char json[8192];
	size_t length =
		(size_t)snprintf(json, sizeof json,
				 "{\"org_name\":\"De Kop\",\"late\":1,"
				 "\"undistributed_answered\":2,\"labels\":[{\"name\":\"💶 Toeslagen\",\"count\":2}],"
				 "\"domains\":[");

	(void)state;
	for (int i = 0; i < DOMAINS; i++)
		length +=
			(size_t)snprintf(json + length, sizeof json - length,
					 "%s{\"name\":\"%.*s Geestelijke gezondheidszorg in de buurt\",\"answered\":%d,"
					 "\"referred\":%d}",
					 i ? "," : "", i % 10 * 4, pictures, i, i % 2 ? 12345678 : 0);
	(void)snprintf(json + length, sizeof json - length, "]}");
	for (size_t size = 1; size < SCREENS; size++) {
		const struct screen_style style = {
			.columns = size, .rows = size, .note = "geen verbinding / no connection"};
		char *screen = table_of(json, &style), *next = screen;
		size_t lines = 0;

		for (char *line; (line = strsep(&next, "\n")) && next; lines++) {
			size_t columns = 0;

			for (const unsigned char *at = (unsigned char *)line; *at; at++) {
				columns += (*at & 0xc0) != 0x80;
				columns += *at == 0xf0; /* a picture */
			}
			assert_in_range(columns, 0, size);
		}
		assert_int_equal(lines, size < ALWAYS                 ? ALWAYS
					: size < DOMAINS + ALWAYS - 1 ? size
								      : DOMAINS + ALWAYS - 1);
		free(screen);
	}
}

/* LMDB does not see a flipped bit: the outbox shows what it holds. */
static void test_a_tap_of_a_day_that_cannot_be_is_shown(void **state)
{
	const struct turf_tap tap = {.has_question = 1, .team = "oost", .day = 18261U | 1U << 31, .domain = 1};
	char *line = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&line, &length);

	(void)state;
	cli_print_tap(out, &tap, NULL);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(line, "domein / domain 1, beantwoord / answered, team oost, 2147501909 (00000000)");
	free(line);
}

#define MANY "9007199254740992"

/* As many codes as there can be, with names as long as a catalogue has room for. Returns that length. */
static size_t fill_catalogue(struct catalogue *catalogue)
{
	static struct domain domains[DOMAIN_CODE_MAX];
	static struct label labels[LABELS_MAX];
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	size_t length = 0;

	*catalogue = (struct catalogue){.org = "dekop",
					.domains = domains,
					.n_domains = DOMAIN_CODE_MAX,
					.labels = labels,
					.n_labels = LABELS_MAX};
	for (uint32_t i = 0; i < DOMAIN_CODE_MAX; i++)
		domains[i].code = i + 1;
	for (uint32_t i = 0; i < LABELS_MAX; i++)
		labels[i].code = LABEL_CODE_MAX - i;
	while (catalogue_encode(catalogue, bytes, sizeof bytes) > 0) {
		for (uint32_t i = 0; i < DOMAIN_CODE_MAX; i++)
			domains[i].name[length] = '"';
		for (uint32_t i = 0; i < LABELS_MAX; i++)
			labels[i].name[length] = '"';
		length++;
	}
	return length - 1;
}

/* The figures of such an org, as turfd writes them, come through. */
static void test_the_longest_figures_come_through(void **state)
{
	static const char topic[] = "turf/v1/dekop/summary-json/all/2019";
	struct mqtt_message message = {.topic = topic, .topic_length = sizeof topic - 1};
	struct mqtt_event event = {.kind = MQTT_EVENT_MESSAGE, .message = &message};
	struct catalogue catalogue;
	struct connection_event *copy;
	char escaped[2 * NAME_BYTES] = "", *json = NULL;
	size_t length = fill_catalogue(&catalogue);
	FILE *out = open_memstream(&json, &message.length);

	(void)state;
	assert_in_range(length, 64, NAME_BYTES);
	for (size_t i = 0; i < length; i++)
		memcpy(escaped + 2 * i, "\\\"", 2);
	(void)fprintf(out, "{\"domains\": [");
	for (size_t i = 0; i < catalogue.n_domains; i++)
		(void)fprintf(out,
			      "%s{\"domain\": %u, \"name\": \"%s\", \"answered\": " MANY ", \"referred\": " MANY "}",
			      i ? ", " : "", catalogue.domains[i].code, escaped);
	(void)fprintf(out, "], \"labels\": [");
	for (size_t i = 0; i < catalogue.n_labels; i++)
		(void)fprintf(out,
			      "%s{\"label\": %u, \"name\": \"%s\", \"kind\": \"referred-to\", \"count\": " MANY "}",
			      i ? ", " : "", catalogue.labels[i].code, escaped);
	(void)fprintf(out, "]}");
	assert_int_equal(fclose(out), 0);
	message.payload = (const uint8_t *)json;
	copy = connection_copy_event(&event);
	assert_non_null(copy);
	assert_int_equal(copy->length, message.length);
	free(copy);
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_domain_is_shown_with_its_bar),
		cmocka_unit_test(test_what_is_no_summary_is_not_shown),
		cmocka_unit_test(test_figures_of_any_size_can_be_reckoned_with),
		cmocka_unit_test(test_names_do_not_steer_the_terminal),
		cmocka_unit_test(test_no_screen_is_too_small),
		cmocka_unit_test(test_a_tap_of_a_day_that_cannot_be_is_shown),
		cmocka_unit_test(test_the_longest_figures_come_through),
	};

	return cmocka_run_group_tests_name("the table of turf watch", tests, NULL, NULL);
}
