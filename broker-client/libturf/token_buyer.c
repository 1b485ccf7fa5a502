/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/token_buyer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/step.h"

#define DIRECTORY_PATH "/.well-known/private-token-issuer-directory"
#define JOIN_PATH "/door/join"
#define FRAGMENT "#join="

enum {
	SECONDS_A_DAY = 86400,
	SECONDS_A_WEEK = 7 * SECONDS_A_DAY,
	ANSWER_BYTES_MAX = 8 << 10, /* of everything but the directory and a batch */
	URL_BYTES = TOKEN_STORE_ORIGIN_BYTES + TOKEN_NAME_MAX + 1,
	CODE_CHARS = BASE64URL_CHARS(TOKEN_STORE_CODE_BYTES),
	CREDENTIAL_TEXT_BYTES = BASE64URL_CHARS(TOKEN_STORE_CREDENTIAL_BYTES) + 1,
};

/* ---- Links ------------------------------------------------------------------------------------------------------ */

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Without TLS only to this machine: whoever listens on the way would have the credential. */
static bool may_be_asked(const char *origin)
{
	static const char *const loopbacks[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

	for (size_t i = 0; i < sizeof loopbacks / sizeof *loopbacks; i++) {
		char after = begins_with(origin, loopbacks[i]) ? origin[strlen(loopbacks[i])] : 'x';

		if (after == '\0' || after == ':')
			return true;
	}
	return begins_with(origin, "https://") && origin[strlen("https://")] != '\0';
}

int token_buyer_parse_link(const char *link, struct token_buyer_invitation *invitation, struct error *error)
{
	const char *fragment = strstr(link, FRAGMENT), *host = strstr(link, "://");
	size_t origin = host ? (size_t)(host - link) + 3 + strcspn(host + 3, "/?#") : 0;

	if (!fragment || origin == 0 || origin >= sizeof invitation->origin ||
	    base64url_decode(fragment + strlen(FRAGMENT), strlen(fragment + strlen(FRAGMENT)), invitation->code,
			     sizeof invitation->code) != 0)
		return error_set(error, FAULT_INPUT,
				 "this is no invitation: expected https://HOST/" FRAGMENT
				 "CODE with a code of %d characters; copy the whole link",
				 CODE_CHARS);
	memcpy(invitation->origin, link, origin);
	invitation->origin[origin] = '\0';
	if (strspn(invitation->origin + (host - link) + 3,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") !=
		    origin - (size_t)(host - link) - 3 ||
	    !may_be_asked(invitation->origin))
		return error_set(
			error, FAULT_INPUT,
			"the invitation's address must begin with https://HOST (http:// only to this machine)");
	return 0;
}

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

/* Whether it is the refusal {"error": WORD}. */
static bool is_refusal(const struct http_answer *answer, const char *word)
{
	json_t *root = json_loadb(answer->body, answer->length, 0, NULL);
	const char *said = json_string_value(json_object_get(root, "error"));
	bool is = said && strcmp(said, word) == 0;

	json_decref(root);
	return is;
}

static int unexpected(const char *origin, const struct http_answer *answer, struct error *error)
{
	return error_set(error, FAULT_BROKER, "%s answers with HTTP status %u; is turfdoor there, and does it run?",
			 origin, answer->status);
}

/* Sends the request to a path of the origin. */
static int ask(const struct token_buyer *buyer, const char *origin, const char *path, struct http_request *request,
	       struct http_answer *answer, struct error *error)
{
	char url[URL_BYTES];

	(void)snprintf(url, sizeof url, "%s%s", origin, path);
	request->url = url;
	request->ca_file = buyer->ca_file;
	return buyer->send(buyer->context, request, answer, error);
}

/* ---- The directory ---------------------------------------------------------------------------------------------- */

/* `org` NULL: whichever. */
static int read_directory(const struct token_buyer *buyer, const char *origin, const char *org,
			  struct token_directory **directory, struct error *error)
{
	struct http_request request = {.answer_max = TOKEN_DIRECTORY_BYTES_MAX};
	struct http_answer answer;
	int rc = ask(buyer, origin, DIRECTORY_PATH, &request, &answer, error);

	*directory = NULL;
	if (rc < 0)
		return rc;
	rc = answer.status == 200 ? token_directory_parse(answer.body, answer.length, directory, error)
				  : unexpected(origin, &answer, error);
	free(answer.body);
	if (rc == FAULT_INPUT)
		rc = error_prefix(error, FAULT_BROKER, "the keys at %s", origin);
	if (rc == 0 && org && strcmp((*directory)->org, org) != 0)
		rc = error_set(error, FAULT_FOREIGN, "%s is the door of \"%s\", not of \"%s\"", origin,
			       (*directory)->org, org);
	if (rc < 0) {
		token_directory_free(*directory);
		*directory = NULL;
	}
	return rc;
}

int token_buyer_org(const struct token_buyer *buyer, const char *origin, char org[static SLUG_BYTES],
		    struct error *error)
{
	struct token_directory *directory;
	int rc = read_directory(buyer, origin, NULL, &directory, error);

	if (rc == 0)
		memcpy(org, directory->org, SLUG_BYTES);
	token_directory_free(directory);
	return rc;
}

/* ---- Joining ---------------------------------------------------------------------------------------------------- */

/* Takes the scope out of the answer of a turfdoor that let the device join. */
static int take_scope(const struct http_answer *answer, const char *org, struct token_store_member *member,
		      struct error *error)
{
	json_t *root = json_loadb(answer->body, answer->length, JSON_REJECT_DUPLICATES, NULL);
	const char *said_org = json_string_value(json_object_get(root, "org"));
	const char *name = json_string_value(json_object_get(root, "scope"));
	struct scope scope;
	int rc = 0;

	if (!said_org || strcmp(said_org, org) != 0 || !name || scope_parse(name, &scope) != 0)
		rc = error_set(error, FAULT_BROKER, "%s: this is no answer of turfdoor for \"%s\"", member->origin,
			       org);
	else
		memcpy(member->scope, name, strlen(name) + 1);
	json_decref(root);
	return rc;
}

static int judge_join(const struct http_answer *answer, const char *org, struct token_store_member *member,
		      struct error *error)
{
	if (answer->status == 200)
		return take_scope(answer, org, member, error);
	if (answer->status == 404 && is_refusal(answer, "invitation-unknown"))
		return error_set(error, TOKEN_BUYER_NOT_INVITED,
				 "%s does not know this invitation; check that the whole link was copied, or ask for a "
				 "new invitation",
				 member->origin);
	if (answer->status == 410 && is_refusal(answer, "invitation-used"))
		return error_set(error, TOKEN_BUYER_INVITATION_USED,
				 "this invitation was used before, by another device; ask for a new one");
	if (answer->status == 410 && is_refusal(answer, "invitation-ended"))
		return error_set(error, TOKEN_BUYER_INVITATION_ENDED,
				 "this invitation has ended, since it is good for a few days only; ask for a new one");
	return unexpected(member->origin, answer, error);
}

int token_buyer_join(const struct token_buyer *buyer, struct outbox *outbox, const char *org,
		     const struct token_buyer_invitation *invitation, struct error *error)
{
	uint8_t body[TOKEN_STORE_CODE_BYTES + TOKEN_STORE_CREDENTIAL_BYTES];
	struct http_request request = {.body = body, .length = sizeof body, .answer_max = ANSWER_BYTES_MAX};
	struct token_store_member member;
	struct http_answer answer;
	int rc = token_store_begin_join(outbox, invitation->origin, invitation->code, &member, error);

	if (rc < 0)
		return rc;
	memcpy(body, member.code, sizeof member.code);
	memcpy(body + sizeof member.code, member.credential, sizeof member.credential);
	step_reached("invitation-stored");
	rc = ask(buyer, member.origin, JOIN_PATH, &request, &answer, error);
	explicit_bzero(body, sizeof body);
	if (rc == 0) {
		step_reached("invitation-answered");
		rc = judge_join(&answer, org, &member, error);
		free(answer.body);
	}
	if (rc == 0)
		rc = token_store_join(outbox, &member, error);
	step_reached("membership-stored");
	explicit_bzero(&member, sizeof member);
	return rc;
}

/* ---- When to fetch ---------------------------------------------------------------------------------------------- */

/* ISO weeks of UTC begin on Monday; day 0 was a Thursday. */
static int64_t week_of(int64_t now)
{
	int64_t day = now / SECONDS_A_DAY;

	return (day - (day + 3) % 7) * SECONDS_A_DAY;
}

/* A batch of the week that begins then, which needs nothing more of turfdoor. */
static bool has_week(const struct token_store_batches *batches, int64_t week)
{
	for (size_t i = 0; i < batches->n; i++)
		if (batches->all[i].not_before >= week && batches->all[i].not_before < week + SECONDS_A_WEEK)
			return batches->all[i].state != TOKEN_STORE_ASKED;
	return false;
}

int token_buyer_due(struct outbox *outbox, int64_t now, int64_t *at, struct error *error)
{
	int64_t next = week_of(now) + SECONDS_A_WEEK;
	struct token_store_batches batches;
	int rc = token_store_batches(outbox, &batches, error);

	*at = now;
	if (rc < 0 || !has_week(&batches, week_of(now)))
		return rc;
	if (!has_week(&batches, next))
		return token_store_plan(outbox, next, now, at, error);
	*at = next; /* then that of the week after it is planned */
	return 0;
}

/* ---- Fetching --------------------------------------------------------------------------------------------------- */

static int revoked(const struct token_store_member *member, const char *org, struct error *error)
{
	return error_set(error, TOKEN_BUYER_REVOKED,
			 member->state == TOKEN_STORE_FORGOTTEN
				 ? "\"%s\" does not know this device any more; ask for a new invitation"
				 : "\"%s\" has ended the access of this device; ask for a new invitation",
			 org);
}

/* Stores a refusal of a batch. */
static int judge_refusal(struct outbox *outbox, const struct token_store_member *member, const char *org,
			 const uint8_t *key_id, const struct http_answer *answer, struct error *error)
{
	struct token_store_member ended = *member;
	int rc;

	if (answer->status == 403 && is_refusal(answer, "revoked"))
		ended.state = TOKEN_STORE_REVOKED;
	else if (answer->status == 401 && is_refusal(answer, "credential-unknown"))
		ended.state = TOKEN_STORE_FORGOTTEN;
	if (ended.state != member->state) {
		rc = token_store_end_membership(outbox, member, ended.state, error);
		return rc < 0 ? rc : revoked(&ended, org, error);
	}
	if (answer->status == 409 && is_refusal(answer, "batch-taken")) {
		rc = token_store_refuse(outbox, key_id, TOKEN_STORE_TAKEN, error);
		return rc < 0 ? rc
			      : error_set(
					error, FAULT_BROKER,
					"the tokens of this week were given to a copy of this outbox; turf fetches those "
					"of the next week, or ask for a new invitation");
	}
	if ((answer->status == 404 && is_refusal(answer, "key-unknown")) ||
	    (answer->status == 400 && (is_refusal(answer, "batch-malformed") || is_refusal(answer, "wrong-length")))) {
		rc = token_store_refuse(outbox, key_id, TOKEN_STORE_NOT_ASKED, error);
		return rc < 0 ? rc
			      : error_set(error, FAULT_BROKER,
					  "turfdoor has other keys by now; turf reads them and asks again");
	}
	return unexpected(member->origin, answer, error);
}

static int buy_batch(const struct token_buyer *buyer, struct outbox *outbox, const struct token_store_member *member,
		     const struct token_directory *directory, const uint8_t *key_id, int64_t now, struct error *error)
{
	char credential[CREDENTIAL_TEXT_BYTES];
	struct http_request request = {.bearer = credential};
	struct http_answer answer;
	uint8_t *body;
	int rc = token_store_request(outbox, key_id, &body, &request.length, error);

	if (rc != 0)
		return rc < 0 ? rc : 0; /* another process was first */
	base64url_encode(member->credential, sizeof member->credential, credential);
	step_reached("blinded-stored");
	request.body = body;
	request.answer_max = request.length > ANSWER_BYTES_MAX ? request.length : ANSWER_BYTES_MAX;
	rc = ask(buyer, member->origin, directory->request_uri, &request, &answer, error);
	explicit_bzero(credential, sizeof credential);
	free(body);
	if (rc < 0)
		return rc;
	step_reached("blinded-answered");
	if (answer.status == 200)
		rc = token_store_finish(outbox, key_id, (const uint8_t *)answer.body, answer.length, now, error);
	else
		rc = judge_refusal(outbox, member, directory->org, key_id, &answer, error);
	free(answer.body);
	step_reached("tokens-stored");
	return rc == TOKEN_STORE_NONE ? 0 : rc;
}

/* The key of this scope for the week that begins then; NULL: turfdoor has none. */
static const struct token_directory_key *find_key(const struct token_directory *directory, const char *scope,
						  int64_t week)
{
	char name[SCOPE_BYTES];

	for (size_t i = 0; i < directory->n_keys; i++) {
		const struct token_directory_key *key = &directory->keys[i];

		scope_format(&key->scope, name);
		if (strcmp(name, scope) == 0 && key->not_before >= week && key->not_before < week + SECONDS_A_WEEK)
			return key;
	}
	return NULL;
}

static int draw_week(struct outbox *outbox, const struct token_directory *directory, const char *scope, int64_t week,
		     struct error *error)
{
	const struct token_directory_key *key = find_key(directory, scope, week);
	uint8_t challenge[TOKEN_DIGEST_BYTES];
	int rc;

	if (!key)
		return error_set(error, FAULT_BROKER, "turfdoor has no key for \"%s\" yet; turf asks again later",
				 scope);
	rc = token_directory_challenge(directory, challenge, error);
	return rc < 0 ? rc : token_store_draw(outbox, key, challenge, directory->batch, error);
}

static int draw_due(struct outbox *outbox, const struct token_directory *directory, const char *scope, int64_t now,
		    struct error *error)
{
	int64_t week = week_of(now), at;
	struct token_store_batches batches;
	int rc = token_store_batches(outbox, &batches, error);

	if (rc == 0 && !has_week(&batches, week))
		rc = draw_week(outbox, directory, scope, week, error);
	if (rc == 0 && !has_week(&batches, week + SECONDS_A_WEEK)) {
		rc = token_store_plan(outbox, week + SECONDS_A_WEEK, now, &at, error);
		if (rc == 0 && at <= now)
			rc = draw_week(outbox, directory, scope, week + SECONDS_A_WEEK, error);
	}
	return rc;
}

static int fetch(const struct token_buyer *buyer, struct outbox *outbox, const struct token_store_member *member,
		 const struct token_directory *directory, int64_t now, struct error *error)
{
	struct token_store_batches batches;
	int rc = 0;

	if (directory->request_uri[0] != '/' || directory->request_uri[1] == '/')
		rc = error_set(error, FAULT_BROKER, "%s wants batches to be asked for elsewhere: \"%s\"",
			       member->origin, directory->request_uri);
	if (rc == 0)
		rc = token_store_delete_old(outbox, now, directory, member->scope, error);
	if (rc == 0)
		rc = draw_due(outbox, directory, member->scope, now, error);
	if (rc == 0)
		rc = token_store_batches(outbox, &batches, error);
	for (size_t i = 0; rc == 0 && i < batches.n; i++)
		if (batches.all[i].state == TOKEN_STORE_ASKED)
			rc = buy_batch(buyer, outbox, member, directory, batches.all[i].key_id, now, error);
	return rc;
}

int token_buyer_fetch(const struct token_buyer *buyer, struct outbox *outbox, const char *org, int64_t now,
		      struct error *error)
{
	struct token_directory *directory;
	struct token_store_member member;
	int rc = token_store_member(outbox, &member, error);

	if (rc == TOKEN_STORE_NONE)
		return error_set(error, TOKEN_BUYER_NOT_JOINED,
				 "this device has not joined \"%s\"; ask for an invitation", org);
	if (rc < 0)
		return rc;
	if (member.state != TOKEN_STORE_JOINED)
		return revoked(&member, org, error);
	rc = read_directory(buyer, member.origin, org, &directory, error);
	if (rc == 0)
		rc = fetch(buyer, outbox, &member, directory, now, error);
	token_directory_free(directory);
	explicit_bzero(&member, sizeof member);
	return rc;
}
