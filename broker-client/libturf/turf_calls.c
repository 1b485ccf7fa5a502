/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/turf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/monotonic.h"
#include "broker-client/libturf/outbox_tap.h"
#include "broker-client/libturf/turf_impl.h"
#include "broker-client/mqtt/mqtt_common.h"
#include "proto/proof.h"

enum {
	RETRY_MS = 10000,
	RETRY_MAX_MS = 300000,
	RECONNECT_MS = 500,
	RECONNECT_MAX_MS = 30000,
	WINDOW = 8,
};

/* The public numbers are the inner ones, so that no table is needed to convert them. */
_Static_assert(TURF_SYSTEM == (int)FAULT_SYSTEM && TURF_MEMORY == (int)FAULT_MEMORY && TURF_INPUT == (int)FAULT_INPUT &&
		       TURF_STORE == (int)FAULT_STORE && TURF_FULL == (int)FAULT_FULL &&
		       TURF_DAMAGED == (int)FAULT_DAMAGED && TURF_FOREIGN == (int)FAULT_FOREIGN &&
		       TURF_BUSY == (int)FAULT_BUSY && TURF_BROKER == (int)FAULT_BROKER,
	       "faults");
_Static_assert(TURF_COUNTED == (int)VERDICT_COUNTED && TURF_ALREADY_COUNTED == (int)VERDICT_ALREADY_COUNTED &&
		       TURF_RETRACTED == (int)VERDICT_RETRACTED &&
		       TURF_ALREADY_RETRACTED == (int)VERDICT_ALREADY_RETRACTED &&
		       TURF_COUNTED_LATE == (int)VERDICT_COUNTED_LATE,
	       "verdicts");
_Static_assert(TURF_REFUSED_MALFORMED == (int)VERDICT_REFUSED_MALFORMED &&
		       TURF_REFUSED_RETRACTION_TOO_LATE == (int)VERDICT_REFUSED_RETRACTION_TOO_LATE,
	       "refusals");
_Static_assert(TURF_ANSWERED == (int)OUTCOME_ANSWERED && TURF_REFERRED == (int)OUTCOME_REFERRED, "outcomes");
_Static_assert(TURF_TEAM_BYTES == (int)SLUG_BYTES && TURF_LABELS_MAX == (int)EVENT_LABELS_MAX &&
		       sizeof(struct turf_error) == sizeof(struct error) && sizeof(struct turf_id) == EVENT_ID_BYTES &&
		       sizeof(struct turf_bookmark) == BOOKMARK_BYTES,
	       "sizes");

/* Both structs hold the same bytes; only their names differ. */
static const struct event_id *inner_id(const struct turf_id *id)
{
	return (const struct event_id *)id;
}

/* ---- Opening and closing ---------------------------------------------------------------------------------------- */

static int check_options(const struct turf_options *options, struct error *error)
{
	int rc = session_check_org(options->org, error);

	if (rc < 0)
		return rc;
	if (!options->outbox || *options->outbox == '\0')
		return error_set(error, FAULT_INPUT, "no folder for the outbox");
	if (options->window > SENDER_SLOTS_MAX)
		return error_set(error, FAULT_INPUT, "window %u: expected 1 to %d", options->window, SENDER_SLOTS_MAX);
	return 0;
}

/* The longest wait: `asked`, or `otherwise` if that is 0. It is never less than the first wait. */
static uint32_t longest_ms(uint32_t first, uint32_t asked, uint32_t otherwise)
{
	uint32_t longest = asked ? asked : otherwise;

	return longest > first ? longest : first;
}

static void copy_options(struct turf *turf, const struct turf_options *options)
{
	memcpy(turf->org, options->org, strlen(options->org) + 1);
	turf->on_verdict = options->on_verdict;
	turf->context = options->context;
	turf->retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS;
	turf->reconnect_ms = options->reconnect_ms ? options->reconnect_ms : RECONNECT_MS;
	turf->reconnect_max_ms = longest_ms(turf->reconnect_ms, options->reconnect_max_ms, RECONNECT_MAX_MS);
}

