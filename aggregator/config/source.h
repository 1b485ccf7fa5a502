/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The configuration file as libconfig's tree, the list of all that is wrong with it, and notes on what it means.
 *
 * Lifecycle: source_open, then any number of complaints and notes, source_tell once, source_take_notes when there are no
 * complaints, source_release. Private to aggregator/config/.
 */
#ifndef TURF_AGGREGATOR_CONFIG_SOURCE_H
#define TURF_AGGREGATOR_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <libconfig.h>

struct remark {
	unsigned line; /* 0: the file as a whole */
	size_t order;
	char *text; /* with the file and the line */
};

struct remarks {
	struct remark *list;
	size_t n;
};

struct source {
	const char *path; /* the caller's, until source_release */
	config_t tree;
	struct remarks complaints;
	struct remarks notes;
	bool out_of_memory; /* sticky; source_tell reports it */
};

/* Reads and parses. 0, or > 0 when there is no tree to look at (the complaint is noted, or memory ran out).
 * Release it either way. */
int source_open(struct source *source, const char *path);
void source_release(struct source *source);

/* Notes "what is wrong; what was expected" at the setting's line; a file's root is its line 1. */
void source_complain(struct source *source, const config_setting_t *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Notes what a setting that is right means, for those who may read it otherwise. */
void source_note(struct source *source, const config_setting_t *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The notes as lines of text in the order of the file: `*n` strings, each and `*lines` itself heap. 0 or FAULT_MEMORY. */
int source_take_notes(struct source *source, char ***lines, size_t *n);

/* Tells every complaint in the order of the lines. Their number, 0, or FAULT_MEMORY. */
int source_tell(struct source *source, void (*problem)(void *context, const char *line), void *context);

/* `path` itself when it is absolute, else seen from the file's folder. Heap; NULL: no memory. */
char *source_resolve(const struct source *source, const char *path);

#endif
