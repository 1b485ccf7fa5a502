/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/lib/model.h"

#include <stdlib.h>
#include <string.h>

#include "proto/calendar.h"

void model_init(struct model *model, const struct catalogue *catalogue, uint32_t today)
{
	*model = (struct model){.catalogue = catalogue};
	model_day(model, today, true);
}

void model_release(struct model *model)
{
	free(model->entries);
}

static bool within_two_days(uint32_t a, uint32_t b)
{
	return a <= b + 2 && b <= a + 2;
}

static void trust(struct model *model, uint32_t today)
{
	const struct catalogue *c = model->catalogue;

	for (uint32_t quarter = quarter_of_day(today) - 8; quarter <= quarter_of_day(today); quarter++) {
		if (today > quarter_last_day(quarter) + c->grace_days && quarter > model->final_through)
			model->final_through = quarter;
	}
	if (today - c->accept_days - 60 > model->purged_before)
		model->purged_before = today - c->accept_days - 60;
	if (today - c->retract_days > model->settled_before)
		model->settled_before = today - c->retract_days;
	model->clock_day = today;
	model->pending_day = 0;
}

void model_day(struct model *model, uint32_t today, bool confirmed)
{
	bool stood = model->pending_day && today > model->pending_day && within_two_days(today, model->pending_day);

	model->today = today;
	if (confirmed || stood || !model->clock_day || within_two_days(today, model->clock_day))
		trust(model, today);
	else
		model->pending_day = today;
}

static struct model_entry *find(struct model *model, const struct event *event)
{
	if (event->day < model->purged_before)
		return NULL;
	for (size_t i = 0; i < model->n; i++) {
		struct model_entry *entry = &model->entries[i];

		if (entry->event.day == event->day && memcmp(&entry->event.id, &event->id, sizeof event->id) == 0)
			return entry;
	}
	return NULL;
}

static void remember(struct model *model, const struct event *event, const char *team, enum model_state state)
{
	struct model_entry *entry;

	if (model->n == model->capacity) {
		model->capacity = model->capacity ? 2 * model->capacity : 1024;
		model->entries = realloc(model->entries, model->capacity * sizeof *model->entries);
		if (!model->entries)
			abort();
	}
	entry = &model->entries[model->n++];
	*entry = (struct model_entry){.event = *event, .state = state};
	memcpy(entry->team, team, strlen(team) + 1);
}

static bool retraction_too_late(const struct model *model, uint32_t day)
{
	return (int64_t)model->today - day > model->catalogue->retract_days || day < model->settled_before ||
	       quarter_of_day(day) <= model->final_through;
}

static bool label_fits(const struct model *model, const struct event *event, uint32_t code)
{
	const struct catalogue *c = model->catalogue;

	for (size_t i = 0; i < c->n_labels; i++) {
		const struct label *label = &c->labels[i];

		if (label->code == code)
			return event->day >= label->valid_from &&
			       (!label->valid_until || event->day < label->valid_until) &&
			       (!label->domain || label->domain == event->domain);
	}
	return false;
}

static enum verdict refusal(const struct model *model, const struct event *event, const char *team)
{
	const struct catalogue *c = model->catalogue;
	bool team_fits = false, domain_fits = false;

	if ((int64_t)event->day - model->today > 1)
		return VERDICT_REFUSED_DAY_IN_FUTURE;
	if ((int64_t)model->today - event->day > c->accept_days || event->day < c->counting_since ||
	    event->day < model->purged_before)
		return VERDICT_REFUSED_DAY_TOO_OLD;
	for (size_t i = 0; i < c->n_teams; i++)
		team_fits |= strcmp(c->teams[i].id, team) == 0 && event->day >= c->teams[i].valid_from &&
			     (!c->teams[i].valid_until || event->day < c->teams[i].valid_until);
	if (!team_fits)
		return VERDICT_REFUSED_UNKNOWN_TEAM;
	for (size_t i = 0; i < c->n_domains; i++)
		domain_fits |= c->domains[i].code == event->domain && event->day >= c->domains[i].valid_from &&
			       (!c->domains[i].valid_until || event->day < c->domains[i].valid_until);
	if (!domain_fits)
		return VERDICT_REFUSED_UNKNOWN_DOMAIN;
	for (uint32_t i = 0; i < event->n_labels; i++) {
		if (!label_fits(model, event, event->labels[i]))
			return VERDICT_REFUSED_UNKNOWN_LABEL;
	}
	return VERDICT_UNSPECIFIED;
}

