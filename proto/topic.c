/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/topic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS_MAX = 4 }; /* after the prefix: org, kind, and at most two more */

/* A part of somebody else's text: no zero at its end. */
struct span {
	const char *text;
	size_t length;
};

static bool is_slug_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool span_is_slug(struct span span)
{
	if (span.length == 0 || span.length >= SLUG_BYTES || !is_slug_char(span.text[0]))
		return false;
	for (size_t i = 1; i < span.length; i++)
		if (!is_slug_char(span.text[i]) && span.text[i] != '-')
			return false;
	return true;
}

static bool span_is(struct span span, const char *word)
{
	return span.length == strlen(word) && memcmp(span.text, word, span.length) == 0;
}

/* The caller has checked that it fits. */
static void span_copy(struct span span, char *to)
{
	memcpy(to, span.text, span.length);
	to[span.length] = '\0';
}

bool topic_slug_valid(const char *text)
{
	return span_is_slug((struct span){text, strnlen(text, SLUG_BYTES)});
}

bool topic_client_id_valid(const char *text, size_t length)
{
	if (length != CLIENT_ID_CHARS)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!is_slug_char(c) && !(c >= 'A' && c <= 'Z') && c != '_' && c != '-')
			return false;
	}
	return true;
}

/* The number of levels, or 0 when there are more than LEVELS_MAX. */
static size_t split_levels(struct span rest, struct span levels[static LEVELS_MAX])
{
	for (size_t n = 0; n < LEVELS_MAX; n++) {
		const char *slash = memchr(rest.text, '/', rest.length);
		size_t length = slash ? (size_t)(slash - rest.text) : rest.length;

		levels[n] = (struct span){rest.text, length};
		if (!slash)
			return n + 1;
		rest = (struct span){slash + 1, rest.length - length - 1};
	}
	return 0;
}

/* A last level that cannot be a team leaves `team` empty: what it carries is refused, not overlooked. */
static enum topic_kind parse_registration(struct span team, struct topic *topic)
{
	if (span_is_slug(team) && !span_is(team, TEAM_ALL))
		span_copy(team, topic->team);
	return TOPIC_REGISTRATION;
}

static enum topic_kind parse_receipt(struct span client_id, struct topic *topic)
{
	if (!topic_client_id_valid(client_id.text, client_id.length))
		return TOPIC_OTHER;
	span_copy(client_id, topic->client_id);
	return TOPIC_RECEIPT;
}

static enum topic_kind parse_figures(enum topic_kind kind, struct span team, struct span when, struct topic *topic)
{
	char text[PERIOD_TEXT_BYTES];

	if (!span_is_slug(team) || when.length >= sizeof text)
		return TOPIC_OTHER;
	span_copy(when, text);
	if (strlen(text) != when.length || period_parse(text, &topic->period))
		return TOPIC_OTHER;
	if (kind == TOPIC_WEEKLY && !topic->period.is_year)
		return TOPIC_OTHER;
	span_copy(team, topic->team);
	return kind;
}

static enum topic_kind parse_levels(const struct span *levels, size_t n, struct topic *topic)
{
	if (n < 2 || !span_is_slug(levels[0]))
		return TOPIC_OTHER;
	span_copy(levels[0], topic->org);
	if (n == 2 && span_is(levels[1], "catalogue"))
		return TOPIC_CATALOGUE;
	if (n == 3 && span_is(levels[1], "registration"))
		return parse_registration(levels[2], topic);
	if (n == 3 && span_is(levels[1], "receipt"))
		return parse_receipt(levels[2], topic);
	if (n == 3 && span_is(levels[1], "status") && span_is(levels[2], "aggregator"))
		return TOPIC_STATUS;
	if (n == 3 && span_is(levels[1], "door") && span_is(levels[2], "keys"))
		return TOPIC_DOOR_KEYS;
	if (n == 4 && span_is(levels[1], "summary"))
		return parse_figures(TOPIC_SUMMARY, levels[2], levels[3], topic);
	if (n == 4 && span_is(levels[1], "summary-json"))
		return parse_figures(TOPIC_SUMMARY_JSON, levels[2], levels[3], topic);
	if (n == 4 && span_is(levels[1], "weekly"))
		return parse_figures(TOPIC_WEEKLY, levels[2], levels[3], topic);
	return TOPIC_OTHER;
}

enum topic_kind topic_parse(const char *text, size_t length, struct topic *topic)
{
	struct span levels[LEVELS_MAX];
	size_t prefix = strlen(TOPIC_PREFIX), n;

	memset(topic, 0, sizeof *topic);
	if (length < prefix || memcmp(text, TOPIC_PREFIX, prefix) != 0)
		return TOPIC_OTHER;
	n = split_levels((struct span){text + prefix, length - prefix}, levels);
	topic->kind = parse_levels(levels, n, topic);
	if (topic->kind == TOPIC_OTHER)
		memset(topic, 0, sizeof *topic);
	return topic->kind;
}

/* TOPIC_PREFIX, org, kind, and up to two levels that were checked; NULL for one that is not there. TOPIC_BYTES holds the longest. */
static void build(char *out, const char *org, const char *kind, const char *third, const char *fourth)
{
	int length = snprintf(out, TOPIC_BYTES, TOPIC_PREFIX "%s/%s%s%s%s%s", org, kind, third ? "/" : "",
			      third ? third : "", fourth ? "/" : "", fourth ? fourth : "");

	assert(topic_slug_valid(org) && length < TOPIC_BYTES);
}

static void build_figures(char *out, const char *org, const char *kind, const char *team, struct period period)
{
	char when[PERIOD_TEXT_BYTES];

	assert(topic_slug_valid(team));
	period_format(period, when);
	build(out, org, kind, team, when);
}

void topic_registration(char out[static TOPIC_BYTES], const char *org, const char *team)
{
	assert(topic_slug_valid(team));
	build(out, org, "registration", team, NULL);
}

void topic_receipt(char out[static TOPIC_BYTES], const char *org, const char *client_id)
{
	assert(topic_client_id_valid(client_id, strlen(client_id)));
	build(out, org, "receipt", client_id, NULL);
}

void topic_summary(char out[static TOPIC_BYTES], const char *org, const char *team, struct period period)
{
	build_figures(out, org, "summary", team, period);
}

void topic_summary_json(char out[static TOPIC_BYTES], const char *org, const char *team, struct period period)
{
	build_figures(out, org, "summary-json", team, period);
}

void topic_weekly(char out[static TOPIC_BYTES], const char *org, const char *team, uint32_t iso_year)
{
	build_figures(out, org, "weekly", team, period_of_year(iso_year));
}

void topic_catalogue(char out[static TOPIC_BYTES], const char *org)
{
	build(out, org, "catalogue", NULL, NULL);
}

void topic_status(char out[static TOPIC_BYTES], const char *org)
{
	build(out, org, "status", "aggregator", NULL);
}

void topic_door_keys(char out[static TOPIC_BYTES], const char *org)
{
	build(out, org, "door", "keys", NULL);
}

void topic_all_registrations(char out[static TOPIC_BYTES], const char *org)
{
	build(out, org, "registration", "+", NULL);
}
