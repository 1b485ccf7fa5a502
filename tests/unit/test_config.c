/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfd's configuration: what each setting becomes, and what is told of a file that is not right.
 */
#include "tests/unit/lib/config_file.h"

/* The least that counts, a setting a line. */
enum { ORG, NAME, STORE, BROKER, TEAMS, LINES };
static const char *const least[LINES] = {
	[ORG] = "org = \"de-kop\";",
	[NAME] = "name = \"De Kop\";",
	[STORE] = "store = \"/var/lib/turf\";",
	[BROKER] = "broker = { address = \"mqtt://localhost\"; };",
	[TEAMS] = "teams = ( { id = \"oost\"; name = \"Oost\"; } );",
};

/* The least, with line `at` changed to `line`; from LINES on, the line comes after them. */
static const char *with(unsigned at, const char *line)
{
	static char text[8192];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < LINES || i == at; i++) {
		int length = snprintf(text + used, sizeof text - used, "%s\n", i == at ? line : least[i]);

		assert_true(length >= 0 && (size_t)length < sizeof text - used);
		used += (size_t)length;
	}
	return text;
}

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

/* ---- What is right ------------------------------------------------------------------------------- */

static void the_least_gets_the_defaults(void **state)
{
	struct config_file *file = *state;
	const struct config *config = &file->config;

	config_file_load_good(file, with(LINES, ""));
	assert_string_equal(config->store_path, "/var/lib/turf");
	assert_string_equal(config->broker, "mqtt://localhost");
	assert_null(config->credentials_file);
	assert_null(config->ca_file);
	assert_int_equal(config->keepalive_s, 30);
	assert_int_equal(config->retry_ms, 1000);
	assert_int_equal(config->batch_messages, 3000);
	assert_int_equal(config->summary_interval_ms, 200);
	assert_int_equal(config->quarantine_limit, QUARANTINE_LIMIT_DEFAULT);
	assert_int_equal(config->compact_days, 7);
	assert_int_equal(config->cells.policy, CELLS_LIVE);
	assert_false(config->proof_optional);
	assert_false(config->counting_since_given);
	assert_int_equal(config->catalogue.counting_since, 0);
	assert_int_equal(config->catalogue.version, 0);
	assert_string_equal(config->catalogue.org, "de-kop");
	assert_string_equal(config->catalogue.name, "De Kop");
	assert_string_equal(config->catalogue.timezone, "Europe/Amsterdam");
	assert_int_equal(config->catalogue.accept_days, 400);
	assert_int_equal(config->catalogue.retract_days, 14);
	assert_int_equal(config->catalogue.grace_days, 28);
	assert_int_equal(config->catalogue.n_teams, 1);
	assert_int_equal(config->catalogue.n_domains, 16);
	assert_int_equal(config->catalogue.n_labels, 0);
}

static void every_setting_is_taken(void **state)
{
	struct config_file *file = *state;
	const struct config *config = &file->config;

	config_file_load_good(
		file,
		with(LINES,
		     "timezone = \"America/New_York\"; accept_days = 90; retract_days = 7; grace_days = 10;\n"
		     "counting_since = \"2018-01-01\"; cells = 5;\n"
		     "limits = { retry_ms = 50; batch_messages = 20; summary_interval_ms = 30; quarantine_limit = 40;\n"
		     "           compact_days = 0; };"));
	assert_string_equal(config->catalogue.timezone, "America/New_York");
	assert_int_equal(config->catalogue.accept_days, 90);
	assert_int_equal(config->catalogue.retract_days, 7);
	assert_int_equal(config->catalogue.grace_days, 10);
	assert_true(config->counting_since_given);
	assert_int_equal(config->catalogue.counting_since, 17532);
	assert_int_equal(config->cells.policy, CELLS_EVERY);
	assert_int_equal(config->cells.every, 5);
	assert_int_equal(config->retry_ms, 50);
	assert_int_equal(config->batch_messages, 20);
	assert_int_equal(config->summary_interval_ms, 30);
	assert_int_equal(config->quarantine_limit, 40);
	assert_int_equal(config->compact_days, 0);
	config_file_load_good(file, with(LINES, "cells = \"daily\";"));
	assert_int_equal(config->cells.policy, CELLS_DAILY);
	config_file_load_good(file, with(LINES, "retraction_proof = \"optional\";"));
	assert_true(config->proof_optional);
	config_file_load_good(file, with(LINES, "retraction_proof = \"required\";"));
	assert_false(config->proof_optional);
	config_file_load_good(file, with(LINES, "cells = \"live\"; counting_since = \"1970-01-01\";"));
	assert_int_equal(config->cells.policy, CELLS_LIVE);
	assert_true(config->counting_since_given);
}

