/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Over Paho's MQTTAsync.
 *
 * Paho 1.3.12 walks one list of commands for all clients: MQTTAsync_destroy under its first lock, MQTTAsync_send under
 * its second. And the last destroy stops Paho's threads while a connect may be starting them. So every call into Paho
 * is made under `paho`, one lock for the process. No callback takes it, and the owners' locks are never held here.
 *
 * Paho looks up names while it holds its first lock: offline, that stops every client of the process for as long as the
 * resolver tries. So a name is looked up first, by lookup.h.
 */
#include "broker-client/mqtt/lookup.h"
#include "broker-client/mqtt/mqtt_async.h"
#include "broker-client/mqtt/mqtt_common.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <MQTTAsync.h>

enum {
	KEEPALIVE_S = 30,
	MAX_INFLIGHT = 100, /* never reached, the owner's window is smaller: at the limit Paho stalls for a second */
	REASON_BYTES = 2 * MQTT_HOST_BYTES + 128,
};

static pthread_mutex_t paho = PTHREAD_MUTEX_INITIALIZER; /* taken after the lock of lookup.c */

struct mqtt_async {
	MQTTAsync client;
	struct mqtt_address address;
	struct lookup *lookup; /* a slot, see lookup.h */
	const struct mqtt_options *options;
	void (*on_event)(void *context, const struct mqtt_event *event);
	void *context;
	atomic_bool closing;    /* destroy calls failure callbacks itself: the owner hears none of them */
	atomic_bool distrusted; /* TLS: the certificate was the reason */
};

static void emit(struct mqtt_async *mqtt, const struct mqtt_event *event)
{
	if (!atomic_load(&mqtt->closing))
		mqtt->on_event(mqtt->context, event);
}

static void emit_reason(struct mqtt_async *mqtt, enum mqtt_event_kind kind, const char *reason)
{
	struct mqtt_event event = {.kind = kind, .reason = reason};

	emit(mqtt, &event);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
	(void)data;
	emit_reason(context, MQTT_EVENT_CONNECTED, NULL);
}

static void on_connect_failed(void *context, MQTTAsync_failureData *data)
{
	struct mqtt_async *mqtt = context;
	const struct mqtt_address *at = &mqtt->address;
	const char *ca_file = mqtt->options->ca_file, *refusal = data ? mqtt_connack_reason(data->code) : NULL;
	char reason[REASON_BYTES];
	struct mqtt_event event = {
		.kind = MQTT_EVENT_CONNECT_FAILED, .reason = reason, .token = refusal ? data->code : 0};

	if (refusal)
		(void)snprintf(reason, sizeof reason, "%s", refusal);
	else if (at->tls && ca_file && access(ca_file, R_OK) < 0) /* Paho goes on without */
		(void)snprintf(reason, sizeof reason, "%.256s: %s", ca_file, strerror(errno));
	else if (atomic_load(&mqtt->distrusted))
		(void)snprintf(reason, sizeof reason, "the certificate of %s:%u is not trusted here", at->host,
			       at->port);
	else if (at->tls)
		(void)snprintf(reason, sizeof reason,
			       "no TLS with %s:%u: no broker there, or its certificate does not name %s", at->host,
			       at->port, at->host);
	else
		(void)snprintf(reason, sizeof reason, "no broker answers at %s:%u", at->host, at->port);
	emit(mqtt, &event);
}

static void on_lost(void *context, char *cause)
{
	(void)cause;
	emit_reason(context, MQTT_EVENT_LOST, "the connection to the broker was lost");
}

static void subscribed(struct mqtt_async *mqtt, int token, const char *reason)
{
	struct mqtt_event event = {.kind = MQTT_EVENT_SUBSCRIBED, .reason = reason, .token = token};

	emit(mqtt, &event);
}

static void on_subscribe_failed(void *context, MQTTAsync_failureData *data)
{
	subscribed(context, data ? data->token : 0, "the broker refuses the subscription");
}

/* Paho sees a refusal only in code 128. ejabberd refuses with 135 or 143, as in MQTT 5. */
static void on_subscribed(void *context, MQTTAsync_successData *data)
{
	bool refused = data && data->alt.qos > 2;

	subscribed(context, data ? data->token : 0, refused ? "the broker refuses the subscription" : NULL);
}

/* Always 1: what Paho holds back it offers again only at the next network event. */
static int on_message(void *context, char *topic, int topic_length, MQTTAsync_message *received)
{
	struct mqtt_message message = {
		.topic = topic,
		.topic_length = topic_length > 0 ? (size_t)topic_length : strlen(topic),
		.payload = received->payload,
		.length = (size_t)received->payloadlen,
	};
	struct mqtt_event event = {.kind = MQTT_EVENT_MESSAGE, .message = &message};

	emit(context, &event);
	MQTTAsync_freeMessage(&received);
	MQTTAsync_free(topic);
	return 1;
}

static int on_tls_error(const char *text, size_t length, void *context)
{
	struct mqtt_async *mqtt = context;

	if (memmem(text, length, "certificate", strlen("certificate")))
		atomic_store(&mqtt->distrusted, true);
	return 1;
}

