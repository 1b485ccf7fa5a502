/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/files/last_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/files/files.h"

#define SUFFIX ".last-seen"
#define FILE_NAME "store"
#define SECRET_NAME "client-id"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, TEXT_BYTES = 512 };

/* One sector, written over in place: it needs no room on a full disk, and is never half of one and half of another. */
#define TEXT                                                                                             \
	"What turfd last saw of the store beside this folder (docs/operating.md, Where the store is).\n" \
	"org %s\n"
#define STATE "epoch %.32s\ngeneration %020" PRIu64 "\n"
#define STATE_READ "epoch %32[0-9a-f] generation %" SCNu64

static int folder_path(char out[static PATH_MAX], const char *directory, struct error *error)
{
	size_t length = strnlen(directory, PATH_MAX);

	while (length > 1 && directory[length - 1] == '/')
		length--;
	if (length + sizeof SUFFIX > PATH_MAX)
		return error_set(error, FAULT_INPUT, "%s: the path is too long", directory);
	memcpy(out, directory, length);
	memcpy(out + length, SUFFIX, sizeof SUFFIX);
	return 0;
}

static int file_path(char out[static PATH_MAX], const char *directory, struct error *error)
{
	char folder[PATH_MAX];
	int rc = folder_path(folder, directory, error);

	return rc < 0 ? rc : files_path(out, folder, FILE_NAME, error);
}

static int make_folder(const char *folder, struct error *error)
{
	return mkdir(folder, DIRECTORY_MODE) < 0 && errno != EEXIST
		       ? files_fault(error, folder, "cannot make the folder")
		       : 0;
}

/* ---- Writing -------------------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text, size_t length, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, FILE_MODE), rc = 0;

	if (fd < 0)
		return files_fault(error, path, "open");
	if (pwrite(fd, text, length, 0) != (ssize_t)length)
		rc = files_fault(error, path, "write");
	files_close(&fd);
	return rc;
}

static int sync_all(const char *path, const char *folder, struct error *error)
{
	int rc = files_sync(path, error);

	if (rc == 0)
		rc = files_sync(folder, error);
	return rc == 0 ? files_sync_parent(folder, error) : rc;
}

int last_seen_write(const char *directory, const struct last_seen *seen, bool sync, struct error *error)
{
	char folder[PATH_MAX], path[PATH_MAX], text[TEXT_BYTES];
	int rc = folder_path(folder, directory, error), length;

	if (rc == 0)
		rc = files_path(path, folder, FILE_NAME, error);
	if (rc == 0 && sync)
		rc = make_folder(folder, error);
	if (rc < 0)
		return rc;
	length = snprintf(text, sizeof text, TEXT STATE, seen->org, seen->epoch, seen->generation);
	rc = write_text(path, text, (size_t)length, error);
	return rc == 0 && sync ? sync_all(path, folder, error) : rc;
}

/* ---- Comparing ------------------------------------------------------------------------------------ */

/* 0: it is there. FILES_NO_STORE: it is not. */
static int look_at_file(const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status) == 0)
		return 0;
	return errno == ENOENT || errno == ENOTDIR ? FILES_NO_STORE : files_fault(error, path, "cannot look at it");
}

int last_seen_check_there(const char *directory, struct error *error)
{
	char data[PATH_MAX], path[PATH_MAX];
	int rc = files_path(data, directory, DATA_FILE, error);

	if (rc == 0)
		rc = look_at_file(data, error);
	if (rc != FILES_NO_STORE)
		return rc;
	rc = file_path(path, directory, error);
	if (rc == 0)
		rc = look_at_file(path, error);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return error_set(
		error, FAULT_INPUT,
		"%s: the store is gone, and turfd makes no empty one in its place: move the store back, mount its disk, or restore a "
		"backup; to begin with an empty store, remove %s first",
		directory, path);
}

static bool read_state(const char *path, char epoch[static EPOCH_TEXT_BYTES], uint64_t *generation)
{
	char text[TEXT_BYTES] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : 0;
	const char *state = length > 0 ? strstr(text, "\nepoch ") : NULL;

	files_close(&fd);
	return state && sscanf(state + 1, STATE_READ, epoch, generation) == 2;
}

int last_seen_check_newer(const char *directory, const char *epoch, uint64_t generation, struct error *error)
{
	char path[PATH_MAX], seen_epoch[EPOCH_TEXT_BYTES];
	uint64_t seen = 0;
	int rc = file_path(path, directory, error);

	if (rc < 0 || !read_state(path, seen_epoch, &seen) || strcmp(epoch, seen_epoch) != 0 || generation >= seen)
		return rc;
	return error_set(
		error, FAULT_INPUT,
		"%s: this is an older copy of the store (generation %" PRIu64 "; turfd last saw %" PRIu64
		"), and phones would not send again what it lacks: put the right file back, or bring this one in with "
		"turfctl restore; to continue with this copy anyway, remove %s",
		directory, generation, seen, path);
}

/* ---- The secret of the client id -------------------------------------------------------------------- */

enum { SECRET_BITS_BYTES = (CLIENT_SECRET_BYTES - 1) / 2 };

static bool read_secret(const char *path, char secret[static CLIENT_SECRET_BYTES])
{
	uint8_t bytes[SECRET_BITS_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? pread(fd, secret, CLIENT_SECRET_BYTES, 0) : 0;
	bool whole = length == CLIENT_SECRET_BYTES && secret[length - 1] == '\n';

	files_close(&fd);
	secret[CLIENT_SECRET_BYTES - 1] = '\0';
	return whole && hex_decode(secret, bytes, sizeof bytes) == 0;
}

int last_seen_client_secret(const char *directory, char secret[static CLIENT_SECRET_BYTES], struct error *error)
{
	char folder[PATH_MAX], path[PATH_MAX], text[CLIENT_SECRET_BYTES + 1];
	uint8_t bytes[SECRET_BITS_BYTES];
	int rc = folder_path(folder, directory, error);

	if (rc == 0)
		rc = files_path(path, folder, SECRET_NAME, error);
	if (rc == 0 && read_secret(path, secret))
		return 0;
	secret[0] = '\0';
	if (random_bytes(bytes, sizeof bytes) < 0)
		return error_set(error, FAULT_SYSTEM, "no random bytes for the client id");
	hex_encode(bytes, sizeof bytes, secret);
	(void)snprintf(text, sizeof text, "%s\n", secret);
	if (rc == 0)
		rc = make_folder(folder, error);
	if (rc == 0)
		rc = write_text(path, text, strlen(text), error);
	return rc == 0 ? sync_all(path, folder, error) : rc;
}
