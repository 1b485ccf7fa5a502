/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every call fails in turn under turfctl's commands. One that ends well has done and printed what it does undisturbed;
 * one that does not says why, and has done all of it or nothing.
 */
#include "aggregator/ctl/ctl.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/store_fixture.h"

enum { OUTPUT_BYTES = 1 << 20 };

static struct {
	struct ctl ctl;
	ctl_command *run;
	char *words[3];
	int stdout_kept, stderr_kept, printed, said; /* descriptors */
	char output[OUTPUT_BYTES];
	char file[PATH_MAX / 2]; /* of export --output */
} tool;

/* ---- Running a command ----------------------------------------------------------------------------------------- */

static void divert(FILE *stream, int from, int to)
{
	(void)fflush(stream);
	assert_int_equal(ftruncate(to, 0), 0);
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	assert_true(dup2(to, from) == from);
}

/* The moment of printing is another each time. */
static size_t without_moments(char *text, size_t length)
{
	char *at = text;

	text[length] = '\0';
	while ((at = strstr(at, "\"as_of\":"))) {
		for (at += strlen("\"as_of\":"); *at == ' ' || (*at >= '0' && *at <= '9'); at++)
			*at = '0';
	}
	return length;
}

static size_t read_back(int from, char *text, size_t size)
{
	ssize_t length = pread(from, text, size - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	return (size_t)length;
}

static uint32_t told(void)
{
	size_t length = without_moments(tool.output, read_back(tool.printed, tool.output, sizeof tool.output));
	uint32_t sum = crc32c_more(0, tool.output, length);
	int file = tool.ctl.output ? open(tool.ctl.output, O_RDONLY | O_CLOEXEC) : -1;

	if (file >= 0) {
		length = without_moments(tool.output, read_back(file, tool.output, sizeof tool.output));
		sum = crc32c_more(sum, tool.output, length);
		(void)close(file);
	}
	return sum;
}

/* An exit status that is not 0 comes with a sentence; what verify finds is what it was asked for, and goes to stdout. */
static int act_command(void *context, struct error *error)
{
	struct error fault = {{0}};
	char said[ERROR_TEXT_BYTES];
	int status;

	(void)context;
	seam_pause();
	divert(stdout, STDOUT_FILENO, tool.printed);
	divert(stderr, STDERR_FILENO, tool.said);
	seam_resume();
	status = tool.run(&tool.ctl, &fault);
	if (status < 0)
		status = ctl_fault(status, &fault);
	seam_pause();
	(void)fflush(stdout);
	(void)fflush(stderr);
	(void)dup2(tool.stdout_kept, STDOUT_FILENO);
	(void)dup2(tool.stderr_kept, STDERR_FILENO);
	(void)read_back(tool.run == ctl_verify && lseek(tool.said, 0, SEEK_END) == 0 ? tool.printed : tool.said, said,
			sizeof said);
	seam_resume();
	return status == CTL_OK ? 0 : error_set(error, FAULT_SYSTEM, "%s", said);
}

static void set_command(struct fixture *fixture, ctl_command *run, char *first, char *second)
{
	tool.run = run;
	tool.words[0] = first;
	tool.words[1] = second;
	tool.ctl = (struct ctl){.store = fixture->stage->path,
				.today = "2019-11-15",
				.words = tool.words,
				.n_words = (first != NULL) + (second != NULL)};
}

/* ---- Commands that read ------------------------------------------------------------------------------------------ */

static void end_reading(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;

	(void)failed;
	fixture->told = told();
	if (tool.ctl.output)
		(void)unlink(tool.ctl.output);
	if (rc == 0 && fixture->told_before == 0)
		fixture->told_before = fixture->told;
	if (rc == 0 && fixture->told != fixture->told_before)
		fail_msg("%s: what was printed is not what is there", scenario_where());
	stage_open(fixture->stage);
	assert_sound(fixture->stage);
	stage_close(fixture->stage);
}

static void tell_reading(struct fixture *fixture, const char *name, unsigned seams)
{
	struct scenario scenario = {name, fixture_begin_closed, act_command, end_reading, true};

	fixture->told_before = 0;
	fixture_begin_closed(fixture);
	assert_int_equal(act_command(fixture, &fixture->stage->error), 0);
	end_reading(fixture, 0, NULL);
	scenario_run(&scenario, fixture, fixture->stage->folder, seams);
}

static void test_show(void **state)
{
	struct fixture *fixture = *state;
	char year[] = "2019", quarter[] = "2019-Q4";

	set_command(fixture, ctl_show, year, NULL);
	tell_reading(fixture, "show a year", SEAMS_OF_STORE);
	set_command(fixture, ctl_show, quarter, NULL);
	tool.ctl.team = "west";
	tell_reading(fixture, "show a quarter", SEAMS_OF_STORE);
}

static void test_export(void **state)
{
	struct fixture *fixture = *state;

	set_command(fixture, ctl_export, NULL, NULL);
	tell_reading(fixture, "export csv", SEAMS_OF_STORE);
	tool.ctl.format = "json";
	tell_reading(fixture, "export json", SEAMS_OF_STORE);
	tool.ctl.format = "csv";
	tool.ctl.output = tool.file;
	tell_reading(fixture, "export to a file", SEAMS_OF_STORE);
}

static void test_verify(void **state)
{
	set_command(*state, ctl_verify, NULL, NULL);
	tell_reading(*state, "turfctl verify", SEAMS_OF_STORE);
}

static void test_quarantine_list(void **state)
{
	char list[] = "list";

	set_command(*state, ctl_quarantine, list, NULL);
	tell_reading(*state, "quarantine list", SEAMS_OF_STORE);
}

/* ---- Commands that change ----------------------------------------------------------------------------------------- */

/* A late question, an entry that can be counted now, and a date that waits. */
static void begin_change(void *context)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;
	struct event late = question(900, Q3_LAST, 3, ANSWERED), now_good = question(901, TODAY, 3, ANSWERED);
	struct quarantined entry = {.reason = VERDICT_REFUSED_UNKNOWN_DOMAIN, .team = "oost", .day = TODAY};

	fixture_begin_closed(fixture);
	stage_open(stage);
	assert_verdict(stage, "noord", late, VERDICT_COUNTED_LATE);
	entry.length = submission_encode(&now_good, 1, "", entry.bytes, sizeof entry.bytes);
	change(stage, quarantine, &entry);
	(void)keep_time(stage, TODAY + 30, false);
	stage->today = TODAY;
	fixture_take_picture(fixture, &fixture->before);
	stage_close(stage);
}

