/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/phone_broker.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "broker-client/mqtt/mqtt_async.h"
#include "proto/catalogue.h"
#include "proto/message.h"
#include "proto/topic.h"
#include "tests/fault/lib/seam_impl.h"

enum { KNOWN_MAX = 64, STATUS_BYTES = 256 };

struct known {
	struct event event;
	enum known_state state;
};

/* One phone, and so one connection at a time that is not closed. */
struct mqtt_async {
	void (*on_event)(void *context, const struct mqtt_event *event);
	void *context;
	char client_id[CLIENT_ID_BYTES];
	bool up;
	int token; /* of the newest subscription */
};

static struct {
	pthread_mutex_t lock;
	struct mqtt_async *client; /* the newest */
	struct known known[KNOWN_MAX];
	size_t n;
	unsigned epoch;
	unsigned submissions;
	char last_id[CLIENT_ID_BYTES]; /* of the connection before: none knows the next one by it */
	bool lied_to, dumb;
} broker = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void enter(void)
{
	(void)pthread_mutex_lock(&broker.lock);
}

static void leave(void)
{
	(void)pthread_mutex_unlock(&broker.lock);
}

/* ---- What goes to the phone: under the lock ---------------------------------------------------------------------- */

static void emit(struct mqtt_async *mqtt, enum mqtt_event_kind kind, const char *reason,
		 const struct mqtt_message *message)
{
	struct mqtt_event event = {.kind = kind, .reason = reason, .token = mqtt->token, .message = message};

	mqtt->on_event(mqtt->context, &event);
}

static void send(struct mqtt_async *mqtt, const char *topic, const void *bytes, size_t length)
{
	struct mqtt_message message = {
		.topic = topic, .topic_length = strlen(topic), .payload = bytes, .length = length};

	emit(mqtt, MQTT_EVENT_MESSAGE, NULL, &message);
}

static void lose(struct mqtt_async *mqtt)
{
	mqtt->up = false;
	emit(mqtt, MQTT_EVENT_LOST, "the connection to the broker was lost", NULL);
}

static void send_status(struct mqtt_async *mqtt)
{
	char topic[TOPIC_BYTES], text[STATUS_BYTES];
	int length = snprintf(text, sizeof text,
			      "{\"online\":true,\"today\":\"2019-12-05\",\"epoch\":\"%032x\",\"instance\":\"%08x\"}",
			      broker.epoch, broker.epoch);

	topic_status(topic, "dekop");
	send(mqtt, topic, text, (size_t)length);
}

static void send_catalogue(struct mqtt_async *mqtt)
{
	static struct team teams[] = {{.id = "oost", .name = "Oost"}, {.id = "west", .name = "West"}};
	static struct domain domains[] = {{.code = 1, .name = "Financiën", .position = 1}};
	struct catalogue catalogue = {.version = 1,
				      .org = "dekop",
				      .name = "De Kop",
				      .timezone = "Europe/Amsterdam",
				      .accept_days = 400,
				      .retract_days = 20,
				      .grace_days = 28,
				      .counting_since = 18000,
				      .teams = teams,
				      .n_teams = 2,
				      .domains = domains,
				      .n_domains = 1};
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	char topic[TOPIC_BYTES];
	size_t length;

	seam_pause();
	length = catalogue_encode(&catalogue, bytes, sizeof bytes);
	seam_resume();
	topic_catalogue(topic, "dekop");
	send(mqtt, topic, bytes, length);
}

static void send_summary(struct mqtt_async *mqtt)
{
	static const char json[] =
		"{\"team\":\"all\",\"period\":\"2019-Q4\",\"answered\":5,"
		"\"domains\":[{\"domain\":1,\"name\":\"Financi\u00ebn\",\"answered\":5}],\"labels\":[]}";

	send(mqtt, "turf/v1/dekop/summary-json/all/2019-Q4", json, sizeof json - 1);
}

/* What the broker keeps for a filter. */
static void send_kept(struct mqtt_async *mqtt, const char *filter)
{
	if (strstr(filter, "/catalogue"))
		send_catalogue(mqtt);
	else if (strstr(filter, "/status/"))
		send_status(mqtt);
	else if (strstr(filter, "/summary-json/"))
		send_summary(mqtt);
}