static int init_sender(struct turf *turf, const struct turf_options *options, struct error *error)
{
	struct sender_options sender = {
		.slots = options->window ? options->window : WINDOW,
		.retry_ms = turf->retry_ms,
		.retry_max_ms = longest_ms(turf->retry_ms, options->retry_max_ms, RETRY_MAX_MS),
	};

	if (random_bytes(&sender.seed, sizeof sender.seed) != 0)
		return error_set(error, FAULT_SYSTEM, "no random bytes: %s", strerror(errno));
	sender_init(&turf->sender, &sender);
	turf->random = ~sender.seed;
	return 0;
}

static void init_locks(struct turf *turf)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&turf->lock, NULL);
	(void)pthread_cond_init(&turf->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static int open_handle(struct turf *turf, const struct turf_options *options, struct error *error)
{
	int rc = connection_init(&turf->connection, options, error);

	copy_options(turf, options);
	if (rc == 0)
		rc = init_sender(turf, options, error);
	if (rc == 0)
		rc = outbox_open(&turf->outbox, options->outbox, options->org, error);
	if (rc == 0)
		rc = session_load_catalogue(turf, error);
	if (rc == 0)
		rc = session_portion_open(turf, error);
	if (rc == 0 && options->broker)
		rc = session_start(turf, error);
	return rc;
}

int turf_open(struct turf **out, const struct turf_options *asked, struct turf_error *error)
{
	struct turf_options options;
	struct turf *turf = NULL;
	int rc = session_take_sized(&options, sizeof options, asked, asked->size, "turf_options", session_error(error));

	*out = NULL;
	if (rc == 0)
		rc = check_options(&options, session_error(error));
	if (rc == 0) {
		turf = calloc(1, sizeof *turf);
		rc = turf ? 0 : error_set(session_error(error), FAULT_MEMORY, "no memory");
	}
	if (turf) {
		init_locks(turf);
		*out = turf; /* on_verdict may be called before this returns */
		rc = open_handle(turf, &options, session_error(error));
	}
	if (rc != 0) {
		*out = NULL;
		turf_close(turf);
	}
	return rc;
}

void turf_close(struct turf *turf)
{
	if (!turf)
		return;
	session_stop(turf);
	connection_release(&turf->connection);
	outbox_close(turf->outbox);
	sender_release(&turf->sender);
	catalogue_release(&turf->catalogue);
	(void)pthread_cond_destroy(&turf->changed);
	(void)pthread_mutex_destroy(&turf->lock);
	free(turf);
}

/* ---- Tapping ---------------------------------------------------------------------------------------------------- */

static int add_label(struct event *event, uint32_t label)
{
	uint32_t at = 0;

	while (at < event->n_labels && event->labels[at] < label)
		at++;
	if (at < event->n_labels && event->labels[at] == label)
		return 0;
	memmove(event->labels + at + 1, event->labels + at, (event->n_labels - at) * sizeof *event->labels);
	event->labels[at] = label;
	event->n_labels++;
	return label >= 1 && label <= LABEL_CODE_MAX ? 0 : -1;
}

static int check_team_and_day(const char *team, uint32_t day, struct error *error)
{
	if (!team || !topic_slug_valid(team) || strcmp(team, TEAM_ALL) == 0)
		return error_set(error, FAULT_INPUT, "team \"%s\": expected [a-z0-9][a-z0-9-]{0,30}, not \"all\"",
				 team ? team : "");
	if (day > CALENDAR_DAY_MAX)
		return error_set(error, FAULT_INPUT, "day %u is after 9999-12-31", day);
	return 0;
}

static int to_event(const struct turf_question *question, struct event *event, struct error *error)
{
	int rc = check_team_and_day(question->team, question->day, error);

	if (rc < 0)
		return rc;
	*event = (struct event){.day = question->day, .act = ACT_QUESTION, .domain = question->domain};
	if (question->domain < 1 || question->domain > DOMAIN_CODE_MAX)
		return error_set(error, FAULT_INPUT, "domain %u: expected 1 to %d", question->domain, DOMAIN_CODE_MAX);
	if (question->outcome != TURF_ANSWERED && question->outcome != TURF_REFERRED)
		return error_set(error, FAULT_INPUT, "outcome %d: expected answered or referred",
				 (int)question->outcome);
	event->outcome = (enum outcome)question->outcome;
	if (question->n_labels > TURF_LABELS_MAX)
		return error_set(error, FAULT_INPUT, "%u labels: expected at most %d", question->n_labels,
				 TURF_LABELS_MAX);
	for (uint32_t i = 0; i < question->n_labels; i++)
		if (add_label(event, question->labels[i]) != 0)
			return error_set(error, FAULT_INPUT, "label %u: expected 1 to %d", question->labels[i],
					 LABEL_CODE_MAX);
	if (random_bytes(event->proof.bytes, sizeof event->proof.bytes) != 0)
		return error_set(error, FAULT_SYSTEM, "no random bytes: %s", strerror(errno));
	event->has_proof = true;
	return proof_id(&event->proof, &event->id, error);
}

/* The size of the caller's struct is the distance from one question to the next. */
static int to_events(const struct turf_question *questions, size_t n, struct event *events, const char **teams,
		     struct error *error)
{
	struct turf_question question;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t bytes = questions->size;
		const void *asked = (const char *)questions + i * bytes;

		rc = session_take_sized(&question, sizeof question, asked, bytes, "turf_question", error);
		if (rc == 0 && question.size != bytes)
			rc = error_set(error, FAULT_INPUT, "turf_question: the first has size %zu, another %zu", bytes,
				       question.size);
		if (rc == 0)
			rc = to_event(&question, &events[i], error);
		if (rc == 0)
			teams[i] = question.team;
	}
	return rc;
}

