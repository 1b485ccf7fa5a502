/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command line. One table a program says which options there are, which commands take them, where their values go, and
 * what the help says of them; getopt_long reads them. All options are long, but for -h, which is --help.
 */
#ifndef TURF_BASE_OPTIONS_H
#define TURF_BASE_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum { OPTIONS_MAX = 64, OPTIONS_EVERY_COMMAND = 0x7fffffff };

/* What the value of an option is, and the type of the member that takes it. */
enum option_kind {
	OPTION_FLAG,    /* no value; bool, becomes true */
	OPTION_TEXT,    /* const char *, points into argv */
	OPTION_TEXTS,   /* an array of const char *, at most `max`; may be given several times */
	OPTION_NUMBER,  /* unsigned, from `min` to `max` */
	OPTION_SECONDS, /* int, in milliseconds: up to `max` seconds, with a fraction or without */
};

struct option_spec {
	const char *name;  /* without its dashes */
	const char *value; /* the word for its value in the help; NULL: none is shown */
	enum option_kind kind;
	size_t member;     /* its place in the target */
	unsigned commands; /* a bit for each command that takes it */
	const char *help;  /* one sentence; NULL: no list shows the option */
	unsigned min, max;
	size_t count; /* OPTION_TEXTS: the place of the unsigned that counts them */
};

/* The same name may stand there several times, for different commands. */
struct option_table {
	const struct option_spec *specs; /* at most OPTIONS_MAX */
	size_t n;
};

struct command_line {
	const char *name; /* of the program or the command, for errors */
	int argc;
	char **argv;      /* is reordered: what is no option comes last */
	unsigned command; /* the bit of the command; all bits while it is not known */
	unsigned takers;  /* set by options_parse: the commands that take every option that was given */
	char **arguments; /* set by options_parse: what is no option, in argv */
	int n_arguments;
};

/* Sets the members of `target` for the options that were given. 0, or FAULT_INPUT: an option that the command does not
 * take, or a value that is missing or wrong. */
int options_parse(const struct option_table *table, struct command_line *line, void *target, struct error *error);

/* Prints the options that a command of `wanted` takes, and none of `unwanted`, in lines of at most 110 columns. */
void options_print(FILE *out, const struct option_table *table, unsigned wanted, unsigned unwanted);

#endif