/* ---- The aggregator ------------------------------------------------------------------------------------------------ */

static struct known *find(const uint8_t *id)
{
	for (size_t i = 0; i < broker.n; i++)
		if (memcmp(broker.known[i].event.id.bytes, id, EVENT_ID_BYTES) == 0)
			return &broker.known[i];
	return NULL;
}

static struct known *find_or_add(const struct event *event)
{
	struct known *known = find(event->id.bytes);

	if (!known) {
		assert(broker.n < KNOWN_MAX);
		known = &broker.known[broker.n++];
		*known = (struct known){.event = *event};
	}
	return known;
}

static enum verdict count_question(struct known *known, const struct event *event, bool team_known)
{
	if (known->event.act == ACT_QUESTION)
		broker.lied_to |= known->event.day != event->day || known->event.domain != event->domain ||
				  known->event.n_labels != event->n_labels ||
				  known->event.labels[0] != event->labels[0];
	if (known->state == KNOWN_RETRACTED)
		return VERDICT_ALREADY_RETRACTED;
	if (known->state == KNOWN_COUNTED)
		return VERDICT_ALREADY_COUNTED;
	known->event = *event;
	known->state = team_known ? KNOWN_COUNTED : KNOWN_REFUSED;
	return team_known ? VERDICT_COUNTED : VERDICT_REFUSED_UNKNOWN_TEAM;
}

static enum verdict count(const struct event *event, const char *team)
{
	struct known *known = find_or_add(event);

	if (event->act == ACT_QUESTION)
		return count_question(known, event, strcmp(team, "oost") == 0 || strcmp(team, "west") == 0);
	if (known->state == KNOWN_RETRACTED)
		return VERDICT_ALREADY_RETRACTED;
	known->state = KNOWN_RETRACTED;
	return VERDICT_RETRACTED;
}

static void answer(struct mqtt_async *mqtt, const char *client_id, const struct result *results, size_t n)
{
	static uint8_t receipt[RECEIPT_BYTES_MAX];
	char topic[TOPIC_BYTES];
	size_t length;

	seam_pause();
	length = receipt_encode(results, n, receipt, sizeof receipt);
	topic_receipt(topic, "dekop", client_id);
	seam_resume();
	send(mqtt, topic, receipt, length);
}

/* Of a broker that keeps nobody's receipts apart, with another phone that had these refused. */
static void answer_stranger(struct mqtt_async *mqtt, const struct result *results, size_t n)
{
	static struct result theirs[SUBMISSION_EVENTS_MAX];

	memcpy(theirs, results, n * sizeof *results);
	for (size_t i = 0; i < n; i++)
		theirs[i].verdict = VERDICT_REFUSED_UNKNOWN_TEAM;
	answer(mqtt, "another-phone-012345-6", theirs, n);
}

/* What a submission says is counted, whether or not its sender will hear the receipt. */
static void take_submission(struct mqtt_async *mqtt, const char *topic, const void *bytes, size_t length, bool heard)
{
	static struct result results[SUBMISSION_EVENTS_MAX];
	static struct submission submission;
	struct topic parsed;
	size_t n;

	seam_pause();
	broker.submissions++;
	broker.lied_to |= topic_parse(topic, strlen(topic), &parsed) != TOPIC_REGISTRATION ||
			  submission_decode(bytes, length, &submission) != 0 ||
			  strcmp(submission.receipt_to, mqtt->client_id) != 0;
	if (strcmp(parsed.team, "noord") == 0) {
		seam_resume();
		return;
	}
	for (n = 0; n < submission.n_events; n++) {
		const struct event *event = &submission.events[n].event;

		results[n] = (struct result){.id_length = EVENT_ID_BYTES, .verdict = count(event, parsed.team)};
		memcpy(results[n].id, event->id.bytes, EVENT_ID_BYTES);
	}
	seam_resume();
	if (!heard || broker.dumb)
		return;
	answer_stranger(mqtt, results, n);
	answer(mqtt, submission.receipt_to, results, n);
}

/* ---- What takes the place of mqtt_async.h ---------------------------------------------------------------------------- */

static int refused(const char *what, struct error *error)
{
	return error_set(error, FAULT_BROKER, "%s: refused", what);
}

