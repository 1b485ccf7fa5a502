/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/reload.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "broker-client/mqtt/mqtt.h"
#include "store/store_view.h"

static void log_problem(void *context, const char *text)
{
	(void)context;
	log_error("config-refused reason=\"%s\"", text);
}

static bool counted(void *context, enum catalogue_part part, const char *team, uint32_t code, uint32_t quarter)
{
	return store_view_counted(context, part, team, code, quarter);
}

struct settings {
	const struct catalogue *catalogue;
	struct cells cells;
};

static int put_settings(void *context, struct store_txn *txn, struct error *error)
{
	const struct settings *settings = context;

	(void)error;
	store_put_catalogue(txn, settings->catalogue);
	store_put_cells(txn, settings->cells);
	return 0;
}

/* The store's catalogue, or an empty one of the same org when the store is new. */
static int current_catalogue(const struct store_view *view, const struct catalogue *next, struct catalogue *current,
			     struct error *error)
{
	int rc = store_view_catalogue(view, current, error);

	if (rc != STORE_NOT_FOUND)
		return rc;
	*current = (struct catalogue){.counting_since = next->counting_since};
	memcpy(current->org, next->org, sizeof current->org);
	return 0;
}

/* The day from which on entries end, and before which nothing may change: a clock that is behind the last date that was
 * trusted would end earlier what has ended, and open up days that have passed. */
static uint32_t day_of_change(const struct org_date *date, uint32_t today, const struct store_state *state)
{
	return today < state->clock_day && !org_date_confirmed(date) ? state->clock_day : today;
}

/* A config that is to replace the one in force. */
struct replacement {
	struct store_view *view;
	const struct org_date *date;
	uint32_t today;
	struct config *next;
	void (*problem)(void *context, const char *text); /* called with each reason against it */
	struct catalogue current; /* the store's; the owner releases both, whatever is returned */
	struct catalogue merged;  /* what is to take its place */
};

/* Fills in both catalogues. 0; the number of reasons against it; or a fault. */
static int merge_replacement(struct replacement *replacement, struct error *error)
{
	struct catalogue_history history = {.counted = counted, .context = replacement->view};
	struct config *next = replacement->next;
	struct store_state state;
	int rc;

	store_view_state(replacement->view, &state);
	history.today = day_of_change(replacement->date, replacement->today, &state);
	if (!next->counting_since_given)
		next->catalogue.counting_since = quarter_first_day(quarter_of_day(state.created));
	rc = current_catalogue(replacement->view, &next->catalogue, &replacement->current, error);
	if (rc < 0)
		return rc;
	rc = catalogue_succeed(&replacement->current, &next->catalogue, &history, &replacement->merged,
			       replacement->problem, NULL);
	return rc < 0 ? error_set(error, rc, "no memory for the catalogue") : rc;
}

/* `*merged` is the caller's when this returns 0. */
static int make_catalogue(struct reload *reload, struct config *next, struct catalogue *merged, struct error *error)
{
	struct figures before;
	struct replacement replacement = {.date = &reload->upkeep->date, .next = next, .problem = log_problem};
	int rc = store_view_open(reload->upkeep->store, &replacement.view, error);

	if (rc < 0)
		return rc;
	replacement.today = upkeep_today(reload->upkeep);
	rc = merge_replacement(&replacement, error);
	/* The broker may have any figure of the previous catalogue, also from an earlier turfd. All are registered, so
	 * that the next full publish, after the new catalogue is stored, withdraws those that no longer exist. */
	before = figures_read(replacement.view, &replacement.current, replacement.today, clock_unix());
	if (rc == 0)
		rc = publisher_register_all(reload->upkeep->publisher, &before, error);
	if (rc == 0)
		*merged = replacement.merged;
	else
		catalogue_release(&replacement.merged);
	catalogue_release(&replacement.current);
	store_view_close(replacement.view);
	return rc;
}

int reload_catalogue(struct reload *reload, struct config *next, struct error *error)
{
	struct catalogue merged = {0};
	struct settings settings = {.catalogue = &merged, .cells = next->cells};
	int rc = make_catalogue(reload, next, &merged, error);

	if (rc == 0)
		rc = store_change(reload->upkeep->store, put_settings, &settings, error);
	if (rc != 0) {
		catalogue_release(&merged);
		return rc;
	}
	catalogue_release(reload->catalogue);
	*reload->catalogue = merged;
	reload->upkeep->date.timezone = reload->catalogue->timezone;
	return 0;
}

static const char other_org[] = "org: a running daemon keeps its org; start another daemon with a store of its own";

static int check_against(struct replacement *replacement, struct error *error)
{
	struct store_state state;
	int rc;

	store_view_state(replacement->view, &state);
	if (strcmp(state.org, replacement->next->catalogue.org) != 0) {
		replacement->problem(NULL, other_org);
		return 1;
	}
	rc = merge_replacement(replacement, error);
	catalogue_release(&replacement->current);
	catalogue_release(&replacement->merged);
	return rc;
}