static int add_questions(struct turf *turf, const struct turf_question *questions, size_t n, struct turf_id *ids,
			 const uint8_t *bookmark, struct error *error)
{
	struct event *events = calloc(n + 1, sizeof *events);
	const char **teams = calloc(n + 1, sizeof *teams);
	int rc = events && teams ? to_events(questions, n, events, teams, error)
				 : error_set(error, FAULT_MEMORY, "no memory for %zu questions", n);

	if (rc == 0 && n > 0)
		rc = outbox_add(turf->outbox, teams, events, n, bookmark, error);
	for (size_t i = 0; i < n && rc == 0 && ids; i++)
		memcpy(ids[i].bytes, events[i].id.bytes, sizeof ids[i].bytes);
	free(events);
	free(teams);
	if (rc == 0)
		session_wake_to_send(turf);
	return rc;
}

int turf_questions(struct turf *turf, const struct turf_question *questions, size_t n, struct turf_id *ids,
		   const struct turf_bookmark *bookmark, struct turf_error *error)
{
	return add_questions(turf, questions, n, ids, bookmark ? bookmark->bytes : NULL, session_error(error));
}

int turf_get_bookmark(struct turf *turf, struct turf_bookmark *bookmark, struct turf_error *error)
{
	return outbox_bookmark(turf->outbox, bookmark->bytes, session_error(error));
}

int turf_question(struct turf *turf, const struct turf_question *question, struct turf_id *id, struct turf_error *error)
{
	return turf_questions(turf, question, 1, id, NULL, error);
}

static int retract(struct turf *turf, const struct turf_id *id, const char *team, uint32_t day,
		   const struct event_secret *secret, struct error *error)
{
	int rc = outbox_retract(turf->outbox, inner_id(id), team, day, secret, error);

	if (rc == 0)
		session_wake_to_send(turf);
	return rc;
}

int turf_retract(struct turf *turf, const struct turf_id *id, struct turf_error *error)
{
	return retract(turf, id, NULL, 0, NULL, session_error(error));
}

static int check_secret(const struct turf_id *id, const struct turf_secret *secret, struct event_secret *inner,
			struct error *error)
{
	int rc;

	memcpy(inner->bytes, secret->bytes, sizeof inner->bytes);
	rc = proof_check(inner, inner_id(id), error);
	return rc == PROOF_WRONG ? error_set(error, FAULT_INPUT, "the secret is not that of the id") : rc;
}

