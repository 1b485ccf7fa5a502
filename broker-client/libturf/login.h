/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How a connection gets in at a broker that asks for tokens: a new one each time. A token for which the broker opened no
 * connection may be shown again: nothing was sent on it.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_LOGIN_H
#define TURF_BROKER_CLIENT_LIBTURF_LOGIN_H

#include "broker-client/libturf/connection.h"
#include "broker-client/libturf/token_store.h"

/* Cleared: no token is used. */
struct login {
	bool used; /* otherwise the rest means nothing */
	bool held; /* `token` is taken, and the broker has opened no connection for it */
	struct token_store_token token;
	char passwords[2][TOKEN_TEXT_BYTES]; /* of this connection and the last one, which may still read it */
	unsigned turn;
};

/* Uses tokens from now on if the outbox has joined and the program gave the connection no user of its own. Returns whether it does. */
bool login_use(struct login *login, struct connection *connection, struct outbox *outbox);

/* Takes a token, unless one is held, and gives it to the connection, which begins next. 0, TOKEN_STORE_NONE or a fault. */
int login_take(struct login *login, struct connection *connection, struct outbox *outbox, struct error *error);

/* The broker has opened the connection. */
void login_accepted(struct login *login, struct outbox *outbox);

/* Puts the token back, if one is held. `refused`: the broker has refused it. */
void login_give_back(struct login *login, struct outbox *outbox, bool refused);

/* Before connection_release: what `login_use` gave to the connection is not the connection's to free. */
void login_release(struct login *login, struct connection *connection, struct outbox *outbox);

/* Whether the broker refused the token, or the user. */
bool login_is_refusal(const struct connection_event *event);

#endif
