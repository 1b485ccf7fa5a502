/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* ---- Names ----------------------------------------------------------------------------------- */

/* Empty is fine: an org need not have a shown name. */
static bool text_valid(const char *text)
{
	uint32_t character;

	if (strnlen(text, NAME_BYTES) == NAME_BYTES)
		return false;
	while (*text) {
		size_t length = text_character(text, &character);

		if (length == 0 || text_is_control(character))
			return false;
		text += length;
	}
	return true;
}

bool catalogue_name_valid(const char *text)
{
	return text[0] != '\0' && text_valid(text);
}

bool catalogue_team_id_valid(const char *text)
{
	return topic_slug_valid(text) && strcmp(text, TEAM_ALL) != 0;
}

/* ---- Order ----------------------------------------------------------------------------------- */

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_domains(const void *a, const void *b)
{
	const struct domain *one = a, *other = b;
	int order = compare(one->position, other->position);

	return order ? order : compare(one->code, other->code);
}

static int compare_labels(const void *a, const void *b)
{
	return compare(((const struct label *)a)->code, ((const struct label *)b)->code);
}

void catalogue_sort(struct catalogue *catalogue)
{
	if (catalogue->n_domains > 0)
		qsort(catalogue->domains, catalogue->n_domains, sizeof *catalogue->domains, compare_domains);
	if (catalogue->n_labels > 0)
		qsort(catalogue->labels, catalogue->n_labels, sizeof *catalogue->labels, compare_labels);
}

/* ---- Check ----------------------------------------------------------------------------------- */

static bool days_valid(uint32_t valid_from, uint32_t valid_until)
{
	return valid_from <= CALENDAR_DAY_MAX && valid_until <= CALENDAR_DAY_MAX;
}

static bool settings_valid(const struct catalogue *catalogue)
{
	return topic_slug_valid(catalogue->org) && text_valid(catalogue->name) && text_valid(catalogue->timezone) &&
	       catalogue->counting_since <= CALENDAR_DAY_MAX;
}

static bool domains_valid(const struct catalogue *catalogue)
{
	bool seen[DOMAIN_CODE_MAX + 1] = {true}; /* 0 is no code */

	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const struct domain *domain = &catalogue->domains[i];

		if (domain->code > DOMAIN_CODE_MAX || seen[domain->code] || domain->rolls_up_to > DOMAIN_CODE_MAX)
			return false;
		if (!catalogue_name_valid(domain->name) || !days_valid(domain->valid_from, domain->valid_until))
			return false;
		seen[domain->code] = true;
	}
	return true;
}

static bool labels_valid(const struct catalogue *catalogue)
{
	uint32_t before = 0;

	if (catalogue->n_labels > LABELS_MAX)
		return false;
	for (size_t i = 0; i < catalogue->n_labels; i++) {
		const struct label *label = &catalogue->labels[i];

		if (label->code <= before || label->code > LABEL_CODE_MAX || label->domain > DOMAIN_CODE_MAX)
			return false;
		if (!catalogue_name_valid(label->name) || !days_valid(label->valid_from, label->valid_until))
			return false;
		before = label->code;
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted aside, so that thousands of teams from a hostile broker cost no quadratic time. */
static int team_ids_unique(const struct catalogue *catalogue)
{
	size_t n = catalogue->n_teams;
	const char **ids;
	int result = 0;

	if (n < 2)
		return 0;
	ids = calloc(n, sizeof *ids);
	if (!ids)
		return FAULT_MEMORY;
	for (size_t i = 0; i < n; i++)
		ids[i] = catalogue->teams[i].id;
	qsort(ids, n, sizeof *ids, compare_ids);
	for (size_t i = 1; i < n; i++)
		if (strcmp(ids[i - 1], ids[i]) == 0)
			result = 1;
	free(ids);
	return result;
}

int catalogue_check(const struct catalogue *catalogue)
{
	if (!settings_valid(catalogue) || !domains_valid(catalogue) || !labels_valid(catalogue))
		return 1;
	for (size_t i = 0; i < catalogue->n_teams; i++) {
		const struct team *team = &catalogue->teams[i];

		if (!catalogue_team_id_valid(team->id) || !catalogue_name_valid(team->name) ||
		    !days_valid(team->valid_from, team->valid_until))
			return 1;
	}
	return team_ids_unique(catalogue);
}
