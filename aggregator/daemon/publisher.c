/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/figures/json.h"
#include "base/hash.h"
#include "base/step.h"
#include "proto/calendar.h"

enum { AT_A_TIME = 8, UNREADABLE_AGAIN_MS = 60000 };

enum subject_kind { SUBJECT_SUMMARY, SUBJECT_WEEKLY };

/* What one retained topic (a summary's with its JSON twin) is about. Every byte is set, since it is a key. */
struct subject {
	enum subject_kind kind;
	char team[SLUG_BYTES];
	struct period period; /* weekly: the ISO year */
};

struct entry {
	struct subject subject;
	uint64_t due_ms; /* when it may be published (again) */
	bool waiting;
	UT_hash_handle hh;
};

/* A team and a day whose figures all wait already. */
struct recent {
	uint32_t day;
	char team[SLUG_BYTES];
};

enum { RECENT = 256 };

struct publisher {
	uint32_t interval_ms;
	struct entry *entries; /* a table by subject */
	size_t n_waiting;
	struct entry *next;           /* where the last run stopped, so that no entry starves; NULL: the first */
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
	struct entry *entry, *next;

	if (!publisher)
		return;
	HASH_ITER(hh, publisher->entries, entry, next)
	{
		HASH_DEL(publisher->entries, entry);
		free(entry);
	}
	free(publisher);
}

/* 0 or FAULT_MEMORY. */
static int find_or_add(struct publisher *publisher, enum subject_kind kind, const char *team, struct period period,
		       struct entry **entry)
{
	struct subject subject;

	memset(&subject, 0, sizeof subject); /* what pads the members counts in a key */
	subject.kind = kind;
	memcpy(subject.team, team, strlen(team) + 1);
	subject.period.is_year = period.is_year;
	subject.period.year = period.year;
	subject.period.quarter = period.quarter;
	HASH_FIND(hh, publisher->entries, &subject, sizeof subject, *entry);
	if (*entry)
		return 0;
	*entry = calloc(1, sizeof **entry);
	if (!*entry)
		return FAULT_MEMORY;
	memcpy(&(*entry)->subject, &subject, sizeof subject);
	HASH_ADD(hh, publisher->entries, subject, sizeof subject, *entry);
	if (hash_added(*entry))
		return 0;
	free(*entry);
	return FAULT_MEMORY;
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

/* The place of a team and a day in `recent`, by a hash: few others have the same place. */
static struct recent *recent_place(struct publisher *publisher, const char *team, uint32_t day)
{
	uint32_t place = day;

	for (; *team; team++)
		place = 31 * place + (uint8_t)*team;
	return &publisher->recent[place % RECENT];
}

int publisher_touch(struct publisher *publisher, const struct folded *folded, struct error *error)
{
	const char *const teams[] = {folded->team, TEAM_ALL};
	struct recent *recent = recent_place(publisher, folded->team, folded->day);
	struct period quarter, year, iso_year;
	int rc = 0;

	if (recent->day == folded->day && strcmp(recent->team, folded->team) == 0)
		return 0;
	quarter = period_of_quarter(folded->quarter);
	year = period_of_year(year_of_quarter(folded->quarter));
	iso_year = period_of_year(iso_week_of_day(folded->day).year);
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = touch(publisher, SUBJECT_SUMMARY, teams[i], quarter);
		if (rc == 0)
			rc = touch(publisher, SUBJECT_SUMMARY, teams[i], year);
		if (rc == 0)
			rc = touch(publisher, SUBJECT_WEEKLY, teams[i], iso_year);
	}
	if (rc < 0)
		return error_set(error, rc, "no memory for the list of summaries");
	recent->day = folded->day;
	memcpy(recent->team, folded->team, sizeof recent->team);
	return 0;
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

int publisher_touch_all(struct publisher *publisher, const struct figures *figures, struct error *error)
{
	int rc = publisher_register_all(publisher, figures, error);

	if (rc < 0)
		return rc;
	for (struct entry *entry = publisher->entries; entry; entry = entry->hh.next)
		entry->waiting = true;
	publisher->n_waiting = HASH_COUNT(publisher->entries);
	return 0;
}

uint64_t publisher_due_ms(const struct publisher *publisher)
{
	uint64_t first = UINT64_MAX;

	for (const struct entry *entry = publisher->entries; entry && publisher->n_waiting > 0; entry = entry->hh.next)
		if (entry->waiting && entry->due_ms < first)
			first = entry->due_ms;
	return first;
}

/* A summary goes out with its JSON twin. */
static int publish_bytes(struct mqtt *mqtt, const char *org, const struct subject *subject, const void *bytes,
			 size_t length, const char *json, struct error *error)
{
	char topic[TOPIC_BYTES];
	int rc;

	if (subject->kind == SUBJECT_WEEKLY) {
		topic_weekly(topic, org, subject->team, subject->period.year);
		return mqtt_publish(mqtt, topic, bytes, length, true, error);
	}
	topic_summary(topic, org, subject->team, subject->period);
	step_reached("before-summary");
	rc = mqtt_publish(mqtt, topic, bytes, length, true, error);
	if (rc < 0)
		return rc;
	topic_summary_json(topic, org, subject->team, subject->period);
	step_reached("before-twin");
	return mqtt_publish(mqtt, topic, json, strlen(json), true, error);
}

/* An empty retained message deletes the retained message of a topic at the broker. */
static int withdraw(struct mqtt *mqtt, const char *org, const struct subject *subject, struct error *error)
{
	return publish_bytes(mqtt, org, subject, "", 0, "", error);
}

static int publish_summary(struct mqtt *mqtt, const struct figures *figures, const struct subject *subject,
			   struct error *error)
{
	uint8_t bytes[SUMMARY_BYTES_MAX];
	struct summary summary;
	char *json;
	int rc = figures_summary(figures, subject->team, subject->period, &summary, error);

	if (rc < 0)
		return rc;
	json = figures_json(&summary, figures->catalogue);
	if (!json)
		return error_set(error, FAULT_MEMORY, "no memory for a summary in JSON");
	rc = publish_bytes(mqtt, figures->catalogue->org, subject, bytes, summary_encode(&summary, bytes, sizeof bytes),
			   json, error);
	free(json);
	return rc;
}

static int publish_weekly(struct mqtt *mqtt, const struct figures *figures, const struct subject *subject,
			  struct error *error)
{
	uint8_t bytes[WEEKS_MAX * 16 + 128];
	struct weekly weekly;
	int rc = figures_weekly(figures, subject->team, subject->period.year, &weekly, error);

	if (rc < 0)
		return rc;
	if (weekly.n_weeks == 0)
		return withdraw(mqtt, figures->catalogue->org, subject, error);
	return publish_bytes(mqtt, figures->catalogue->org, subject, bytes, weekly_encode(&weekly, bytes, sizeof bytes),
			     NULL, error);
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
	for (size_t seen = HASH_COUNT(publisher->entries); seen > 0 && published < AT_A_TIME; seen--) {
		struct entry *entry = publisher->next ? publisher->next : publisher->entries;
		int rc;

		publisher->next = entry->hh.next;
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
