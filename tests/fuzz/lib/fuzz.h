/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the fuzz targets share. Each is one file fuzz_NAME.c, linked with libFuzzer, which calls LLVMFuzzerTestOneInput
 * with bytes that it changes so that they reach code that none reached before. docs/testing.md tells how to run them.
 */
#ifndef TURF_TESTS_FUZZ_LIB_FUZZ_H
#define TURF_TESTS_FUZZ_LIB_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own names. 0: go on. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be so whatever the bytes are; else the target ends, and libFuzzer keeps the bytes. */
#define hold(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* A folder of this process's own, in memory where there is such a place; it goes when the process ends well. */
const char *fuzz_folder(void);

/* Writes all of `name` in that folder again and returns its path, which lives until the next call. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

/* The bytes as a stream of choices: what is not there any more is zero. */
struct feed {
	const uint8_t *at;
	size_t left;
};

uint32_t feed_below(struct feed *feed, uint32_t sides); /* 1 to 256 sides: one byte */
uint32_t feed_number(struct feed *feed, size_t bytes);  /* big-endian, up to 4 bytes */

/* At most `max` bytes that are taken off as they stand, after one byte that says how many 1/256ths of what is left. */
size_t feed_bytes(struct feed *feed, size_t max, const uint8_t **bytes);

/* An exact copy on the heap, so that reading a byte before or after it is found out. free() it. */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

#endif
