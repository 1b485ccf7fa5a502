/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Single settings read out of a group: type, form and range are checked here, and what is wrong is complained of.
 *
 * Every reader leaves *out as it was (the default) unless the setting is given and right. Private to aggregator/config/.
 */
#ifndef TURF_AGGREGATOR_CONFIG_VALUES_H
#define TURF_AGGREGATOR_CONFIG_VALUES_H

#include <stdint.h>

#include "aggregator/config/source.h"
#include "proto/catalogue.h"

enum setting {
	SETTING_GIVEN = 0,
	SETTING_ABSENT = 1, /* complained of when it is required */
	SETTING_WRONG = 2,  /* complained of */
};

enum presence { OPTIONAL, REQUIRED };

/* For "until": the word that says there is no end, and the sentence that describes an until-day. */
#define OPEN_END "open"

/* Complains of every setting in `group` that is not among `names` (ends with NULL), with the nearest name. */
void setting_check_names(struct source *source, const config_setting_t *group, const char *const *names);

/* A whole number from `min` to `max`. */
struct range {
	uint32_t min, max;
};
enum setting setting_number(struct source *source, const config_setting_t *group, const char *name,
			    const struct range *range, enum presence presence, uint32_t *out);

/* Text that is not empty. It lives as long as the source. `expected` goes into the complaint. */
enum setting setting_text(struct source *source, const config_setting_t *group, const char *name, const char *expected,
			  enum presence presence, const char **out);

/* A name that people read: UTF-8 without control characters, at most NAME_BYTES - 1 bytes. */
enum setting setting_name(struct source *source, const config_setting_t *group, const char *name,
			  enum presence presence, char out[static NAME_BYTES]);

/* Always required. */
enum setting setting_slug(struct source *source, const config_setting_t *group, const char *name,
			  char out[static SLUG_BYTES]);

/* "YYYY-MM-DD"; an end may also be OPEN_END, which is 0. */
enum setting setting_date(struct source *source, const config_setting_t *group, const char *name, uint32_t *day);
enum setting setting_end(struct source *source, const config_setting_t *group, const char *name, uint32_t *day);

/* A group { ... } or a list ( ... ). NULL: it is not there, or is something else. */
const config_setting_t *setting_group(struct source *source, const config_setting_t *parent, const char *name,
				      enum presence presence);
const config_setting_t *setting_list(struct source *source, const config_setting_t *parent, const char *name,
				     enum presence presence);

/* The i-th element of a list, when it is a group; NULL: complained of. */
const config_setting_t *setting_list_group(struct source *source, const config_setting_t *list, unsigned i);

/* Complains unless the days make a period: from < until, or no until. */
void setting_check_validity(struct source *source, const config_setting_t *group, const char *until_name, uint32_t from,
			    uint32_t until);

#endif
