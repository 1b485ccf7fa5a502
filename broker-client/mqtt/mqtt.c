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
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <MQTTClient.h>

#include "broker-client/mqtt/lookup.h"
#include "broker-client/mqtt/mqtt_common.h"

enum {
	DISCONNECT_TIMEOUT_MS = 500,
	LOOKUP_PATIENCE_MS =
		100, /* most names are known by then; the caller has other things to do than to wait longer */
	URI_BYTES = MQTT_HOST_BYTES + 32,
	DESCRIPTORS_MAX = 64, /* more than a daemon ever has open; the newest is among the lowest */
};

/* Where the broker is, found by lookup.h. */
struct whereabouts {
	bool asked;          /* there is an answer, or a lookup is running */
	int answered_fd;     /* readable once there is an answer; until then the lookup's thread uses the rest */
	struct lookup *slot; /* see lookup.h */
	char address[MQTT_HOST_BYTES]; /* a number; empty: none was found */
	struct error failure;          /* why none was found */
};

struct mqtt {
	MQTTClient client;
	struct mqtt_address address;
	struct whereabouts whereabouts;
	struct mqtt_options options;
	bool connected;
	int socket; /* Paho's */
};

/* ---- Looking the broker's name up ---------------------------------------------------------------- */

/* On the lookup's thread. */
static void on_looked_up(void *context, const char *address, const char *failure)
{
	struct whereabouts *whereabouts = context;

	(void)snprintf(whereabouts->address, sizeof whereabouts->address, "%s", address ? address : "");
	if (failure)
		(void)error_set(&whereabouts->failure, FAULT_BROKER, "%s", failure);
	(void)eventfd_write(whereabouts->answered_fd, 1);
}

/* 0: whereabouts.address is a number to connect to. MQTT_NOT_YET, or a fault. */
static int look_up_broker(struct mqtt *mqtt, struct error *error)
{
	struct whereabouts *whereabouts = &mqtt->whereabouts;
	struct pollfd fd = {.fd = whereabouts->answered_fd, .events = POLLIN};
	eventfd_t count;

	if (!whereabouts->asked) {
		int rc = lookup_start(&whereabouts->slot, mqtt->address.host, on_looked_up, whereabouts, error);

		if (rc < 0)
			return rc;
		whereabouts->asked = true;
	}
	(void)poll(&fd, 1, LOOKUP_PATIENCE_MS);
	if (eventfd_read(fd.fd, &count) < 0)
		return MQTT_NOT_YET;
	whereabouts->asked = false;
	if (whereabouts->address[0] != '\0')
		return 0;
	*error = whereabouts->failure;
	return FAULT_BROKER;
}

/* ---- Opening and closing --------------------------------------------------------------------------- */

static int open_client(struct mqtt *mqtt, const struct mqtt_options *options, struct error *error)
{
	int rc = mqtt_address_parse(options->broker, &mqtt->address, error);

	if (rc == 0)
		rc = mqtt_copy_options(&mqtt->options, options, error);
	if (rc < 0)
		return rc;
	mqtt->whereabouts.answered_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mqtt->whereabouts.answered_fd < 0)
		return error_set(error, FAULT_SYSTEM, "MQTT connection: eventfd: %m");
	/* Paho notes every call of its own functions in memory, client ids and topics included: a third of its time. */
	MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_ERROR);
	rc = MQTTClient_create(&mqtt->client, options->broker, options->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
	if (rc != MQTTCLIENT_SUCCESS)
		return error_set(error, FAULT_BROKER, "MQTT client for %s: %s", options->broker,
				 MQTTClient_strerror(rc));
	return 0;
}

int mqtt_open(struct mqtt **out, const struct mqtt_options *options, struct error *error)
{
	struct mqtt *mqtt = calloc(1, sizeof *mqtt);
	int rc;

	if (!mqtt)
		return error_set(error, FAULT_MEMORY, "no memory for an MQTT connection");
	mqtt->whereabouts.answered_fd = -1;
	rc = open_client(mqtt, options, error);
	if (rc < 0)
		mqtt_close(mqtt);
	else
		*out = mqtt;
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
	if (mqtt->whereabouts.answered_fd >= 0)
		(void)close(mqtt->whereabouts.answered_fd);
	mqtt_release_options(&mqtt->options);
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
	int rc = named ? look_up_broker(mqtt, error) : 0;

	if (rc != 0)
		return rc;
	if (named && mqtt->address.tls)
		expect_a_fast_resolver();
	else if (named)
		use_number(mqtt, &connect, uri, uris);
	connect.MQTTVersion = MQTTVERSION_3_1_1;
	connect.keepAliveInterval = mqtt->options.keepalive_s;
	connect.connectTimeout = MQTT_CONNECT_TIMEOUT_S;
	connect.cleansession = mqtt->options.clean_session;
	connect.username = mqtt->options.user;
	connect.password = mqtt->options.password;
	tls.trustStore = mqtt->options.ca_file;
	tls.enableServerCertAuth = 1;
	tls.verify = 1;
	connect.ssl = &tls;
	if (mqtt->options.will.topic) {
		will.topicName = mqtt->options.will.topic;
		will.message = mqtt->options.will.payload;
		will.retained = 1;
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
	struct mqtt_options next = mqtt->options, copied;
	int rc;

	*changed = differ(next.user, user) || differ(next.password, password);
	if (!*changed)
		return 0;
	next.user = user;
	next.password = password;
	rc = mqtt_copy_options(&copied, &next, error);
	mqtt_release_options(rc < 0 ? &copied : &mqtt->options);
	if (rc == 0)
		mqtt->options = copied;
	return rc;
}

/* When a subscription was refused, Paho keeps the connection, also beside the next one. So it is closed here. No
 * DISCONNECT is sent, so that the broker publishes the will. */
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
