/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every write and every sync may fail: each verb of the store is tried with its first call failing, then its second,
 * and so on until it needs no more, once with a disk that recovers at once and once with one that stays dead until
 * it is mended. After each failure nothing has changed, the store is sound, and the same verb succeeds.
 */
#include "tests/unit/lib/store_stage.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/uio.h>

/* ---- The disk ------------------------------------------------------------------------------------------ */

static unsigned calls_left; /* until one fails; 0: none will */
static bool stays_dead;
static bool failed;

static bool fails(void)
{
	if (calls_left == 0 || --calls_left > 0)
		return false;
	failed = true;
	calls_left = stays_dead;
	errno = EIO;
	return true;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define STANDS_IN __attribute__((visibility("default")))

STANDS_IN ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	return fails() ? -1 : REAL(pwrite)(fd, bytes, length, at);
}

STANDS_IN ssize_t writev(int fd, const struct iovec *parts, int n)
{
	return fails() ? -1 : REAL(writev)(fd, parts, n);
}

STANDS_IN ssize_t write(int fd, const void *bytes, size_t length)
{
	return fails() ? -1 : REAL(write)(fd, bytes, length);
}

STANDS_IN int fdatasync(int fd)
{
	return fails() ? -1 : REAL(fdatasync)(fd);
}

STANDS_IN int fsync(int fd)
{
	return fails() ? -1 : REAL(fsync)(fd);
}

STANDS_IN int rename(const char *from, const char *to)
{
	return fails() ? -1 : REAL(rename)(from, to);
}

static void break_disk(unsigned at_call, bool for_good)
{
	calls_left = at_call;
	stays_dead = for_good;
	failed = false;
}

static void mend_disk(void)
{
	calls_left = 0;
}

/* ---- Verbs --------------------------------------------------------------------------------------------- */

enum { QUESTIONS = 300 };

/* `run` returns as the store does; `unchanged` says what must hold after a failure. */
struct verb {
	const char *name;
	int (*run)(struct stage *stage);
	void (*unchanged)(struct stage *stage);
	void (*done)(struct stage *stage);
};

static void fold_questions(struct store_txn *txn, void *stage)
{
	struct folded folded;

	for (uint32_t i = 0; i < QUESTIONS; i++)
		fold_one(stage, txn, "oost", question(i, TODAY - i % 5, 1, ANSWERED), &folded);
}

static int count_questions(struct stage *stage)
{
	return attempt(stage, fold_questions, stage);
}

static void nothing_counted(struct stage *stage)
{
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 0);
}

static void all_counted(struct stage *stage)
{
	assert_int_equal(counted_in(stage, "oost", Q4_2019), QUESTIONS);
}

static int let_time_pass(struct stage *stage)
{
	struct store_time time = {.today = TODAY + 15, .confirmed = true, .catalogue = &stage->rules};
	bool changed;
	int rc = store_keep_time(stage->store, &time, &changed, &stage->error);

	return rc == STORE_MORE ? 0 : rc; /* one step is what is looked at */
}

static void nothing_settled(struct stage *stage)
{
	assert_int_equal(figures_of(stage).ids_detailed, QUESTIONS);
	assert_int_equal(state_of(stage).clock_day, TODAY);
}

static void all_settled(struct stage *stage)
{
	assert_int_equal(figures_of(stage).ids_detailed, 0);
	assert_int_equal(state_of(stage).clock_day, TODAY + 15);
}

static int compact(struct stage *stage)
{
	int rc = store_compact(stage->store, &stage->error);

	return rc == STORE_NOTHING_DONE ? 0
					: rc; /* the copy may be in place when the sync of its directory has failed */
}

static void all_compacted(struct stage *stage)
{
	all_counted(stage);
	assert_int_equal(state_of(stage).deleted_since, 0);
}

static int backup(struct stage *stage)
{
	char directory[PATH_MAX];

	(void)snprintf(directory, sizeof directory, "%s/backup", stage->folder);
	return store_backup(stage->store, directory, &stage->error);
}

static int restore(struct stage *stage)
{
	char directory[PATH_MAX];
	int rc;

	(void)snprintf(directory, sizeof directory, "%s/backup", stage->folder);
	stage_close(stage);
	rc = store_restore(directory, stage->path, true, UNIX_NOW, &stage->error);
	mend_disk();
	stage_open(stage);
	return rc;
}

static int reopen(struct stage *stage)
{
	int rc;

	stage_close(stage);
	rc = store_open(&stage->store, &stage->options, &stage->error);
	if (rc < 0) {
		mend_disk();
		stage_open(stage);
	}
	return rc;
}

static const struct verb verbs[] = {
	{"count", count_questions, nothing_counted, all_counted},
	{"reopen", reopen, all_counted, all_counted},
	{"keep time", let_time_pass, nothing_settled, all_settled},
	{"compact", compact, all_settled, all_compacted},
	{"backup", backup, all_counted, all_counted},
	{"restore", restore, all_counted, all_counted},
};

/* Until the verb needs fewer calls than it would take to fail. Returns how many it needs. */
static unsigned until_it_succeeds(struct stage *stage, const struct verb *verb, bool for_good)
{
	for (unsigned n = 1; n < 1000; n++) {
		int rc;

		break_disk(n, for_good);
		rc = verb->run(stage);
		mend_disk();
		if (rc < 0 && rc != FAULT_FULL && rc != FAULT_SYSTEM)
			fail_msg("%s, call %u: fault %d: %s", verb->name, n, rc, stage->error.text);
		assert_sound(stage);
		if (rc == 0) {
			verb->done(stage);
			return n - failed;
		}
		verb->unchanged(stage);
	}
	fail_msg("%s never succeeds", verb->name);
	return 0;
}

static void fail_every_call(struct stage *stage, bool for_good)
{
	stage->options.map_bytes = 8 << 20;
	stage_open(stage);
	(void)keep_time(stage, TODAY, false);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		assert_true(until_it_succeeds(stage, &verbs[i], for_good) >= 2);
}

static void test_a_disk_that_fails_once(void **state)
{
	fail_every_call(*state, false);
}

static void test_a_disk_that_fails_for_good(void **state)
{
	fail_every_call(*state, true);
}

static void test_creation(void **state)
{
	struct stage *stage = *state;

	for (unsigned n = 1;; n++) {
		int rc;

		break_disk(n, n % 2);
		rc = store_open(&stage->store, &stage->options, &stage->error);
		mend_disk();
		if (rc == 0)
			break;
		assert_null(stage->store);
		assert_true(n < 100);
	}
	assert_sound(stage);
	nothing_counted(stage);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(test_a_disk_that_fails_once),
		STAGED(test_a_disk_that_fails_for_good),
		STAGED(test_creation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
