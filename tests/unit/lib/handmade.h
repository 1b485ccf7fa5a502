/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Protobuf by hand, to say in a test what no encoder would; and dice that fall the same in every run.
 */
#ifndef TURF_TESTS_UNIT_LIB_HANDMADE_H
#define TURF_TESTS_UNIT_LIB_HANDMADE_H

#include "proto/message.h"

/* 0 to sides - 1. */
uint32_t dice(uint32_t sides);

/* A well-formed event of any kind; its day and codes may be of the largest. */
struct event random_event(void);

struct bytes {
	uint8_t at[8192];
	size_t length;
};

void add(struct bytes *to, const void *bytes, size_t length);
void add_varint(struct bytes *to, uint64_t value);
void add_number(struct bytes *to, uint32_t field, uint64_t value);
void add_field(struct bytes *to, uint32_t field, const void *bytes, size_t length);
void add_bytes(struct bytes *to, uint32_t field, const struct bytes *part);

/* A question of 2019-12-31 on domain 3, with an id of `id_length` (at most 128) bytes; `more` (may be NULL) is
 * put into the question as it stands. */
struct bytes question_event(size_t id_length, uint64_t outcome, const struct bytes *more);

struct bytes submission_of(const struct bytes *event);

/* Fills `to` with `head`, then with a tag and a zero over and over: thousands of empty fields. Returns the bytes
 * written, `capacity` or one less. */
size_t fill_pairs(uint8_t *to, size_t capacity, const void *head, size_t head_length, uint8_t tag);

#endif
