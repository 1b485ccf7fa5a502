/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the daemon last saw of its store, in a folder of its own beside it: DIRECTORY.last-seen/store. The daemon uses
 * it to notice that the directory was moved away, or that an older copy was put in its place. It is never ahead of the
 * store, because it is written only after the commit is on the disk.
 * The same folder has the secret of the daemon's client id, which no backup of the store has.
 */
#ifndef TURF_STORE_FILES_LAST_SEEN_H
#define TURF_STORE_FILES_LAST_SEEN_H

#include <stdint.h>

#include "base/error.h"
#include "proto/message.h"

struct last_seen {
	const char *org;
	const char *epoch;
	uint64_t generation;
};

/* `sync`: it outlasts a power cut when this returns. */
int last_seen_write(const char *directory, const struct last_seen *seen, bool sync, struct error *error);

/* FAULT_INPUT: there is no data file in `directory`, or no such directory, and there was a store. */
int last_seen_check_there(const char *directory, struct error *error);

/* FAULT_INPUT: the store, of this epoch and generation, was further on when it was last seen. A file that says nothing is passed over. */
int last_seen_check_newer(const char *directory, const char *epoch, uint64_t generation, struct error *error);

enum { CLIENT_SECRET_BYTES = 17 }; /* 16 hexadecimal digits and a zero */

/*
 * The secret end of the daemon's client id at the broker, from DIRECTORY.last-seen/client-id; drawn when none stands there. Who
 * knows the id can end the daemon's connection. After a fault, `secret` is drawn and not kept, or empty.
 */
int last_seen_client_secret(const char *directory, char secret[static CLIENT_SECRET_BYTES], struct error *error);

#endif
