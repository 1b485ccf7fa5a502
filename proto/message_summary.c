/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/message.h"

#include <assert.h>
#include <string.h>

#include "proto/turf.pb-c.h"
#include "proto/wire.h"

enum { WEEKLY_BYTES_MAX = 8192 };

/* ---- Summary --------------------------------------------------------------------------------- */

size_t summary_encode(const struct summary *summary, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};
	Turf__V1__Summary message = TURF__V1__SUMMARY__INIT;
	Turf__V1__DomainCount domains[DOMAIN_CODE_MAX], *domain_list[DOMAIN_CODE_MAX];
	Turf__V1__LabelCount labels[LABELS_MAX], *label_list[LABELS_MAX];
	char period[PERIOD_TEXT_BYTES];

	assert(summary->n_domains <= DOMAIN_CODE_MAX && summary->n_labels <= LABELS_MAX);
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
	message.n_domains = summary->n_domains;
	message.domains = domain_list;
	for (uint32_t i = 0; i < summary->n_domains; i++) {
		domains[i] = (Turf__V1__DomainCount)TURF__V1__DOMAIN_COUNT__INIT;
		domains[i].domain = summary->domains[i].domain;
		domains[i].answered = summary->domains[i].answered;
		domains[i].referred = summary->domains[i].referred;
		domain_list[i] = &domains[i];
	}
	message.n_labels = summary->n_labels;
	message.labels = label_list;
	for (uint32_t i = 0; i < summary->n_labels; i++) {
		labels[i] = (Turf__V1__LabelCount)TURF__V1__LABEL_COUNT__INIT;
		labels[i].label = summary->labels[i].label;
		labels[i].count = summary->labels[i].count;
		label_list[i] = &labels[i];
	}
	message.late = summary->late;
	message.catalogue_version = summary->catalogue_version;
	message.undistributed_answered = summary->undistributed_answered;
	message.undistributed_referred = summary->undistributed_referred;
	wire_put(&writer, &message.base);
	return wire_written(&writer);
}

/* ---- Weekly ---------------------------------------------------------------------------------- */

size_t weekly_encode(const struct weekly *weekly, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};
	Turf__V1__Weekly message = TURF__V1__WEEKLY__INIT;
	Turf__V1__WeekCount weeks[WEEKS_MAX], *week_list[WEEKS_MAX];

	assert(weekly->n_weeks <= WEEKS_MAX);
	message.org = (char *)weekly->org;
	message.team = (char *)weekly->team;
	message.iso_year = weekly->iso_year;
	message.n_weeks = weekly->n_weeks;
	message.weeks = week_list;
	for (uint32_t i = 0; i < weekly->n_weeks; i++) {
		weeks[i] = (Turf__V1__WeekCount)TURF__V1__WEEK_COUNT__INIT;
		weeks[i].week = weekly->weeks[i].week;
		weeks[i].questions = weekly->weeks[i].questions;
		week_list[i] = &weeks[i];
	}
	message.generation = weekly->generation;
	wire_put(&writer, &message.base);
	return wire_written(&writer);
}

/* Whose figures these are: both must be slugs. */
static bool take_owner(const char *org, const char *team, char *to_org, char *to_team)
{
	return wire_text_copy(to_org, SLUG_BYTES, org) && wire_text_copy(to_team, SLUG_BYTES, team) &&
	       topic_slug_valid(to_org) && topic_slug_valid(to_team);
}

static int take_weekly(const ProtobufCMessage *base, void *to)
{
	const Turf__V1__Weekly *message = (const Turf__V1__Weekly *)base;
	struct weekly *weekly = to;

	if (!take_owner(message->org, message->team, weekly->org, weekly->team) || message->iso_year < 1970 ||
	    message->iso_year > 9999 || message->n_weeks > WEEKS_MAX)
		return MESSAGE_MALFORMED;
	weekly->iso_year = message->iso_year;
	weekly->generation = message->generation;
	for (size_t i = 0; i < message->n_weeks; i++) {
		const Turf__V1__WeekCount *count = message->weeks[i];

		if (count->week < 1 || count->week > WEEKS_MAX)
			return MESSAGE_MALFORMED;
		weekly->weeks[i] = (struct week_count){.week = count->week, .questions = count->questions};
	}
	weekly->n_weeks = (uint32_t)message->n_weeks;
	return 0;
}

int weekly_decode(const uint8_t *bytes, size_t length, struct weekly *weekly)
{
	memset(weekly, 0, sizeof *weekly);
	return wire_decode(&turf__v1__weekly__descriptor, bytes, length, WEEKLY_BYTES_MAX, take_weekly, weekly);
}
