/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/base64url.h"

enum { BITS_PER_CHAR = 6, CHAR_MASK = 0x3f };

void base64url_encode(const uint8_t *bytes, size_t length, char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t held = 0; /* its lowest `bits` bits are not written yet */
	unsigned bits = 0;

	for (size_t i = 0; i < length; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= BITS_PER_CHAR; bits -= BITS_PER_CHAR)
			*text++ = digits[held >> (bits - BITS_PER_CHAR) & CHAR_MASK];
	}
	if (bits > 0)
		*text++ = digits[held << (BITS_PER_CHAR - bits) & CHAR_MASK];
	*text = '\0';
}

/* -1: no digit. */
static int value_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	return digit == '-' ? 62 : digit == '_' ? 63 : -1;
}

int base64url_decode(const char *text, size_t chars, uint8_t *bytes, size_t length)
{
	uint32_t held = 0; /* its lowest `bits` bits belong to the next byte */
	unsigned bits = 0;

	if (chars != BASE64URL_CHARS(length))
		return -1;
	for (size_t i = 0; i < chars; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return -1;
		held = held << BITS_PER_CHAR | (uint32_t)value;
		bits += BITS_PER_CHAR;
		if (bits >= 8) {
			bits -= 8;
			*bytes++ = (uint8_t)(held >> bits);
		}
	}
	return (held & ((1U << bits) - 1)) == 0 ? 0 : -1;
}
