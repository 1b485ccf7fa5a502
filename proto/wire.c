/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/wire.h"

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_DELIMITED = 2, WIRE_32BIT = 5 };

enum { VARINT_BYTES_MAX = 10, VARINT32_BYTES_MAX = 5 };

/* The bytes of the varint at `at`, or 0 when it does not end within `limit` bytes. */
static size_t varint_size(const uint8_t *at, size_t left, size_t limit)
{
	for (size_t i = 0; i < left && i < limit; i++)
		if (!(at[i] & 0x80))
			return i + 1;
	return 0;
}

/* Takes a varint of at most 32 bits off: tags and lengths. */
static bool take_varint32(struct wire *wire, uint32_t *value)
{
	size_t size = varint_size(wire->at, wire->left, VARINT32_BYTES_MAX);
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum |= (uint64_t)(wire->at[i] & 0x7f) << (7 * i);
	if (size == 0 || sum > UINT32_MAX)
		return false;
	wire->at += size;
	wire->left -= size;
	*value = (uint32_t)sum;
	return true;
}

/* The bytes of the value that comes next (the length before it is taken off), or false. */
static bool value_length(struct wire *wire, uint32_t type, size_t *length)
{
	uint32_t announced;

	switch (type) {
	case WIRE_VARINT:
		*length = varint_size(wire->at, wire->left, VARINT_BYTES_MAX);
		return *length > 0;
	case WIRE_64BIT:
		*length = 8;
		break;
	case WIRE_32BIT:
		*length = 4;
		break;
	case WIRE_DELIMITED:
		if (!take_varint32(wire, &announced))
			return false;
		*length = announced;
		break;
	default: /* groups, which proto3 does not have, and numbers without meaning */
		return false;
	}
	return *length <= wire->left;
}

int wire_next(struct wire *wire, struct wire_field *field)
{
	uint32_t tag;

	if (wire->left == 0)
		return WIRE_END;
	field->start = wire->at;
	if (!take_varint32(wire, &tag) || tag >> 3 == 0 || !value_length(wire, tag & 7, &field->length))
		return WIRE_BROKEN;
	field->number = tag >> 3;
	field->data = wire->at;
	wire->at += field->length;
	wire->left -= field->length;
	field->size = (size_t)(wire->at - field->start);
	return 0;
}

struct arena {
	uint8_t *bytes;
	size_t size, used;
};

static void *arena_take(void *arena, size_t size)
{
	struct arena *from = arena;
	size_t rounded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	void *taken;

	if (rounded < size || rounded > from->size - from->used)
		return NULL;
	taken = from->bytes + from->used;
	from->used += rounded;
	return taken;
}

static void arena_give(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length,
			      uint8_t *arena)
{
	struct arena room = {.bytes = arena, .size = ARENA_BYTES(length)};
	ProtobufCAllocator allocator = {arena_take, arena_give, &room};

	return protobuf_c_message_unpack(type, &allocator, length, bytes);
}

int wire_decode(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length, size_t max,
		int (*take)(const ProtobufCMessage *message, void *to), void *to)
{
	const ProtobufCMessage *message;
	uint8_t *arena;
	int rc;

	if (length > max)
		return MESSAGE_MALFORMED;
	arena = malloc(ARENA_BYTES(length));
	if (!arena)
		return FAULT_MEMORY;
	message = wire_unpack(type, bytes, length, arena);
	rc = message ? take(message, to) : MESSAGE_MALFORMED;
	free(arena);
	return rc;
}

void wire_put(struct wire_writer *writer, const struct ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (writer->full || size > writer->capacity - writer->used)
		writer->full = true;
	else
		writer->used += protobuf_c_message_pack(message, writer->out + writer->used);
}

size_t wire_written(const struct wire_writer *writer)
{
	return writer->full ? 0 : writer->used;
}

bool wire_text_copy(char *to, size_t capacity, const char *from)
{
	size_t length = strnlen(from, capacity);

	to[0] = '\0';
	if (length == capacity)
		return false;
	memcpy(to, from, length + 1);
	return true;
}
