/* SPDX-License-Identifier: EUPL-1.2 */
/* The command line: what is read, what is refused in which words, and what the help prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"

enum { PING = 1 << 0, PONG = 1 << 1 };

struct target {
	const char *host, *names[2];
	unsigned n_names, number;
	int wait_ms;
	bool loud, help;
};

#define MEMBER(name) offsetof(struct target, name)

static const struct option_spec specs[] = {
	{"host", "HOST", OPTION_TEXT, MEMBER(host), PING,
	 "where to, which may take more words than one line of the help has room for, "
	 "so that they go on in the next line",
	 0, 0, 0},
	{"host", "HOST", OPTION_TEXT, MEMBER(host), PONG, "where from", 0, 0, 0},
	{"name", "NAME", OPTION_TEXTS, MEMBER(names), PING, "up to 2", 0, 2, MEMBER(n_names)},
	{"number", "N", OPTION_NUMBER, MEMBER(number), PING | PONG, NULL, 2, 10, 0},
	{"wait", "SECONDS", OPTION_SECONDS, MEMBER(wait_ms), PING, "how long", 0, 60, 0},
	{"loud", NULL, OPTION_FLAG, MEMBER(loud), PONG, "for all to hear", 0, 0, 0},
	{"help", NULL, OPTION_FLAG, MEMBER(help), OPTIONS_EVERY_COMMAND, "prints this", 0, 0, 0},
};

static const struct option_table table = {specs, sizeof specs / sizeof specs[0]};

/* `words`: where the words of `text` go, which is shorter. */
static int parse(const char *text, char *words, unsigned command, struct command_line *line, struct target *target,
		 struct error *error)
{
	static char *argv[16];

	*line = (struct command_line){.name = "ping", .argv = argv, .command = command};
	*target = (struct target){0};
	memcpy(words, text, strlen(text) + 1);
	for (char *word; (word = strsep(&words, " "));)
		argv[line->argc++] = word;
	argv[line->argc] = NULL;
	return options_parse(&table, line, target, error);
}

static void values_go_where_the_table_says(void **state)
{
	struct command_line line;
	struct target target;
	struct error error;
	char words[128];

	(void)state;
	assert_int_equal(parse("ping first --host a --name b --wait 1.5 second --name=c --number 10 -h", words, PING,
			       &line, &target, &error),
			 0);
	assert_string_equal(target.host, "a");
	assert_int_equal(target.n_names, 2);
	assert_string_equal(target.names[0], "b");
	assert_string_equal(target.names[1], "c");
	assert_int_equal(target.number, 10);
	assert_int_equal(target.wait_ms, 1500);
	assert_true(target.help && !target.loud);
	assert_int_equal(line.n_arguments, 2);
	assert_string_equal(line.arguments[0], "first");
	assert_string_equal(line.arguments[1], "second");
	assert_int_equal(line.takers, PING);
}

static void an_option_of_another_command_shows_in_the_takers(void **state)
{
	struct command_line line;
	struct target target;
	struct error error;
	char words[128];

	(void)state;
	assert_int_equal(parse("ping pong --number 2", words, OPTIONS_EVERY_COMMAND, &line, &target, &error), 0);
	assert_int_equal(line.takers, PING | PONG);
	assert_int_equal(parse("ping pong --number 2 --loud", words, OPTIONS_EVERY_COMMAND, &line, &target, &error), 0);
	assert_int_equal(line.takers, PONG);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		unsigned command;
		const char *typed, *error;
	} cases[] = {
		{PING, "ping --frob", "ping has no option --frob"},
		{PING, "ping --frob=1", "ping has no option --frob=1"},
		{PING, "ping --lo\033ud", "ping has no option --lo?ud"},
		{PING, "ping --loud", "ping has no option --loud"},
		{PING, "ping -x", "ping has no option -x"},
		{PING, "ping --host", "--host needs a value"},
		{PING, "ping --number 1", "--number \"1\": expected 2 to 10"},
		{PING, "ping --number 11", "--number \"11\": expected 2 to 10"},
		{PING, "ping --number 4294967298", "--number \"4294967298\": expected 2 to 10"},
		{PING, "ping --number +3", "--number \"+3\": expected 2 to 10"},
		{PING, "ping --number 3x", "--number \"3x\": expected 2 to 10"},
		{PING, "ping --wait 60.1", "--wait \"60.1\": expected 0 to 60"},
		{PING, "ping --wait nan", "--wait \"nan\": expected 0 to 60"},
		{PING, "ping --name a --name b --name c", "--name: at most 2"},
	};
	struct command_line line;
	struct target target;
	struct error error;
	char words[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(parse(cases[i].typed, words, cases[i].command, &line, &target, &error), FAULT_INPUT);
		assert_string_equal(error.text, cases[i].error);
	}
}

static void the_help_lists_the_options_of_a_command(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	options_print(out, &table, PING, 0);
	(void)fputc('\n', out);
	options_print(out, &table, PONG, PING);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(
		text,
		"  --host HOST     where to, which may take more words than one line of the help has room for, so that they go\n"
		"                  on in the next line\n"
		"  --name NAME     up to 2\n"
		"  --wait SECONDS  how long\n"
		"  --help          prints this\n"
		"\n"
		"  --host HOST  where from\n"
		"  --loud       for all to hear\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_go_where_the_table_says),
		cmocka_unit_test(an_option_of_another_command_shows_in_the_takers),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(the_help_lists_the_options_of_a_command),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
