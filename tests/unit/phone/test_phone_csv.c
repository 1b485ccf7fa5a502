/* SPDX-License-Identifier: EUPL-1.2 */
/* The files of `turf replay`: good ones in every dress, bad ones with every mistake named by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/cli/csv.h"

#define HEADER "day,team,domain,outcome\n"

enum { DAY_2019_12_31 = 18261 };

struct heard {
	size_t n;
	char lines[CSV_PROBLEMS_MAX + 1][1024];
};

static void hear(void *context, const char *line)
{
	struct heard *heard = context;

	assert_true(heard->n <= CSV_PROBLEMS_MAX);
	(void)snprintf(heard->lines[heard->n++], sizeof heard->lines[0], "%s", line);
}

static int read_bytes(const char *bytes, size_t length, struct csv *csv, struct heard *heard)
{
	FILE *file = tmpfile();
	int rc;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	rewind(file);
	heard->n = 0;
	rc = csv_read(file, "f.csv", csv, hear, heard, NULL);
	(void)fclose(file);
	return rc;
}

static int read_text(const char *text, struct csv *csv, struct heard *heard)
{
	return read_bytes(text, strlen(text), csv, heard);
}

static void test_good_files_in_every_dress(void **state)
{
	static const char *const dresses[] = {
		HEADER "2019-12-31,oost,1,answered\n2018-01-01,dorpenteam-noord,255,referred\n",
		HEADER "2019-12-31,oost,1,answered\n2018-01-01,dorpenteam-noord,255,referred",
		"day,team,domain,outcome\r\n2019-12-31,oost,1,answered\r\n2018-01-01,dorpenteam-noord,255,referred\r\n",
		"\xef\xbb\xbf" HEADER "2019-12-31,oost,1,answered\n2018-01-01,dorpenteam-noord,255,referred\n\n\n",
		"\"day\",\"team\",\"domain\",\"outcome\"\n\"2019-12-31\",oost,\"1\",answered\n2018-01-01,dorpenteam-"
		"noord,255,\"referred\"\n",
		HEADER "2019-12-31,oost,001,answered\n\n2018-01-01,dorpenteam-noord,255,referred\n",
	};
	struct heard heard;
	struct csv csv;

	(void)state;
	for (size_t i = 0; i < sizeof dresses / sizeof *dresses; i++) {
		assert_int_equal(read_text(dresses[i], &csv, &heard), 0);
		assert_int_equal(csv.n, 2);
		assert_int_equal(csv.rows[0].day, DAY_2019_12_31);
		assert_string_equal(csv.teams[csv.rows[0].team], "oost");
		assert_int_equal(csv.rows[0].domain, 1);
		assert_int_equal(csv.rows[0].outcome, OUTCOME_ANSWERED);
		assert_string_equal(csv.teams[csv.rows[1].team], "dorpenteam-noord");
		assert_int_equal(csv.rows[1].domain, 255);
		assert_int_equal(csv.rows[1].outcome, OUTCOME_REFERRED);
		assert_int_equal(csv.first_day, 17532);
		assert_int_equal(csv.last_day, DAY_2019_12_31);
		csv_release(&csv);
	}
}

static void test_a_header_alone_is_a_file_without_questions(void **state)
{
	struct heard heard;
	struct csv csv;

	(void)state;
	assert_int_equal(read_text(HEADER, &csv, &heard), 0);
	assert_int_equal(csv.n, 0);
	csv_release(&csv);
}

struct mistake {
	const char *text;
	const char *told; /* the beginning of the only problem */
};

