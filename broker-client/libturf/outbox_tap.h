/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A tap's record in the outbox: its bytes, and what a verdict makes of it. Pure.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TAP_H
#define TURF_BROKER_CLIENT_LIBTURF_OUTBOX_TAP_H

#include "proto/message.h"

enum { TAP_BYTES_MAX = 96 };

/* A tap as remembered. */
struct tap {
	char team[SLUG_BYTES];
	struct event question;         /* of a tap that is only a retraction: id, day, and act ACT_RETRACTION */
	uint64_t question_seq;         /* in the queue; 0: not waiting */
	uint64_t retraction_seq;
	enum verdict question_verdict; /* the last; VERDICT_UNSPECIFIED: none yet */
	enum verdict retraction_verdict;
	bool retracting;               /* a retraction was asked for, answered or not */
};

/* docs/outbox-format.md, "tap". Returns the length. */
size_t tap_encode(const struct tap *tap, uint8_t out[static TAP_BYTES_MAX]);

/* 0 or FAULT_DAMAGED. */
int tap_decode(const uint8_t *bytes, size_t length, struct tap *tap);

static inline bool tap_has_question(const struct tap *tap)
{
	return tap->question.act == ACT_QUESTION;
}

/* Something of it is in the queue. */
static inline bool tap_waits(const struct tap *tap)
{
	return tap->question_seq != 0 || tap->retraction_seq != 0;
}

/* As far as the phone knows the question does not count: it was taken back. */
bool tap_retracted(const struct tap *tap);

/* A refusal that the worker has not dismissed. */
bool tap_refused(const struct tap *tap);

/* The event to send for one act. */
struct event tap_event(const struct tap *tap, enum act act);

enum tap_outcome {
	TAP_IGNORE,  /* not a verdict for this act: a late echo of the other one. As if no receipt had come */
	TAP_KEEP,    /* says nothing final: go on sending */
	TAP_END,     /* the act waits no more */
	TAP_END_BOTH /* nor does the retraction that was held back */
};

/*
 * What a verdict does to the act that was sent. The question and its retraction are never under way together, but a
 * question that was sent twice can be answered twice, the second time when its retraction is under way.
 *
 *   verdict                        question under way            retraction under way
 *   UNSPECIFIED, unknown number    keep                          keep
 *   COUNTED                        end: counted                  ignore: the question's echo
 *   ALREADY_COUNTED                end: counted                  ignore: the question's echo
 *   COUNTED_LATE                   end: counted late             ignore: the question's echo
 *   RETRACTED                      ignore: an older retraction's end: taken back
 *                                  echo, after a new epoch
 *   ALREADY_RETRACTED              end both: taken back          end: taken back
 *   REFUSED_MALFORMED              end: refused                  end: refused
 *   REFUSED_UNKNOWN_TEAM, _DOMAIN, end: refused                  ignore: only a question is refused so
 *     _LABEL, REFUSED_DAY_TOO_OLD
 *   REFUSED_DAY_IN_FUTURE          end: refused                  end: refused
 *   REFUSED_RETRACTION_TOO_LATE    ignore: only a retraction is  end: refused, the question counts on
 *                                  refused so
 *
 * A question that ends while its retraction is held back sets that free, a refused one too: the retraction makes sure
 * that the id can never count. What ends is written into `tap`.
 */
enum tap_outcome tap_outcome(enum act act, enum verdict verdict);
enum tap_outcome tap_settle(struct tap *tap, enum act act, enum verdict verdict);

#endif
