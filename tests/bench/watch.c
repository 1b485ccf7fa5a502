/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-watch PORT CLIENT-ID FILTER [TEXT]: says "ready" when subscribed, and then the moment (nanoseconds of the
 * monotonic clock) and the length of the first message that arrives; with TEXT, of the first that is not retained and
 * contains TEXT.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/events.h"
#include "tests/bench/raw.h"

static bool wanted(const struct raw_packet *packet, const char *text)
{
	if (packet->type != RAW_PUBLISH)
		return false;
	return !text || (!packet->retained && memmem(packet->payload, packet->length, text, strlen(text)));
}

int main(int argc, char **argv)
{
	struct raw_packet packet;
	struct raw raw;

	if (argc != 4 && argc != 5)
		die("usage: bench-watch PORT CLIENT-ID FILTER [TEXT]");
	raw_connect(&raw, (uint16_t)number_argument(argv[1]), &(struct raw_login){.client_id = argv[2]});
	raw_subscribe(&raw, argv[3], 0);
	(void)puts("ready");
	(void)fflush(stdout);
	do {
		(void)raw_next(&raw, &packet, -1);
	} while (!wanted(&packet, argv[4]));
	(void)printf("%" PRIu64 " %zu\n", now_ns(), packet.length);
	raw_close(&raw);
	return 0;
}
