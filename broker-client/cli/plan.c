/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

enum { PLAN_LINE_BYTES = 128, ID_DIGITS = 2 * PLAN_ID_BYTES };

int plan_read(int folder, struct plan *plan, struct error *error)
{
	char line[PLAN_LINE_BYTES + 1] = "", id[ID_DIGITS + 1] = "";
	int fd = openat(folder, "replay", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	*plan = (struct plan){0};
	if (fd < 0)
		return errno == ENOENT ? PLAN_NONE : error_set(error, FAULT_SYSTEM, "replay: %m");
	length = read(fd, line, PLAN_LINE_BYTES);
	(void)close(fd);
	if (length < 0 ||
	    sscanf(line, "turf replay %32s %" SCNu32 " %" SCNu64 " %" SCNu32, id, &plan->mark, &plan->rows,
		   &plan->clients) != 4 ||
	    hex_decode(id, plan->id, PLAN_ID_BYTES) != 0 || plan->clients == 0)
		return error_set(error, FAULT_DAMAGED, "replay does not name its replay");
	return 0;
}

static int write_synced(int folder, const char *name, const struct plan *plan)
{
	char id[ID_DIGITS + 1];
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool good;

	if (fd < 0)
		return -1;
	hex_encode(plan->id, PLAN_ID_BYTES, id);
	good = dprintf(fd, "turf replay %s %" PRIu32 " %" PRIu64 " %" PRIu32 "\n", id, plan->mark, plan->rows,
		       plan->clients) > 0 &&
	       fsync(fd) == 0;
	return close(fd) == 0 && good ? 0 : -1;
}

/* Writes to another name first, so that the file is either complete or not there. */
int plan_write(int folder, struct plan *plan, struct error *error)
{
	if (random_bytes(plan->id, sizeof plan->id) != 0 || write_synced(folder, "replay.new", plan) != 0 ||
	    renameat(folder, "replay.new", folder, "replay") != 0 || fsync(folder) != 0)
		return error_set(error, FAULT_SYSTEM, "replay: %m");
	return 0;
}

int plan_end(int folder, struct error *error)
{
	if (unlinkat(folder, "replay", 0) != 0 || fsync(folder) != 0)
		return error_set(error, FAULT_SYSTEM, "replay: %m");
	return 0;
}

bool plan_same(const struct plan *plan, const struct csv *csv, uint32_t clients)
{
	return plan->mark == csv->mark && plan->rows == csv->n && plan->clients == clients;
}

struct turf_bookmark plan_bookmark(const struct plan *plan, uint64_t dealt)
{
	struct turf_bookmark bookmark = {0};

	memcpy(bookmark.bytes, plan->id, PLAN_ID_BYTES);
	put_be64(bookmark.bytes + PLAN_ID_BYTES, dealt);
	return bookmark;
}

uint64_t plan_dealt(const struct plan *plan, const struct turf_bookmark *bookmark)
{
	return memcmp(bookmark->bytes, plan->id, PLAN_ID_BYTES) == 0 ? get_be64(bookmark->bytes + PLAN_ID_BYTES) : 0;
}