static bool done(const struct fixture *fixture, const struct picture *now)
{
	return memcmp(now, &fixture->before, sizeof *now) != 0;
}

/* A command that was not known to have done its work finds nothing to do. */
static int again_unless_done(void *context, struct error *error)
{
	struct fixture *fixture = context;
	struct picture now;
	int rc;

	fixture_take_picture(fixture, &now);
	if (done(fixture, &now))
		return 0;
	stage_close(fixture->stage);
	rc = act_command(fixture, error);
	stage_open(fixture->stage);
	return rc;
}

static void end_changing(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct picture now;

	(void)failed;
	stage_open(fixture->stage);
	fixture_take_picture(fixture, &now);
	if (rc == 0 && !done(fixture, &now))
		fail_msg("%s: nothing was done", scenario_where());
	fixture_end_change(fixture, rc, again_unless_done);
}

static void tell_changing(struct fixture *fixture, const char *name)
{
	struct scenario scenario = {name, begin_change, act_command, end_changing, false};

	fixture_run_change(fixture, &scenario);
}

static void test_revise(void **state)
{
	char quarter[] = "2019-Q3";

	set_command(*state, ctl_revise, quarter, NULL);
	tell_changing(*state, "turfctl revise");
}

static void test_quarantine_retry(void **state)
{
	char retry[] = "retry", reason[] = "unknown-domain";

	set_command(*state, ctl_quarantine, retry, reason);
	tell_changing(*state, "quarantine retry");
}

