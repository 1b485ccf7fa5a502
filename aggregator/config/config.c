/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aggregator/config/catalogue.h"
#include "base/zone.h"
#include "broker-client/mqtt/mqtt.h"
#include "proto/catalogue_form.h"
#include "proto/rules.h"

enum {
	CELLS_EVERY_MIN = 2,
	CELLS_EVERY_MAX = 100000,
};

static const struct range days_to_accept = {1, 3660}, days_after = {0, 3660};

/* ---- Files --------------------------------------------------------------------------------------- */

static enum setting read_path(struct source *source, const config_setting_t *group, const char *name,
			      enum presence presence, char **out)
{
	const char *text = NULL;
	enum setting state = setting_text(source, group, name, "a path", presence, &text);

	if (state != SETTING_GIVEN)
		return state;
	*out = source_resolve(source, text);
	source->out_of_memory |= !*out;
	return *out ? SETTING_GIVEN : SETTING_WRONG;
}

static void read_store(struct source *source, const config_setting_t *root, struct config *config)
{
	struct stat status;

	if (read_path(source, root, "store", REQUIRED, &config->store_path) == SETTING_GIVEN &&
	    stat(config->store_path, &status) == 0 && !S_ISDIR(status.st_mode))
		source_complain(source, config_setting_get_member(root, "store"),
				"%.200s exists and is not a folder; expected a folder, or a path where one can be made",
				config->store_path);
}

static void read_credentials(struct source *source, const config_setting_t *group, struct config *config)
{
	static const char expected[] = "; expected a file of two lines, \"user = NAME\" and \"password = WORD\"";
	char *user = NULL, *password = NULL;
	struct error error;
	int rc;

	if (read_path(source, group, "credentials", OPTIONAL, &config->credentials_file) != SETTING_GIVEN)
		return;
	rc = mqtt_read_credentials(config->credentials_file, &user, &password, &error);
	if (rc < 0) /* about the file's form the message says itself what was expected */
		source_complain(source, config_setting_get_member(group, "credentials"), "%.500s%s", error.text,
				rc == FAULT_SYSTEM ? expected : "");
	free(user);
	free(password);
}

/* A folder opens like a file, and fails at the first byte. */
static bool readable(const char *path)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgetc(file) != EOF;

	if (file)
		(void)fclose(file);
	return good;
}

static void read_ca_file(struct source *source, const config_setting_t *group, struct config *config)
{
	const config_setting_t *at = config_setting_get_member(group, "ca_file");

	if (read_path(source, group, "ca_file", OPTIONAL, &config->ca_file) != SETTING_GIVEN)
		return;
	if (!readable(config->ca_file))
		source_complain(source, at, "%.200s cannot be read, or is empty; expected certificates as PEM",
				config->ca_file);
	if (config->broker && !strncmp(config->broker, "mqtt://", strlen("mqtt://")))
		source_complain(source, at,
				"\"ca_file\" is useless with an mqtt:// address; "
				"expected mqtts://, which encrypts");
}

/* ---- The broker ------------------------------------------------------------------------------------ */

static void read_broker(struct source *source, const config_setting_t *root, struct config *config)
{
	static const char *const names[] = {"address", "credentials", "ca_file", "keepalive_s", NULL};
	static const char expected[] = "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";
	static const struct range keepalive = {5, 3600};
	const config_setting_t *group = setting_group(source, root, "broker", REQUIRED);
	const char *address = NULL;
	struct error error;

	if (!group)
		return;
	setting_check_names(source, group, names);
	if (setting_text(source, group, "address", expected, REQUIRED, &address) == SETTING_GIVEN) {
		config->broker = strdup(address);
		source->out_of_memory |= !config->broker;
		if (mqtt_check_address(address, &error) < 0)
			source_complain(source, config_setting_get_member(group, "address"), "%.500s", error.text);
	}
	read_credentials(source, group, config);
	read_ca_file(source, group, config);
	(void)setting_number(source, group, "keepalive_s", &keepalive, OPTIONAL, &config->keepalive_s);
}

/* ---- Counting -------------------------------------------------------------------------------------- */

static void read_timezone(struct source *source, const config_setting_t *root, char timezone[static NAME_BYTES])
{
	const config_setting_t *at = config_setting_get_member(root, "timezone");

	if (setting_name(source, root, "timezone", OPTIONAL, timezone) != SETTING_WRONG && !zone_known(timezone))
		source_complain(source, at ? at : root,
				"there is no time zone \"%s\" on this machine; "
				"expected a name of the zone database, such as \"" ZONE_DEFAULT "\"",
				timezone);
}

static void read_days(struct source *source, const config_setting_t *root, struct catalogue *catalogue)
{
	enum setting accept, retract, grace;
	const config_setting_t *at = config_setting_get_member(root, "retract_days");

	accept = setting_number(source, root, "accept_days", &days_to_accept, OPTIONAL, &catalogue->accept_days);
	grace = setting_number(source, root, "grace_days", &days_after, OPTIONAL, &catalogue->grace_days);
	retract = setting_number(source, root, "retract_days", &days_after, OPTIONAL, &catalogue->retract_days);
	if (retract == SETTING_ABSENT && catalogue->retract_days > catalogue->grace_days)
		catalogue->retract_days = catalogue->grace_days;
	if (retract != SETTING_GIVEN)
		return;
	if (grace != SETTING_WRONG && catalogue->retract_days > catalogue->grace_days)
		source_complain(source, at, "\"retract_days\" is more than \"grace_days\"; expected %u at most",
				catalogue->grace_days);
	/* An id that is gone cannot be taken back. */
	if (accept != SETTING_WRONG && catalogue->retract_days > catalogue->accept_days + RULES_IDS_KEPT_DAYS)
		source_complain(source, at, "\"retract_days\" is more than \"accept_days\" + %d; expected %u at most",
				RULES_IDS_KEPT_DAYS, catalogue->accept_days + RULES_IDS_KEPT_DAYS);
}

