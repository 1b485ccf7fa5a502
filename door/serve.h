/* SPDX-License-Identifier: EUPL-1.2 */
/* turfdoor serve: answers HTTP on a loopback address, behind nginx, until a signal ends it. */
#ifndef TURF_DOOR_SERVE_H
#define TURF_DOOR_SERVE_H

#include "door/door.h"

/* `listen`: ADDRESS:PORT, where the address is 127.0.0.1 or [::1]. Prints the port once it is bound: with port 0 the system
 * has chosen it. 0 after SIGTERM or SIGINT, or a fault. */
int serve_run(struct door *door, const char *listen, struct error *error);

#endif
