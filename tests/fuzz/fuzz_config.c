/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Configuration files: any bytes are loaded or refused with a line for each mistake; what is loaded keeps its own
 * limits and fits in the messages that carry it.
 */
#include <stdlib.h>
#include <string.h>

#include "aggregator/config/config.h"
#include "proto/catalogue_form.h"
#include "tests/fuzz/lib/fuzz.h"

/*
 * libconfig 1.5 forgets the text that it was gathering when the parser gives up: nothing that a caller could free. Only
 * what its scanner takes is passed over; the tree that config_destroy must free comes from its parser and is watched.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig_yylex\nleak:strbuf_append\n";
}

struct told {
	const char *path;
	int n;
};

static void check_line(void *context, const char *line)
{
	struct told *told = context;

	hold(strncmp(line, told->path, strlen(told->path)) == 0);
	hold(strlen(line) > strlen(told->path) + 2);
	told->n++;
}

static void check_catalogue(const struct catalogue *catalogue)
{
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	size_t length = catalogue_encode(catalogue, bytes, sizeof bytes);
	struct catalogue read;

	hold(length > 0);
	hold(catalogue_check(catalogue) == 0);
	hold(catalogue_decode(bytes, length, &read) == 0);
	hold(catalogue_same(catalogue, &read));
	hold(catalogue->retract_days <= catalogue->grace_days);
	catalogue_release(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file("turfd.conf", data, size);
	struct told told = {.path = path};
	struct config config;
	int rc = config_load(path, &config, check_line, &told);

	hold(rc >= 0);
	hold(told.n == rc);
	if (rc == 0) {
		hold(config.store_path && config.broker);
		hold(config.batch_messages > 0 && config.quarantine_limit > 0 && config.summary_interval_ms > 0);
		check_catalogue(&config.catalogue);
	}
	config_release(&config);
	return 0;
}
