/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the message files share below protobuf-c: a walk over a message's own fields, an arena to decode
 * into, and a writer. Internal to proto/.
 */
#ifndef TURF_PROTO_WIRE_H
#define TURF_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

/* > 0 result of the decoders that know one flaw only */
enum { MESSAGE_MALFORMED = 1 };

/* What is still to be walked. */
struct wire {
	const uint8_t *at;
	size_t left;
};

/* One field as it stands in the bytes. */
struct wire_field {
	uint32_t number;
	const uint8_t *start; /* with its tag */
	size_t size;
	const uint8_t *data; /* without tag and length */
	size_t length;
};

enum { WIRE_END = 1, WIRE_BROKEN = 2 };

/* Takes the next field off. 0, WIRE_END, or WIRE_BROKEN: from here on the bytes are no protobuf. What this
 * refuses and protobuf-c takes: field number 0, numbers above 2^29. */
int wire_next(struct wire *wire, struct wire_field *field);

/*
 * One piece of memory into which a whole message is unpacked, so that nothing must be freed one by one.
 *
 * ARENA_BYTES is enough for any message of ours of `length` bytes. A field takes two bytes at least. For each
 * protobuf-c takes at most: two records of 32 bytes of the field's place (it doubles its list of them, the
 * first 16 are on its stack); a pointer of 8 and the field's own structure of up to 64, or 24 and 16 for a
 * field it does not know; so 136 for 2 bytes. Contents are copied as they are, a zero added and rounded up to
 * 16; packed numbers take four bytes each. That is below 80 a byte, and the outermost structure is below 512.
 */
enum { ARENA_PER_BYTE = 80, ARENA_FIXED = 1024 };
#define ARENA_BYTES(length) ((length)*ARENA_PER_BYTE + ARENA_FIXED)

/* Unpacks a message into `arena` (aligned for any type), of ARENA_BYTES(length). NULL: the bytes are no such message. */
struct ProtobufCMessage *wire_unpack(const struct ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length,
				     uint8_t *arena);

/* Unpacks a message of at most `max` bytes, and hands it to `take` for as long as the call lasts. 0, MESSAGE_MALFORMED,
 * FAULT_MEMORY, or the result of `take`. */
int wire_decode(const struct ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length, size_t max,
		int (*take)(const struct ProtobufCMessage *message, void *to), void *to);

/* Appends messages to a buffer. Protobuf merges what is appended: repeated fields can be written one by one. */
struct wire_writer {
	uint8_t *out;
	size_t capacity;
	size_t used;
	bool full; /* something did not fit; stays so */
};

void wire_put(struct wire_writer *writer, const struct ProtobufCMessage *message);

/* The bytes written, 0 when something did not fit. */
size_t wire_written(const struct wire_writer *writer);

/* Copies a text that must fit, its zero included. False (and `to` is empty) when it does not. */
bool wire_text_copy(char *to, size_t capacity, const char *from);

#endif