int turf_retract_other(struct turf *turf, const struct turf_id *id, const struct turf_secret *secret, const char *team,
		       uint32_t day, struct turf_error *error)
{
	struct event_secret inner;
	int rc = check_team_and_day(team, day, session_error(error));

	if (rc == 0 && secret)
		rc = check_secret(id, secret, &inner, session_error(error));
	if (rc == 0)
		rc = retract(turf, id, team, day, secret ? &inner : NULL, session_error(error));
	return rc;
}

int turf_get_secret(struct turf *turf, const struct turf_id *id, struct turf_secret *secret, struct turf_error *error)
{
	struct tap tap;
	int rc = outbox_tap(turf->outbox, inner_id(id), &tap, session_error(error));

	if (rc == 0 && !tap.question.has_proof)
		rc = TURF_UNKNOWN;
	if (rc == 0)
		memcpy(secret->bytes, tap.question.proof.bytes, sizeof secret->bytes);
	return rc;
}

int turf_dismiss(struct turf *turf, const struct turf_id *id, struct turf_error *error)
{
	return outbox_dismiss(turf->outbox, inner_id(id), session_error(error));
}

/* ---- Looking ---------------------------------------------------------------------------------------------------- */

int turf_pending(struct turf *turf, size_t *n, struct turf_error *error)
{
	return outbox_pending(turf->outbox, n, session_error(error));
}

/* Under the lock. */
static struct turf_tap outer_tap(struct turf *turf, const struct tap *tap)
{
	const struct event *question = &tap->question;
	const struct sender_entry *entry = sender_find(&turf->sender, tap->question_seq);
	struct turf_tap outer = {
		.size = sizeof outer,
		.state = tap_state(tap, entry && entry->sent),
		.verdict = (enum turf_verdict)tap->question_verdict,
		.retraction_verdict = (enum turf_verdict)tap->retraction_verdict,
		.waiting = tap_waits(tap),
		.has_question = tap_has_question(tap),
		.day = question->day,
		.domain = question->domain,
		.outcome = (enum turf_outcome)question->outcome,
		.n_labels = question->n_labels,
	};

	memcpy(outer.id.bytes, question->id.bytes, sizeof outer.id.bytes);
	memcpy(outer.team, tap->team, sizeof outer.team);
	memcpy(outer.labels, question->labels, sizeof outer.labels);
	return outer;
}

/* The list, its pointers and its taps in one block of memory; NULL: no memory. */
static struct turf_taps *new_taps(struct turf *turf, const struct tap *all, size_t n)
{
	struct turf_taps *list = malloc(sizeof *list + n * (sizeof(struct turf_tap *) + sizeof(struct turf_tap)));
	const struct turf_tap **pointers;
	struct turf_tap *taps;

	if (!list)
		return NULL;
	pointers = (const struct turf_tap **)(list + 1);
	taps = (struct turf_tap *)(pointers + n);
	(void)pthread_mutex_lock(&turf->lock);
	for (size_t i = 0; i < n; i++) {
		taps[i] = outer_tap(turf, &all[i]);
		pointers[i] = &taps[i];
	}
	(void)pthread_mutex_unlock(&turf->lock);
	*list = (struct turf_taps){.n = n, .taps = pointers};
	return list;
}

int turf_list(struct turf *turf, struct turf_taps **taps, struct turf_error *error)
{
	struct tap *all = NULL;
	size_t n;
	int rc = outbox_list(turf->outbox, &all, &n, session_error(error));

	*taps = rc == 0 ? new_taps(turf, all, n) : NULL;
	if (rc == 0 && !*taps)
		rc = error_set(session_error(error), FAULT_MEMORY, "no memory for %zu taps", n);
	free(all);
	return rc;
}

