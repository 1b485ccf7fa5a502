/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How a handle connects whose outbox has joined an org with a door: each connection shows a new token, and ends when there is
 * nothing left to send, so that no two flushes can be told to be of one device. The broker takes the same token again for two
 * minutes, so that a lost CONNACK costs none (login.h); after that it refuses it, and the next one is shown.
 *
 * A thread of its own fetches tokens, because turfdoor may take a minute to answer.
 */
#include "broker-client/libturf/turf_impl.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/backoff.h"
#include "base/monotonic.h"
#include "broker-client/libturf/token_buyer.h"
#include "broker-client/libturf/token_store_away.h"

enum {
	FLUSH_MAX_MS = 10 * 60 * 1000, /* a connection ends after this long, whatever waits */
	LINGER_MS = 2000,              /* it ends when nothing has waited for this long */
	PORTION_MAX_MS = 15 * 1000,    /* with a portion it ends sooner: what is of the moment must not wait for it */
	FETCH_MS = 5000,               /* after a failed attempt to fetch; each time twice as long */
	FETCH_MAX_MS = 3600 * 1000,
	MOMENT_BYTES = 16,
};

/* ---- Fetching --------------------------------------------------------------------------------------------------- */

/* Tells the fetcher to look at turfdoor's directory now. */
static void ask_to_fetch(struct turf *turf)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->tokens.fetch_asked = true;
	turf->changes++;
	(void)pthread_cond_broadcast(&turf->changed);
	(void)pthread_mutex_unlock(&turf->lock);
}

/* Waits until something is due at `due_ms`, or was asked for, but not before `earliest_ms`. False: the handle closes. */
static bool wait_to_fetch(struct turf *turf, int64_t earliest_ms, int64_t due_ms)
{
	bool closing;

	(void)pthread_mutex_lock(&turf->lock);
	for (;;) {
		int64_t now_ms = monotonic_ms();
		int64_t until_ms = turf->tokens.fetch_asked && earliest_ms < due_ms ? earliest_ms : due_ms;

		if (turf->closing || now_ms >= until_ms)
			break;
		(void)session_wait_change(turf, turf->changes, until_ms);
	}
	turf->tokens.fetch_asked = false;
	closing = turf->closing;
	(void)pthread_mutex_unlock(&turf->lock);
	return !closing;
}

/* How long it is until something must be fetched: FETCH_MAX_MS at most, since the clock may be set. */
static int64_t due_in_ms(struct turf *turf)
{
	int64_t now = (int64_t)time(NULL), at;

	if (token_buyer_due(turf->outbox, now, &at, NULL) < 0)
		return FETCH_MAX_MS;
	return at <= now ? 0 : at - now > FETCH_MAX_MS / 1000 ? FETCH_MAX_MS : (at - now) * 1000;
}

static void fetched(struct turf *turf, const char *failure)
{
	(void)pthread_mutex_lock(&turf->lock);
	(void)snprintf(turf->tokens.fetch_failure, sizeof turf->tokens.fetch_failure, "%s", failure);
	turf->send_asked = true;
	(void)pthread_mutex_unlock(&turf->lock);
	connection_wake(&turf->connection);
}

static void *run_fetcher(void *context)
{
	struct turf *turf = context;
	const struct token_buyer buyer = {
		.ca_file = turf->connection.options.ca_file, .send = http_send, .context = &turf->tokens.stop};
	int64_t earliest_ms = 0, due_ms = monotonic_ms() + due_in_ms(turf);
	uint32_t failures = 0;

	while (wait_to_fetch(turf, earliest_ms, due_ms)) {
		struct error error = {""};
		int rc = token_buyer_fetch(&buyer, turf->outbox, turf->org, (int64_t)time(NULL), &error);

		failures = rc == 0 ? 0 : failures + 1;
		earliest_ms = monotonic_ms() + backoff_ms(FETCH_MS, FETCH_MAX_MS, failures);
		due_ms = rc == 0 ? monotonic_ms() + due_in_ms(turf) : earliest_ms;
		fetched(turf, rc == 0 ? "" : error.text);
	}
	return NULL;
}

/* Without the thread, tokens that are there are used, and it is tried again with the next connection. */
static void start_fetcher(struct turf *turf)
{
	turf->tokens.has_fetcher = pthread_create(&turf->tokens.fetcher, NULL, run_fetcher, turf) == 0;
}

/* ---- Connecting ------------------------------------------------------------------------------------------------- */

static bool wants_connection(struct turf *turf)
{
	bool asked;

	(void)pthread_mutex_lock(&turf->lock);
	asked = turf->tokens.connect_asked || !turf->has_catalogue;
	(void)pthread_mutex_unlock(&turf->lock);
	return asked || turf->reconnect_now || session_portion_due(turf);
}

