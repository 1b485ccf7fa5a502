/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/ctl.h"

#include <inttypes.h>
#include <stdarg.h>

#include "aggregator/figures/table.h"
#include "store/admin/admin.h"

enum { N_VERDICTS = VERDICT_REFUSED_RETRACTION_TOO_LATE + 1 };

/* Everything that info tells, read before any of it is printed. */
struct info {
	struct store_figures figures;
	bool has_catalogue;
	struct catalogue catalogue;
	uint64_t quarantined[N_VERDICTS]; /* by reason */
};

static bool count_entry(void *context, const struct quarantined *entry)
{
	struct info *info = context;

	if ((unsigned)entry->reason < N_VERDICTS)
		info->quarantined[entry->reason]++;
	return true;
}

static int read_info(const struct ctl *ctl, struct info *info, struct error *error)
{
	struct store_view *view = NULL;
	struct store *store = NULL;
	int rc = ctl_store_open(ctl, true, &store, error);

	if (rc == 0)
		rc = store_view_open(store, &view, error);
	if (rc == 0) {
		rc = store_view_catalogue(view, &info->catalogue, error);
		info->has_catalogue = rc == 0;
	}
	if (rc >= 0)
		rc = store_view_quarantine(view, count_entry, info, error);
	store_view_close(view);
	if (rc == 0)
		rc = store_figures(store, &info->figures, error);
	store_close(store);
	return rc;
}

static void put_line(struct table *table, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put_line(struct table *table, const char *name, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	table_text(table, name);
	table_text(table, text);
}

static const char *date_text(uint32_t day, char text[static DATE_TEXT_BYTES])
{
	date_format(day, text);
	return text;
}

static void put_catalogue(struct table *table, const struct info *info)
{
	const struct catalogue *catalogue = &info->catalogue;
	char text[DATE_TEXT_BYTES];

	if (!info->has_catalogue) {
		put_line(table, "catalogue", "none yet: turfd puts it there at its first start");
		return;
	}
	put_line(table, "catalogue", "version %u: %zu teams, %zu domains, %zu labels, ended ones included",
		 catalogue->version, catalogue->n_teams, catalogue->n_domains, catalogue->n_labels);
	put_line(table, "counting since", "%s, time zone %s", date_text(catalogue->counting_since, text),
		 catalogue->timezone);
	put_line(table, "rules", "accepted for %u days, retracted within %u, final %u days after a quarter's end",
		 catalogue->accept_days, catalogue->retract_days, catalogue->grace_days);
}

static void put_cells(struct table *table, struct cells cells)
{
	if (cells.policy == CELLS_EVERY)
		put_line(table, "domain figures", "move when %u new questions are in", cells.every);
	else
		put_line(table, "domain figures", "%s",
			 cells.policy == CELLS_DAILY ? "move at the end of the day" : "move at once (live)");
}

/* What lies before counting began is final and purged as well, but that tells nobody anything. */
static void put_dates(struct table *table, const struct store_state *state, uint32_t since)
{
	char text[DATE_TEXT_BYTES], quarter[PERIOD_TEXT_BYTES];
	bool any_final = state->final_through >= quarter_of_day(since);

	put_line(table, "turfd's date", "%s", state->clock_day ? date_text(state->clock_day, text) : "none yet");
	if (state->pending_day)
		put_line(table, "DATE WAITING", "%s: the date jumped; if it is right, run turfctl confirm-date",
			 date_text(state->pending_day, text));
	if (any_final)
		period_format(period_of_quarter(state->final_through), quarter);
	put_line(table, "final", "%s%s", any_final ? "up to and including " : "no quarter yet",
		 any_final ? quarter : "");
	if (state->settled_before > since)
		put_line(table, "settled", "detail of questions before %s is gone",
			 date_text(state->settled_before, text));
	if (state->purged_before > since)
		put_line(table, "purged", "ids before %s are gone", date_text(state->purged_before, text));
}

static void size_text(uint64_t bytes, char text[static 32])
{
	static const char units[][4] = {"kB", "MB", "GB", "TB"};
	double size = (double)bytes / 1000;
	size_t unit = 0;

	for (; size >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		size /= 1000;
	(void)snprintf(text, 32, "%.1f %s", size, units[unit]);
}

static void put_sizes(struct table *table, const struct store_figures *figures)
{
	char file[32], used[32], map[32], day[DATE_TEXT_BYTES];

	size_text(figures->file_bytes, file);
	size_text(figures->used_bytes, used);
	size_text(figures->map_bytes, map);
	put_line(table, "file", "%s, of which %s in use (the map has room for %s and grows by itself)", file, used,
		 map);
	put_line(table, "ids", "%" PRIu64 ", of which %" PRIu64 " with detail%s%s", figures->ids, figures->ids_detailed,
		 figures->oldest_id_day ? "; the oldest of " : "",
		 figures->oldest_id_day ? date_text(figures->oldest_id_day, day) : "");
}

static void put_quarantine(struct table *table, const struct info *info)
{
	put_line(table, "quarantine", "%" PRIu64 "%s", info->figures.quarantined,
		 info->figures.quarantined ? " (turfctl quarantine list)" : "");
	for (int reason = 0; reason < N_VERDICTS; reason++)
		if (info->quarantined[reason] > 0)
			put_line(table, "", "%" PRIu64 " %s", info->quarantined[reason],
				 words_verdict((enum verdict)reason));
}

static int print_info(const struct ctl *ctl, const struct info *info, struct error *error)
{
	const struct store_state *state = &info->figures.state;
	struct table table;
	char text[DATE_TEXT_BYTES];
	int rc;

	table_init(&table, "ll");
	put_line(&table, "store", "%s", ctl->store);
	put_line(&table, "org", "%s%s%s", state->org, info->catalogue.name[0] ? ", " : "", info->catalogue.name);
	put_line(&table, "created", "%s", date_text(state->created, text));
	put_line(&table, "epoch", "%s", state->epoch);
	put_line(&table, "generation", "%" PRIu64, state->generation);
	put_catalogue(&table, info);
	put_cells(&table, state->cells);
	put_dates(&table, state, info->catalogue.counting_since);
	put_sizes(&table, &info->figures);
	put_quarantine(&table, info);
	if (info->figures.daemon_pid < 0)
		put_line(&table, "turfd", "running; its turfd.lock was deleted: restart it");
	else if (info->figures.daemon_pid > 0)
		put_line(&table, "turfd", "running, process %d", info->figures.daemon_pid);
	else
		put_line(&table, "turfd", "not running on this store");
	rc = table_print(&table, stdout, error);
	table_release(&table);
	return rc;
}

int ctl_info(const struct ctl *ctl, struct error *error)
{
	struct info info = {0};
	int rc = read_info(ctl, &info, error);

	if (rc == 0)
		rc = print_info(ctl, &info, error);
	catalogue_release(&info.catalogue);
	return rc;
}
