/* SPDX-License-Identifier: EUPL-1.2 */
#include "door/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"

#define DIRECTORY_PATH "/.well-known/private-token-issuer-directory"
#define JOIN_PATH "/door/join"
#define BATCH_PATH "/door/batch"
#define JSON_TYPE "application/json"
#define BEARER "Bearer "

enum { SECONDS_A_DAY = 86400, JOIN_BYTES = DOOR_CODE_BYTES + DOOR_CREDENTIAL_BYTES };

/* ---- Answers ---------------------------------------------------------------------------------------------- */

int service_refuse(struct service_answer *answer, unsigned status, const char *word)
{
	int length = asprintf(&answer->body, "{\"error\":\"%s\"}\n", word);

	if (length < 0) {
		answer->body = NULL;
		return FAULT_MEMORY;
	}
	answer->status = status;
	answer->type = JSON_TYPE;
	answer->length = (size_t)length;
	return 0;
}

/* What each refusal is called; the row of a result is its number. */
struct refusal {
	unsigned status;
	const char *word;
};

static int refuse(struct service_answer *answer, const struct refusal *refusal)
{
	return service_refuse(answer, refusal->status, refusal->word);
}

/* JSON that is written piece by piece. What goes in has no character that would need escaping: slugs, names of scopes and hosts,
 * base64url. */
struct writer {
	FILE *out;
	char *text;
	size_t length;
};

static int begin(struct writer *writer, struct error *error)
{
	*writer = (struct writer){.out = NULL};
	writer->out = open_memstream(&writer->text, &writer->length);
	return writer->out ? 0 : error_set(error, FAULT_MEMORY, "no memory for an answer");
}

static int finish(struct writer *writer, int rc, const char *type, struct service_answer *answer, struct error *error)
{
	bool failed = ferror(writer->out) != 0;

	failed |= fclose(writer->out) != 0;
	if (rc == 0 && failed)
		rc = error_set(error, FAULT_MEMORY, "no memory for an answer");
	if (rc != 0) {
		free(writer->text);
		return rc;
	}
	*answer = (struct service_answer){200, type, writer->text, writer->length};
	return 0;
}

/* ---- The directory of keys ---------------------------------------------------------------------------------- */

static int answer_directory(struct door *door, uint32_t today, struct service_answer *answer, struct error *error)
{
	struct token_directory *directory;
	char *text;
	int rc = door_directory(door, today, &directory, error);

	if (rc < 0)
		return rc;
	text = token_directory_print(directory);
	token_directory_free(directory);
	if (!text)
		return error_set(error, FAULT_MEMORY, "no memory for the public keys");
	*answer = (struct service_answer){200, "application/private-token-issuer-directory", text, strlen(text)};
	return 0;
}

/* ---- Joining -------------------------------------------------------------------------------------------------- */

static const struct refusal join_refusals[] = {
	[DOOR_NO_INVITATION] = {404, "invitation-unknown"},
	[DOOR_INVITATION_USED] = {410, "invitation-used"},
	[DOOR_INVITATION_ENDED] = {410, "invitation-ended"},
	[DOOR_CREDENTIAL_KNOWN] = {409, "credential-known"},
};

static int write_membership(const struct door *door, const char *name, struct service_answer *answer,
			    struct error *error)
{
	struct writer writer;
	struct scope scope;
	int rc = begin(&writer, error);

	if (rc < 0)
		return rc;
	if (scope_parse(name, &scope) < 0)
		rc = error_set(error, FAULT_DAMAGED, "the name of a scope is damaged");
	else
		(void)fprintf(
			writer.out, "{\"org\":\"%s\",\"issuer\":\"%s\",\"scope\":\"%s\",\"role\":\"%s\",\"teams\":[",
			door_settings(door)->org, door_settings(door)->host, name, scope.leader ? "leader" : "worker");
	for (unsigned i = 0; i < scope.n_teams && rc == 0; i++)
		(void)fprintf(writer.out, "%s\"%s\"", i > 0 ? "," : "", scope.teams[i]);
	(void)fprintf(writer.out, "],\"batch\":%u}\n", door_settings(door)->batch);
	return finish(&writer, rc, JSON_TYPE, answer, error);
}

