/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FOLDED_BYTES = 2 * NAME_BYTES }; /* a few letters grow by a half */

/* What is wanted, and what was found so far. An exact name is preferred to names that only contain what was typed. */
struct search {
	bool by_code; /* only digits were typed */
	uint32_t wanted;
	char typed[FOLDED_BYTES];
	size_t exact, partial;
	uint32_t exact_code, partial_code;
};

/* Whether only digits were typed: then it is a code. A number too large for a code becomes UINT32_MAX. */
static bool typed_code(const char *typed, uint32_t *code)
{
	unsigned long long value = strtoull(typed, NULL, 10);

	*code = value <= LABEL_CODE_MAX ? (uint32_t)value : UINT32_MAX;
	return typed[0] != '\0' && typed[strspn(typed, "0123456789")] == '\0';
}

/* False: nothing can be found. */
static bool search_begin(struct search *search, const char *typed)
{
	memset(search, 0, sizeof *search);
	search->by_code = typed_code(typed, &search->wanted);
	return search->by_code || (strnlen(typed, NAME_BYTES) < NAME_BYTES &&
				   text_fold(typed, search->typed, sizeof search->typed) && search->typed[0] != '\0');
}

static void search_entry(struct search *search, const char *name, uint32_t code)
{
	char folded[FOLDED_BYTES] = "";
	bool exact, foldable = !search->by_code && text_fold(name, folded, sizeof folded);

	exact = search->by_code ? code == search->wanted : foldable && strcmp(folded, search->typed) == 0;
	if (exact) {
		search->exact++;
		search->exact_code = code;
	} else if (foldable && strstr(folded, search->typed)) {
		search->partial++;
		search->partial_code = code;
	}
}

static enum match search_end(const struct search *search, uint32_t *code)
{
	size_t found = search->exact ? search->exact : search->partial;

	if (found == 0)
		return MATCH_NONE;
	if (found > 1)
		return MATCH_SEVERAL;
	*code = search->exact ? search->exact_code : search->partial_code;
	return MATCH_ONE;
}

enum match catalogue_match_domain(const struct catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code)
{
	struct search search;

	if (!search_begin(&search, typed))
		return MATCH_NONE;
	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const struct domain *domain = &catalogue->domains[i];

		if (catalogue_valid_on(domain->valid_from, domain->valid_until, day))
			search_entry(&search, domain->name, domain->code);
	}
	return search_end(&search, code);
}

bool catalogue_label_suits(const struct label *label, uint32_t day, uint32_t domain)
{
	return catalogue_valid_on(label->valid_from, label->valid_until, day) &&
	       (label->domain == 0 || label->domain == domain);
}

enum match catalogue_match_label(const struct catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
				 uint32_t *code)
{
	struct search search;

	if (!search_begin(&search, typed))
		return MATCH_NONE;
	for (size_t i = 0; i < catalogue->n_labels; i++) {
		const struct label *label = &catalogue->labels[i];

		if (catalogue_label_suits(label, day, domain))
			search_entry(&search, label->name, label->code);
	}
	return search_end(&search, code);
}
