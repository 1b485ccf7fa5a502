/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

enum { PLAN_PATH_BYTES = 4096, PLAN_LINE_BYTES = 128, ID_DIGITS = 2 * PLAN_ID_BYTES };

static int plan_path(const char *folder, const char *name, char path[static PLAN_PATH_BYTES], struct error *error)
{
	int length = snprintf(path, PLAN_PATH_BYTES, "%s/%s", folder, name);

	return length > 0 && length < PLAN_PATH_BYTES
		       ? 0
		       : error_set(error, FAULT_INPUT, "%s: the name is too long", folder);
}

static int system_fault(const char *path, struct error *error)
{
	return error_set(error, FAULT_SYSTEM, "%s: %s", path, strerror(errno));
}

int plan_read(const char *folder, struct plan *plan, struct error *error)
{
	char path[PLAN_PATH_BYTES], id[ID_DIGITS + 1] = "";
	FILE *file;
	int rc = plan_path(folder, "replay", path, error);

	*plan = (struct plan){0};
	if (rc < 0)
		return rc;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? PLAN_NONE : system_fault(path, error);
	if (fscanf(file, "turf replay %32s %" SCNu32 " %" SCNu64 " %" SCNu32, id, &plan->mark, &plan->rows,
		   &plan->clients) != 4 ||
	    hex_decode(id, plan->id, PLAN_ID_BYTES) != 0 || plan->clients == 0)
		rc = error_set(error, FAULT_DAMAGED, "%s does not name its replay", path);
	(void)fclose(file);
	return rc;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int write_synced(const char *path, const char *line)
{
	FILE *file = fopen(path, "we");
	bool good;

	if (!file)
		return -1;
	good = fputs(line, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	return fclose(file) == 0 && good ? 0 : -1;
}

/* Writes to another name first, so that the file is either complete or not there. */
int plan_write(const char *folder, struct plan *plan, struct error *error)
{
	char path[PLAN_PATH_BYTES], fresh[PLAN_PATH_BYTES], line[PLAN_LINE_BYTES], id[ID_DIGITS + 1];
	int rc = plan_path(folder, "replay", path, error);

	if (rc == 0)
		rc = plan_path(folder, "replay.new", fresh, error);
	if (rc < 0)
		return rc;
	if (random_bytes(plan->id, sizeof plan->id) != 0)
		return system_fault("random bytes", error);
	hex_encode(plan->id, PLAN_ID_BYTES, id);
	(void)snprintf(line, sizeof line, "turf replay %s %" PRIu32 " %" PRIu64 " %" PRIu32 "\n", id, plan->mark,
		       plan->rows, plan->clients);
	if (write_synced(fresh, line) != 0 || rename(fresh, path) != 0 || sync_folder(folder) != 0)
		return system_fault(path, error);
	return 0;
}

int plan_end(const char *folder, struct error *error)
{
	char path[PLAN_PATH_BYTES];
	int rc = plan_path(folder, "replay", path, error);

	if (rc < 0)
		return rc;
	if (unlink(path) != 0 || sync_folder(folder) != 0)
		return system_fault(path, error);
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
