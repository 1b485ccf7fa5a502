/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program of somebody else, which libturf.test.mjs compiles with the installed turf.h: it prints what a broker and its
 * turfd tell, until the weekly course has a question. Arguments: the broker, an outbox, the ISO year.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <turf.h>

enum { PATIENCE_MS = 60000 };

static void check(int rc, const char *error)
{
	if (rc == TURF_DONE)
		return;
	fprintf(stderr, "%d %s\n", rc, error);
	exit(1);
}

static void print_organisations(const struct turf_options *options)
{
	struct turf_organisations *found;
	struct turf_error error = {""};

	check(turf_organisations(options, -1, PATIENCE_MS, &found, &error), error.text);
	for (size_t i = 0; i < found->n; i++)
		printf("organisation %s, %s, %s\n", found->organisations[i]->id, found->organisations[i]->name,
		       found->organisations[i]->timezone);
	turf_free(found);
}

static void print_catalogue(const struct turf_catalogue *catalogue)
{
	uint32_t domain = 0;

	printf("catalogue %s: %zu teams, %zu domains\n", catalogue->org, catalogue->n_teams, catalogue->n_domains);
	check(turf_match_domain(catalogue, catalogue->counting_since, "financ", &domain), "financ");
	printf("domain %" PRIu32 " %s\n", domain, turf_find_domain(catalogue, domain)->name);
}

static void print_of_handle(const struct turf_options *options)
{
	struct turf_catalogue *catalogue;
	struct turf_error error = {""};
	struct turf *turf;
	uint32_t today;

	check(turf_open(&turf, options, &error), error.text);
	check(turf_today(turf, PATIENCE_MS, &today), "today");
	printf("today %" PRIu32 "\n", today);
	check(turf_catalogue(turf, 1, PATIENCE_MS, &catalogue, &error), error.text);
	print_catalogue(catalogue);
	turf_catalogue_free(catalogue);
	turf_close(turf);
}

/* 1 when the course has a question. */
static int print_news(const struct turf_news *news)
{
	switch (news->kind) {
	case TURF_NEWS_STATUS:
		printf("status %d, today %" PRIu32 "\n", news->status->online, news->status->today);
		return 0;
	case TURF_NEWS_CATALOGUE:
		printf("watched ");
		print_catalogue(news->catalogue);
		return 0;
	case TURF_NEWS_WEEKLY:
		for (size_t i = 0; i < news->weekly->n_weeks; i++)
			if (news->weekly->weeks[i]->questions > 0)
				return printf("week %" PRIu32 " of %s: %" PRIu64 "\n", news->weekly->weeks[i]->week,
					      news->weekly->team, news->weekly->weeks[i]->questions) > 0;
		return 0;
	default:
		return 0;
	}
}

int main(int argc, char **argv)
{
	struct turf_options options = {.size = sizeof options, .org = "steenwijkerland"};
	struct turf_error error = {""};
	struct turf_watch *watch;

	if (argc != 4)
		return 2;
	options.broker = argv[1];
	options.outbox = argv[2];
	print_organisations(&options);
	print_of_handle(&options);
	check(turf_watch_open(&watch, &options, &error), error.text);
	turf_watch_status(watch);
	turf_watch_catalogue(watch);
	check(turf_watch_weekly(watch, "oost", (uint32_t)strtoul(argv[3], NULL, 10)), "weekly");
	if (turf_watch_weekly(watch, "Oost", 2026) != TURF_INPUT ||
	    turf_watch_summary(watch, "oost", "2026-Q5") != TURF_INPUT)
		return 3;
	for (int done = 0; !done;) {
		done = print_news(turf_watch_next(watch, -1, -1));
		fflush(stdout);
	}
	turf_watch_close(watch);
	return 0;
}
