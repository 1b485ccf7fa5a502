/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/turf.pb-c.h"
#include "proto/wire.h"

enum { WEEKLY_BYTES_MAX = 8192 };

/* ---- Summary --------------------------------------------------------------------------------- */

static void put_domain_count(struct wire_writer *writer, const struct domain_count *count)
{
	Turf__V1__Summary summary = TURF__V1__SUMMARY__INIT;
	Turf__V1__DomainCount message = TURF__V1__DOMAIN_COUNT__INIT;
	Turf__V1__DomainCount *messages[] = {&message};

	message.domain = count->domain;
	message.answered = count->answered;
	message.referred = count->referred;
	summary.n_domains = 1;
	summary.domains = messages;
	wire_put(writer, &summary.base);
}

static void put_label_count(struct wire_writer *writer, const struct label_count *count)
{
	Turf__V1__Summary summary = TURF__V1__SUMMARY__INIT;
	Turf__V1__LabelCount message = TURF__V1__LABEL_COUNT__INIT;
	Turf__V1__LabelCount *messages[] = {&message};

	message.label = count->label;
	message.count = count->count;
	summary.n_labels = 1;
	summary.labels = messages;
	wire_put(writer, &summary.base);
}

/* The fields before the repeated ones, and those after them: the bytes are then in the order of the numbers. */
static void put_summary_head(struct wire_writer *writer, const struct summary *summary)
{
	Turf__V1__Summary message = TURF__V1__SUMMARY__INIT;
	char period[PERIOD_TEXT_BYTES];

	period_format(summary->period, period);
	message.org = (char *)summary->org;
	message.team = (char *)summary->team;
	message.period = period;
	message.status = (Turf__V1__QuarterStatus)summary->status;
	message.revision = summary->revision;
	message.generation = summary->generation;
	message.as_of = summary->as_of;
	message.answered = summary->answered;
	message.referred = summary->referred;
	wire_put(writer, &message.base);
}

static void put_summary_tail(struct wire_writer *writer, const struct summary *summary)
{
	Turf__V1__Summary message = TURF__V1__SUMMARY__INIT;

	message.late = summary->late;
	message.catalogue_version = summary->catalogue_version;
	message.undistributed_answered = summary->undistributed_answered;
	message.undistributed_referred = summary->undistributed_referred;
	wire_put(writer, &message.base);
}

size_t summary_encode(const struct summary *summary, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};

	assert(summary->n_domains <= DOMAIN_CODE_MAX && summary->n_labels <= LABELS_MAX);
	put_summary_head(&writer, summary);
	for (uint32_t i = 0; i < summary->n_domains; i++)
		put_domain_count(&writer, &summary->domains[i]);
	for (uint32_t i = 0; i < summary->n_labels; i++)
		put_label_count(&writer, &summary->labels[i]);
	put_summary_tail(&writer, summary);
	return wire_written(&writer);
}

/* Whose figures these are: both must be slugs. */
static bool take_owner(const char *org, const char *team, char *to_org, char *to_team)
{
	return wire_text_copy(to_org, SLUG_BYTES, org) && wire_text_copy(to_team, SLUG_BYTES, team) &&
	       topic_slug_valid(to_org) && topic_slug_valid(to_team);
}

static enum quarter_status known_status(int status)
{
	return status >= QUARTER_OPEN && status <= QUARTER_FINAL ? (enum quarter_status)status : QUARTER_UNSPECIFIED;
}

static bool take_domain_counts(const Turf__V1__Summary *message, struct summary *summary)
{
	if (message->n_domains > DOMAIN_CODE_MAX)
		return false;
	for (size_t i = 0; i < message->n_domains; i++) {
		const Turf__V1__DomainCount *count = message->domains[i];

		if (count->domain < 1 || count->domain > DOMAIN_CODE_MAX)
			return false;
		summary->domains[i] = (struct domain_count){
			.domain = count->domain,
			.answered = count->answered,
			.referred = count->referred,
		};
	}
	summary->n_domains = (uint32_t)message->n_domains;
	return true;
}

static bool take_label_counts(const Turf__V1__Summary *message, struct summary *summary)
{
	if (message->n_labels > LABELS_MAX)
		return false;
	for (size_t i = 0; i < message->n_labels; i++) {
		const Turf__V1__LabelCount *count = message->labels[i];

		if (count->label < 1 || count->label > LABEL_CODE_MAX)
			return false;
		summary->labels[i] = (struct label_count){.label = count->label, .count = count->count};
	}
	summary->n_labels = (uint32_t)message->n_labels;
	return true;
}

