/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Domains: the ZRM editions on the days that `zrm` gives them, then what `domains` changes or adds.
 */
#include "aggregator/config/catalogue.h"

#include <stdlib.h>
#include <string.h>

static const struct range positions = {1, 999};
static const struct range targets = {0, DOMAIN_CODE_MAX};

enum { EDITIONS_MAX = 16, ZRM_2017_BEGINS = 17167 /* 2017-01-01 */ };

/* ---- The Zelfredzaamheid-Matrix (GGD Amsterdam) ------------------------------------------------------- */

/* The matrix's life domains: only their names, without the texts of the criteria. The codes are turf's own; a code
 * never changes its meaning and is never used again. Domains roll up one way: from the 2017 edition to the 2013
 * edition. */
enum zrm_edition { ZRM_2013 = 1, ZRM_2017 = 2 }; /* bits: a domain can be in both */

struct zrm_domain {
	uint32_t code;
	const char *name;
	unsigned editions;    /* bits of enum zrm_edition */
	uint32_t rolls_up_to; /* 0: none */
	uint32_t position;    /* on a screen */
};

static const struct zrm_domain zrm_domains[] = {
	{1, "Financiën", ZRM_2013 | ZRM_2017, 0, 1},
	{2, "Dagbesteding", ZRM_2013, 0, 2},
	{3, "Huisvesting", ZRM_2013 | ZRM_2017, 0, 5},
	{4, "Huiselijke relaties", ZRM_2013 | ZRM_2017, 0, 6},
	{5, "Geestelijke gezondheid", ZRM_2013 | ZRM_2017, 0, 7},
	{6, "Lichamelijke gezondheid", ZRM_2013 | ZRM_2017, 0, 8},
	{7, "Verslaving", ZRM_2013, 0, 9},
	{8, "Activiteiten Dagelijks Leven", ZRM_2013, 0, 11},
	{9, "Sociaal netwerk", ZRM_2013 | ZRM_2017, 0, 14},
	{10, "Maatschappelijke participatie", ZRM_2013 | ZRM_2017, 0, 15},
	{11, "Justitie", ZRM_2013 | ZRM_2017, 0, 16},
	{12, "Werk & opleiding", ZRM_2017, 2, 3},
	{13, "Tijdsbesteding", ZRM_2017, 2, 4},
	{14, "Middelengebruik", ZRM_2017, 7, 10},
	{15, "Basale ADL", ZRM_2017, 8, 12},
	{16, "Instrumentele ADL", ZRM_2017, 8, 13},
};

enum { ZRM_DOMAINS = sizeof zrm_domains / sizeof zrm_domains[0] };

/* NULL when the matrix has no such code. */
static const struct zrm_domain *zrm_domain(uint32_t code)
{
	for (size_t i = 0; i < ZRM_DOMAINS; i++)
		if (zrm_domains[i].code == code)
			return &zrm_domains[i];
	return NULL;
}

/* An edition and the days it holds. */
struct holding {
	unsigned edition;
	uint32_t from;
	uint32_t until; /* 0: open */
	bool until_given;
	const config_setting_t *at; /* NULL: the default's */
};

/* A domain in the making; index = code. */
struct slot {
	bool present;
	const config_setting_t *entry; /* in `domains`, or NULL */
	struct domain domain;
};

/* ---- zrm = ( ... ) -------------------------------------------------------------------------------- */

static void read_holding(struct source *source, const config_setting_t *group, const struct holding *before,
			 struct holding *out)
{
	static const char *const names[] = {"edition", "from", "until", NULL};
	static const char expected[] = "\"2013\" or \"2017\"";
	const char *text = NULL;
	enum setting from;

	setting_check_names(source, group, names);
	if (setting_text(source, group, "edition", expected, REQUIRED, &text) == SETTING_GIVEN) {
		out->edition = !strcmp(text, "2013") ? ZRM_2013 : !strcmp(text, "2017") ? ZRM_2017 : 0;
		if (!out->edition)
			source_complain(source, config_setting_get_member(group, "edition"),
					"no such edition; expected %s", expected);
	}
	from = setting_date(source, group, "from", &out->from);
	if (from == SETTING_ABSENT && before && !before->until_given)
		source_complain(source, group,
				"missing setting \"from\"; expected \"YYYY-MM-DD\", "
				"the day on which this edition takes the place of the one before");
	out->until_given = setting_end(source, group, "until", &out->until) != SETTING_ABSENT;
	out->at = group;
}

