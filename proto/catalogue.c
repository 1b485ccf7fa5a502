/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void catalogue_release(struct catalogue *catalogue)
{
	free(catalogue->teams);
	free(catalogue->domains);
	free(catalogue->labels);
	memset(catalogue, 0, sizeof *catalogue);
}

/* A copy of `n` elements in `*to`, NULL for none. False: no memory. */
static bool copy_array(const void *from, size_t n, size_t size, void *to)
{
	void *copy = NULL;

	if (n > 0) {
		copy = calloc(n, size);
		if (!copy)
			return false;
		memcpy(copy, from, n * size);
	}
	memcpy(to, &copy, sizeof copy);
	return true;
}

int catalogue_copy(const struct catalogue *from, struct catalogue *to)
{
	*to = *from;
	to->teams = NULL;
	to->domains = NULL;
	to->labels = NULL;
	if (copy_array(from->teams, from->n_teams, sizeof *from->teams, &to->teams) &&
	    copy_array(from->domains, from->n_domains, sizeof *from->domains, &to->domains) &&
	    copy_array(from->labels, from->n_labels, sizeof *from->labels, &to->labels))
		return 0;
	catalogue_release(to);
	return FAULT_MEMORY;
}

static bool same_team(const struct team *a, const struct team *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && a->valid_from == b->valid_from &&
	       a->valid_until == b->valid_until;
}

static bool same_domain(const struct domain *a, const struct domain *b)
{
	return a->code == b->code && strcmp(a->name, b->name) == 0 && a->valid_from == b->valid_from &&
	       a->valid_until == b->valid_until && a->rolls_up_to == b->rolls_up_to && a->position == b->position;
}

static bool same_label(const struct label *a, const struct label *b)
{
	return a->code == b->code && strcmp(a->name, b->name) == 0 && a->kind == b->kind &&
	       a->valid_from == b->valid_from && a->valid_until == b->valid_until && a->domain == b->domain;
}

static bool same_settings(const struct catalogue *a, const struct catalogue *b)
{
	return strcmp(a->org, b->org) == 0 && strcmp(a->name, b->name) == 0 && strcmp(a->timezone, b->timezone) == 0 &&
	       a->accept_days == b->accept_days && a->retract_days == b->retract_days &&
	       a->grace_days == b->grace_days && a->counting_since == b->counting_since;
}

/* renamed_from is a remark on the way to a catalogue, no part of it. */
bool catalogue_same(const struct catalogue *a, const struct catalogue *b)
{
	if (!same_settings(a, b))
		return false;
	if (a->n_teams != b->n_teams || a->n_domains != b->n_domains || a->n_labels != b->n_labels)
		return false;
	for (size_t i = 0; i < a->n_teams; i++)
		if (!same_team(&a->teams[i], &b->teams[i]))
			return false;
	for (size_t i = 0; i < a->n_domains; i++)
		if (!same_domain(&a->domains[i], &b->domains[i]))
			return false;
	for (size_t i = 0; i < a->n_labels; i++)
		if (!same_label(&a->labels[i], &b->labels[i]))
			return false;
	return true;
}

bool catalogue_valid_on(uint32_t valid_from, uint32_t valid_until, uint32_t day)
{
	return day >= valid_from && (valid_until == 0 || day < valid_until);
}

bool catalogue_valid_within(uint32_t valid_from, uint32_t valid_until, uint32_t first, uint32_t last)
{
	uint32_t begin = valid_from > first ? valid_from : first;

	return begin <= last && catalogue_valid_on(valid_from, valid_until, begin);
}

const struct team *catalogue_team(const struct catalogue *catalogue, const char *id)
{
	for (size_t i = 0; i < catalogue->n_teams; i++)
		if (strcmp(catalogue->teams[i].id, id) == 0)
			return &catalogue->teams[i];
	return NULL;
}

const struct domain *catalogue_domain(const struct catalogue *catalogue, uint32_t code)
{
	for (size_t i = 0; i < catalogue->n_domains; i++)
		if (catalogue->domains[i].code == code)
			return &catalogue->domains[i];
	return NULL;
}

const struct label *catalogue_label(const struct catalogue *catalogue, uint32_t code)
{
	size_t low = 0, high = catalogue->n_labels;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (catalogue->labels[middle].code == code)
			return &catalogue->labels[middle];
		if (catalogue->labels[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