WRAP(int, mqtt_async_open, struct mqtt_async **out, const struct mqtt_options *options,
     void (*on_event)(void *context, const struct mqtt_event *event), void *context, struct error *error)
{
	if (seam_fails(SEAM_BROKER, "mqtt_async_open"))
		return refused("open", error);
	assert(strlen(options->client_id) == CLIENT_ID_CHARS);
	assert(strcmp(options->client_id, broker.last_id) != 0);
	*out = seam_take_memory(NULL, sizeof **out);
	**out = (struct mqtt_async){.on_event = on_event, .context = context};
	memcpy((*out)->client_id, options->client_id, sizeof(*out)->client_id);
	memcpy(broker.last_id, options->client_id, sizeof broker.last_id);
	return 0;
}

WRAP(void, mqtt_async_close, struct mqtt_async *mqtt)
{
	enter();
	if (broker.client == mqtt)
		broker.client = NULL;
	leave();
	seam_give_memory(mqtt);
}

WRAP(int, mqtt_async_connect, struct mqtt_async *mqtt, struct error *error)
{
	bool fails = seam_fails(SEAM_BROKER, "mqtt_async_connect");

	if (fails && seam_kind() == 0)
		return refused("connect", error);
	enter();
	broker.client = mqtt;
	mqtt->up = !fails;
	emit(mqtt, fails ? MQTT_EVENT_CONNECT_FAILED : MQTT_EVENT_CONNECTED, fails ? "no broker answers" : NULL, NULL);
	leave();
	return 0;
}

WRAP(int, mqtt_async_subscribe, struct mqtt_async *mqtt, const char *filter, int *token, struct error *error)
{
	bool fails = seam_fails(SEAM_BROKER, "mqtt_async_subscribe");

	if (!mqtt->up || (fails && seam_kind() == 0))
		return refused("subscribe", error);
	enter();
	*token = ++mqtt->token;
	emit(mqtt, MQTT_EVENT_SUBSCRIBED, NULL, NULL);
	send_kept(mqtt, filter);
	if (fails)
		lose(mqtt);
	leave();
	return 0;
}

WRAP(int, mqtt_async_publish, struct mqtt_async *mqtt, const char *topic, const void *payload, size_t length,
     struct error *error)
{
	bool fails = seam_fails(SEAM_BROKER, "mqtt_async_publish");

	if (!mqtt->up || (fails && seam_kind() == 0))
		return refused("publish", error);
	enter();
	take_submission(mqtt, topic, payload, length, !fails);
	if (fails)
		lose(mqtt);
	leave();
	return 0;
}

/* ---- For the test ------------------------------------------------------------------------------------------------------ */

void phone_broker_reset(void)
{
	enter();
	broker.n = 0;
	broker.epoch = 1;
	broker.lied_to = broker.dumb = false;
	leave();
}

void phone_broker_be_dumb(bool dumb)
{
	enter();
	broker.dumb = dumb;
	leave();
}

unsigned phone_broker_submissions(void)
{
	unsigned submissions;

	enter();
	submissions = broker.submissions;
	leave();
	return submissions;
}

void phone_broker_restore_backup(void)
{
	enter();
	broker.n = 0;
	broker.epoch++;
	leave();
	phone_broker_tell_status();
}

void phone_broker_restore_newest(void)
{
	enter();
	broker.epoch++;
	leave();
	phone_broker_tell_status();
}

void phone_broker_tell_status(void)
{
	enter();
	if (broker.client && broker.client->up)
		send_status(broker.client);
	leave();
}

void phone_broker_publish(void)
{
	enter();
	if (broker.client && broker.client->up) {
		send_catalogue(broker.client);
		send_status(broker.client);
		send_summary(broker.client);
	}
	leave();
}

enum known_state phone_broker_known(const struct turf_id *id)
{
	const struct known *known;
	enum known_state state;

	enter();
	known = find(id->bytes);
	state = known ? known->state : KNOWN_NOT;
	leave();
	return state;
}

bool phone_broker_was_lied_to(void)
{
	bool lied_to;

	enter();
	lied_to = broker.lied_to;
	leave();
	return lied_to;
}