/* "Default 14, never more than grace_days": so the default gives way. */
static void retract_days_follow_a_short_grace(void **state)
{
	struct config_file *file = *state;

	config_file_load_good(file, with(LINES, "grace_days = 5;"));
	assert_int_equal(file->config.catalogue.retract_days, 5);
	config_file_load_good(file, with(LINES, "grace_days = 5; accept_days = 1; retract_days = 5;"));
	config_file_load_good(file, with(LINES, "grace_days = 0; retract_days = 0;"));
}

static void relative_paths_start_at_the_files_folder(void **state)
{
	struct config_file *file = *state;
	char credentials[128], expected[128];

	(void)snprintf(credentials, sizeof credentials, "%s/secret", file->folder);
	(void)snprintf(expected, sizeof expected, "%s/counts", file->folder);
	config_file_write(credentials, "user = a\npassword = b\n", 22);
	(void)config_file_load(
		file, "org = \"o\"; name = \"O\"; store = \"counts\"; teams = ( { id = \"a\"; name = \"A\"; } );\n"
		      "broker = { address = \"mqtts://h\"; credentials = \"secret\"; ca_file = \"turfd.conf\";\n"
		      "           keepalive_s = 5; };");
	(void)unlink(credentials);
	assert_int_equal(file->rc, 0);
	assert_string_equal(file->config.store_path, expected);
	assert_string_equal(file->config.credentials_file, credentials);
	assert_string_equal(file->config.ca_file, file->path);
	assert_int_equal(file->config.keepalive_s, 5);
}

static void the_zone_database_may_be_elsewhere(void **state)
{
	struct config_file *file = *state;
	char zone[128];

	(void)snprintf(zone, sizeof zone, "%s/Mars", file->folder);
	config_file_write(zone, "TZif2", 5);
	assert_int_equal(setenv("TZDIR", file->folder, 1), 0);
	(void)config_file_load(file, with(LINES, "timezone = \"Mars\";"));
	assert_int_equal(file->n_told, 0);
	(void)config_file_load(file, with(LINES, "timezone = \"Europe/Amsterdam\";"));
	assert_int_equal(file->n_told, 1);
	assert_int_equal(unsetenv("TZDIR"), 0);
	(void)unlink(zone);
}

