/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/lib/broker_check.h"

#include <jansson.h>
#include <string.h>

#include "aggregator/figures/figures.h"
#include "proto/calendar.h"
#include "store/store_view.h"
#include "tests/fault/lib/broker.h"
#include "tests/fault/lib/scenario.h"
#include "tests/unit/lib/summary.h"

/* ---- On the way ---------------------------------------------------------------------------------------------- */

static bool summary_on(const char *topic, struct summary *summary)
{
	const struct retained *kept = broker_find(topic);

	return kept && summary_decode(kept->bytes, kept->length, summary) == 0;
}

static const char *check_summary_going(const char *text, const uint8_t *bytes, size_t length, uint64_t taken_back)
{
	static struct summary now, before;

	if (summary_decode(bytes, length, &now) != 0)
		return "a summary that is none";
	if (!summary_on(text, &before))
		return NULL;
	if (now.generation < before.generation)
		return "a summary of an older generation";
	if (now.answered + now.referred + now.late + taken_back < before.answered + before.referred + before.late)
		return "a summary that has lost questions";
	return now.status < before.status ? "a quarter that is open again" : NULL;
}

/* Its binary twin went out right before it. */
static const char *check_json_going(const struct topic *topic, const uint8_t *bytes, size_t length)
{
	json_t *json = json_loadb((const char *)bytes, length, 0, NULL);
	static struct summary twin;
	char text[TOPIC_BYTES];
	bool same;

	topic_summary(text, topic->org, topic->team, topic->period);
	same = summary_on(text, &twin) &&
	       json_integer_value(json_object_get(json, "questions")) == (json_int_t)(twin.answered + twin.referred) &&
	       json_integer_value(json_object_get(json, "late")) == (json_int_t)twin.late &&
	       json_integer_value(json_object_get(json, "generation")) == (json_int_t)twin.generation;
	json_decref(json);
	return same ? NULL : "a summary in JSON that is not its twin's";
}

const char *broker_check_publication(const char *text, const uint8_t *bytes, size_t length, uint64_t taken_back)
{
	struct topic topic;
	struct weekly weekly;

	if (length == 0) /* where a reading failed, there might have been something to take away */
		return broker_find(text) ? "figures that are withdrawn" : NULL;
	switch (topic_parse(text, strlen(text), &topic)) {
	case TOPIC_SUMMARY:
		return check_summary_going(text, bytes, length, taken_back);
	case TOPIC_SUMMARY_JSON:
		return check_json_going(&topic, bytes, length);
	case TOPIC_WEEKLY:
		return weekly_decode(bytes, length, &weekly) == 0 ? NULL : "a weekly course that is none";
	default:
		return NULL;
	}
}

/* ---- The status ------------------------------------------------------------------------------------------------ */

static json_t *status_of(const char *org)
{
	const struct retained *kept;
	char topic[TOPIC_BYTES];

	topic_status(topic, org);
	kept = broker_find(topic);
	return kept ? json_loadb((const char *)kept->bytes, kept->length, 0, NULL) : NULL;
}

static bool says(json_t *status, const char *key, const char *value)
{
	const char *said = json_string_value(json_object_get(status, key));

	return said && strcmp(said, value) == 0;
}

bool broker_says_online(const char *org, uint32_t today)
{
	char date[DATE_TEXT_BYTES];
	json_t *status = status_of(org);
	bool right;

	date_format(today, date);
	right = json_is_true(json_object_get(status, "online")) && says(status, "today", date) &&
		says(status, "store", "ok");
	json_decref(status);
	return right;
}

bool broker_says_offline(const char *org)
{
	json_t *status = status_of(org);
	bool right = !status || json_is_false(json_object_get(status, "online"));

	json_decref(status);
	return right;
}

/* ---- In the end ------------------------------------------------------------------------------------------------- */

static bool same_figures(const struct summary *a, const struct summary *b)
{
	return a->status == b->status && a->revision == b->revision && a->answered == b->answered &&
	       a->referred == b->referred && a->late == b->late && a->catalogue_version == b->catalogue_version &&
	       a->undistributed_answered == b->undistributed_answered &&
	       a->undistributed_referred == b->undistributed_referred && a->n_domains == b->n_domains &&
	       a->n_labels == b->n_labels && memcmp(a->domains, b->domains, a->n_domains * sizeof a->domains[0]) == 0 &&
	       memcmp(a->labels, b->labels, a->n_labels * sizeof a->labels[0]) == 0;
}

/* Generation and moment of publication aside. */
static int check_summary(void *context, const char *team, struct period period)
{
	const struct figures *figures = context;
	static struct summary now, kept;
	char topic[TOPIC_BYTES];
	struct error error;

	topic_summary(topic, figures->catalogue->org, team, period);
	if (!summary_on(topic, &kept))
		fail_msg("%s: nothing on %s", scenario_where(), topic);
	if (figures_summary(figures, team, period, &now, &error) != 0)
		fail_msg("%s: %s: %s", scenario_where(), topic, error.text);
	if (!same_figures(&kept, &now))
		fail_msg("%s: old figures on %s: %u, catalogue %u, and not %u, %u", scenario_where(), topic,
			 (unsigned)kept.answered, kept.catalogue_version, (unsigned)now.answered,
			 now.catalogue_version);
	topic_summary_json(topic, figures->catalogue->org, team, period);
	if (!broker_find(topic))
		fail_msg("%s: nothing on %s", scenario_where(), topic);
	return 0;
}

static int check_weekly(void *context, const char *team, uint32_t iso_year)
{
	const struct figures *figures = context;
	const struct retained *retained;
	struct weekly now, kept;
	char topic[TOPIC_BYTES];
	struct error error;

	topic_weekly(topic, figures->catalogue->org, team, iso_year);
	retained = broker_find(topic);
	if (!retained || weekly_decode(retained->bytes, retained->length, &kept) != 0)
		fail_msg("%s: nothing on %s", scenario_where(), topic);
	assert_int_equal(figures_weekly(figures, team, iso_year, &now, &error), 0);
	assert_int_equal(kept.n_weeks, now.n_weeks);
	for (uint32_t i = 0; i < now.n_weeks; i++)
		assert_int_equal(kept.weeks[i].questions, now.weeks[i].questions);
	return 0;
}

static void check_catalogue(const struct catalogue *catalogue)
{
	const struct retained *retained;
	struct catalogue kept;
	char topic[TOPIC_BYTES];

	topic_catalogue(topic, catalogue->org);
	retained = broker_find(topic);
	if (!retained || catalogue_decode(retained->bytes, retained->length, &kept) != 0)
		fail_msg("%s: no catalogue", scenario_where());
	assert_int_equal(kept.version, catalogue->version);
	assert_true(catalogue_same(&kept, catalogue));
	catalogue_release(&kept);
}

void broker_check_all(struct store *store, uint32_t today)
{
	struct catalogue catalogue;
	struct store_state state;
	struct store_view *view;
	struct figures figures;
	struct error error;

	assert_int_equal(store_view_open(store, &view, &error), 0);
	store_view_state(view, &state);
	assert_int_equal(store_view_catalogue(view, &catalogue, &error), 0);
	figures = (struct figures){.view = view, .catalogue = &catalogue, .standing = store_standing(&state, today)};
	assert_int_equal(figures_each_summary(&figures, check_summary, &figures), 0);
	assert_int_equal(figures_each_weekly(&figures, check_weekly, &figures), 0);
	check_catalogue(&catalogue);
	catalogue_release(&catalogue);
	store_view_close(view);
}
