/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/message.h"

#include <assert.h>
#include <string.h>

#include "proto/turf.pb-c.h"
#include "proto/wire.h"

/* Of a submission, and of an event. */
enum { FIELD_EVENTS = 1, FIELD_RECEIPT_TO = 2, FIELD_PADDING = 15, FIELD_RETRACTION = 4 };
enum { WIRE_TYPE_BITS = 7, WIRE_BYTES = 2 }; /* the wire type of texts, bytes and messages */

/* ---- Decoding -------------------------------------------------------------------------------- */

static void begin_event(struct submission *submission, const uint8_t *bytes, const struct wire_field *field)
{
	struct submitted_event *submitted;

	if (submission->n_events++ >= SUBMISSION_EVENTS_MAX)
		return;
	submitted = &submission->events[submission->n_events - 1];
	memset(submitted, 0, sizeof *submitted);
	submitted->raw = (struct byte_range){.at = (uint16_t)(field->start - bytes), .length = (uint16_t)field->size};
}

/* Walks the submission's own fields before memory is taken for any: how many events, where each stands, and where the
 * receipt goes. The address is read here, with its length: protobuf-c's string would end at a zero within it. */
static int survey(const uint8_t *bytes, size_t length, struct submission *submission)
{
	struct wire wire = {bytes, length};
	struct wire_field field;
	int end;

	while ((end = wire_next(&wire, &field)) == 0) {
		const char *text = (const char *)field.data;

		if (field.number == FIELD_EVENTS)
			begin_event(submission, bytes, &field);
		if (field.number != FIELD_RECEIPT_TO)
			continue;
		submission->receipt_to[0] = '\0';
		if (topic_client_id_valid(text, field.length))
			memcpy(submission->receipt_to, text, field.length);
	}
	if (end == WIRE_BROKEN)
		return SUBMISSION_NOT_PROTOBUF;
	if (submission->n_events == 0)
		return SUBMISSION_EMPTY;
	return submission->n_events > SUBMISSION_EVENTS_MAX ? SUBMISSION_TOO_MANY : 0;
}

/* Ascending, each once. At most EVENT_LABELS_MAX arrive, those given twice included. */
static void take_labels(const Turf__V1__Question *question, struct event *event)
{
	for (size_t i = 0; i < question->n_labels; i++) {
		uint32_t label = question->labels[i], at = event->n_labels;

		while (at > 0 && event->labels[at - 1] > label)
			at--;
		if (at > 0 && event->labels[at - 1] == label)
			continue;
		memmove(event->labels + at + 1, event->labels + at, (event->n_labels - at) * sizeof event->labels[0]);
		event->labels[at] = label;
		event->n_labels++;
	}
}

static bool take_question(const Turf__V1__Question *question, struct event *event)
{
	int outcome = (int)question->outcome;

	if (outcome != OUTCOME_ANSWERED && outcome != OUTCOME_REFERRED)
		return false;
	if (question->n_labels > EVENT_LABELS_MAX)
		return false;
	event->act = ACT_QUESTION;
	event->domain = question->domain;
	event->outcome = (enum outcome)outcome;
	take_labels(question, event);
	return true;
}

static bool take_retraction(const Turf__V1__Retraction *retraction, struct event *event)
{
	if (retraction->proof.len != 0 && retraction->proof.len != EVENT_SECRET_BYTES)
		return false;
	event->act = ACT_RETRACTION;
	event->has_proof = retraction->proof.len != 0;
	if (event->has_proof)
		memcpy(event->proof.bytes, retraction->proof.data, EVENT_SECRET_BYTES);
	return true;
}

/* False when the event is malformed. */
static bool take_event(const Turf__V1__Event *message, struct event *event)
{
	if (message->id.len != EVENT_ID_BYTES)
		return false;
	memcpy(event->id.bytes, message->id.data, EVENT_ID_BYTES);
	event->day = message->day;
	switch (message->act_case) {
	case TURF__V1__EVENT__ACT_QUESTION:
		return take_question(message->question, event);
	case TURF__V1__EVENT__ACT_RETRACTION:
		return take_retraction(message->retraction, event);
	default:
		return false;
	}
}

static void take_submitted(const Turf__V1__Event *message, struct submitted_event *submitted)
{
	if (message->id.len > 0 && message->id.len <= RESULT_ID_BYTES_MAX) {
		submitted->id_length = (uint8_t)message->id.len;
		memcpy(submitted->id, message->id.data, message->id.len);
	}
	if (!take_event(message, &submitted->event)) {
		memset(&submitted->event, 0, sizeof submitted->event);
		submitted->malformed = true;
	}
}

int submission_decode(const uint8_t *bytes, size_t length, struct submission *submission)
{
	_Alignas(max_align_t) uint8_t arena[ARENA_BYTES(SUBMISSION_BYTES_MAX)];
	const Turf__V1__Submission *message;
	int flaw;

	submission->n_events = 0;
	memset(submission->receipt_to, 0, sizeof submission->receipt_to);
	if (length > SUBMISSION_BYTES_MAX)
		return SUBMISSION_TOO_LONG;
	flaw = survey(bytes, length, submission);
	if (flaw)
		return flaw;
	message = (const Turf__V1__Submission *)wire_unpack(&turf__v1__submission__descriptor, bytes, length, arena);
	if (!message || message->n_events != submission->n_events)
		return SUBMISSION_NOT_PROTOBUF;
	for (uint32_t i = 0; i < submission->n_events; i++)
		take_submitted(message->events[i], &submission->events[i]);
	return 0;
}

