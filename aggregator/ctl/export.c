/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/figures/csv_writer.h"
#include "aggregator/figures/json.h"
#include "base/text.h"

/* One export on its way: written to memory while the view is open, to its destination after. */
struct exporting {
	const struct ctl_reading *reading;
	const char *team; /* NULL: every team */
	bool one_period;
	struct period period; /* when one_period */
	bool json;
	struct csv_writer csv;
	size_t n_summaries;
	struct error *error;
};

static const char csv_columns[][16] = {
	"org",        "team",   "team_name",   "period",   "status",   "revision",
	"generation", "domain", "domain_name", "answered", "referred", "questions",
};

static void csv_header(struct csv_writer *csv)
{
	for (size_t i = 0; i < sizeof csv_columns / sizeof csv_columns[0]; i++)
		csv_writer_text(csv, csv_columns[i]);
	csv_writer_end_row(csv);
}

/* What all rows of one summary begin with. */
static void csv_identity(struct exporting *export, const struct summary *summary)
{
	struct csv_writer *csv = &export->csv;
	char period[PERIOD_TEXT_BYTES];

	period_format(summary->period, period);
	csv_writer_text(csv, summary->org);
	csv_writer_text(csv, summary->team);
	csv_writer_text(csv, figures_team_name(&export->reading->catalogue, summary->team));
	csv_writer_text(csv, period);
	csv_writer_text(csv, words_quarter_status(summary->status));
	csv_writer_number(csv, summary->revision);
	csv_writer_number(csv, summary->generation);
}

static void csv_row(struct exporting *export, const struct summary *summary, const char *domain, const char *name,
		    uint64_t answered, uint64_t referred)
{
	struct csv_writer *csv = &export->csv;

	csv_identity(export, summary);
	csv_writer_text(csv, domain);
	csv_writer_text(csv, name);
	csv_writer_number(csv, answered);
	csv_writer_number(csv, referred);
	csv_writer_number(csv, answered + referred);
	csv_writer_end_row(csv);
}

static void csv_domain(struct exporting *export, const struct summary *summary, const struct domain_count *count)
{
	char code[16], name[NAME_BYTES];

	(void)snprintf(code, sizeof code, "%u", count->domain);
	figures_domain_name(&export->reading->catalogue, count->domain, name);
	csv_row(export, summary, code, name, count->answered, count->referred);
}

/* Late questions have no outcome here. */
static void csv_late(struct exporting *export, const struct summary *summary)
{
	struct csv_writer *csv = &export->csv;

	csv_identity(export, summary);
	csv_writer_text(csv, "late");
	csv_writer_text(csv, "late, not in the total");
	csv_writer_text(csv, "");
	csv_writer_text(csv, "");
	csv_writer_number(csv, summary->late);
	csv_writer_end_row(csv);
}

static void csv_summary(struct exporting *export, const struct summary *summary)
{
	csv_row(export, summary, "", "total", summary->answered, summary->referred);
	for (uint32_t i = 0; i < summary->n_domains; i++)
		csv_domain(export, summary, &summary->domains[i]);
	if (summary->undistributed_answered + summary->undistributed_referred > 0)
		csv_row(export, summary, "undistributed", "in the total, not shown per domain yet",
			summary->undistributed_answered, summary->undistributed_referred);
	if (summary->late > 0)
		csv_late(export, summary);
}

static int json_summary(struct exporting *export, const struct summary *summary)
{
	char *text = figures_json(summary, &export->reading->catalogue);

	if (!text)
		return error_set(export->error, FAULT_MEMORY, "no memory for the figures of %s", summary->team);
	(void)fputs(export->n_summaries > 0 ? ",\n" : "\n", export->csv.out);
	text_print_json(export->csv.out, text);
	free(text);
	return 0;
}

static bool wanted(const struct exporting *export, const char *team, struct period period)
{
	if (export->team && strcmp(export->team, team) != 0)
		return false;
	return !export->one_period || (period.is_year == export->period.is_year &&
				       period_first_quarter(period) == period_first_quarter(export->period));
}

