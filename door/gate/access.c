/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/gate/access.h"

#include <string.h>

#include "proto/topic.h"

#define AGGREGATOR_USER "aggregator"
#define AGGREGATOR_CLIENT "turf-aggregator-"

bool access_may_connect(const char *user, const char *client_id)
{
	size_t length = user ? strlen(user) : 0;

	if (!client_id || strncmp(client_id, AGGREGATOR_CLIENT, strlen(AGGREGATOR_CLIENT)) != 0)
		return true;
	if (!user || strcmp(user, AGGREGATOR_USER) == 0)
		return user != NULL;
	client_id += strlen("turf-");
	return strncmp(client_id, user, length) == 0 && (client_id[length] == '\0' || client_id[length] == '_');
}

/* Workers read the figures of their own teams, leaders those of the whole org too. */
static bool may_read_figures(const struct access_client *client, const char *team, size_t length)
{
	bool all = length == strlen(TEAM_ALL) && memcmp(team, TEAM_ALL, length) == 0;

	if (all)
		return client->scope->leader;
	return scope_has_team(client->scope, team, length);
}

bool access_may_publish(const struct access_client *client, const char *topic, bool retained)
{
	struct topic parsed;

	return topic_parse(topic, strlen(topic), &parsed) == TOPIC_REGISTRATION && !retained &&
	       !client->scope->leader && strcmp(parsed.org, client->org) == 0 && parsed.team[0] != '\0' &&
	       scope_has_team(client->scope, parsed.team, strlen(parsed.team));
}

bool access_may_read(const struct access_client *client, const char *topic)
{
	struct topic parsed;
	enum topic_kind kind = topic_parse(topic, strlen(topic), &parsed);

	if (kind == TOPIC_OTHER || strcmp(parsed.org, client->org) != 0)
		return false;
	switch (kind) {
	case TOPIC_RECEIPT:
		return strcmp(parsed.client_id, client->client_id) == 0;
	case TOPIC_SUMMARY:
	case TOPIC_SUMMARY_JSON:
	case TOPIC_WEEKLY:
		return may_read_figures(client, parsed.team, strlen(parsed.team));
	case TOPIC_CATALOGUE:
	case TOPIC_STATUS:
	case TOPIC_DOOR_KEYS:
		return true;
	default:
		return false;
	}
}

/* ---- Filters ----------------------------------------------------------------------------------------- */

enum { FILTER_LEVELS_MAX = 4 }; /* after the prefix: org, kind, and at most two more */

/* A level of a filter: no zero at its end. */
struct level {
	const char *text;
	size_t length;
};

static bool level_is(struct level level, const char *word)
{
	return level.length == strlen(word) && memcmp(level.text, word, level.length) == 0;
}

static bool is_any(struct level level)
{
	return level_is(level, "+");
}

/* How many levels follow the prefix; 0: the filter has another prefix, or too many. */
static size_t split(const char *filter, struct level levels[static FILTER_LEVELS_MAX])
{
	size_t prefix = strlen(TOPIC_PREFIX);

	if (strncmp(filter, TOPIC_PREFIX, prefix) != 0)
		return 0;
	filter += prefix;
	for (size_t n = 0; n < FILTER_LEVELS_MAX; n++) {
		levels[n] = (struct level){filter, strcspn(filter, "/")};
		filter += levels[n].length;
		if (*filter == '\0')
			return n + 1;
		filter++;
	}
	return 0;
}

/* The levels after the org. */
static bool may_subscribe_levels(const struct access_client *client, const struct level *levels, size_t n)
{
	if (n == 1)
		return level_is(levels[0], "catalogue");
	if (n == 2)
		return (level_is(levels[0], "status") && level_is(levels[1], "aggregator")) ||
		       (level_is(levels[0], "door") && level_is(levels[1], "keys")) ||
		       (level_is(levels[0], "receipt") && level_is(levels[1], client->client_id));
	return n == 3 &&
	       (level_is(levels[0], "summary") || level_is(levels[0], "summary-json") ||
		level_is(levels[0], "weekly")) &&
	       ((is_any(levels[1]) && client->filtered) || may_read_figures(client, levels[1].text, levels[1].length));
}

bool access_may_subscribe(const struct access_client *client, const char *filter)
{
	struct level levels[FILTER_LEVELS_MAX];
	size_t n = split(filter, levels);

	return n >= 2 && ((is_any(levels[0]) && client->filtered) || level_is(levels[0], client->org)) &&
	       !strchr(filter, '#') && may_subscribe_levels(client, levels + 1, n - 1);
}
