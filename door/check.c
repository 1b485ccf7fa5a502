/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door/gate/access.h"

#define EMQX_PATH "/emqx"
#define RABBITMQ_PATH "/rabbitmq/"

static const char *const rabbitmq_questions[] = {"user", "vhost", "resource", "topic"};

enum { RABBITMQ_QUESTIONS = sizeof rabbitmq_questions / sizeof *rabbitmq_questions };

static int no_memory(struct error *error)
{
	return error_set(error, FAULT_MEMORY, "no memory to answer the broker");
}

/* Who wants to log on. What is missing is empty. */
struct login {
	const char *user, *password, *client_id;
};

static bool has_token(const struct login *login)
{
	return strcmp(login->user, ACCESS_TOKEN_USER) == 0;
}

/* As gate_judge; without a client id as phones have it, nobody is let in. */
static int judge(struct gate *gate, const struct service_request *request, const struct login *login,
		 struct gate_pass *pass, struct error *error)
{
	const struct gate_time now = {.unix_s = (int64_t)request->unix_seconds, .monotonic_s = request->monotonic_s};

	if (!topic_client_id_valid(login->client_id, strlen(login->client_id)) ||
	    !access_may_connect(login->user, login->client_id))
		return GATE_NO_TOKEN;
	return gate_judge(gate, login->password, strlen(login->password), now, pass, error);
}

/* ---- EMQX: one question, whose answer says everything ------------------------------------------------------------ */

/* An access list for EMQX. It is looked through from its begin, and the first rule that fits decides. */
struct rules {
	json_t *list;
	const char *org;
	bool failed;
};

static void add_rule(struct rules *rules, const char *permission, const char *action, const char *topic)
{
	json_t *rule = json_pack("{s:s, s:s, s:s}", "permission", permission, "action", action, "topic", topic);

	if (rule && strcmp(action, "publish") == 0)
		rules->failed |= json_object_set_new(rule, "retain", json_false()) < 0;
	rules->failed |= json_array_append_new(rules->list, rule) < 0;
}

/* Allows the topic of these three parts, which may be empty. */
static void add_topic(struct rules *rules, const char *action, const char *kind, const char *team, const char *end)
{
	char topic[TOPIC_BYTES];

	(void)snprintf(topic, sizeof topic, TOPIC_PREFIX "%s/%s%s%s", rules->org, kind, team, end);
	add_rule(rules, "allow", action, topic);
}

static void add_figures(struct rules *rules, const char *team)
{
	add_topic(rules, "subscribe", "summary/", team, "/+");
	add_topic(rules, "subscribe", "summary-json/", team, "/+");
	add_topic(rules, "subscribe", "weekly/", team, "/+");
}

/* What access.h says, as rules. */
static json_t *access_list(const struct gate_pass *pass, const char *client_id)
{
	const struct scope *scope = &pass->scope;
	struct rules rules = {.list = json_array(), .org = pass->org};
	bool every = strcmp(scope->teams[0], TEAM_ALL) == 0;

	add_topic(&rules, "subscribe", "catalogue", "", "");
	add_topic(&rules, "subscribe", "status/aggregator", "", "");
	add_topic(&rules, "subscribe", "door/keys", "", "");
	add_topic(&rules, "subscribe", "receipt/", client_id, "");
	for (unsigned i = 0; i < scope->n_teams && !every; i++) {
		if (!scope->leader)
			add_topic(&rules, "publish", "registration/", scope->teams[i], "");
		add_figures(&rules, scope->teams[i]);
	}
	if (scope->leader)
		add_figures(&rules, every ? "+" : TEAM_ALL);
	add_rule(&rules, "deny", "all", "#");
	if (!rules.failed)
		return rules.list;
	json_decref(rules.list);
	return NULL;
}

/* Takes `json`; NULL: there was no memory for it. */
static int answer_json(json_t *json, struct service_answer *answer, struct error *error)
{
	size_t length = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
	char *text = length > 0 ? malloc(length) : NULL;
	bool done = text && json_dumpb(json, text, length, JSON_COMPACT) == length;

	json_decref(json);
	if (!done) {
		free(text);
		return no_memory(error);
	}
	*answer = (struct service_answer){200, "application/json", text, length};
	return 0;
}

static int answer_result(const char *result, struct service_answer *answer, struct error *error)
{
	return answer_json(json_pack("{s:s}", "result", result), answer, error);
}

