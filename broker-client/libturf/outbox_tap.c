/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/outbox_tap.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

/* Offsets in a tap's record. */
enum {
	AT_ID = 0,
	AT_DAY = 16,
	AT_FLAGS = 20,
	AT_OUTCOME = 21,
	AT_DOMAIN = 22,
	AT_QUESTION_VERDICT = 23,
	AT_RETRACTION_VERDICT = 24,
	AT_LABEL_COUNT = 25,
	AT_LABELS = 26,
	AT_QUESTION_SEQ = AT_LABELS + 2 * EVENT_LABELS_MAX,
	AT_RETRACTION_SEQ = AT_QUESTION_SEQ + 8,
	AT_TEAM_LENGTH = AT_RETRACTION_SEQ + 8,
	AT_TEAM = AT_TEAM_LENGTH + 1,
	/* then the secret, if there is one */
};

enum {
	FLAG_QUESTION = 1,
	FLAG_RETRACTION = 2,
	FLAG_SECRET = 4,
	FLAG_LEFT = 8,
	FLAGS_KNOWN = FLAG_QUESTION | FLAG_RETRACTION | FLAG_SECRET | FLAG_LEFT,
};

_Static_assert(AT_TEAM + SLUG_BYTES + EVENT_SECRET_BYTES <= TAP_BYTES_MAX, "a tap's record has room for every team");

static uint8_t flags_of(const struct tap *tap)
{
	return (uint8_t)((tap_has_question(tap) ? FLAG_QUESTION : 0) | (tap->has_retraction ? FLAG_RETRACTION : 0) |
			 (tap->question.has_proof ? FLAG_SECRET : 0) | (tap->left ? FLAG_LEFT : 0));
}

static size_t secret_bytes(uint8_t flags)
{
	return flags & FLAG_SECRET ? EVENT_SECRET_BYTES : 0;
}

size_t tap_encode(const struct tap *tap, uint8_t out[static TAP_BYTES_MAX])
{
	const struct event *question = &tap->question;
	size_t team = strlen(tap->team);

	memset(out, 0, TAP_BYTES_MAX);
	memcpy(out + AT_ID, question->id.bytes, EVENT_ID_BYTES);
	put_be32(out + AT_DAY, question->day);
	out[AT_FLAGS] = flags_of(tap);
	out[AT_OUTCOME] = (uint8_t)question->outcome;
	out[AT_DOMAIN] = (uint8_t)question->domain;
	out[AT_QUESTION_VERDICT] = (uint8_t)tap->question_verdict;
	out[AT_RETRACTION_VERDICT] = (uint8_t)tap->retraction_verdict;
	out[AT_LABEL_COUNT] = (uint8_t)question->n_labels;
	for (uint32_t i = 0; i < question->n_labels; i++)
		put_be16(out + AT_LABELS + 2 * (size_t)i, (uint16_t)question->labels[i]);
	put_be64(out + AT_QUESTION_SEQ, tap->question_seq);
	put_be64(out + AT_RETRACTION_SEQ, tap->retraction_seq);
	out[AT_TEAM_LENGTH] = (uint8_t)team;
	memcpy(out + AT_TEAM, tap->team, team);
	if (question->has_proof)
		memcpy(out + AT_TEAM + team, question->proof.bytes, EVENT_SECRET_BYTES);
	return AT_TEAM + team + secret_bytes(out[AT_FLAGS]);
}

static bool shape_ok(const uint8_t *bytes, size_t length)
{
	return length >= AT_TEAM && bytes[AT_TEAM_LENGTH] < SLUG_BYTES &&
	       length == AT_TEAM + bytes[AT_TEAM_LENGTH] + secret_bytes(bytes[AT_FLAGS]) &&
	       (bytes[AT_FLAGS] & ~FLAGS_KNOWN) == 0 && bytes[AT_LABEL_COUNT] <= EVENT_LABELS_MAX;
}

int tap_decode(const uint8_t *bytes, size_t length, struct tap *tap)
{
	struct event *question = &tap->question;

	*tap = (struct tap){0};
	if (!shape_ok(bytes, length))
		return FAULT_DAMAGED;
	memcpy(question->id.bytes, bytes + AT_ID, EVENT_ID_BYTES);
	question->day = get_be32(bytes + AT_DAY);
	question->act = bytes[AT_FLAGS] & FLAG_QUESTION ? ACT_QUESTION : ACT_RETRACTION;
	question->outcome = bytes[AT_OUTCOME];
	question->domain = bytes[AT_DOMAIN];
	question->n_labels = bytes[AT_LABEL_COUNT];
	for (uint32_t i = 0; i < question->n_labels; i++)
		question->labels[i] = get_be16(bytes + AT_LABELS + 2 * (size_t)i);
	tap->has_retraction = (bytes[AT_FLAGS] & FLAG_RETRACTION) != 0;
	tap->question_verdict = bytes[AT_QUESTION_VERDICT];
	tap->retraction_verdict = bytes[AT_RETRACTION_VERDICT];
	tap->question_seq = get_be64(bytes + AT_QUESTION_SEQ);
	tap->retraction_seq = get_be64(bytes + AT_RETRACTION_SEQ);
	tap->left = (bytes[AT_FLAGS] & FLAG_LEFT) != 0;
	memcpy(tap->team, bytes + AT_TEAM, bytes[AT_TEAM_LENGTH]);
	question->has_proof = (bytes[AT_FLAGS] & FLAG_SECRET) != 0;
	if (question->has_proof)
		memcpy(question->proof.bytes, bytes + AT_TEAM + bytes[AT_TEAM_LENGTH], EVENT_SECRET_BYTES);
	return topic_slug_valid(tap->team) ? 0 : FAULT_DAMAGED;
}

