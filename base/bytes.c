/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void put_be16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

void put_be32(uint8_t *to, uint32_t value)
{
	put_be16(to, (uint16_t)(value >> 16));
	put_be16(to + 2, (uint16_t)value);
}

void put_be64(uint8_t *to, uint64_t value)
{
	put_be32(to, (uint32_t)(value >> 32));
	put_be32(to + 4, (uint32_t)value);
}

uint16_t get_be16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t get_be32(const uint8_t *from)
{
	return (uint32_t)get_be16(from) << 16 | get_be16(from + 2);
}

uint64_t get_be64(const uint8_t *from)
{
	return (uint64_t)get_be32(from) << 32 | get_be32(from + 4);
}

/* Four bits at a time: a table of 64 bytes is enough where the processor cannot do it. The table is the reflected
 * polynomial 0x82f63b78 applied to each nibble. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t length)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *byte = bytes;

	crc = ~crc;
	for (size_t i = 0; i < length; i++) {
		crc ^= byte[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#ifdef __x86_64__
/* The processor's own instruction: each id that is counted has a CRC, and with the table that is a tenth of folding. */
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *byte, size_t length)
{
	uint64_t sum = ~crc, eight;

	for (; length >= sizeof eight; byte += sizeof eight, length -= sizeof eight) {
		memcpy(&eight, byte, sizeof eight);
		sum = __builtin_ia32_crc32di(sum, eight);
	}
	crc = (uint32_t)sum;
	for (; length > 0; byte++, length--)
		crc = __builtin_ia32_crc32qi(crc, *byte);
	return ~crc;
}
#endif

uint32_t crc32c_more(uint32_t crc, const void *bytes, size_t length)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, bytes, length);
#endif
	return crc32c_portable(crc, bytes, length);
}

uint32_t crc32c(const void *bytes, size_t length)
{
	return crc32c_more(0, bytes, length);
}

void hex_encode(const uint8_t *bytes, size_t length, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * length] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return -1;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * length] == '\0' ? 0 : -1;
}

int random_bytes(void *bytes, size_t length)
{
	return getentropy(bytes, length);
}

/* ---- Lists that grow ---------------------------------------------------------------------------------- */

enum { ROOM_AT_FIRST = 64 };

void *room_for_one(void *list, size_t n, size_t *room, size_t size)
{
	size_t larger = *room > 0 ? 2 * *room : ROOM_AT_FIRST;
	void *moved;

	if (n < *room)
		return list;
	moved = realloc(list, larger * size);
	if (moved)
		*room = larger;
	return moved;
}
