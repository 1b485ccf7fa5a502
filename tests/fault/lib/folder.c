/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/folder.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(char path[static FOLDER_BYTES])
{
	const char *given = getenv("TMPDIR");
	const char *where = given ? given : faccessat(AT_FDCWD, "/dev/shm", W_OK, 0) == 0 ? "/dev/shm" : "/tmp";
	int used = snprintf(path, FOLDER_BYTES, "%s/turf-fault-XXXXXX", where);

	assert(used > 0 && used < FOLDER_BYTES);
	if (!mkdtemp(path)) {
		perror(path);
		abort();
	}
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void folder_remove(const char *path)
{
	(void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void folder_clear(const char *path)
{
	int rc;

	folder_remove(path);
	rc = mkdir(path, 0700);
	assert(rc == 0);
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char bytes[65536];
	ssize_t length, done;

	assert(in >= 0 && out >= 0);
	while ((length = read(in, bytes, sizeof bytes)) > 0) {
		done = write(out, bytes, (size_t)length);
		assert(done == length);
	}
	(void)close(in);
	(void)close(out);
}

void folder_copy(const char *from, const char *to)
{
	char source[PATH_MAX], target[PATH_MAX];
	const struct dirent *entry;
	struct stat status;
	DIR *folder = opendir(from);

	assert(folder);
	folder_clear(to);
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
		(void)snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
		if (stat(source, &status) == 0 && S_ISDIR(status.st_mode))
			folder_copy(source, target);
		else
			copy_file(source, target);
	}
	(void)closedir(folder);
}

int folder_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;

	assert(folder);
	while (readdir(folder))
		n++;
	(void)closedir(folder);
	return n;
}

int folder_maps(const char *path)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];
	int n = 0;

	assert(maps);
	while (fgets(line, sizeof line, maps))
		n += strstr(line, path) != NULL;
	(void)fclose(maps);
	return n;
}
