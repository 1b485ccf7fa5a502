/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How a call is wrapped. The Makefile reads the names from lines that begin with WRAP.
 */
#ifndef TURF_TESTS_FAULT_LIB_SEAM_IMPL_H
#define TURF_TESTS_FAULT_LIB_SEAM_IMPL_H

#include "tests/fault/lib/seam.h"

/* Defines what takes the place of `name`; __real_NAME is the call itself. */
#define WRAP(type, name, ...)                   \
	extern type __real_##name(__VA_ARGS__); \
	extern type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

/* Whether this call is the one that fails. */
bool seam_fails(enum seam seam, const char *call);

/* 0, or the error with which this call is to fail: `errors` end in 0, and the plan's kind chooses. */
int seam_error(enum seam seam, const char *call, const int *errors);

/* The same; the error is put in errno. */
bool seam_refuses(const char *call, const int *errors);

unsigned seam_kind(void);

/* Not wrapped, for the seam's own use. */
void *seam_take_memory(void *memory, unsigned long bytes);
void seam_give_memory(void *memory);

#endif
