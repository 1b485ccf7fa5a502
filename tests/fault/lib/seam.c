/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/seam_impl.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

/* LMDB copies a store with a thread of its own: the countdown is shared. */
static struct fault_plan plan;
static atomic_uint calls_left; /* until one fails; 0: none will */
static _Atomic(const char *) failed;
static atomic_bool paused;
static atomic_long heap;

const char *seam_name(enum seam seam)
{
	static const char *const names[SEAMS] = {"memory", "LMDB", "file", "clock", "random", "hash", "broker"};

	return names[seam];
}

unsigned seam_kinds(enum seam seam)
{
	static const unsigned kinds[SEAMS] = {[SEAM_MEMORY] = 1, [SEAM_LMDB] = 5, [SEAM_FILE] = 4,  [SEAM_CLOCK] = 1,
					      [SEAM_RANDOM] = 2, [SEAM_HASH] = 1, [SEAM_BROKER] = 2};

	return kinds[seam];
}

void seam_arm(const struct fault_plan *wanted)
{
	plan = *wanted;
	atomic_store(&failed, NULL);
	atomic_store(&calls_left, plan.nth);
}

const char *seam_disarm(void)
{
	atomic_store(&calls_left, 0);
	return atomic_load(&failed);
}

const char *seam_failed(void)
{
	return atomic_load(&failed);
}

void seam_pause(void)
{
	atomic_store(&paused, true);
}

void seam_resume(void)
{
	atomic_store(&paused, false);
}

bool seam_fails(enum seam seam, const char *call)
{
	const char *none = NULL;
	unsigned left;

	if (atomic_load(&calls_left) == 0 || seam != plan.seam || atomic_load(&paused))
		return false;
	if (plan.call && strcmp(call, plan.call) != 0)
		return false;
	left = atomic_fetch_sub(&calls_left, 1);
	if (left > 1)
		return false;
	atomic_store(&calls_left, plan.for_good);
	(void)atomic_compare_exchange_strong(&failed, &none, call);
	return true;
}

unsigned seam_kind(void)
{
	return plan.kind;
}

int seam_error(enum seam seam, const char *call, const int *errors)
{
	unsigned n = 0;

	if (!seam_fails(seam, call))
		return 0;
	while (errors[n])
		n++;
	if (errors[plan.kind % n] == EINTR) /* a signal comes once */
		atomic_store(&calls_left, 0);
	return errors[plan.kind % n];
}

bool seam_refuses(const char *call, const int *errors)
{
	int error = seam_error(SEAM_FILE, call, errors);

	if (error)
		errno = error;
	return error != 0;
}

/* ---- Memory -------------------------------------------------------------------------------------- */

static bool no_memory(const char *call)
{
	if (!seam_fails(SEAM_MEMORY, call))
		return false;
	errno = ENOMEM;
	return true;
}

static void *counted(void *memory)
{
	heap += memory != NULL;
	return memory;
}

long seam_heap(void)
{
	return heap;
}

WRAP(void *, malloc, size_t bytes)
{
	return no_memory("malloc") ? NULL : counted(__real_malloc(bytes));
}

WRAP(void *, calloc, size_t n, size_t bytes)
{
	return no_memory("calloc") ? NULL : counted(__real_calloc(n, bytes));
}

WRAP(void *, realloc, void *memory, size_t bytes)
{
	void *moved;

	if (no_memory("realloc"))
		return NULL;
	moved = __real_realloc(memory, bytes);
	return memory ? moved : counted(moved);
}

WRAP(int, posix_memalign, void **memory, size_t alignment, size_t bytes)
{
	int rc = no_memory("posix_memalign") ? ENOMEM : __real_posix_memalign(memory, alignment, bytes);

	heap += rc == 0;
	return rc;
}

WRAP(char *, strdup, const char *text)
{
	return no_memory("strdup") ? NULL : counted(__real_strdup(text));
}

