/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turf_door.so, a plugin of mosquitto 2: lets in whoever shows a token, and holds them to the access table (access.h).
 *
 *   plugin /usr/lib/turf/turf_door.so
 *   plugin_opt_keys FOLDER    the key directories that turfdoor writes, ORG.json for each org
 *   plugin_opt_spent FOLDER   where the plugin keeps which tokens are spent; mosquitto's own
 *
 * A client with a token logs on as "pass", with the token as password and a client id of 22 characters. From then on the name
 * of its scope is its user name. For everybody else the broker's own files decide (MOSQ_ERR_PLUGIN_DEFER), but the client ids
 * of the aggregators are kept for their accounts: another client under the same id would end them.
 *
 * Nothing is logged or kept about a client. All calls come from the broker's one thread.
 */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/monotonic.h"
#include "door/gate/access.h"
#include "door/gate/gate.h"

enum { PLUGIN_INTERFACE = 5, TICK_S = 1 };

/*
 * A connection with a token. It ends when its key is no longer in force. Found by the connection: when a client id comes a second
 * time, the broker asks about the new connection before it ends the older one, and both have that id.
 */
struct guest {
	const struct mosquitto *client;
	char client_id[CLIENT_ID_BYTES];
	struct gate_pass pass;
	struct guest *next_ended; /* while their connections are ended */
	UT_hash_handle hh;
};

struct door {
	mosquitto_plugin_id_t *id;
	struct gate *gate;
	struct guest *guests; /* heap, by client */
	int64_t next_tick_s;
	bool unpublished;       /* the directories are others than those at door/keys */
	struct error complaint; /* the last that was logged, so that each is logged once */
};

static struct gate_time now(void)
{
	return (struct gate_time){.unix_s = time(NULL), .monotonic_s = monotonic_ms() / 1000};
}

/* Logs a fault, once until another or none comes. */
static void complain(struct door *door, const struct error *error)
{
	if (error->text[0] != '\0' && strcmp(error->text, door->complaint.text) != 0)
		mosquitto_log_printf(MOSQ_LOG_ERR, "turf_door: %s", error->text);
	door->complaint = *error;
}

/* ---- Logging on ---------------------------------------------------------------------------------------- */

/* NULL: there is no such guest. */
static struct guest *find_guest(const struct door *door, const struct mosquitto *client)
{
	struct guest *guest;

	HASH_FIND_PTR(door->guests, &client, guest);
	return guest;
}

static void forget_guest(struct door *door, const struct mosquitto *client)
{
	struct guest *guest = find_guest(door, client);

	if (!guest)
		return;
	HASH_DEL(door->guests, guest);
	free(guest);
}

/* NULL: no memory. */
static struct guest *add_guest(struct door *door, const struct mosquitto *client)
{
	struct guest *guest = calloc(1, sizeof *guest);

	if (!guest)
		return NULL;
	guest->client = client;
	memcpy(guest->client_id, mosquitto_client_id(client), CLIENT_ID_BYTES);
	HASH_ADD_PTR(door->guests, client, guest);
	if (hash_added(guest))
		return guest;
	free(guest);
	return NULL;
}

static int let_in(struct door *door, struct mosquitto *client, const struct gate_pass *pass)
{
	struct guest *guest = add_guest(door, client);
	char name[SCOPE_BYTES];

	if (!guest)
		return MOSQ_ERR_NOMEM;
	guest->pass = *pass;
	scope_format(&pass->scope, name);
	return mosquitto_set_username(client, name);
}

static int admit_token(struct door *door, struct mosquitto *client, const char *password)
{
	const char *client_id = mosquitto_client_id(client);
	struct gate_pass pass;
	struct error error = {{0}};
	int rc;

	if (!password || !client_id || !topic_client_id_valid(client_id, strlen(client_id)))
		return MOSQ_ERR_AUTH;
	rc = gate_judge(door->gate, password, strlen(password), now(), &pass, &error);
	if (rc < 0)
		complain(door, &error);
	return rc == 0 ? let_in(door, client, &pass) : MOSQ_ERR_AUTH;
}

static bool is_token_user(const char *username)
{
	return username && strcmp(username, ACCESS_TOKEN_USER) == 0;
}

static int on_basic_auth(int event, void *data, void *context)
{
	struct mosquitto_evt_basic_auth *auth = data;

	(void)event;
	/* One whose connection failed after it was let in, without a word to us: another now has its address. */
	forget_guest(context, auth->client);
	if (!access_may_connect(auth->username, mosquitto_client_id(auth->client)))
		return MOSQ_ERR_AUTH;
	if (is_token_user(auth->username))
		return admit_token(context, auth->client, auth->password);
	return MOSQ_ERR_PLUGIN_DEFER;
}

/* ---- Topics -------------------------------------------------------------------------------------------- */

