/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon's connection. Failure modes: the broker cannot be reached (try again, waiting longer each time); it
 * goes away (the same; its memory of us may be gone, so everything is published again); it hands our client id to
 * somebody else (end: two daemons must not fight over one org).
 *
 * MQTT 3.1.1 does not say why a connection ended. Two signs tell a takeover: a younger daemon's status on the status
 * topic, or a broker that remembers our session and yet ends it at once, again and again.
 *
 * A broker that remembers our session sends what it has kept for us at once. Paho takes all of that into memory while
 * it waits for the answer to a subscription (200,000 messages: 110 MB, and every call slower for it). So then we
 * subscribe when nothing more is waiting, or after a while; the session still has its earlier subscriptions.
 *
 * What has arrived is a batch, and nobody waits for more. But in a flood the socket holds some tens of messages while the
 * broker has thousands, and each batch costs a sync and its pages: there, a moment's wait makes the batch whole.
 *
 * A retained registration that comes while we are connected looks like any other in MQTT 3.1.1. Subscribing again now
 * and then, when it is quiet, brings it once more with its mark, so that it can be cleared.
 */
#include "aggregator/daemon/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/config/clock.h"
#include "base/backoff.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/step.h"

enum {
	BACKOFF_MAX_MS = 30000,
	SHORT_SESSION_MS = 5000,
	QUIET_MS = 20,            /* a broker that has kept something for us sends it right behind its answer */
	SUBSCRIBE_MAX_MS = 10000, /* in a flood it is never quiet */
	SUBSCRIBE_AGAIN_MS = 5000,
	SHORT_SESSIONS_MAX = 5,
	FLOOD = 32,            /* messages in one batch */
	FLOOD_PATIENCE_MS = 2, /* the broker's next packet is under way */
};

int link_open(struct link *link, struct error *error)
{
	struct mqtt_options options = {
		.broker = link->config->broker,
		.ca_file = link->config->ca_file,
		.keepalive_s = (int)link->config->keepalive_s,
	};
	char client_id[SLUG_BYTES + STORE_CLIENT_SECRET_BYTES + 32], topic[TOPIC_BYTES];
	bool changed;
	int rc;

	(void)snprintf(client_id, sizeof client_id, "turf-aggregator-%s_%s", link->status->org, link->client_secret);
	topic_status(topic, link->status->org);
	link->will = status_json(link->status, false);
	if (!link->will)
		return error_set(error, FAULT_MEMORY, "no memory for the last will");
	options.client_id = client_id;
	options.will.topic = topic;
	options.will.payload = link->will;
	rc = mqtt_open(&link->mqtt, &options, error);
	return rc < 0 ? rc : link_use_credentials(link, link->config->credentials_file, &changed, error);
}

int link_use_credentials(struct link *link, const char *path, bool *changed, struct error *error)
{
	char *user = NULL, *password = NULL;
	int rc = path ? mqtt_read_credentials(path, &user, &password, error) : 0;

	if (rc == 0)
		rc = mqtt_use_credentials(link->mqtt, user, password, changed, error);
	free(user);
	free(password);
	return rc;
}

void link_close(struct link *link)
{
	mqtt_close(link->mqtt);
	free(link->will);
	*link = (struct link){0};
}

static void try_later(struct link *link)
{
	int64_t wait_ms = backoff_ms(link->config->retry_ms, BACKOFF_MAX_MS, ++link->attempts);
	uint32_t random = 0;

	(void)random_bytes(&random, sizeof random);
	link->connect_at_ms = clock_monotonic_ms() + (uint64_t)backoff_spread_ms(wait_ms, random);
}

void link_lost(struct link *link, const char *reason)
{
	uint64_t lasted = clock_monotonic_ms() - link->up_since_ms;

	if (!link->up)
		return; /* one loss may show twice in a turn */
	link->up = false;
	link->catalogue_published = false;
	link->short_sessions = link->session_present && lasted < SHORT_SESSION_MS ? link->short_sessions + 1 : 0;
	if (lasted >= SHORT_SESSION_MS)
		link->attempts = 0;
	log_warning("broker-lost reason=\"%s\"", reason);
	try_later(link);
}