extern int __wrap_asprintf(char **text, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
extern int __wrap___asprintf_chk(char **text, int flag, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
extern int __wrap_vasprintf(char **text, const char *pattern, va_list args) __attribute__((format(printf, 2, 0)));
extern int __real_vasprintf(char **text, const char *pattern, va_list args) __attribute__((format(printf, 2, 0)));
extern int __wrap___vasprintf_chk(char **text, int flag, const char *pattern, va_list args)
	__attribute__((format(printf, 3, 0)));

__attribute__((format(printf, 2, 0))) static int format(char **text, const char *pattern, va_list args)
{
	int length = no_memory("asprintf") ? -1 : __real_vasprintf(text, pattern, args);

	heap += length >= 0;
	return length;
}

WRAP(int, vasprintf, char **text, const char *pattern, va_list args)
{
	return format(text, pattern, args);
}

WRAP(int, __vasprintf_chk, char **text, int flag, const char *pattern, va_list args)
{
	(void)flag;
	return format(text, pattern, args);
}

WRAP(int, asprintf, char **text, const char *pattern, ...)
{
	va_list args;
	int length;

	va_start(args, pattern);
	length = format(text, pattern, args);
	va_end(args);
	return length;
}

WRAP(int, __asprintf_chk, char **text, int flag, const char *pattern, ...)
{
	va_list args;
	int length;

	(void)flag;
	va_start(args, pattern);
	length = format(text, pattern, args);
	va_end(args);
	return length;
}

/* Its bytes are the caller's, who frees them; what the C library takes besides, it gives back itself. */
WRAP(FILE *, open_memstream, char **bytes, size_t *length)
{
	FILE *file = no_memory("open_memstream") ? NULL : __real_open_memstream(bytes, length);

	heap += file != NULL;
	return file;
}

WRAP(void, free, void *memory)
{
	heap -= memory != NULL;
	__real_free(memory);
}

void *seam_take_memory(void *memory, unsigned long bytes)
{
	void *taken = __real_realloc(memory, bytes);

	if (!taken)
		abort();
	return taken;
}

void seam_give_memory(void *memory)
{
	__real_free(memory);
}

/* ---- Clock, random source, hash -------------------------------------------------------------------- */

static time_t pinned;

void seam_set_time(time_t now)
{
	pinned = now;
}

WRAP(time_t, time, time_t *out)
{
	if (seam_fails(SEAM_CLOCK, "time"))
		return (time_t)-1;
	if (pinned == 0)
		return __real_time(out);
	if (out)
		*out = pinned;
	return pinned;
}

static bool vouched_for;

void seam_set_synchronised(bool synchronised)
{
	vouched_for = synchronised;
}

WRAP(int, adjtimex, struct timex *kernel)
{
	if (seam_fails(SEAM_CLOCK, "adjtimex"))
		return -1;
	*kernel = (struct timex){.status = vouched_for ? STA_PLL : STA_UNSYNC};
	return vouched_for ? TIME_OK : TIME_ERROR;
}

WRAP(struct tm *, localtime_r, const time_t *moment, struct tm *out)
{
	return seam_fails(SEAM_CLOCK, "localtime_r") ? NULL : __real_localtime_r(moment, out);
}

WRAP(int, getentropy, void *bytes, size_t length)
{
	static const int errors[] = {ENOSYS, EIO, 0};
	int error = seam_error(SEAM_RANDOM, "getentropy", errors);

	if (!error)
		return __real_getentropy(bytes, length);
	errno = error;
	return -1;
}

WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, void)
{
	return seam_fails(SEAM_HASH, "EVP_MD_CTX_new") ? NULL : __real_EVP_MD_CTX_new();
}

WRAP(int, EVP_DigestInit_ex, EVP_MD_CTX *hash, const EVP_MD *kind, ENGINE *engine)
{
	return seam_fails(SEAM_HASH, "EVP_DigestInit_ex") ? 0 : __real_EVP_DigestInit_ex(hash, kind, engine);
}

WRAP(int, EVP_DigestUpdate, EVP_MD_CTX *hash, const void *bytes, size_t length)
{
	return seam_fails(SEAM_HASH, "EVP_DigestUpdate") ? 0 : __real_EVP_DigestUpdate(hash, bytes, length);
}

WRAP(int, EVP_DigestFinal_ex, EVP_MD_CTX *hash, unsigned char *digest, unsigned *length)
{
	return seam_fails(SEAM_HASH, "EVP_DigestFinal_ex") ? 0 : __real_EVP_DigestFinal_ex(hash, digest, length);
}

WRAP(int, EVP_Digest, const void *bytes, size_t length, unsigned char *digest, unsigned *size, const EVP_MD *kind,
     ENGINE *engine)
{
	return seam_fails(SEAM_HASH, "EVP_Digest") ? 0 : __real_EVP_Digest(bytes, length, digest, size, kind, engine);
}

WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new, EVP_PKEY *key, ENGINE *engine)
{
	return seam_fails(SEAM_HASH, "EVP_PKEY_CTX_new") ? NULL : __real_EVP_PKEY_CTX_new(key, engine);
}
