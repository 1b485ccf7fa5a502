/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The configurations that come with the project: the example, the demo and the replayed years. Each is right, and
 * every question of the years it is for can count under it.
 */
#include "tests/unit/lib/config_file.h"

#include "proto/calendar.h"
#include "proto/catalogue.h"

static int setup(void **state)
{
	static struct config_file file;

	config_file_init(&file);
	*state = &file;
	return 0;
}

static int teardown(void **state)
{
	config_file_release(*state);
	return 0;
}

/* `text` with `from` changed to `to` wherever it stands; frees `text`. */
static char *filled(char *text, const char *from, const char *to)
{
	char *out = calloc(1, 1 << 20), *rest = text, *found;
	size_t used = 0;

	assert_non_null(out);
	assert_non_null(strstr(text, from));
	for (; (found = strstr(rest, from)); rest = found + strlen(from))
		used += (size_t)snprintf(out + used, (1 << 20) - used, "%.*s%s", (int)(found - rest), rest, to);
	(void)snprintf(out + used, (1 << 20) - used, "%s", rest);
	free(text);
	return out;
}

static uint32_t day_of(const char *date)
{
	uint32_t day;

	assert_int_equal(date_parse(date, &day), 0);
	return day;
}

/* The last day of a file of questions, which is in order and ends with a newline. */
static uint32_t last_day(const char *csv)
{
	const char *line = csv + strlen(csv) - 1;
	char date[11] = "";

	while (line[-1] != '\n')
		line--;
	memcpy(date, line, 10);
	return day_of(date);
}

/* Whether one line, "day,team,domain,outcome", can count when its day is moved by `shift`. */
static void assert_counts(const struct catalogue *catalogue, const char *line, uint32_t shift, uint32_t today)
{
	char date[11], team_id[SLUG_BYTES];
	unsigned code;
	uint32_t day;

	assert_int_equal(sscanf(line, "%10[0-9-],%31[a-z0-9-],%u,", date, team_id, &code), 3);
	day = day_of(date) + shift;
	const struct team *team = catalogue_team(catalogue, team_id);
	const struct domain *domain = catalogue_domain(catalogue, code);

	if (!team || !catalogue_valid_on(team->valid_from, team->valid_until, day) || !domain ||
	    !catalogue_valid_on(domain->valid_from, domain->valid_until, day))
		fail_msg("team or domain is not valid: %.*s", (int)strcspn(line, "\n"), line);
	assert_true(day >= catalogue->counting_since && day <= today);
	assert_true(today - day <= catalogue->accept_days);
	assert_true(quarter_last_day(quarter_of_day(day)) + catalogue->grace_days >= today);
}

/* Every question of the file, with its last day moved to `today`. */
static void assert_all_count(const struct catalogue *catalogue, const char *path, uint32_t today)
{
	char *csv = config_file_read(path), *line = csv;
	uint32_t shift = today - last_day(csv);
	size_t n = 0;

	while ((line = strchr(line, '\n')) && *++line) {
		assert_counts(catalogue, line, shift, today);
		n++;
	}
	assert_true(n > 100);
	free(csv);
}

static void the_replayed_years_count_in_full(void **state)
{
	static const char *const orgs[] = {"steenwijkerland", "steenwijkerland-school", "leeuwarden"};
	struct config_file *file = *state;

	for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++) {
		char conf[64], csv[64], *text;

		(void)snprintf(conf, sizeof conf, "tests/data/%s.conf", orgs[i]);
		(void)snprintf(csv, sizeof csv, "tests/data/%s.csv", orgs[i]);
		text = config_file_read(conf);
		config_file_load_good(file, text);
		free(text);
		assert_string_equal(file->config.catalogue.org, orgs[i]);
		assert_int_equal(file->config.catalogue.accept_days, 800);
		assert_int_equal(file->config.catalogue.grace_days, 800);
		assert_int_equal(file->config.catalogue.counting_since, day_of("2018-01-01"));
		text = config_file_read(csv);
		assert_all_count(&file->config.catalogue, csv, last_day(text));
		free(text);
	}
}

