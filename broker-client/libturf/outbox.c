/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker-client/libturf/outbox_db.h"

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

/* TURF_UNKNOWN: it is new; TURF_UNCHANGED: of an older format. */
static int check_org(void *context, struct lmdb_txn *txn)
{
	const char *org = context;
	struct span value;
	uint64_t format = db_get_meta_number(txn, "format", 0);

	if (format == 0)
		return TURF_UNKNOWN;
	if (format > OUTBOX_FORMAT)
		lmdb_fail(txn, FAULT_FOREIGN, "a newer turf wrote it (format %llu)", (unsigned long long)format);
	else if (!db_get_meta(txn, "org", &value))
		db_damaged(txn);
	else if (value.length != strlen(org) || memcmp(value.at, org, value.length) != 0)
		lmdb_fail(txn, FAULT_FOREIGN, "holds the taps of \"%.*s\", not of \"%s\"", (int)value.length,
			  (const char *)value.at, org);
	return format < OUTBOX_FORMAT ? TURF_UNCHANGED : 0;
}

static void delete_waiting(struct lmdb_txn *txn, uint64_t number, const struct tap *tap)
{
	db_delete_at(txn, DB_QUEUE, tap->question_seq);
	if (tap->retraction_seq != 0)
		db_delete_at(txn, DB_QUEUE, tap->retraction_seq);
	db_delete_tap(txn, number, tap);
}

/* Format 1 had no secrets; its records are those of format 2 without one. A tap that was taken back before it was sent
 * would count now, since its retraction has no proof: it is deleted, as outbox_retract does. */
static void take_over(struct lmdb_txn *txn)
{
	struct span value;
	struct tap tap;
	uint64_t number = 0;

	while (db_from(txn, DB_TAPS, number + 1, &number, &value)) {
		if (tap_decode(value.at, value.length, &tap) != 0)
			db_damaged(txn);
		else if (tap.retraction_seq != 0 && tap_only_here(&tap))
			delete_waiting(txn, number, &tap);
	}
}

static int write_org(void *context, struct lmdb_txn *txn)
{
	const char *org = context;
	int rc = check_org(context, txn);

	if (rc == TURF_UNKNOWN)
		db_put_meta(txn, "org", org, strlen(org));
	else if (rc == TURF_UNCHANGED && txn->fault == 0)
		take_over(txn);
	if (rc != 0)
		db_put_meta_number(txn, "format", OUTBOX_FORMAT);
	return 0;
}

int outbox_open(struct outbox **out, const char *path, const char *org, struct error *error)
{
	void *context = (void *)(uintptr_t)org; /* only read */
	int rc = db_open(out, path, error);

	if (rc < 0)
		return rc;
	rc = db_read(*out, check_org, context, error);
	if (rc > 0)
		rc = db_write(*out, write_org, context, error);
	if (rc < 0) {
		db_close(*out);
		*out = NULL;
	}
	return rc;
}

static int org_body(void *context, struct lmdb_txn *txn)
{
	struct span value;

	if (!db_get_meta(txn, "org", &value) || value.length >= SLUG_BYTES)
		return TURF_UNKNOWN;
	memcpy(context, value.at, value.length);
	((char *)context)[value.length] = '\0';
	return 0;
}

int outbox_org(const char *path, char org[static SLUG_BYTES])
{
	struct outbox *outbox;
	int rc;

	if (!db_exists(path) || db_open(&outbox, path, NULL) < 0)
		return TURF_UNKNOWN;
	rc = db_read(outbox, org_body, org, NULL);
	db_close(outbox);
	return rc == 0 && topic_slug_valid(org) ? 0 : TURF_UNKNOWN;
}

void outbox_close(struct outbox *outbox)
{
	db_close(outbox);
}

/* ---- Taps: new, taken back, dismissed --------------------------------------------------------------------------- */

struct adding {
	const char *const *teams;
	const struct event *questions;
	size_t n;
	const uint8_t *bookmark;
};

