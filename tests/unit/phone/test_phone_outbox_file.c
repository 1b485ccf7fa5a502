/* SPDX-License-Identifier: EUPL-1.2 */
/* The outbox's files as LMDB finds them: their room on the disk, and files of another kind of machine. */
#include "tests/unit/lib/phone_outbox.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { PAGE_BYTES = 4096, BLOCK_BYTES = 512, OTHER_HEAD_BYTES = sizeof(size_t) == 8 ? 12 : 16 };

static const char *in_folder(const char *name)
{
	static char path[sizeof folder + 16];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_data_file(const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(in_folder("data.mdb"), "wx");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static int open_fault(struct error *error)
{
	struct outbox *outbox = NULL;
	int rc = outbox_open(&outbox, folder, "sw-de-kop", error);

	assert_null(outbox);
	return rc;
}

/* A write to a mapped file that has no room on a full disk would end the program with SIGBUS. */
static void test_the_lock_file_has_its_room_on_the_disk(void **state)
{
	struct outbox *outbox = open_outbox();
	struct stat status;

	(void)state;
	assert_int_equal(stat(in_folder("lock.mdb"), &status), 0);
	assert_true(status.st_size > 0);
	assert_true(status.st_blocks * BLOCK_BYTES >= status.st_size);
	outbox_close(outbox);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_true(signal(SIGXFSZ, bytes == 0 ? SIG_DFL : SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As for the store: it is full, and goes on when there is room. */
static void test_a_file_that_may_not_grow_is_a_full_disk(void **state)
{
	static const uint8_t large[60000];
	struct outbox *outbox = open_outbox();
	struct error error = {{0}};
	struct stat status;

	(void)state;
	assert_int_equal(stat(in_folder("data.mdb"), &status), 0);
	limit_files((rlim_t)status.st_size);
	assert_int_equal(outbox_put_catalogue(outbox, large, sizeof large, &error), FAULT_FULL);
	assert_non_null(strstr(error.text, "there is no room on the disk"));
	limit_files(0);
	assert_int_equal(outbox_put_catalogue(outbox, large, sizeof large, &error), 0);
	outbox_close(outbox);
}

static void test_an_outbox_of_another_word_size_is_not_called_damaged(void **state)
{
	static const uint8_t magic[] = {0xDE, 0xC0, 0xEF, 0xBE};
	uint8_t page[PAGE_BYTES] = {0};
	struct error error = {{0}};

	(void)state;
	memcpy(page + OTHER_HEAD_BYTES, magic, sizeof magic);
	write_data_file(page, sizeof page);
	assert_int_equal(open_fault(&error), FAULT_FOREIGN);
	assert_non_null(strstr(error.text, "-bit machine"));
	assert_null(strstr(error.text, "is damaged"));
}

static void test_what_is_no_outbox_is_still_called_so(void **state)
{
	uint8_t page[PAGE_BYTES] = {0};
	struct error error = {{0}};

	(void)state;
	write_data_file(page, sizeof page);
	assert_int_equal(open_fault(&error), FAULT_DAMAGED);
	assert_non_null(strstr(error.text, "damaged, or is not an outbox"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_the_lock_file_has_its_room_on_the_disk),
		FRESH(test_a_file_that_may_not_grow_is_a_full_disk),
		FRESH(test_an_outbox_of_another_word_size_is_not_called_damaged),
		FRESH(test_what_is_no_outbox_is_still_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
