/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What arrives for a phone: receipts, the status with its epoch and date, the catalogue. Bytes of others: whatever does
 * not fit is left aside, and healed by a resend or by the next publication.
 */
#include "broker-client/libturf/turf_impl.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/monotonic.h"
#include "broker-client/libturf/outbox_tap.h"

enum {
	RECEIPT_RESULTS_TAKEN = 1024, /* more than a receipt of the contract's size can hold */
	HURRY_SPREAD_MS = 2000,       /* all phones hear of the aggregator's return at once */
};

/* ---- Receipts --------------------------------------------------------------------------------------------------- */

/* An ended entry with what the sender knew of it. */
struct taken {
	struct outbox_result results[RECEIPT_RESULTS_TAKEN];
	char teams[RECEIPT_RESULTS_TAKEN][SLUG_BYTES];
	size_t n;
};

struct reading {
	struct turf *turf;
	struct taken *taken;
	int64_t now_ms;
};

/* Under the lock. Only what was sent on this connection can have a receipt. */
static void take_result(void *context, const struct result *result)
{
	struct reading *reading = context;
	struct sender *sender = &reading->turf->sender;
	struct taken *taken = reading->taken;
	struct sender_entry *entry;
	struct event_id id;
	enum tap_outcome outcome;

	if (result->id_length != EVENT_ID_BYTES || taken->n == RECEIPT_RESULTS_TAKEN)
		return;
	memcpy(id.bytes, result->id, sizeof id.bytes);
	entry = sender_sent(sender, &id);
	outcome = entry ? tap_outcome(entry->act, result->verdict) : TAP_IGNORE;
	if (outcome == TAP_IGNORE)
		return;
	sender_heard(sender, entry, reading->now_ms);
	if (outcome == TAP_KEEP) {
		sender_keep(sender, entry, reading->now_ms);
		return;
	}
	memcpy(taken->teams[taken->n], sender->teams[entry->team].team, SLUG_BYTES);
	taken->results[taken->n++] = (struct outbox_result){
		.seq = entry->seq,
		.id = id,
		.act = entry->act,
		.verdict = result->verdict,
	};
}

static void leave_sender(struct sender *sender, uint64_t seq)
{
	struct sender_entry *entry = seq ? sender_find(sender, seq) : NULL;

	if (entry)
		sender_done(sender, entry);
}

/* What the outbox has settled leaves the sender; a retraction that was held back enters it, or is found at the next look
 * at the whole queue. */
static void update_sender(struct turf *turf, const struct taken *taken, int64_t now_ms)
{
	(void)pthread_mutex_lock(&turf->lock);
	for (size_t i = 0; i < taken->n; i++) {
		const struct outbox_result *result = &taken->results[i];
		struct sender_entry *entry = sender_find(&turf->sender, result->seq);

		if (entry && result->ended)
			sender_done(&turf->sender, entry);
		else if (entry) /* settled elsewhere, or put back: its next turn shows */
			sender_keep(&turf->sender, entry, now_ms);
		leave_sender(&turf->sender, result->also_ended);
		if (result->freed != 0 && result->freed <= turf->loaded)
			(void)sender_add(&turf->sender, result->freed, &result->id, ACT_RETRACTION, taken->teams[i]);
	}
	(void)pthread_mutex_unlock(&turf->lock);
}

static void tell(struct turf *turf, const struct event_id *id, bool retraction, enum verdict verdict)
{
	struct turf_answer answer = { .retraction = retraction, .verdict = (enum turf_verdict)verdict };

	memcpy(answer.id.bytes, id->bytes, sizeof answer.id.bytes);
	if (turf->on_verdict)
		turf->on_verdict(turf->context, &answer);
}

static void set_delivering(struct turf *turf, bool delivering)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->delivering = delivering;
	if (!delivering) {
		turf->changes++;
		(void)pthread_cond_broadcast(&turf->changed);
	}
	(void)pthread_mutex_unlock(&turf->lock);
}

static void settle(struct turf *turf, struct taken *taken, int64_t now_ms)
{
	struct error error;

	set_delivering(turf, true);
	if (outbox_settle(turf->outbox, taken->results, taken->n, &error) < 0) {
		session_fault(turf, &error); /* nothing is stored: the events go again, and are answered again */
		set_delivering(turf, false);
		return;
	}
	update_sender(turf, taken, now_ms);
	for (size_t i = 0; i < taken->n; i++) {
		const struct outbox_result *result = &taken->results[i];

		if (result->ended)
			tell(turf, &result->id, result->act == ACT_RETRACTION, result->verdict);
		if (result->also_ended)
			tell(turf, &result->id, true, VERDICT_ALREADY_RETRACTED);
	}
	set_delivering(turf, false);
}