static bool take_summary(const Turf__V1__Summary *message, struct summary *summary)
{
	if (!take_owner(message->org, message->team, summary->org, summary->team))
		return false;
	if (period_parse(message->period, &summary->period))
		return false;
	summary->status = known_status((int)message->status);
	summary->revision = message->revision;
	summary->generation = message->generation;
	summary->as_of = message->as_of;
	summary->answered = message->answered;
	summary->referred = message->referred;
	summary->late = message->late;
	summary->catalogue_version = message->catalogue_version;
	summary->undistributed_answered = message->undistributed_answered;
	summary->undistributed_referred = message->undistributed_referred;
	return take_domain_counts(message, summary) && take_label_counts(message, summary);
}

int summary_decode(const uint8_t *bytes, size_t length, struct summary *summary)
{
	struct arena arena = {.size = ARENA_BYTES(length)};
	ProtobufCAllocator allocator = {arena_take, arena_give, &arena};
	Turf__V1__Summary *message;
	bool proper;

	memset(summary, 0, sizeof *summary);
	if (length > SUMMARY_BYTES_MAX)
		return MESSAGE_MALFORMED;
	arena.bytes = malloc(arena.size);
	if (!arena.bytes)
		return FAULT_MEMORY;
	message = turf__v1__summary__unpack(&allocator, length, bytes);
	proper = message && take_summary(message, summary);
	free(arena.bytes);
	return proper ? 0 : MESSAGE_MALFORMED;
}

/* ---- Weekly ---------------------------------------------------------------------------------- */

static void put_week_count(struct wire_writer *writer, const struct week_count *count)
{
	Turf__V1__Weekly weekly = TURF__V1__WEEKLY__INIT;
	Turf__V1__WeekCount message = TURF__V1__WEEK_COUNT__INIT;
	Turf__V1__WeekCount *messages[] = {&message};

	message.week = count->week;
	message.questions = count->questions;
	weekly.n_weeks = 1;
	weekly.weeks = messages;
	wire_put(writer, &weekly.base);
}

size_t weekly_encode(const struct weekly *weekly, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};
	Turf__V1__Weekly head = TURF__V1__WEEKLY__INIT, tail = TURF__V1__WEEKLY__INIT;

	assert(weekly->n_weeks <= WEEKS_MAX);
	head.org = (char *)weekly->org;
	head.team = (char *)weekly->team;
	head.iso_year = weekly->iso_year;
	wire_put(&writer, &head.base);
	for (uint32_t i = 0; i < weekly->n_weeks; i++)
		put_week_count(&writer, &weekly->weeks[i]);
	tail.generation = weekly->generation;
	wire_put(&writer, &tail.base);
	return wire_written(&writer);
}

static bool take_weekly(const Turf__V1__Weekly *message, struct weekly *weekly)
{
	if (!take_owner(message->org, message->team, weekly->org, weekly->team))
		return false;
	if (message->iso_year < 1970 || message->iso_year > 9999 || message->n_weeks > WEEKS_MAX)
		return false;
	weekly->iso_year = message->iso_year;
	weekly->generation = message->generation;
	for (size_t i = 0; i < message->n_weeks; i++) {
		const Turf__V1__WeekCount *count = message->weeks[i];

		if (count->week < 1 || count->week > WEEKS_MAX)
			return false;
		weekly->weeks[i] = (struct week_count){.week = count->week, .questions = count->questions};
	}
	weekly->n_weeks = (uint32_t)message->n_weeks;
	return true;
}

int weekly_decode(const uint8_t *bytes, size_t length, struct weekly *weekly)
{
	struct arena arena = {.size = ARENA_BYTES(length)};
	ProtobufCAllocator allocator = {arena_take, arena_give, &arena};
	Turf__V1__Weekly *message;
	bool proper;

	memset(weekly, 0, sizeof *weekly);
	if (length > WEEKLY_BYTES_MAX)
		return MESSAGE_MALFORMED;
	arena.bytes = malloc(arena.size);
	if (!arena.bytes)
		return FAULT_MEMORY;
	message = turf__v1__weekly__unpack(&allocator, length, bytes);
	proper = message && take_weekly(message, weekly);
	free(arena.bytes);
	return proper ? 0 : MESSAGE_MALFORMED;
}
