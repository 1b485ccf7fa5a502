/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/catalogue_form.h"

enum { PROBLEM_BYTES = 768 };

/* What is asked and told while two catalogues are compared. */
struct change {
	const struct catalogue_history *history;
	void (*problem)(void *context, const char *text);
	void *problem_context;
	int problems;
};

/* What teams, domains and labels have in common. */
struct entry {
	enum catalogue_part part;
	const char *team; /* PART_TEAM: its id */
	uint32_t code;    /* else */
	const char *name;
	const char *renamed_from; /* empty: not renamed */
	uint32_t valid_from;
	uint32_t valid_until;
};

static struct entry entry_of_team(const struct team *team)
{
	return (struct entry){
		.part = PART_TEAM,
		.team = team->id,
		.name = team->name,
		.renamed_from = "",
		.valid_from = team->valid_from,
		.valid_until = team->valid_until,
	};
}

static struct entry entry_of_domain(const struct domain *domain)
{
	return (struct entry){
		.part = PART_DOMAIN,
		.code = domain->code,
		.name = domain->name,
		.renamed_from = domain->renamed_from,
		.valid_from = domain->valid_from,
		.valid_until = domain->valid_until,
	};
}

static struct entry entry_of_label(const struct label *label)
{
	return (struct entry){
		.part = PART_LABEL,
		.code = label->code,
		.name = label->name,
		.renamed_from = label->renamed_from,
		.valid_from = label->valid_from,
		.valid_until = label->valid_until,
	};
}

