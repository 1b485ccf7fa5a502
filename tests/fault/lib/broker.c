/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/broker.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#include "aggregator/config/clock.h"
#include "broker-client/mqtt/mqtt.h"
#include "tests/fault/lib/seam_impl.h"

enum { CONNECTION_BYTES = 1, WILL_BYTES = 512 };

struct delivery {
	struct delivery *next;
	size_t topic_length, length;
	char bytes[]; /* the topic with its zero, and the payload */
};

static struct {
	struct broker_watch watch;
	struct delivery *first, **end;
	struct retained retained[BROKER_TOPICS_MAX];
	size_t n_retained;
	uint64_t now_ms;
	bool up;
	char will_topic[RETAINED_TOPIC_BYTES], will[WILL_BYTES];
	char connection[CONNECTION_BYTES]; /* what struct mqtt points to */
} broker;

static void drop_all(void)
{
	while (broker.first) {
		struct delivery *next = broker.first->next;

		seam_give_memory(broker.first);
		broker.first = next;
	}
	broker.end = &broker.first;
	for (size_t i = 0; i < broker.n_retained; i++)
		seam_give_memory(broker.retained[i].bytes);
	broker.n_retained = 0;
}

void broker_reset(const struct broker_watch *watch)
{
	if (!broker.end)
		broker.end = &broker.first;
	drop_all();
	broker.watch = *watch;
	broker.up = false;
	broker.now_ms = 1000000;
}

void broker_put(const char *topic, const uint8_t *bytes, size_t length)
{
	size_t topic_length = strlen(topic);
	struct delivery *delivery = seam_take_memory(NULL, sizeof *delivery + topic_length + 1 + length);

	*delivery = (struct delivery){.topic_length = topic_length, .length = length};
	memcpy(delivery->bytes, topic, topic_length + 1);
	memcpy(delivery->bytes + topic_length + 1, bytes, length);
	*broker.end = delivery;
	broker.end = &delivery->next;
}

static struct retained *find(const char *topic)
{
	for (size_t i = 0; i < broker.n_retained; i++)
		if (strcmp(broker.retained[i].topic, topic) == 0)
			return &broker.retained[i];
	return NULL;
}

const struct retained *broker_find(const char *topic)
{
	return find(topic);
}

uint64_t broker_now_ms(void)
{
	return broker.now_ms;
}

static void forget(struct retained *kept)
{
	seam_give_memory(kept->bytes);
	*kept = broker.retained[--broker.n_retained];
}

static void keep(const char *topic, const uint8_t *bytes, size_t length)
{
	struct retained *kept = find(topic);

	if (length == 0) {
		if (kept)
			forget(kept);
		return;
	}
	if (!kept) {
		assert(broker.n_retained < BROKER_TOPICS_MAX && strlen(topic) < sizeof kept->topic);
		kept = &broker.retained[broker.n_retained++];
		*kept = (struct retained){.length = 0};
		memcpy(kept->topic, topic, strlen(topic) + 1);
	}
	kept->bytes = seam_take_memory(kept->bytes, length);
	kept->length = length;
	memcpy(kept->bytes, bytes, length);
}

/* ---- What takes the place of mqtt.h and of the monotonic clock ---------------------------------------------- */

static int gone(struct error *error)
{
	if (broker.up)
		keep(broker.will_topic, (const uint8_t *)broker.will, strlen(broker.will));
	broker.up = false;
	return error_set(error, FAULT_BROKER, "the connection is gone");
}

WRAP(int, mqtt_open, struct mqtt **out, const struct mqtt_options *options, struct error *error)
{
	assert(options->client_id && options->will.topic);
	if (seam_fails(SEAM_BROKER, "mqtt_open"))
		return error_set(error, FAULT_MEMORY, "no memory for a connection");
	assert(strlen(options->will.topic) < RETAINED_TOPIC_BYTES && strlen(options->will.payload) < WILL_BYTES);
	memcpy(broker.will_topic, options->will.topic, strlen(options->will.topic) + 1);
	memcpy(broker.will, options->will.payload, strlen(options->will.payload) + 1);
	*out = (struct mqtt *)(void *)broker.connection;
	return 0;
}

