/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>

#include "base/text.h"
#include "proto/calendar.h"
#include "proto/topic.h"
#include "proto/words.h"

int choose_day(const char *option, const char *typed, uint32_t *day)
{
	return date_parse(typed, day) == 0 ? 0
					   : cli_complain(EXIT_USAGE, "%s \"%s\": expected YYYY-MM-DD", option, typed);
}

static int no_choice(const char *dutch, const char *english, const char *typed, int result)
{
	(void)fputs("turf: \"", stderr);
	(void)text_print_columns(stderr, typed, TURF_NAME_BYTES);
	if (result == TURF_SEVERAL)
		(void)fprintf(stderr, "\" past op meer dan een %s; kies uit / fits more than one %s; choose from:\n",
			      dutch, english);
	else
		(void)fprintf(stderr, "\" is geen %s; kies uit / is no %s; choose from:\n", dutch, english);
	return EXIT_USAGE;
}

/* While there is no catalogue, only a code can be used. */
static int only_code(const char *dutch, const char *english, const char *typed, uint32_t max, uint32_t *code)
{
	if (text_number(typed, 1, max, code))
		return 0;
	return cli_complain(EXIT_UNREACHABLE,
			    "nog geen lijst van %s; geef de code / no list of %s yet; give the code, 1 to %u", dutch,
			    english, max);
}

static void list_choice(const char *code, const char *name)
{
	(void)fprintf(stderr, "  %-8s ", code);
	(void)text_print_columns(stderr, name, TURF_NAME_BYTES);
	(void)fputc('\n', stderr);
}

static void list_number(uint32_t code, const char *name)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", code);
	list_choice(text, name);
}

/* Without --team the only team of that day is meant. */
static const char *only_team(const struct turf_catalogue *catalogue, uint32_t day)
{
	const char *only = NULL;

	for (size_t i = 0; catalogue && i < catalogue->n_teams; i++) {
		const struct turf_team *team = catalogue->teams[i];

		if (!turf_valid_on(team->valid_from, team->valid_until, day))
			continue;
		if (only)
			return NULL;
		only = team->id;
	}
	return only;
}

int choose_team(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, const char **team)
{
	const struct turf_team *found = catalogue && typed ? turf_find_team(catalogue, typed) : NULL;

	*team = typed ? typed : only_team(catalogue, day);
	if (!catalogue && typed && topic_slug_valid(typed) && strcmp(typed, TURF_TEAM_ALL) != 0)
		return 0;
	if (*team && (!typed || (found && turf_valid_on(found->valid_from, found->valid_until, day))))
		return 0;
	if (!typed)
		(void)cli_complain(0, "welk team? / which team? --team TEAM%s",
				   catalogue ? "; kies uit / choose from:" : "");
	else
		(void)no_choice("team", "team", typed, TURF_UNKNOWN);
	for (size_t i = 0; catalogue && i < catalogue->n_teams; i++)
		if (turf_valid_on(catalogue->teams[i]->valid_from, catalogue->teams[i]->valid_until, day))
			list_choice(catalogue->teams[i]->id, catalogue->teams[i]->name);
	return EXIT_USAGE;
}

int choose_domain(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code)
{
	int result;

	if (!catalogue)
		return only_code("domeinen", "domains", typed, DOMAIN_CODE_MAX, code);
	result = turf_match_domain(catalogue, day, typed, code);
	if (result == 0)
		return 0;
	(void)no_choice("domein", "domain", typed, result);
	for (size_t i = 0; i < catalogue->n_domains; i++)
		if (turf_valid_on(catalogue->domains[i]->valid_from, catalogue->domains[i]->valid_until, day))
			list_number(catalogue->domains[i]->code, catalogue->domains[i]->name);
	return EXIT_USAGE;
}

int choose_label(const struct turf_catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
		 uint32_t *code)
{
	int result;

	if (!catalogue)
		return only_code("labels", "labels", typed, LABEL_CODE_MAX, code);
	result = turf_match_label(catalogue, day, domain, typed, code);
	if (result == 0)
		return 0;
	(void)no_choice("label bij dit domein", "label of this domain", typed, result);
	for (size_t i = 0; i < catalogue->n_labels; i++)
		if (turf_label_suits(catalogue->labels[i], day, domain))
			list_number(catalogue->labels[i]->code, catalogue->labels[i]->name);
	return EXIT_USAGE;
}
