/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/mqtt/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "broker-client/mqtt/mqtt_common.h"

enum { ADDRESS_BYTES = NI_MAXHOST + 2, FAILURE_BYTES = MQTT_HOST_BYTES + 128 };

static pthread_mutex_t lookups = PTHREAD_MUTEX_INITIALIZER; /* of every slot, and held while `done` runs */

/* Its thread frees it. */
struct lookup {
	struct lookup **slot; /* NULL once nobody wants the answer */
	lookup_done *done;
	void *context;
	char host[MQTT_HOST_BYTES];
};

/* The first IPv4 address, else the first there is: what Paho would take. */
static const struct addrinfo *choose_address(const struct addrinfo *found)
{
	for (const struct addrinfo *each = found; each; each = each->ai_next)
		if (each->ai_family == AF_INET)
			return each;
	return found;
}

/* 0 or an EAI code. */
static int format_address(const struct addrinfo *chosen, char text[static ADDRESS_BYTES])
{
	char number[NI_MAXHOST];
	int rc = getnameinfo(chosen->ai_addr, chosen->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST);

	if (rc == 0)
		(void)snprintf(text, ADDRESS_BYTES, chosen->ai_family == AF_INET6 ? "[%s]" : "%s", number);
	return rc;
}

static void answer(struct lookup *lookup, const char *address, int rc)
{
	char failure[FAILURE_BYTES];

	(void)snprintf(failure, sizeof failure, "%s: %s", lookup->host, rc == 0 ? "" : gai_strerror(rc));
	(void)pthread_mutex_lock(&lookups);
	if (lookup->slot) {
		*lookup->slot = NULL;
		lookup->done(lookup->context, rc == 0 ? address : NULL, rc == 0 ? NULL : failure);
	}
	(void)pthread_mutex_unlock(&lookups);
}

static void *run_lookup(void *context)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct lookup *lookup = context;
	char address[ADDRESS_BYTES] = "";
	int rc = getaddrinfo(lookup->host, NULL, &hints, &found);

	if (rc == 0)
		rc = format_address(choose_address(found), address);
	if (found)
		freeaddrinfo(found);
	answer(lookup, address, rc);
	free(lookup);
	return NULL;
}

int lookup_start(struct lookup **slot, const char *host, lookup_done *done, void *context, struct error *error)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);
	pthread_t thread;
	int rc;

	if (!lookup)
		return error_set(error, FAULT_MEMORY, "no memory to look up %s", host);
	*lookup = (struct lookup){.slot = slot, .done = done, .context = context};
	(void)snprintf(lookup->host, sizeof lookup->host, "%s", host);
	(void)pthread_mutex_lock(&lookups); /* so that the thread's answer finds the slot filled */
	if (*slot)
		(*slot)->slot = NULL;
	rc = pthread_create(&thread, NULL, run_lookup, lookup);
	*slot = rc == 0 ? lookup : NULL;
	if (rc == 0)
		(void)pthread_detach(thread);
	(void)pthread_mutex_unlock(&lookups);
	if (rc == 0)
		return 0;
	free(lookup);
	return error_set(error, FAULT_SYSTEM, "cannot start a thread to look up %s: %s", host, strerror(rc));
}

void lookup_abandon(struct lookup **slot)
{
	(void)pthread_mutex_lock(&lookups);
	if (*slot)
		(*slot)->slot = NULL;
	*slot = NULL;
	(void)pthread_mutex_unlock(&lookups);
}

bool lookup_is_address(const char *host)
{
	struct in_addr address;

	return *host == '[' || inet_pton(AF_INET, host, &address) == 1;
}