static int add_body(void *context, struct lmdb_txn *txn)
{
	const struct adding *adding = context;

	for (size_t i = 0; i < adding->n; i++) {
		struct tap tap = {.question = adding->questions[i]};
		uint64_t number = db_take_number(txn);

		memcpy(tap.team, adding->teams[i], strlen(adding->teams[i]));
		tap.question_seq = number;
		db_new_tap(txn, number, &tap);
		db_enqueue(txn, number, number, ACT_QUESTION);
	}
	if (adding->bookmark)
		db_put_meta(txn, "bookmark", adding->bookmark, BOOKMARK_BYTES);
	return 0;
}

int outbox_add(struct outbox *outbox, const char *const *teams, const struct event *questions, size_t n,
	       const uint8_t *bookmark, struct error *error)
{
	struct adding adding = {.teams = teams, .questions = questions, .n = n, .bookmark = bookmark};

	for (size_t i = 0; i < n; i++)
		assert(topic_slug_valid(teams[i]) && questions[i].act == ACT_QUESTION);
	return db_write(outbox, add_body, &adding, error);
}

static int bookmark_body(void *context, struct lmdb_txn *txn)
{
	struct span value;

	if (!db_get_meta(txn, "bookmark", &value))
		return TURF_UNKNOWN;
	if (value.length == BOOKMARK_BYTES)
		memcpy(context, value.at, BOOKMARK_BYTES);
	else
		db_damaged(txn);
	return 0;
}

int outbox_bookmark(struct outbox *outbox, uint8_t bookmark[static BOOKMARK_BYTES], struct error *error)
{
	return db_read(outbox, bookmark_body, bookmark, error);
}

struct retraction {
	const struct event_id *id;
	const char *team;
	uint32_t day;
	const struct event_secret *secret;
};

static void give_secret(struct tap *tap, const struct retraction *retraction)
{
	tap->question.has_proof = true;
	tap->question.proof = *retraction->secret;
}

/* A tap of which this outbox knows nothing: only its retraction is kept. */
static int retract_unknown(struct lmdb_txn *txn, const struct retraction *retraction)
{
	struct tap tap = {.has_retraction = true};
	uint64_t number;

	if (!retraction->team)
		return TURF_UNKNOWN;
	number = db_take_number(txn);
	memcpy(tap.team, retraction->team, strlen(retraction->team));
	tap.question = (struct event){.id = *retraction->id, .day = retraction->day, .act = ACT_RETRACTION};
	if (retraction->secret)
		give_secret(&tap, retraction);
	tap.retraction_seq = number;
	db_new_tap(txn, number, &tap);
	db_enqueue(txn, number, number, ACT_RETRACTION);
	return 0;
}

static int retract_body(void *context, struct lmdb_txn *txn)
{
	const struct retraction *retraction = context;
	struct tap tap;
	uint64_t number;

	if (!db_find_tap(txn, retraction->id, &number, &tap))
		return retract_unknown(txn, retraction);
	if (tap.retraction_seq != 0 || tap_retracted(&tap) ||
	    (!tap_waits(&tap) && words_verdict_is_refusal(tap.question_verdict)))
		return TURF_UNCHANGED;
	if (retraction->secret)
		give_secret(&tap, retraction);
	if (tap_only_here(&tap)) {
		delete_waiting(txn, number, &tap);
		return 0;
	}
	if (retraction->team && !tap_has_question(&tap)) { /* it was refused, perhaps because of this team or day */
		memset(tap.team, 0, sizeof tap.team);
		memcpy(tap.team, retraction->team, strlen(retraction->team));
		tap.question.day = retraction->day;
	}
	tap.has_retraction = true;
	tap.retraction_verdict = VERDICT_UNSPECIFIED;
	tap.retraction_seq = db_take_number(txn);
	db_put_tap(txn, number, &tap);
	db_enqueue(txn, tap.retraction_seq, number, ACT_RETRACTION);
	return 0;
}

int outbox_retract(struct outbox *outbox, const struct event_id *id, const char *team, uint32_t day,
		   const struct event_secret *secret, struct error *error)
{
	struct retraction retraction = {.id = id, .team = team, .day = day, .secret = secret};

	assert(!team || topic_slug_valid(team));
	return db_write(outbox, retract_body, &retraction, error);
}

