/* SPDX-License-Identifier: EUPL-1.2 */
/* The calls of turf.h for an org whose broker asks for tokens: joining, what is known of the access, and taking a token. */
#include "broker-client/libturf/turf.h"

#include <string.h>
#include <time.h>

#include "broker-client/libturf/token_buyer.h"
#include "broker-client/libturf/token_store_away.h"
#include "broker-client/libturf/turf_impl.h"

_Static_assert(TURF_TOKEN_BYTES == (int)TOKEN_TEXT_BYTES && TURF_SCOPE_BYTES == (int)SCOPE_BYTES &&
		       TURF_ORIGIN_BYTES == (int)TOKEN_STORE_ORIGIN_BYTES &&
		       TURF_TOKEN_WEEKS_MAX == (int)TOKEN_STORE_WEEKS_MAX,
	       "sizes");

enum { SECONDS_A_DAY = 86400 };

static int64_t unix_now(void)
{
	return (int64_t)time(NULL);
}

static struct token_buyer buyer_with(const char *ca_file)
{
	return (struct token_buyer){.ca_file = ca_file, .send = http_send};
}

/* ---- Joining ---------------------------------------------------------------------------------------------------- */

static int take_invitation(const struct turf_invitation *asked, struct turf_invitation *invitation,
			   struct token_buyer_invitation *parsed, struct error *error)
{
	int rc = session_take_sized(invitation, sizeof *invitation, asked, asked->size, "turf_invitation", error);

	if (rc == 0 && !invitation->link)
		rc = error_set(error, FAULT_INPUT, "no link of an invitation");
	return rc == 0 ? token_buyer_parse_link(invitation->link, parsed, error) : rc;
}

int turf_invitation_org(const struct turf_invitation *asked, char org[TURF_TEAM_BYTES], struct turf_error *error)
{
	struct turf_invitation invitation;
	struct token_buyer_invitation parsed;
	struct token_buyer buyer;
	int rc = take_invitation(asked, &invitation, &parsed, session_error(error));

	if (rc < 0)
		return rc;
	buyer = buyer_with(invitation.ca_file);
	return token_buyer_org(&buyer, parsed.origin, org, session_error(error));
}

int turf_join(const struct turf_invitation *asked, struct turf_error *error)
{
	struct turf_invitation invitation;
	struct token_buyer_invitation parsed;
	struct token_buyer buyer;
	struct outbox *outbox;
	char org[SLUG_BYTES];
	int rc = take_invitation(asked, &invitation, &parsed, session_error(error));

	if (rc == 0 && (!invitation.outbox || *invitation.outbox == '\0'))
		rc = error_set(session_error(error), FAULT_INPUT, "no folder for the outbox");
	if (rc < 0)
		return rc;
	buyer = buyer_with(invitation.ca_file);
	rc = token_buyer_org(&buyer, parsed.origin, org, session_error(error));
	if (rc == 0)
		rc = outbox_open(&outbox, invitation.outbox, org, session_error(error));
	if (rc != 0)
		return rc;
	rc = token_buyer_join(&buyer, outbox, org, &parsed, session_error(error));
	if (rc == 0 && token_buyer_fetch(&buyer, outbox, org, unix_now(), session_error(error)) == TOKEN_BUYER_REVOKED)
		rc = TOKEN_BUYER_REVOKED;
	outbox_close(outbox);
	return rc;
}

/* ---- Looking ---------------------------------------------------------------------------------------------------- */

static void fill_in_weeks(struct turf_access *access, const struct token_store_batches *batches, int64_t now)
{
	for (size_t i = 0; i < batches->n; i++) {
		const struct token_store_batch *batch = &batches->all[i];
		struct iso_week week = iso_week_of_day((uint32_t)(batch->not_before / SECONDS_A_DAY));

		if (batch->not_after <= now)
			continue;
		if (batch->not_before <= now)
			access->tokens += batch->tokens;
		access->weeks[access->n_weeks++] =
			(struct turf_token_week){.iso_year = week.year, .week = week.week, .tokens = batch->tokens};
	}
}

int turf_get_access(struct turf *turf, struct turf_access *access, struct turf_error *error)
{
	struct token_store_batches batches;
	struct token_store_member member;
	struct turf_access known = {.size = access->size};
	int rc = access->size < sizeof access->size
			 ? error_set(session_error(error), FAULT_INPUT, "turf_access: its size is %zu", access->size)
			 : token_store_member(turf->outbox, &member, session_error(error));

	if (rc == TOKEN_STORE_NONE)
		return error_set(session_error(error), TURF_NOT_JOINED,
				 "this device has not joined \"%s\"; ask for an invitation", turf->org);
	if (rc == 0)
		rc = token_store_batches(turf->outbox, &batches, session_error(error));
	if (rc != 0)
		return rc;
	memcpy(known.origin, member.origin, sizeof known.origin);
	memcpy(known.scope, member.scope, sizeof known.scope);
	known.revoked = member.state != TOKEN_STORE_JOINED;
	explicit_bzero(&member, sizeof member);
	fill_in_weeks(&known, &batches, unix_now());
	memset(access, 0, known.size);
	memcpy(access, &known, known.size < sizeof known ? known.size : sizeof known);
	return 0;
}

int turf_get_later(struct turf *turf, struct turf_later *later, struct turf_error *error)
{
	struct token_store_member member;
	struct turf_later known = {.size = later->size};
	int64_t away = 0;
	int rc = later->size < sizeof known
			 ? error_set(session_error(error), FAULT_INPUT, "turf_later: its size is %zu", later->size)
			 : token_store_member(turf->outbox, &member, session_error(error));

	explicit_bzero(&member, sizeof member);
	if (rc == 0)
		rc = token_store_away(turf->outbox, unix_now(), &away, session_error(error));
	known.away = away != 0;
	if (rc == 0 && known.away)
		rc = outbox_pending(turf->outbox, &known.events, session_error(error));
	else if (rc == 0)
		rc = session_portion_later(turf, &known.events, &known.from, session_error(error));
	if (rc < 0)
		return rc;
	if (known.away)
		known.from = away;
	memset(later, 0, known.size);
	memcpy(later, &known, sizeof known);
	return 0;
}

/* ---- Taking a token --------------------------------------------------------------------------------------------- */

int turf_take_token(struct turf *turf, char token[TURF_TOKEN_BYTES], struct turf_error *error)
{
	struct token_buyer buyer = buyer_with(turf->connection.options.ca_file);
	struct token_store_token taken;
	int64_t away = 0;
	int rc = token_store_take(turf->outbox, unix_now(), &taken, session_error(error));

	if (rc == TOKEN_STORE_NONE) {
		rc = token_buyer_fetch(&buyer, turf->outbox, turf->org, unix_now(), session_error(error));
		if (rc == 0)
			rc = token_store_take(turf->outbox, unix_now(), &taken, session_error(error));
		if (rc == TOKEN_STORE_NONE)
			(void)token_store_away(turf->outbox, unix_now(), &away, NULL);
		if (rc == TOKEN_STORE_NONE)
			rc = error_set(
				session_error(error), TURF_NO_TOKEN, "%s",
				away ? "this device was away for weeks; ask again in half an hour, so that nobody "
				       "sees whose the token is"
				     : "the tokens of this week are used up; turf fetches more next week");
	}
	if (rc == 0)
		memcpy(token, taken.text, sizeof taken.text);
	explicit_bzero(&taken, sizeof taken);
	return rc;
}
