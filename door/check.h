/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfdoor check: answers other brokers than mosquitto, over HTTP on a loopback address, what the plugin answers mosquitto. A
 * request in, an answer out, without a socket and without a clock (see serve.h). docs/door.md has the brokers' settings.
 *
 *   POST /emqx              JSON, of EMQX's HTTP authenticator: username, password, clientid; the answer has an access list
 *   POST /rabbitmq/user     a form, of RabbitMQ's HTTP backend: username, password, client_id
 *   POST /rabbitmq/vhost, /rabbitmq/resource, /rabbitmq/topic
 *                           forms: may a user with these tags do this?
 */
#ifndef TURF_DOOR_CHECK_H
#define TURF_DOOR_CHECK_H

#include "door/gate/gate.h"
#include "door/service.h"

enum { CHECK_BODY_MAX = 8 << 10 };

/* The longest body of such a request; or SERVICE_NO_PATH, SERVICE_NO_METHOD. */
long check_body_length(const char *method, const char *path);

/* As service_answer. A broker that gets status 500 or no answer lets nobody in. */
int check_answer(struct gate *gate, const struct service_request *request, struct service_answer *answer,
		 struct error *error);

#endif
