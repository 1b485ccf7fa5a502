/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 2048 }; /* of a message that needs no memory */

/* How many bytes a character has that begins with `first`; 0: none begins so. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* The least character that needs so many bytes. */
static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

size_t text_character(const char *text, uint32_t *character)
{
	const uint8_t *byte = (const uint8_t *)text;
	size_t length = length_of(byte[0]);

	if (length == 0 || byte[0] == '\0')
		return 0;
	*character = length == 1 ? byte[0] : byte[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80) /* the zero at the end stops here too */
			return 0;
		*character = *character << 6 | (byte[i] & 0x3f);
	}
	if (*character < least[length] || (*character >= 0xd800 && *character <= 0xdfff) || *character > 0x10ffff)
		return 0;
	return length;
}

bool text_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f);
}

static bool changes_order_or_line(uint32_t character)
{
	return character == 0x061c || character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
}

size_t text_showable(const char *text)
{
	uint32_t character;
	size_t length = text_character(text, &character);

	return length > 0 && !text_is_control(character) && !changes_order_or_line(character) ? length : 0;
}

/* Length of what one '?' stands for. */
static size_t hidden_length(const char *text)
{
	uint32_t character;
	size_t length = text_character(text, &character);

	return length > 0 ? length : 1;
}

static void make_safe(char *text, const char *kept)
{
	const char *from = text;

	while (*from) {
		size_t length = text_showable(from);

		if (length == 0 && strchr(kept, *from))
			length = 1;
		if (length > 0) {
			memmove(text, from, length);
			text += length;
			from += length;
		} else {
			from += hidden_length(from);
			*text++ = '?';
		}
	}
	*text = '\0';
}

void text_make_safe(char *text)
{
	make_safe(text, "");
}

/* A message must come through when there is no memory left, which may be what it says. */
void text_vprint(FILE *out, const char *format, va_list args)
{
	char line[LINE_BYTES], *longer = NULL, *text = line;
	va_list again;

	va_copy(again, args);
	if (vsnprintf(line, sizeof line, format, args) >= LINE_BYTES && vasprintf(&longer, format, again) >= 0)
		text = longer;
	va_end(again);
	make_safe(text, "\n");
	(void)fputs(text, out);
	if (text == longer)
		free(longer);
}

void text_print(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vprint(out, format, args);
	va_end(args);
}

void text_print_json(FILE *out, const char *json)
{
	uint32_t character;

	while (*json) {
		size_t length = text_character(json, &character);

		if (length > 0 && character >= 0x7f && text_showable(json) == 0)
			(void)fprintf(out, "\\u%04x", (unsigned)character);
		else
			(void)fwrite(json, 1, length > 0 ? length : 1, out);
		json += length > 0 ? length : 1;
	}
}
