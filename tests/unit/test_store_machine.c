/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Stores and backups of another kind of machine: LMDB's pages hold machine words, so that they can be read on the same kind
 * of machine only. That is no damage, and the operator reads what it is.
 */
#include "tests/unit/lib/store_stage.h"

#include <fcntl.h>

#include "store/admin/manifest.h"

static const char *in_folder(struct stage *stage, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%s", stage->folder, name);
	return path;
}

static int restore(struct stage *stage)
{
	return store_restore(in_folder(stage, "backup"), stage->path, true, UNIX_NOW, &stage->error);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(close(fd), 0);
}

enum { PAGE_BYTES = 4096, WORD_32 = 4, WORD_64 = 8, OTHER_WORD = sizeof(size_t) == WORD_64 ? WORD_32 : WORD_64 };

static void put(uint8_t **at, uint64_t value, size_t bytes, bool swapped)
{
	for (size_t i = 0; i < bytes; i++)
		(*at)[swapped ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i)); /* our machines are little-endian */
	*at += bytes;
}

/* LMDB's two first pages, as a program with words of `word` bytes writes them: an empty environment. */
static void write_empty_environment(const char *path, size_t word, bool swapped)
{
	enum { META_PAGE = 8, MAGIC = 0xBEEFC0DE, VERSION = 1, DATABASES_OWN = 2, COUNTS = 4 };
	uint8_t pages[2 * PAGE_BYTES] = {0};

	for (uint64_t page = 0; page < 2; page++) {
		uint8_t *at = pages + page * PAGE_BYTES;

		put(&at, page, word, swapped);
		put(&at, 0, 2, swapped);
		put(&at, META_PAGE, 2, swapped);
		put(&at, 0, 4, swapped); /* where its free space is: nowhere */
		put(&at, (uint32_t)MAGIC, 4, swapped);
		put(&at, VERSION, 4, swapped);
		put(&at, 0, word, swapped);
		put(&at, 1 << 20, word, swapped); /* the map's size */
		for (int database = 0; database < DATABASES_OWN; database++) {
			put(&at, database == 0 ? PAGE_BYTES : 0, 4, swapped);
			put(&at, 0, 4, swapped); /* flags, depth */
			at += COUNTS * word;
			put(&at, UINT64_MAX, word, swapped); /* it has no root */
		}
		put(&at, 1, word, swapped); /* the last page */
		put(&at, 0, word, swapped); /* the transaction */
	}
	write_file(path, pages, sizeof pages);
}

/* The manifest's last line ends with the hash. */
static void put_in_manifest(struct stage *stage)
{
	char sha256[SHA256_TEXT_BYTES];
	int data = open(in_folder(stage, "backup/data.mdb"), O_RDONLY),
	    manifest = open(in_folder(stage, "backup/MANIFEST"), O_RDWR);
	struct stat status;

	assert_true(data >= 0 && manifest >= 0);
	must(stage, manifest_sha256_copy(data, -1, "data.mdb", sha256, &stage->error));
	assert_int_equal(fstat(manifest, &status), 0);
	assert_int_equal(pwrite(manifest, sha256, sizeof sha256 - 1, status.st_size - (off_t)sizeof sha256),
			 sizeof sha256 - 1);
	assert_int_equal(close(data), 0);
	assert_int_equal(close(manifest), 0);
}

/* As a store, and as a backup: refused for what it is, and nothing is changed. */
static void must_name(struct stage *stage, size_t word, bool swapped, const char *what)
{
	write_empty_environment(in_folder(stage, "other/data.mdb"), word, swapped);
	stage->options.path = in_folder(stage, "other");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN, what);
	stage->options.path = stage->path;
	assert_non_null(strstr(stage->error.text, "not damaged"));
	write_empty_environment(in_folder(stage, "backup/data.mdb"), word, swapped);
	put_in_manifest(stage);
	must_refuse(stage, restore(stage), FAULT_FOREIGN, what);
}

static void test_what_another_kind_of_machine_wrote_is_named(void **state)
{
	struct stage *stage = *state;

	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	must(stage, store_backup(stage->store, in_folder(stage, "backup"), &stage->error));
	stage_close(stage);
	assert_int_equal(mkdir(in_folder(stage, "other"), 0700), 0);
	must_name(stage, OTHER_WORD, false, OTHER_WORD == WORD_32 ? "on a 32-bit machine" : "on a 64-bit machine");
	must_name(stage, OTHER_WORD, true, "another byte order");
	must_name(stage, sizeof(size_t), true, "another byte order");
	write_file(in_folder(stage, "other/data.mdb"), "letters", 7);
	stage->options.path = in_folder(stage, "other");
	must_refuse(stage, store_open(&stage->store, &stage->options, &stage->error), FAULT_FOREIGN,
		    "not a turf store");
	stage->options.path = stage->path;
	stage_open(stage);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_another_kind_of_machine_wrote_is_named, stage_setup_open,
						stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