/* An edition without an end of its own holds until the next one begins. */
static void check_holdings(struct source *source, struct holding *holdings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool followed = i + 1 < n;

		if (followed && holdings[i + 1].from < holdings[i].from)
			source_complain(source, holdings[i + 1].at,
					"begins before the edition above it; "
					"expected them in order of \"from\"");
		else if (followed && !holdings[i].until_given && holdings[i + 1].from == holdings[i].from)
			source_complain(source, holdings[i + 1].at,
					"begins on the same day as the edition above it; "
					"expected a later day, or an \"until\" above");
		else if (!holdings[i].until_given)
			holdings[i].until = followed ? holdings[i + 1].from : 0;
		else
			setting_check_validity(source, holdings[i].at, "until", holdings[i].from, holdings[i].until);
	}
}

static size_t read_list(struct source *source, const config_setting_t *list,
			struct holding holdings[static EDITIONS_MAX])
{
	size_t n = (size_t)config_setting_length(list), before = source->complaints.n;

	if (n > EDITIONS_MAX) {
		source_complain(source, list, "%zu editions; expected %d at most", n, EDITIONS_MAX);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *group = setting_list_group(source, list, (unsigned)i);

		holdings[i] = (struct holding){0};
		if (group)
			read_holding(source, group, i ? &holdings[i - 1] : NULL, &holdings[i]);
	}
	if (source->complaints.n == before)
		check_holdings(source, holdings, n);
	return n;
}

/* Returns how many editions there are. With something wrong in them the default takes their place, so that what
 * refers to a domain is not called wrong too. */
static size_t read_editions(struct source *source, const config_setting_t *root,
			    struct holding holdings[static EDITIONS_MAX])
{
	size_t before = source->complaints.n;
	const config_setting_t *list = setting_list(source, root, "zrm", OPTIONAL);
	size_t n = list ? read_list(source, list, holdings) : 0;

	if (list && source->complaints.n == before)
		return n;
	holdings[0] = (struct holding){.edition = ZRM_2013, .until = ZRM_2017_BEGINS};
	holdings[1] = (struct holding){.edition = ZRM_2017, .from = ZRM_2017_BEGINS};
	return 2;
}

/* ---- The matrix's own domains ----------------------------------------------------------------------- */

static void fill_from_matrix(struct slot *slot, const struct zrm_domain *zrm, uint32_t from, uint32_t until)
{
	slot->present = true;
	slot->domain = (struct domain){
		.code = zrm->code,
		.valid_from = from,
		.valid_until = until,
		.rolls_up_to = zrm->rolls_up_to,
		.position = zrm->position,
	};
	memcpy(slot->domain.name, zrm->name, strlen(zrm->name) + 1);
}

/* Adds an edition's days to a domain's. False: they would leave a gap, which validity has no words for. */
static bool extend_validity(struct domain *domain, const struct holding *holding)
{
	if (domain->valid_until && holding->from > domain->valid_until)
		return false;
	if (domain->valid_until && (!holding->until || holding->until > domain->valid_until))
		domain->valid_until = holding->until;
	return true;
}

/* The editions come in order of their first day, so only the end of a domain can move. */
static void hold(struct source *source, const struct holding *holding, struct slot *slots)
{
	for (size_t i = 0; i < ZRM_DOMAINS; i++) {
		const struct zrm_domain *zrm = &zrm_domains[i];
		struct slot *slot = &slots[zrm->code];
		char end[DATE_TEXT_BYTES];

		if (!(zrm->editions & holding->edition))
			continue;
		if (!slot->present) {
			fill_from_matrix(slot, zrm, holding->from, holding->until);
		} else if (!extend_validity(&slot->domain, holding)) {
			date_format(slot->domain.valid_until, end);
			source_complain(source, holding->at,
					"domain %u, \"%s\", ends on %s and begins again later; "
					"expected editions that leave no such gap",
					zrm->code, zrm->name, end);
			return;
		}
	}
}

/* What a domain rolls up to needs a name too, if only as ended before all counting. */
static void list_targets(struct slot *slots)
{
	for (size_t i = 0; i < ZRM_DOMAINS; i++) {
		uint32_t target = zrm_domains[i].rolls_up_to;

		if (target && slots[zrm_domains[i].code].present && !slots[target].present)
			fill_from_matrix(&slots[target], zrm_domain(target), 0, 1);
	}
}

/* ---- domains = ( ... ) ------------------------------------------------------------------------------ */

static struct slot *slot_for(struct source *source, const config_setting_t *group, struct slot *slots)
{
	const struct zrm_domain *zrm;
	uint32_t code = 0;
	struct slot *slot;

