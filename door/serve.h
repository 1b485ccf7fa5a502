/* SPDX-License-Identifier: EUPL-1.2 */
/* Answers HTTP on a loopback address until a signal ends it: turfdoor serve behind nginx, turfdoor check beside a broker. */
#ifndef TURF_DOOR_SERVE_H
#define TURF_DOOR_SERVE_H

#include <stdbool.h>

#include "door/service.h"

/* What is served. The calls come from one thread. */
struct serve_service {
	const char *name; /* the first word of its lines in the log */
	void *context;
	bool shorter_too; /* a body may be shorter than what body_length says */

	/* As service_body_length and service_answer. */
	long (*body_length)(void *context, const char *method, const char *path);
	int (*answer)(void *context, const struct service_request *request, struct service_answer *answer,
		      struct error *error);

	void (*tick)(void *context); /* at the start, and then about once a second */
};

/* `listen`: ADDRESS:PORT, where the address is 127.0.0.1 or [::1]. Logs the port once it is bound: with port 0 the system
 * has chosen it. 0 after SIGTERM or SIGINT, or a fault. */
int serve_run(const struct serve_service *service, const char *listen, struct error *error);

#endif
