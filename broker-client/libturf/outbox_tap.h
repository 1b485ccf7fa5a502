/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A tap's record in the outbox: its bytes, and what a verdict makes of it. Pure.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TAP_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TAP_H

#include "broker-client/libturf/turf.h"
#include "proto/message.h"

enum { TAP_BYTES_MAX = 112 };

/* A tap as remembered. */
struct tap {
	char team[SLUG_BYTES];
	struct event
		question; /* of a tap that is only a retraction: id, day, and act ACT_RETRACTION. `proof` is the secret
				* of the id; a tap of format 1 has none */
	uint64_t question_seq; /* in the queue; 0: not waiting */
	uint64_t retraction_seq;
	enum verdict question_verdict; /* the last; VERDICT_UNSPECIFIED: none yet */
	enum verdict retraction_verdict;
	bool has_retraction; /* the worker took the tap back; that may be answered or not */
	bool left;           /* of a tap without secret: this version has sent its question, or was about to */
};

/* docs/outbox-format.md, "tap". Returns the length. */
size_t tap_encode(const struct tap *tap, uint8_t out[static TAP_BYTES_MAX]);

/* 0 or FAULT_DAMAGED. */
int tap_decode(const uint8_t *bytes, size_t length, struct tap *tap);

static inline bool tap_has_question(const struct tap *tap)
{
	return tap->question.act == ACT_QUESTION;
}

/* Its question or its retraction is in the queue. */
static inline bool tap_waits(const struct tap *tap)
{
	return tap->question_seq != 0 || tap->retraction_seq != 0;
}

/* The question was taken back, as far as the phone knows. */
bool tap_retracted(const struct tap *tap);

/* Without secret, its question can be taken back on the phone only: it has not left, as far as this version knows. */
static inline bool tap_only_here(const struct tap *tap)
{
	return !tap->question.has_proof && tap->question_seq != 0 && !tap->left &&
	       tap->question_verdict == VERDICT_UNSPECIFIED;
}

/* A refusal that the worker has not dismissed. */
bool tap_refused(const struct tap *tap);

/* The state of a tap as turf.h has it. `sent`: this handle has sent its question. */
enum turf_state tap_state(const struct tap *tap, bool sent);

/* The event to send for one act. */
struct event tap_event(const struct tap *tap, enum act act);

/* What a verdict does to the act that was sent. */
enum tap_effect {
	TAP_KEEP,     /* the verdict is not final or not known: send the event again */
	TAP_IGNORE,   /* the verdict is a late answer to the other act: nothing changes */
	TAP_END,      /* the act no longer waits */
	TAP_END_BOTH, /* neither the act nor the retraction that was held back waits */
};

/*
 * A question and its retraction are never under way together. When a question ends, its retraction that was held back may be
 * sent, even if the question was refused: the retraction makes sure that the id never counts. tap_effect only tells the
 * effect; tap_apply_verdict also writes it into `tap`.
 */
enum tap_effect tap_effect(enum act act, enum verdict verdict);
enum tap_effect tap_apply_verdict(struct tap *tap, enum act act, enum verdict verdict);

#endif
