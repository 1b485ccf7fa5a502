/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/step.h"
#include "proto/calendar.h"

enum { AT_A_TIME = 8, UNREADABLE_AGAIN_MS = 60000, RECENT = 64 };

enum subject_kind { SUBJECT_SUMMARY, SUBJECT_WEEKLY };

/* What one retained topic (a summary's with its JSON twin) is about. */
struct subject {
	enum subject_kind kind;
	char team[SLUG_BYTES];
	struct period period; /* weekly: the ISO year */
};

struct entry {
	struct subject subject;
	uint64_t due_ms; /* when it may be published (again) */
	bool waiting;
};

/* A team and a day whose figures all wait already. */
struct recent {
	char team[SLUG_BYTES]; /* empty: none */
	uint32_t day;
};

struct publisher {
	uint32_t interval_ms;
	struct entry *entries;
	size_t n, capacity;
	uint32_t *slots; /* index into `entries` plus one; open addressing, mask + 1 slots, at most half full */
	size_t mask;
	size_t n_waiting;
	size_t next; /* where the last run stopped, so that no entry starves */
	struct recent recent[RECENT]; /* a flood changes the same few figures again and again; a run forgets them */
};

struct publisher *publisher_new(uint32_t interval_ms)
{
	struct publisher *publisher = calloc(1, sizeof *publisher);

	if (publisher)
		publisher->interval_ms = interval_ms;
	return publisher;
}

void publisher_free(struct publisher *publisher)
{
	if (!publisher)
		return;
	free(publisher->entries);
	free(publisher->slots);
	free(publisher);
}

static size_t hash(const struct subject *subject)
{
	uint32_t what = (uint32_t)subject->kind << 1 | subject->period.is_year;
	uint32_t when = subject->period.is_year ? subject->period.year : subject->period.quarter;

	return hash_bytes(subject->team, strlen(subject->team)) ^ (when << 2 | what) * 2654435761u;
}

static bool same(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && a->period.is_year == b->period.is_year &&
	       (a->period.is_year ? a->period.year == b->period.year : a->period.quarter == b->period.quarter) &&
	       strcmp(a->team, b->team) == 0;
}

static uint32_t *slot_of(const struct publisher *publisher, const struct subject *subject)
{
	size_t i = hash(subject) & publisher->mask;

	while (publisher->slots[i] && !same(&publisher->entries[publisher->slots[i] - 1].subject, subject))
		i = (i + 1) & publisher->mask;
	return &publisher->slots[i];
}

static int grow(struct publisher *publisher)
{
	size_t capacity = publisher->capacity ? 2 * publisher->capacity : 256;
	struct entry *entries = realloc(publisher->entries, capacity * sizeof *entries);
	uint32_t *slots = calloc(2 * capacity, sizeof *slots);

	if (entries)
		publisher->entries = entries;
	if (!entries || !slots) {
		free(slots);
		return -1;
	}
	free(publisher->slots);
	publisher->slots = slots;
	publisher->mask = 2 * capacity - 1;
	publisher->capacity = capacity;
	for (size_t i = 0; i < publisher->n; i++)
		*slot_of(publisher, &publisher->entries[i].subject) = (uint32_t)i + 1;
	return 0;
}

/* 0 or FAULT_MEMORY. */
static int find_or_add(struct publisher *publisher, enum subject_kind kind, const char *team, struct period period,
		struct entry **entry)
{
	struct subject subject = {.kind = kind, .period = period};
	uint32_t *slot;

	memcpy(subject.team, team, strlen(team) + 1);
	if (publisher->n == publisher->capacity && grow(publisher) != 0)
		return FAULT_MEMORY;
	slot = slot_of(publisher, &subject);
	if (!*slot) {
		publisher->entries[publisher->n++] = (struct entry){.subject = subject};
		*slot = (uint32_t)publisher->n;
	}
	*entry = &publisher->entries[*slot - 1];
	return 0;
}

