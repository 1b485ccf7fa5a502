/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/source.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { FILE_BYTES_MAX = 1 << 20, REMARK_BYTES = 1024 };

/* ---- Complaints ------------------------------------------------------------------------------- */

static void add_remark(struct source *source, struct remarks *remarks, unsigned line, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

/* Adds "FILE:LINE: text", or "FILE: text" for line 0. */
static void add_remark(struct source *source, struct remarks *remarks, unsigned line, const char *format, va_list args)
{
	struct remark *list = realloc(remarks->list, (remarks->n + 1) * sizeof *list);
	struct remark remark = {.line = line, .order = remarks->n};
	char text[REMARK_BYTES];
	int length;

	(void)vsnprintf(text, sizeof text, format, args);
	length = line ? asprintf(&remark.text, "%s:%u: %s", source->path, line, text)
		      : asprintf(&remark.text, "%s: %s", source->path, text);
	if (list)
		remarks->list = list;
	if (list && length >= 0) {
		list[remarks->n++] = remark;
		return;
	}
	source->out_of_memory = true;
	if (length >= 0)
		free(remark.text);
}

static void complain_at(struct source *source, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void complain_at(struct source *source, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_remark(source, &source->complaints, line, format, args);
	va_end(args);
}

void source_complain(struct source *source, const config_setting_t *at, const char *format, ...)
{
	unsigned line = config_setting_source_line(at);
	va_list args;

	va_start(args, format);
	add_remark(source, &source->complaints, line ? line : 1, format, args);
	va_end(args);
}

void source_note(struct source *source, const config_setting_t *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_remark(source, &source->notes, config_setting_source_line(at), format, args);
	va_end(args);
}

static int by_line(const void *a, const void *b)
{
	const struct remark *left = a, *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static void sort(struct remarks *remarks)
{
	if (remarks->n)
		qsort(remarks->list, remarks->n, sizeof *remarks->list, by_line);
}

int source_tell(struct source *source, void (*problem)(void *context, const char *line), void *context)
{
	if (source->out_of_memory)
		return FAULT_MEMORY;
	sort(&source->complaints);
	for (size_t i = 0; i < source->complaints.n; i++)
		problem(context, source->complaints.list[i].text);
	return source->complaints.n > INT_MAX ? INT_MAX : (int)source->complaints.n;
}

int source_take_notes(struct source *source, char ***lines, size_t *n)
{
	struct remarks *notes = &source->notes;

	*lines = calloc(notes->n + 1, sizeof **lines); /* + 1: never 0 bytes */
	if (!*lines)
		return FAULT_MEMORY;
	sort(notes);
	for (*n = 0; *n < notes->n; ++*n)
		(*lines)[*n] = notes->list[*n].text;
	notes->n = 0; /* the caller frees the texts now */
	return 0;
}

/* ---- Before libconfig sees the text ------------------------------------------------------------ */

/* How far a scan of the text is, and the first thing that libconfig would ignore or misread. */
struct scan {
	char *at;
	unsigned line;
	const char *flaw; /* NULL: none */
	unsigned flaw_line;
};

static void scan_flaw(struct scan *scan, unsigned line, const char *flaw)
{
	if (scan->flaw)
		return;
	scan->flaw = flaw;
	scan->flaw_line = line;
}

/* Moves behind `end` (a newline, a quotation mark or the end of a remark), counting lines. False: there is none. */
static bool scan_past(struct scan *scan, const char *end, bool escapes)
{
	size_t length = strlen(end);

	for (; *scan->at; scan->at++) {
		bool found = !strncmp(scan->at, end, length);

		if (escapes && *scan->at == '\\' && scan->at[1])
			scan->at++;
		scan->line += *scan->at == '\n';
		if (found) {
			scan->at += length;
			return true;
		}
	}
	return false;
}

/* libconfig 1.5 keeps the low 32 bits of a number that is too large, and 4294967297 would read as 1. Such a number
 * becomes the largest there is, which is out of every range here. */
static void scan_number(struct scan *scan)
{
	static const char largest[] = "2147483647"; /* no number above it is shorter */
	bool hexadecimal = scan->at[0] == '0' && (scan->at[1] == 'x' || scan->at[1] == 'X');
	char *first = scan->at, *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(first, &end, hexadecimal ? 16 : 10);
	if ((errno == ERANGE || value > INT32_MAX) && !(*end && strchr(".eE", *end))) {
		memcpy(first, largest, strlen(largest));
		memmove(first + strlen(largest), end, strlen(end) + 1);
	}
	while (isalnum((unsigned char)*scan->at) || *scan->at == '.')
		scan->at++;
}

static void scan_word(struct scan *scan)
{
	while (isalnum((unsigned char)*scan->at) || (*scan->at && strchr("-_*", *scan->at)))
		scan->at++;
}

/* One token, comment or byte of text that does not end here. */
static void scan_step(struct scan *scan)
{
	unsigned char c = (unsigned char)*scan->at;
	unsigned line = scan->line;

	if (c == '#' || !strncmp(scan->at, "//", 2)) {
		(void)scan_past(scan, "\n", false);
	} else if (!strncmp(scan->at, "/*", 2)) {
		scan->at += 2;
		if (!scan_past(scan, "*/", false))
			scan_flaw(scan, line, "a comment begins here and does not end; expected */ after it");
	} else if (c == '"') {
		scan->at++;
		if (!scan_past(scan, "\"", true))
			scan_flaw(scan, line, "a text begins here and does not end; expected \" after it");
	} else if (isdigit(c)) {
		scan_number(scan);
	} else if (isalpha(c)) {
		scan_word(scan);
	} else {
		if (!strncmp(scan->at, "@include", strlen("@include")))
			scan_flaw(scan, line, "@include is not supported; expected everything in one file");
		scan->line += c == '\n';
		scan->at++;
	}
}

/* ---- The file ---------------------------------------------------------------------------------- */

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* The whole file with a zero after it. NULL: a complaint is noted. */
static char *read_text(struct source *source)
{
	FILE *file = fopen(source->path, "re");
	char *text = malloc(FILE_BYTES_MAX + 1);
	size_t length = 0;
	int fault = file ? 0 : errno;

	if (file && text) {
		length = fread(text, 1, FILE_BYTES_MAX + 1, file);
		fault = ferror(file) ? errno : 0;
	}
	if (file)
		(void)fclose(file);
	source->out_of_memory |= !text;
	if (fault)
		complain_at(source, 0,
			    "cannot be read: %s; expected a configuration file, for which "
			    "deploy/turfd.conf is an example",
			    strerror(fault));
	else if (length > FILE_BYTES_MAX)
		complain_at(source, 0, "is too large; expected %d bytes at most", FILE_BYTES_MAX);
	else if (text) {
		text[length] = '\0';
		if (strlen(text) == length)
			return text;
		complain_at(source, line_of(text, text + strlen(text)), "a zero byte; expected text in UTF-8");
	}
	free(text);
	return NULL;
}

/* > 0: a complaint is noted. */
static int parse_text(struct source *source, char *text)
{
	struct scan scan = {.at = text, .line = 1};

	while (*scan.at)
		scan_step(&scan);
	if (scan.flaw) {
		complain_at(source, scan.flaw_line, "%s", scan.flaw);
		return 1;
	}
	if (config_read_string(&source->tree, text) == CONFIG_TRUE)
		return 0;
	complain_at(source, (unsigned)config_error_line(&source->tree),
		    "%s; expected settings of the form name = value; with lists in ( ) and groups in { } "
		    "(the mistake may be on the line before; nothing else was checked)",
		    config_error_text(&source->tree));
	return 1;
}

int source_open(struct source *source, const char *path)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf"; /* some editors put it there, libconfig trips over it */
	char *text;
	int rc;

	*source = (struct source){.path = path};
	config_init(&source->tree);
	text = read_text(source);
	if (!text)
		return 1;
	rc = parse_text(source, strncmp(text, byte_order_mark, 3) ? text : text + 3);
	free(text);
	return rc;
}

static void release_remarks(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++)
		free(remarks->list[i].text);
	free(remarks->list);
}

void source_release(struct source *source)
{
	config_destroy(&source->tree);
	release_remarks(&source->complaints);
	release_remarks(&source->notes);
	*source = (struct source){0};
}

char *source_resolve(const struct source *source, const char *path)
{
	const char *slash = strrchr(source->path, '/');
	char *resolved = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	return asprintf(&resolved, "%.*s/%s", (int)(slash - source->path), source->path, path) < 0 ? NULL : resolved;
}
