/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Text that leaves turfctl: tables for the terminal, shares, and comma-separated values.
 */
#include "aggregator/figures/csv_writer.h"
#include "aggregator/figures/table.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_name_is_as_wide_as_the_terminal_shows_it(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} table[] = {
		{"", 0}, {"oost", 4}, {"Financiën", 9}, {"Skûlenboarch", 12}, {"€", 1}, {"東京 🏠", 7}, {"e\xcc\x88", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		assert_int_equal(text_print_columns(NULL, table[i].text, SIZE_MAX), table[i].width);
}

static void a_share_has_one_decimal_and_of_nothing_there_is_none(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *text;
	} table[] = {
		{104, 1154, "9.0%"}, {0, 12, "0.0%"},   {12, 12, "100.0%"}, {1, 3, "33.3%"},
		{2, 3, "66.7%"},     {1, 2000, "0.1%"}, {1, 2001, "0.0%"},  {0, 0, "-"},
	};
	char text[SHARE_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		table_format_share(table[i].part, table[i].whole, text);
		assert_string_equal(text, table[i].text);
	}
}

static char *printed(const struct table *table)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(table_print(table, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void columns_are_as_wide_as_they_must_be(void **state)
{
	struct table table;
	char *text;

	(void)state;
	table_init(&table, "lrl");
	table_text(&table, "Domain");
	table_text(&table, "n");
	table_text(&table, "Status");
	table_text(&table, "Financiën");
	table_count(&table, 1154);
	table_text(&table, "open");
	table_text(&table, "");
	table_count(&table, 0);
	table_end_row(&table); /* the last column stays empty, and no blanks are left behind */
	table_rule(&table);
	table_text(&table, "x");
	table_end_row(&table);
	table_text(&table, "y");
	table_text(&table, "");
	table_text(&table, "z");
	text = printed(&table);
	assert_string_equal(text, "Domain        n  Status\n"
				  "Financiën  1154  open\n"
				  "              0\n"
				  "-----------------------\n"
				  "x\n"
				  "y                z\n");
	free(text);
	table_release(&table);
}

static void a_table_of_many_rows_keeps_them_all(void **state)
{
	struct table table;
	size_t lines = 0;
	char *text;

	(void)state;
	table_init(&table, "r");
	for (uint64_t i = 0; i < 1000; i++)
		table_count(&table, i);
	text = printed(&table);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 1000);
	assert_non_null(strstr(text, "\n999\n"));
	free(text);
	table_release(&table);
}

static void fields_are_quoted_and_guarded_where_a_reader_needs_it(void **state)
{
	static const struct {
		char separator;
		const char *field, *written;
	} table[] = {
		{',', "", ""},
		{',', "Financiën", "Financiën"},
		{',', "Werk, opleiding", "\"Werk, opleiding\""},
		{';', "Werk, opleiding", "Werk, opleiding"},
		{';', "a;b", "\"a;b\""},
		{'\t', "a\tb", "\"a\tb\""},
		{',', "say \"no\"", "\"say \"\"no\"\"\""},
		{',', "two\nlines", "\"two\nlines\""},
		{',', "\r", "\"'\r\""},
		{',', " blank", "\" blank\""},
		{',', "blank ", "\"blank \""},
		{',', "in the middle", "in the middle"},
		{',', "Team \xe2\x80\xaetsoO", "Team ?tsoO"},
		{',',
		 "Team \xc2\x9b"
		 "2J",
		 "Team ?2J"},
		{',', "=1+1", "'=1+1"},
		{',', "+31", "'+31"},
		{',', "-1", "'-1"},
		{',', "@SUM(A1)", "'@SUM(A1)"},
		{',', "|x", "'|x"},
		{',', "  =1+1", "\"'  =1+1\""},
		{';', "=A1;B1", "\"'=A1;B1\""},
		{',', "\ttab", "'\ttab"},
		{',', "\rreturn", "\"'\rreturn\""},
		{',', "\uff1d1+1", "'\uff1d1+1"},
		{',', "1=1", "1=1"},
		{',', "a-b", "a-b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char *text = NULL, expected[64];
		size_t length = 0;
		struct csv_writer csv = {.out = open_memstream(&text, &length), .separator = table[i].separator};

		assert_non_null(csv.out);
		csv_writer_text(&csv, table[i].field);
		csv_writer_number(&csv, UINT64_MAX);
		csv_writer_end_row(&csv);
		csv_writer_text(&csv, "next");
		csv_writer_end_row(&csv);
		assert_int_equal(fclose(csv.out), 0);
		(void)snprintf(expected, sizeof expected, "%s%c18446744073709551615\r\nnext\r\n", table[i].written,
			       table[i].separator);
		assert_string_equal(text, expected);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_as_wide_as_the_terminal_shows_it),
		cmocka_unit_test(a_share_has_one_decimal_and_of_nothing_there_is_none),
		cmocka_unit_test(columns_are_as_wide_as_they_must_be),
		cmocka_unit_test(a_table_of_many_rows_keeps_them_all),
		cmocka_unit_test(fields_are_quoted_and_guarded_where_a_reader_needs_it),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