static int export_one(void *context, const char *team, struct period period)
{
	struct exporting *export = context;
	struct summary summary;
	int rc;

	if (!wanted(export, team, period))
		return 0;
	rc = figures_summary(&export->reading->figures, team, period, &summary, export->error);
	if (rc == 0 && export->json)
		rc = json_summary(export, &summary);
	else if (rc == 0)
		csv_summary(export, &summary);
	export->n_summaries++;
	return rc;
}

/* A byte order mark is what makes a Dutch Excel read UTF-8; it goes with its separator. */
static int render(struct exporting *export)
{
	int rc;

	if (export->json) {
		(void)fputs("{\"summaries\": [", export->csv.out);
	} else {
		if (export->csv.separator == ';')
			(void)fputs("\xef\xbb\xbf", export->csv.out);
		csv_header(&export->csv);
	}
	rc = figures_each_summary(&export->reading->figures, export_one, export);
	if (rc < 0)
		return rc;
	if (export->json)
		(void)fputs("\n]}\n", export->csv.out);
	if (export->n_summaries == 0)
		return error_set(export->error, FAULT_INPUT,
				 "there are no figures for that team and period; `turfctl info` "
				 "says since when questions are counted");
	return 0;
}

static int write_output(const char *path, const char *bytes, size_t length, struct error *error)
{
	FILE *file = path ? fopen(path, "w") : stdout;
	bool failed;

	if (!file)
		return error_set(error, FAULT_SYSTEM, "cannot write %s: %s", path, strerror(errno));
	failed = fwrite(bytes, 1, length, file) != length;
	if (!path)
		return 0; /* main looks at stdout once more at the end */
	failed |= fclose(file) != 0;
	if (failed)
		return error_set(error, FAULT_SYSTEM, "%s is incomplete: %s", path, strerror(errno));
	return 0;
}

static int export_all(const struct ctl *ctl, struct exporting *export, struct error *error)
{
	struct ctl_reading reading;
	char *bytes = NULL;
	size_t length = 0;
	int rc = ctl_reading_open(ctl, &reading, error);

	if (rc < 0)
		return rc;
	ctl_note_date(&reading);
	export->reading = &reading;
	if (ctl->team)
		rc = ctl_check_team(&reading.catalogue, ctl->team, error);
	if (rc < 0)
		goto out;
	export->csv.out = open_memstream(&bytes, &length);
	if (!export->csv.out) {
		rc = error_set(error, FAULT_MEMORY, "no memory for the export");
		goto out;
	}
	rc = render(export);
	if (fclose(export->csv.out) != 0 && rc == 0)
		rc = error_set(error, FAULT_MEMORY, "no memory for the export");
	ctl_reading_close(&reading);
	if (rc == 0)
		rc = write_output(ctl->output, bytes, length, error);
out:
	free(bytes);
	ctl_reading_release(&reading);
	return rc;
}

static int read_separator(const char *text, char *separator)
{
	if (!text)
		*separator = ',';
	else if (strcmp(text, "tab") == 0)
		*separator = '\t';
	else if (strlen(text) == 1 && strchr(",;\t", text[0]))
		*separator = text[0];
	else
		return ctl_usage("--separator is one of , ; tab");
	return CTL_OK;
}

int ctl_export(const struct ctl *ctl, struct error *error)
{
	struct exporting export = {.team = ctl->team, .one_period = ctl->period != NULL, .error = error};
	int rc;

	if (ctl->format && strcmp(ctl->format, "csv") != 0 && strcmp(ctl->format, "json") != 0)
		return ctl_usage("--format is csv or json");
	export.json = ctl->format && strcmp(ctl->format, "json") == 0;
	if (export.json && ctl->separator)
		return ctl_usage("--separator goes with --format csv");
	if (ctl->period && period_parse(ctl->period, &export.period) != 0)
		return ctl_usage("--period is a year (2019) or a quarter (2019-Q4), not \"%s\"", ctl->period);
	rc = read_separator(ctl->separator, &export.csv.separator);
	return rc == CTL_OK ? export_all(ctl, &export, error) : rc;
}