static enum verdict apply_question(struct model *model, struct model_entry *known, const struct event *event,
				   const char *team)
{
	enum verdict refused;
	bool late;

	if (known)
		return known->state == MODEL_RETRACTED ? VERDICT_ALREADY_RETRACTED : VERDICT_ALREADY_COUNTED;
	refused = refusal(model, event, team);
	if (refused != VERDICT_UNSPECIFIED)
		return refused;
	late = quarter_of_day(event->day) <= model->final_through;
	remember(model, event, team, late ? MODEL_LATE : MODEL_COUNTED);
	return late ? VERDICT_COUNTED_LATE : VERDICT_COUNTED;
}

static enum verdict apply_retraction(struct model *model, struct model_entry *known, const struct event *event,
				     const char *team)
{
	if (known && known->state == MODEL_RETRACTED)
		return VERDICT_ALREADY_RETRACTED;
	if (known && known->state == MODEL_LATE)
		return VERDICT_REFUSED_RETRACTION_TOO_LATE;
	if (!known && (int64_t)event->day - model->today > 1)
		return VERDICT_REFUSED_DAY_IN_FUTURE;
	if (retraction_too_late(model, event->day))
		return VERDICT_REFUSED_RETRACTION_TOO_LATE;
	if (known)
		known->state = MODEL_RETRACTED;
	else
		remember(model, event, team, MODEL_RETRACTED);
	return VERDICT_RETRACTED;
}

enum verdict model_apply(struct model *model, const struct event *event, const char *team)
{
	struct model_entry *known = find(model, event);

	return event->act == ACT_QUESTION ? apply_question(model, known, event, team)
					  : apply_retraction(model, known, event, team);
}

uint64_t model_revise(struct model *model, uint32_t quarter)
{
	uint64_t taken_in = 0;

	for (size_t i = 0; i < model->n; i++) {
		struct model_entry *entry = &model->entries[i];

		if (entry->state != MODEL_LATE || quarter_of_day(entry->event.day) != quarter)
			continue;
		entry->state = MODEL_COUNTED;
		taken_in++;
	}
	return taken_in;
}

static bool of_team(const struct model_entry *entry, const char *team)
{
	return strcmp(team, TEAM_ALL) == 0 || strcmp(entry->team, team) == 0;
}

uint64_t model_count(const struct model *model, enum model_state state, const char *team, uint32_t first_quarter,
		     uint32_t last_quarter, uint32_t domain, enum outcome outcome)
{
	uint64_t count = 0;

	for (size_t i = 0; i < model->n; i++) {
		const struct model_entry *entry = &model->entries[i];
		uint32_t quarter = quarter_of_day(entry->event.day);

		count += entry->state == state && of_team(entry, team) && quarter >= first_quarter &&
			 quarter <= last_quarter && (!domain || entry->event.domain == domain) &&
			 (!outcome || entry->event.outcome == outcome);
	}
	return count;
}

uint64_t model_count_label(const struct model *model, const char *team, uint32_t first_quarter, uint32_t last_quarter,
			   uint32_t label)
{
	uint64_t count = 0;

	for (size_t i = 0; i < model->n; i++) {
		const struct model_entry *entry = &model->entries[i];
		uint32_t quarter = quarter_of_day(entry->event.day);

		if (entry->state != MODEL_COUNTED || !of_team(entry, team) || quarter < first_quarter ||
		    quarter > last_quarter)
			continue;
		for (uint32_t l = 0; l < entry->event.n_labels; l++)
			count += entry->event.labels[l] == label;
	}
	return count;
}

uint64_t model_count_week(const struct model *model, const char *team, struct iso_week week)
{
	uint64_t count = 0;

	for (size_t i = 0; i < model->n; i++) {
		const struct model_entry *entry = &model->entries[i];
		struct iso_week at = iso_week_of_day(entry->event.day);

		count += entry->state != MODEL_RETRACTED && of_team(entry, team) && at.year == week.year &&
			 at.week == week.week;
	}
	return count;
}