static int dismiss_body(void *context, struct lmdb_txn *txn)
{
	struct tap tap;
	uint64_t number;

	if (!db_find_tap(txn, context, &number, &tap))
		return TURF_UNKNOWN;
	if (!tap_refused(&tap) || tap_waits(&tap))
		return TURF_UNCHANGED;
	if (!tap_has_question(&tap) || words_verdict_is_refusal(tap.question_verdict)) {
		db_delete_tap(txn, number, &tap);
		return 0;
	}
	tap.has_retraction = false;
	tap.retraction_verdict = VERDICT_UNSPECIFIED;
	db_keep_or_forget(txn, number, &tap);
	return 0;
}

int outbox_dismiss(struct outbox *outbox, const struct event_id *id, struct error *error)
{
	return db_write(outbox, dismiss_body, (void *)(uintptr_t)id, error); /* only read */
}

/* ---- Sending, and applying verdicts ------------------------------------------------------------------------------ */

/* The entry under `seq`, and its tap, if it may be sent: a retraction waits for its question. */
static bool sendable(struct lmdb_txn *txn, uint64_t seq, const struct span *value, struct outbox_entry *entry,
		     uint64_t *number, struct tap *tap)
{
	enum act act;

	if (!db_parse_queued(txn, value, number, &act) || !db_get_tap(txn, *number, tap))
		return false;
	if (act == ACT_RETRACTION && tap->question_seq != 0)
		return false;
	*entry = (struct outbox_entry){
		.seq = seq,
		.event = tap_event(tap, act),
		.reoffered =
			(act == ACT_QUESTION ? tap->question_verdict : tap->retraction_verdict) != VERDICT_UNSPECIFIED,
	};
	memcpy(entry->team, tap->team, sizeof entry->team);
	return true;
}

struct loading {
	struct outbox_entry *entries;
	size_t max, n;
	uint64_t last;
};

static int load_body(void *context, struct lmdb_txn *txn)
{
	struct loading *loading = context;
	struct span value;
	struct tap tap;
	uint64_t seq, number;

	while (loading->n < loading->max && db_from(txn, DB_QUEUE, loading->last + 1, &seq, &value)) {
		loading->last = seq;
		if (sendable(txn, seq, &value, &loading->entries[loading->n], &number, &tap))
			loading->n++;
	}
	return 0;
}

int outbox_load(struct outbox *outbox, uint64_t after, struct outbox_entry *entries, size_t max, size_t *n,
		uint64_t *last, struct error *error)
{
	struct loading loading = {.entries = entries, .max = max, .last = after};
	int rc = db_read(outbox, load_body, &loading, error);

	*n = rc == 0 ? loading.n : 0;
	*last = rc == 0 ? loading.last : after; /* what could not be read is not passed over */
	return rc;
}

struct getting {
	const uint64_t *seqs;
	size_t n;
	struct outbox_entry *entries;
	bool writes;     /* the transaction may write */
	bool must_write; /* out: there are taps that must be noted as having left */
};

static int get_body(void *context, struct lmdb_txn *txn)
{
	struct getting *getting = context;

	for (size_t i = 0; i < getting->n; i++) {
		struct span value;
		struct tap tap;
		uint64_t number;

		getting->entries[i] = (struct outbox_entry){0};
		if (!db_get_at(txn, DB_QUEUE, getting->seqs[i], &value) ||
		    !sendable(txn, getting->seqs[i], &value, &getting->entries[i], &number, &tap) ||
		    !tap_only_here(&tap))
			continue;
		getting->must_write = true;
		tap.left = true;
		if (getting->writes)
			db_put_tap(txn, number, &tap);
	}
	return 0;
}

int outbox_get(struct outbox *outbox, const uint64_t *seqs, size_t n, struct outbox_entry *entries, struct error *error)
{
	struct getting getting = {.seqs = seqs, .n = n, .entries = entries};
	int rc = db_read(outbox, get_body, &getting, error);

	if (rc == 0 && getting.must_write) {
		getting.writes = true;
		rc = db_write(outbox, get_body, &getting, error);
	}
	return rc;
}

