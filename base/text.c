/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
	LINE_BYTES = 2048, /* of a message that needs no memory */
	FOLDED_MAX = 256,  /* characters of a text that can be folded */
	CHARACTER_BYTES = 4,
};

size_t text_character(const char *text, uint32_t *character)
{
	utf8proc_int32_t found;
	utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &found);

	if (length <= 0 || found == 0)
		return 0;
	*character = (uint32_t)found;
	return (size_t)length;
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

/* Two for pictures and letters of East Asia, none for an accent by itself, one for most others, unknown ones too. */
static size_t columns_of(uint32_t character)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)character);
	int columns = utf8proc_charwidth((utf8proc_int32_t)character);
	bool joins = category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
		     category == UTF8PROC_CATEGORY_CF;

	return columns > 0 ? (size_t)columns : joins ? 0 : 1;
}

/* Letters that Unicode does not take apart, in lower case, and what a person types for them. */
static const struct {
	utf8proc_int32_t letter;
	const char *typed;
} letters[] = {
	{0x00e6, "ae"}, {0x00f0, "d"}, {0x00f8, "o"},  {0x00fe, "th"}, {0x0111, "d"},
	{0x0127, "h"},  {0x0131, "i"}, {0x0133, "ij"}, {0x0138, "k"},  {0x0140, "l"},
	{0x0142, "l"},  {0x014b, "n"}, {0x0153, "oe"}, {0x0167, "t"},  {0x02bc, ""}, /* of the n with an apostrophe */
};

static size_t encode_folded(utf8proc_int32_t character, char encoded[static CHARACTER_BYTES])
{
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		if (letters[i].letter == character) {
			memcpy(encoded, letters[i].typed, strlen(letters[i].typed));
			return strlen(letters[i].typed);
		}
	}
	return (size_t)utf8proc_encode_char(character, (utf8proc_uint8_t *)encoded);
}

bool text_fold(const char *text, char *folded, size_t size)
{
	utf8proc_int32_t characters[FOLDED_MAX];
	utf8proc_ssize_t n =
		utf8proc_decompose((const utf8proc_uint8_t *)text, 0, characters, FOLDED_MAX,
				   UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
	char encoded[CHARACTER_BYTES];
	size_t used = 0;

	if (n < 0 || n > FOLDED_MAX)
		return false;
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		size_t length = encode_folded(characters[i], encoded);

		if (length >= size - used)
			return false;
		memcpy(folded + used, encoded, length);
		used += length;
	}
	folded[used] = '\0';
	return true;
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

size_t text_print_columns(FILE *out, const char *text, size_t max_columns)
{
	size_t columns = 0;

	while (*text) {
		uint32_t character = 0;
		size_t shown = text_showable(text), length = text_character(text, &character);
		size_t width = shown > 0 ? columns_of(character) : 1;

		if (width > max_columns - columns)
			break;
		if (out && shown > 0)
			(void)fwrite(text, 1, shown, out);
		else if (out)
			(void)fputc('?', out);
		text += length > 0 ? length : 1;
		columns += width;
	}
	return columns;
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

bool text_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < min || value > max)
		return false;
	*number = (uint32_t)value;
	return true;
}