int reload_check(const struct daemon_options *options, struct config *next,
		 void (*problem)(void *context, const char *text), struct error *error)
{
	struct store_options store_options = {.path = next->store_path, .read_only = true};
	struct org_date date = {.timezone = next->catalogue.timezone, .pinned = options->today};
	struct replacement replacement = {.date = &date, .next = next, .problem = problem};
	struct store *store;
	int rc = org_date_today(&date, &replacement.today, error);

	if (rc == 0)
		rc = store_open(&store, &store_options, error);
	if (rc < 0)
		return rc;
	rc = store_view_open(store, &replacement.view, error);
	if (rc == 0) {
		rc = check_against(&replacement, error);
		store_view_close(replacement.view);
	}
	store_close(store);
	return rc;
}

static int replace(char **setting, const char *value, struct error *error)
{
	char *copy;

	if (!value)
		return 0;
	copy = strdup(value);
	if (!copy)
		return error_set(error, FAULT_MEMORY, "no memory for the configuration");
	free(*setting);
	*setting = copy;
	return 0;
}

int reload_override(const struct daemon_options *options, struct config *config, struct error *error)
{
	int rc = replace(&config->store_path, options->store_path, error);

	if (rc == 0)
		rc = replace(&config->broker, options->broker, error);
	if (rc == 0)
		rc = replace(&config->credentials_file, options->credentials_file, error);
	return rc;
}

/* 0; 1 if `problem` was called with the reason; or FAULT_MEMORY. */
static int check_credentials(const struct config *config, void (*problem)(void *context, const char *text),
			     struct error *error)
{
	char *user = NULL, *password = NULL;
	int rc =
		config->credentials_file ? mqtt_read_credentials(config->credentials_file, &user, &password, error) : 0;

	free(user);
	free(password);
	if (rc == 0 || rc == FAULT_MEMORY)
		return rc;
	problem(NULL, error->text);
	return 1;
}

int reload_read(const struct daemon_options *options, struct config *config,
		void (*problem)(void *context, const char *text), struct error *error)
{
	int rc = config_load(options->config_path, config, problem, NULL);

	if (rc < 0)
		(void)error_set(error, rc, "no memory for the configuration");
	if (rc != 0)
		return rc;
	rc = reload_override(options, config, error);
	if (rc == 0)
		rc = check_credentials(config, problem, error);
	if (rc != 0)
		config_release(config);
	return rc;
}

static bool differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

/* Warns about settings that a reload cannot change. */
static void warn_restart(const struct config *now, const struct config *next)
{
	if (differ(now->store_path, next->store_path))
		log_warning("config-needs-restart setting=store");
	if (differ(now->broker, next->broker) || differ(now->ca_file, next->ca_file) ||
	    now->keepalive_s != next->keepalive_s)
		log_warning("config-needs-restart setting=broker");
	if (now->batch_messages != next->batch_messages || now->quarantine_limit != next->quarantine_limit ||
	    now->summary_interval_ms != next->summary_interval_ms)
		log_warning("config-needs-restart setting=limits");
}

/* New credentials need a new connection. Without a connection, turfd tries at once: somebody may have corrected something. */
static int take_credentials(struct reload *reload, struct config *next, struct error *error)
{
	char *before = reload->config->credentials_file;
	bool changed;
	int rc = link_use_credentials(reload->link, next->credentials_file, &changed, error);

	if (rc < 0)
		return rc;
	reload->config->credentials_file = next->credentials_file;
	next->credentials_file = before;
	if (changed && reload->link->up)
		log_info("credentials-changed turfd connects again with the new ones");
	if (changed || !reload->link->up)
		link_reconnect(reload->link);
	return 0;
}

static int take_config(struct reload *reload, struct config *next, struct error *error)
{
	int rc;

	if (differ(reload->catalogue->org, next->catalogue.org)) {
		log_problem(NULL, other_org);
		return 1;
	}
	rc = reload_catalogue(reload, next, error);
	if (rc == 0)
		rc = take_credentials(reload, next, error);
	if (rc != 0)
		return rc;
	warn_restart(reload->config, next);
	reload->config->retry_ms = next->retry_ms;
	reload->config->compact_days = next->compact_days;
	reload->config->proof_optional = next->proof_optional;
	return 0;
}

static int reload_config(struct reload *reload, struct error *error)
{
	struct config next;
	int rc = reload_read(reload->options, &next, log_problem, error);

	if (rc == 0) {
		rc = take_config(reload, &next, error);
		config_release(&next);
	}
	if (rc < 0)
		return error_prefix(error, rc, "reload");
	if (rc > 0) {
		log_error("reload-refused problems=%d the old configuration stays in force", rc);
		return 0;
	}
	log_info("reloaded catalogue_version=%u", reload->catalogue->version);
	reload->link->catalogue_published = false;
	reload->upkeep->time_due = true;
	return 0;
}

/* After a fault (a full disk, no memory) `asked` stays set, and the reload is tried again until it is done. */
void reload_run(struct reload *reload)
{
	struct error error = {{0}};
	int rc = reload_config(reload, &error);

	if (rc < 0 && !reload->failing)
		log_error("reload-failing reason=\"%s\" the old configuration stays in force; turfd tries again",
			  error.text);
	reload->asked = reload->failing = rc < 0;
	reload->retry_at_ms = rc < 0 ? clock_monotonic_ms() + reload->config->retry_ms : 0;
}