/* EMQX gives the names of placeholders that it does not know as empty texts. */
static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* Whoever shows no token is for EMQX's next authenticator, unless the client id is kept for an aggregator. */
static int answer_login(struct gate *gate, const struct service_request *request, const struct login *login,
			struct service_answer *answer, struct error *error)
{
	char scope[SCOPE_BYTES];
	struct gate_pass pass;
	json_t *list;
	int rc;

	if (!has_token(login))
		return answer_result(
			access_may_connect(login->user[0] ? login->user : NULL, login->client_id) ? "ignore" : "deny",
			answer, error);
	rc = judge(gate, request, login, &pass, error);
	if (rc != 0)
		return rc < 0 ? rc : answer_result("deny", answer, error);
	list = access_list(&pass, login->client_id);
	if (!list)
		return no_memory(error);
	scope_format(&pass.scope, scope);
	return answer_json(json_pack("{s:s, s:b, s:I, s:{s:s, s:s}, s:o}", "result", "allow", "is_superuser", 0,
				     "expire_at", (json_int_t)pass.until, "client_attrs", "org", pass.org, "scope",
				     scope, "acl", list),
			   answer, error);
}

static int answer_emqx(struct gate *gate, const struct service_request *request, struct service_answer *answer,
		       struct error *error)
{
	json_t *asked = json_loadb((const char *)request->body, request->length, JSON_REJECT_DUPLICATES, NULL);
	const struct login login = {text_of(asked, "username"), text_of(asked, "password"), text_of(asked, "clientid")};
	int rc = json_is_object(asked) ? answer_login(gate, request, &login, answer, error)
				       : service_refuse(answer, 400, "no-json");

	json_decref(asked);
	return rc;
}

/* ---- RabbitMQ: a question for each step -------------------------------------------------------------------------- */

/* The members that a form may have here, each with its zero; what is missing is empty. */
struct form {
	char user[64], password[CHECK_BODY_MAX], client_id[64], map_client_id[64];
	char resource[16], name[256], permission[16], routing_key[TOPIC_BYTES], tags[512];
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes application/x-www-form-urlencoded. False: it is none, has a zero in it, or does not fit. */
static bool decode(const char *text, size_t length, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i] == '+' ? ' ' : text[i];

		if (c == '%') {
			if (length - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return true;
}

static bool take_member(struct form *form, const char *text, size_t length)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} members[] = {
		{"username", form->user, sizeof form->user},
		{"password", form->password, sizeof form->password},
		{"client_id", form->client_id, sizeof form->client_id},
		{"variable_map.client_id", form->map_client_id, sizeof form->map_client_id},
		{"resource", form->resource, sizeof form->resource},
		{"name", form->name, sizeof form->name},
		{"permission", form->permission, sizeof form->permission},
		{"routing_key", form->routing_key, sizeof form->routing_key},
		{"tags", form->tags, sizeof form->tags},
	};
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : length;

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (strlen(members[i].name) == name_length && memcmp(members[i].name, text, name_length) == 0)
			return equals && members[i].to[0] == '\0' &&
			       decode(equals + 1, length - name_length - 1, members[i].to, members[i].size);
	return true;
}

static bool read_form(const struct service_request *request, struct form *form)
{
	const char *text = (const char *)request->body, *end = text + request->length;

	*form = (struct form){.user = ""};
	while (text < end) {
		const char *ampersand = memchr(text, '&', (size_t)(end - text));
		size_t length = (size_t)((ampersand ? ampersand : end) - text);

		if (!take_member(form, text, length))
			return false;
		text += length + (ampersand ? 1 : 0);
	}
	return true;
}

/* A tag says what the token said, since RabbitMQ gives the tags of a user with each of the later questions. */
#define TAG_FORMAT "turf/%s/%s"

/* From the tags of a user that was let in. False: no tag of ours is among them. */
static bool read_tag(const struct form *form, char org[static SLUG_BYTES], struct scope *scope)
{
	char copy[sizeof form->tags], *rest = copy, *tag;

	memcpy(copy, form->tags, sizeof copy);
	while ((tag = strsep(&rest, " ")) != NULL) {
		char *name = tag + strlen("turf/"), *slash;

		if (strncmp(tag, "turf/", strlen("turf/")) != 0 || !(slash = strchr(name, '/')))
			continue;
		*slash = '\0';
		if (!topic_slug_valid(name) || scope_parse(slash + 1, scope) < 0)
			return false;
		memcpy(org, name, strlen(name) + 1);
		return true;
	}
	return false;
}