static void test_each_mistake_is_named_with_its_line(void **state)
{
	static const struct mistake mistakes[] = {
		{"", "f.csv:0: the file is empty"},
		{"\n", "f.csv:1: this is not the header"},
		{"2019-12-31,oost,1,answered\n", "f.csv:1: this is not the header"},
		{"day;team;domain;outcome\n", "f.csv:1: this is not the header"},
		{"day,team,domain,outcome,label\n", "f.csv:1: this is not the header"},
		{HEADER "2019-02-29,oost,1,answered\n", "f.csv:2: day \"2019-02-29\""},
		{HEADER "31-12-2019,oost,1,answered\n", "f.csv:2: day \"31-12-2019\""},
		{HEADER ",oost,1,answered\n", "f.csv:2: day \"\""},
		{HEADER "2019-12-31,Oost,1,answered\n", "f.csv:2: team \"Oost\""},
		{HEADER "2019-12-31,all,1,answered\n", "f.csv:2: team \"all\""},
		{HEADER "2019-12-31,../summary/oost,1,answered\n", "f.csv:2: team \"../summary/oost\""},
		{HEADER "2019-12-31,oost,0,answered\n", "f.csv:2: domain \"0\""},
		{HEADER "2019-12-31,oost,256,answered\n", "f.csv:2: domain \"256\""},
		{HEADER "2019-12-31,oost,4294967297,answered\n", "f.csv:2: domain \"4294967297\""},
		{HEADER "2019-12-31,oost,-1,answered\n", "f.csv:2: domain \"-1\""},
		{HEADER "2019-12-31,oost, 1,answered\n", "f.csv:2: domain \" 1\""},
		{HEADER "2019-12-31,oost,,answered\n", "f.csv:2: domain \"\""},
		{HEADER "2019-12-31,oost,1,Answered\n", "f.csv:2: outcome \"Answered\""},
		{HEADER "2019-12-31,oost,1,\n", "f.csv:2: outcome \"\""},
		{HEADER "2019-12-31,oost,1,\x1b[2J\n", "f.csv:2: outcome \"?[2J\""},
		{HEADER "2019-12-31,oost,1\n", "f.csv:2: too few fields"},
		{HEADER "2019-12-31,oost,1,answered,\n", "f.csv:2: too many fields"},
		{HEADER "2019-12-31,\"oost,1,answered\n", "f.csv:2: quotes"},
		{HEADER "2019-12-31,oo\"st,1,answered\n", "f.csv:2: quotes"},
		{HEADER "2019-12-31,\"oost\"x,1,answered\n", "f.csv:2: quotes"},
		{HEADER "2019-12-31,oost,1,answered\n\n\n2019-13-01,oost,1,answered\n", "f.csv:5: day"},
	};
	struct heard heard;
	struct csv csv;

	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		assert_int_equal(read_text(mistakes[i].text, &csv, &heard), 1);
		assert_int_equal(heard.n, 1);
		if (strncmp(heard.lines[0], mistakes[i].told, strlen(mistakes[i].told)) != 0)
			fail_msg("%s, and not %s", heard.lines[0], mistakes[i].told);
		assert_non_null(strstr(heard.lines[0], "; expected "));
		assert_null(csv.rows);
	}
}

static void test_all_mistakes_of_a_row_are_told_at_once(void **state)
{
	struct heard heard;
	struct csv csv;

	(void)state;
	assert_int_equal(read_text(HEADER "x,X,x,x\n2019-12-31,oost,1,answered\n", &csv, &heard), 4);
	assert_int_equal(heard.n, 4);
}

static void test_a_wholly_wrong_file_does_not_flood_the_screen(void **state)
{
	char text[64 + 100 * 4] = HEADER;
	struct heard heard;
	struct csv csv;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		memcpy(text + strlen(HEADER) + 4 * i, "a,b\n", 4);
	assert_int_equal(read_text(text, &csv, &heard), 100);
	assert_int_equal(heard.n, CSV_PROBLEMS_MAX);
}

static void test_zero_bytes_and_endless_lines_are_mistakes(void **state)
{
	static const char zero[] = HEADER "2019-12-31,oost,1\0,answered\n";
	size_t length = 1 << 20;
	char *endless = malloc(length);
	struct heard heard;
	struct csv csv;

	(void)state;
	assert_int_equal(read_bytes(zero, sizeof zero - 1, &csv, &heard), 1);
	assert_non_null(strstr(heard.lines[0], "f.csv:2: a zero byte"));
	memset(endless, 'x', length);
	assert_int_equal(read_bytes(endless, length, &csv, &heard), 1);
	assert_non_null(strstr(heard.lines[0], "f.csv:1: the line is too long"));
	free(endless);
}

/* The mark tells one file from another, in whatever line they differ. */
static void test_files_have_marks(void **state)
{
	struct heard heard;
	struct csv one, other;

	(void)state;
	assert_int_equal(read_text(HEADER "2019-12-31,oost,1,answered\n2019-12-31,oost,2,answered\n", &one, &heard), 0);
	assert_int_equal(read_text(HEADER "2019-12-31,oost,1,answered\n2019-12-31,oost,2,answered\n", &other, &heard),
			 0);
	assert_int_equal(one.mark, other.mark);
	csv_release(&other);
	assert_int_equal(read_text(HEADER "2019-12-31,oost,2,answered\n2019-12-31,oost,1,answered\n", &other, &heard),
			 0);
	assert_int_not_equal(one.mark, other.mark);
	csv_release(&other);
	csv_release(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files_in_every_dress),
		cmocka_unit_test(test_a_header_alone_is_a_file_without_questions),
		cmocka_unit_test(test_each_mistake_is_named_with_its_line),
		cmocka_unit_test(test_all_mistakes_of_a_row_are_told_at_once),
		cmocka_unit_test(test_a_wholly_wrong_file_does_not_flood_the_screen),
		cmocka_unit_test(test_zero_bytes_and_endless_lines_are_mistakes),
		cmocka_unit_test(test_files_have_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
