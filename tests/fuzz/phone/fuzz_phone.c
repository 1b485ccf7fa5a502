/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What arrives on a phone, against its outbox: the bytes are a scenario of taps, submissions that go out, and messages
 * that come in, some put together from what the phone has sent and some of any bytes. No tap may stop waiting
 * before a receipt has named it, and each verdict that is told must have stood in a receipt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/monotonic.h"
#include "broker-client/libturf/turf_impl.h"
#include "tests/fuzz/lib/fuzz.h"

enum { TAPS = 12, ACTS_MAX = 48, RESULTS = 8, TODAY = 18261 };

static const char org[] = "de-kop", client_id[] = "abcdefghijklmnopqrstuv";

/* A tap as this test remembers it. */
struct tapped {
	struct turf_id id;
	bool named; /* a receipt held a verdict for it that ends something */
};

struct phone {
	struct turf *turf;
	int64_t skipped_ms; /* how far its clock is ahead of the machine's */
	struct tapped taps[TAPS];
	size_t n;
};

static bool ends_something(enum verdict verdict)
{
	return strcmp(words_verdict(verdict), "unknown-verdict") != 0 && verdict != VERDICT_UNSPECIFIED;
}

static void on_verdict(void *context, const struct turf_answer *answer)
{
	const struct phone *phone = context;
	bool known = false;

	for (size_t i = 0; i < phone->n; i++)
		known |= phone->taps[i].named && memcmp(&phone->taps[i].id, &answer->id, sizeof answer->id) == 0;
	hold(known);
}

static void open_phone(struct phone *phone)
{
	char path[512];
	struct turf_error error;
	struct turf_options options = {
		.size = sizeof options, .org = org, .outbox = path, .on_verdict = on_verdict, .context = phone};

	(void)snprintf(path, sizeof path, "%s/outbox", fuzz_folder());
	if (turf_open(&phone->turf, &options, &error) != 0)
		fuzz_fail(__FILE__, __LINE__, error.text);
	memcpy(phone->turf->connection.client_id, client_id, sizeof client_id);
	phone->turf->sender.random = 1; /* the same jitter every time, so that what was found is found again */
}

/* Every tap that nobody has answered is there, and waits. */
static void check_taps(const struct phone *phone)
{
	for (size_t i = 0; i < phone->n; i++) {
		struct event_id id;
		struct tap tap;

		memcpy(id.bytes, phone->taps[i].id.bytes, sizeof id.bytes);
		if (phone->taps[i].named)
			continue;
		hold(outbox_tap(phone->turf->outbox, &id, &tap, NULL) == 0);
		hold(tap.question_seq != 0 && tap.question_verdict == VERDICT_UNSPECIFIED);
	}
}

/* ---- What the worker of a libturf handle does when it sends -------------------------------------------------- */

static void load_queue(struct turf *turf)
{
	struct outbox_entry entries[2 * TAPS];
	size_t n;

	hold(outbox_load(turf->outbox, turf->loaded, entries, 2 * TAPS, &n, &turf->loaded, NULL) == 0);
	for (size_t i = 0; i < n; i++)
		hold(sender_add(&turf->sender, entries[i].seq, &entries[i].event.id, entries[i].event.act,
				entries[i].team) == 0);
}

static void send_due(struct phone *phone)
{
	struct outbox_entry entries[SUBMISSION_EVENTS_MAX];
	struct turf *turf = phone->turf;
	int64_t now_ms = monotonic_ms() + phone->skipped_ms;
	struct sender_batch batch;

	load_queue(turf);
	sender_expire(&turf->sender, now_ms);
	while (sender_next(&turf->sender, now_ms, &batch)) {
		hold(batch.n >= 1 && topic_slug_valid(batch.team));
		hold(outbox_get(turf->outbox, batch.seqs, batch.n, entries, NULL) == 0);
		for (uint32_t i = 0; i < batch.n; i++) {
			struct sender_entry *gone = entries[i].seq ? NULL : sender_find(&turf->sender, batch.seqs[i]);

			if (gone)
				sender_done(&turf->sender, gone);
		}
	}
}

/* ---- What arrives --------------------------------------------------------------------------------------------- */

static void name(void *context, const struct result *result)
{
	struct phone *phone = context;

	for (size_t i = 0; i < phone->n; i++) {
		if (result->id_length == EVENT_ID_BYTES && ends_something(result->verdict) &&
		    memcmp(result->id, phone->taps[i].id.bytes, EVENT_ID_BYTES) == 0)
			phone->taps[i].named = true;
	}
}

static void arrive(struct phone *phone, const char *topic, size_t topic_length, const uint8_t *bytes, size_t length)
{
	struct mqtt_message message = {
		.topic = topic, .topic_length = topic_length, .payload = bytes, .length = length};
	struct mqtt_event event = {.kind = MQTT_EVENT_MESSAGE, .message = &message};
	struct connection_event *copy = connection_copy_event(&event);

	if (!copy)
		return;
	(void)receipt_decode(bytes, length, name, phone);
	session_message(phone->turf, copy);
	connection_free_events(copy);
}

