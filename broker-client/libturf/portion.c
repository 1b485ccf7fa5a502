/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/portion.h"

#include <string.h>

#include "proto/rules.h"

bool portion_goes_later(uint32_t day, uint32_t today, bool reoffered, bool made_now)
{
	return reoffered || (day < today && !made_now);
}

size_t portion_size(size_t n)
{
	size_t size = (n + RULES_PORTIONS - 1) / RULES_PORTIONS;

	if (size < RULES_PORTION_EVENTS)
		size = RULES_PORTION_EVENTS;
	return size < SUBMISSION_EVENTS_MAX ? size : SUBMISSION_EVENTS_MAX;
}

static int64_t draw_wait(const struct portion_dice *dice)
{
	const uint32_t range = RULES_PORTION_WAIT_MAX_S - RULES_PORTION_WAIT_MIN_S + 1;

	return RULES_PORTION_WAIT_MIN_S + (int64_t)(dice->draw(dice->context) % range);
}

int64_t portion_next(int64_t planned, int64_t now, const struct portion_dice *dice)
{
	if (planned != 0 && planned <= now + RULES_PORTION_PAUSE_MAX_S)
		return planned;
	return now + draw_wait(dice);
}

int64_t portion_after(int64_t now, unsigned in_vain, const struct portion_dice *dice)
{
	int64_t wait = draw_wait(dice);

	while (in_vain-- > 0 && wait < RULES_PORTION_PAUSE_MAX_S)
		wait *= 2;
	return now + (wait < RULES_PORTION_PAUSE_MAX_S ? wait : RULES_PORTION_PAUSE_MAX_S);
}

/* Moves the event at `from` to the place `to` before it; those in between keep their order. */
static void move_event(struct portion_event *events, size_t from, size_t to)
{
	struct portion_event event = events[from];

	memmove(events + to + 1, events + to, (from - to) * sizeof event);
	events[to] = event;
}

/* The place of the event that is the `nth` (from 0) of this team, from `start`. */
static size_t find_nth(const struct portion_event *events, size_t start, const char *team, size_t nth)
{
	for (size_t i = start;; i++)
		if (strcmp(events[i].team, team) == 0 && nth-- == 0)
			return i;
}

size_t portion_draw(struct portion_event *events, size_t n, const struct portion_dice *dice)
{
	size_t size = portion_size(n), left = 0, drawn = 1;

	move_event(events, dice->draw(dice->context) % n, 0);
	for (size_t i = 1; i < n; i++)
		left += strcmp(events[i].team, events[0].team) == 0;
	for (; left > 0 && drawn < size; drawn++, left--)
		move_event(events, find_nth(events, drawn, events[0].team, dice->draw(dice->context) % left), drawn);
	return drawn;
}
