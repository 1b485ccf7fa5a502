/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One thread: it waits, lets libmicrohttpd read and write, and calls the service's tick. A request whose length is wrong is
 * refused before its body is read; a body is never longer than what the service's body_length says.
 *
 * Nothing is logged of a request: no address, no path, no credential. Only faults are.
 */
#include "door/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

enum {
	CONNECTIONS_MAX = 64,
	CONNECTION_BYTES = 8 << 10, /* for the headers of a request and what libmicrohttpd adds */
	SILENCE_S = 10,             /* a connection on which nothing moves is closed */
	REQUEST_S = 30,             /* so is one whose body is not whole by then */
	WAIT_MS = 1000,
};

static volatile sig_atomic_t stopping;

static void stop(int number)
{
	(void)number;
	stopping = 1;
}

/* A request whose body arrives. */
struct arriving {
	time_t until;
	size_t length, have;
	uint8_t body[]; /* `length` bytes */
};

static time_t monotonic(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ---- Answers -------------------------------------------------------------------------------------------------- */

/* Takes the answer's body. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct service_answer *answer)
{
	struct MHD_Response *response =
		answer->body ? MHD_create_response_from_buffer(answer->length, answer->body, MHD_RESPMEM_MUST_FREE)
			     : NULL;
	enum MHD_Result rc;

	if (!response) {
		free(answer->body);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	rc = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result send_refusal(struct MHD_Connection *connection, unsigned status, const char *word)
{
	struct service_answer answer;

	return service_refuse(&answer, status, word) == 0 ? send_answer(connection, &answer) : MHD_NO;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_whole(const struct serve_service *service, struct MHD_Connection *connection,
				    const char *method, const char *path, const struct arriving *arriving)
{
	const struct service_request request = {
		.method = method,
		.path = path,
		.authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
		.body = arriving->body,
		.length = arriving->have,
		.unix_seconds = (uint64_t)time(NULL),
		.monotonic_s = monotonic(),
	};
	struct service_answer answer;
	struct error error;

	if (service->answer(service->context, &request, &answer, &error) < 0)
		log_error("%s-fault reason=\"%s\"", service->name, error.text);
	return send_answer(connection, &answer);
}

/* ---- Requests ------------------------------------------------------------------------------------------------- */

/* What is wrong with a request, by its first line and its headers; NULL: nothing. */
static const char *find_mistake(const struct serve_service *service, struct MHD_Connection *connection, long wanted,
				unsigned *status)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long given;
	char *end = NULL;

	*status = 400;
	if (wanted == SERVICE_NO_PATH || wanted == SERVICE_NO_METHOD) {
		*status = wanted == SERVICE_NO_PATH ? 404 : 405;
		return wanted == SERVICE_NO_PATH ? "no-such-path" : "no-such-method";
	}
	if (header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (!length && wanted > 0)) {
		*status = 411;
		return "length-required";
	}
	if (!length)
		return NULL;
	given = strtoul(length, &end, 10);
	if (*length < '0' || *length > '9' || *end || given > (unsigned long)wanted ||
	    (given < (unsigned long)wanted && !service->shorter_too))
		return "wrong-length";
	return NULL;
}

/* The first of several calls for a request. */
static enum MHD_Result begin_request(const struct serve_service *service, struct MHD_Connection *connection,
				     const char *method, const char *path, void **request)
{
	long wanted = service->body_length(service->context, method, path);
	unsigned status;
	const char *mistake = find_mistake(service, connection, wanted, &status);
	struct arriving *arriving;

	if (mistake)
		return send_refusal(connection, status, mistake);
	arriving = calloc(1, sizeof *arriving + (size_t)wanted);
	if (!arriving)
		return send_refusal(connection, 503, "no-memory");
	arriving->length = (size_t)wanted;
	arriving->until = monotonic() + REQUEST_S;
	*request = arriving;
	return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *data, size_t *length, void **request)
{
	struct arriving *arriving = *request;

	(void)version;
	if (!arriving)
		return begin_request(context, connection, method, path, request);
	if (*length == 0)
		return answer_whole(context, connection, method, path, arriving);
	if (*length > arriving->length - arriving->have || monotonic() > arriving->until)
		return MHD_NO;
	memcpy(arriving->body + arriving->have, data, *length);
	arriving->have += *length;
	*length = 0;
	return MHD_YES;
}

static void end_request(void *context, struct MHD_Connection *connection, void **request,
			enum MHD_RequestTerminationCode why)
{
	struct arriving *arriving = *request;

	(void)context, (void)connection, (void)why;
	if (arriving)
		explicit_bzero(arriving->body, arriving->length);
	free(arriving);
	*request = NULL;
}

/* ---- Listening ------------------------------------------------------------------------------------------------ */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_listen(const char *listen, union address *address, struct error *error)
{
	const char *colon = strrchr(listen, ':');
	char host[16], *end;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

	*address = (union address){.any = {.sa_family = AF_UNSPEC}};
	if (colon && colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port <= 65535 &&
	    (size_t)(colon - listen) < sizeof host) {
		memcpy(host, listen, (size_t)(colon - listen));
		host[colon - listen] = '\0';
		if (strcmp(host, "127.0.0.1") == 0)
			address->v4 = (struct sockaddr_in){.sin_family = AF_INET,
							   .sin_port = htons((uint16_t)port),
							   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		else if (strcmp(host, "[::1]") == 0)
			address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
							    .sin6_port = htons((uint16_t)port),
							    .sin6_addr = in6addr_loopback};
	}
	return address->any.sa_family != AF_UNSPEC
		       ? 0
		       : error_set(
				 error, FAULT_INPUT,
				 "--listen \"%s\": expected 127.0.0.1:PORT or [::1]:PORT; nginx stands between it and the network",
				 listen);
}

static struct MHD_Daemon *start(const struct serve_service *service, union address *address)
{
	unsigned flags = MHD_USE_EPOLL | (address->any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0U);

	return MHD_start_daemon(flags, 0, NULL, NULL, handle, (void *)(uintptr_t)service, MHD_OPTION_SOCK_ADDR,
				&address->any, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
				MHD_OPTION_END);
}

int serve_run(const struct serve_service *service, const char *listen, struct error *error)
{
	const struct sigaction action = {.sa_handler = stop};
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	union address address;
	time_t ticked = -1;
	int rc = parse_listen(listen, &address, error);

	if (rc < 0)
		return rc;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	daemon = start(service, &address);
	if (!daemon)
		return error_set(error, FAULT_SYSTEM, "cannot listen on %s: %s", listen, strerror(errno));
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	log_info("%s-listening port=%u", service->name, info ? info->port : 0U);
	while (!stopping) {
		if (monotonic() != ticked) {
			ticked = monotonic();
			service->tick(service->context);
		}
		if (MHD_run_wait(daemon, WAIT_MS) != MHD_YES) {
			rc = error_set(error, FAULT_SYSTEM, "cannot wait for requests");
			break;
		}
	}
	MHD_stop_daemon(daemon);
	return rc;
}