/* The topic exchange of MQTT, and the queues that RabbitMQ makes for this client. */
static bool may_use_resource(const struct form *form)
{
	static const char *const ends[] = {"qos0", "qos1"};
	char name[sizeof form->name];

	if (strcmp(form->resource, "exchange") == 0)
		return strcmp(form->name, "amq.topic") == 0 && strcmp(form->permission, "configure") != 0;
	if (strcmp(form->resource, "queue") != 0 || !topic_client_id_valid(form->client_id, strlen(form->client_id)))
		return false;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		(void)snprintf(name, sizeof name, "mqtt-subscription-%s%s", form->client_id, ends[i]);
		if (strcmp(form->name, name) == 0)
			return true;
	}
	return false;
}

/* RabbitMQ writes a topic with dots for slashes, and a star for the plus sign of a filter. */
static bool may_use_topic(struct form *form, const char *org, const struct scope *scope)
{
	const struct access_client client = {.org = org, .scope = scope, .client_id = form->map_client_id};

	if (strpbrk(form->routing_key, "/+") || !topic_client_id_valid(client.client_id, strlen(client.client_id)))
		return false;
	for (char *c = form->routing_key; *c; c++)
		*c = (char)(*c == '.' ? '/' : *c == '*' ? '+' : *c);
	if (strcmp(form->permission, "write") == 0)
		return access_may_publish(&client, form->routing_key, false);
	return strcmp(form->permission, "read") == 0 && access_may_subscribe(&client, form->routing_key);
}

static bool may(const char *question, struct form *form)
{
	char org[SLUG_BYTES];
	struct scope scope;

	if (strcmp(form->user, ACCESS_TOKEN_USER) != 0 || !read_tag(form, org, &scope))
		return false;
	if (strcmp(question, "vhost") == 0)
		return true;
	return strcmp(question, "resource") == 0 ? may_use_resource(form) : may_use_topic(form, org, &scope);
}

static int answer_text(struct service_answer *answer, const char *text, struct error *error)
{
	char *copy = strdup(text);

	if (!copy)
		return no_memory(error);
	*answer = (struct service_answer){200, "text/plain", copy, strlen(copy)};
	return 0;
}

static int answer_user(struct gate *gate, const struct service_request *request, const struct form *form,
		       struct service_answer *answer, struct error *error)
{
	const struct login login = {form->user, form->password, form->client_id};
	char text[SLUG_BYTES + SCOPE_BYTES + 16], scope[SCOPE_BYTES];
	struct gate_pass pass;
	int rc = has_token(&login) ? judge(gate, request, &login, &pass, error) : GATE_NO_TOKEN;

	if (rc < 0)
		return rc;
	if (rc > 0)
		return answer_text(answer, "deny", error);
	scope_format(&pass.scope, scope);
	(void)snprintf(text, sizeof text, "allow " TAG_FORMAT, pass.org, scope);
	return answer_text(answer, text, error);
}

static int answer_rabbitmq(struct gate *gate, const struct service_request *request, struct service_answer *answer,
			   struct error *error)
{
	const char *question = request->path + strlen(RABBITMQ_PATH);
	struct form *form = malloc(sizeof *form);
	int rc;

	if (!form)
		return no_memory(error);
	if (!read_form(request, form))
		rc = service_refuse(answer, 400, "no-form");
	else if (strcmp(question, "user") == 0)
		rc = answer_user(gate, request, form, answer, error);
	else
		rc = answer_text(answer, may(question, form) ? "allow" : "deny", error);
	explicit_bzero(form, sizeof *form);
	free(form);
	return rc;
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

static bool is_known(const char *path)
{
	if (strcmp(path, EMQX_PATH) == 0)
		return true;
	if (strncmp(path, RABBITMQ_PATH, strlen(RABBITMQ_PATH)) != 0)
		return false;
	for (size_t i = 0; i < RABBITMQ_QUESTIONS; i++)
		if (strcmp(path + strlen(RABBITMQ_PATH), rabbitmq_questions[i]) == 0)
			return true;
	return false;
}

long check_body_length(const char *method, const char *path)
{
	if (!is_known(path))
		return SERVICE_NO_PATH;
	return strcmp(method, "POST") == 0 ? CHECK_BODY_MAX : SERVICE_NO_METHOD;
}

int check_answer(struct gate *gate, const struct service_request *request, struct service_answer *answer,
		 struct error *error)
{
	int rc;

	*answer = (struct service_answer){.body = NULL};
	rc = strcmp(request->path, EMQX_PATH) == 0 ? answer_emqx(gate, request, answer, error)
						   : answer_rabbitmq(gate, request, answer, error);
	if (rc < 0)
		(void)service_refuse(answer, 500, "fault");
	return rc;
}
