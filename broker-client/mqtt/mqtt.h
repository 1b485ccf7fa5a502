/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One end of an MQTT connection, over Paho MQTT C; nobody else includes Paho.
 *
 * Two flavours share their options and messages (mqtt_common.h):
 *   struct mqtt        (this header) is read and written by one thread, which waits in mqtt_receive: not reading
 *                      is the back pressure. One per process. The daemon's.
 *   struct mqtt_async  (mqtt_async.h) delivers on Paho's thread through a callback; any number per process.
 *                      The phones' and screens'.
 */
#ifndef TURF_BROKER_CLIENT_MQTT_MQTT_H
#define TURF_BROKER_CLIENT_MQTT_MQTT_H

#include "broker-client/mqtt/mqtt_common.h"

struct mqtt;

/* Copies the options. 0 or a fault. */
int mqtt_open(struct mqtt **out, const struct mqtt_options *options, struct error *error);
void mqtt_close(struct mqtt *mqtt); /* disconnects cleanly (no will) when connected; NULL is fine */

/* Connects. 0: connected; `*session_present` says whether the broker remembered this client. MQTT_NOT_YET: the broker's
 * name is being looked up; call again (mqtt_close does not wait for the lookup). FAULT_BROKER: `error` says why not.
 * Blocks for at most MQTT_CONNECT_TIMEOUT_S, and for a tenth of a second while a name is looked up. */
enum { MQTT_NOT_YET = 1 };
int mqtt_connect(struct mqtt *mqtt, bool *session_present, struct error *error);

/* Ends the connection cleanly, so that the broker does not publish the will. Nothing to do when there is none. */
void mqtt_disconnect(struct mqtt *mqtt);

/* For the next mqtt_connect; NULL: none. `*changed`: they are others than before. Copied. 0 or FAULT_MEMORY, after which
 * those of before stay. */
int mqtt_use_credentials(struct mqtt *mqtt, const char *user, const char *password, bool *changed, struct error *error);

/* The connection is gone after either fault. FAULT_INPUT: the broker refused, and we ended it. */
int mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos, struct error *error);

/* Waits up to timeout_ms for one message. 0: `*message` is the caller's until mqtt_message_release.
 * MQTT_NOTHING: none came. FAULT_BROKER: the connection is gone. Also drives keepalive: call it at least
 * every few seconds. */
enum { MQTT_NOTHING = 1 };
int mqtt_receive(struct mqtt *mqtt, int timeout_ms, struct mqtt_message *message, struct error *error);
void mqtt_message_release(struct mqtt_message *message); /* of either flavour; a cleared message is fine */

/* Small packets are sent together: acknowledgements and publications may stay here until the next mqtt_receive that
 * waits. This sends them now, for a caller that will be busy with something else. */
void mqtt_push(const struct mqtt *mqtt);

/* At QoS 0. FAULT_BROKER: the connection is gone. FAULT_INPUT: the topic is not UTF-8, and nothing was sent. */
int mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t length, bool retained,
		 struct error *error);

#endif
