/* SPDX-License-Identifier: EUPL-1.2 */
/* Topics: what is parsed builds the same bytes again, so that no two topics mean one thing. */
#include <stdlib.h>
#include <string.h>

#include "proto/topic.h"
#include "tests/fuzz/lib/fuzz.h"

static void build(const struct topic *topic, char out[static TOPIC_BYTES])
{
	switch (topic->kind) {
	case TOPIC_REGISTRATION:
		topic_registration(out, topic->org, topic->team);
		break;
	case TOPIC_RECEIPT:
		topic_receipt(out, topic->org, topic->client_id);
		break;
	case TOPIC_SUMMARY:
		topic_summary(out, topic->org, topic->team, topic->period);
		break;
	case TOPIC_SUMMARY_JSON:
		topic_summary_json(out, topic->org, topic->team, topic->period);
		break;
	case TOPIC_WEEKLY:
		topic_weekly(out, topic->org, topic->team, topic->period.year);
		break;
	case TOPIC_CATALOGUE:
		topic_catalogue(out, topic->org);
		break;
	case TOPIC_STATUS:
		topic_status(out, topic->org);
		break;
	case TOPIC_DOOR_KEYS:
		topic_door_keys(out, topic->org);
		break;
	case TOPIC_OTHER:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct topic nothing;
	char *text = (char *)fuzz_copy(data, size), built[TOPIC_BYTES] = "";
	struct topic topic;
	enum topic_kind kind = topic_parse(text, size, &topic);

	hold(kind == topic.kind);
	if (kind == TOPIC_OTHER)
		hold(memcmp(&topic, &nothing, sizeof topic) == 0);
	else
		hold(topic_slug_valid(topic.org));
	/* A registration whose last level cannot be a team is told apart by its empty team. */
	if (kind != TOPIC_OTHER && (kind != TOPIC_REGISTRATION || topic.team[0])) {
		build(&topic, built);
		hold(strlen(built) == size && memcmp(built, text, size) == 0);
	}
	free(text);
	return 0;
}