/* Whether there are tokens that are not used yet because this device was away; says so. */
static bool wait_after_away(struct turf *turf)
{
	char reason[REASON_BYTES], moment[MOMENT_BYTES];
	int64_t until;
	struct tm local;
	time_t at;

	if (token_store_away(turf->outbox, (int64_t)time(NULL), &until, NULL) < 0 || until == 0)
		return false;
	at = (time_t)until;
	(void)localtime_r(&at, &local);
	(void)strftime(moment, sizeof moment, "%H:%M", &local);
	(void)snprintf(reason, sizeof reason,
		       "this device was away for weeks; what waits is sent after %s, so that nobody sees whose it is",
		       moment);
	session_set_connection(turf, TURF_OFFLINE, reason);
	return true;
}

/* Says why there is no token, and asks for some if turfdoor may give some. */
static void wait_for_tokens(struct turf *turf, int rc, const struct error *fault)
{
	bool due = due_in_ms(turf) == 0;
	char reason[REASON_BYTES];

	if (rc > 0 && wait_after_away(turf))
		return;
	(void)pthread_mutex_lock(&turf->lock);
	(void)snprintf(reason, sizeof reason, "no token is left: %.480s",
		       rc < 0                        ? fault->text
		       : *turf->tokens.fetch_failure ? turf->tokens.fetch_failure
						     : "those of this week are used up; turf fetches more next week");
	if (rc > 0 && due && !*turf->tokens.fetch_failure)
		reason[0] = '\0'; /* turf fetches some */
	(void)pthread_mutex_unlock(&turf->lock);
	session_set_connection(turf, *reason ? TURF_OFFLINE : TURF_CONNECTING, reason);
	if (due)
		ask_to_fetch(turf);
}

bool session_token_ready(struct turf *turf, int64_t now_ms)
{
	struct error error;
	int rc;

	if (!login_use(&turf->tokens.login, &turf->connection, turf->outbox))
		return true;
	if (!turf->tokens.has_fetcher)
		start_fetcher(turf);
	if (!wants_connection(turf)) {
		turf->connect_at_ms = now_ms + turf->retry_ms; /* another process may put something in the outbox */
		return false;
	}
	rc = login_take(&turf->tokens.login, &turf->connection, turf->outbox, &error);
	if (rc != 0) {
		turf->connect_at_ms = now_ms + SESSION_TOKEN_WAIT_MS;
		wait_for_tokens(turf, rc, &error);
		return false;
	}
	return true;
}

void session_token_accepted(struct turf *turf)
{
	login_accepted(&turf->tokens.login, turf->outbox);
	session_portion_begin(turf);
	turf->tokens.refused = false;
	turf->tokens.idle_since_ms = INT64_MAX;
}

bool session_token_refused(struct turf *turf)
{
	bool first = !turf->tokens.refused;

	if (!turf->tokens.login.held)
		return false;
	login_give_back(&turf->tokens.login, turf->outbox, true);
	turf->tokens.refused = true;
	ask_to_fetch(turf); /* the scope may have new keys */
	return first;
}

/* ---- The end of a flush ----------------------------------------------------------------------------------------- */

static bool has_news(struct turf *turf)
{
	bool has;

	(void)pthread_mutex_lock(&turf->lock);
	has = turf->has_today && turf->catalogue_from_broker;
	(void)pthread_mutex_unlock(&turf->lock);
	return has;
}

int64_t session_token_end_ms(struct turf *turf, int64_t now_ms)
{
	bool has_portion = turf->portion.carries == CARRIES_PORTION;
	int64_t end_ms = turf->link_since_ms + (has_portion ? PORTION_MAX_MS : FLUSH_MAX_MS), idle_end_ms;

	if (!turf->tokens.login.used)
		return INT64_MAX;
	if (turf->portion.carries == CARRIES_UNKNOWN)
		return turf->link_since_ms + SESSION_NEWS_MS;
	if (!session_portion_is_done(turf))
		turf->tokens.idle_since_ms = INT64_MAX;
	else if (turf->tokens.idle_since_ms == INT64_MAX)
		turf->tokens.idle_since_ms = now_ms;
	if (turf->tokens.idle_since_ms == INT64_MAX)
		return end_ms;
	idle_end_ms = turf->tokens.idle_since_ms + LINGER_MS;
	if (!has_news(turf) && idle_end_ms < turf->link_since_ms + SESSION_NEWS_MS)
		idle_end_ms = turf->link_since_ms + SESSION_NEWS_MS;
	return idle_end_ms < end_ms ? idle_end_ms : end_ms;
}

void session_token_ended(struct turf *turf)
{
	(void)pthread_mutex_lock(&turf->lock);
	turf->tokens.connect_asked = false;
	(void)pthread_mutex_unlock(&turf->lock);
}

void session_token_stop(struct turf *turf)
{
	struct session_tokens *tokens = &turf->tokens;

	if (tokens->has_fetcher) {
		atomic_store(&tokens->stop, true);
		(void)pthread_mutex_lock(&turf->lock);
		turf->changes++;
		(void)pthread_cond_broadcast(&turf->changed);
		(void)pthread_mutex_unlock(&turf->lock);
		(void)pthread_join(tokens->fetcher, NULL);
	}
	login_release(&tokens->login, &turf->connection, turf->outbox);
}
