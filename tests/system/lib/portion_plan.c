/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reads and changes when the next portion of an outbox goes (libturf, session_portion.c), so that a test need not wait for hours.
 * Arguments: an outbox, its org, and, to change it, the moment in unix seconds. Prints the moment that is planned.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker-client/libturf/outbox.h"

int main(int argc, char **argv)
{
	struct outbox *outbox;
	struct error error = {""};
	int64_t at = 0;
	int rc;

	if (argc < 3)
		return 2;
	rc = outbox_open(&outbox, argv[1], argv[2], &error);
	if (rc == 0 && argc > 3)
		rc = outbox_put_portion(outbox, strtoll(argv[3], NULL, 10), &error);
	if (rc == 0)
		rc = outbox_portion(outbox, &at, &error);
	printf("%" PRId64 "\n", at);
	if (rc != 0)
		(void)fprintf(stderr, "%s\n", error.text);
	outbox_close(outbox);
	return rc == 0 ? 0 : 1;
}
