/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What both flavours of the MQTT connection share: options and messages, the broker's address, the broker's refusals in
 * words. Nothing here knows Paho.
 */
#ifndef TURF_BROKER_CLIENT_MQTT_MQTT_COMMON_H
#define TURF_BROKER_CLIENT_MQTT_MQTT_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The broker publishes it at QoS 1, retained. */
struct mqtt_will {
	const char *topic; /* NULL: no will */
	const char *payload;
};

struct mqtt_options {
	const char *broker; /* mqtt://HOST[:1883] or mqtts://HOST[:8883] */
	const char *client_id;
	const char *user;     /* NULL: none */
	const char *password; /* NULL: none */
	const char *ca_file;  /* mqtts: PEM; NULL: the system's */
	/* Only mqtt.h uses these: phones and screens have a new session for each connection, and no will. */
	bool clean_session;
	int keepalive_s;
	struct mqtt_will will;
};

enum { MQTT_CONNECT_TIMEOUT_S = 5 };

/* Checks the form of a broker address without connecting: 0 or FAULT_INPUT. */
int mqtt_check_address(const char *broker, struct error *error);

/* Reads a credentials file of two lines, "user = NAME" and "password = WORD". Strings are heap; free both. */
int mqtt_read_credentials(const char *path, char **user, char **password, struct error *error);

/* A message as it arrived. `topic` has `topic_length` bytes and a zero after them. */
struct mqtt_message {
	const char *topic;
	size_t topic_length;
	const uint8_t *payload;
	size_t length;
	int qos;
	bool retained;
	void *impl; /* the library's; see mqtt_message_release */
};

enum { MQTT_HOST_BYTES = 256, MQTT_CLIENT_ID_MAX = 128 };

/* mqtt://HOST[:1883] or mqtts://HOST[:8883]; HOST is a name, an IPv4 address or an IPv6 address in brackets. */
struct mqtt_address {
	bool tls;
	uint16_t port;
	char host[MQTT_HOST_BYTES]; /* brackets included */
};

/* 0 or FAULT_INPUT, with what was wrong and what was expected. */
int mqtt_address_parse(const char *broker, struct mqtt_address *address, struct error *error);

/* Checks the address (unless it is NULL), the client id, and that a password has a user. 0 or FAULT_INPUT. */
int mqtt_check_options(const struct mqtt_options *options, struct error *error);

/* Copies the options and their strings, except the client id. 0 or FAULT_MEMORY. Release them also after a fault. */
int mqtt_copy_options(struct mqtt_options *to, const struct mqtt_options *from, struct error *error);
void mqtt_release_options(struct mqtt_options *options);

/* CONNACK return codes 1 to 5 of MQTT 3.1.1 as a sentence; NULL for any other number. */
const char *mqtt_connack_reason(int code);

#endif
