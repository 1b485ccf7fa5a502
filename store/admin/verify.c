/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/admin/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/guard.h"
#include "base/lmdb/lmdb_pages.h"
#include "store/admin/ledger.h"
#include "store/files/files.h"
#include "store/handles.h"
#include "store/store_view.h"
#include "store/teams.h"

struct verification {
	const struct store_view *view;
	struct ledger ledger;
	struct findings findings;
	int kept;  /* a file in memory, of what a child process finds; -1: there is none */
	int fault; /* of our own: no memory */
};

/* What one record says goes into the ledger; false: it is damaged. */
typedef bool record_reader(struct verification *v, struct span key, struct span value);

static void report_damaged(struct verification *v, enum database database, struct span key)
{
	char hex[2 * KEY_BYTES + 1];
	struct id_place place;
	char date[DATE_TEXT_BYTES];

	/* An id is nobody's to read: its day tells enough. */
	if (database == DB_IDS && key_id_parse(key, &place)) {
		date_format(place.day, date);
		ledger_found(&v->findings, "database ids: a record of %s is damaged: its bytes do not match its CRC32C",
			     date);
		return;
	}
	hex_encode(key.at, key.length < KEY_BYTES ? key.length : KEY_BYTES, hex);
	ledger_found(&v->findings,
		     "database %s: the record with key %s is damaged: its bytes do not match its CRC32C or their form",
		     key_database_name(database), hex);
}

/* Keys that do not ascend would hide records from whoever looks for them. */
static bool ascends(struct span key, const struct key *last)
{
	size_t shorter = key.length < last->length ? key.length : last->length;
	int order = memcmp(last->bytes, key.at, shorter);

	return order < 0 || (order == 0 && last->length < key.length);
}

/* For want of memory the store is not to blame. `where` is put before the fault's own sentence. */
static void report_fault(struct verification *v, const char *where, int fault, const struct error *error)
{
	if (fault == FAULT_MEMORY)
		v->fault = fault;
	else if (fault < 0)
		ledger_found(&v->findings, "%s: %s", where, error->text);
}

/* Ends at LMDB's first complaint: what follows it could not be trusted. */
static bool read_all(struct verification *v, enum database database, record_reader *read)
{
	struct lmdb_cursor cursor;
	struct key last = {.length = 0};
	uint64_t n = 0;

	lmdb_cursor_open(&cursor, v->view->lmdb, database);
	while (v->fault == 0 && lmdb_next(&cursor)) {
		if (!ascends(cursor.key, &last))
			ledger_found(&v->findings, "database %s: keys are out of order", key_database_name(database));
		last.length = cursor.key.length < KEY_BYTES ? cursor.key.length : KEY_BYTES;
		memcpy(last.bytes, cursor.key.at, last.length);
		if (!read(v, cursor.key, cursor.value))
			report_damaged(v, database, cursor.key);
		n++;
	}
	lmdb_cursor_close(&cursor);
	if (v->fault == 0 && n != lmdb_count(v->view->lmdb, database) && v->view->lmdb->fault == 0)
		ledger_found(&v->findings, "database %s: %" PRIu64 " records can be read, and LMDB counts %" PRIu64,
			     key_database_name(database), n, lmdb_count(v->view->lmdb, database));
	report_fault(v, key_database_name(database), v->view->lmdb->fault, &v->view->lmdb->error);
	return v->view->lmdb->fault == 0 && v->fault == 0;
}

/* ---- One database after the other ------------------------------------------------------------------ */

static bool is_meta(struct span key, enum meta_record record)
{
	struct key wanted = key_meta(record);

	return key_span_equal(key, key_span(&wanted));
}

static bool read_meta(struct verification *v, struct span key, struct span value)
{
	struct quarantine_state quarantine;
	char slug[SLUG_BYTES];
	struct state state;
	struct span bytes;
	uint32_t number;

	(void)v;
	if (is_meta(key, META_FORMAT))
		return format_decode(value, &number);
	if (is_meta(key, META_ORG))
		return org_decode(value, slug);
	if (is_meta(key, META_STATE))
		return state_decode(value, &state);
	if (is_meta(key, META_QUARANTINE))
		return quarantine_state_decode(value, &quarantine);
	return is_meta(key, META_CATALOGUE) && record_unseal(key, value, &bytes);
}

