/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/handmade.h"

#include <assert.h>
#include <string.h>

/* xorshift, the same numbers in every run. */
static uint32_t dice_state = 2463534242;

uint32_t dice(uint32_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state % sides;
}

struct event random_event(void)
{
	struct event event = {.day = dice(4) ? 18000 + dice(400) : UINT32_MAX - dice(2)};

	for (size_t i = 0; i < EVENT_ID_BYTES; i++)
		event.id.bytes[i] = (uint8_t)dice(256);
	event.act = dice(4) ? ACT_QUESTION : ACT_RETRACTION;
	if (event.act == ACT_RETRACTION) {
		event.has_proof = dice(4);
		for (size_t i = 0; event.has_proof && i < EVENT_SECRET_BYTES; i++)
			event.proof.bytes[i] = (uint8_t)dice(256);
		return event;
	}
	event.domain = dice(4) ? dice(256) : dice(UINT32_MAX);
	event.outcome = dice(2) ? OUTCOME_ANSWERED : OUTCOME_REFERRED;
	event.n_labels = dice(EVENT_LABELS_MAX + 1);
	for (uint32_t i = 0, label = 0; i < event.n_labels; i++)
		event.labels[i] = label += 1 + dice(dice(2) ? 20 : 1000000000);
	return event;
}

void add(struct bytes *to, const void *bytes, size_t length)
{
	assert(length <= sizeof to->at - to->length);
	memcpy(to->at + to->length, bytes, length);
	to->length += length;
}

void add_varint(struct bytes *to, uint64_t value)
{
	while (value >= 0x80) {
		add(to, (uint8_t[]){(uint8_t)(value | 0x80)}, 1);
		value >>= 7;
	}
	add(to, (uint8_t[]){(uint8_t)value}, 1);
}

void add_number(struct bytes *to, uint32_t field, uint64_t value)
{
	add_varint(to, field << 3);
	add_varint(to, value);
}

void add_field(struct bytes *to, uint32_t field, const void *bytes, size_t length)
{
	add_varint(to, field << 3 | 2);
	add_varint(to, length);
	add(to, bytes, length);
}

void add_bytes(struct bytes *to, uint32_t field, const struct bytes *part)
{
	add_field(to, field, part->at, part->length);
}

struct bytes question_event(size_t id_length, uint64_t outcome, const struct bytes *more)
{
	static const uint8_t id[128] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct bytes question = {.length = 0}, event = {.length = 0};

	add_number(&question, 1, 3);
	add_number(&question, 2, outcome);
	if (more)
		add(&question, more->at, more->length);
	add_field(&event, 1, id, id_length);
	add_number(&event, 2, 18261);
	add_bytes(&event, 3, &question);
	return event;
}

struct bytes submission_of(const struct bytes *event)
{
	struct bytes submission = {.length = 0};

	add_bytes(&submission, 1, event);
	return submission;
}

size_t fill_pairs(uint8_t *to, size_t capacity, const void *head, size_t head_length, uint8_t tag)
{
	size_t length = head_length;

	assert(head_length <= capacity);
	memcpy(to, head, head_length);
	for (; length + 2 <= capacity; length += 2) {
		to[length] = tag;
		to[length + 1] = 0;
	}
	return length;
}
