/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aggregator/daemon/reload.h"
#include "base/text.h"
#include "broker-client/mqtt/mqtt_common.h"

static void print_problem(void *context, const char *line)
{
	(void)context;
	text_print(stderr, "%s\n", line);
}

/* 0; 1 with the reason printed; or FAULT_MEMORY. */
static int check_credentials(const struct config *config, struct error *error)
{
	char *user = NULL, *password = NULL;
	int rc =
		config->credentials_file ? mqtt_read_credentials(config->credentials_file, &user, &password, error) : 0;

	free(user);
	free(password);
	if (rc == 0 || rc == FAULT_MEMORY)
		return rc;
	print_problem(NULL, error->text);
	return 1;
}

static bool on_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

/* What is allowed and is seldom meant. */
static void warn(const struct config *config)
{
	struct mqtt_address address;
	struct error error;
	struct stat status;

	if (!config->credentials_file)
		return;
	if (mqtt_address_parse(config->broker, &address, &error) == 0 && !address.tls && !on_this_machine(address.host))
		text_print(
			stderr,
			"warning: the password goes to the broker at %s unencrypted, and so does every question; use mqtts://\n",
			address.host);
	if (stat(config->credentials_file, &status) == 0 && (status.st_mode & S_IROTH))
		text_print(stderr, "warning: everybody on this machine can read the password in %s; run chmod o= %s\n",
			   config->credentials_file, config->credentials_file);
}

/* 0; the number of mistakes, which are printed; or a fault. */
static int check_loaded(const struct daemon_options *options, struct config *config, bool against_store,
			struct error *error)
{
	int rc = reload_override(options, config, error);

	if (rc == 0)
		rc = mqtt_check_address(config->broker, error);
	if (rc == 0)
		rc = check_credentials(config, error);
	if (rc == 0 && against_store)
		rc = reload_check(options, config, print_problem, error);
	return rc;
}

static void print_good(const struct config *config)
{
	(void)printf("configuration OK\norg: %s\n", config->catalogue.org);
	for (size_t i = 0; i < config->n_notes; i++)
		text_print(stdout, "%s\n", config->notes[i]);
}

bool check_config(const struct daemon_options *options, bool against_store)
{
	struct error error = {{0}};
	struct config config;
	int rc = config_load(options->config_path, &config, print_problem, NULL);

	if (rc < 0)
		(void)error_set(&error, rc, "no memory");
	if (rc == 0) {
		rc = check_loaded(options, &config, against_store, &error);
		if (rc == 0) {
			warn(&config);
			print_good(&config);
		}
		config_release(&config);
	}
	if (rc > 0)
		text_print(stderr, "%d mistake%s in %s\n", rc, rc == 1 ? "" : "s", options->config_path);
	else if (rc < 0)
		text_print(stderr, "turfd: %s\n", error.text);
	return rc == 0;
}