static void a_file_from_another_system_reads_the_same(void **state)
{
	struct config_file *file = *state;
	char text[2048] = "\xef\xbb\xbf";
	size_t used = 3;

	for (unsigned i = 0; i < LINES; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s\r\n", least[i]);
	config_file_load_good(file, text);
}

/* ---- What is wrong --------------------------------------------------------------------------------- */

/* One mistake in an otherwise good file: its line, what is told, and what was expected. */
static const struct mistake {
	unsigned at; /* which line of the least gives way */
	const char *line, *told, *expected;
} mistakes[] = {
	{ORG, "", "1: missing setting \"org\"; expected ", "characters"},
	{ORG, "org = \"De Kop\";", "1: \"org\" is \"De Kop\"; expected ", "a-z, 0-9 and -"},
	{ORG, "org = \"abcdefghijklmnopqrstuvwxyz-12345\";", "1: \"org\" is ", "1 to 31"},
	{ORG, "org = \"-kop\";", "1: \"org\" is \"-kop\"; expected ", "not a -"},
	{ORG, "org = \"a\\x1b[2J\";", "1: \"org\" is \"not readable here\"; expected ", "characters"},
	{ORG, "org = 5;", "1: \"org\" is a number; expected ", "characters"},
	{NAME, "", "1: missing setting \"name\"; expected ", "a name"},
	{NAME, "name = \"\";", "2: \"name\" is empty; expected ", "UTF-8"},
	{NAME, "name = \"  \";", "2: \"name\" is empty; expected ", "UTF-8"},
	{NAME, "name = \"a\\tb\";", "2: \"name\" is not UTF-8, or has a control character", "UTF-8"},
	{NAME, "name = \"\xc3\x28\";", "2: \"name\" is not UTF-8", "UTF-8"},
	{NAME, "name = \"\xc0\xaf\";", "2: \"name\" is not UTF-8", "UTF-8"},
	{NAME, "name = \"\xed\xa0\x80\";", "2: \"name\" is not UTF-8", "UTF-8"},
	{NAME, "name = [ \"a\" ];", "2: \"name\" is an array [ ]; expected ", "a name"},
	{STORE, "", "1: missing setting \"store\"; expected ", "a path"},
	{STORE, "store = \"\";", "3: \"store\" is empty; expected ", "a path"},
	{STORE, "store = \"/dev/null\";", "3: /dev/null exists and is not a folder; expected ", "a folder"},
	{BROKER, "", "1: missing setting \"broker\"; expected ", "a group"},
	{BROKER, "broker = \"mqtt://localhost\";", "4: \"broker\" is text; expected ", "a group"},
	{BROKER, "broker = { };", "4: missing setting \"address\"; expected ", "mqtt://HOST"},
	{BROKER, "broker = { address = \"tcp://h\"; };", "4: broker address \"tcp://h\"", "expected mqtt://HOST"},
	{BROKER, "broker = { address = \"mqtt://\"; };", "4: broker address \"mqtt://\"", "expected mqtt://HOST"},
	{BROKER, "broker = { address = \"mqtt://h:0\"; };", "4: broker address \"mqtt://h:0\"", "expected mqtt://HOST"},
	{BROKER, "broker = { address = \"mqtt://h:65536\"; };", "4: broker address", "expected mqtt://HOST"},
	{BROKER, "broker = { address = \"mqtt://h\"; keepalive_s = 4; };", "4: \"keepalive_s\" is out of range",
	 "5 to 3600"},
	{BROKER, "broker = { address = \"mqtt://h\"; credentials = \"/\"; };", "4: ", "two lines"},
	{BROKER, "broker = { address = \"mqtt://h\"; credentials = \"none\"; };", "4: credentials file ", "two lines"},
	{BROKER, "broker = { address = \"mqtt://h\"; credentials = \"turfd.conf\"; };", "4: ", "password = WORD"},
	{BROKER, "broker = { address = \"mqtts://h\"; ca_file = \"none\"; };", "4: ", "PEM"},
	{BROKER, "broker = { address = \"mqtts://h\"; ca_file = \"/tmp\"; };", "4: /tmp cannot be read", "PEM"},
	{BROKER, "broker = { address = \"mqtt://h\"; ca_file = \"turfd.conf\"; };", "4: \"ca_file\" is useless",
	 "mqtts://"},
	{BROKER, "broker = { address = \"mqtt://h\"; user = \"a\"; };", "4: unknown setting \"user\"", "ca_file"},
	{LINES, "teems = ();", "6: unknown setting \"teems\"; did you mean ", "\"teams\"?"},
	{LINES, "ORG = \"x\";", "6: unknown setting \"ORG\"; did you mean ", "\"org\"?"},
	{LINES, "graces_day = 3;", "6: unknown setting \"graces_day\"; did you mean ", "\"grace_days\"?"},
	{LINES, "xyzzy = 1;", "6: unknown setting \"xyzzy\"; expected one of org, name, ", "labels"},
	{LINES, "timezone = \"Europe/Atlantis\";", "6: there is no time zone \"Europe/Atlantis\"", "zone database"},
	{LINES, "timezone = \"../../../etc/passwd\";", "6: there is no time zone", "zone database"},
	{LINES, "timezone = \"/usr/share/zoneinfo/UTC\";", "6: there is no time zone", "zone database"},
	{LINES, "timezone = \"Europe/../UTC\";", "6: there is no time zone", "zone database"},
	{LINES, "timezone = \"zone.tab\";", "6: there is no time zone \"zone.tab\"", "zone database"},
	{LINES, "timezone = \"Europe\";", "6: there is no time zone \"Europe\"", "zone database"},
	{LINES, "timezone = 1;", "6: \"timezone\" is a number; expected ", "a name"},
	{LINES, "accept_days = \"400\";", "6: \"accept_days\" is text; expected ", "1 to 3660"},
	{LINES, "accept_days = 0;", "6: \"accept_days\" is out of range; expected ", "1 to 3660"},
	{LINES, "accept_days = -5;", "6: \"accept_days\" is out of range; expected ", "1 to 3660"},
	{LINES, "accept_days = 4294967696;", "6: \"accept_days\" is out of range; expected ", "1 to 3660"},
	{LINES, "accept_days = 0x100000190;", "6: \"accept_days\" is out of range; expected ", "1 to 3660"},
	{LINES, "accept_days = -4294966896;", "6: \"accept_days\" is out of range; expected ", "1 to 3660"},
	{LINES, "accept_days = 18446744073709551616400L;", "6: \"accept_days\" is out of range", "1 to 3660"},
	{LINES, "accept_days = 4.0e2;", "6: \"accept_days\" is a number with a fraction; expected ", "whole number"},
	{LINES, "accept_days = true;", "6: \"accept_days\" is true or false; expected ", "whole number"},
	{LINES, "grace_days = 3661;", "6: \"grace_days\" is out of range; expected ", "0 to 3660"},
	{LINES, "grace_days = -1;\nretract_days = 40;", "6: \"grace_days\" is out of range", "0 to 3660"},
	{LINES, "accept_days = 0; grace_days = 99;\nretract_days = 99;", "6: \"accept_days\" is out of range",
	 "1 to 3660"},
	{LINES, "retract_days = 29;", "6: \"retract_days\" is more than \"grace_days\"; expected ", "28 at most"},
	{LINES, "grace_days = 99; accept_days = 1;\nretract_days = 62;",
	 "7: \"retract_days\" is more than \"accept_days\"", "61"},
	{LINES, "counting_since = \"2019-02-29\";", "6: \"counting_since\" is \"2019-02-29\", which is not a date",
	 "calendar"},
	{LINES, "counting_since = \"1-1-2019\";", "6: \"counting_since\" is \"1-1-2019\", which is not a date",
	 "YYYY-MM-DD"},
	{LINES, "counting_since = 2019;", "6: \"counting_since\" is a number; expected ", "YYYY-MM-DD"},
	{LINES, "cells = 1;", "6: \"cells\" has a wrong value", "2 to 100000"},
	{LINES, "cells = \"weekly\";", "6: \"cells\" has a wrong value", "2 to 100000"},
	{LINES, "cells = { };", "6: \"cells\" has a wrong value", "2 to 100000"},
	{LINES, "cells = 2.5;", "6: \"cells\" has a wrong value", "2 to 100000"},
	{LINES, "retraction_proof = \"never\";", "6: \"retraction_proof\" has a wrong value; expected ", "optional"},
	{LINES, "retraction_proof = false;", "6: \"retraction_proof\" is true or false; expected ", "required"},
	{LINES, "limits = ( );", "6: \"limits\" is a list; expected ", "a group"},
	{LINES, "limits = {\n batch = 1; };", "7: unknown setting \"batch\"", "batch_messages"},
	{LINES, "limits = {\n retry_ms = 9; };", "7: \"retry_ms\" is out of range; expected ", "10 to 60000"},
	{LINES, "limits = {\n batch_messages = 0; };", "7: \"batch_messages\" is out of range", "1 to 100000"},
	{LINES, "limits = {\n summary_interval_ms = 60001; };", "7: \"summary_interval_ms\" is out of range",
	 "10 to 60000"},
	{LINES, "limits = {\n quarantine_limit = 0; };", "7: \"quarantine_limit\" is out of range", "1 to 100000"},
	{LINES, "limits = {\n compact_days = 3661; };", "7: \"compact_days\" is out of range; expected ", "0 to 3660"},
	{LINES, "# a remark\n/* 5000000000 @include */ // \"\nfoo = 1;", "8: unknown setting \"foo\"",
	 "expected one of"},
	{LINES, "@include \"more.conf\"", "6: @include is not supported; expected ", "one file"},
	{LINES, "grace_days = 3\naccept_days 5;", "7: syntax error; expected ", "name = value"},
	{LINES, "grace_days = 3;\ngrace_days = 4;", "7: duplicate setting name; expected ", "name = value"},
	{LINES, "\n\na = \"never closed\\\"\n", "8: a text begins here and does not end; expected ", "after it"},
	{LINES, "/*/\ngrace_days = -1;", "6: a comment begins here and does not end; expected ", "*/"},
};

static void each_mistake_is_told_once_with_its_line(void **state)
{
	struct config_file *file = *state;

	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		const struct mistake *mistake = &mistakes[i];

		(void)config_file_load(file, with(mistake->at, mistake->line));
		if (file->n_told != 1)
			fail_msg("%s: told %zu mistakes, of which %s", mistake->line, file->n_told,
				 file->n_told ? file->told[file->n_told - 1] : "none");
		if (strncmp(config_file_told(file, 0), mistake->told, strlen(mistake->told)) != 0 ||
		    !strstr(config_file_told(file, 0), mistake->expected))
			fail_msg("%s: %s", mistake->line, file->told[0]);
		assert_null(file->config.store_path);
		assert_int_equal(file->config.catalogue.n_teams, 0);
	}
}

