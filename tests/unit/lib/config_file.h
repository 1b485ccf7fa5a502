/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For tests of the configuration: a file with a given text, loaded, and what was told of it. Only in this header,
 * since the tests of libturf link everything else in this folder and have no configuration.
 */
#ifndef TURF_TESTS_UNIT_LIB_CONFIG_FILE_H
#define TURF_TESTS_UNIT_LIB_CONFIG_FILE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/config/config.h"

enum { TOLD_MAX = 64 };

/* A folder with turfd.conf in it, and the last load's outcome. */
struct config_file {
	char folder[64];
	char path[96];
	struct config config;
	int rc;
	size_t n_told;
	char *told[TOLD_MAX];
};

static inline void config_file_init(struct config_file *file)
{
	*file = (struct config_file){.folder = "/tmp/turf-config-XXXXXX"};
	assert_non_null(mkdtemp(file->folder));
	(void)snprintf(file->path, sizeof file->path, "%s/turfd.conf", file->folder);
}

static inline void config_file_forget(struct config_file *file)
{
	config_release(&file->config);
	for (size_t i = 0; i < file->n_told; i++)
		free(file->told[i]);
	file->n_told = 0;
}

static inline void config_file_release(struct config_file *file)
{
	config_file_forget(file);
	(void)unlink(file->path);
	assert_int_equal(rmdir(file->folder), 0);
}

static inline void config_file_note(void *context, const char *line)
{
	struct config_file *file = context;

	assert_true(file->n_told < TOLD_MAX);
	file->told[file->n_told] = strdup(line);
	assert_non_null(file->told[file->n_told++]);
}

static inline void config_file_write(const char *path, const char *bytes, size_t length)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* Loads any path. What was told before is forgotten. */
static inline int config_file_load_path(struct config_file *file, const char *path)
{
	config_file_forget(file);
	file->rc = config_load(path, &file->config, config_file_note, file);
	assert_int_equal(file->rc, file->n_told);
	return file->rc;
}

static inline int config_file_load(struct config_file *file, const char *text)
{
	config_file_write(file->path, text, strlen(text));
	return config_file_load_path(file, file->path);
}

/* The i-th mistake, without the path that every one begins with. */
static inline const char *config_file_told(const struct config_file *file, size_t i)
{
	size_t length = strlen(file->path);

	assert_true(i < file->n_told);
	assert_memory_equal(file->told[i], file->path, length);
	assert_int_equal(file->told[i][length], ':');
	return file->told[i] + length + 1;
}

/* Loads a text in which nothing is wrong. */
static inline void config_file_load_good(struct config_file *file, const char *text)
{
	if (config_file_load(file, text) != 0)
		fail_msg("%s", file->told[0]);
}

static inline char *config_file_read(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!in)
		fail_msg("%s cannot be read; run the tests from the project's folder", path);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, in) > 0);
	(void)fclose(in);
	return text;
}

#endif
