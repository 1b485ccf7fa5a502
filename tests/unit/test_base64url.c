/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url: the vectors of RFC 4648, section 10, without padding, and that one text only means some bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"

static const struct {
	const char *bytes, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg"},
	{"fo", "Zm8"},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg"},
	{"fooba", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "-__-"},
	{"\xff\xff", "__8"},
};

static void the_vectors_of_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		size_t length = strlen(vectors[i].bytes), chars = strlen(vectors[i].text);
		char text[16];
		uint8_t bytes[16];

		assert_int_equal(BASE64URL_CHARS(length), chars);
		base64url_encode((const uint8_t *)vectors[i].bytes, length, text);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(base64url_decode(vectors[i].text, chars, bytes, length), 0);
		assert_memory_equal(bytes, vectors[i].bytes, length);
	}
}

/* All texts of a length: as many decode as there are values, and each is what its bytes encode to. */
static void one_text_only_means_some_bytes(void **state)
{
	char text[3] = "", again[3];
	uint8_t byte;
	size_t decoded = 0;

	(void)state;
	for (unsigned pair = 0; pair <= 0xffff; pair++) {
		text[0] = (char)(pair >> 8);
		text[1] = (char)pair;
		if (base64url_decode(text, 2, &byte, 1) != 0)
			continue;
		base64url_encode(&byte, 1, again);
		assert_string_equal(again, text);
		decoded++;
	}
	assert_int_equal(decoded, 256);
}

static void another_length_or_character_is_refused(void **state)
{
	static const char *const texts[] = {"Zm9", "Zm9vY", "Zm9=", "Zm 9", "Zm9\n", "Zm+v", "Zm/v", "Zm9\x80"};
	uint8_t bytes[8];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(base64url_decode(texts[i], strlen(texts[i]), bytes, 3), -1);
	assert_int_equal(base64url_decode("Zm9v", 4, bytes, 2), -1);
	assert_int_equal(base64url_decode("Zm9v", 4, bytes, 4), -1);
	assert_int_equal(base64url_decode("", 0, bytes, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4648),
		cmocka_unit_test(one_text_only_means_some_bytes),
		cmocka_unit_test(another_length_or_character_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
