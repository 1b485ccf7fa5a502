/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/summary.h"

#include <string.h>

#include "proto/turf.pb-c.h"
#include "proto/wire.h"

/* Whose figures these are: both must be slugs. */
static bool take_owner(const Turf__V1__Summary *message, struct summary *summary)
{
	return wire_text_copy(summary->org, SLUG_BYTES, message->org) &&
	       wire_text_copy(summary->team, SLUG_BYTES, message->team) && topic_slug_valid(summary->org) &&
	       topic_slug_valid(summary->team);
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

static int take_summary(const ProtobufCMessage *base, void *to)
{
	const Turf__V1__Summary *message = (const Turf__V1__Summary *)base;
	struct summary *summary = to;

	if (!take_owner(message, summary) || period_parse(message->period, &summary->period))
		return MESSAGE_MALFORMED;
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
	return take_domain_counts(message, summary) && take_label_counts(message, summary) ? 0 : MESSAGE_MALFORMED;
}

int summary_decode(const uint8_t *bytes, size_t length, struct summary *summary)
{
	memset(summary, 0, sizeof *summary);
	return wire_decode(&turf__v1__summary__descriptor, bytes, length, SUMMARY_BYTES_MAX, take_summary, summary);
}