static int create_client(struct mqtt_async *mqtt, struct error *error)
{
	const struct mqtt_options *options = mqtt->options;
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
	int rc;

	(void)pthread_mutex_lock(&paho);
	rc = MQTTAsync_createWithOptions(&mqtt->client, options->broker, options->client_id,
					 MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
	if (rc == MQTTASYNC_SUCCESS)
		rc = MQTTAsync_setCallbacks(mqtt->client, mqtt, on_lost, on_message, NULL);
	(void)pthread_mutex_unlock(&paho);
	if (rc != MQTTASYNC_SUCCESS)
		return error_set(error, FAULT_BROKER, "MQTT client for %s: %s", options->broker,
				 MQTTAsync_strerror(rc));
	return 0;
}

int mqtt_async_open(struct mqtt_async **out, const struct mqtt_options *options,
		    void (*on_event)(void *context, const struct mqtt_event *event), void *context, struct error *error)
{
	struct mqtt_async *mqtt = calloc(1, sizeof *mqtt);
	int rc;

	if (!mqtt)
		return error_set(error, FAULT_MEMORY, "no memory for an MQTT connection");
	mqtt->options = options;
	mqtt->on_event = on_event;
	mqtt->context = context;
	rc = mqtt_address_parse(options->broker, &mqtt->address, error);
	if (rc == 0)
		rc = create_client(mqtt, error);
	if (rc < 0)
		mqtt_async_close(mqtt);
	else
		*out = mqtt;
	return rc;
}

void mqtt_async_close(struct mqtt_async *mqtt)
{
	if (!mqtt)
		return;
	atomic_store(&mqtt->closing, true);
	lookup_abandon(&mqtt->lookup);
	if (mqtt->client) {
		(void)pthread_mutex_lock(&paho);
		MQTTAsync_destroy(&mqtt->client);
		(void)pthread_mutex_unlock(&paho);
	}
	free(mqtt);
}

static int connect_client(struct mqtt_async *mqtt, struct error *error)
{
	MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	int rc;

	connect.MQTTVersion = MQTTVERSION_3_1_1;
	connect.cleansession = 1;
	connect.keepAliveInterval = KEEPALIVE_S;
	connect.connectTimeout = MQTT_CONNECT_TIMEOUT_S;
	connect.maxInflight = MAX_INFLIGHT;
	connect.username = mqtt->options->user;
	connect.password = mqtt->options->password;
	connect.onSuccess = on_connected;
	connect.onFailure = on_connect_failed;
	connect.context = mqtt;
	if (mqtt->address.tls) {
		tls.trustStore = mqtt->options->ca_file;
		tls.enableServerCertAuth = 1;
		tls.verify = 1;
		tls.ssl_error_cb = on_tls_error;
		tls.ssl_error_context = mqtt;
		connect.ssl = &tls;
	}
	(void)pthread_mutex_lock(&paho);
	rc = MQTTAsync_connect(mqtt->client, &connect);
	(void)pthread_mutex_unlock(&paho);
	return rc == MQTTASYNC_SUCCESS ? 0 : error_set(error, FAULT_BROKER, "connect: %s", MQTTAsync_strerror(rc));
}

static void on_looked_up(void *context, const char *address, const char *failure)
{
	struct mqtt_async *mqtt = context;
	char reason[REASON_BYTES];
	struct error error;

	if (!address)
		(void)snprintf(reason, sizeof reason, "%s", failure);
	else if (connect_client(mqtt, &error) < 0)
		(void)snprintf(reason, sizeof reason, "%.*s", (int)sizeof reason - 1, error.text);
	else
		return;
	emit_reason(mqtt, MQTT_EVENT_CONNECT_FAILED, reason);
}

int mqtt_async_connect(struct mqtt_async *mqtt, struct error *error)
{
	if (lookup_is_address(mqtt->address.host))
		return connect_client(mqtt, error);
	return lookup_start(&mqtt->lookup, mqtt->address.host, on_looked_up, mqtt, error);
}

int mqtt_async_subscribe(struct mqtt_async *mqtt, const char *filter, int *token, struct error *error)
{
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	int rc;

	response.onSuccess = on_subscribed;
	response.onFailure = on_subscribe_failed;
	response.context = mqtt;
	(void)pthread_mutex_lock(&paho);
	rc = MQTTAsync_subscribe(mqtt->client, filter, 0, &response);
	(void)pthread_mutex_unlock(&paho);
	*token = response.token;
	return rc == MQTTASYNC_SUCCESS ? 0 : error_set(error, FAULT_BROKER, "subscribe: %s", MQTTAsync_strerror(rc));
}

int mqtt_async_publish(struct mqtt_async *mqtt, const char *topic, const void *payload, size_t length,
		       struct error *error)
{
	int rc;

	(void)pthread_mutex_lock(&paho);
	rc = MQTTAsync_send(mqtt->client, topic, (int)length, payload, 1, 0, NULL);
	(void)pthread_mutex_unlock(&paho);
	return rc == MQTTASYNC_SUCCESS ? 0 : error_set(error, FAULT_BROKER, "publish: %s", MQTTAsync_strerror(rc));
}