WRAP(void, mqtt_close, struct mqtt *mqtt)
{
	broker.up = broker.up && !mqtt;
}

WRAP(int, mqtt_connect, struct mqtt *mqtt, bool *session_present, struct error *error)
{
	assert((void *)mqtt == broker.connection);
	*session_present = false;
	if (seam_fails(SEAM_BROKER, "mqtt_connect"))
		return error_set(error, FAULT_BROKER, "refused");
	broker.up = true;
	return 0;
}

WRAP(void, mqtt_disconnect, struct mqtt *mqtt)
{
	broker.up = broker.up && !mqtt;
}

WRAP(int, mqtt_use_credentials, struct mqtt *mqtt, const char *user, const char *password, bool *changed,
     struct error *error)
{
	assert(mqtt && !user && !password);
	*changed = false;
	return seam_fails(SEAM_BROKER, "mqtt_use_credentials")
		       ? error_set(error, FAULT_MEMORY, "no memory for credentials")
		       : 0;
}

WRAP(int, mqtt_subscribe, struct mqtt *mqtt, const char *filter, int qos, struct error *error)
{
	assert(mqtt && *filter && qos <= 1);
	return !broker.up || seam_fails(SEAM_BROKER, "mqtt_subscribe") ? gone(error) : 0;
}

static void wait_ms(int ms)
{
	broker.now_ms += ms > 0 ? (uint64_t)ms : 1;
	seam_pause();
	broker.watch.idle(broker.watch.context);
	seam_resume();
}

WRAP(int, mqtt_receive, struct mqtt *mqtt, int timeout_ms, struct mqtt_message *message, struct error *error)
{
	struct delivery *delivery;

	assert(mqtt);
	*message = (struct mqtt_message){0};
	if (!broker.up || seam_fails(SEAM_BROKER, "mqtt_receive"))
		return gone(error);
	if (!broker.first)
		wait_ms(timeout_ms);
	delivery = broker.first;
	if (!delivery)
		return MQTT_NOTHING;
	broker.first = delivery->next;
	if (!broker.first)
		broker.end = &broker.first;
	*message = (struct mqtt_message){
		.topic = delivery->bytes,
		.topic_length = delivery->topic_length,
		.payload = (const uint8_t *)delivery->bytes + delivery->topic_length + 1,
		.length = delivery->length,
		.qos = 1,
		.impl = delivery,
	};
	return 0;
}

WRAP(void, mqtt_message_release, struct mqtt_message *message)
{
	seam_give_memory(message->impl);
	*message = (struct mqtt_message){0};
}

WRAP(int, mqtt_publish, struct mqtt *mqtt, const char *topic, const void *payload, size_t length, bool retained,
     struct error *error)
{
	bool fails = seam_fails(SEAM_BROKER, "mqtt_publish");

	assert(mqtt && strncmp(topic, "turf/v1/", 8) == 0);
	if (!broker.up || (fails && seam_kind() == 0))
		return gone(error);
	seam_pause();
	broker.watch.published(broker.watch.context, topic, payload, length);
	seam_resume();
	if (retained)
		keep(topic, payload, length);
	return fails ? gone(error) : 0;
}

WRAP(void, mqtt_push, const struct mqtt *mqtt)
{
	assert(mqtt);
}

WRAP(uint64_t, clock_monotonic_ms, void)
{
	return broker.now_ms;
}

/* turfd waits so for its signals, when it has no connection. In other programs there is no time but the system's. */
WRAP(int, poll, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (!broker.watch.idle)
		return __real_poll(fds, n, timeout_ms);
	wait_ms(timeout_ms);
	return 0;
}
