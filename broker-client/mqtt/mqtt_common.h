/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What both flavours of the MQTT connection share: the broker's address, the options' form, the broker's refusals
 * in words. Nothing here knows Paho.
 */
#ifndef TURF_BROKER_CLIENT_MQTT_MQTT_COMMON_H
#define TURF_BROKER_CLIENT_MQTT_MQTT_COMMON_H

#include "broker-client/mqtt/mqtt.h"

enum { MQTT_HOST_BYTES = 256, MQTT_CLIENT_ID_MAX = 128 };

/* mqtt://HOST[:1883] or mqtts://HOST[:8883]; HOST is a name, an IPv4 address or an IPv6 address in brackets. */
struct mqtt_address {
	bool tls;
	uint16_t port;
	char host[MQTT_HOST_BYTES]; /* brackets included */
};

/* 0 or FAULT_INPUT, with what was wrong and what was expected. */
int mqtt_address_parse(const char *broker, struct mqtt_address *address, struct error *error);

/* Address, client id, and a password only with a user. 0 or FAULT_INPUT. */
int mqtt_check_options(const struct mqtt_options *options, struct error *error);

/* CONNACK return codes 1 to 5 of MQTT 3.1.1 as a sentence; NULL for any other number. */
const char *mqtt_connack_reason(int code);

#endif