	if (setting_number(source, group, "code", &config_domain_codes, REQUIRED, &code) != SETTING_GIVEN)
		return NULL;
	slot = &slots[code];
	if (slot->entry) {
		source_complain(source, config_setting_get_member(group, "code"),
				"domain %u was given already, on line %u; expected each code once", code,
				config_setting_source_line(slot->entry));
		return NULL;
	}
	slot->entry = group;
	zrm = zrm_domain(code);
	if (!slot->present && zrm)
		fill_from_matrix(slot, zrm, 0, 0);
	else if (!slot->present)
		slot->domain = (struct domain){.code = code, .position = code};
	slot->present = true;
	return slot;
}

static void read_rolls_up_to(struct source *source, const config_setting_t *group, struct domain *domain)
{
	uint32_t target = 0;

	if (setting_number(source, group, "rolls_up_to", &targets, OPTIONAL, &target) != SETTING_GIVEN)
		return;
	if (zrm_domain(domain->code))
		source_complain(source, config_setting_get_member(group, "rolls_up_to"),
				"domain %u is of the matrix, which says itself what it rolls up to; "
				"expected this for domains of your own only",
				domain->code);
	else
		domain->rolls_up_to = target;
}

static void read_domain(struct source *source, const config_setting_t *group, struct slot *slots)
{
	static const char *const names[] = {"code",        "name",       "renamed_from", "position",
					    "rolls_up_to", "valid_from", "valid_until",  NULL};
	struct slot nowhere = {0}; /* the rest is checked even when the code is wrong */
	struct slot *slot = slot_for(source, group, slots);
	struct domain *domain = slot ? &slot->domain : &nowhere.domain;
	bool named = !slot || zrm_domain(domain->code);

	setting_check_names(source, group, names);
	(void)setting_name(source, group, "name", named ? OPTIONAL : REQUIRED, domain->name);
	config_renamed_from(source, group, domain->name, domain->renamed_from);
	(void)setting_number(source, group, "position", &positions, OPTIONAL, &domain->position);
	read_rolls_up_to(source, group, domain);
	(void)setting_date(source, group, "valid_from", &domain->valid_from);
	(void)setting_end(source, group, "valid_until", &domain->valid_until);
	setting_check_validity(source, group, "valid_until", domain->valid_from, domain->valid_until);
}

/* The organisation's own domains roll up in one step, to a domain that does not roll up itself. */
static void check_target(struct source *source, const struct slot *slots, const struct slot *slot)
{
	const struct slot *target = &slots[slot->domain.rolls_up_to];
	const config_setting_t *at = slot->entry ? config_setting_get_member(slot->entry, "rolls_up_to") : NULL;

	if (!at || !slot->domain.rolls_up_to)
		return;
	if (!target->present)
		source_complain(source, at,
				"there is no domain %u; "
				"expected the code of a domain in \"zrm\" or \"domains\"",
				slot->domain.rolls_up_to);
	else if (target->domain.rolls_up_to)
		source_complain(source, at, "domain %u rolls up to domain %u in turn; expected one that does not",
				target->domain.code, target->domain.rolls_up_to);
}

/* ---- Together --------------------------------------------------------------------------------------- */

static void collect(struct source *source, const struct slot *slots, struct catalogue *catalogue)
{
	catalogue->domains = calloc(DOMAIN_CODE_MAX, sizeof *catalogue->domains);
	if (!catalogue->domains) {
		source->out_of_memory = true;
		return;
	}
	for (unsigned code = 1; code <= DOMAIN_CODE_MAX; code++)
		if (slots[code].present)
			catalogue->domains[catalogue->n_domains++] = slots[code].domain;
}

void config_domains(struct source *source, const config_setting_t *root, struct catalogue *catalogue)
{
	const config_setting_t *list = setting_list(source, root, "domains", OPTIONAL);
	struct slot *slots = calloc(DOMAIN_CODE_MAX + 1, sizeof *slots);
	struct holding holdings[EDITIONS_MAX];
	size_t n, before = source->complaints.n;

	if (!slots) {
		source->out_of_memory = true;
		return;
	}
	n = read_editions(source, root, holdings);
	for (size_t i = 0; i < n; i++)
		hold(source, &holdings[i], slots);
	for (unsigned i = 0; list && i < (unsigned)config_setting_length(list); i++) {
		const config_setting_t *group = setting_list_group(source, list, i);

		if (group)
			read_domain(source, group, slots);
	}
	list_targets(slots);
	for (unsigned code = 1; code <= DOMAIN_CODE_MAX; code++)
		check_target(source, slots, &slots[code]);
	collect(source, slots, catalogue);
	if (!catalogue->n_domains && source->complaints.n == before)
		source_complain(source, root, "no domains; expected an edition in \"zrm\" or an entry in \"domains\"");
	free(slots);
}
