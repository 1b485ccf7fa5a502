/* SPDX-License-Identifier: EUPL-1.2 */
/* The part of a handle that its callers and its worker share: waiting, waking, how the connection stands. */
#include "broker-client/libturf/turf_impl.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"

int64_t session_monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int session_fresh_client_id(char id[static CLIENT_ID_BYTES], struct error *error)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	uint8_t bytes[CLIENT_ID_CHARS];

	if (random_bytes(bytes, sizeof bytes) != 0)
		return error_set(error, FAULT_SYSTEM, "no random bytes: %s", strerror(errno));
	for (size_t i = 0; i < CLIENT_ID_CHARS; i++)
		id[i] = alphabet[bytes[i] & 63];
	id[CLIENT_ID_CHARS] = '\0';
	return 0;
}

struct timespec session_timespec(int64_t ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

bool session_wait_change(struct turf *turf, uint64_t seen, int64_t until_ms)
{
	struct timespec until = session_timespec(until_ms);

	while (turf->changes == seen) {
		if (session_monotonic_ms() >= until_ms)
			return false;
		(void)pthread_cond_timedwait(&turf->changed, &turf->lock, &until);
	}
	return true;
}

void session_poke(struct turf *turf)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->poked = true;
	(void)pthread_cond_signal(&turf->wake);
	(void)pthread_mutex_unlock(&turf->lock);
}

void session_tell(struct turf *turf, enum turf_connection connection, const char *reason)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->connection = connection;
	if (reason) {
		size_t length = strnlen(reason, sizeof turf->reason - 1);

		memcpy(turf->reason, reason, length);
		turf->reason[length] = '\0';
	}
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
}

void session_fault(struct turf *turf, const struct error *error)
{
	session_tell(turf, turf->link == LINK_UP ? TURF_ONLINE : TURF_CONNECTING, error->text);
}
