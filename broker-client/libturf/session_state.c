/* SPDX-License-Identifier: EUPL-1.2 */
/* What the callers and the thread of a handle share: waiting, waking, the state of the connection. And the checks of what a
 * program passes to turf.h. */
#include "broker-client/libturf/turf_impl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/monotonic.h"

static const int64_t forever_ms = INT64_C(10) * 365 * 86400 * 1000; /* ten years; the clock can hold it */

int64_t session_deadline_ms(int timeout_ms)
{
	return monotonic_ms() + (timeout_ms < 0 ? forever_ms : timeout_ms);
}

int session_left_ms(int64_t until_ms)
{
	int64_t left_ms = until_ms - monotonic_ms();

	return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

int session_take_sized(void *to, size_t to_bytes, const void *from, size_t from_bytes, const char *name,
		       struct error *error)
{
	const unsigned char *bytes = from;

	if (from_bytes < sizeof(size_t))
		return error_set(error, FAULT_INPUT, "%s: its size is %zu; expected sizeof(struct %s)", name,
				 from_bytes, name);
	for (size_t i = to_bytes; i < from_bytes; i++)
		if (bytes[i] != 0)
			return error_set(error, FAULT_INPUT, "%s: it has a member that libturf %s does not know", name,
					 TURF_VERSION);
	memset(to, 0, to_bytes);
	memcpy(to, from, from_bytes < to_bytes ? from_bytes : to_bytes);
	return 0;
}

int session_check_org(const char *org, struct error *error)
{
	return org && topic_slug_valid(org)
		       ? 0
		       : error_set(error, FAULT_INPUT, "org \"%s\": expected [a-z0-9][a-z0-9-]{0,30}", org ? org : "");
}

bool session_wait_change(struct turf *turf, uint64_t seen, int64_t until_ms)
{
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

	while (turf->changes == seen) {
		if (monotonic_ms() >= until_ms)
			return false;
		(void)pthread_cond_timedwait(&turf->changed, &turf->lock, &until);
	}
	return true;
}

void session_wake_to_send(struct turf *turf)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->send_asked = true;
	(void)pthread_mutex_unlock(&turf->lock);
	connection_wake(&turf->connection);
}

void session_set_connection(struct turf *turf, enum turf_connection state, const char *reason)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->state = state;
	if (reason) {
		size_t length = strnlen(reason, sizeof turf->reason - 1);

		memcpy(turf->reason, reason, length);
		turf->reason[length] = '\0';
	}
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
}

void session_show_fault(struct turf *turf, const struct error *error)
{
	session_set_connection(turf, turf->link == LINK_UP ? TURF_ONLINE : TURF_CONNECTING, error->text);
}
