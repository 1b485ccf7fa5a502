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
#include "base/lmdb/lmdb.h"

/* docs/store-format.md describes each. */
enum database { DB_META, DB_TEAMS, DB_IDS, DB_COUNTS, DB_WEEKS, DB_PERIODS, DB_QUARANTINE, DATABASES };

extern const struct lmdb_kind store_kind;
const char *key_database_name(enum database database);

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
bool key_span_equal(struct span a, struct span b);
bool key_span_begins(struct span bytes, const struct key *prefix);

/* meta: the records that exist once. META_QUARANTINE is the state of the quarantine. */
enum meta_record { META_FORMAT, META_ORG, META_STATE, META_CATALOGUE, META_QUARANTINE };
struct key key_meta(enum meta_record record);

/* teams: a number for each slug, both ways */
struct key key_team_slug(const char *slug);
bool key_team_slug_parse(struct span key, char slug[static SLUG_BYTES]);
struct key key_team_number(uint16_t number);
bool key_team_number_parse(struct span key, uint16_t *number);

/* ids: the day first, so that a day's ids lie together */
struct id_place {
	uint32_t day;
	struct event_id id;
};
struct key key_id(const struct id_place *place);
bool key_id_parse(struct span key, struct id_place *place);

/* The beginning of the keys of a team's cells in a quarter, or of a team's weeks in an ISO year. With TEAM_NONE: of all
 * teams' cells, or weeks. */
struct key key_prefix(uint16_t period, uint16_t team);

/* counts: a cell is one domain and outcome, or one label, of a team in a quarter */
enum cell_kind { CELL_DOMAIN = 1, CELL_LABEL = 2 };
struct cell_key {
	uint16_t quarter, team;
	uint8_t kind; /* enum cell_kind */
	uint16_t code;
	uint8_t outcome; /* enum outcome; labels: 0 */
};
struct key key_cell(const struct cell_key *cell);
bool key_cell_parse(struct span key, struct cell_key *cell);

/* weeks */
struct week_key {
	uint16_t iso_year, team;
	uint8_t week;
};
struct key key_week(const struct week_key *week);
bool key_week_parse(struct span key, struct week_key *week);

/* periods: what concerns a quarter, or an ISO week, of the whole org */
struct key key_quarter(uint16_t quarter);
bool key_quarter_parse(struct span key, uint16_t *quarter);
struct key key_purged_week(uint16_t iso_year, uint8_t week);
bool key_purged_week_parse(struct span key, uint16_t *iso_year, uint8_t *week);

/* quarantine: by reason, oldest first */
struct key key_quarantine(enum verdict reason, uint64_t sequence);
bool key_quarantine_parse(struct span key, enum verdict *reason, uint64_t *sequence);

#endif
