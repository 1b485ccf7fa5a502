/* SPDX-License-Identifier: EUPL-1.2 */
/* The calls of turf.h that only read: watching figures, and asking a broker for its organisations. */
#include "broker-client/libturf/turf.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/listener.h"

/* Which figures are watched. `team` is empty: none are. */
struct figures_of {
	char team[SLUG_BYTES];
	struct period period;
	uint64_t generation; /* of the newest figures that came */
};

struct turf_watch {
	char org[SLUG_BYTES];
	struct listener *listener;
	struct figures_of summary_of, weekly_of;
	struct turf_news news; /* what it points to is the watch's */
	struct turf_status status;
	struct turf_catalogue *catalogue;
	struct turf_summary *summary;
	struct turf_weekly *weekly;
};

int turf_watch_open(struct turf_watch **out, const struct turf_options *asked, struct turf_error *error)
{
	struct turf_options options;
	struct turf_watch *watch = NULL;
	int rc = session_take_sized(&options, sizeof options, asked, asked->size, "turf_options", session_error(error));

	*out = NULL;
	if (rc == 0)
		rc = session_check_org(options.org, session_error(error));
	if (rc == 0) {
		watch = calloc(1, sizeof *watch);
		rc = watch ? listener_open(&watch->listener, &options, session_error(error))
			   : error_set(session_error(error), FAULT_MEMORY, "no memory");
	}
	if (rc == 0 && watch)
		rc = listener_use_tokens(watch->listener, &options, session_error(error));
	if (rc == 0 && watch) {
		memcpy(watch->org, options.org, strlen(options.org) + 1);
		*out = watch;
	} else if (watch) {
		listener_close(watch->listener);
		free(watch);
	}
	return rc;
}

void turf_watch_close(struct turf_watch *watch)
{
	if (!watch)
		return;
	listener_close(watch->listener);
	turf_catalogue_free(watch->catalogue);
	turf_figures_free_summary(watch->summary);
	free(watch->weekly);
	free(watch);
}

/* ---- What to watch ---------------------------------------------------------------------------------------------- */

void turf_watch_status(struct turf_watch *watch)
{
	char topic[TOPIC_BYTES];

	topic_status(topic, watch->org);
	listener_subscribe(watch->listener, TURF_NEWS_STATUS, topic);
}

void turf_watch_catalogue(struct turf_watch *watch)
{
	char topic[TOPIC_BYTES];

	topic_catalogue(topic, watch->org);
	listener_subscribe(watch->listener, TURF_NEWS_CATALOGUE, topic);
}

static struct figures_of figures_of(const char *team, struct period period)
{
	struct figures_of of = {.period = period};

	memcpy(of.team, team, strlen(team) + 1);
	return of;
}

int turf_watch_summary(struct turf_watch *watch, const char *team, const char *period)
{
	char topic[TOPIC_BYTES];
	struct period parsed;

	if (!topic_slug_valid(team) || period_parse(period, &parsed) != 0)
		return TURF_INPUT;
	watch->summary_of = figures_of(team, parsed);
	topic_summary_json(topic, watch->org, team, parsed);
	listener_subscribe(watch->listener, TURF_NEWS_SUMMARY, topic);
	return 0;
}

int turf_watch_weekly(struct turf_watch *watch, const char *team, uint32_t iso_year)
{
	char topic[TOPIC_BYTES], year[PERIOD_TEXT_BYTES];
	struct period parsed;

	(void)snprintf(year, sizeof year, "%u", iso_year);
	if (!topic_slug_valid(team) || period_parse(year, &parsed) != 0 || !parsed.is_year)
		return TURF_INPUT;
	watch->weekly_of = figures_of(team, parsed);
	topic_weekly(topic, watch->org, team, iso_year);
	listener_subscribe(watch->listener, TURF_NEWS_WEEKLY, topic);
	return 0;
}

/* ---- What comes ------------------------------------------------------------------------------------------------- */

static enum turf_news_kind status_came(struct turf_watch *watch, const struct listener_item *item)
{
	json_t *status = json_loadb((const char *)item->bytes, item->length, 0, NULL);
	const char *today = json_string_value(json_object_get(status, "today"));