static int touch(struct publisher *publisher, enum subject_kind kind, const char *team, struct period period)
{
	struct entry *entry;
	int rc = find_or_add(publisher, kind, team, period, &entry);

	if (rc < 0)
		return rc;
	publisher->n_waiting += !entry->waiting;
	entry->waiting = true;
	return 0;
}

static int touch_all_of(struct publisher *publisher, const struct folded *folded)
{
	const char *const teams[] = {folded->team, TEAM_ALL};
	struct period quarter = period_of_quarter(folded->quarter);
	struct period year = period_of_year(year_of_quarter(folded->quarter));
	struct period iso_year = period_of_year(iso_week_of_day(folded->day).year);
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = touch(publisher, SUBJECT_SUMMARY, teams[i], quarter);
		if (rc == 0)
			rc = touch(publisher, SUBJECT_SUMMARY, teams[i], year);
		if (rc == 0)
			rc = touch(publisher, SUBJECT_WEEKLY, teams[i], iso_year);
	}
	return rc;
}

int publisher_touch(struct publisher *publisher, const struct folded *folded, struct error *error)
{
	size_t length = strlen(folded->team);
	struct recent *recent = &publisher->recent[(hash_bytes(folded->team, length) ^ folded->day) % RECENT];
	int rc;

	if (recent->day == folded->day && strcmp(recent->team, folded->team) == 0)
		return 0;
	rc = touch_all_of(publisher, folded);
	if (rc < 0)
		return error_set(error, rc, "no memory for the list of summaries");
	memcpy(recent->team, folded->team, length + 1);
	recent->day = folded->day;
	return 0;
}

static int touch_summary(void *context, const char *team, struct period period)
{
	return touch(context, SUBJECT_SUMMARY, team, period);
}

static int touch_weekly(void *context, const char *team, uint32_t iso_year)
{
	return touch(context, SUBJECT_WEEKLY, team, period_of_year(iso_year));
}

int publisher_touch_all(struct publisher *publisher, const struct figures *figures, struct error *error)
{
	int rc;

	for (size_t i = 0; i < publisher->n; i++) {
		publisher->n_waiting += !publisher->entries[i].waiting;
		publisher->entries[i].waiting = true;
	}
	rc = figures_each_summary(figures, touch_summary, publisher);
	if (rc == 0)
		rc = figures_each_weekly(figures, touch_weekly, publisher);
	return rc == 0 ? 0 : error_set(error, rc, "no memory for the list of summaries");
}

static int register_summary(void *context, const char *team, struct period period)
{
	struct entry *entry;

	return find_or_add(context, SUBJECT_SUMMARY, team, period, &entry);
}

static int register_weekly(void *context, const char *team, uint32_t iso_year)
{
	struct entry *entry;

	return find_or_add(context, SUBJECT_WEEKLY, team, period_of_year(iso_year), &entry);
}

int publisher_register_all(struct publisher *publisher, const struct figures *figures, struct error *error)
{
	int rc = figures_each_summary(figures, register_summary, publisher);

	if (rc == 0)
		rc = figures_each_weekly(figures, register_weekly, publisher);
	return rc == 0 ? 0 : error_set(error, rc, "no memory for the list of summaries");
}

uint64_t publisher_due_ms(const struct publisher *publisher)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < publisher->n && publisher->n_waiting > 0; i++) {
		if (publisher->entries[i].waiting && publisher->entries[i].due_ms < first)
			first = publisher->entries[i].due_ms;
	}
	return first;
}

