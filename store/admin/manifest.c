/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/admin/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/files/files.h"
#include "store/records.h"

#define MANIFEST_FILE "MANIFEST"

enum { MANIFEST_BYTES = 512, FILE_MODE = 0600, COPY_BYTES = 1 << 16, SHA256_BYTES = 32 };

static const char title[] = "turf store backup\n";

static int manifest_fault(struct error *error, const char *path, const char *what)
{
	return error_set(
		error, errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO ? FAULT_FULL : FAULT_SYSTEM,
		"%s: %s: %s", path, what, strerror(errno));
}

/* ---- Text --------------------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text, size_t length, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE), rc = 0;

	if (fd < 0)
		return manifest_fault(error, path, "cannot make it");
	if (write(fd, text, length) != (ssize_t)length || fsync(fd) < 0)
		rc = manifest_fault(error, path, "write");
	files_close(&fd);
	return rc;
}

int manifest_write(const char *directory, const struct manifest *manifest, struct error *error)
{
	char path[PATH_MAX], text[MANIFEST_BYTES];
	int rc = files_path(path, directory, MANIFEST_FILE, error), length;

	if (rc < 0)
		return rc;
	length = snprintf(text, sizeof text,
			  "%sformat %" PRIu32 "\norg %s\nepoch %s\ngeneration %" PRIu64 "\nsha256 " DATA_FILE " %s\n",
			  title, manifest->format, manifest->org, manifest->epoch, manifest->generation,
			  manifest->sha256);
	return write_text(path, text, (size_t)length, error);
}

void manifest_remove(const char *directory)
{
	char path[PATH_MAX];

	if (files_path(path, directory, MANIFEST_FILE, NULL) == 0)
		(void)unlink(path);
}

static int read_text(const char *path, char text[static MANIFEST_BYTES], struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t length;

	if (fd < 0)
		return errno == ENOENT ? error_set(error, FAULT_INPUT,
						   "%s: no such file; without it this is not a whole backup", path)
				       : manifest_fault(error, path, "cannot read it");
	length = read(fd, text, MANIFEST_BYTES - 1);
	if (length < 0)
		rc = manifest_fault(error, path, "read");
	text[length < 0 ? 0 : length] = '\0';
	files_close(&fd);
	return rc;
}

/* Takes the line "NAME VALUE" from `*text` and leaves `*text` behind it. */
static bool take_line(const char **text, const char *name, char *value, size_t capacity)
{
	size_t skip = strlen(name), length;

	if (strncmp(*text, name, skip) != 0)
		return false;
	length = strcspn(*text + skip, "\n");
	if (length >= capacity || (*text)[skip + length] != '\n')
		return false;
	memcpy(value, *text + skip, length);
	value[length] = '\0';
	*text += skip + length + 1;
	return true;
}

static bool take_number(const char **text, const char *name, uint64_t *number)
{
	char digits[24], *end;

	if (!take_line(text, name, digits, sizeof digits) || digits[0] < '0' || digits[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(digits, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool parse_manifest(const char *text, struct manifest *manifest)
{
	uint8_t bytes[SHA256_BYTES];
	uint64_t format;

	if (strncmp(text, title, sizeof title - 1) != 0)
		return false;
	text += sizeof title - 1;
	if (!take_number(&text, "format ", &format) || format > UINT32_MAX)
		return false;
	manifest->format = (uint32_t)format;
	if (format > STORE_FORMAT)
		return true; /* what follows is for the newer turf to read */
	return take_line(&text, "org ", manifest->org, sizeof manifest->org) && topic_slug_valid(manifest->org) &&
	       take_line(&text, "epoch ", manifest->epoch, sizeof manifest->epoch) &&
	       hex_decode(manifest->epoch, bytes, (EPOCH_TEXT_BYTES - 1) / 2) == 0 &&
	       take_number(&text, "generation ", &manifest->generation) &&
	       take_line(&text, "sha256 " DATA_FILE " ", manifest->sha256, sizeof manifest->sha256) &&
	       hex_decode(manifest->sha256, bytes, SHA256_BYTES) == 0 && *text == '\0';
}

int manifest_read(const char *directory, struct manifest *manifest, struct error *error)
{
	char path[PATH_MAX], text[MANIFEST_BYTES];
	int rc = files_path(path, directory, MANIFEST_FILE, error);

	*manifest = (struct manifest){0};
	if (rc == 0)
		rc = read_text(path, text, error);
	if (rc < 0)
		return rc;
	if (!parse_manifest(text, manifest))
		return error_set(error, FAULT_DAMAGED,
				 "%s: this is not the manifest of a turf backup, or it is damaged", path);
	if (manifest->format > STORE_FORMAT)
		return error_set(error, FAULT_FOREIGN,
				 "%s: a newer turf made this backup: its store format is %" PRIu32
				 ", and this turf knows formats up to %d",
				 path, manifest->format, STORE_FORMAT);
	return 0;
}

/* ---- Hashing ------------------------------------------------------------------------------------ */

static int write_all(int to, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(to, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written == 0)
			errno = EIO;
		if (written <= 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int pump(int from, int to, const char *name, EVP_MD_CTX *hash, uint8_t *bytes, struct error *error)
{
	ssize_t length;

	while ((length = read(from, bytes, COPY_BYTES)) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_set(error, FAULT_SYSTEM, "%s: read: %s", name, strerror(errno));
		if (EVP_DigestUpdate(hash, bytes, (size_t)length) != 1)
			return error_set(error, FAULT_SYSTEM, "%s: SHA-256 failed", name);
		if (to >= 0 && write_all(to, bytes, (size_t)length) < 0)
			return manifest_fault(error, name, "copy");
	}
	return 0;
}

int manifest_sha256_copy(int from, int to, const char *name, char sha256[static SHA256_TEXT_BYTES], struct error *error)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t *bytes = malloc(COPY_BYTES), digest[EVP_MAX_MD_SIZE];
	int rc;

	if (!hash || !bytes)
		rc = error_set(error, FAULT_MEMORY, "%s: no memory", name);
	else if (EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		rc = error_set(error, FAULT_SYSTEM, "%s: SHA-256 is not available", name);
	else
		rc = pump(from, to, name, hash, bytes, error);
	if (rc == 0 && EVP_DigestFinal_ex(hash, digest, NULL) != 1)
		rc = error_set(error, FAULT_SYSTEM, "%s: SHA-256 failed", name);
	if (rc == 0)
		hex_encode(digest, SHA256_BYTES, sha256);
	free(bytes);
	EVP_MD_CTX_free(hash);
	return rc;
}
