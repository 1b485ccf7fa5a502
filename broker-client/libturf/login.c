/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/login.h"

#include <string.h>
#include <time.h>

#include "base/step.h"

bool login_use(struct login *login, struct connection *connection, struct outbox *outbox)
{
	struct token_store_member member;

	if (login->used)
		return true;
	if (connection->options.user || token_store_member(outbox, &member, NULL) != 0)
		return false;
	explicit_bzero(&member, sizeof member);
	login->used = true;
	connection->options.user = "pass";
	return true;
}

int login_take(struct login *login, struct connection *connection, struct outbox *outbox, struct error *error)
{
	char *password;
	int rc = login->held ? 0 : token_store_take(outbox, (int64_t)time(NULL), &login->token, error);

	if (rc != 0)
		return rc;
	login->held = true;
	password = login->passwords[login->turn ^= 1];
	memcpy(password, login->token.text, TOKEN_TEXT_BYTES);
	connection->options.password = password;
	return 0;
}

void login_accepted(struct login *login, struct outbox *outbox)
{
	if (!login->held)
		return;
	step_reached("token-accepted");
	login->held = false;
	(void)token_store_doubt_refused(outbox, NULL);
}

/* The broker may refuse a good token, while it has no keys for example, so that it is kept as one of the last. */
void login_give_back(struct login *login, struct outbox *outbox, bool refused)
{
	if (login->held)
		(void)token_store_give_back(outbox, &login->token, refused, NULL);
	login->held = false;
}

void login_release(struct login *login, struct connection *connection, struct outbox *outbox)
{
	login_give_back(login, outbox, false);
	if (login->used)
		connection->options.user = connection->options.password = NULL;
	explicit_bzero(&login->token, sizeof login->token);
}

bool login_is_refusal(const struct connection_event *event)
{
	return event->kind == MQTT_EVENT_CONNECT_FAILED &&
	       (event->token == MQTT_CODE_BAD_PASSWORD || event->token == MQTT_CODE_NOT_AUTHORIZED);
}