static int on_acl_check(int event, void *data, void *context)
{
	const struct mosquitto_evt_acl_check *check = data;
	const struct guest *guest = find_guest(context, check->client);
	struct access_client client;
	bool may = false;

	(void)event;
	if (!guest)
		return is_token_user(mosquitto_client_username(check->client)) ? MOSQ_ERR_ACL_DENIED
									       : MOSQ_ERR_PLUGIN_DEFER;
	client = (struct access_client){
		.org = guest->pass.org, .scope = &guest->pass.scope, .client_id = guest->client_id, .filtered = true};
	switch (check->access) {
	case MOSQ_ACL_WRITE:
		may = access_may_publish(&client, check->topic, check->retain);
		break;
	case MOSQ_ACL_READ:
		may = access_may_read(&client, check->topic);
		break;
	case MOSQ_ACL_SUBSCRIBE:
		may = access_may_subscribe(&client, check->topic);
		break;
	case MOSQ_ACL_UNSUBSCRIBE:
		may = true;
		break;
	default:
		break;
	}
	return may ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

/* ---- As time goes by ----------------------------------------------------------------------------------- */

/* The broker asks about the client's will after this, and about messages for its session. The name of a scope may be that of an
 * account in the broker's files, and the client must not get its rights: it goes back to the name with which it logged on,
 * which has none (on_acl_check). Without memory for that, it keeps the rights of its token. */
static int on_disconnect(int event, void *data, void *context)
{
	const struct mosquitto_evt_disconnect *disconnect = data;

	(void)event;
	if (find_guest(context, disconnect->client) &&
	    mosquitto_set_username(disconnect->client, ACCESS_TOKEN_USER) == MOSQ_ERR_SUCCESS)
		forget_guest(context, disconnect->client);
	return MOSQ_ERR_SUCCESS;
}

/* Ends the connections whose key is revoked or past its time. All are forgotten first: whenever the broker ends one, it calls
 * on_disconnect, which must find no guest that this still needs. */
static void end_expired(struct door *door)
{
	int64_t unix_s = time(NULL);
	struct guest *guest, *next, *ended = NULL;

	HASH_ITER(hh, door->guests, guest, next)
	{
		if (gate_holds(door->gate, &guest->pass, unix_s))
			continue;
		HASH_DEL(door->guests, guest);
		guest->next_ended = ended;
		ended = guest;
	}
	while (ended) {
		guest = ended;
		ended = guest->next_ended;
		(void)mosquitto_kick_client_by_clientid(guest->client_id, false);
		free(guest);
	}
}

/* Retained, for phones to compare with what turfdoor gives them; empty where there is none, which deletes it. */
static int publish_directory(void *context, const char *org, const struct token_directory *directory)
{
	char topic[TOPIC_BYTES], *json = directory ? token_directory_print(directory) : strdup("");
	int rc = MOSQ_ERR_NOMEM;

	(void)context;
	topic_door_keys(topic, org);
	if (json)
		rc = mosquitto_broker_publish_copy(NULL, topic, (int)strlen(json), json, 0, true, NULL);
	free(json);
	return rc == MOSQ_ERR_SUCCESS ? 0 : FAULT_MEMORY;
}

static void refresh(struct door *door)
{
	struct error error = {{0}};
	bool changed;

	(void)gate_refresh(door->gate, now(), &changed, &error);
	door->unpublished |= changed;
	complain(door, &error);
	end_expired(door);
}

static int on_tick(int event, void *data, void *context)
{
	struct door *door = context;
	int64_t now_s = now().monotonic_s;

	(void)event;
	(void)data;
	if (now_s >= door->next_tick_s) {
		door->next_tick_s = now_s + TICK_S;
		refresh(door);
		if (door->unpublished)
			door->unpublished = keys_each(gate_keys(door->gate), publish_directory, NULL) != 0;
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- Loading ------------------------------------------------------------------------------------------- */

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++)
		if (supported_versions[i] == PLUGIN_INTERFACE)
			return PLUGIN_INTERFACE;
	return -1;
}

static const char *find_option(const struct mosquitto_opt *options, int n, const char *name, struct error *error)
{
	for (int i = 0; i < n; i++)
		if (strcmp(options[i].key, name) == 0)
			return options[i].value;
	(void)error_set(error, FAULT_INPUT, "mosquitto.conf has no plugin_opt_%s for turf_door.so", name);
	return NULL;
}

static int open_door(struct door *door, const struct mosquitto_opt *options, int n, struct error *error)
{
	const char *keys = find_option(options, n, "keys", error);
	const char *spent = keys ? find_option(options, n, "spent", error) : NULL;

	return spent ? gate_open(&door->gate, keys, spent, error) : FAULT_INPUT;
}

static int register_callbacks(struct door *door)
{
	static const struct {
		int event;
		MOSQ_FUNC_generic_callback call;
	} callbacks[] = {
		{MOSQ_EVT_BASIC_AUTH, on_basic_auth},
		{MOSQ_EVT_ACL_CHECK, on_acl_check},
		{MOSQ_EVT_TICK, on_tick},
		{MOSQ_EVT_DISCONNECT, on_disconnect},
	};
	int rc = MOSQ_ERR_SUCCESS;

	for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks && rc == MOSQ_ERR_SUCCESS; i++)
		rc = mosquitto_callback_register(door->id, callbacks[i].event, callbacks[i].call, NULL, door);
	return rc;
}

static void close_door(struct door *door)
{
	struct guest *guest, *next;

	HASH_ITER(hh, door->guests, guest, next)
	{
		HASH_DEL(door->guests, guest);
		free(guest);
	}
	gate_close(door->gate);
	free(door);
}

EXPORTED int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *options,
				   int option_count)
{
	struct door *door = calloc(1, sizeof *door);
	struct error error = {{0}};
	int rc = MOSQ_ERR_NOMEM;

	if (!door)
		return MOSQ_ERR_NOMEM;
	door->id = identifier;
	if (open_door(door, options, option_count, &error) == 0)
		rc = register_callbacks(door);
	complain(door, &error);
	if (rc == MOSQ_ERR_SUCCESS) {
		refresh(door);
		*userdata = door;
	} else {
		close_door(door);
	}
	return rc;
}

EXPORTED int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int option_count)
{
	(void)options;
	(void)option_count;
	close_door(userdata); /* the broker has unregistered the callbacks of a plugin that it unloads */
	return MOSQ_ERR_SUCCESS;
}