static void a_name_may_fill_its_room_and_no_more(void **state)
{
	struct config_file *file = *state;
	char line[160];

	(void)snprintf(line, sizeof line, "name = \"%0127d\";", 0);
	config_file_load_good(file, with(NAME, line));
	(void)snprintf(line, sizeof line, "name = \"%0128d\";", 0);
	assert_int_equal(config_file_load(file, with(NAME, line)), 1);
	assert_string_equal(config_file_told(file, 0),
			    "2: \"name\" is too long; expected a name of 1 to 127 bytes of UTF-8");
}

static unsigned long line_told(const struct config_file *file, size_t i)
{
	return strtoul(config_file_told(file, i), NULL, 10);
}

static void all_mistakes_are_told_in_one_go_and_in_order(void **state)
{
	static const char text[] = "accept_days = 0;\n"
				   "nane = \"De Kop\";\n"
				   "limits = { retry_ms = \"soon\";\n"
				   "           batch = 5; };\n"
				   "labels = ( { code = 0; } );\n"
				   "broker = { address = \"nowhere\"; };\n"
				   "zrm = ( { edition = \"1999\"; } );\n"
				   "org = \"x\";\n"
				   "teams = ( );\n";
	static const char *const beginnings[] = {
		"1: missing setting \"name\"",   "1: missing setting \"store\"", "1: \"accept_days\" is out of range",
		"2: unknown setting \"nane\"",   "3: \"retry_ms\" is text",      "4: unknown setting \"batch\"",
		"5: \"code\" is out of range",   "5: missing setting \"name\"",  "5: missing setting \"kind\"",
		"6: broker address \"nowhere\"", "7: no such edition",           "9: no teams",
	};
	struct config_file *file = *state;
	unsigned told = (unsigned)config_file_load(file, text);

	assert_int_equal(told, sizeof beginnings / sizeof beginnings[0]);
	for (unsigned i = 0; i < told; i++) {
		bool found = false;

		for (unsigned j = 0; j < told; j++)
			found = found || !strncmp(config_file_told(file, j), beginnings[i], strlen(beginnings[i]));
		if (!found)
			fail_msg("nothing was told that begins with %s", beginnings[i]);
		assert_true(i == 0 || line_told(file, i - 1) <= line_told(file, i));
	}
}