static void test_quarantine_drop(void **state)
{
	char drop[] = "drop", reason[] = "unknown-domain";

	set_command(*state, ctl_quarantine, drop, reason);
	tell_changing(*state, "quarantine drop");
}

static void test_confirm_date(void **state)
{
	set_command(*state, ctl_confirm_date, NULL, NULL);
	tell_changing(*state, "confirm-date");
}

/* ---- Copies --------------------------------------------------------------------------------------------------------- */

/* Whether a backup that failed can be brought back, test_fault_reading asks: here it is the exit status that counts. */
static void end_backup(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;

	(void)failed;
	folder_remove(stage->path);
	if (rc == 0) {
		must(stage, store_restore(fixture->backup, stage->path, false, UNIX_NOW, &stage->error));
		stage_open(stage);
		assert_sound(stage);
		assert_int_equal(figures_of(stage).ids, LIVED);
		stage_close(stage);
	}
	folder_remove(fixture->backup);
}

static void test_backup(void **state)
{
	static const struct scenario scenario = {"turfctl backup", fixture_begin_closed, act_command, end_backup,
						 false};
	struct fixture *fixture = *state;

	set_command(fixture, ctl_backup, fixture->backup, NULL);
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH);
}

static void end_restore(void *context, int rc, const char *failed)
{
	struct fixture *fixture = context;
	struct stage *stage = fixture->stage;
	struct store_state state;

	(void)failed;
	stage_open(stage);
	assert_sound(stage);
	state = state_of(stage);
	if (rc == 0 && strcmp(state.epoch, fixture->epoch) == 0)
		fail_msg("%s: it is the old store", scenario_where());
	assert_int_equal(figures_of(stage).ids, LIVED);
	stage_close(stage);
	folder_remove(stage->path);
}

static void test_restore(void **state)
{
	static const struct scenario scenario = {"turfctl restore", fixture_begin_closed, act_command, end_restore,
						 false};
	struct fixture *fixture = *state;

	set_command(fixture, ctl_restore, fixture->copy, NULL);
	tool.ctl.replace = true;
	fixture_begin_closed(fixture);
	stage_open(fixture->stage);
	memcpy(fixture->epoch, state_of(fixture->stage).epoch, sizeof fixture->epoch);
	stage_close(fixture->stage);
	scenario_run(&scenario, fixture, fixture->stage->folder, SEAMS_OF_STORE | 1 << SEAM_HASH | 1 << SEAM_RANDOM);
}

static int setup(void **state)
{
	const struct fixture *fixture;
	int rc = fixture_setup(state);

	if (rc != 0)
		return rc;
	fixture = *state;
	tool.stdout_kept = dup(STDOUT_FILENO);
	tool.stderr_kept = dup(STDERR_FILENO);
	tool.printed = memfd_create("stdout", MFD_CLOEXEC);
	tool.said = memfd_create("stderr", MFD_CLOEXEC);
	(void)snprintf(tool.file, sizeof tool.file, "%s/export.csv", fixture->stage->folder);
	return tool.printed >= 0 && tool.said >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)close(tool.stdout_kept);
	(void)close(tool.stderr_kept);
	(void)close(tool.printed);
	(void)close(tool.said);
	return fixture_teardown(state);
}

#define SCENARIO_TEST(test) cmocka_unit_test_teardown(test, scenario_print_where)

/* With an argument: the tests of that name (* and ? match). */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(test_show),
		SCENARIO_TEST(test_export),
		SCENARIO_TEST(test_verify),
		SCENARIO_TEST(test_quarantine_list),
		SCENARIO_TEST(test_revise),
		SCENARIO_TEST(test_quarantine_retry),
		SCENARIO_TEST(test_quarantine_drop),
		SCENARIO_TEST(test_confirm_date),
		SCENARIO_TEST(test_backup),
		SCENARIO_TEST(test_restore),
	};

	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("every call fails, turfctl", tests, setup, teardown);
}