	if (!status)
		return TURF_NEWS_NONE;
	watch->status = (struct turf_status){.online = !json_is_false(json_object_get(status, "online"))};
	watch->status.has_today = today && date_parse(today, &watch->status.today) == 0;
	watch->news.status = &watch->status;
	json_decref(status);
	return TURF_NEWS_STATUS;
}

static enum turf_news_kind catalogue_came(struct turf_watch *watch, const struct listener_item *item)
{
	struct turf_catalogue *next;
	struct catalogue inner;

	if (catalogue_decode(item->bytes, item->length, &inner) != 0)
		return TURF_NEWS_NONE;
	next = strcmp(inner.org, watch->org) == 0 ? turf_catalogue_new(&inner) : NULL;
	if (!next) {
		catalogue_release(&inner);
		return TURF_NEWS_NONE;
	}
	turf_catalogue_free(watch->catalogue);
	watch->news.catalogue = watch->catalogue = next;
	return TURF_NEWS_CATALOGUE;
}

/* Rule 12 (docs/wire-format.md): figures of a lower generation than those that came before are ignored. */
static bool is_older(struct figures_of *of, uint64_t generation)
{
	if (generation < of->generation)
		return true;
	of->generation = generation;
	return false;
}

static enum turf_news_kind summary_came(struct turf_watch *watch, const struct listener_item *item)
{
	struct turf_summary *next = turf_figures_summary(item->bytes, item->length);

	if (!next || is_older(&watch->summary_of, next->generation)) {
		turf_figures_free_summary(next);
		return TURF_NEWS_NONE;
	}
	turf_figures_free_summary(watch->summary);
	watch->news.summary = watch->summary = next;
	return TURF_NEWS_SUMMARY;
}

static enum turf_news_kind weekly_came(struct turf_watch *watch, const struct listener_item *item)
{
	struct turf_weekly *next = turf_figures_weekly(item->bytes, item->length);

	if (!next || is_older(&watch->weekly_of, next->generation)) {
		free(next);
		return TURF_NEWS_NONE;
	}
	free(watch->weekly);
	watch->news.weekly = watch->weekly = next;
	return TURF_NEWS_WEEKLY;
}

static bool is_of(const struct topic *topic, const struct figures_of *of)
{
	return strcmp(topic->team, of->team) == 0 && topic->period.is_year == of->period.is_year &&
	       topic->period.year == of->period.year && topic->period.quarter == of->period.quarter;
}

/* TURF_NEWS_NONE: not watched, not any more, or not what the topic should hold. */
static enum turf_news_kind message_came(struct turf_watch *watch, const struct listener_item *item)
{
	const struct topic *topic = item->topic;
	struct figures_of *of = topic->kind == TOPIC_SUMMARY_JSON ? &watch->summary_of
				: topic->kind == TOPIC_WEEKLY     ? &watch->weekly_of
								  : NULL;

	if (strcmp(topic->org, watch->org) != 0)
		return TURF_NEWS_NONE;
	if (topic->kind == TOPIC_STATUS)
		return status_came(watch, item);
	if (topic->kind == TOPIC_CATALOGUE)
		return catalogue_came(watch, item);
	if (!of || !is_of(topic, of))
		return TURF_NEWS_NONE;
	if (item->length == 0) /* the figures were deleted: new ones may have any generation */
		of->generation = 0;
	return of == &watch->summary_of ? summary_came(watch, item) : weekly_came(watch, item);
}

const struct turf_news *turf_watch_next(struct turf_watch *watch, int wake_fd, int timeout_ms)
{
	int64_t until_ms = session_deadline_ms(timeout_ms);
	struct listener_item item;

	do {
		item = listener_next(watch->listener, wake_fd, timeout_ms < 0 ? -1 : session_left_ms(until_ms));
		watch->news.kind =
			item.kind == LISTENER_MESSAGE ? message_came(watch, &item) : (enum turf_news_kind)item.kind;
	} while (item.kind == LISTENER_MESSAGE && watch->news.kind == TURF_NEWS_NONE);
	watch->news.reason = item.text;
	watch->news.refused = item.kind == LISTENER_REFUSED ? (enum turf_news_kind)item.slot : TURF_NEWS_NONE;
	return &watch->news;
}
