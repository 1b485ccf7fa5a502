/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/values.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "proto/catalogue_form.h"

enum { WORD_BYTES = 32, NAMES_BYTES = 256 };

/* ---- Names nobody knows ------------------------------------------------------------------------ */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

/* Levenshtein's distance, upper and lower case alike; both words shorter than WORD_BYTES. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_BYTES + 1];
	size_t width = strlen(b);

	for (unsigned j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= width; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			unsigned above = row[j];

			row[j] = least(row[j - 1] + 1, above + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[width];
}

/* The known name that was probably meant, or NULL. */
static const char *nearest(const char *typed, const char *const *names)
{
	unsigned best = (unsigned)strlen(typed) / 3 + 1; /* further off is another word */
	const char *found = NULL;

	if (strlen(typed) >= WORD_BYTES)
		return NULL;
	for (; *names; names++) {
		unsigned d = distance(typed, *names);

		if (d <= best && (!found || d < best)) {
			best = d;
			found = *names;
		}
	}
	return found;
}

static bool among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static void complain_unknown(struct source *source, const config_setting_t *at, const char *const *names)
{
	const char *typed = config_setting_name(at);
	const char *hint = nearest(typed, names);
	char all[NAMES_BYTES] = "";
	size_t used = 0;

	if (hint) {
		source_complain(source, at, "unknown setting \"%.40s\"; did you mean \"%s\"?", typed, hint);
		return;
	}
	for (const char *const *name = names; *name && used < sizeof all; name++) {
		int length = snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", *name);

		used += length > 0 ? (size_t)length : 0;
	}
	source_complain(source, at, "unknown setting \"%.40s\"; expected one of %s", typed, all);
}

void setting_check_names(struct source *source, const config_setting_t *group, const char *const *names)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *child = config_setting_get_elem(group, (unsigned)i);

		if (!among(config_setting_name(child), names))
			complain_unknown(source, child, names);
	}
}

/* ---- Text -------------------------------------------------------------------------------------- */

/* NULL when people can read it, else what is wrong. */
static const char *name_flaw(const char *text)
{
	if (!text[strspn(text, " ")])
		return "is empty";
	if (strlen(text) >= NAME_BYTES)
		return "is too long";
	return catalogue_name_valid(text) ? NULL : "is not UTF-8, or has a control character in it";
}

/* What was typed, if it is fit for a terminal. */
static const char *shown(const char *text)
{
	return catalogue_name_valid(text) ? text : "not readable here";
}

/* ---- Types --------------------------------------------------------------------------------------- */

static const char *type_name(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	default:
		return "a list";
	}
}

/* The setting if it is there; otherwise complains when it is required. */
static const config_setting_t *find_setting(struct source *source, const config_setting_t *group, const char *name,
					    const char *expected, enum presence presence)
{
	const config_setting_t *found = config_setting_get_member(group, name);

	if (!found && presence == REQUIRED)
		source_complain(source, group, "missing setting \"%s\"; expected %s", name, expected);
	return found;
}

static enum setting wrong_type(struct source *source, const config_setting_t *setting, const char *expected)
{
	source_complain(source, setting, "\"%s\" is %s; expected %s", config_setting_name(setting), type_name(setting),
			expected);
	return SETTING_WRONG;
}

/* The setting if it is there and has this type. NULL otherwise; complains if the type is wrong, or if the setting is
 * missing and required. */
static const config_setting_t *find_of_type(struct source *source, const config_setting_t *group, const char *name,
					    int type, const char *expected, enum presence presence)
{
	const config_setting_t *found = find_setting(source, group, name, expected, presence);

	if (!found || config_setting_type(found) == type)
		return found;
	(void)wrong_type(source, found, expected);
	return NULL;
}

enum setting setting_number(struct source *source, const config_setting_t *group, const char *name,
			    const struct range *range, enum presence presence, uint32_t *out)
{
	char expected[64];
	const config_setting_t *found;
	long long value;

	(void)snprintf(expected, sizeof expected, "a whole number from %u to %u", range->min, range->max);
	found = find_setting(source, group, name, expected, presence);
	if (!found)
		return SETTING_ABSENT;
	if (config_setting_type(found) != CONFIG_TYPE_INT && config_setting_type(found) != CONFIG_TYPE_INT64)
		return wrong_type(source, found, expected);
	value = config_setting_get_int64(found);
	if (value < range->min || value > range->max) {
		source_complain(source, found, "\"%s\" is out of range; expected %s", name, expected);
		return SETTING_WRONG;
	}
	*out = (uint32_t)value;
	return SETTING_GIVEN;
}

enum setting setting_text(struct source *source, const config_setting_t *group, const char *name, const char *expected,
			  enum presence presence, const char **out)
{
	const config_setting_t *found = find_setting(source, group, name, expected, presence);
	const char *text;

	if (!found)
		return SETTING_ABSENT;
	if (config_setting_type(found) != CONFIG_TYPE_STRING)
		return wrong_type(source, found, expected);
	text = config_setting_get_string(found);
	if (!*text) {
		source_complain(source, found, "\"%s\" is empty; expected %s", name, expected);
		return SETTING_WRONG;
	}
	*out = text;
	return SETTING_GIVEN;
}

