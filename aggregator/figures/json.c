/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/figures/json.h"

#include <jansson.h>

#include "base/json.h"

static json_t *domains_json(const struct summary *summary, const struct catalogue *catalogue)
{
	json_t *array = json_array();
	char name[NAME_BYTES];

	for (uint32_t i = 0; i < summary->n_domains; i++) {
		const struct domain_count *count = &summary->domains[i];

		figures_domain_name(catalogue, count->domain, name);
		/* Without memory the append fails, and figures_json sees that one is missing. */
		(void)json_array_append_new(array,
					    json_pack("{s:I, s:s, s:I, s:I}", "domain", (json_int_t)count->domain,
						      "name", name, "answered", (json_int_t)count->answered, "referred",
						      (json_int_t)count->referred));
	}
	return array;
}

static json_t *labels_json(const struct summary *summary, const struct catalogue *catalogue)
{
	json_t *array = json_array();
	char name[NAME_BYTES];

	for (uint32_t i = 0; i < summary->n_labels; i++) {
		const struct label_count *count = &summary->labels[i];
		const struct label *label = catalogue_label(catalogue, count->label);

		figures_label_name(catalogue, count->label, name);
		(void)json_array_append_new(array, json_pack("{s:I, s:s, s:s, s:I}", "label", (json_int_t)count->label,
							     "name", name, "kind",
							     words_label_kind(label ? label->kind : LABEL_UNSPECIFIED),
							     "count", (json_int_t)count->count));
	}
	return array;
}

/* The head of the object: what the figures are of. */
static json_t *identity_json(const struct summary *summary, const struct catalogue *catalogue)
{
	char period[PERIOD_TEXT_BYTES];

	period_format(summary->period, period);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "org", summary->org, "org_name",
			 figures_team_name(catalogue, TEAM_ALL), "team", summary->team, "team_name",
			 figures_team_name(catalogue, summary->team), "period", period, "status",
			 words_quarter_status(summary->status), "revision", (json_int_t)summary->revision, "generation",
			 (json_int_t)summary->generation, "as_of", (json_int_t)summary->as_of);
}

static int put_integer(json_t *object, const char *name, uint64_t value)
{
	return json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* In this order: jansson keeps the one in which members were put. json_object_set_new takes the array even when it
 * fails. */
static int put_figures(json_t *object, const struct summary *summary, json_t *domains, json_t *labels)
{
	int failed = 0;

	failed |= put_integer(object, "questions", summary->answered + summary->referred);
	failed |= put_integer(object, "answered", summary->answered);
	failed |= put_integer(object, "referred", summary->referred);
	failed |= put_integer(object, "late", summary->late);
	failed |= put_integer(object, "undistributed_answered", summary->undistributed_answered);
	failed |= put_integer(object, "undistributed_referred", summary->undistributed_referred);
	failed |= json_object_set_new(object, "domains", domains);
	failed |= json_object_set_new(object, "labels", labels);
	failed |= put_integer(object, "catalogue_version", summary->catalogue_version);
	return failed;
}

char *figures_json(const struct summary *summary, const struct catalogue *catalogue)
{
	json_t *object = identity_json(summary, catalogue);
	json_t *domains = domains_json(summary, catalogue);
	json_t *labels = labels_json(summary, catalogue);
	bool complete = json_array_size(domains) == summary->n_domains && json_array_size(labels) == summary->n_labels;
	char *text = NULL;

	if (put_figures(object, summary, domains, labels) == 0 && complete)
		text = json_text(object, 0);
	json_decref(object);
	return text;
}
