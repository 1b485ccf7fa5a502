/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one-thread flavour, over Paho's MQTTClient without callbacks: everything happens inside the calls.
 * QoS 1 messages are acknowledged as they are read from the socket; that promises nothing (see docs/wire-format.md).
 */
#include "broker-client/mqtt/mqtt.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <MQTTClient.h>

#include "broker-client/mqtt/lookup.h"
#include "broker-client/mqtt/mqtt_common.h"

enum {
	KEEPALIVE_DEFAULT_S = 30,
	CONNECT_TIMEOUT_DEFAULT_S = 5,
	DISCONNECT_TIMEOUT_MS = 500,
	LOOKUP_PATIENCE_MS =
		100, /* most names are known by then; the caller has other things to do than to wait longer */
	URI_BYTES = MQTT_HOST_BYTES + 32,
	DESCRIPTORS_MAX = 64, /* more than a daemon ever has open; the newest is among the lowest */
};

/* Where the broker is, found by lookup.h. */
struct whereabouts {
	bool asked; /* the other members wait for an answer, or have one; of the owner's thread alone */
	struct lookup *slot;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool answered;
	char address[MQTT_HOST_BYTES]; /* a number; empty: none was found */
	struct error failure;          /* why */
};

struct mqtt {
	MQTTClient client;
	struct mqtt_address address;
	struct whereabouts whereabouts;
	char *user, *password, *ca_file;
	char *will_topic, *will_payload;
	bool will_retained, clean_session, connected;
	int keepalive_s, connect_timeout_s;
	int socket; /* Paho's */
};

/* NULL stays NULL; `*failed` is set when memory runs out, so that a row of copies needs one check. */
static char *copy(const char *text, bool *failed)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		*failed = true;
	return copied;
}

static int copy_options(struct mqtt *mqtt, const struct mqtt_options *options)
{
	bool failed = false;

	mqtt->user = copy(options->user, &failed);
	mqtt->password = copy(options->password, &failed);
	mqtt->ca_file = copy(options->ca_file, &failed);
	mqtt->will_topic = copy(options->will.topic, &failed);
	mqtt->will_payload = copy(options->will.payload, &failed);
	mqtt->will_retained = options->will.retained;
	mqtt->clean_session = options->clean_session;
	mqtt->keepalive_s = options->keepalive_s ? options->keepalive_s : KEEPALIVE_DEFAULT_S;
	mqtt->connect_timeout_s = options->connect_timeout_s ? options->connect_timeout_s : CONNECT_TIMEOUT_DEFAULT_S;
	return failed ? -1 : 0;
}

/* ---- Looking the broker's name up ---------------------------------------------------------------- */

static int init_whereabouts(struct whereabouts *whereabouts, struct error *error)
{
	pthread_condattr_t monotonic;
	int rc = pthread_condattr_init(&monotonic);

	if (rc == 0)
		rc = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(&whereabouts->changed, &monotonic);
	if (rc == 0)
		rc = pthread_mutex_init(&whereabouts->lock, NULL);
	(void)pthread_condattr_destroy(&monotonic);
	return rc == 0 ? 0 : error_set(error, FAULT_SYSTEM, "MQTT connection: %s", strerror(rc));
}

/* On the lookup's thread. */
static void on_looked_up(void *context, const char *address, const char *failure)
{
	struct whereabouts *whereabouts = context;

	(void)pthread_mutex_lock(&whereabouts->lock);
	whereabouts->answered = true;
	(void)snprintf(whereabouts->address, sizeof whereabouts->address, "%s", address ? address : "");
	if (failure)
		(void)error_set(&whereabouts->failure, FAULT_BROKER, "%s", failure);
	(void)pthread_cond_signal(&whereabouts->changed);
	(void)pthread_mutex_unlock(&whereabouts->lock);
}

/* False: there is no answer yet. */
static bool wait_for_answer(struct whereabouts *whereabouts)
{
	struct timespec until;
	int rc = clock_gettime(CLOCK_MONOTONIC, &until);
	bool answered;

	until.tv_nsec += LOOKUP_PATIENCE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_mutex_lock(&whereabouts->lock);
	while (rc == 0 && !whereabouts->answered)
		rc = pthread_cond_timedwait(&whereabouts->changed, &whereabouts->lock, &until);
	answered = whereabouts->answered;
	(void)pthread_mutex_unlock(&whereabouts->lock);
	return answered;
}

/* 0: whereabouts.address is a number to connect to. MQTT_NOT_YET, or a fault. */
static int look_up(struct mqtt *mqtt, struct error *error)
{
	struct whereabouts *whereabouts = &mqtt->whereabouts;

	if (!whereabouts->asked) {
		int rc;

		whereabouts->answered = false; /* no thread knows of it yet */
		rc = lookup_start(&whereabouts->slot, mqtt->address.host, on_looked_up, whereabouts, error);
		if (rc < 0)
			return rc;
		whereabouts->asked = true;
	}
	if (!wait_for_answer(whereabouts))
		return MQTT_NOT_YET;
	whereabouts->asked = false;
	if (whereabouts->address[0] != '\0')
		return 0;
	*error = whereabouts->failure;
	return FAULT_BROKER;
}

