/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/status.h"

#include <jansson.h>
#include <string.h>

#include "base/json.h"

static const char *const health_names[] = {
	[STORE_OK] = "ok",
	[STORE_FULL] = "full",
	[STORE_FAILING] = "failing",
};

static json_t *date_json(uint32_t day)
{
	char text[DATE_TEXT_BYTES];

	if (day == 0)
		return json_null();
	date_format(day, text);
	return json_string(text);
}

/* NULL: no memory. */
static json_t *counters_json(const struct counters *counters)
{
	json_t *object = json_object();
	int failed = 0;

#define COUNTER_SET(name) failed |= json_object_set_new(object, #name, json_integer((json_int_t)counters->name));
	COUNTERS(COUNTER_SET)
#undef COUNTER_SET
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* What only a daemon that is there can say. 0 or -1: no memory. */
static int put_present(json_t *object, const struct status *status)
{
	int failed = 0;

	failed |= json_object_set_new(object, "today", date_json(status->today));
	failed |= json_object_set_new(object, "today_pinned", json_boolean(status->today_pinned));
	failed |= json_object_set_new(object, "date_pending", date_json(status->date_pending));
	failed |= json_object_set_new(object, "store", json_string(health_names[status->store]));
	failed |= json_object_set_new(object, "generation", json_integer((json_int_t)status->generation));
	failed |= json_object_set_new(object, "counters", counters_json(&status->counters));
	return failed;
}

char *status_json(const struct status *status, bool online)
{
	json_t *object = json_pack("{s:b s:s s:I s:s s:s s:s}", "online", online, "org", status->org, "since",
				   (json_int_t)status->since, "version", status->version, "epoch", status->epoch,
				   "instance", status->instance);
	char *text = NULL;

	if (object && (!online || put_present(object, status) == 0))
		text = json_text(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

enum status_change status_compare(const struct status *older, const struct status *newer)
{
	const struct counters *before = &older->counters, *after = &newer->counters;

	if (older->store != newer->store || older->today != newer->today ||
	    older->date_pending != newer->date_pending || before->connects != after->connects)
		return STATUS_NEWS;
	if (older->generation != newer->generation || before->batches != after->batches ||
	    before->commits_failed != after->commits_failed)
		return STATUS_COUNTERS;
	return STATUS_SAME;
}

/* Its will tells of a younger daemon too: a broker that hands our client id over sends the will of the one that loses it. */
static bool from_younger(const struct status *status, const json_t *said)
{
	const char *instance = json_string_value(json_object_get(said, "instance"));

	return instance && strlen(instance) == strlen(status->instance) && strcmp(instance, status->instance) > 0;
}

enum status_heard status_hear(const struct status *status, const uint8_t *payload, size_t length)
{
	json_t *said = json_loadb((const char *)payload, length, JSON_REJECT_DUPLICATES, NULL);
	enum status_heard heard = HEARD_NOTHING;

	/* An emptied or garbled status topic says as little of us as "offline" does. */
	if (from_younger(status, said))
		heard = HEARD_OTHER;
	else if (!json_is_true(json_object_get(said, "online")))
		heard = HEARD_OFFLINE;
	json_decref(said);
	return heard;
}
