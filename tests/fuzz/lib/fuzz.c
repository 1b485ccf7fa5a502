/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fuzz/lib/fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static char folder[256];

void fuzz_fail(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* What is shared with the unit tests says what is wrong by cmocka, which then must not look for a test. */
	hold(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0);
	log_limit(LOG_LEVEL_ERROR);
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static void remove_folder(void)
{
	(void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
	const char *place = getenv("TMPDIR");

	if (folder[0])
		return folder;
	if (!place)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(folder, sizeof folder, "%s/turf-fuzz-XXXXXX", place);
	hold(mkdtemp(folder) != NULL);
	(void)atexit(remove_folder);
	return folder;
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	static char path[sizeof folder + 64];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
	file = fopen(path, "w");
	hold(file != NULL);
	hold(size == 0 || fwrite(data, 1, size, file) == size);
	hold(fclose(file) == 0);
	return path;
}

uint32_t feed_number(struct feed *feed, size_t bytes)
{
	uint32_t number = 0;

	for (; bytes > 0 && feed->left > 0; bytes--, feed->at++, feed->left--)
		number = number << 8 | *feed->at;
	return number;
}

uint32_t feed_below(struct feed *feed, uint32_t sides)
{
	return feed_number(feed, 1) % sides;
}

size_t feed_bytes(struct feed *feed, size_t max, const uint8_t **bytes)
{
	size_t share = feed_number(feed, 1);
	size_t length = feed->left * (share + 1) / 256;

	length = length < max ? length : max;
	*bytes = feed->at;
	feed->at += length;
	feed->left -= length;
	return length;
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	hold(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}
