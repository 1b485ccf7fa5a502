/* SPDX-License-Identifier: EUPL-1.2 */
/* What may reach a terminal or a log, and what is shown in the place of the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

static const struct {
	const char *text, *shown, *json;
} hostile[] = {
	{"Financi\xc3\xabn, Śródmieście, 東, \xf0\x9f\x91\x8d", "Financi\xc3\xabn, Śródmieście, 東, \xf0\x9f\x91\x8d",
	 NULL},
	{"", "", NULL},
	/* steer the terminal: ESC, BEL, DEL; the one-character CSI, OSC and next line (C1) */
	{"a\x1b[2Jb\x07\x7f", "a?[2Jb??", "a\x1b[2Jb\x07\\u007f"},
	{"a\xc2\x9b"
	 "2Jb\xc2\x9d\xc2\x80\xc2\x85",
	 "a?2Jb???", "a\\u009b2Jb\\u009d\\u0080\\u0085"},
	{"\xc2\x9f\xc2\xa0", "?\xc2\xa0", "\\u009f\xc2\xa0"},
	/* change the order: ALM, LRM, RLM, embeddings and overrides, isolates */
	{"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "???", "\\u061c\\u200e\\u200f"},
	{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae", "?????",
	 "\\u202a\\u202b\\u202c\\u202d\\u202e"},
	{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "????", "\\u2066\\u2067\\u2068\\u2069"},
	/* end the line */
	{"a\xe2\x80\xa8\xe2\x80\xa9", "a??", "a\\u2028\\u2029"},
	/* their neighbours are letters and blanks like others */
	{"\xd8\x9b\xd8\x9d\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5",
	 "\xd8\x9b\xd8\x9d\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5", NULL},
	/* no UTF-8: a byte of Latin-1, the overlong ESC, a surrogate, beyond the last one, and one that is cut off */
	{"caf\xe9!", "caf?!", "caf\xe9!"},
	{"\xc0\x9b\xe0\x82\x9b", "?????", "\xc0\x9b\xe0\x82\x9b"},
	{"\xed\xa0\x80\xf4\x90\x80\x80", "???????", "\xed\xa0\x80\xf4\x90\x80\x80"},
	{"caf\xc3", "caf?", "caf\xc3"},
	{"\xf0\x9f\x91", "???", "\xf0\x9f\x91"},
};

static void what_steers_a_terminal_or_turns_text_shows_as_a_question_mark(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		char *text = strdup(hostile[i].text);

		assert_non_null(text);
		text_make_safe(text);
		assert_string_equal(text, hostile[i].shown);
		text_make_safe(text);
		assert_string_equal(text, hostile[i].shown);
		free(text);
	}
}

static void json_says_the_same_without_such_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		char *text = NULL;
		size_t length = 0;
		FILE *out = open_memstream(&text, &length);

		assert_non_null(out);
		text_print_json(out, hostile[i].text);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(text, hostile[i].json ? hostile[i].json : hostile[i].text);
		free(text);
	}
}

static void a_printed_text_keeps_its_line_ends(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	text_print(out, "%s:\n  %d %s\n", "a\rb", 7, "\xe2\x80\xae");
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "a?b:\n  7 ?\n");
	free(text);
}

static void a_long_text_is_printed_whole(void **state)
{
	static char letters[5000];
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	memset(letters, 'a', sizeof letters - 1);
	letters[2047] = '\x1b';
	assert_non_null(out);
	text_print(out, "%s\n", letters);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(length, sizeof letters);
	assert_true(text[2047] == '?' && text[length - 1] == '\n');
	free(text);
}

static void an_error_can_be_shown_as_it_is(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, FAULT_INPUT, "no file \"%s\"",
				   "x\n\xc2\x9b"
				   "31m"),
			 FAULT_INPUT);
	assert_string_equal(error.text, "no file \"x??31m\"");
	assert_int_equal(error_prefix(&error, FAULT_INPUT, "read %s", "\xe2\x80\xaelru"), FAULT_INPUT);
	assert_string_equal(error.text, "read ?lru: no file \"x??31m\"");
}

/* What the line's end is cut off from leaves no half character. */
static void an_error_that_is_too_long_ends_in_a_whole_character(void **state)
{
	char long_text[2 * ERROR_TEXT_BYTES];
	struct error error;

	(void)state;
	memset(long_text, 'a', sizeof long_text);
	memcpy(long_text + ERROR_TEXT_BYTES - 2, "\xc3\xab", 2);
	long_text[sizeof long_text - 1] = '\0';
	(void)error_set(&error, FAULT_INPUT, "%s", long_text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_BYTES - 1);
	assert_int_equal(error.text[ERROR_TEXT_BYTES - 2], '?');
}

static void a_log_line_is_one_line(void **state)
{
	char line[64] = "";
	int ends[2], before = dup(STDERR_FILENO);
	ssize_t length;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(before >= 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	log_warning("broker-lost reason=\"%s\"", "a\n<3>ended\xc2\x9b");
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	length = read(ends[0], line, sizeof line - 1);
	assert_true(length > 0);
	assert_string_equal(line, "<4>broker-lost reason=\"a?<3>ended?\"\n");
	(void)close(before);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_steers_a_terminal_or_turns_text_shows_as_a_question_mark),
		cmocka_unit_test(json_says_the_same_without_such_characters),
		cmocka_unit_test(a_printed_text_keeps_its_line_ends),
		cmocka_unit_test(a_long_text_is_printed_whole),
		cmocka_unit_test(an_error_can_be_shown_as_it_is),
		cmocka_unit_test(an_error_that_is_too_long_ends_in_a_whole_character),
		cmocka_unit_test(a_log_line_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
