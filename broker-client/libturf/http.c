/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { CONNECT_S = 10, WHOLE_S = 60, HEADER_BYTES = 128 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start_library(void)
{
	started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* What arrives. */
struct arriving {
	struct http_answer *answer;
	size_t max;
	bool too_long, no_memory;
};

/* libcurl ends the request when this returns another number than it was given. */
static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct arriving *arriving = context;
	struct http_answer *answer = arriving->answer;
	char *longer;

	(void)size; /* always 1 */
	arriving->too_long = n > arriving->max - answer->length;
	if (arriving->too_long)
		return 0;
	longer = realloc(answer->body, answer->length + n + 1);
	arriving->no_memory = !longer;
	if (!longer)
		return 0;
	memcpy(longer + answer->length, bytes, n);
	answer->body = longer;
	answer->length += n;
	longer[answer->length] = '\0';
	return n;
}

/* libcurl calls it at least once a second. */
static int may_go_on(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const atomic_bool *stop = context;

	(void)down_total, (void)down, (void)up_total, (void)up;
	return atomic_load(stop);
}

static bool is_loopback(const char *url)
{
	return strncmp(url, "http://", strlen("http://")) == 0;
}

static bool set_request(CURL *curl, const struct http_request *request, struct curl_slist *headers)
{
	bool loopback = is_loopback(request->url);
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, request->url);

	rc |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, loopback ? "http" : "https");
	if (loopback) /* a proxy is another machine */
		rc |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (request->body) {
		rc |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
		rc |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		rc |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	}
	if (request->ca_file)
		rc |= curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	rc |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	return rc == CURLE_OK;
}

static bool set_limits(CURL *curl, struct arriving *arriving, const atomic_bool *stop, char *reason)
{
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

	rc |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	rc |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	rc |= curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_S);
	rc |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	rc |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, arriving);
	if (stop) {
		rc |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		rc |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, may_go_on);
		rc |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stop);
	}
	return rc == CURLE_OK;
}

/* NULL: no memory. "Expect:" without a value: the body follows at once. */
static struct curl_slist *make_headers(const struct http_request *request)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/octet-stream"), *more;
	char text[HEADER_BYTES];

	more = headers ? curl_slist_append(headers, "Expect:") : NULL;
	if (more && request->bearer) {
		(void)snprintf(text, sizeof text, "Authorization: Bearer %s", request->bearer);
		more = curl_slist_append(headers, text);
		explicit_bzero(text, sizeof text);
	}
	if (!more) {
		curl_slist_free_all(headers);
		return NULL;
	}
	return headers;
}

static int perform(CURL *curl, const struct http_request *request, const struct arriving *arriving, char *reason,
		   struct error *error)
{
	CURLcode rc = curl_easy_perform(curl);
	long status = 0;

	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OUT_OF_MEMORY || arriving->no_memory)
		return error_set(error, FAULT_MEMORY, "no memory for the answer of %s", request->url);
	if (arriving->too_long)
		return error_set(error, FAULT_BROKER, "%s: the answer is too long; is turfdoor there?", request->url);
	if (rc != CURLE_OK) {
		text_make_safe(reason);
		return error_set(error, FAULT_BROKER, "%s: %s", request->url,
				 *reason ? reason : curl_easy_strerror(rc));
	}
	arriving->answer->status = (unsigned)status;
	return 0;
}

int http_send(void *context, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	struct arriving arriving = {.answer = answer, .max = request->answer_max};
	char reason[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	CURL *curl;
	int rc;

	*answer = (struct http_answer){.status = 0};
	(void)pthread_once(&once, start_library);
	curl = started == CURLE_OK ? curl_easy_init() : NULL;
	headers = make_headers(request);
	if (curl && headers && set_request(curl, request, headers) && set_limits(curl, &arriving, context, reason))
		rc = perform(curl, request, &arriving, reason, error);
	else
		rc = error_set(error, FAULT_MEMORY, "no memory for a request to %s", request->url);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (rc == 0 && !answer->body) {
		answer->body = calloc(1, 1);
		rc = answer->body ? 0 : error_set(error, FAULT_MEMORY, "no memory for an answer");
	}
	if (rc < 0) {
		free(answer->body);
		answer->body = NULL;
	}
	return rc;
}