/* ---- Opening and closing --------------------------------------------------------------------------- */

int mqtt_open(struct mqtt **out, const struct mqtt_options *options, struct error *error)
{
	struct mqtt_address address;
	struct mqtt *mqtt;
	int rc = mqtt_address_parse(options->broker, &address, error);

	if (rc < 0)
		return rc;
	mqtt = calloc(1, sizeof *mqtt);
	if (!mqtt || copy_options(mqtt, options) != 0) {
		rc = error_set(error, FAULT_MEMORY, "no memory for an MQTT connection");
		goto fail;
	}
	mqtt->address = address;
	rc = init_whereabouts(&mqtt->whereabouts, error);
	if (rc < 0)
		goto fail;
	/* Paho notes every call of its own functions in memory, client ids and topics included: a third of its time. */
	MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_ERROR);
	rc = MQTTClient_create(&mqtt->client, options->broker, options->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
	if (rc != MQTTCLIENT_SUCCESS) {
		rc = error_set(error, FAULT_BROKER, "MQTT client for %s: %s", options->broker, MQTTClient_strerror(rc));
		goto fail;
	}
	*out = mqtt;
	return 0;
fail:
	mqtt_close(mqtt);
	return rc;
}

void mqtt_close(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	mqtt_disconnect(mqtt);
	if (mqtt->client)
		MQTTClient_destroy(&mqtt->client);
	lookup_abandon(&mqtt->whereabouts.slot);
	free(mqtt->user);
	free(mqtt->password);
	free(mqtt->ca_file);
	free(mqtt->will_topic);
	free(mqtt->will_payload);
	free(mqtt);
}

/* ---- Connecting ---------------------------------------------------------------------------------------- */

/* The library does not say why it could not make a socket. */
static bool out_of_descriptors(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && (errno == EMFILE || errno == ENFILE);
}

/* The library gives CONNACK codes as 1..5 and everything else as negative numbers. */
static const char *connect_failure(int rc)
{
	if (rc > 0 && mqtt_connack_reason(rc))
		return mqtt_connack_reason(rc);
	if (rc != MQTTCLIENT_FAILURE)
		return MQTTClient_strerror(rc);
	return out_of_descriptors() ? "this process has no file descriptor left" : "no connection";
}

/* Paho keeps its socket to itself: of this process's descriptors it is the one that is connected to another host. */
static int find_socket(void)
{
	for (int fd = DESCRIPTORS_MAX - 1; fd >= 0; fd--) {
		struct sockaddr_storage peer;
		socklen_t length = sizeof peer;

		if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0 &&
		    (peer.ss_family == AF_INET || peer.ss_family == AF_INET6))
			return fd;
	}
	return -1;
}

/*
 * A receipt follows the acknowledgement of its submission: Nagle's algorithm holds it back for 40 ms, until the broker's
 * kernel has acknowledged that. Without the algorithm each receipt of a flood is a packet of its own, which costs a
 * third of the processor time. So the algorithm stays, and what it holds goes before we wait or work.
 */
