/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The MQTT connection of phones and screens: events come on the library's thread, calls go from any other.
 *
 * `on_event` runs on Paho's thread, which holds Paho's lock: it must be short, must not call anything here,
 * and may take a lock of the owner's only if the owner never holds that lock while calling in here.
 */
#ifndef TURF_BROKER_CLIENT_MQTT_MQTT_ASYNC_H
#define TURF_BROKER_CLIENT_MQTT_MQTT_ASYNC_H

#include "broker-client/mqtt/mqtt_common.h"

enum mqtt_event_kind {
	MQTT_EVENT_CONNECTED,      /* subscribe now */
	MQTT_EVENT_CONNECT_FAILED, /* `reason` says why; mqtt_async_connect again when it suits */
	MQTT_EVENT_LOST,
	MQTT_EVENT_SUBSCRIBED, /* the broker answered mqtt_async_subscribe; `reason` is not NULL if it refused */
	MQTT_EVENT_MESSAGE,    /* `message` is valid during the callback only */
};

/* Return codes of CONNACK (MQTT 3.1.1). */
enum { MQTT_CODE_BAD_PASSWORD = 4, MQTT_CODE_NOT_AUTHORIZED = 5 };

struct mqtt_event {
	enum mqtt_event_kind kind;
	const char *reason;
	int token; /* of MQTT_EVENT_SUBSCRIBED: the one that mqtt_async_subscribe gave. Of MQTT_EVENT_CONNECT_FAILED: the
		      return code of CONNACK; 0: there was no CONNACK */
	const struct mqtt_message *message;
};

struct mqtt_async;

/* `options` must stay until mqtt_async_close. */
int mqtt_async_open(struct mqtt_async **out, const struct mqtt_options *options,
		    void (*on_event)(void *context, const struct mqtt_event *event), void *context,
		    struct error *error);

/* Ends the connection and waits until no callback can come any more. NULL is fine. */
void mqtt_async_close(struct mqtt_async *mqtt);

/* Starts to connect; the outcome is an event. There is no automatic reconnect: the owner decides when. */
int mqtt_async_connect(struct mqtt_async *mqtt, struct error *error);

/* Subscribes at QoS 0. `*token` tells which answer belongs to this call. Each filter needs a packet of its own:
 * otherwise Paho does not report that one of them was refused. */
int mqtt_async_subscribe(struct mqtt_async *mqtt, const char *filter, int *token, struct error *error);

/* Publishes at QoS 1. When the connection ends, unsent messages are dropped; the receipts tell the owner what has
 * arrived. FAULT_BROKER: not connected. Keep few messages in flight: see docs/performance.md. */
int mqtt_async_publish(struct mqtt_async *mqtt, const char *topic, const void *payload, size_t length,
		       struct error *error);

#endif