void link_reconnect(struct link *link)
{
	mqtt_disconnect(link->mqtt);
	link->up = link->catalogue_published = false;
	link->attempts = 0;
	link->connect_at_ms = 0;
	link->connect_error.text[0] = '\0'; /* the next refusal is of other credentials */
}

/* The status first: its retained message is here before the answer to the second subscription is. */
static int subscribe(struct link *link, struct error *error)
{
	char filter[TOPIC_BYTES];
	int rc = 0;

	topic_status(filter, link->status->org);
	if (!link->subscribed)
		rc = mqtt_subscribe(link->mqtt, filter, 0, error);
	topic_all_registrations(filter, link->status->org);
	if (rc == 0)
		rc = mqtt_subscribe(link->mqtt, filter, 1, error);
	if (rc == FAULT_INPUT)
		link->session_present = false; /* we end this session ourselves: no sign of a takeover */
	link->subscribed = rc == 0;
	link->subscribe_again_at_ms = clock_monotonic_ms() + SUBSCRIBE_AGAIN_MS;
	return rc;
}

/* Logs a reason once, however often turfd tries, and again when it changes: a refused password must not be hidden by the
 * line about a broker that was away. */
static void log_unreachable(struct link *link, const struct error *why)
{
	if (strcmp(link->connect_error.text, why->text) == 0)
		return;
	log_warning("broker-unreachable address=%s reason=\"%s\"", link->config->broker, why->text);
	link->connect_error = *why;
}

/* Reads the file before each attempt, so that nobody has to restart turfd after correcting it. If it cannot be read, turfd
 * uses the credentials that it read last: they may be right. */
static void read_credentials(struct link *link)
{
	struct error why = {{0}};
	bool changed;

	if (link_use_credentials(link, link->config->credentials_file, &changed, &why) < 0 &&
	    strcmp(link->credentials_error.text, why.text) != 0)
		log_warning("credentials-unreadable reason=\"%s\" turfd uses the ones that it read last", why.text);
	link->credentials_error = why;
}

static void connect_now(struct link *link)
{
	struct error why = {{0}};
	int rc;

	read_credentials(link);
	rc = mqtt_connect(link->mqtt, &link->session_present, &why);
	if (rc == MQTT_NOT_YET)
		return;
	step_reached("connected");
	link->subscribed = false;
	if (rc == 0 && !link->session_present)
		rc = subscribe(link, &why);
	if (rc < 0) {
		log_unreachable(link, &why);
		try_later(link);
		return;
	}
	link->up = true;
	link->connect_error.text[0] = '\0';
	link->up_since_ms = clock_monotonic_ms();
	link->counters->connects++;
	log_info("connected broker=%s session=%s", link->config->broker, link->session_present ? "kept" : "new");
}

/* turfd cannot tell two causes apart: another client took its id, or the broker refuses the catalogue, the first thing that
 * is published. */
static int kept_out(const struct link *link, struct error *error)
{
	return error_set(
		error, FAULT_BUSY,
		"the broker ended the session right after it began, %d times in a row: taken over by another client with "
		"our id, turf-aggregator-%s_... (run only one turfd for an org), or the catalogue is over the broker's max_packet_size "
		"(the catalogue has up to %d bytes)",
		SHORT_SESSIONS_MAX, link->status->org, CATALOGUE_BYTES_MAX);
}

uint64_t link_due_ms(const struct link *link)
{
	if (link->short_sessions >= SHORT_SESSIONS_MAX)
		return 0;
	if (!link->up)
		return link->connect_at_ms;
	return link->subscribed ? UINT64_MAX : link->up_since_ms + SUBSCRIBE_MAX_MS;
}

