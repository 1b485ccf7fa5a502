/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/backoff.h"

int64_t backoff_ms(int64_t first_ms, int64_t max_ms, uint32_t attempts)
{
	int64_t ms = first_ms;

	for (uint32_t i = 1; i < attempts && ms < max_ms; i++)
		ms = ms * 2 < max_ms ? ms * 2 : max_ms;
	return ms;
}

int64_t backoff_spread_ms(int64_t ms, uint32_t random)
{
	return ms / 2 + random % (ms / 2 + 1);
}
