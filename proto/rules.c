/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/rules.h"

#include <assert.h>
#include <string.h>

#include "proto/wire.h"

enum { CLOCKS_DIFFER_DAYS = 1 }; /* a phone's date may be ahead of the org's by so much */

/* Days from `day` to today; below zero when `day` is still to come. */
static int64_t age_of(uint32_t day, const struct standing *standing)
{
	return (int64_t)standing->today - (int64_t)day;
}

/* Days beyond the calendar are in the future whatever the clock says: nothing may ask for their quarter. */
static bool in_future(uint32_t day, const struct standing *standing)
{
	return day > CALENDAR_DAY_MAX || age_of(day, standing) < -CLOCKS_DIFFER_DAYS;
}

static bool too_old(uint32_t day, const struct catalogue *catalogue, const struct standing *standing)
{
	return age_of(day, standing) > (int64_t)catalogue->accept_days || day < catalogue->counting_since ||
	       day < standing->purged_before;
}

static bool quarter_is_final(uint32_t quarter, const struct standing *standing)
{
	return quarter <= standing->final_through;
}

static bool team_known(const char *id, uint32_t day, const struct catalogue *catalogue)
{
	const struct team *team = catalogue_team(catalogue, id);

	return team && catalogue_valid_on(team->valid_from, team->valid_until, day);
}

static bool domain_known(uint32_t code, uint32_t day, const struct catalogue *catalogue)
{
	const struct domain *domain = catalogue_domain(catalogue, code);

	return domain && catalogue_valid_on(domain->valid_from, domain->valid_until, day);
}

static bool labels_known(const struct event *event, const struct catalogue *catalogue)
{
	for (uint32_t i = 0; i < event->n_labels; i++) {
		const struct label *label = catalogue_label(catalogue, event->labels[i]);

		if (!label || !catalogue_valid_on(label->valid_from, label->valid_until, event->day))
			return false;
		if (label->domain != 0 && label->domain != event->domain)
			return false;
	}
	return true;
}

static enum verdict question_verdict(const struct event *event, const char *team, const struct catalogue *catalogue,
				     const struct standing *standing)
{
	if (in_future(event->day, standing))
		return VERDICT_REFUSED_DAY_IN_FUTURE;
	if (too_old(event->day, catalogue, standing))
		return VERDICT_REFUSED_DAY_TOO_OLD;
	if (!team_known(team, event->day, catalogue))
		return VERDICT_REFUSED_UNKNOWN_TEAM;
	if (!domain_known(event->domain, event->day, catalogue))
		return VERDICT_REFUSED_UNKNOWN_DOMAIN;
	if (!labels_known(event, catalogue))
		return VERDICT_REFUSED_UNKNOWN_LABEL;
	if (quarter_is_final(quarter_of_day(event->day), standing))
		return VERDICT_COUNTED_LATE;
	return VERDICT_COUNTED;
}

bool rules_retractable(uint32_t day, const struct catalogue *catalogue, const struct standing *standing)
{
	int64_t age = age_of(day, standing);

	if (day > CALENDAR_DAY_MAX || age > (int64_t)catalogue->retract_days || age > (int64_t)catalogue->grace_days)
		return false;
	if (day < standing->settled_before || day < standing->purged_before)
		return false;
	return !quarter_is_final(quarter_of_day(day), standing);
}

struct admitted rules_admit(const struct event *event, const char *team, const struct catalogue *catalogue,
			    const struct standing *standing)
{
	struct admitted admitted = {.event = *event};

	assert(event->act == ACT_QUESTION || event->act == ACT_RETRACTION);
	(void)wire_text_copy(admitted.team, sizeof admitted.team, team); /* too long: empty, which no team is called */
	if (event->act == ACT_QUESTION) {
		admitted.if_unknown = question_verdict(event, admitted.team, catalogue, standing);
		admitted.if_counted = VERDICT_ALREADY_COUNTED;
		return admitted;
	}
	admitted.if_counted = rules_retractable(event->day, catalogue, standing) ? VERDICT_RETRACTED
										 : VERDICT_REFUSED_RETRACTION_TOO_LATE;
	admitted.if_unknown = in_future(event->day, standing) ? VERDICT_REFUSED_DAY_IN_FUTURE : admitted.if_counted;
	return admitted;
}

enum verdict rules_judge(const struct admitted *admitted, enum known known)
{
	bool question = admitted->event.act == ACT_QUESTION;

	if (known == KNOWN_NOTHING)
		return admitted->if_unknown;
	if (known == KNOWN_COUNTED)
		return admitted->if_counted;
	if (known == KNOWN_COUNTED_LATE)
		return question ? VERDICT_ALREADY_COUNTED : VERDICT_REFUSED_RETRACTION_TOO_LATE;
	assert(known == KNOWN_RETRACTED);
	return VERDICT_ALREADY_RETRACTED;
}

enum quarter_status rules_quarter_status(uint32_t quarter, const struct standing *standing)
{
	if (quarter_is_final(quarter, standing))
		return QUARTER_FINAL;
	return standing->today <= quarter_last_day(quarter) ? QUARTER_OPEN : QUARTER_PROVISIONAL;
}

uint32_t rules_quarter_closable(uint32_t today, uint32_t grace_days)
{
	int64_t latest = (int64_t)today - (int64_t)grace_days - 1; /* the last day of such a quarter at the latest */
	uint32_t quarter;

	if (latest < quarter_last_day(quarter_of_day(0)))
		return 0;
	quarter = quarter_of_day((uint32_t)latest);
	return quarter_last_day(quarter) <= latest ? quarter : quarter - 1;
}

uint32_t rules_purgeable_before(uint32_t today, uint32_t accept_days)
{
	int64_t first_kept = (int64_t)today - (int64_t)accept_days - RULES_IDS_KEPT_DAYS;

	return first_kept > 0 ? (uint32_t)first_kept : 0;
}

bool rules_date_jumped(uint32_t from, uint32_t to)
{
	return (to > from ? to - from : from - to) > RULES_DATE_JUMP_DAYS;
}