int link_keep(struct link *link, struct error *error)
{
	struct error why = {{0}};

	if (link->short_sessions >= SHORT_SESSIONS_MAX)
		return kept_out(link, error);
	if (!link->up)
		connect_now(link);
	else if (subscribe(link, &why) < 0)
		link_lost(link, why.text);
	return 0;
}

static int hear_status(struct link *link, const struct mqtt_message *message, struct error *error)
{
	enum status_heard heard = status_hear(link->status, message->payload, message->length);

	link->called_offline |= heard == HEARD_OFFLINE;
	/* A retained status from before we connected is about an earlier turfd, whatever its clock said. */
	if (heard != HEARD_OTHER || (link->counters->connects <= 1 && !link->catalogue_published))
		return 0;
	return error_set(
		error, FAULT_BUSY,
		"taken over at the broker: a turfd that started later publishes the status of this org; run only "
		"one turfd for the org %s, then start this one again",
		link->status->org);
}

static void take_registration(struct link *link, struct mqtt_message *message, const char *team)
{
	struct counters *counters = link->counters;

	if (message->length == 0)
		counters->messages_empty++;
	else if (inbox_full(link->inbox))
		counters->messages_shed++; /* only while the store cannot commit; phones send again */
	else
		inbox_put(link->inbox, message, team);
	step_reached("taken");
}

static int dispatch(struct link *link, struct mqtt_message *message, struct error *error)
{
	struct topic topic;
	int rc = 0;

	switch (topic_parse(message->topic, message->topic_length, &topic)) {
	case TOPIC_REGISTRATION:
		take_registration(link, message, topic.team);
		break;
	case TOPIC_STATUS:
		rc = hear_status(link, message, error);
		break;
	default:
		break;
	}
	mqtt_message_release(message);
	return rc;
}

int link_take(struct link *link, int wait_ms, struct error *error)
{
	bool stuck = inbox_full(link->inbox); /* the store does not commit: read on for the keepalive's sake */
	struct error why = {{0}};
	size_t taken = 0; /* messages that are shed or empty do not fill the inbox, and must not keep us here either */
	int rc = 0;

	while (link->up && taken < link->inbox->capacity) {
		struct mqtt_message message = {0};
		bool listen = link->inbox->n == 0 &&
			      (!link->subscribed || clock_monotonic_ms() >= link->subscribe_again_at_ms);
		int received =
			mqtt_receive(link->mqtt, listen && wait_ms < QUIET_MS ? QUIET_MS : wait_ms, &message, &why);

		if (received == MQTT_NOTHING && listen)
			received = subscribe(link, &why); /* brings what is retained: look again */
		if (received == MQTT_NOTHING && wait_ms == 0 && link->inbox->n >= FLOOD) {
			wait_ms = FLOOD_PATIENCE_MS;
			continue;
		}
		if (received == MQTT_NOTHING)
			break;
		if (received < 0) {
			link_lost(link, why.text);
			break;
		}
		wait_ms = 0;
		if (!message.topic)
			continue;
		taken++;
		rc = dispatch(link, &message, error);
		if (rc < 0 || (!stuck && inbox_full(link->inbox)))
			break;
	}
	mqtt_push(link->mqtt); /* so that the broker sends on while we count */
	return rc;
}

/* A topic that a phone made up need not be UTF-8, and not every broker looks: then it cannot be cleared. */
void link_publish(struct link *link, const char *topic, const void *payload, size_t length, bool retained)
{
	struct error why = {{0}};

	if (link->up && mqtt_publish(link->mqtt, topic, payload, length, retained, &why) == FAULT_BROKER)
		link_lost(link, why.text);
}

void link_publish_offline(struct link *link)
{
	char topic[TOPIC_BYTES];

	topic_status(topic, link->status->org);
	step_reached("before-status");
	link_publish(link, topic, link->will, strlen(link->will), true);
	step_reached("after-status");
}
