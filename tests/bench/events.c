/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/bench/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/raw.h"
#include "tests/dice.h"

const char *const bench_teams[BENCH_TEAMS] = {"noord", "oost", "west", "zuid"};

static const uint8_t domains[] = {1, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16};

enum { DOMAINS = sizeof domains / sizeof domains[0] };

uint64_t random_next(struct random *random)
{
	return dice_next(&random->state);
}

uint32_t random_below(struct random *random, uint32_t n)
{
	return (uint32_t)(random_next(random) % n);
}

struct event bench_event(struct random *random, uint32_t day)
{
	struct event event = {.day = day, .act = ACT_QUESTION};
	uint64_t id[2] = {random_next(random), random_next(random)};

	memcpy(event.id.bytes, id, sizeof event.id.bytes);
	event.domain = domains[random_below(random, DOMAINS)];
	event.outcome = random_below(random, 11) == 0 ? OUTCOME_REFERRED : OUTCOME_ANSWERED;
	return event;
}

void bench_phone(uint32_t number, char id[static CLIENT_ID_BYTES])
{
	struct random random = {number};

	(void)snprintf(id, CLIENT_ID_BYTES, "%08x%014llx", number, (unsigned long long)(random_next(&random) >> 8));
}

const struct catalogue *bench_catalogue(void)
{
	static struct team teams[BENCH_TEAMS];
	static struct domain listed[DOMAINS];
	static struct catalogue catalogue = {
		.version = 1,
		.org = BENCH_ORG,
		.name = "Bench",
		.timezone = "Europe/Amsterdam",
		.accept_days = 3660,
		.retract_days = 14,
		.grace_days = 28,
		.counting_since = BENCH_DAY - 3000,
		.teams = teams,
		.n_teams = BENCH_TEAMS,
		.domains = listed,
		.n_domains = DOMAINS,
	};

	if (listed[0].code != 0)
		return &catalogue;
	for (size_t i = 0; i < BENCH_TEAMS; i++)
		(void)snprintf(teams[i].id, sizeof teams[i].id, "%s", bench_teams[i]);
	for (size_t i = 0; i < DOMAINS; i++)
		listed[i] = (struct domain){.code = domains[i], .position = (uint32_t)i + 1};
	return &catalogue;
}

uint64_t number_argument(const char *text)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		die("not a number: %s", text);
	return value;
}
