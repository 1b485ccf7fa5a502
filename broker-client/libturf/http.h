/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One HTTP request to turfdoor, by libcurl: over TLS whose certificate is checked, or without TLS to a loopback address. It
 * follows no redirection, sends no cookie and keeps none, and reads no more than it was told to.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_HTTP_H
#define TURF_BROKER_CLIENT_LIBTURF_HTTP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct http_request {
	const char *url;
	const char *bearer;  /* for the header "Authorization: Bearer ..."; NULL: none */
	const void *body;    /* NULL: it is a GET, otherwise a POST */
	size_t length;       /* of the body */
	size_t answer_max;   /* a longer answer is a fault */
	const char *ca_file; /* PEM of the authority that signed the certificate; NULL: the system's */
};

struct http_answer {
	unsigned status;
	char *body; /* on the heap, the caller's to free; a zero follows it */
	size_t length;
};

/* How requests are sent. Tests send them to a turfdoor in the same process. 0, whatever the status; FAULT_BROKER: there is no
 * answer; FAULT_MEMORY. After a fault `answer->body` is NULL. */
typedef int http_sender(void *context, const struct http_request *request, struct http_answer *answer,
			struct error *error);

/* The sender that uses the network. `context`: an atomic_bool that ends the request when it becomes true, or NULL. */
http_sender http_send;

#endif
