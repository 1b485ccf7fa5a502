/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a connection with a token carries (portion.h): all that is of the moment, or one portion of what goes later. It is decided
 * when the status has come, which has the date and the epoch. When the next portion goes is on disk before a portion leaves. So a
 * program that ends at any moment loses nothing, and sends no portion early.
 */
#include "broker-client/libturf/turf_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/monotonic.h"
#include "base/step.h"

enum { SCAN_ENTRIES = 64, SECONDS_A_DAY = 86400 };

static uint32_t clock_day(void)
{
	return (uint32_t)(time(NULL) / SECONDS_A_DAY);
}

/* ---- The date --------------------------------------------------------------------------------------------------- */

int session_portion_open(struct turf *turf, struct error *error)
{
	struct session_day *day = &turf->day;
	int rc = outbox_date(turf->outbox, &day->org, &day->clock, error);

	day->made_on = clock_day();
	return rc < 0 ? rc : outbox_next_number(turf->outbox, &day->made_from, error);
}

void session_portion_date(struct turf *turf, uint32_t today)
{
	uint32_t now = clock_day();
	struct error error;

	(void)pthread_mutex_lock(&turf->lock);
	turf->day.org = today;
	turf->day.clock = now;
	(void)pthread_mutex_unlock(&turf->lock);
	if (turf->tokens.login.used && outbox_put_date(turf->outbox, today, now, &error) < 0)
		session_show_fault(turf, &error);
}

/* The days by which events are judged: `org` becomes the org's date now, as far as the phone can tell. */
static struct session_day day_now(struct turf *turf)
{
	uint32_t now = clock_day();
	struct session_day day;

	(void)pthread_mutex_lock(&turf->lock);
	if (turf->day.made_on != now) {
		turf->day.made_on = now;
		if (outbox_next_number(turf->outbox, &turf->day.made_from, NULL) < 0)
			turf->day.made_from = UINT64_MAX;
	}
	day = turf->day;
	(void)pthread_mutex_unlock(&turf->lock);
	if (day.clock == 0)
		day.org = now;
	else
		day.org += now > day.clock ? now - day.clock : 0;
	return day;
}

static bool goes_later(const struct session_day *day, const struct outbox_entry *entry)
{
	return portion_goes_later(entry->event.day, day->org, entry->reoffered, entry->seq >= day->made_from);
}

/* ---- What waits ------------------------------------------------------------------------------------------------- */

struct waiting {
	size_t of_the_moment;
	struct portion_event *later; /* on the heap */
	size_t n, room;
};

static int add_later(struct waiting *waiting, const struct outbox_entry *entry, struct error *error)
{
	struct portion_event *later = room_for_one(waiting->later, waiting->n, &waiting->room, sizeof *later);

	if (!later)
		return error_set(error, FAULT_MEMORY, "no memory for what waits");
	waiting->later = later;
	later[waiting->n].seq = entry->seq;
	memcpy(later[waiting->n++].team, entry->team, SLUG_BYTES);
	return 0;
}

/* Reads the queue. free() waiting->later, also after a fault. */
static int look_at_waiting(struct turf *turf, struct waiting *waiting, struct error *error)
{
	const struct session_day day = day_now(turf);
	struct outbox_entry entries[SCAN_ENTRIES];
	uint64_t last = 0;
	size_t n;
	int rc;

	*waiting = (struct waiting){0};
	do {
		rc = outbox_load(turf->outbox, last, entries, SCAN_ENTRIES, &n, &last, error);
		for (size_t i = 0; i < n && rc == 0; i++)
			if (goes_later(&day, &entries[i]))
				rc = add_later(waiting, &entries[i], error);
			else
				waiting->of_the_moment++;
	} while (rc == 0 && n > 0);
	return rc;
}

/* ---- When portions go ------------------------------------------------------------------------------------------- */

/* Reads the system's random numbers. */
struct random_source {
	bool failed;
};

static uint32_t draw_random(void *context)
{
	struct random_source *source = context;
	uint32_t number = 0;

	source->failed = random_bytes(&number, sizeof number) != 0 || source->failed;
	return number;
}

static int check_random(const struct random_source *source, struct error *error)
{
	return source->failed ? error_set(error, FAULT_SYSTEM, "the system gives no random bytes") : 0;
}

/* Gives the moment of the next portion, which is planned if there is none. */
static int plan_portion(struct turf *turf, int64_t *at, struct error *error)
{
	struct random_source source = {false};
	const struct portion_dice dice = {draw_random, &source};
	int64_t planned;
	int rc = outbox_portion(turf->outbox, &planned, error);

	if (rc < 0)
		return rc;
	*at = portion_next(planned, (int64_t)time(NULL), &dice);
	rc = check_random(&source, error);
	return rc == 0 && *at != planned ? outbox_put_portion(turf->outbox, *at, error) : rc;
}

