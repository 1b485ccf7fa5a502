/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Submissions: whatever decodes is judged as the model judges it; what is well formed is written and read again as the
 * same; and what quarantine would keep of it holds the events and no address.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/rules.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/lib/harness.h"

static bool same_event(const struct event *a, const struct event *b)
{
	return memcmp(&a->id, &b->id, sizeof a->id) == 0 && a->day == b->day && a->act == b->act &&
	       a->domain == b->domain && a->outcome == b->outcome && a->n_labels == b->n_labels &&
	       memcmp(a->labels, b->labels, sizeof a->labels) == 0 && a->has_proof == b->has_proof &&
	       memcmp(&a->proof, &b->proof, sizeof a->proof) == 0;
}

static bool same_submitted(const struct submitted_event *a, const struct submitted_event *b)
{
	return a->malformed == b->malformed && a->id_length == b->id_length &&
	       memcmp(a->id, b->id, a->id_length) == 0 && same_event(&a->event, &b->event);
}

/* The verdicts of an event whose id is not known yet, and then is. */
static void check_verdicts(const struct event *event, const char *team, uint32_t today)
{
	struct model model;
	struct standing standing;
	struct admitted admitted;
	enum verdict first, second;

	model_init(&model, &harness_rules, today);
	standing = (struct standing){
		.today = today,
		.purged_before = model.purged_before,
		.settled_before = model.settled_before,
		.final_through = model.final_through,
	};
	admitted = rules_admit(event, team, &harness_rules, &standing);
	first = model_apply(&model, event, team);
	second = model_apply(&model, event, team);
	hold(rules_judge(&admitted, KNOWN_NOTHING) == first);
	if (first == VERDICT_COUNTED)
		hold(rules_judge(&admitted, KNOWN_COUNTED) == second);
	if (first == VERDICT_COUNTED_LATE)
		hold(rules_judge(&admitted, KNOWN_COUNTED_LATE) == second);
	if (first == VERDICT_RETRACTED)
		hold(rules_judge(&admitted, KNOWN_RETRACTED) == second);
	model_release(&model);
}

static void check_event(const struct submitted_event *arrived)
{
	static const char *const teams[] = {"oost", "west", "zuid", "noord", ""};
	static const uint32_t days[] = {HARNESS_START, HARNESS_START + 25, HARNESS_START + 115};
	const struct event *event = &arrived->event;

	hold(arrived->id_length == EVENT_ID_BYTES && memcmp(arrived->id, &event->id, EVENT_ID_BYTES) == 0);
	hold(event->n_labels <= EVENT_LABELS_MAX);
	for (uint32_t i = 1; i < event->n_labels; i++)
		hold(event->labels[i - 1] < event->labels[i]);
	for (size_t t = 0; t < sizeof teams / sizeof *teams; t++)
		for (size_t d = 0; d < sizeof days / sizeof *days; d++)
			check_verdicts(event, teams[t], days[d]);
}

/* The well-formed events, as a phone would have sent them. */
static void check_again(const struct submission *read)
{
	static struct submission again;
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	struct event events[SUBMISSION_EVENTS_MAX];
	size_t n = 0, length;

	for (uint32_t i = 0; i < read->n_events; i++)
		if (!read->events[i].malformed)
			events[n++] = read->events[i].event;
	if (n == 0)
		return;
	length = submission_encode(events, n, read->receipt_to, bytes, sizeof bytes);
	hold(length > 0 && length % SUBMISSION_PADDING == 0);
	hold(submission_decode(bytes, length, &again) == 0);
	hold(again.n_events == n && strcmp(again.receipt_to, read->receipt_to) == 0);
	for (size_t i = 0; i < n; i++)
		hold(!again.events[i].malformed && same_event(&again.events[i].event, &events[i]));
}

/* Each event as it stands is a submission of one. */
static void check_parts(const struct submission *read, const uint8_t *bytes, size_t length)
{
	static struct submission part;

	for (uint32_t i = 0; i < read->n_events; i++) {
		struct byte_range raw = read->events[i].raw;

		hold(raw.length > 0 && raw.at + (size_t)raw.length <= length);
		hold(submission_decode(bytes + raw.at, raw.length, &part) == 0);
		hold(part.n_events == 1 && !part.receipt_to[0]);
		hold(same_submitted(&part.events[0], &read->events[i]));
	}
}

static void check_stripped(const struct submission *read, const uint8_t *bytes, size_t length)
{
	static struct submission stripped;
	static uint8_t kept[SUBMISSION_BYTES_MAX];
	size_t size = submission_strip(bytes, length, kept, sizeof kept);

	hold(size <= length);
	if (!read) { /* malformed: what is kept tells no address either */
		hold(submission_decode(kept, size, &stripped) != 0 || !stripped.receipt_to[0]);
		return;
	}
	hold(submission_decode(kept, size, &stripped) == 0);
	hold(stripped.n_events == read->n_events && !stripped.receipt_to[0]);
	for (uint32_t i = 0; i < read->n_events; i++) {
		struct submitted_event expected = read->events[i];

		hold(!stripped.events[i].event.has_proof);
		if (expected.malformed &&
		    !stripped.events[i].malformed) { /* its proof was neither empty nor 16 bytes */
			hold(stripped.events[i].event.act == ACT_RETRACTION);
			continue;
		}
		expected.event.has_proof = false;
		expected.event.proof = (struct event_secret){{0}};
		hold(same_submitted(&stripped.events[i], &expected));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct submission read;
	uint8_t *bytes = fuzz_copy(data, size);

	if (submission_decode(bytes, size, &read) != 0) {
		check_stripped(NULL, bytes, size);
	} else {
		hold(read.n_events >= 1 && read.n_events <= SUBMISSION_EVENTS_MAX);
		hold(!read.receipt_to[0] || topic_client_id_valid(read.receipt_to, strlen(read.receipt_to)));
		for (uint32_t i = 0; i < read.n_events; i++)
			if (!read.events[i].malformed)
				check_event(&read.events[i]);
		check_again(&read);
		check_parts(&read, bytes, size);
		check_stripped(&read, bytes, size);
	}
	free(bytes);
	return 0;
}