/* ---- Encoding -------------------------------------------------------------------------------- */

static void put_event(struct wire_writer *writer, const struct event *event)
{
	Turf__V1__Submission submission = TURF__V1__SUBMISSION__INIT;
	Turf__V1__Event message = TURF__V1__EVENT__INIT;
	Turf__V1__Question question = TURF__V1__QUESTION__INIT;
	Turf__V1__Retraction retraction = TURF__V1__RETRACTION__INIT;
	Turf__V1__Event *messages[] = {&message};

	message.id = (ProtobufCBinaryData){EVENT_ID_BYTES, (uint8_t *)event->id.bytes};
	message.day = event->day;
	if (event->act == ACT_RETRACTION) {
		message.act_case = TURF__V1__EVENT__ACT_RETRACTION;
		message.retraction = &retraction;
		if (event->has_proof)
			retraction.proof = (ProtobufCBinaryData){EVENT_SECRET_BYTES, (uint8_t *)event->proof.bytes};
	} else {
		message.act_case = TURF__V1__EVENT__ACT_QUESTION;
		message.question = &question;
		question.domain = event->domain;
		question.outcome = (Turf__V1__Outcome)event->outcome;
		question.n_labels = event->n_labels;
		question.labels = (uint32_t *)event->labels;
	}
	submission.n_events = 1;
	submission.events = messages;
	wire_put(writer, &submission.base);
}

/* Fills up to a multiple of SUBMISSION_PADDING. The field itself takes two bytes, tag and length, so that a
 * gap of one byte can only be filled together with the next multiple. */
static void put_padding(struct wire_writer *writer)
{
	static const uint8_t zeros[SUBMISSION_PADDING];
	Turf__V1__Submission submission = TURF__V1__SUBMISSION__INIT;
	size_t gap = (SUBMISSION_PADDING - writer->used % SUBMISSION_PADDING) % SUBMISSION_PADDING;

	if (gap == 0)
		return;
	if (gap == 1)
		gap += SUBMISSION_PADDING;
	if (gap == 2) { /* an empty field, which proto3 leaves out: written by hand */
		writer->full |= writer->capacity - writer->used < gap;
		if (!writer->full) {
			writer->out[writer->used++] = FIELD_PADDING << 3 | WIRE_BYTES;
			writer->out[writer->used++] = 0;
		}
		return;
	}
	submission.padding = (ProtobufCBinaryData){gap - 2, (uint8_t *)zeros};
	wire_put(writer, &submission.base);
}

size_t submission_encode(const struct event *events, size_t n, const char *receipt_to, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};
	Turf__V1__Submission submission = TURF__V1__SUBMISSION__INIT;

	assert(n >= 1 && n <= SUBMISSION_EVENTS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(events[i].n_labels <= EVENT_LABELS_MAX);
		put_event(&writer, &events[i]);
	}
	submission.receipt_to = (char *)receipt_to;
	wire_put(&writer, &submission.base);
	put_padding(&writer);
	return wire_written(&writer);
}

/* Writes an event, with empty retractions, up to where its fields cannot be read. Needs no more room than it had. */
static size_t put_event_without_proof(const struct wire_field *event, uint8_t *out)
{
	static const uint8_t empty[] = {FIELD_RETRACTION << 3 | WIRE_BYTES, 0};
	struct wire wire = {event->data, event->length};
	struct wire_field field;
	uint8_t header[3] = {FIELD_EVENTS << 3 | WIRE_BYTES};
	size_t used = 0, n_header = 2;

	while (wire_next(&wire, &field) == 0) {
		bool retraction = field.number == FIELD_RETRACTION;
		size_t size = retraction ? sizeof empty : field.size;

		memcpy(out + used, retraction ? empty : field.start, size);
		used += size;
	}
	assert(used <= SUBMISSION_BYTES_MAX);
	header[1] = (uint8_t)used;
	if (used >= 0x80) { /* a length of two bytes, seven bits in each, the low ones first */
		header[1] = (uint8_t)(used | 0x80);
		header[2] = (uint8_t)(used >> 7);
		n_header = 3;
	}
	memmove(out + n_header, out, used);
	memcpy(out, header, n_header);
	return n_header + used;
}

/* A field too large for what is left of `out` is passed over: it must not push out the events after it. */
size_t submission_strip(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity)
{
	struct wire wire = {bytes, length};
	struct wire_field field;
	size_t used = 0;

	while (wire_next(&wire, &field) == 0) {
		if (field.number == FIELD_RECEIPT_TO || field.number == FIELD_PADDING || field.size > capacity - used)
			continue;
		if (field.number == FIELD_EVENTS && (field.start[0] & WIRE_TYPE_BITS) == WIRE_BYTES) {
			used += put_event_without_proof(&field, out + used);
			continue;
		}
		memcpy(out + used, field.start, field.size);
		used += field.size;
	}
	return used;
}
