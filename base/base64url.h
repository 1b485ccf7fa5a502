/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * base64url without padding (RFC 4648, section 5): the form in which tokens, keys and invitations are text.
 *
 * Decoding is strict, so that no two texts mean the same bytes: no padding, no other characters, no line ends, and the bits
 * that belong to no byte are zero.
 */
#ifndef TURF_BASE_BASE64URL_H
#define TURF_BASE_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

/* The number of characters for so many bytes, without a terminating zero. */
#define BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* Writes BASE64URL_CHARS(length) characters and a terminating zero. */
void base64url_encode(const uint8_t *bytes, size_t length, char *text);

/* Reads exactly `length` bytes from `chars` characters. 0, or -1 when the text is anything else. */
int base64url_decode(const char *text, size_t chars, uint8_t *bytes, size_t length);

#endif