enum setting setting_name(struct source *source, const config_setting_t *group, const char *name,
			  enum presence presence, char out[static NAME_BYTES])
{
	static const char expected[] = "a name of 1 to 127 bytes of UTF-8";
	const char *text = NULL, *flaw;
	enum setting state = setting_text(source, group, name, expected, presence, &text);

	if (state != SETTING_GIVEN)
		return state;
	flaw = name_flaw(text);
	if (flaw) {
		source_complain(source, config_setting_get_member(group, name), "\"%s\" %s; expected %s", name, flaw,
				expected);
		return SETTING_WRONG;
	}
	memcpy(out, text, strlen(text) + 1);
	return SETTING_GIVEN;
}

enum setting setting_slug(struct source *source, const config_setting_t *group, const char *name,
			  char out[static SLUG_BYTES])
{
	static const char expected[] = "1 to 31 characters a-z, 0-9 and -, the first not a -";
	const char *text = NULL;
	enum setting state = setting_text(source, group, name, expected, REQUIRED, &text);

	if (state != SETTING_GIVEN)
		return state;
	if (!topic_slug_valid(text)) {
		source_complain(source, config_setting_get_member(group, name), "\"%s\" is \"%s\"; expected %s", name,
				shown(text), expected);
		return SETTING_WRONG;
	}
	memcpy(out, text, strlen(text) + 1);
	return SETTING_GIVEN;
}

/* ---- Dates ---------------------------------------------------------------------------------------- */

static enum setting date(struct source *source, const config_setting_t *group, const char *name, const char *expected,
			 uint32_t *day)
{
	const char *text = NULL;
	enum setting state = setting_text(source, group, name, expected, OPTIONAL, &text);
	uint32_t parsed;

	if (state != SETTING_GIVEN)
		return state;
	if (date_parse(text, &parsed) == 0) {
		*day = parsed;
		return SETTING_GIVEN;
	}
	source_complain(source, config_setting_get_member(group, name),
			"\"%s\" is \"%s\", which is not a date; expected %s", name, shown(text), expected);
	return SETTING_WRONG;
}

enum setting setting_date(struct source *source, const config_setting_t *group, const char *name, uint32_t *day)
{
	return date(source, group, name, "a day of the calendar, \"YYYY-MM-DD\"", day);
}

/* Whoever reads "until" as the last day inside is told which day that is. */
static void note_last_day(struct source *source, const config_setting_t *group, const char *until_name, uint32_t until)
{
	const config_setting_t *at = config_setting_get_member(group, until_name);
	char last[DATE_TEXT_BYTES];
	const char *name;
	int code;

	date_format(until - 1, last);
	if (config_setting_lookup_string(group, "name", &name) == CONFIG_TRUE ||
	    config_setting_lookup_string(group, "edition", &name) == CONFIG_TRUE)
		source_note(source, at, "\"%s\" counts up to and including %s", shown(name), last);
	else if (config_setting_lookup_int(group, "code", &code) == CONFIG_TRUE)
		source_note(source, at, "code %d counts up to and including %s", code, last);
}

enum setting setting_end(struct source *source, const config_setting_t *group, const char *name, uint32_t *day)
{
	const config_setting_t *found = config_setting_get_member(group, name);
	enum setting state;

	if (found && config_setting_type(found) == CONFIG_TYPE_STRING &&
	    !strcmp(config_setting_get_string(found), OPEN_END)) {
		*day = 0;
		return SETTING_GIVEN;
	}
	state = date(source, group, name,
		     "the first day that does not count any more, \"YYYY-MM-DD\", or \"" OPEN_END "\"", day);
	if (state != SETTING_GIVEN)
		return state;
	if (*day) {
		note_last_day(source, group, name, *day);
		return SETTING_GIVEN;
	}
	/* Day 0 would read as no end at all. */
	source_complain(source, found, "\"%s\" is 1970-01-01, the first day there is; expected a later one", name);
	return SETTING_WRONG;
}

void setting_check_validity(struct source *source, const config_setting_t *group, const char *until_name, uint32_t from,
			    uint32_t until)
{
	const config_setting_t *at = config_setting_get_member(group, until_name);
	char first[DATE_TEXT_BYTES], outside[DATE_TEXT_BYTES];

	if (!until || from < until)
		return;
	date_format(from, first);
	date_format(until, outside);
	source_complain(source, at ? at : group, "it ends on %s and begins on %s; expected an end after the beginning",
			outside, first);
}

/* ---- Groups and lists ------------------------------------------------------------------------------- */

const config_setting_t *setting_group(struct source *source, const config_setting_t *parent, const char *name,
				      enum presence presence)
{
	return find_of_type(source, parent, name, CONFIG_TYPE_GROUP, "a group { ... }", presence);
}

const config_setting_t *setting_list(struct source *source, const config_setting_t *parent, const char *name,
				     enum presence presence)
{
	return find_of_type(source, parent, name, CONFIG_TYPE_LIST, "a list of groups ( { ... }, { ... } )", presence);
}

const config_setting_t *setting_list_group(struct source *source, const config_setting_t *list, unsigned i)
{
	const config_setting_t *element = config_setting_get_elem(list, i);

	if (config_setting_is_group(element))
		return element;
	source_complain(source, element, "an entry of \"%s\" is %s; expected a group { ... }",
			config_setting_name(list), type_name(element));
	return NULL;
}
