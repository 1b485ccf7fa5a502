/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Topic names: built and parsed here and nowhere else. All under turf/v1/{org}/.
 *
 * Nothing a phone sends becomes a topic as it stands: slugs and client ids are checked first.
 */
#ifndef TURF_PROTO_TOPIC_H
#define TURF_PROTO_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/calendar.h"

enum {
	SLUG_BYTES = 32,      /* 31 characters [a-z0-9][a-z0-9-]* and a zero */
	CLIENT_ID_CHARS = 22, /* [A-Za-z0-9_-], of phones and screens */
	CLIENT_ID_BYTES = 23,
	TOPIC_BYTES = 128, /* room for every topic of ours */
};

#define TOPIC_PREFIX "turf/v1/"

/* The team that stands for the whole org, and that no team may be called. */
#define TEAM_ALL "all"

enum topic_kind {
	TOPIC_OTHER, /* not ours, or malformed */
	TOPIC_REGISTRATION,
	TOPIC_RECEIPT,
	TOPIC_SUMMARY,
	TOPIC_SUMMARY_JSON,
	TOPIC_WEEKLY,
	TOPIC_CATALOGUE,
	TOPIC_STATUS,
	TOPIC_DOOR_KEYS,
};

/* A parsed topic. `text` of what the kind does not have is empty. */
struct topic {
	enum topic_kind kind;
	char org[SLUG_BYTES];
	char team[SLUG_BYTES];           /* registration (empty: the last level cannot be a team), summary, weekly */
	char client_id[CLIENT_ID_BYTES]; /* receipt */
	struct period period;            /* summary; weekly has the ISO year as a year */
};

bool topic_slug_valid(const char *text);
bool topic_client_id_valid(const char *text, size_t length);

/* `length` bytes that need no terminating zero. Returns the kind, TOPIC_OTHER with `topic` cleared
 * when the bytes are no topic of ours. */
enum topic_kind topic_parse(const char *text, size_t length, struct topic *topic);

/* Each writes a topic with its zero. Slugs and client ids must be valid (asserted). */
void topic_registration(char out[static TOPIC_BYTES], const char *org, const char *team);
void topic_receipt(char out[static TOPIC_BYTES], const char *org, const char *client_id);
void topic_summary(char out[static TOPIC_BYTES], const char *org, const char *team, struct period period);
void topic_summary_json(char out[static TOPIC_BYTES], const char *org, const char *team, struct period period);
void topic_weekly(char out[static TOPIC_BYTES], const char *org, const char *team, uint32_t iso_year);
void topic_catalogue(char out[static TOPIC_BYTES], const char *org);
void topic_status(char out[static TOPIC_BYTES], const char *org);
void topic_door_keys(char out[static TOPIC_BYTES], const char *org);

/* The filter for all registrations of an org: turf/v1/{org}/registration/+ */
void topic_all_registrations(char out[static TOPIC_BYTES], const char *org);

#endif
