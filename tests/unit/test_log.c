/* SPDX-License-Identifier: EUPL-1.2 */
/* The log: nobody who does not read it keeps a program from going on. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { PIPE_BYTES = 65536, READ_BYTES = 2 * PIPE_BYTES };

struct held {
	int reader, errors; /* the pipe that is the standard error now, and what that was before */
};

static int setup(void **state)
{
	static struct held held;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		return -1;
	held = (struct held){ends[0], dup(STDERR_FILENO)};
	if (held.errors < 0 || dup2(ends[1], STDERR_FILENO) < 0 || close(ends[1]) < 0)
		return -1;
	*state = &held;
	return fcntl(held.reader, F_SETFL, O_NONBLOCK);
}

static int teardown(void **state)
{
	const struct held *held = *state;

	return dup2(held->errors, STDERR_FILENO) < 0 || close(held->errors) < 0 ? -1 : close(held->reader);
}

/* All that has been written and not been read yet. */
static const char *written(const struct held *held)
{
	static char text[READ_BYTES];
	size_t used = 0;
	ssize_t length;

	while ((length = read(held->reader, text + used, sizeof text - 1 - used)) > 0)
		used += (size_t)length;
	assert_true(length < 0 && errno == EAGAIN);
	text[used] = '\0';
	return text;
}

static void fill(void)
{
	static char bytes[PIPE_BYTES];

	memset(bytes, 'x', sizeof bytes);
	assert_int_equal(write(STDERR_FILENO, bytes, sizeof bytes), sizeof bytes);
}

static void test_a_line_is_written_as_it_is(void **state)
{
	log_error("store-full path=%s", "a");
	log_warning("b");
	log_info("c");
	assert_string_equal(written(*state), "<3>store-full path=a\n<4>b\n<6>c\n");
	log_report_lost();
	assert_string_equal(written(*state), "");
}

static void test_lines_for_which_there_is_no_room_are_counted(void **state)
{
	fill();
	log_info("a");
	log_error("b");
	log_report_lost();
	assert_int_equal(strspn(written(*state), "x"), PIPE_BYTES);
	log_info("c");
	assert_string_equal(written(*state),
			    "<4>log-lines-lost lines=2 the log took no more lines for a while\n<6>c\n");
	log_info("d");
	assert_string_equal(written(*state), "<6>d\n");
}

static void test_what_was_lost_is_told_without_a_new_line_too(void **state)
{
	fill();
	log_info("a");
	(void)written(*state);
	log_report_lost();
	assert_string_equal(written(*state), "<4>log-lines-lost lines=1 the log took no more lines for a while\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_line_is_written_as_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_for_which_there_is_no_room_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_lost_is_told_without_a_new_line_too, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