static void receipt_arrived(struct turf *turf, const struct inbound *message)
{
	struct taken *taken = malloc(sizeof *taken);
	struct reading reading = {.turf = turf, .taken = taken, .now_ms = monotonic_ms()};

	if (!taken)
		return;
	taken->n = 0;
	(void)pthread_mutex_lock(&turf->lock);
	(void)receipt_decode(message->bytes, message->length, take_result, &reading);
	(void)pthread_mutex_unlock(&turf->lock);
	if (taken->n > 0) {
		turf->connect_attempts = 0;
		settle(turf, taken, reading.now_ms);
	}
	free(taken);
}

/* ---- Status and catalogue --------------------------------------------------------------------------------------- */

/* Taps older than the org's retract_days need not be remembered. Without a catalogue nobody knows how many days that are. */
static void forget_old(struct turf *turf, uint32_t today)
{
	uint32_t days = turf->catalogue.retract_days;
	struct error error;

	if (!turf->has_catalogue)
		return;
	if (outbox_forget_before(turf->outbox, today > days ? today - days : 0, &error) < 0)
		session_fault(turf, &error);
}

static void meet_epoch(struct turf *turf, const char *text)
{
	uint8_t epoch[EPOCH_BYTES];
	struct error error;
	size_t requeued;

	if (text && hex_decode(text, epoch, sizeof epoch) == 0 &&
	    outbox_meet_epoch(turf->outbox, epoch, &requeued, &error) < 0)
		session_fault(turf, &error);
}

/* Another run of the daemon than the last one met: it may have what was sent to that one, or not. */
static void meet_instance(struct turf *turf, const char *instance)
{
	size_t length = instance ? strlen(instance) : 0;

	if (length == 0 || length >= sizeof turf->instance || strcmp(instance, turf->instance) == 0)
		return;
	memcpy(turf->instance, instance, length + 1);
	if (turf->met_instance) {
		(void)pthread_mutex_lock(&turf->lock);
		sender_hurry(&turf->sender, monotonic_ms(), HURRY_SPREAD_MS);
		(void)pthread_mutex_unlock(&turf->lock);
	}
	turf->met_instance = true;
}

static void tell_today(struct turf *turf, uint32_t today)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->today = today;
	turf->has_today = true;
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
}

/* First what is too old is forgotten, then what is left is offered to a new store; whoever waits for the date finds
 * both done. */
static void status_arrived(struct turf *turf, const struct inbound *message)
{
	json_t *status = json_loadb((const char *)message->bytes, message->length, 0, NULL);
	const char *date = json_string_value(json_object_get(status, "today"));
	uint32_t today = 0;
	bool dated = date && date_parse(date, &today) == 0;

	if (dated)
		forget_old(turf, today);
	meet_epoch(turf, json_string_value(json_object_get(status, "epoch")));
	if (json_is_true(json_object_get(status, "online")))
		meet_instance(turf, json_string_value(json_object_get(status, "instance")));
	if (dated)
		tell_today(turf, today);
	json_decref(status);
}

static int use_catalogue(struct turf *turf, const uint8_t *bytes, size_t length, bool fresh)
{
	struct catalogue next, last;

	if (catalogue_decode(bytes, length, &next) != 0)
		return -1;
	if (strcmp(next.org, turf->org) != 0) {
		catalogue_release(&next);
		return -1;
	}
	(void)pthread_mutex_lock(&turf->lock);
	last = turf->catalogue;
	turf->catalogue = next;
	turf->has_catalogue = true;
	turf->catalogue_fresh = fresh;
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
	catalogue_release(&last);
	return 0;
}

static void catalogue_arrived(struct turf *turf, const struct inbound *message)
{
	struct error error;

	if (use_catalogue(turf, message->bytes, message->length, true) != 0)
		return;
	if (outbox_put_catalogue(turf->outbox, message->bytes, message->length, &error) < 0)
		session_fault(turf, &error);
	if (turf->has_today)
		forget_old(turf, turf->today);
}

int session_load_catalogue(struct turf *turf, struct error *error)
{
	uint8_t *bytes = NULL;
	size_t length;
	int rc = outbox_catalogue(turf->outbox, &bytes, &length, error);

	if (rc == 0)
		(void)use_catalogue(turf, bytes, length, false);
	free(bytes);
	return rc < 0 ? rc : 0;
}

void session_message(struct turf *turf, const struct inbound *message)
{
	const struct topic *topic = &message->topic;

	if (strcmp(topic->org, turf->org) != 0)
		return;
	if (topic->kind == TOPIC_RECEIPT && strcmp(topic->client_id, turf->client_id) == 0)
		receipt_arrived(turf, message);
	else if (topic->kind == TOPIC_STATUS)
		status_arrived(turf, message);
	else if (topic->kind == TOPIC_CATALOGUE)
		catalogue_arrived(turf, message);
}
