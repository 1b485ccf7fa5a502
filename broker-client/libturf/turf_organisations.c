/* SPDX-License-Identifier: EUPL-1.2 */
/* turf_organisations: which organisations a broker shows. */
#include "broker-client/libturf/turf.h"

#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/listener.h"

enum {
	QUIET_MS =
		200, /* after the second subscription stands; for brokers that send what they keep in their own time */
	ORGANISATIONS_MAX = 64,
};

/* The list, its pointers, and what they point to. */
struct found {
	struct turf_organisations outer; /* first: turf_free gets this */
	const struct turf_organisation *list[ORGANISATIONS_MAX];
	struct turf_organisation all[ORGANISATIONS_MAX];
	struct {
		char id[SLUG_BYTES], name[NAME_BYTES], timezone[NAME_BYTES];
	} texts[ORGANISATIONS_MAX];
};

/* Its place, a new one if need be; ORGANISATIONS_MAX: there is no room. */
static size_t place_of(struct found *found, const char *id)
{
	size_t i = 0;

	while (i < found->outer.n && strcmp(found->texts[i].id, id) != 0)
		i++;
	if (i == found->outer.n && i < ORGANISATIONS_MAX) {
		memcpy(found->texts[i].id, id, strlen(id) + 1);
		found->all[i] = (struct turf_organisation){
			.id = found->texts[i].id,
			.name = found->texts[i].name,
			.timezone = found->texts[i].timezone,
		};
		found->list[i] = &found->all[i];
		found->outer.n++;
	}
	return i;
}

/* An org that is there has a status, which the broker keeps even while its turfd is away, and a catalogue. */
static void note_message(struct found *found, const struct listener_item *item)
{
	struct catalogue catalogue;
	size_t i;

	if (item->length == 0 || (item->topic->kind != TOPIC_CATALOGUE && item->topic->kind != TOPIC_STATUS))
		return;
	i = place_of(found, item->topic->org);
	if (i == ORGANISATIONS_MAX || item->topic->kind != TOPIC_CATALOGUE ||
	    catalogue_decode(item->bytes, item->length, &catalogue) != 0)
		return;
	memcpy(found->texts[i].name, catalogue.name, NAME_BYTES);
	memcpy(found->texts[i].timezone, catalogue.timezone, NAME_BYTES);
	catalogue_release(&catalogue);
}

/*
 * A broker may answer a subscription before it sends what it keeps for it, so the answer says nothing about how many are
 * still to come. A broker takes a client's packets in turn, though: when a second subscription is answered, what the first
 * one brought has been sent. (Mosquitto does so in any case, before it answers.)
 */
static int ask(struct listener *listener, const char *broker, int wake_fd, int timeout_ms, struct found *found,
	       struct error *error)
{
	int64_t until_ms = session_deadline_ms(timeout_ms);
	unsigned answered = 0;

	listener_subscribe(listener, TURF_NEWS_CATALOGUE, "turf/v1/+/catalogue");
	for (;;) {
		int wait_ms = answered > 1 ? QUIET_MS : session_left_ms(until_ms);
		struct listener_item item = listener_next(listener, wake_fd, wait_ms);

		if ((item.kind == LISTENER_UP || item.kind == LISTENER_REFUSED) && ++answered == 1)
			listener_subscribe(listener, TURF_NEWS_STATUS, "turf/v1/+/status/aggregator");
		else if (item.kind == LISTENER_MESSAGE)
			note_message(found, &item);
		else if (item.kind == LISTENER_DOWN)
			return error_set(error, FAULT_BROKER, "%s", item.text);
		else if (item.kind == LISTENER_WOKEN)
			return TURF_WOKEN;
		else if (item.kind == LISTENER_NOTHING)
			return answered > 1 ? 0 : error_set(error, FAULT_BROKER, "%s does not answer", broker);
	}
}

int turf_organisations(const struct turf_options *asked, int wake_fd, int timeout_ms, struct turf_organisations **out,
		       struct turf_error *error)
{
	struct turf_options options;
	struct listener *listener = NULL;
	struct found *found = calloc(1, sizeof *found);
	int rc = found ? session_take_sized(&options, sizeof options, asked, asked->size, "turf_options",
					    session_error(error))
		       : error_set(session_error(error), FAULT_MEMORY, "no memory");

	*out = NULL;
	if (rc == 0)
		rc = listener_open(&listener, &options, session_error(error));
	if (rc == 0)
		rc = ask(listener, options.broker, wake_fd, timeout_ms, found, session_error(error));
	if (listener) { /* what was found before a fault is known all the same */
		found->outer.organisations = found->list;
		*out = &found->outer;
	} else {
		free(found);
	}
	listener_close(listener);
	return rc;
}
