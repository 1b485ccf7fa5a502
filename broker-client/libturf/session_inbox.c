/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Handles what arrives for a phone: receipts, the status with its epoch and date, the catalogue. The bytes are not trusted:
 * what is malformed is ignored. A resend or the next publication makes up for it.
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
	RESEND_SPREAD_MS = 2000,      /* all phones see at the same time that turfd was started again */
};

/* ---- Receipts --------------------------------------------------------------------------------------------------- */

/* What is taken from a receipt: the results that the outbox gets, with the team of each entry. */
struct taken {
	struct turf *turf;
	int64_t now_ms;
	struct outbox_result results[RECEIPT_RESULTS_TAKEN];
	char teams[RECEIPT_RESULTS_TAKEN][SLUG_BYTES];
	size_t n;
};

/* Under the lock. A result is ignored unless its event was sent on this connection. */
static void take_result(void *context, const struct result *result)
{
	struct taken *taken = context;
	struct sender *sender = &taken->turf->sender;
	struct sender_entry *entry;
	struct event_id id;
	enum tap_effect effect;

	if (result->id_length != EVENT_ID_BYTES || taken->n == RECEIPT_RESULTS_TAKEN)
		return;
	memcpy(id.bytes, result->id, sizeof id.bytes);
	entry = sender_sent(sender, &id);
	effect = entry ? tap_effect(entry->act, result->verdict) : TAP_IGNORE;
	if (effect == TAP_IGNORE)
		return;
	sender_note_receipt(sender, entry, taken->now_ms);
	if (effect == TAP_KEEP) {
		sender_retry_later(sender, entry, taken->now_ms);
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

/* Removes from the sender what ended in the outbox. Adds a retraction that was held back and may be sent now; one that has not
 * been read from the queue yet is read later. */
static void update_sender(struct turf *turf, const struct taken *taken)
{
	(void)pthread_mutex_lock(&turf->lock);
	for (size_t i = 0; i < taken->n; i++) {
		const struct outbox_result *result = &taken->results[i];
		struct sender_entry *entry = sender_find(&turf->sender, result->seq);

		if (entry && result->ended)
			sender_done(&turf->sender, entry);
		else if (entry) /* another process ended or requeued it: its next turn shows which */
			sender_retry_later(&turf->sender, entry, taken->now_ms);
		leave_sender(&turf->sender, result->also_ended);
		if (result->freed != 0 && result->freed <= turf->loaded)
			(void)sender_add(&turf->sender, result->freed, &result->id, ACT_RETRACTION, taken->teams[i]);
	}
	(void)pthread_mutex_unlock(&turf->lock);
}

static void call_on_verdict(struct turf *turf, const struct event_id *id, bool retraction, enum verdict verdict)
{
	struct turf_answer answer = {.retraction = retraction, .verdict = (enum turf_verdict)verdict};

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

static void apply_results(struct turf *turf, struct taken *taken)
{
	struct error error;

	set_delivering(turf, true);
	if (outbox_apply_results(turf->outbox, taken->results, taken->n, &error) < 0) {
		session_show_fault(turf, &error); /* nothing is stored: the events are sent and answered again */
		set_delivering(turf, false);
		return;
	}
	update_sender(turf, taken);
	for (size_t i = 0; i < taken->n; i++) {
		const struct outbox_result *result = &taken->results[i];

		if (result->ended)
			call_on_verdict(turf, &result->id, result->act == ACT_RETRACTION, result->verdict);
		if (result->also_ended)
			call_on_verdict(turf, &result->id, true, VERDICT_ALREADY_RETRACTED);
	}
	set_delivering(turf, false);
}

static void receipt_arrived(struct turf *turf, const struct connection_event *message)
{
	struct taken *taken = malloc(sizeof *taken);

	if (!taken)
		return;
	taken->turf = turf;
	taken->now_ms = monotonic_ms();
	taken->n = 0;
	(void)pthread_mutex_lock(&turf->lock);
	(void)receipt_decode(message->bytes, message->length, take_result, taken);
	(void)pthread_mutex_unlock(&turf->lock);
	if (taken->n > 0) {
		turf->connect_attempts = 0;
		apply_results(turf, taken);
	}
	free(taken);
}

/* ---- Status and catalogue --------------------------------------------------------------------------------------- */

/* Taps older than retract_days need not be remembered. Without a catalogue that number of days is not known. */
static void forget_old(struct turf *turf, uint32_t today)
{
	uint32_t days = turf->catalogue.retract_days;
	struct error error;

	if (!turf->has_catalogue)
		return;
	if (outbox_forget_before(turf->outbox, today > days ? today - days : 0, &error) < 0)
		session_show_fault(turf, &error);
}

static void check_epoch(struct turf *turf, const char *text)
{
	uint8_t epoch[EPOCH_BYTES];
	struct error error;

	if (text && hex_decode(text, epoch, sizeof epoch) == 0 && outbox_check_epoch(turf->outbox, epoch, &error) < 0)
		session_show_fault(turf, &error);
}

/* A new instance: turfd was started again, and may not have what was sent to the last instance. */
static void check_instance(struct turf *turf, const char *instance)
{
	size_t length = instance ? strlen(instance) : 0;

	if (length == 0 || length >= sizeof turf->instance || strcmp(instance, turf->instance) == 0)
		return;
	if (*turf->instance) {
		(void)pthread_mutex_lock(&turf->lock);
		sender_resend_soon(&turf->sender, monotonic_ms(), RESEND_SPREAD_MS);
		(void)pthread_mutex_unlock(&turf->lock);
	}
	memcpy(turf->instance, instance, length + 1);
}

static void set_today(struct turf *turf, uint32_t today)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->today = today;
	turf->has_today = true;
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
	session_portion_date(turf, today);
}

/* First forgets taps that are too old, then requeues the others if the epoch changed, then sets the date: when turf_today
 * returns, both are done. */
static void status_arrived(struct turf *turf, const struct connection_event *message)
{
	json_t *status = json_loadb((const char *)message->bytes, message->length, 0, NULL);
	const char *date = json_string_value(json_object_get(status, "today"));
	uint32_t today = 0;
	bool dated = date && date_parse(date, &today) == 0;

	if (dated)
		forget_old(turf, today);
	check_epoch(turf, json_string_value(json_object_get(status, "epoch")));
	if (json_is_true(json_object_get(status, "online")))
		check_instance(turf, json_string_value(json_object_get(status, "instance")));
	if (dated)
		set_today(turf, today);
	turf->portion.has_status = true;
	json_decref(status);
}

static int use_catalogue(struct turf *turf, const uint8_t *bytes, size_t length, bool from_broker)
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
	turf->catalogue_from_broker = from_broker;
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
	catalogue_release(&last);
	return 0;
}

static void catalogue_arrived(struct turf *turf, const struct connection_event *message)
{
	struct error error;

	if (use_catalogue(turf, message->bytes, message->length, true) != 0)
		return;
	if (outbox_put_catalogue(turf->outbox, message->bytes, message->length, &error) < 0)
		session_show_fault(turf, &error);
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

void session_message(struct turf *turf, const struct connection_event *message)
{
	const struct topic *topic = &message->topic;

	if (strcmp(topic->org, turf->org) != 0)
		return;
	if (topic->kind == TOPIC_RECEIPT && strcmp(topic->client_id, turf->connection.client_id) == 0)
		receipt_arrived(turf, message);
	else if (topic->kind == TOPIC_STATUS)
		status_arrived(turf, message);
	else if (topic->kind == TOPIC_CATALOGUE)
		catalogue_arrived(turf, message);
}
