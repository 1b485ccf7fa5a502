/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/catalogue.h"

#include <stdlib.h>
#include <string.h>

const struct range config_domain_codes = {1, DOMAIN_CODE_MAX};
static const struct range label_codes = {1, LABEL_CODE_MAX};

/* Room for all entries of a list, wrong ones too: the i-th entry is the i-th element. NULL: nothing to read. */
static void *entries(struct source *source, const config_setting_t *list, size_t size)
{
	size_t n = (size_t)config_setting_length(list);
	void *room = n ? calloc(n, size) : NULL;

	source->out_of_memory |= n && !room;
	return room;
}

static unsigned entry_line(const config_setting_t *list, size_t i)
{
	return config_setting_source_line(config_setting_get_elem(list, (unsigned)i));
}

void config_renamed_from(struct source *source, const config_setting_t *group, const char *name,
			 char out[static NAME_BYTES])
{
	enum setting state = setting_name(source, group, "renamed_from", OPTIONAL, out);

	if (state == SETTING_GIVEN && !strcmp(out, name))
		source_complain(source, config_setting_get_member(group, "renamed_from"),
				"\"renamed_from\" is the name itself; expected the name it had before");
}

/* ---- Teams ---------------------------------------------------------------------------------------- */

static void read_team(struct source *source, const config_setting_t *group, struct team *team)
{
	static const char *const names[] = {"id", "name", "valid_from", "valid_until", NULL};

	setting_check_names(source, group, names);
	(void)setting_slug(source, group, "id", team->id);
	if (!strcmp(team->id, TEAM_ALL))
		source_complain(source, config_setting_get_member(group, "id"),
				"\"" TEAM_ALL "\" stands for all teams together; expected another id");
	(void)setting_name(source, group, "name", REQUIRED, team->name);
	(void)setting_date(source, group, "valid_from", &team->valid_from);
	(void)setting_end(source, group, "valid_until", &team->valid_until);
	setting_check_validity(source, group, "valid_until", team->valid_from, team->valid_until);
}

static void check_team_once(struct source *source, const config_setting_t *list, const struct team *teams, unsigned i)
{
	const config_setting_t *group = config_setting_get_elem(list, i);

	for (unsigned j = 0; j < i && *teams[i].id; j++) {
		if (strcmp(teams[i].id, teams[j].id) != 0)
			continue;
		source_complain(source, config_setting_get_member(group, "id"),
				"team \"%s\" was given already, on line %u; expected each team once", teams[i].id,
				entry_line(list, j));
		return;
	}
}

void config_teams(struct source *source, const config_setting_t *root, struct catalogue *catalogue)
{
	const config_setting_t *list = setting_list(source, root, "teams", REQUIRED);

	if (!list)
		return;
	if (!config_setting_length(list))
		source_complain(source, list,
				"no teams; expected one at least, "
				"as in teams = ( { id = \"oost\"; name = \"Oost\"; } );");
	catalogue->teams = entries(source, list, sizeof *catalogue->teams);
	for (unsigned i = 0; catalogue->teams && i < (unsigned)config_setting_length(list); i++) {
		const config_setting_t *group = setting_list_group(source, list, i);

		catalogue->n_teams++;
		if (!group)
			continue;
		read_team(source, group, &catalogue->teams[i]);
		check_team_once(source, list, catalogue->teams, i);
	}
}

/* ---- Labels --------------------------------------------------------------------------------------- */

static void read_kind(struct source *source, const config_setting_t *group, enum label_kind *kind)
{
	static const char expected[] = "\"subject\", \"origin\" or \"referred-to\"";
	const char *text = NULL;

	if (setting_text(source, group, "kind", expected, REQUIRED, &text) != SETTING_GIVEN)
		return;
	for (enum label_kind k = LABEL_SUBJECT; k <= LABEL_REFERRED_TO; k++)
		if (!strcmp(text, words_label_kind(k)))
			*kind = k;
	if (*kind == LABEL_UNSPECIFIED)
		source_complain(source, config_setting_get_member(group, "kind"),
				"\"kind\" has a wrong value; expected %s", expected);
}

static void read_label(struct source *source, const config_setting_t *group, const struct catalogue *catalogue,
		       struct label *label)
{
	static const char *const names[] = {"code",   "name",       "renamed_from", "kind",
					    "domain", "valid_from", "valid_until",  NULL};

	setting_check_names(source, group, names);
	(void)setting_number(source, group, "code", &label_codes, REQUIRED, &label->code);
	(void)setting_name(source, group, "name", REQUIRED, label->name);
	config_renamed_from(source, group, label->name, label->renamed_from);
	read_kind(source, group, &label->kind);
	if (setting_number(source, group, "domain", &config_domain_codes, OPTIONAL, &label->domain) == SETTING_GIVEN &&
	    !catalogue_domain(catalogue, label->domain))
		source_complain(source, config_setting_get_member(group, "domain"),
				"there is no domain %u; expected the code of a domain in \"zrm\" or \"domains\"",
				label->domain);
	(void)setting_date(source, group, "valid_from", &label->valid_from);
	(void)setting_end(source, group, "valid_until", &label->valid_until);
	setting_check_validity(source, group, "valid_until", label->valid_from, label->valid_until);
}

static void check_label_once(struct source *source, const config_setting_t *list, const struct label *labels,
			     unsigned i)
{
	const config_setting_t *group = config_setting_get_elem(list, i);

	for (unsigned j = 0; j < i && labels[i].code; j++) {
		if (labels[i].code != labels[j].code)
			continue;
		source_complain(source, config_setting_get_member(group, "code"),
				"label %u was given already, on line %u; expected each code once", labels[i].code,
				entry_line(list, j));
		return;
	}
}

void config_labels(struct source *source, const config_setting_t *root, struct catalogue *catalogue)
{
	const config_setting_t *list = setting_list(source, root, "labels", OPTIONAL);

	if (!list)
		return;
	if (config_setting_length(list) > LABELS_MAX)
		source_complain(source, list, "%d labels; expected %d at most, ended ones included",
				config_setting_length(list), LABELS_MAX);
	catalogue->labels = entries(source, list, sizeof *catalogue->labels);
	for (unsigned i = 0; catalogue->labels && i < (unsigned)config_setting_length(list); i++) {
		const config_setting_t *group = setting_list_group(source, list, i);

		catalogue->n_labels++;
		if (!group)
			continue;
		read_label(source, group, catalogue, &catalogue->labels[i]);
		check_label_once(source, list, catalogue->labels, i);
	}
}

/* ---- Together ------------------------------------------------------------------------------------- */

void config_catalogue_size(struct source *source, const config_setting_t *root, const struct catalogue *catalogue)
{
	struct catalogue largest = *catalogue; /* borrows the lists */
	uint8_t *bytes = malloc(CATALOGUE_BYTES_MAX);

	if (!bytes) {
		source->out_of_memory = true;
		return;
	}
	/* Both are settled later, and may take more bytes then. */
	largest.version = UINT32_MAX;
	largest.counting_since = CALENDAR_DAY_MAX;
	if (!catalogue_encode(&largest, bytes, CATALOGUE_BYTES_MAX))
		source_complain(source, root,
				"teams, domains and labels do not fit in the catalogue's %d bytes; "
				"expected fewer of them, or shorter names",
				CATALOGUE_BYTES_MAX);
	free(bytes);
}