static int answer_join(struct door *door, const struct service_request *request, uint32_t today,
		       struct service_answer *answer, struct error *error)
{
	char scope[SCOPE_BYTES];
	int rc = door_join(door, request->body, request->body + DOOR_CODE_BYTES, request->unix_seconds, today, scope,
			   error);

	if (rc > 0)
		return refuse(answer, &join_refusals[rc]);
	if (rc == 0) /* the scope may be new */
		rc = door_prepare(door, request->unix_seconds, today, error);
	return rc == 0 ? write_membership(door, scope, answer, error) : rc;
}

/* ---- Batches ---------------------------------------------------------------------------------------------------- */

static const struct refusal batch_refusals[] = {
	[DOOR_NO_CREDENTIAL] = {401, "credential-unknown"},
	[DOOR_REVOKED] = {403, "revoked"},
	[DOOR_NO_KEY] = {404, "key-unknown"},
	[DOOR_BATCH_TAKEN] = {409, "batch-taken"},
	[DOOR_BATCH_MALFORMED] = {400, "batch-malformed"},
};

static bool read_credential(const char *authorization, uint8_t credential[static DOOR_CREDENTIAL_BYTES])
{
	const char *text;

	if (!authorization || strncmp(authorization, BEARER, strlen(BEARER)) != 0)
		return false;
	text = authorization + strlen(BEARER);
	return base64url_decode(text, strlen(text), credential, DOOR_CREDENTIAL_BYTES) == 0;
}

static int answer_batch(struct door *door, const struct service_request *request, uint32_t today,
			struct service_answer *answer, struct error *error)
{
	uint8_t credential[DOOR_CREDENTIAL_BYTES];
	const struct door_batch_request wanted = {credential, request->body, request->body + TOKEN_DIGEST_BYTES,
						  request->length - TOKEN_DIGEST_BYTES};
	uint8_t *signatures;
	int rc;

	if (!read_credential(request->authorization, credential))
		return refuse(answer, &batch_refusals[DOOR_NO_CREDENTIAL]);
	signatures = malloc(wanted.length);
	if (!signatures)
		return error_set(error, FAULT_MEMORY, "no memory for a batch");
	rc = door_take_batch(door, &wanted, today, signatures, error);
	if (rc == 0) {
		*answer = (struct service_answer){200, "application/octet-stream", (char *)signatures, wanted.length};
		return 0;
	}
	free(signatures);
	return rc > 0 ? refuse(answer, &batch_refusals[rc]) : rc;
}

/* ---- Requests --------------------------------------------------------------------------------------------------- */

long service_body_length(const struct door *door, const char *method, const char *path)
{
	if (strcmp(path, DIRECTORY_PATH) == 0)
		return strcmp(method, "GET") == 0 ? 0 : SERVICE_NO_METHOD;
	if (strcmp(path, JOIN_PATH) == 0)
		return strcmp(method, "POST") == 0 ? JOIN_BYTES : SERVICE_NO_METHOD;
	if (strcmp(path, BATCH_PATH) == 0)
		return strcmp(method, "POST") == 0
			       ? TOKEN_DIGEST_BYTES + (long)door_settings(door)->batch * TOKEN_MODULUS_BYTES
			       : SERVICE_NO_METHOD;
	return SERVICE_NO_PATH;
}

static int choose(struct door *door, const struct service_request *request, struct service_answer *answer,
		  struct error *error)
{
	long length = service_body_length(door, request->method, request->path);
	uint32_t today = (uint32_t)(request->unix_seconds / SECONDS_A_DAY);

	if (length == SERVICE_NO_PATH)
		return service_refuse(answer, 404, "no-such-path");
	if (length == SERVICE_NO_METHOD)
		return service_refuse(answer, 405, "no-such-method");
	if (request->length != (size_t)length)
		return service_refuse(answer, 400, "wrong-length");
	if (strcmp(request->path, JOIN_PATH) == 0)
		return answer_join(door, request, today, answer, error);
	if (strcmp(request->path, BATCH_PATH) == 0)
		return answer_batch(door, request, today, answer, error);
	return answer_directory(door, today, answer, error);
}

int service_answer(struct door *door, const struct service_request *request, struct service_answer *answer,
		   struct error *error)
{
	int rc;

	*answer = (struct service_answer){.body = NULL};
	rc = choose(door, request, answer, error);
	if (rc < 0)
		(void)service_refuse(answer, 500, "fault");
	return rc;
}