/* Whether something may go now: `waiting` is what the queue has. Plans a portion, or ends the plan. */
static int look_for_due(struct turf *turf, struct waiting *waiting, bool *portion_due, struct error *error)
{
	int64_t at = 0;
	int rc = look_at_waiting(turf, waiting, error);

	*portion_due = false;
	if (rc < 0)
		return rc;
	if (waiting->n == 0)
		return outbox_put_portion(turf->outbox, 0, error);
	rc = plan_portion(turf, &at, error);
	*portion_due = rc == 0 && at <= (int64_t)time(NULL);
	return rc;
}

bool session_portion_due(struct turf *turf)
{
	struct waiting waiting;
	struct error error;
	bool due;
	int rc = look_for_due(turf, &waiting, &due, &error);

	free(waiting.later);
	if (rc < 0)
		session_show_fault(turf, &error);
	return waiting.of_the_moment > 0 || due;
}

/* ---- What this connection carries ------------------------------------------------------------------------------- */

void session_portion_begin(struct turf *turf)
{
	struct session_portion *portion = &turf->portion;

	if (portion->carries == CARRIES_PORTION)
		portion->in_vain = turf->sender.n > turf->sender.gone ? portion->in_vain + 1 : 0;
	portion->carries = CARRIES_UNKNOWN;
	portion->has_status = false;
}

static bool is_in_portion(const struct session_portion *portion, uint64_t seq)
{
	for (size_t i = 0; i < portion->n; i++)
		if (portion->seqs[i] == seq)
			return true;
	return false;
}

/* What was sent before on another connection does not go on this one. */
static void keep_in_sender(struct turf *turf, const struct waiting *waiting)
{
	struct sender *sender = &turf->sender;

	(void)pthread_mutex_lock(&turf->lock);
	if (turf->portion.carries == CARRIES_PORTION) {
		for (size_t i = 0; i < sender->n; i++)
			if (sender->entries[i].state != SENDER_GONE &&
			    !is_in_portion(&turf->portion, sender->entries[i].seq))
				sender_done(sender, &sender->entries[i]);
	} else {
		for (size_t i = 0; i < waiting->n; i++) {
			struct sender_entry *entry = sender_find(sender, waiting->later[i].seq);

			if (entry)
				sender_done(sender, entry);
		}
	}
	(void)pthread_mutex_unlock(&turf->lock);
}

/* Takes a portion, and first plans the next one. */
static int take_portion(struct turf *turf, struct waiting *waiting, struct error *error)
{
	struct session_portion *portion = &turf->portion;
	struct random_source source = {false};
	const struct portion_dice dice = {draw_random, &source};
	size_t n = portion_draw(waiting->later, waiting->n, &dice);
	int64_t next = portion_after((int64_t)time(NULL), portion->in_vain, &dice);
	int rc = check_random(&source, error);

	if (rc == 0)
		rc = outbox_put_portion(turf->outbox, next, error);
	if (rc < 0)
		return rc;
	step_reached("portion-planned");
	portion->n = n;
	for (size_t i = 0; i < n; i++)
		portion->seqs[i] = waiting->later[i].seq;
	portion->carries = CARRIES_PORTION;
	return 0;
}

static void choose(struct turf *turf)
{
	struct waiting waiting;
	struct error error;
	bool due;
	int rc = look_for_due(turf, &waiting, &due, &error);

	turf->portion.carries = CARRIES_MOMENT;
	if (rc == 0 && due && waiting.of_the_moment == 0)
		rc = take_portion(turf, &waiting, &error);
	if (rc < 0)
		session_show_fault(turf, &error);
	keep_in_sender(turf, &waiting);
	free(waiting.later);
}

bool session_portion_ready(struct turf *turf, int64_t now_ms)
{
	struct session_portion *portion = &turf->portion;

	if (!turf->tokens.login.used || portion->carries != CARRIES_UNKNOWN)
		return true;
	if (!portion->has_status && now_ms < turf->link_since_ms + SESSION_NEWS_MS)
		return false;
	choose(turf);
	return true;
}

bool session_portion_has(struct turf *turf, const struct outbox_entry *entry)
{
	struct session_day day;

	if (!turf->tokens.login.used)
		return true;
	if (turf->portion.carries == CARRIES_PORTION)
		return is_in_portion(&turf->portion, entry->seq);
	day = day_now(turf);
	return !goes_later(&day, entry);
}

bool session_portion_is_done(struct turf *turf)
{
	struct waiting waiting;
	bool done;

	switch (turf->portion.carries) {
	case CARRIES_PORTION:
		(void)pthread_mutex_lock(&turf->lock);
		done = turf->sender.n == turf->sender.gone;
		(void)pthread_mutex_unlock(&turf->lock);
		return done;
	case CARRIES_MOMENT:
		done = look_at_waiting(turf, &waiting, NULL) == 0 && waiting.of_the_moment == 0;
		free(waiting.later);
		return done;
	case CARRIES_UNKNOWN:
		break;
	}
	return false;
}

/* ---- For the program -------------------------------------------------------------------------------------------- */

int session_portion_later(struct turf *turf, size_t *n, int64_t *from, struct error *error)
{
	struct waiting waiting;
	int rc = look_at_waiting(turf, &waiting, error);

	free(waiting.later);
	*n = waiting.n;
	*from = 0;
	return rc == 0 && *n > 0 ? outbox_portion(turf->outbox, from, error) : rc;
}