static bool read_team(struct verification *v, struct span key, struct span value)
{
	struct lmdb_txn *lmdb = v->view->lmdb;
	char slug[SLUG_BYTES], back[SLUG_BYTES];
	uint16_t number, number_back;

	if (key_team_number_parse(key, &number)) {
		if (!team_slug_decode(key, value, slug))
			return false;
		memcpy(v->ledger.teams[number], slug, sizeof slug);
		if (number > v->view->state.teams || !team_find(lmdb, slug, &number_back) || number_back != number)
			ledger_found(&v->findings,
				     "database teams: number %u stands for team '%s', but team '%s' has another number",
				     number, slug, slug);
		return true;
	}
	if (!key_team_slug_parse(key, slug) || !team_number_decode(key, value, &number))
		return false;
	if (!team_slug(lmdb, number, back) || strcmp(back, slug) != 0)
		ledger_found(&v->findings, "database teams: team '%s' has number %u, which does not stand for it", slug,
			     number);
	return true;
}

static bool read_cell(struct verification *v, struct span key, struct span value)
{
	struct cell_record cell;
	struct cell_key parsed;

	if (!key_cell_parse(key, &parsed) || !cell_decode(key, value, &cell))
		return false;
	v->fault = ledger_add_cell(&v->ledger, &parsed, &cell);
	return true;
}

static bool read_week(struct verification *v, struct span key, struct span value)
{
	struct week_record week;
	struct week_key parsed;

	if (!key_week_parse(key, &parsed) || !week_decode(key, value, &week))
		return false;
	v->fault = ledger_add_week(&v->ledger, &parsed, &week);
	return true;
}

static bool read_period(struct verification *v, struct span key, struct span value)
{
	uint16_t quarter, iso_year;
	uint64_t purged;
	uint8_t week;

	if (key_quarter_parse(key, &quarter))
		return quarter_decode(key, value, &ledger_quarter(&v->ledger, quarter)->record);
	if (!key_purged_week_parse(key, &iso_year, &week) || !purged_week_decode(key, value, &purged))
		return false;
	ledger_iso_week(&v->ledger, iso_year, week)->purged = purged;
	return true;
}

static bool read_id(struct verification *v, struct span key, struct span value)
{
	const struct state *state = &v->view->state;
	struct key settled = key_id(&state->settled);
	char date[DATE_TEXT_BYTES];
	struct id_place place;
	struct id_record id;

	if (!key_id_parse(key, &place) || !id_decode(key, value, &id))
		return false;
	date_format(place.day, date);
	if (!ledger_add_id(&v->ledger, place.day, &id))
		ledger_found(&v->findings,
			     "database ids: an id of %s was counted in a cell or a week that has no record", date);
	if (place.day < state->purged_to)
		ledger_found(&v->findings, "database ids: there is an id of %s, but ids of that day were purged", date);
	if (id.detailed && memcmp(key.at, settled.bytes, settled.length) < 0)
		ledger_found(&v->findings, "database ids: an id of %s still has its detail, but that day is settled",
			     date);
	return true;
}

static bool read_quarantined(struct verification *v, struct span key, struct span value)
{
	struct quarantined entry;

	(void)v;
	return quarantine_decode(key, value, &entry);
}