static void apply_one(struct lmdb_txn *txn, struct outbox_result *result)
{
	struct span value;
	struct tap tap;
	uint64_t number, held_back;
	enum act act;
	enum tap_effect effect;

	if (!db_get_at(txn, DB_QUEUE, result->seq, &value) || !db_parse_queued(txn, &value, &number, &act) ||
	    !db_get_tap(txn, number, &tap) || act != result->act)
		return;
	if (act == ACT_RETRACTION && tap.question_seq != 0)
		return; /* a new epoch requeued it after it was sent: the verdict is that of the old store */
	held_back = act == ACT_QUESTION ? tap.retraction_seq : 0;
	effect = tap_apply_verdict(&tap, act, result->verdict);
	if (effect != TAP_END && effect != TAP_END_BOTH)
		return;
	result->ended = true;
	db_delete_at(txn, DB_QUEUE, result->seq);
	if (effect == TAP_END_BOTH && held_back != 0) {
		result->also_ended = held_back;
		db_delete_at(txn, DB_QUEUE, held_back);
	} else {
		result->freed = held_back;
	}
	db_keep_or_forget(txn, number, &tap);
}

struct applying {
	const struct outbox *outbox;
	struct outbox_result *results;
	size_t n;
};

/* Another process has stored an epoch that this one has not checked yet. */
static bool store_is_another(struct lmdb_txn *txn, const struct outbox *outbox)
{
	struct span value;

	return outbox->has_epoch && db_get_meta(txn, "epoch", &value) && value.length == EPOCH_BYTES &&
	       memcmp(value.at, outbox->epoch, EPOCH_BYTES) != 0;
}

static int apply_body(void *context, struct lmdb_txn *txn)
{
	const struct applying *applying = context;
	bool another = store_is_another(txn, applying->outbox), changed = false;

	for (size_t i = 0; i < applying->n; i++) {
		struct outbox_result *result = &applying->results[i];

		result->ended = false;
		result->also_ended = result->freed = 0;
		if (!another)
			apply_one(txn, result);
		changed = changed || result->ended;
	}
	return changed ? 0 : TURF_UNCHANGED;
}

int outbox_apply_results(struct outbox *outbox, struct outbox_result *results, size_t n, struct error *error)
{
	struct applying applying = {.outbox = outbox, .results = results, .n = n};
	int rc = db_write(outbox, apply_body, &applying, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

static int pending_body(void *context, struct lmdb_txn *txn)
{
	size_t *n = context;

	*n = lmdb_count(txn, DB_QUEUE);
	return 0;
}

int outbox_pending(struct outbox *outbox, size_t *n, struct error *error)
{
	return db_read(outbox, pending_body, n, error);
}

struct listing {
	struct tap *taps;
	size_t n;
};

static int list_body(void *context, struct lmdb_txn *txn)
{
	struct listing *listing = context;
	size_t room = lmdb_count(txn, DB_TAPS);
	uint64_t number = 0;

	listing->taps = calloc(room + 1, sizeof *listing->taps);
	if (!listing->taps) {
		lmdb_fail(txn, FAULT_MEMORY, "no memory for the list of taps");
		return 0;
	}
	while (listing->n < room && db_next_tap(txn, &number, &listing->taps[listing->n]))
		listing->n++;
	return 0;
}

int outbox_list(struct outbox *outbox, struct tap **taps, size_t *n, struct error *error)
{
	struct listing listing = {0};
	int rc = db_read(outbox, list_body, &listing, error);

	if (rc < 0) {
		free(listing.taps);
		return rc;
	}
	*taps = listing.taps;
	*n = listing.n;
	return 0;
}

struct finding {
	const struct event_id *id;
	struct tap *tap;
};

static int tap_body(void *context, struct lmdb_txn *txn)
{
	const struct finding *finding = context;
	uint64_t number;

	return db_find_tap(txn, finding->id, &number, finding->tap) ? 0 : TURF_UNKNOWN;
}

int outbox_tap(struct outbox *outbox, const struct event_id *id, struct tap *tap, struct error *error)
{
	struct finding finding = {.id = id, .tap = tap};

	return db_read(outbox, tap_body, &finding, error);
}