static void complain(struct change *change, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct change *change, const char *format, ...)
{
	char text[PROBLEM_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	change->problem(change->problem_context, text);
	change->problems++;
}

/* "team oost", "domain 3" */
static void complain_of(struct change *change, const struct entry *entry, const char *what)
{
	if (entry->part == PART_TEAM)
		complain(change, "team %s: %s", entry->team, what);
	else
		complain(change, "%s %u: %s", entry->part == PART_DOMAIN ? "domain" : "label", (unsigned)entry->code,
			 what);
}

/* ---- Meaning: an id or a code stands for one thing for ever ------------------------------------ */

/* An ended code may not come back as something else, whatever it was called in between. A team is known by
 * its id and may be called anything while it lasts. */
static void compare_names(struct change *change, const struct entry *old, const struct entry *new)
{
	char what[PROBLEM_BYTES];
	bool ended = old->valid_until != 0 && old->valid_until <= change->history->today;
	bool begins_again = ended && (new->valid_until == 0 || new->valid_until > old->valid_until);

	if (strcmp(old->name, new->name) == 0)
		return;
	if (begins_again) {
		(void)snprintf(what, sizeof what,
			       "ended as \"%s\" and begins again as \"%s\"; use %s that was never used", old->name,
			       new->name, old->part == PART_TEAM ? "an id" : "a code");
		complain_of(change, new, what);
	} else if (old->part != PART_TEAM && strcmp(old->name, new->renamed_from) != 0) {
		(void)snprintf(what, sizeof what,
			       "was \"%s\", is now \"%s\"; give renamed_from = \"%s\" if it is the same under another "
			       "name, otherwise use a code that was never used",
			       old->name, new->name, old->name);
		complain_of(change, new, what);
	}
}

static void compare_domains(struct change *change, const struct domain *old, const struct domain *new)
{
	if (old->rolls_up_to != new->rolls_up_to)
		complain(change, "domain %u: rolled up to %u, now to %u; use a code that was never used",
			 (unsigned)new->code, (unsigned)old->rolls_up_to, (unsigned)new->rolls_up_to);
}

static void compare_labels(struct change *change, const struct label *old, const struct label *new)
{
	if (old->kind != new->kind)
		complain(change, "label %u: its kind was %s, is now %s; use a code that was never used",
			 (unsigned)new->code, words_label_kind(old->kind), words_label_kind(new->kind));
	if (old->domain != new->domain)
		complain(change, "label %u: belonged to domain %u, now to %u (0: any); use a code that was never used",
			 (unsigned)new->code, (unsigned)old->domain, (unsigned)new->domain);
}

/* ---- Validity: past days with counts keep theirs ------------------------------------------------ */

/* Days from `begin` up to but not including `end`. */
struct days {
	uint32_t begin;
	uint32_t end;
};

static uint32_t earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t later_day(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool share_a_day(struct days a, struct days b)
{
	return later_day(a.begin, b.begin) < earlier(a.end, b.end);
}

static struct days entry_days(const struct entry *entry)
{
	return (struct days){entry->valid_from, entry->valid_until ? entry->valid_until : UINT32_MAX};
}

/* Whether in `span` a day is lost, or comes in before the old beginning. A later end is no change of what was
 * counted: what was left out by mistake can come back. */
static bool history_moves(struct days old, struct days new, struct days span)
{
	struct days lost_before = {old.begin, earlier(old.end, new.begin)};
	struct days lost_after = {later_day(old.begin, new.end), old.end};
	struct days gained_before = {new.begin, earlier(new.end, old.begin)};

	return share_a_day(lost_before, span) || share_a_day(lost_after, span) || share_a_day(gained_before, span);
}

/* The part of a quarter that has passed. */
static struct days past_of_quarter(uint32_t quarter, uint32_t today)
{
	return (struct days){quarter_first_day(quarter), earlier(quarter_last_day(quarter) + 1, today)};
}

/* One complaint an entry, for the first quarter. */
static void compare_validity(struct change *change, const struct entry *old, const struct entry *new)
{
	const struct catalogue_history *history = change->history;
	struct days before = entry_days(old), after = entry_days(new);
	uint32_t begin = earlier(before.begin, after.begin);
	char what[PROBLEM_BYTES], text[PERIOD_TEXT_BYTES];

	if (begin >= history->today)
		return;
	for (uint32_t q = quarter_of_day(begin); q <= quarter_of_day(history->today - 1); q++) {
		if (!history_moves(before, after, past_of_quarter(q, history->today)))
			continue;
		if (!history->counted(history->context, old->part, old->team, old->code, q))
			continue;
		period_format(period_of_quarter(q), text);
		(void)snprintf(what, sizeof what,
			       "its validity changes in %s, on days that have passed and have counted questions; "
			       "valid_from may not move and valid_until may not be before today",
			       text);
		complain_of(change, new, what);
		return;
	}
}

static void compare_entries(struct change *change, struct entry old, struct entry new)
{
	compare_names(change, &old, &new);
	compare_validity(change, &old, &new);
}

static bool org_counted(const struct change *change, const struct catalogue *catalogue, uint32_t quarter)
{
	const struct catalogue_history *history = change->history;

	for (size_t i = 0; i < catalogue->n_teams; i++)
		if (history->counted(history->context, PART_TEAM, catalogue->teams[i].id, 0, quarter))
			return true;
	return false;
}

static void compare_counting_since(struct change *change, const struct catalogue *old, const struct catalogue *new)
{
	uint32_t end = earlier(new->counting_since, change->history->today);
	char date[DATE_TEXT_BYTES], text[PERIOD_TEXT_BYTES];

	if (old->counting_since >= end)
		return;
	for (uint32_t q = quarter_of_day(old->counting_since); q <= quarter_of_day(end - 1); q++) {
		if (!org_counted(change, old, q))
			continue;
		date_format(old->counting_since, date);
		period_format(period_of_quarter(q), text);
		complain(change, "counting_since: may not move past %s, because questions are counted in %s", date,
			 text);
		return;
	}
}

static void compare_catalogues(struct change *change, const struct catalogue *old, const struct catalogue *new)
{
	for (size_t i = 0; i < new->n_teams; i++) {
		const struct team *team = &new->teams[i], *was = catalogue_team(old, team->id);

		if (was)
			compare_entries(change, entry_of_team(was), entry_of_team(team));
	}
	for (size_t i = 0; i < new->n_domains; i++) {
		const struct domain *domain = &new->domains[i], *was = catalogue_domain(old, domain->code);

		if (!was)
			continue;
		compare_entries(change, entry_of_domain(was), entry_of_domain(domain));
		compare_domains(change, was, domain);
	}
	for (size_t i = 0; i < new->n_labels; i++) {
		const struct label *label = &new->labels[i], *was = catalogue_label(old, label->code);

		if (!was)
			continue;
		compare_entries(change, entry_of_label(was), entry_of_label(label));
		compare_labels(change, was, label);
	}
	compare_counting_since(change, old, new);
}

/* ---- Merging --------------------------------------------------------------------------------- */

/* When something ends that the config no longer names. Day 0 would be an open end. */
static uint32_t end_of(uint32_t valid_until, uint32_t today)
{
	today = later_day(today, 1);
	return valid_until != 0 && valid_until < today ? valid_until : today;
}

static void keep_left_out(const struct catalogue *old, const struct catalogue *next, uint32_t today,
			  struct catalogue *to)
{
	for (size_t i = 0; i < old->n_teams; i++) {
		if (catalogue_team(next, old->teams[i].id))
			continue;
		to->teams[to->n_teams] = old->teams[i];
		to->teams[to->n_teams++].valid_until = end_of(old->teams[i].valid_until, today);
	}
	for (size_t i = 0; i < old->n_domains; i++) {
		if (catalogue_domain(next, old->domains[i].code))
			continue;
		to->domains[to->n_domains] = old->domains[i];
		to->domains[to->n_domains++].valid_until = end_of(old->domains[i].valid_until, today);
	}
	for (size_t i = 0; i < old->n_labels; i++) {
		if (catalogue_label(next, old->labels[i].code))
			continue;
		to->labels[to->n_labels] = old->labels[i];
		to->labels[to->n_labels++].valid_until = end_of(old->labels[i].valid_until, today);
	}
}

/* A heap array with `n` elements of `from` and room for `more`. NULL: no memory. */
static void *copy_with_room(const void *from, size_t n, size_t more, size_t size)
{
	void *array = calloc(n + more + 1, size); /* never empty */

	if (array && n > 0)
		memcpy(array, from, n * size);
	return array;
}

static int merge_catalogues(const struct catalogue *old, const struct catalogue *next, uint32_t today,
			    struct catalogue *merged)
{
	*merged = *next;
	merged->teams = copy_with_room(next->teams, next->n_teams, old->n_teams, sizeof *next->teams);
	merged->domains = copy_with_room(next->domains, next->n_domains, old->n_domains, sizeof *next->domains);
	merged->labels = copy_with_room(next->labels, next->n_labels, old->n_labels, sizeof *next->labels);
	if (!merged->teams || !merged->domains || !merged->labels) {
		catalogue_release(merged);
		return FAULT_MEMORY;
	}
	keep_left_out(old, next, today, merged);
	catalogue_sort(merged);
	merged->version = old->version;
	if (!catalogue_same(old, merged))
		merged->version++;
	return 0;
}

/* What is kept as ended takes room too. */
static void check_size(struct change *change, const struct catalogue *merged)
{
	static const char *remedy = "those that ended, and those that the configuration no longer lists, count too";
	uint8_t bytes[CATALOGUE_BYTES_MAX];

	if (merged->n_labels > LABELS_MAX)
		complain(change, "%zu labels, at most %d are possible; %s", merged->n_labels, (int)LABELS_MAX, remedy);
	if (catalogue_encode(merged, bytes, sizeof bytes) == 0)
		complain(change, "the catalogue takes more than %d bytes; %s", (int)CATALOGUE_BYTES_MAX, remedy);
}

int catalogue_succeed(const struct catalogue *current, const struct catalogue *next,
		      const struct catalogue_history *history, struct catalogue *merged,
		      void (*problem)(void *context, const char *text), void *problem_context)
{
	struct change change = {.history = history, .problem = problem, .problem_context = problem_context};
	int fault;

	memset(merged, 0, sizeof *merged);
	compare_catalogues(&change, current, next);
	fault = merge_catalogues(current, next, history->today, merged);
	if (fault)
		return fault;
	check_size(&change, merged);
	if (change.problems > 0)
		catalogue_release(merged);
	return change.problems;
}
