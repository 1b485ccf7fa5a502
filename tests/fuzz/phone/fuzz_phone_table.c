/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `turf watch`: figures in JSON become a table that is no wider or longer than the screen and holds nothing that a
 * terminal obeys. The first two bytes are the screen's columns and rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/cli/cli.h"
#include "broker-client/libturf/turf_impl.h"
#include "tests/fuzz/lib/fuzz.h"

enum { HEAD_AND_FOOT = 6 };

static void check_screen(const char *screen, size_t length, size_t lines, const struct screen_style *style)
{
	size_t ends = 0;

	for (size_t i = 0; i < length; i++) {
		hold((unsigned char)screen[i] >= 0x20 || screen[i] == '\n');
		hold(screen[i] != 0x7f);
		hold(i == 0 || screen[i - 1] != '\xc2' || (unsigned char)screen[i] >= 0xa0); /* U+0080 to U+009f */
		ends += screen[i] == '\n';
	}
	hold(ends == lines);
	if (style->rows > HEAD_AND_FOOT)
		hold(lines <= style->rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {data, size};
	struct screen_style style = {.columns = feed_below(&feed, 200), .rows = feed_below(&feed, 60)};
	char *screen = NULL, *json = (char *)fuzz_copy(feed.at, feed.left);
	size_t length = 0, lines;
	struct turf_summary *summary = turf_figures_summary(json, feed.left);
	FILE *out = open_memstream(&screen, &length);

	hold(out != NULL);
	lines = summary ? screen_print(out, summary, &style) : 0;
	turf_figures_free_summary(summary);
	hold(fclose(out) == 0);
	check_screen(screen, length, lines, &style);
	free(screen);
	free(json);
	return 0;
}
