/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions to turfdoor check: whatever arrives is answered, and without a key nobody is let in. RabbitMQ's later questions are
 * answered by the tags that it gives, so there only the form of the answer must hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "door/check.h"
#include "tests/fuzz/lib/fuzz.h"

static const char *const paths[] = {"/emqx", "/rabbitmq/user", "/rabbitmq/vhost", "/rabbitmq/resource",
				    "/rabbitmq/topic"};

enum { PATHS = sizeof paths / sizeof *paths, NOW = 1796000000 };

static struct gate *gate;

static void open_gate(void)
{
	char keys[128], spent[128];

	(void)snprintf(keys, sizeof keys, "%s/keys", fuzz_folder());
	(void)snprintf(spent, sizeof spent, "%s/spent", fuzz_folder());
	hold(mkdir(keys, 0700) == 0);
	hold(gate_open(&gate, keys, spent, NULL) == 0);
}

static void check_json(const struct service_answer *answer)
{
	json_t *json = json_loadb(answer->body, answer->length, 0, NULL);
	const char *result = json_string_value(json_object_get(json, "result"));

	hold(json_is_object(json));
	hold(answer->status == 400 || strcmp(result, "deny") == 0 || strcmp(result, "ignore") == 0);
	json_decref(json);
}

static bool answer_is(const struct service_answer *answer, const char *word)
{
	return answer->length == strlen(word) && memcmp(answer->body, word, answer->length) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {data, size};
	uint32_t question = feed_below(&feed, PATHS);
	uint8_t *body = fuzz_copy(feed.at, feed.left);
	const struct service_request request = {
		.method = "POST", .path = paths[question], .body = body, .length = feed.left, .unix_seconds = NOW};
	struct service_answer answer;

	if (!gate)
		open_gate();
	if (request.length <= CHECK_BODY_MAX) {
		hold(check_answer(gate, &request, &answer, NULL) == 0);
		hold(answer.status == 200 || answer.status == 400);
		if (question == 0 || answer.status == 400)
			check_json(&answer);
		else
			hold(answer_is(&answer, "deny") || (question > 1 && answer_is(&answer, "allow")));
		free(answer.body);
	}
	free(body);
	return 0;
}