static void read_cells(struct source *source, const config_setting_t *root, struct cells *cells)
{
	const config_setting_t *at = config_setting_get_member(root, "cells");
	const char *word = at && config_setting_type(at) == CONFIG_TYPE_STRING ? config_setting_get_string(at) : "";
	long long every = at ? config_setting_get_int64(at) : 0; /* 0 also when it is no number */

	if (!at || !strcmp(word, "live"))
		return;
	if (!strcmp(word, "daily"))
		*cells = (struct cells){.policy = CELLS_DAILY};
	else if (every >= CELLS_EVERY_MIN && every <= CELLS_EVERY_MAX)
		*cells = (struct cells){.policy = CELLS_EVERY, .every = (uint32_t)every};
	else
		source_complain(source, at,
				"\"cells\" has a wrong value; "
				"expected \"live\", \"daily\" or a whole number from %d to %d",
				CELLS_EVERY_MIN, CELLS_EVERY_MAX);
}

static void read_retraction_proof(struct source *source, const config_setting_t *root, bool *optional)
{
	static const char expected[] = "\"required\" or \"optional\"";
	const char *word = NULL;

	if (setting_text(source, root, "retraction_proof", expected, OPTIONAL, &word) != SETTING_GIVEN)
		return;
	*optional = !strcmp(word, "optional");
	if (!*optional && strcmp(word, "required") != 0)
		source_complain(source, config_setting_get_member(root, "retraction_proof"),
				"\"retraction_proof\" has a wrong value; expected %s", expected);
}

static void read_limits(struct source *source, const config_setting_t *root, struct config *config)
{
	static const char *const names[] = {"retry_ms",         "batch_messages", "summary_interval_ms",
					    "quarantine_limit", "compact_days",   NULL};
	static const struct range retry = {10, 60000}, batch = {1, 100000}, interval = {10, 60000},
				  quarantine = {1, 100000}, compact = {0, 3660};
	const config_setting_t *group = setting_group(source, root, "limits", OPTIONAL);

	if (!group)
		return;
	setting_check_names(source, group, names);
	(void)setting_number(source, group, "retry_ms", &retry, OPTIONAL, &config->retry_ms);
	(void)setting_number(source, group, "batch_messages", &batch, OPTIONAL, &config->batch_messages);
	(void)setting_number(source, group, "summary_interval_ms", &interval, OPTIONAL, &config->summary_interval_ms);
	(void)setting_number(source, group, "quarantine_limit", &quarantine, OPTIONAL, &config->quarantine_limit);
	(void)setting_number(source, group, "compact_days", &compact, OPTIONAL, &config->compact_days);
}

/* ---- The whole ------------------------------------------------------------------------------------- */

static const struct config defaults = {
	.keepalive_s = 30,
	.retry_ms = 1000,
	.batch_messages = 3000,
	.summary_interval_ms = 200,
	.quarantine_limit = QUARANTINE_LIMIT_DEFAULT,
	.compact_days = 7,
	.cells = {.policy = CELLS_LIVE},
	.catalogue =
		{
			.timezone = ZONE_DEFAULT,
			.accept_days = RULES_ACCEPT_DAYS_DEFAULT,
			.retract_days = RULES_RETRACT_DAYS_DEFAULT,
			.grace_days = RULES_GRACE_DAYS_DEFAULT,
		},
};

static void read_all(struct source *source, struct config *config)
{
	static const char *const names[] = {"org",
					    "name",
					    "timezone",
					    "store",
					    "broker",
					    "accept_days",
					    "retract_days",
					    "grace_days",
					    "counting_since",
					    "cells",
					    "limits",
					    "teams",
					    "zrm",
					    "domains",
					    "labels",
					    "retraction_proof",
					    NULL};
	const config_setting_t *root = config_root_setting(&source->tree);
	struct catalogue *catalogue = &config->catalogue;

	setting_check_names(source, root, names);
	(void)setting_slug(source, root, "org", catalogue->org);
	(void)setting_name(source, root, "name", REQUIRED, catalogue->name);
	read_timezone(source, root, catalogue->timezone);
	read_store(source, root, config);
	read_broker(source, root, config);
	read_days(source, root, catalogue);
	config->counting_since_given =
		setting_date(source, root, "counting_since", &catalogue->counting_since) == SETTING_GIVEN;
	read_cells(source, root, &config->cells);
	read_retraction_proof(source, root, &config->proof_optional);
	read_limits(source, root, config);
	config_teams(source, root, catalogue);
	config_domains(source, root, catalogue);
	config_labels(source, root, catalogue);
	catalogue_sort(catalogue);
	/* With names left out above, the size would tell nothing. */
	if (!source->complaints.n && !source->out_of_memory)
		config_catalogue_size(source, root, catalogue);
}

int config_load(const char *path, struct config *config, void (*problem)(void *context, const char *line),
		void *context)
{
	struct source source;
	int rc;

	*config = defaults;
	if (source_open(&source, path) == 0)
		read_all(&source, config);
	rc = source_tell(&source, problem, context);
	if (rc == 0)
		rc = source_take_notes(&source, &config->notes, &config->n_notes);
	source_release(&source);
	if (rc != 0)
		config_release(config);
	return rc;
}

void config_release(struct config *config)
{
	free(config->store_path);
	free(config->broker);
	free(config->credentials_file);
	free(config->ca_file);
	for (size_t i = 0; i < config->n_notes; i++)
		free(config->notes[i]);
	free(config->notes);
	catalogue_release(&config->catalogue);
	*config = (struct config){0};
}