void mqtt_push(const struct mqtt *mqtt)
{
	static const int yes = 1, no = 0;

	(void)setsockopt(mqtt->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	(void)setsockopt(mqtt->socket, IPPROTO_TCP, TCP_NODELAY, &no, sizeof no);
}

/* With TLS, Paho must have the name, as the certificate is checked by it. So it looks it up again, on this thread. It was
 * found a moment ago; if no name server answers now all the same, this thread gives up soon. */
static void expect_a_fast_resolver(void)
{
	if (res_init() == 0) {
		_res.retrans = 1; /* seconds */
		_res.retry = 1;
	}
}

/* What Paho is to connect to instead of the address that it was opened with: a number, so that it looks up nothing. */
static void use_number(struct mqtt *mqtt, MQTTClient_connectOptions *connect, char uri[static URI_BYTES], char **uris)
{
	(void)snprintf(uri, URI_BYTES, "tcp://%s:%u", mqtt->whereabouts.address, mqtt->address.port);
	uris[0] = uri;
	connect->serverURIs = uris;
	connect->serverURIcount = 1;
}

int mqtt_connect(struct mqtt *mqtt, bool *session_present, struct error *error)
{
	bool named = !lookup_is_address(mqtt->address.host);
	char uri[URI_BYTES], *uris[1];
	MQTTClient_connectOptions connect = MQTTClient_connectOptions_initializer;
	MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	int rc = named ? look_up(mqtt, error) : 0;

	if (rc != 0)
		return rc;
	if (named && mqtt->address.tls)
		expect_a_fast_resolver();
	else if (named)
		use_number(mqtt, &connect, uri, uris);
	connect.MQTTVersion = MQTTVERSION_3_1_1;
	connect.keepAliveInterval = mqtt->keepalive_s;
	connect.connectTimeout = mqtt->connect_timeout_s;
	connect.cleansession = mqtt->clean_session;
	connect.username = mqtt->user;
	connect.password = mqtt->password;
	tls.trustStore = mqtt->ca_file;
	tls.enableServerCertAuth = 1;
	tls.verify = 1;
	connect.ssl = &tls;
	if (mqtt->will_topic) {
		will.topicName = mqtt->will_topic;
		will.message = mqtt->will_payload;
		will.retained = mqtt->will_retained;
		will.qos = 1;
		connect.will = &will;
	}
	rc = MQTTClient_connect(mqtt->client, &connect);
	mqtt->connected = rc == MQTTCLIENT_SUCCESS;
	if (!mqtt->connected)
		return error_set(error, FAULT_BROKER, "%s", connect_failure(rc));
	mqtt->socket = find_socket();
	*session_present = connect.returned.sessionPresent != 0;
	return 0;
}

void mqtt_disconnect(struct mqtt *mqtt)
{
	if (mqtt->connected)
		(void)MQTTClient_disconnect(mqtt->client, DISCONNECT_TIMEOUT_MS);
	mqtt->connected = false;
}

static bool differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

int mqtt_use_credentials(struct mqtt *mqtt, const char *user, const char *password, bool *changed, struct error *error)
{
	bool failed = false;
	char *new_user, *new_password;

	*changed = differ(mqtt->user, user) || differ(mqtt->password, password);
	if (!*changed)
		return 0;
	new_user = copy(user, &failed);
	new_password = copy(password, &failed);
	if (failed) {
		free(new_user);
		free(new_password);
		return error_set(error, FAULT_MEMORY, "no memory for the broker's credentials");
	}
	free(mqtt->user);
	free(mqtt->password);
	mqtt->user = new_user;
	mqtt->password = new_password;
	return 0;
}

/* Paho goes on with a connection on which a subscription was refused, and would keep it beside the next one: so it is
 * closed here, without a goodbye, for then the broker publishes the will. */
static void drop(struct mqtt *mqtt)
{
	if (MQTTClient_isConnected(mqtt->client)) {
		(void)shutdown(mqtt->socket, SHUT_RDWR);
		(void)MQTTClient_disconnect(mqtt->client, 0);
	}
	mqtt->connected = false;
}

static int lost(struct mqtt *mqtt, struct error *error, const char *doing, int rc)
{
	drop(mqtt);
	return error_set(error, FAULT_BROKER, "%s: %s", doing,
			 rc == MQTTCLIENT_FAILURE ? "connection lost" : MQTTClient_strerror(rc));
}

int mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos, struct error *error)
{
	char *topics[] = {(char *)(uintptr_t)filter}; /* Paho copies it */
	int granted = qos;
	int rc = MQTTClient_subscribeMany(mqtt->client, 1, topics, &granted);

	if (rc != MQTTCLIENT_SUCCESS)
		return error_prefix(error, lost(mqtt, error, "subscribe", rc), "%s", filter);
	if (granted <= 2)
		return 0;
	/* 128 by MQTT 3.1.1; ejabberd says here what MQTT 5 has, 135 or 143. */
	drop(mqtt);
	return error_set(error, FAULT_INPUT, "%s: the broker refuses the subscription", filter);
}

int mqtt_receive(struct mqtt *mqtt, int timeout_ms, struct mqtt_message *message, struct error *error)
{
	MQTTClient_message *received = NULL;
	char *topic = NULL;
	int topic_length = 0, rc;

	if (timeout_ms > 0)
		mqtt_push(mqtt);
	rc = MQTTClient_receive(mqtt->client, &topic, &topic_length, &received, (unsigned long)timeout_ms);

	if (!received) {
		if (rc == MQTTCLIENT_SUCCESS || rc == MQTTCLIENT_TOPICNAME_TRUNCATED)
			return MQTT_NOTHING;
		return lost(mqtt, error, "receive", rc);
	}
	*message = (struct mqtt_message){
		.topic = topic,
		.topic_length = rc == MQTTCLIENT_TOPICNAME_TRUNCATED ? (size_t)topic_length : strlen(topic),
		.payload = received->payload,
		.length = (size_t)received->payloadlen,
		.qos = received->qos,
		.retained = received->retained != 0,
		.impl = received,
	};
	return 0;
}

void mqtt_message_release(struct mqtt_message *message)
{
	MQTTClient_message *received = message->impl;

	if (received)
		MQTTClient_freeMessage(&received);
	if (message->topic)
		MQTTClient_free((void *)(uintptr_t)message->topic);
	*message = (struct mqtt_message){0};
}

int mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t length, bool retained,
		 struct error *error)
{
	int rc = MQTTClient_publish(mqtt->client, topic, (int)length, payload, 0, retained, NULL);

	if (rc == MQTTCLIENT_BAD_UTF8_STRING)
		return error_set(error, FAULT_INPUT, "publish: the topic is not UTF-8");
	return rc == MQTTCLIENT_SUCCESS ? 0 : lost(mqtt, error, "publish", rc);
}
