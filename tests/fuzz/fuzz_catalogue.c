/* SPDX-License-Identifier: EUPL-1.2 */
/* Catalogues as a phone reads them: what is read is written and read again as the same, and can be looked things up in. */
#include <stdlib.h>
#include <string.h>

#include "proto/catalogue.h"
#include "tests/fuzz/lib/fuzz.h"

static void check_lookups(const struct catalogue *catalogue)
{
	uint32_t code;

	for (size_t i = 0; i < catalogue->n_teams; i++)
		hold(catalogue_team(catalogue, catalogue->teams[i].id) == &catalogue->teams[i]);
	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const struct domain *domain = &catalogue->domains[i];

		hold(domain->code >= 1 && domain->code <= DOMAIN_CODE_MAX);
		hold(catalogue_domain(catalogue, domain->code) == domain);
		(void)catalogue_match_domain(catalogue, domain->valid_from, domain->name, &code);
	}
	for (size_t i = 0; i < catalogue->n_labels; i++) {
		const struct label *label = &catalogue->labels[i];

		hold(label->code >= 1 && label->code <= LABEL_CODE_MAX);
		hold(catalogue_label(catalogue, label->code) == label);
		(void)catalogue_match_label(catalogue, label->valid_from, label->domain, label->name, &code);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t written[CATALOGUE_BYTES_MAX];
	uint8_t *bytes = fuzz_copy(data, size);
	struct catalogue read, again, copy;
	size_t length;

	if (catalogue_decode(bytes, size, &read) == 0) {
		length = catalogue_encode(&read, written, sizeof written);
		hold(length > 0 && length <= size); /* as short as it can be said */
		hold(catalogue_decode(written, length, &again) == 0);
		hold(again.version == read.version && catalogue_same(&read, &again));
		hold(catalogue_copy(&read, &copy) == 0 && catalogue_same(&read, &copy));
		check_lookups(&read);
		catalogue_release(&copy);
		catalogue_release(&again);
	}
	catalogue_release(&read); /* empty, when nothing was read */
	free(bytes);
	return 0;
}
