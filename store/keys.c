/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/keys.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

/* The first byte of a key of `periods`, and of a team's number in `teams`: no slug begins with a zero byte. */
enum { PERIOD_QUARTER = 'Q', PERIOD_WEEK = 'W', TEAM_BY_NUMBER = 0 };

static const char *const databases[DATABASES] = {
	[DB_META] = "meta",
	[DB_TEAMS] = "teams",
	[DB_IDS] = "ids",
	[DB_COUNTS] = "counts",
	[DB_WEEKS] = "weeks",
	[DB_PERIODS] = "periods",
	[DB_QUARANTINE] = "quarantine",
};

const struct lmdb_kind store_kind = {
	.databases = databases,
	.n_databases = DATABASES,
	.check_length = true,
	.name = "",
	.if_damaged = "restore a backup",
	.if_other_machine =
		"the counts in it are not damaged, but must be carried over as text (docs/operating.md, Another machine)",
	.not_ours = "not a turf store",
	.not_ours_fault = FAULT_FOREIGN,
};

const char *key_database_name(enum database database)
{
	return databases[database];
}

/* Of what the calendar has, so that damaged numbers go no further than here. */
static bool year_exists(unsigned year)
{
	return year >= 1970 && year <= 9999;
}

struct span key_span(const struct key *key)
{
	return (struct span){key->bytes, key->length};
}

bool key_span_equal(struct span a, struct span b)
{
	return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

bool key_span_begins(struct span bytes, const struct key *prefix)
{
	return bytes.length >= prefix->length && memcmp(bytes.at, prefix->bytes, prefix->length) == 0;
}

static void add8(struct key *key, uint8_t value)
{
	key->bytes[key->length++] = value;
}

static void add16(struct key *key, uint16_t value)
{
	put_be16(key->bytes + key->length, value);
	key->length += 2;
}

static struct key text_key(const char *text)
{
	struct key key = {.length = strlen(text)};

	assert(key.length > 0 && key.length <= KEY_BYTES);
	memcpy(key.bytes, text, key.length);
	return key;
}

struct key key_meta(enum meta_record record)
{
	static const char *const names[] = {
		[META_FORMAT] = "format",         [META_ORG] = "org",
		[META_STATE] = "state",           [META_CATALOGUE] = "catalogue",
		[META_QUARANTINE] = "quarantine",
	};

	return text_key(names[record]);
}

struct key key_team_slug(const char *slug)
{
	return text_key(slug);
}

bool key_team_slug_parse(struct span key, char slug[static SLUG_BYTES])
{
	if (key.length == 0 || key.length >= SLUG_BYTES)
		return false;
	memcpy(slug, key.at, key.length);
	slug[key.length] = '\0';
	return strlen(slug) == key.length && topic_slug_valid(slug);
}

struct key key_team_number(uint16_t number)
{
	struct key key = {.length = 0};

	add8(&key, TEAM_BY_NUMBER);
	add16(&key, number);
	return key;
}

bool key_team_number_parse(struct span key, uint16_t *number)
{
	if (key.length != 3 || key.at[0] != TEAM_BY_NUMBER)
		return false;
	*number = get_be16(key.at + 1);
	return *number != TEAM_NONE;
}

struct key key_id(const struct id_place *place)
{
	struct key key = {.length = 4 + EVENT_ID_BYTES};

	put_be32(key.bytes, place->day);
	memcpy(key.bytes + 4, place->id.bytes, EVENT_ID_BYTES);
	return key;
}

bool key_id_parse(struct span key, struct id_place *place)
{
	if (key.length != 4 + EVENT_ID_BYTES)
		return false;
	place->day = get_be32(key.at);
	memcpy(place->id.bytes, key.at + 4, EVENT_ID_BYTES);
	return place->day <= CALENDAR_DAY_MAX;
}

struct key key_prefix(uint16_t period, uint16_t team)
{
	struct key key = {.length = 0};

	add16(&key, period);
	if (team != TEAM_NONE)
		add16(&key, team);
	return key;
}

struct key key_cell(const struct cell_key *cell)
{
	struct key key = key_prefix(cell->quarter, cell->team);

	add8(&key, cell->kind);
	add16(&key, cell->code);
	add8(&key, cell->outcome);
	return key;
}

bool key_cell_parse(struct span key, struct cell_key *cell)
{
	if (key.length != 8)
		return false;
	*cell = (struct cell_key){
		.quarter = get_be16(key.at),
		.team = get_be16(key.at + 2),
		.kind = key.at[4],
		.code = get_be16(key.at + 5),
		.outcome = key.at[7],
	};
	if (!year_exists(year_of_quarter(cell->quarter)) || cell->team == TEAM_NONE || cell->code == 0)
		return false;
	if (cell->kind == CELL_DOMAIN)
		return cell->code <= DOMAIN_CODE_MAX &&
		       (cell->outcome == OUTCOME_ANSWERED || cell->outcome == OUTCOME_REFERRED);
	return cell->kind == CELL_LABEL && cell->outcome == OUTCOME_UNSPECIFIED;
}

struct key key_week(const struct week_key *week)
{
	struct key key = key_prefix(week->iso_year, week->team);

	add8(&key, week->week);
	return key;
}

static bool week_exists(uint16_t iso_year, uint8_t week)
{
	return year_exists(iso_year) && week >= 1 && week <= iso_weeks_in_year(iso_year);
}

bool key_week_parse(struct span key, struct week_key *week)
{
	if (key.length != 5)
		return false;
	*week = (struct week_key){.iso_year = get_be16(key.at), .team = get_be16(key.at + 2), .week = key.at[4]};
	return week->team != TEAM_NONE && week_exists(week->iso_year, week->week);
}

struct key key_quarter(uint16_t quarter)
{
	struct key key = {.length = 0};

	add8(&key, PERIOD_QUARTER);
	add16(&key, quarter);
	return key;
}

bool key_quarter_parse(struct span key, uint16_t *quarter)
{
	if (key.length != 3 || key.at[0] != PERIOD_QUARTER)
		return false;
	*quarter = get_be16(key.at + 1);
	return year_exists(year_of_quarter(*quarter));
}

struct key key_purged_week(uint16_t iso_year, uint8_t week)
{
	struct key key = {.length = 0};

	add8(&key, PERIOD_WEEK);
	add16(&key, iso_year);
	add8(&key, week);
	return key;
}

bool key_purged_week_parse(struct span key, uint16_t *iso_year, uint8_t *week)
{
	if (key.length != 4 || key.at[0] != PERIOD_WEEK)
		return false;
	*iso_year = get_be16(key.at + 1);
	*week = key.at[3];
	return week_exists(*iso_year, *week);
}

struct key key_quarantine(enum verdict reason, uint64_t sequence)
{
	struct key key = {.length = 0};

	add8(&key, (uint8_t)reason);
	put_be64(key.bytes + key.length, sequence);
	key.length += 8;
	return key;
}

bool key_quarantine_parse(struct span key, enum verdict *reason, uint64_t *sequence)
{
	if (key.length != 9)
		return false;
	*reason = (enum verdict)key.at[0];
	*sequence = get_be64(key.at + 1);
	return key.at[0] >= VERDICT_REFUSED_MALFORMED && key.at[0] <= VERDICT_REFUSED_RETRACTION_TOO_LATE;
}