/* deploy/run counts from the first day of the year three years before today. */
static void the_demo_reaches_far_enough_back_on_every_day(void **state)
{
	static const char *const days[] = {"2024-02-29", "2026-12-31", "2027-01-01", "2028-12-31", "2029-01-01"};
	struct config_file *file = *state;

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		char since[DATE_TEXT_BYTES];
		struct date date = date_of_day(day_of(days[i]));
		char *text = config_file_read("deploy/demo.conf.in");

		date_format(day_of_date((struct date){date.year - 3, 1, 1}), since);
		text = filled(text, "@COUNTING_SINCE@", since);
		text = filled(text, "@STORE@", "/tmp/turf \\\"demo\\\"");
		text = filled(text, "@BROKER@", "mqtt://127.0.0.1:18830");
		config_file_load_good(file, text);
		free(text);
		assert_string_equal(file->config.store_path, "/tmp/turf \"demo\"");
		assert_all_count(&file->config.catalogue, "tests/data/steenwijkerland.csv", day_of(days[i]));
		assert_all_count(&file->config.catalogue, "tests/data/steenwijkerland-school.csv", day_of(days[i]));
		assert_null(catalogue_domain(&file->config.catalogue, 12));
	}
}

static void the_example_is_right(void **state)
{
	struct config_file *file = *state;
	char *text = config_file_read("deploy/turfd.conf");

	config_file_load_good(file, text);
	assert_int_equal(file->config.catalogue.n_teams, 6);
	assert_int_equal(file->config.cells.every, 5);
	free(text);
}

/* What the example says in a remark is the default: without the remark signs it loads to the same. */
static void the_example_shows_the_defaults(void **state)
{
	static const char *const settings[] = {"timezone",       "accept_days",         "retract_days",
					       "grace_days",     "keepalive_s",         "retry_ms",
					       "batch_messages", "summary_interval_ms", "quarantine_limit",
					       "compact_days",   "retraction_proof"};
	struct config_file *file = *state;
	struct config before;
	char *text = config_file_read("deploy/turfd.conf");

	config_file_load_good(file, text);
	before = file->config;
	file->config = (struct config){0};
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		char remark[64], setting[64];

		(void)snprintf(remark, sizeof remark, "#%s = ", settings[i]);
		(void)snprintf(setting, sizeof setting, "%s = ", settings[i]);
		text = filled(text, remark, setting);
	}
	config_file_load_good(file, text);
	free(text);
	assert_true(catalogue_same(&before.catalogue, &file->config.catalogue));
	assert_int_equal(before.keepalive_s, file->config.keepalive_s);
	assert_int_equal(before.retry_ms, file->config.retry_ms);
	assert_int_equal(before.batch_messages, file->config.batch_messages);
	assert_int_equal(before.summary_interval_ms, file->config.summary_interval_ms);
	assert_int_equal(before.quarantine_limit, file->config.quarantine_limit);
	assert_int_equal(before.compact_days, file->config.compact_days);
	config_release(&before);
}

/* What a file may say, the wire can carry: nothing is lost on the way to phones. */
static void a_catalogue_survives_the_wire(void **state)
{
	struct config_file *file = *state;
	char *text = config_file_read("deploy/turfd.conf");
	uint8_t bytes[CATALOGUE_BYTES_MAX];
	struct catalogue arrived;
	size_t length;

	text = filled(text, "renamed_from = \"Jeugdsportfonds\"; ", ""); /* never on the wire */
	config_file_load_good(file, text);
	free(text);
	length = catalogue_encode(&file->config.catalogue, bytes, sizeof bytes);
	assert_true(length > 0);
	assert_int_equal(catalogue_decode(bytes, length, &arrived), 0);
	assert_true(catalogue_same(&file->config.catalogue, &arrived));
	catalogue_release(&arrived);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_replayed_years_count_in_full, setup, teardown),
		cmocka_unit_test_setup_teardown(the_demo_reaches_far_enough_back_on_every_day, setup, teardown),
		cmocka_unit_test_setup_teardown(the_example_is_right, setup, teardown),
		cmocka_unit_test_setup_teardown(the_example_shows_the_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(a_catalogue_survives_the_wire, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
