/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who may be whom at the broker, and what a client that came in with a token may do there: the access table of docs/door.md. A
 * decision depends on the arguments alone.
 */
#ifndef TURF_DOOR_GATE_ACCESS_H
#define TURF_DOOR_GATE_ACCESS_H

#include <stdbool.h>

#include "proto/scope.h"

/* The user name of whoever shows a token; the token is the password. */
#define ACCESS_TOKEN_USER "pass"

/*
 * Whether this user may have this client id: one that is kept for an aggregator belongs to its account alone, since another
 * client under the same id would end it. With a name of six characters it looks like that of a phone. The account "aggregator" may have those of all orgs, "aggregator-ORG"
 * that of its org: "turf-aggregator-ORG", and what it likes behind an underscore. `user`: with which it logs on; NULL: none.
 */
bool access_may_connect(const char *user, const char *client_id);

struct access_client {
	const char *org;
	const struct scope *scope; /* of its token */
	const char *client_id;     /* of this connection */
	bool filtered;             /* the broker asks access_may_read about each message too */
};

/* A registration of one of its teams, never retained. */
bool access_may_publish(const struct access_client *client, const char *topic, bool retained);

/* The topic of a message for it. */
bool access_may_read(const struct access_client *client, const char *topic);

/*
 * A filter for what it may read. With `filtered` a plus sign may stand for the org and for the team, since programs subscribe
 * so before they know them.
 */
bool access_may_subscribe(const struct access_client *client, const char *filter);

#endif