int turf_get(struct turf *turf, const struct turf_id *id, struct turf_tap *tap, struct turf_error *error)
{
	struct turf_tap outer;
	struct tap found;
	int rc = tap->size < sizeof tap->size
			 ? error_set(session_error(error), FAULT_INPUT, "turf_tap: its size is %zu", tap->size)
			 : 0;

	if (rc == 0)
		rc = outbox_tap(turf->outbox, inner_id(id), &found, session_error(error));
	if (rc == 0) {
		(void)pthread_mutex_lock(&turf->lock);
		outer = outer_tap(turf, &found);
		(void)pthread_mutex_unlock(&turf->lock);
		outer.size = tap->size;
		memset(tap, 0, tap->size);
		memcpy(tap, &outer, outer.size < sizeof outer ? outer.size : sizeof outer);
	}
	return rc;
}

int turf_outbox_org(const char *folder, char org[TURF_TEAM_BYTES])
{
	return outbox_org(folder, org);
}

void turf_free(void *memory)
{
	free(memory);
}

enum turf_connection turf_connection(struct turf *turf, struct turf_error *reason)
{
	enum turf_connection state;

	(void)pthread_mutex_lock(&turf->lock);
	state = turf->state;
	if (reason)
		memcpy(reason->text, turf->reason, sizeof turf->reason);
	(void)pthread_mutex_unlock(&turf->lock);
	return state;
}

void turf_reconnect_now(struct turf *turf)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->reconnect_asked = true;
	(void)pthread_mutex_unlock(&turf->lock);
	connection_wake(&turf->connection);
}

int turf_check_broker(const char *broker, struct turf_error *error)
{
	return mqtt_check_address(broker, session_error(error));
}

int turf_read_credentials(const char *file, char **user, char **password, struct turf_error *error)
{
	return mqtt_read_credentials(file, user, password, session_error(error));
}

const char *turf_version(void)
{
	return TURF_VERSION;
}

/* ---- Waiting ---------------------------------------------------------------------------------------------------- */

/* 0: nothing waits; TURF_TIMEOUT: something does; or a fault. */
static int look_for_waiting(struct turf *turf, const struct event_id *id)
{
	struct tap tap;
	size_t n;
	int rc;

	if (id) {
		rc = outbox_tap(turf->outbox, id, &tap, NULL);
		return rc == 0 && tap_waits(&tap) ? TURF_TIMEOUT : rc < 0 ? rc : 0;
	}
	rc = outbox_pending(turf->outbox, &n, NULL);
	return rc == 0 && n > 0 ? TURF_TIMEOUT : rc;
}

/* True: nothing has changed since `*seen`, and on_verdict is not running or about to run. */
static bool nothing_changed(struct turf *turf, uint64_t *seen, bool *delivering)
{
	bool same;

	(void)pthread_mutex_lock(&turf->lock);
	same = turf->changes == *seen;
	*seen = turf->changes;
	*delivering = turf->delivering;
	(void)pthread_mutex_unlock(&turf->lock);
	return same && !*delivering;
}

/* Reads `changes` before and after it reads the outbox. If a verdict is stored in between, `changes` differs or `delivering`
 * is set, so that the function never returns 0 before on_verdict has returned. */
static int wait_until(struct turf *turf, const struct event_id *id, int64_t until_ms)
{
	uint64_t seen = 0;
	bool delivering;
	int rc;

	if (turf->has_thread && pthread_equal(pthread_self(), turf->thread))
		return TURF_BUSY;
	for (;;) {
		(void)nothing_changed(turf, &seen, &delivering);
		rc = look_for_waiting(turf, id);
		if (rc != TURF_TIMEOUT && nothing_changed(turf, &seen, &delivering))
			return rc;
		if (rc != TURF_TIMEOUT && !delivering)
			continue;
		if (!turf->has_thread || monotonic_ms() >= until_ms)
			return TURF_TIMEOUT;
		(void)pthread_mutex_lock(&turf->lock);
		(void)session_wait_change(turf, seen, until_ms);
		(void)pthread_mutex_unlock(&turf->lock);
	}
}

int turf_wait(struct turf *turf, int timeout_ms)
{
	return wait_until(turf, NULL, session_deadline_ms(timeout_ms));
}

int turf_wait_for(struct turf *turf, const struct turf_id *id, int timeout_ms)
{
	return wait_until(turf, inner_id(id), session_deadline_ms(timeout_ms));
}
