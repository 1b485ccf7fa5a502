/* SPDX-License-Identifier: EUPL-1.2 */
/* A program reads the organisations and the figures, and each call under it fails in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/turf.h"
#include "tests/fault/lib/folder.h"
#include "tests/fault/lib/phone_broker.h"
#include "tests/fault/lib/scenario.h"

enum {
	SLICE_MS = 20, /* how long the test waits before it looks again; nothing depends on it */
	SEAMS_OF_READING = 1 << SEAM_MEMORY | 1 << SEAM_RANDOM | 1 << SEAM_BROKER,
};

static char folder[FOLDER_BYTES], *line; /* the summary's JSON, as it is when nothing fails */

static struct turf_options options(void)
{
	return (struct turf_options){
		.size = sizeof(struct turf_options),
		.broker = "mqtt://127.0.0.1:1883",
		.org = "dekop",
		.reconnect_ms = 1,
		.reconnect_max_ms = 2,
	};
}

static void begin(void *context)
{
	(void)context;
	phone_broker_reset();
}

static int ask(struct error *error)
{
	const struct turf_options asked = options();
	struct turf_organisations *found;
	int rc = turf_organisations(&asked, -1, -1, &found, (struct turf_error *)error);

	if (rc == 0) {
		assert_int_equal(found->n, 1);
		assert_string_equal(found->organisations[0]->id, "dekop");
	}
	turf_free(found);
	return rc;
}

static void check_line(const char *json)
{
	if (!line)
		line = strdup(json);
	assert_string_equal(json, line);
}

/* What failed works again as soon as the test has seen it fail. Then all is published again, and the watch sees it. */
static void read_all(struct turf_watch *watch)
{
	const struct turf_news *news;

	do {
		if (seam_failed()) {
			(void)seam_disarm();
			phone_broker_publish();
		}
		news = turf_watch_next(watch, -1, SLICE_MS);
		assert_true(news->kind != TURF_NEWS_OFFLINE || *news->reason);
		if (news->summary)
			check_line(news->summary->json);
	} while (!news->catalogue || !news->status || !news->summary);
	assert_string_equal(news->catalogue->teams[1]->id, "west");
	assert_int_equal(news->status->today, 18235);
	assert_int_equal(news->summary->domains[0]->answered, 5);
}

static int watch_figures(struct error *error)
{
	const struct turf_options asked = options();
	struct turf_watch *watch;
	int rc = turf_watch_open(&watch, &asked, (struct turf_error *)error);

	if (rc < 0)
		return rc;
	turf_watch_status(watch);
	turf_watch_catalogue(watch);
	assert_int_equal(turf_watch_summary(watch, TURF_TEAM_ALL, "2019-Q4"), 0);
	read_all(watch);
	turf_watch_close(watch);
	return 0;
}

static int read_figures(void *context, struct error *error)
{
	int rc = ask(error);

	(void)context;
	return rc == 0 ? watch_figures(error) : rc;
}

static void end(void *context, int rc, const char *failed)
{
	struct error error;

	(void)context;
	if (rc < 0)
		assert_non_null(failed);
	assert_int_equal(watch_figures(&error), 0);
}

static void test_reading_figures(void **state)
{
	static const struct scenario scenario = {"read figures", begin, read_figures, end, false};
	struct error error;

	(void)state;
	scenario.begin(NULL); /* once without: libraries take what they keep for good */
	scenario.end(NULL, scenario.act(NULL, &error), NULL);
	scenario_run(&scenario, NULL, folder, SEAMS_OF_READING);
	scenario_run_call(&scenario, NULL, folder,
			  (struct fault_plan){.seam = SEAM_MEMORY, .nth = 1}); /* each of them once */
}

static int setup(void **state)
{
	(void)state;
	folder_make(folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(line);
	folder_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_reading_figures, scenario_print_where),
	};

	return cmocka_run_group_tests_name("every call fails, figures", tests, setup, teardown);
}