static void receipt_arrives(struct phone *phone, struct feed *feed)
{
	static const uint8_t verdicts[] = {1, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21, 22, 0, 6, 255};
	struct result results[RESULTS] = {{0}};
	uint8_t bytes[RECEIPT_BYTES_MAX];
	char topic[TOPIC_BYTES];
	size_t n = 1 + feed_below(feed, RESULTS);

	for (size_t i = 0; i < n; i++) {
		const struct tapped *tap = &phone->taps[feed_below(feed, TAPS)];

		results[i].id_length = EVENT_ID_BYTES;
		memcpy(results[i].id, tap->id.bytes, EVENT_ID_BYTES);
		results[i].verdict = (enum verdict)verdicts[feed_below(feed, sizeof verdicts)];
	}
	topic_receipt(topic, org, client_id);
	arrive(phone, topic, strlen(topic), bytes, receipt_encode(results, n, bytes, sizeof bytes));
}

static void status_arrives(struct phone *phone, struct feed *feed)
{
	char json[512], topic[TOPIC_BYTES], today[DATE_TEXT_BYTES];
	int length;

	date_format(TODAY - 200 + feed_below(feed, 256), today);
	length = snprintf(json, sizeof json, "{\"online\":%s,\"epoch\":\"%032x\",\"instance\":\"%u\",\"today\":\"%s\"}",
			  feed_below(feed, 4) ? "true" : "false", feed_below(feed, 3), feed_below(feed, 3), today);
	topic_status(topic, org);
	arrive(phone, topic, strlen(topic), (const uint8_t *)json, (size_t)length);
}

static void anything_arrives(struct phone *phone, struct feed *feed)
{
	char topic[TOPIC_BYTES];
	const uint8_t *bytes, *other;
	uint32_t kind = feed_below(feed, 4);
	size_t other_length = kind == 3 ? feed_bytes(feed, TOPIC_BYTES, &other) : 0;
	size_t length = feed_bytes(feed, SIZE_MAX, &bytes);
	uint8_t *copy = fuzz_copy(bytes, length);

	if (kind == 0)
		topic_receipt(topic, org, client_id);
	else if (kind == 1)
		topic_status(topic, org);
	else
		topic_catalogue(topic, org);
	arrive(phone, kind == 3 ? (const char *)other : topic, kind == 3 ? other_length : strlen(topic), copy, length);
	free(copy);
}

/* ---- What the worker does --------------------------------------------------------------------------------------- */

static void tap(struct phone *phone, struct feed *feed)
{
	static const char *const teams[] = {"oost", "west", "zuid"};
	struct turf_question question = {
		.size = sizeof question,
		.team = teams[feed_below(feed, 3)],
		.day = TODAY - feed_below(feed, 40),
		.domain = 1 + feed_below(feed, 12),
		.outcome = feed_below(feed, 2) ? TURF_ANSWERED : TURF_REFERRED,
		.n_labels = feed_below(feed, 3),
		.labels = {3, 9},
	};

	if (phone->n < TAPS)
		hold(turf_question(phone->turf, &question, &phone->taps[phone->n++].id, NULL) == 0);
}

static void take_back_or_dismiss(struct phone *phone, struct feed *feed)
{
	const struct turf_id *id = &phone->taps[feed_below(feed, TAPS)].id;

	if (feed_below(feed, 2))
		hold(turf_retract(phone->turf, id, NULL) >= 0);
	else
		hold(turf_dismiss(phone->turf, id, NULL) >= 0);
}

static void begin_again(struct phone *phone, bool process)
{
	if (process) {
		turf_close(phone->turf);
		open_phone(phone);
	} else {
		sender_lost(&phone->turf->sender, monotonic_ms() + phone->skipped_ms);
	}
}

static void act(struct phone *phone, struct feed *feed)
{
	switch (feed_below(feed, 9)) {
	case 0:
	case 1:
		tap(phone, feed);
		break;
	case 2:
		take_back_or_dismiss(phone, feed);
		break;
	case 3:
		phone->skipped_ms += 1000 * (int64_t)feed_below(feed, 256);
		send_due(phone);
		break;
	case 4:
	case 5:
		receipt_arrives(phone, feed);
		break;
	case 6:
		status_arrives(phone, feed);
		break;
	case 7:
		anything_arrives(phone, feed);
		break;
	default:
		begin_again(phone, feed_below(feed, 2));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {data, size};
	struct phone phone = {0};
	struct turf_taps *list;
	char path[512];

	open_phone(&phone);
	for (int i = 0; i < ACTS_MAX && feed.left > 0; i++) {
		act(&phone, &feed);
		check_taps(&phone);
	}
	hold(turf_list(phone.turf, &list, NULL) == 0 && list->n <= phone.n);
	turf_free(list);
	turf_close(phone.turf);
	(void)snprintf(path, sizeof path, "%s/outbox/data.mdb", fuzz_folder());
	hold(remove(path) == 0);
	return 0;
}