static void a_file_that_cannot_be_read_is_said_to_be_so(void **state)
{
	struct config_file *file = *state;

	(void)unlink(file->path);
	assert_int_equal(config_file_load_path(file, file->path), 1);
	assert_non_null(strstr(file->told[0], "turfd.conf: cannot be read: No such file or directory; expected "));
	assert_int_equal(config_file_load_path(file, file->folder), 1);
	assert_non_null(strstr(file->told[0], ": cannot be read: Is a directory; expected "));
	config_file_write(file->path, "org = \"x\";\n\nna\0me = 1;", 22);
	assert_int_equal(config_file_load_path(file, file->path), 1);
	assert_string_equal(config_file_told(file, 0), "3: a zero byte; expected text in UTF-8");
	assert_int_equal(truncate(file->path, (1 << 20) + 1), 0);
	assert_int_equal(config_file_load_path(file, file->path), 1);
	assert_non_null(strstr(file->told[0], "turfd.conf: is too large; expected "));
}

/* A copy that broke off, and a byte gone wrong: told in the usual form, or still a configuration; nothing worse. */
static void damaged_files_are_told_of_like_any_other(void **state)
{
	struct config_file *file = *state;
	const char *whole = with(LINES, "zrm = ( { edition = \"2013\"; } ); cells = 5; accept_days = 0x50L;");
	size_t length = strlen(whole);
	char text[1024];

	for (size_t i = 0; i < length; i++) {
		memcpy(text, whole, length + 1);
		for (unsigned damage = 0; damage < 3; damage++) {
			text[i] = (char)(damage == 0 ? text[i] ^ 0x80 : damage == 1 ? '"' : '\0');
			(void)config_file_load(file, text);
			for (size_t j = 0; j < file->n_told; j++)
				assert_true(strstr(file->told[j], "; ") || strstr(file->told[j], ": expected "));
		}
	}
}

/* libconfig 1.5 forgets to free a text that stands where the syntax is wrong. For the leak checker, when built in. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\n";
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_least_gets_the_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(every_setting_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(retract_days_follow_a_short_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(relative_paths_start_at_the_files_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(the_zone_database_may_be_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_from_another_system_reads_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(each_mistake_is_told_once_with_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_may_fill_its_room_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(all_mistakes_are_told_in_one_go_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_said_to_be_so, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_files_are_told_of_like_any_other, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