/* Its number of entries is known per reason. */
static void check_quarantine(struct verification *v)
{
	uint64_t entries = lmdb_count(v->view->lmdb, DB_QUARANTINE), known = 0;
	struct key key = key_meta(META_QUARANTINE);
	struct quarantine_state state;
	struct span value;

	if (!lmdb_get(v->view->lmdb, DB_META, key_span(&key), &value) || !quarantine_state_decode(value, &state))
		return; /* reported already, if it is damaged */
	for (int i = 0; i < REFUSALS; i++) {
		known += state.entries[i];
		if (state.entries[i] > state.limit)
			ledger_found(&v->findings,
				     "quarantine: %" PRIu32 " entries of reason %s, and the limit is %" PRIu32,
				     state.entries[i], words_verdict((enum verdict)(VERDICT_REFUSED_MALFORMED + i)),
				     state.limit);
	}
	if (known != entries)
		ledger_found(&v->findings, "quarantine: there are %" PRIu64 " entries, but its record says %" PRIu64,
			     entries, known);
}

static void check_catalogue(struct verification *v)
{
	struct catalogue catalogue;
	struct error error;

	report_fault(v, "catalogue", store_view_catalogue(v->view, &catalogue, &error), &error);
	catalogue_release(&catalogue);
}

static void verify_all(void *context)
{
	struct verification *v = context;

	if (!read_all(v, DB_META, read_meta) || !read_all(v, DB_TEAMS, read_team) ||
	    !read_all(v, DB_COUNTS, read_cell) || !read_all(v, DB_WEEKS, read_week) ||
	    !read_all(v, DB_PERIODS, read_period) || !read_all(v, DB_IDS, read_id) ||
	    !read_all(v, DB_QUARANTINE, read_quarantined))
		return;
	if (!lmdb_pages_add_up(v->view->lmdb))
		ledger_found(&v->findings, "pages: the used and the free pages do not add up to all pages of the file");
	if (!lmdb_meta_successive(v->view->lmdb))
		ledger_found(
			&v->findings,
			"pages: the two roots are not of successive transactions: the last transaction may be missing");
	check_catalogue(v);
	check_quarantine(v);
	report_fault(v, "pages", v->view->lmdb->fault, &v->view->lmdb->error);
	ledger_compare(&v->ledger, &v->view->state.shown, &v->findings);
}

/* ---- In a child process first ---------------------------------------------------------------------- */

static void keep_finding(void *context, const char *text)
{
	(void)dprintf(*(const int *)context, "%s\n", text);
}

static bool verify_in_child(void *context)
{
	struct verification *v = context;

	v->findings.report = keep_finding;
	v->findings.context = &v->kept;
	verify_all(v);
	return v->findings.n == 0 && v->fault == 0;
}

/* What a child found before it crashed. */
static void report_kept(struct verification *v)
{
	char text[ERROR_TEXT_BYTES];
	FILE *kept = lseek(v->kept, 0, SEEK_SET) == 0 ? fdopen(v->kept, "r") : NULL;

	while (kept && fgets(text, sizeof text, kept)) {
		text[strcspn(text, "\n")] = '\0';
		ledger_found(&v->findings, "%s", text);
	}
	if (kept)
		(void)fclose(kept);
	v->kept = kept ? -1 : v->kept;
}

static void verify_guarded(struct verification *v)
{
	bool sound;
	int signal;

	v->kept = memfd_create("findings", MFD_CLOEXEC);
	signal = guard_run(verify_in_child, v, &sound);
	if (signal != 0) {
		report_kept(v);
		ledger_found(&v->findings, "reading ended in signal %d: pages of the file are damaged", signal);
	} else if (!sound) {
		verify_all(v);
	}
	files_close(&v->kept);
}

int store_verify(struct store *store, void (*finding)(void *context, const char *text), void *context,
		 struct error *error)
{
	struct verification v = {.findings = {.report = finding, .context = context}};
	struct store_view *view;
	int rc = store_view_open(store, &view, error);

	if (rc < 0)
		return error_prefix(error, rc, "verify");
	v.view = view;
	rc = ledger_init(&v.ledger, error);
	if (rc == 0)
		verify_guarded(&v);
	if (v.fault != 0)
		rc = error_set(error, v.fault, "no memory to verify");
	ledger_release(&v.ledger);
	store_view_close(view);
	return rc < 0 ? error_prefix(error, rc, "verify") : v.findings.n;
}
