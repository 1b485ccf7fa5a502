/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The catalogue's part of the configuration file: teams, domains (domains.c) and labels.
 *
 * Each fills its list in `catalogue` and complains to `source`; with complaints the list is of no use but to be
 * released. Private to aggregator/config/.
 */
#ifndef TURF_AGGREGATOR_CONFIG_CATALOGUE_H
#define TURF_AGGREGATOR_CONFIG_CATALOGUE_H

#include "aggregator/config/values.h"

/* The codes a domain can have. */
extern const struct range config_domain_codes;

void config_teams(struct source *source, const config_setting_t *root, struct catalogue *catalogue);
void config_domains(struct source *source, const config_setting_t *root, struct catalogue *catalogue);
/* After the domains. */
void config_labels(struct source *source, const config_setting_t *root, struct catalogue *catalogue);

/* Reads renamed_from, which must differ from the name it gave way to. */
void config_renamed_from(struct source *source, const config_setting_t *group, const char *name,
			 char out[static NAME_BYTES]);

/* All of it together must fit in the retained message. */
void config_catalogue_size(struct source *source, const config_setting_t *root, const struct catalogue *catalogue);

#endif
