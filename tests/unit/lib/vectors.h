/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The behaviour vectors in tests/data/vectors: what both the C side and the pages must decide. tests/web/vectors.test.mjs
 * and tests/web/sender.test.mjs run the same files with the pages' code.
 */
#ifndef TURF_TESTS_UNIT_LIB_VECTORS_H
#define TURF_TESTS_UNIT_LIB_VECTORS_H

#include <jansson.h>
#include <stdint.h>

/* tests/data/vectors/NAME.json, or the test fails. json_decref() it. */
json_t *vectors_load(const char *name);

/* A member of an object that must be there, or the test fails. */
const json_t *vectors_list(const json_t *object, const char *name);
const char *vectors_text(const json_t *object, const char *name);
uint32_t vectors_number(const json_t *object, const char *name);

/* The day of the date in a member. */
uint32_t vectors_day(const json_t *object, const char *name);

#endif