/* An empty retained message takes a topic away from the broker. */
static int withdraw(struct mqtt *mqtt, const char *org, const struct subject *subject, struct error *error)
{
	char topic[TOPIC_BYTES];
	int rc;

	if (subject->kind == SUBJECT_WEEKLY) {
		topic_weekly(topic, org, subject->team, subject->period.year);
		return mqtt_publish(mqtt, topic, "", 0, true, error);
	}
	topic_summary(topic, org, subject->team, subject->period);
	rc = mqtt_publish(mqtt, topic, "", 0, true, error);
	if (rc < 0)
		return rc;
	topic_summary_json(topic, org, subject->team, subject->period);
	return mqtt_publish(mqtt, topic, "", 0, true, error);
}

static int publish_summary(struct mqtt *mqtt, const struct figures *figures, const struct subject *subject, struct error *error)
{
	uint8_t bytes[SUMMARY_BYTES_MAX];
	char topic[TOPIC_BYTES];
	struct summary summary;
	char *json;
	size_t length;
	int rc = figures_summary(figures, subject->team, subject->period, &summary, error);

	if (rc < 0)
		return rc;
	length = summary_encode(&summary, bytes, sizeof bytes);
	topic_summary(topic, figures->catalogue->org, subject->team, subject->period);
	step_reached("before-summary");
	rc = mqtt_publish(mqtt, topic, bytes, length, true, error);
	if (rc < 0)
		return rc;
	json = figures_json(&summary, figures->catalogue);
	if (!json)
		return error_set(error, FAULT_MEMORY, "no memory for a summary in JSON");
	topic_summary_json(topic, figures->catalogue->org, subject->team, subject->period);
	step_reached("before-twin");
	rc = mqtt_publish(mqtt, topic, json, strlen(json), true, error);
	free(json);
	return rc;
}

static int publish_weekly(struct mqtt *mqtt, const struct figures *figures, const struct subject *subject, struct error *error)
{
	uint8_t bytes[WEEKS_MAX * 16 + 128];
	char topic[TOPIC_BYTES];
	struct weekly weekly;
	int rc = figures_weekly(figures, subject->team, subject->period.year, &weekly, error);

	if (rc < 0)
		return rc;
	if (weekly.n_weeks == 0)
		return withdraw(mqtt, figures->catalogue->org, subject, error);
	topic_weekly(topic, figures->catalogue->org, subject->team, subject->period.year);
	return mqtt_publish(mqtt, topic, bytes, weekly_encode(&weekly, bytes, sizeof bytes), true, error);
}

static int publish(struct mqtt *mqtt, const struct figures *figures, const struct subject *subject, struct error *error)
{
	if (subject->kind == SUBJECT_WEEKLY)
		return publish_weekly(mqtt, figures, subject, error);
	if (!figures_exist(figures, subject->team, subject->period))
		return withdraw(mqtt, figures->catalogue->org, subject, error);
	return publish_summary(mqtt, figures, subject, error);
}

int publisher_run(struct publisher *publisher, struct mqtt *mqtt, const struct figures *figures, uint64_t now_ms,
		  struct counters *counters, struct error *error)
{
	struct error *first = error; /* NULL once it holds a fault */
	int published = 0, fault = 0;

	memset(publisher->recent, 0, sizeof publisher->recent);
	for (size_t seen = 0; seen < publisher->n && published < AT_A_TIME; seen++) {
		struct entry *entry = &publisher->entries[publisher->next % publisher->n];
		int rc;

		publisher->next = (publisher->next + 1) % publisher->n;
		if (!entry->waiting || entry->due_ms > now_ms)
			continue;
		rc = publish(mqtt, figures, &entry->subject, first);
		if (rc == FAULT_BROKER)
			return rc;
		entry->waiting = rc < 0;
		entry->due_ms = now_ms + (rc < 0 ? UNREADABLE_AGAIN_MS : publisher->interval_ms);
		publisher->n_waiting -= rc == 0;
		published++;
		step_reached("after-summary");
		if (rc < 0 && fault == 0) {
			fault = rc;
			first = NULL;
		}
		counters->summaries += rc == 0 && entry->subject.kind == SUBJECT_SUMMARY;
	}
	return fault;
}
