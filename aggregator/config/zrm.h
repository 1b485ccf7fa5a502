/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The Zelfredzaamheid-Matrix (GGD Amsterdam): its life domains, as data. Names only, none of the criteria texts.
 *
 * Codes are ours, fixed and never reused. The crosswalk goes one way: a domain of the 2017 edition can be
 * shown on the 2013 list, not the reverse.
 */
#ifndef TURF_AGGREGATOR_CONFIG_ZRM_H
#define TURF_AGGREGATOR_CONFIG_ZRM_H

#include <stddef.h>
#include <stdint.h>

enum zrm_edition { ZRM_2013 = 1, ZRM_2017 = 2 }; /* bits: a domain can be in both */

struct zrm_domain {
	uint32_t code;
	const char *name;
	unsigned editions;    /* enum zrm_edition, or-ed */
	uint32_t rolls_up_to; /* 0: none */
	uint32_t position;    /* on a screen */
};

/* Ascending by code. */
extern const struct zrm_domain zrm_domains[];
extern const size_t zrm_n_domains;

/* NULL when the matrix has no such code. */
const struct zrm_domain *zrm_domain(uint32_t code);

/* "2013" or "2017"; 0 for anything else. */
unsigned zrm_edition_of_name(const char *name);

#endif
