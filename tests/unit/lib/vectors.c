/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/calendar.h"

json_t *vectors_load(const char *name)
{
	json_error_t error;
	char path[128];
	json_t *vectors;

	(void)snprintf(path, sizeof path, "tests/data/vectors/%s.json", name);
	vectors = json_load_file(path, 0, &error);
	if (!vectors)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return vectors;
}

const json_t *vectors_list(const json_t *object, const char *name)
{
	const json_t *list = json_object_get(object, name);

	if (json_array_size(list) == 0)
		fail_msg("no list \"%s\"", name);
	return list;
}

const char *vectors_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text)
		fail_msg("no text \"%s\"", name);
	return text;
}

uint32_t vectors_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		fail_msg("no number \"%s\"", name);
	return (uint32_t)json_integer_value(value);
}

uint32_t vectors_day(const json_t *object, const char *name)
{
	uint32_t day = 0;

	assert_int_equal(date_parse(vectors_text(object, name), &day), 0);
	return day;
}
