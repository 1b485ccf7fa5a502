/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/turf_impl.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

_Static_assert(TURF_QUARTER_UNKNOWN == (int)QUARTER_UNSPECIFIED && TURF_QUARTER_OPEN == (int)QUARTER_OPEN &&
		       TURF_QUARTER_PROVISIONAL == (int)QUARTER_PROVISIONAL && TURF_QUARTER_FINAL == (int)QUARTER_FINAL,
	       "quarters");

/* A summary, the JSON that its texts point into, and, after both, its lists: one block of memory. */
struct own_summary {
	struct turf_summary outer; /* first: a pointer to it is one to all of this */
	json_t *json;
	char *line;
};

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value ? value : "";
}

static uint64_t number(const json_t *object, const char *member)
{
	json_int_t value = json_integer_value(json_object_get(object, member));

	return value < 0 ? 0 : (uint64_t)value;
}

static uint32_t small_number(const json_t *object, const char *member)
{
	uint64_t value = number(object, member);

	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static enum turf_quarter_status status_of(const char *word)
{
	for (int status = QUARTER_OPEN; status <= QUARTER_FINAL; status++)
		if (strcmp(words_quarter_status((enum quarter_status)status), word) == 0)
			return (enum turf_quarter_status)status;
	return TURF_QUARTER_UNKNOWN;
}

static enum turf_label_kind kind_of(const char *word)
{
	for (int kind = LABEL_SUBJECT; kind <= LABEL_REFERRED_TO; kind++)
		if (strcmp(words_label_kind((enum label_kind)kind), word) == 0)
			return (enum turf_label_kind)kind;
	return TURF_LABEL_UNKNOWN;
}

static void fill_domains(const json_t *array, const struct turf_domain_count **list, struct turf_domain_count *counts)
{
	const json_t *domain;
	size_t i;

	json_array_foreach(array, i, domain)
	{
		counts[i] = (struct turf_domain_count){
			.domain = small_number(domain, "domain"),
			.name = text(domain, "name"),
			.answered = number(domain, "answered"),
			.referred = number(domain, "referred"),
		};
		list[i] = &counts[i];
	}
}

static void fill_labels(const json_t *array, const struct turf_label_count **list, struct turf_label_count *counts)
{
	const json_t *label;
	size_t i;

	json_array_foreach(array, i, label)
	{
		counts[i] = (struct turf_label_count){
			.label = small_number(label, "label"),
			.name = text(label, "name"),
			.kind = kind_of(text(label, "kind")),
			.count = number(label, "count"),
		};
		list[i] = &counts[i];
	}
}

/* Takes `json` and `line` unless there is no memory. */
static struct turf_summary *new_summary(json_t *json, char *line)
{
	const json_t *domains = json_object_get(json, "domains"), *labels = json_object_get(json, "labels");
	size_t n_domains = json_array_size(domains), n_labels = json_array_size(labels);
	const struct turf_domain_count **domain_list;
	const struct turf_label_count **label_list;
	struct turf_domain_count *domain_counts;
	struct turf_label_count *label_counts;
	struct own_summary *own = malloc(sizeof *own + n_domains * (sizeof *domain_list + sizeof *domain_counts) +
					 n_labels * (sizeof *label_list + sizeof *label_counts));

	if (!own)
		return NULL;
	domain_list = (const struct turf_domain_count **)(own + 1);
	domain_counts = (struct turf_domain_count *)(domain_list + n_domains);
	label_list = (const struct turf_label_count **)(domain_counts + n_domains);
	label_counts = (struct turf_label_count *)(label_list + n_labels);
	fill_domains(domains, domain_list, domain_counts);
	fill_labels(labels, label_list, label_counts);
	own->json = json;
	own->line = line;
	own->outer = (struct turf_summary){
		.org_name = text(json, "org_name"),
		.team = text(json, "team"),
		.team_name = text(json, "team_name"),
		.period = text(json, "period"),
		.status = status_of(text(json, "status")),
		.revision = small_number(json, "revision"),
		.generation = number(json, "generation"),
		.as_of = (int64_t)number(json, "as_of"),
		.answered = number(json, "answered"),
		.referred = number(json, "referred"),
		.late = number(json, "late"),
		.undistributed_answered = number(json, "undistributed_answered"),
		.undistributed_referred = number(json, "undistributed_referred"),
		.catalogue_version = small_number(json, "catalogue_version"),
		.n_domains = n_domains,
		.domains = domain_list,
		.n_labels = n_labels,
		.labels = label_list,
		.json = line,
	};
	return &own->outer;
}

struct turf_summary *turf_figures_summary(const void *bytes, size_t length)
{
	json_t *json = json_loadb(bytes, length, 0, NULL);
	char *line = json_is_array(json_object_get(json, "domains")) ? json_text(json, JSON_COMPACT) : NULL;
	struct turf_summary *summary = line ? new_summary(json, line) : NULL;

	if (!summary) {
		free(line);
		json_decref(json);
	}
	return summary;
}

void turf_figures_free_summary(struct turf_summary *summary)
{
	struct own_summary *own = (struct own_summary *)summary;

	if (!own)
		return;
	free(own->line);
	json_decref(own->json);
	free(own);
}

/* As struct own_summary. */
struct own_weekly {
	struct turf_weekly outer;
	struct weekly inner;
	const struct turf_week *list[WEEKS_MAX];
	struct turf_week weeks[WEEKS_MAX];
};

struct turf_weekly *turf_figures_weekly(const uint8_t *bytes, size_t length)
{
	struct own_weekly *own = calloc(1, sizeof *own);

	if (!own || weekly_decode(bytes, length, &own->inner) != 0) {
		free(own);
		return NULL;
	}
	for (uint32_t i = 0; i < own->inner.n_weeks; i++) {
		own->weeks[i] = (struct turf_week){own->inner.weeks[i].week, own->inner.weeks[i].questions};
		own->list[i] = &own->weeks[i];
	}
	own->outer = (struct turf_weekly){
		.team = own->inner.team,
		.iso_year = own->inner.iso_year,
		.generation = own->inner.generation,
		.n_weeks = own->inner.n_weeks,
		.weeks = own->list,
	};
	return &own->outer;
}
