/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program of somebody else that stays open, for join.test.mjs. For each line "tap" of standard input it registers a question
 * of team oost; for any other line it prints how the connection is. It prints each verdict. Arguments: the broker, the org, an
 * outbox.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <turf.h>

static void on_verdict(void *context, const struct turf_answer *answer)
{
	(void)context;
	printf("verdict %d\n", (int)answer->verdict);
}

int main(int argc, char **argv)
{
	struct turf_options options = {.size = sizeof options, .on_verdict = on_verdict};
	struct turf_question question = {
		.size = sizeof question, .team = "oost", .domain = 1, .outcome = TURF_ANSWERED};
	struct turf_error error;
	struct turf_id id;
	struct turf *turf;
	char line[16];

	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	options.broker = argv[1];
	options.org = argv[2];
	options.outbox = argv[3];
	if (turf_open(&turf, &options, &error) != TURF_DONE) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	puts("open");
	while (fgets(line, sizeof line, stdin)) {
		if (strcmp(line, "tap\n") != 0) {
			printf("connection %d\n", (int)turf_connection(turf, NULL));
			continue;
		}
		question.day = (uint32_t)(time(NULL) / 86400);
		if (turf_question(turf, &question, &id, &error) != TURF_DONE)
			return 1;
	}
	turf_close(turf);
	return 0;
}
