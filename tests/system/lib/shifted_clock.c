/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A library for LD_PRELOAD that moves the clock of real programs: mosquitto, nginx, turfd, turfdoor and the phones of a test live
 * in the same simulated time. TURF_TEST_CLOCK names a file of 8 bytes: the seconds to add to the clock, an int64_t of this
 * machine. The test rewrites it while the programs run.
 *
 * The date is moved for everybody. The monotonic clock is moved for turf's own code only (TURF_TEST_CLOCK_OF, names of files of
 * programs and libraries with colons between them): so two minutes pass for the broker's plugin, and mosquitto itself does not end
 * turfd's connection because it was silent for a night.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_s;
static int64_t first_shift_s; /* when this program started: only what came after it moves its monotonic clock */
static const char *movers;

__attribute__((constructor)) static void map_clock(void)
{
	const char *file = getenv("TURF_TEST_CLOCK");
	int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof *shift_s, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (fd >= 0)
		(void)close(fd);
	shift_s = map == MAP_FAILED ? NULL : map;
	first_shift_s = shift_s ? *shift_s : 0;
	movers = getenv("TURF_TEST_CLOCK_OF");
}

/* Whether the monotonic clock is moved for the code at `caller`. */
static bool moves(const void *caller)
{
	Dl_info info;
	const char *name, *at;
	size_t length;

	if (!movers || dladdr(caller, &info) == 0)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name ? name + 1 : info.dli_fname;
	length = strlen(name);
	for (at = movers; (at = strstr(at, name)) != NULL; at += length)
		if ((at == movers || at[-1] == ':') && (at[length] == '\0' || at[length] == ':'))
			return true;
	return false;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (rc != 0 || !shift_s)
		return rc;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += *shift_s;
	else if (clock == CLOCK_MONOTONIC && moves(__builtin_return_address(0)))
		now->tv_sec += *shift_s - first_shift_s;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	now.tv_sec += shift_s ? *shift_s : 0;
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec precise;

	(void)zone;
	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec + (shift_s ? *shift_s : 0);
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}
