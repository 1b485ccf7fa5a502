/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-store COMMAND DIRECTORY …: the store alone.
 *
 *   fill DIR IDS                        a store with so many ids of past days
 *   fold DIR BATCH EVENTS               today's taps, in batches: prints seconds
 *   pairs DIR-A DIR-B BATCH TODAY N     both get TODAY taps of today first; then N batches each, in turns:
 *                                       prints the seconds of A and of B
 *   written DIR BATCH EVENTS            prints bytes written to the disk, and the store's size
 *   syncs DIR N                         the disk alone: N times two pages, each synced: prints p50 and p99 in seconds
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/folding.h"
#include "tests/bench/raw.h"

static uint64_t fold(struct folding *folding, size_t batch, uint64_t events)
{
	uint64_t spent = 0;

	for (uint64_t done = 0; done < events; done += batch) {
		size_t n = events - done < batch ? (size_t)(events - done) : batch;
		uint64_t begun;

		folding_draw(folding, n, BENCH_DAY);
		begun = now_ns();
		folding_commit(folding, n);
		spent += now_ns() - begun;
	}
	return spent;
}

static void pairs(const char *a, const char *b, size_t batch, uint64_t today, uint64_t batches)
{
	struct folding one, other;
	uint64_t spent_one = 0, spent_other = 0;

	folding_open(&one, a, 1);
	folding_open(&other, b, 1);
	(void)fold(&one, 10 * batch, today);
	(void)fold(&other, 10 * batch, today);
	for (uint64_t i = 0; i < batches; i++) {
		spent_one += fold(&one, batch, batch);
		spent_other += fold(&other, batch, batch);
	}
	(void)printf("%.9f %.9f\n", (double)spent_one / 1e9, (double)spent_other / 1e9);
	folding_close(&one);
	folding_close(&other);
}

/* What the kernel sent to the disk for this process. */
static uint64_t bytes_written(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	unsigned long long value = 0;
	char line[128];

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "write_bytes: %llu", &value) == 1)
			break;
	if (!file)
		die("no /proc/self/io");
	(void)fclose(file);
	return value;
}

static void written(const char *path, size_t batch, uint64_t events)
{
	char data[4096];
	struct folding folding;
	struct stat status;
	uint64_t before;

	folding_open(&folding, path, 1);
	before = bytes_written();
	(void)fold(&folding, batch, events);
	before = bytes_written() - before;
	folding_close(&folding);
	(void)snprintf(data, sizeof data, "%s/data.mdb", path);
	if (stat(data, &status) != 0)
		die("no %s", data);
	(void)printf("%" PRIu64 " %lld\n", before, (long long)status.st_size);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void syncs(const char *directory, size_t n)
{
	enum { PAGE = 4096 };
	static const uint8_t page[PAGE];
	uint64_t *took = calloc(n, sizeof *took);
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof path, "%s/syncs", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (!took || fd < 0)
		die("no %s", path);
	for (size_t i = 0; i < n; i++) {
		uint64_t begun = now_ns();

		for (int which = 0; which < 2; which++)
			if (pwrite(fd, page, PAGE, which * PAGE) != PAGE || fdatasync(fd) != 0)
				die("%s takes no page", path);
		took[i] = now_ns() - begun;
	}
	qsort(took, n, sizeof *took, ascending);
	(void)printf("%.9f %.9f\n", (double)took[n / 2] / 1e9, (double)took[n * 99 / 100] / 1e9);
	(void)close(fd);
	free(took);
}

int main(int argc, char **argv)
{
	struct folding folding;

	if (argc == 4 && strcmp(argv[1], "fill") == 0) {
		folding_open(&folding, argv[2], 7);
		folding_fill_past(&folding, number_argument(argv[3]));
		folding_close(&folding);
	} else if (argc == 5 && strcmp(argv[1], "fold") == 0) {
		folding_open(&folding, argv[2], 1);
		(void)printf("%.9f\n",
			     (double)fold(&folding, (size_t)number_argument(argv[3]), number_argument(argv[4])) / 1e9);
		folding_close(&folding);
	} else if (argc == 7 && strcmp(argv[1], "pairs") == 0) {
		pairs(argv[2], argv[3], (size_t)number_argument(argv[4]), number_argument(argv[5]),
		      number_argument(argv[6]));
	} else if (argc == 5 && strcmp(argv[1], "written") == 0) {
		written(argv[2], (size_t)number_argument(argv[3]), number_argument(argv[4]));
	} else if (argc == 4 && strcmp(argv[1], "syncs") == 0) {
		syncs(argv[2], (size_t)number_argument(argv[3]));
	} else {
		die("usage: bench-store fill|fold|pairs|written|syncs DIRECTORY …");
	}
	return 0;
}
