/* SPDX-License-Identifier: EUPL-1.2 */
/* The status topic as the daemon hears it: its own word is not news, and only a younger daemon's name counts. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/daemon/status.h"
#include "tests/fuzz/lib/fuzz.h"

static const struct status ours = {
	.org = "toets",
	.version = "1",
	.since = 1577000000,
	.instance = "0000016f2c3d1f00",
	.epoch = "000102030405060708090a0b0c0d0e0f",
	.today = 18261,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct status status = ours;
	uint8_t *bytes = fuzz_copy(data, size);
	enum status_heard heard = status_hear(&status, bytes, size);
	char *json;

	if (size == 0)
		hold(heard == HEARD_OFFLINE);
	memset(status.instance, 0xff, INSTANCE_TEXT_BYTES - 1); /* no UTF-8 sorts after this: nobody is younger */
	hold(status_hear(&status, bytes, size) != HEARD_OTHER);
	free(bytes);
	json = status_json(&ours, true);
	hold(json && status_hear(&ours, (const uint8_t *)json, strlen(json)) == HEARD_NOTHING);
	free(json);
	json = status_json(&ours, false);
	hold(json && status_hear(&ours, (const uint8_t *)json, strlen(json)) == HEARD_OFFLINE);
	free(json);
	return 0;
}
