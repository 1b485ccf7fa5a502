/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every key of the store, byte by byte: built and parsed here and nowhere else (docs/store-format.md).
 *
 * Integers are big-endian, so that keys sort as their numbers. Parsers take bytes that may be damaged: they return
 * false when the bytes are not such a key.
 */
#ifndef TURF_STORE_KEYS_H
#define TURF_STORE_KEYS_H

#include "proto/message.h"
#include "store/lmdb.h"

enum {
	KEY_BYTES = 40,
	TEAM_NONE = 0, /* team numbers begin at 1 */
	TEAM_NUMBER_MAX = 65535,
};

struct key {
	uint8_t bytes[KEY_BYTES];
	size_t length;
};

struct span key_span(const struct key *key);
bool span_equal(struct span a, struct span b);
bool span_begins(struct span bytes, const struct key *prefix);

/* meta: one record each */
struct key format_key(void);
struct key org_key(void);
struct key state_key(void);
struct key catalogue_key(void);
struct key quarantine_state_key(void);

/* teams: a number for each slug, both ways */
struct key team_slug_key(const char *slug);
bool team_slug_key_parse(struct span key, char slug[static SLUG_BYTES]);
struct key team_number_key(uint16_t number);
bool team_number_key_parse(struct span key, uint16_t *number);

/* ids: the day first, so that a day's ids lie together */
struct id_place {
	uint32_t day;
	struct event_id id;
};
struct key id_key(const struct id_place *place);
bool id_key_parse(struct span key, struct id_place *place);

/* counts: a cell is one domain and outcome, or one label, of a team in a quarter */
enum cell_kind { CELL_DOMAIN = 1, CELL_LABEL = 2 };
struct cell_key {
	uint16_t quarter, team;
	uint8_t kind; /* enum cell_kind */
	uint16_t code;
	uint8_t outcome; /* enum outcome; labels: 0 */
};
struct key cell_key(const struct cell_key *cell);
bool cell_key_parse(struct span key, struct cell_key *cell);
struct key cell_prefix_quarter(uint16_t quarter);
struct key cell_prefix_team(uint16_t quarter, uint16_t team);

/* weeks */
struct week_key {
	uint16_t iso_year, team;
	uint8_t week;
};
struct key week_key(const struct week_key *week);
bool week_key_parse(struct span key, struct week_key *week);
struct key week_prefix_year(uint16_t iso_year);
struct key week_prefix_team(uint16_t iso_year, uint16_t team);

/* periods: what concerns a quarter, or an ISO week, of the whole org */
struct key quarter_key(uint16_t quarter);
bool quarter_key_parse(struct span key, uint16_t *quarter);
struct key purged_week_key(uint16_t iso_year, uint8_t week);
bool purged_week_key_parse(struct span key, uint16_t *iso_year, uint8_t *week);

/* quarantine: by reason, oldest first */
struct key quarantine_key(enum verdict reason, uint64_t sequence);
bool quarantine_key_parse(struct span key, enum verdict *reason, uint64_t *sequence);

#endif
