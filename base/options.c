/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FIRST_CODE = 256, INDENT = 2, GAP = 2, COLUMNS = 110, LABEL_BYTES = 40 };

/* ---- Reading -------------------------------------------------------------------------------------- */

static int wrong_number(const struct option_spec *spec, const char *text, struct error *error)
{
	return error_set(error, FAULT_INPUT, "--%s \"%s\": expected %u to %u", spec->name, text, spec->min, spec->max);
}

static int take_seconds(const struct option_spec *spec, const char *text, int *ms, struct error *error)
{
	char *end;
	double seconds = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end != '\0' || !(seconds <= spec->max))
		return wrong_number(spec, text, error);
	*ms = (int)(seconds * 1000);
	return 0;
}

static int take_value(const struct option_spec *spec, const char *value, char *target, struct error *error)
{
	void *member = target + spec->member;
	unsigned *count;

	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member = value;
		return 0;
	case OPTION_TEXTS:
		count = (void *)(target + spec->count);
		if (*count == spec->max)
			return error_set(error, FAULT_INPUT, "--%s: at most %u", spec->name, spec->max);
		((const char **)member)[(*count)++] = value;
		return 0;
	case OPTION_NUMBER:
		return text_number(value, spec->min, spec->max, member) ? 0 : wrong_number(spec, value, error);
	case OPTION_SECONDS:
		return take_seconds(spec, value, member, error);
	}
	return 0;
}

static const struct option_spec *find_spec(const struct option_table *table, const char *name, unsigned command)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->specs[i].name, name) == 0 && table->specs[i].commands & command)
			return &table->specs[i];
	return NULL;
}

/* For getopt, each name once; the code of an option is the index of its first line in the table. */
static void list_options(const struct option_table *table, struct option options[static OPTIONS_MAX + 1])
{
	size_t n = 0;

	assert(table->n <= OPTIONS_MAX);
	for (size_t i = 0; i < table->n; i++) {
		const struct option_spec *spec = &table->specs[i];

		if (find_spec(table, spec->name, ~0U) == spec)
			options[n++] = (struct option){
				.name = spec->name,
				.has_arg = spec->kind == OPTION_FLAG ? no_argument : required_argument,
				.val = FIRST_CODE + (int)i,
			};
	}
	options[n] = (struct option){0};
}

int options_parse(const struct option_table *table, struct command_line *line, void *target, struct error *error)
{
	struct option options[OPTIONS_MAX + 1];
	int code, rc = 0;

	list_options(table, options);
	line->takers = ~0U;
	optind = 0; /* begins again */
	opterr = 0; /* getopt would show what was typed as it is */
	while (rc == 0 && (code = getopt_long(line->argc, line->argv, ":h", options, NULL)) != -1) {
		const char *typed = line->argv[optind - 1];
		const char *name = code == 'h'          ? "help"
				   : code >= FIRST_CODE ? table->specs[code - FIRST_CODE].name
							: NULL;
		const struct option_spec *spec = name ? find_spec(table, name, line->command) : NULL;

		if (code == ':')
			return error_set(error, FAULT_INPUT, "%s needs a value", typed);
		if (!spec)
			return error_set(error, FAULT_INPUT, "%s has no option %s%s", line->name, name ? "--" : "",
					 name ? name : typed);
		line->takers &= spec->commands;
		rc = take_value(spec, optarg, target, error);
	}
	line->arguments = line->argv + optind;
	line->n_arguments = line->argc - optind;
	return rc;
}

/* ---- Help ----------------------------------------------------------------------------------------- */

static size_t label(const struct option_spec *spec, char text[static LABEL_BYTES])
{
	return (size_t)snprintf(text, LABEL_BYTES, "--%s%s%s", spec->name, spec->value ? " " : "",
				spec->value ? spec->value : "");
}

static void print_wrapped(FILE *out, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > indent && column + 1 + word > COLUMNS) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fwrite(text, 1, word, out);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

static bool listed(const struct option_spec *spec, unsigned wanted, unsigned unwanted)
{
	return spec->help && spec->commands & wanted && !(spec->commands & unwanted);
}

void options_print(FILE *out, const struct option_table *table, unsigned wanted, unsigned unwanted)
{
	char text[LABEL_BYTES];
	size_t widest = 0;

	for (size_t i = 0; i < table->n; i++)
		if (listed(&table->specs[i], wanted, unwanted) && label(&table->specs[i], text) > widest)
			widest = label(&table->specs[i], text);
	for (size_t i = 0; i < table->n; i++) {
		if (!listed(&table->specs[i], wanted, unwanted))
			continue;
		(void)label(&table->specs[i], text);
		(void)fprintf(out, "%*s%-*s", INDENT, "", (int)(widest + GAP), text);
		print_wrapped(out, table->specs[i].help, INDENT + widest + GAP);
	}
}
