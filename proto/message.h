/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The contract's messages as plain C structs, and their protobuf encoding (proto/turf.proto).
 *
 * Decoders take untrusted bytes: every limit is enforced before memory is taken, and memory comes from a bounded
 * arena of the decoder's own. They return 0, or > 0 for bytes that are not a proper message, or FAULT_MEMORY.
 * Encoders return the number of bytes written, or 0 when `capacity` is too small. The catalogue is in catalogue.h.
 */
#ifndef TURF_PROTO_MESSAGE_H
#define TURF_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/topic.h"
#include "proto/words.h"

enum {
	EVENT_ID_BYTES = 16,
	EVENT_SECRET_BYTES = 16,
	EPOCH_BYTES = 16,
	EPOCH_TEXT_BYTES = 33, /* in hexadecimal, with its zero */
	EVENT_LABELS_MAX = 4,
	SUBMISSION_EVENTS_MAX = 64,
	SUBMISSION_BYTES_MAX = 4096,
	SUBMISSION_PADDING = 96,   /* a submission's size is a multiple of this */
	RESULT_ID_BYTES_MAX = 64,  /* a malformed id longer than this gets no result */
	RECEIPT_RESULTS_MAX = 128, /* results in one receipt; more go into the next */
	RECEIPT_BYTES_MAX = 16384,
	SUMMARY_BYTES_MAX = 32768,
	WEEKS_MAX = 53,
};

enum act { ACT_QUESTION = 1, ACT_RETRACTION = 2 };

struct event_id {
	uint8_t bytes[EVENT_ID_BYTES];
};

/* What an id is made from. It stays on the phone; only a retraction shows it (proof.h). */
struct event_secret {
	uint8_t bytes[EVENT_SECRET_BYTES];
};

/* One tap. A retraction has no domain, outcome or labels. Labels are ascending, each once. */
struct event {
	struct event_id id;
	uint32_t day;
	enum act act;
	bool has_proof; /* `proof` is there. Of what arrived it is not checked yet (proof.h). A question has it in the
			 * phone's outbox only, for its retraction; it is never encoded. */
	struct event_secret proof;
	uint32_t domain;
	enum outcome outcome;
	uint32_t n_labels;
	uint32_t labels[EVENT_LABELS_MAX];
};

/* Where something stands in a submission's bytes. */
struct byte_range {
	uint16_t at;
	uint16_t length;
};

/* An event as it arrived. Malformed: `event` is all zero, only the raw id may be there. */
struct submitted_event {
	struct byte_range raw; /* with tag and length: by itself a submission of one event without receipt_to */
	bool malformed;
	uint8_t id_length; /* of `id`; 0: it came without an id, or with one over RESULT_ID_BYTES_MAX */
	uint8_t id[RESULT_ID_BYTES_MAX];
	struct event event;
};

struct submission {
	uint32_t n_events;                /* 1..SUBMISSION_EVENTS_MAX */
	char receipt_to[CLIENT_ID_BYTES]; /* empty: no receipt wanted, or not a client id */
	struct submitted_event events[SUBMISSION_EVENTS_MAX];
};

/* > 0 results of submission_decode: the whole submission is malformed, none of it counts. */
enum submission_flaw {
	SUBMISSION_TOO_LONG = 1, /* over SUBMISSION_BYTES_MAX */
	SUBMISSION_NOT_PROTOBUF = 2,
	SUBMISSION_EMPTY = 3,    /* no events */
	SUBMISSION_TOO_MANY = 4, /* over SUBMISSION_EVENTS_MAX */
};

/* Takes no memory of the heap: 0 or a flaw. */
int submission_decode(const uint8_t *bytes, size_t length, struct submission *submission);

/* Encodes `n` events (1..SUBMISSION_EVENTS_MAX) with padding. `receipt_to` may be empty.
 * SUBMISSION_BYTES_MAX is always room enough. */
size_t submission_encode(const struct event *events, size_t n, const char *receipt_to, uint8_t *out, size_t capacity);

/* Copies what a refused submission may leave in quarantine: its events and fields that turf does not know, as far as
 * they can be read; never receipt_to, never padding, never the proof of a retraction. Returns the bytes written
 * (<= length). */
size_t submission_strip(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity);

struct result {
	uint8_t id_length; /* 1..RESULT_ID_BYTES_MAX */
	uint8_t id[RESULT_ID_BYTES_MAX];
	enum verdict verdict; /* may be a number that this version does not know */
};

/* `n` results (1..RECEIPT_RESULTS_MAX). RECEIPT_BYTES_MAX is always room enough. */
size_t receipt_encode(const struct result *results, size_t n, uint8_t *out, size_t capacity);

/* Calls `each` for every result with a usable id. 0, or > 0 when the bytes are no receipt (then `each` was not
 * called). */
int receipt_decode(const uint8_t *bytes, size_t length, void (*each)(void *context, const struct result *result),
		   void *context);

struct domain_count {
	uint32_t domain;
	uint64_t answered;
	uint64_t referred;
};

struct label_count {
	uint32_t label;
	uint64_t count;
};

struct summary {
	char org[SLUG_BYTES];
	char team[SLUG_BYTES];
	struct period period;
	enum quarter_status status;
	uint32_t revision;
	uint64_t generation;
	int64_t as_of; /* unix seconds */
	uint64_t answered;
	uint64_t referred;
	uint64_t late;
	uint32_t catalogue_version;
	uint64_t undistributed_answered;
	uint64_t undistributed_referred;
	uint32_t n_domains;
	struct domain_count domains[DOMAIN_CODE_MAX];
	uint32_t n_labels;
	struct label_count labels[LABELS_MAX];
};

size_t summary_encode(const struct summary *summary, uint8_t *out, size_t capacity);

struct week_count {
	uint32_t week;
	uint64_t questions;
};

struct weekly {
	char org[SLUG_BYTES];
	char team[SLUG_BYTES];
	uint32_t iso_year;
	uint64_t generation;
	uint32_t n_weeks;
	struct week_count weeks[WEEKS_MAX];
};

size_t weekly_encode(const struct weekly *weekly, uint8_t *out, size_t capacity);
int weekly_decode(const uint8_t *bytes, size_t length, struct weekly *weekly);

#endif