bool tap_retracted(const struct tap *tap)
{
	return tap->retraction_verdict == VERDICT_RETRACTED || tap->retraction_verdict == VERDICT_ALREADY_RETRACTED ||
	       tap->question_verdict == VERDICT_ALREADY_RETRACTED;
}

bool tap_refused(const struct tap *tap)
{
	return words_verdict_is_refusal(tap->retraction_verdict) ||
	       (words_verdict_is_refusal(tap->question_verdict) && !tap_retracted(tap));
}

enum turf_state tap_state(const struct tap *tap, bool sent)
{
	if (tap_retracted(tap))
		return TURF_IS_RETRACTED;
	if (tap->has_retraction && tap_waits(tap))
		return TURF_RETRACTING;
	if (tap->question_seq != 0)
		return sent ? TURF_SENT : TURF_ON_DEVICE;
	return tap_has_question(tap) && !words_verdict_is_refusal(tap->question_verdict) ? TURF_IS_COUNTED
											 : TURF_IS_REFUSED;
}

struct event tap_event(const struct tap *tap, enum act act)
{
	struct event event = tap->question;

	if (act == ACT_RETRACTION)
		return (struct event){.id = event.id,
				      .day = event.day,
				      .act = ACT_RETRACTION,
				      .has_proof = event.has_proof,
				      .proof = event.proof};
	event.has_proof = false;
	event.proof = (struct event_secret){{0}};
	return event;
}

/* The effect of each verdict. A question that was sent twice can be answered twice, and the second answer may come
 * while its retraction is under way. A retraction can have such a second answer only after a new epoch. Other verdicts
 * are TAP_KEEP. */
static const struct {
	enum tap_effect question, retraction;
} effects[] = {
	[VERDICT_COUNTED] = {TAP_END, TAP_IGNORE},
	[VERDICT_ALREADY_COUNTED] = {TAP_END, TAP_IGNORE},
	[VERDICT_COUNTED_LATE] = {TAP_END, TAP_IGNORE},
	[VERDICT_RETRACTED] = {TAP_IGNORE, TAP_END},
	[VERDICT_ALREADY_RETRACTED] = {TAP_END_BOTH, TAP_END},
	[VERDICT_REFUSED_MALFORMED] = {TAP_END, TAP_END},
	[VERDICT_REFUSED_UNKNOWN_TEAM] = {TAP_END, TAP_IGNORE}, /* only a question is refused so */
	[VERDICT_REFUSED_UNKNOWN_DOMAIN] = {TAP_END, TAP_IGNORE},
	[VERDICT_REFUSED_UNKNOWN_LABEL] = {TAP_END, TAP_IGNORE},
	[VERDICT_REFUSED_DAY_IN_FUTURE] = {TAP_END, TAP_END},
	[VERDICT_REFUSED_DAY_TOO_OLD] = {TAP_END, TAP_IGNORE},
	[VERDICT_REFUSED_RETRACTION_TOO_LATE] = {TAP_IGNORE, TAP_END}, /* only a retraction is refused so */
};

enum tap_effect tap_effect(enum act act, enum verdict verdict)
{
	if (verdict >= sizeof effects / sizeof *effects)
		return TAP_KEEP;
	return act == ACT_QUESTION ? effects[verdict].question : effects[verdict].retraction;
}

enum tap_effect tap_apply_verdict(struct tap *tap, enum act act, enum verdict verdict)
{
	enum tap_effect effect = tap_effect(act, verdict);

	if (effect == TAP_IGNORE || effect == TAP_KEEP)
		return effect;
	if (act == ACT_RETRACTION) {
		tap->retraction_verdict = verdict;
		tap->retraction_seq = 0;
		return effect;
	}
	tap->question_verdict = verdict;
	tap->question_seq = 0;
	if (effect == TAP_END_BOTH && tap->retraction_seq != 0) {
		tap->retraction_verdict = VERDICT_ALREADY_RETRACTED;
		tap->retraction_seq = 0;
	}
	return effect;
}
