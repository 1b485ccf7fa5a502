/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bytes: big-endian integers, CRC32C, hexadecimal, the operating system's random source, and memory for lists that grow.
 */
#ifndef TURF_BASE_BYTES_H
#define TURF_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

void put_be16(uint8_t *to, uint16_t value);
void put_be32(uint8_t *to, uint32_t value);
void put_be64(uint8_t *to, uint64_t value);
uint16_t get_be16(const uint8_t *from);
uint32_t get_be32(const uint8_t *from);
uint64_t get_be64(const uint8_t *from);

/* CRC-32C (Castagnoli), as in RFC 3720 appendix B.4: crc32c("123456789") = 0xe3069283. */
uint32_t crc32c(const void *bytes, size_t length);

/* Goes on from the CRC of the bytes before these: crc32c_more(crc32c(a), b) is the CRC of a and b in a row. */
uint32_t crc32c_more(uint32_t crc, const void *bytes, size_t length);

/* The same without the processor's instruction for it: on other processors, and to compare. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t length);

/* Writes 2 * length lower-case digits and a terminating zero to `text`. */
void hex_encode(const uint8_t *bytes, size_t length, char *text);

/* Reads exactly 2 * length digits, either case, and nothing after them. 0, or -1 when `text` is anything else. */
int hex_decode(const char *text, uint8_t *bytes, size_t length);

/* Fills `bytes`, 256 at most, with what getentropy(3) gives. 0, or -1 with errno set. */
int random_bytes(void *bytes, size_t length);

/* Makes room for one more item in a list on the heap. The list has `n` items of `size` bytes, and memory for `*room` of
 * them. Returns the list, which may have moved. NULL: there is no memory; then the list is where it was. */
void *room_for_one(void *list, size_t n, size_t *room, size_t size);

#endif
