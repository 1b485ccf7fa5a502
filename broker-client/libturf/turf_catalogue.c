/* SPDX-License-Identifier: EUPL-1.2 */
/* The calls of turf.h about the catalogue and the date. */
#include "broker-client/libturf/turf.h"

#include <stdlib.h>

#include "broker-client/libturf/turf_impl.h"

_Static_assert(TURF_NAME_BYTES == (int)NAME_BYTES, "sizes");
_Static_assert(TURF_LABEL_UNKNOWN == (int)LABEL_UNSPECIFIED && TURF_LABEL_SUBJECT == (int)LABEL_SUBJECT &&
		       TURF_LABEL_ORIGIN == (int)LABEL_ORIGIN && TURF_LABEL_REFERRED_TO == (int)LABEL_REFERRED_TO,
	       "label kinds");

/* The program's catalogue: `outer` and its lists point into `inner`, and stand in one block of memory. */
struct own_catalogue {
	struct turf_catalogue outer; /* first: a pointer to it is one to all of this */
	struct catalogue inner;
};

/* The next n * bytes of the block. Each struct here is as large as a multiple of its pointers. */
static void *carve(char **at, size_t n, size_t bytes)
{
	void *here = *at;

	*at += n * bytes;
	return here;
}

static const struct turf_team *const *list_teams(const struct catalogue *inner, char **at)
{
	const struct turf_team **list = carve(at, inner->n_teams, sizeof *list);
	struct turf_team *teams = carve(at, inner->n_teams, sizeof *teams);

	for (size_t i = 0; i < inner->n_teams; i++) {
		const struct team *team = &inner->teams[i];

		teams[i] = (struct turf_team){team->id, team->name, team->valid_from, team->valid_until};
		list[i] = &teams[i];
	}
	return list;
}

static const struct turf_domain *const *list_domains(const struct catalogue *inner, char **at)
{
	const struct turf_domain **list = carve(at, inner->n_domains, sizeof *list);
	struct turf_domain *domains = carve(at, inner->n_domains, sizeof *domains);

	for (size_t i = 0; i < inner->n_domains; i++) {
		const struct domain *domain = &inner->domains[i];

		domains[i] = (struct turf_domain){
			.code = domain->code,
			.name = domain->name,
			.valid_from = domain->valid_from,
			.valid_until = domain->valid_until,
			.rolls_up_to = domain->rolls_up_to,
		};
		list[i] = &domains[i];
	}
	return list;
}

static const struct turf_label *const *list_labels(const struct catalogue *inner, char **at)
{
	const struct turf_label **list = carve(at, inner->n_labels, sizeof *list);
	struct turf_label *labels = carve(at, inner->n_labels, sizeof *labels);

	for (size_t i = 0; i < inner->n_labels; i++) {
		const struct label *label = &inner->labels[i];

		labels[i] = (struct turf_label){
			.code = label->code,
			.name = label->name,
			.kind = (enum turf_label_kind)label->kind,
			.valid_from = label->valid_from,
			.valid_until = label->valid_until,
			.domain = label->domain,
		};
		list[i] = &labels[i];
	}
	return list;
}

static size_t own_bytes(const struct catalogue *inner)
{
	return sizeof(struct own_catalogue) + inner->n_teams * (sizeof(struct turf_team) + sizeof(void *)) +
	       inner->n_domains * (sizeof(struct turf_domain) + sizeof(void *)) +
	       inner->n_labels * (sizeof(struct turf_label) + sizeof(void *));
}

/* Takes `inner` unless there is no memory. */
struct turf_catalogue *turf_catalogue_new(struct catalogue *inner)
{
	struct own_catalogue *own = malloc(own_bytes(inner));
	char *at;

	if (!own)
		return NULL;
	at = (char *)(own + 1);
	own->inner = *inner;
	inner = &own->inner;
	own->outer = (struct turf_catalogue){
		.version = inner->version,
		.org = inner->org,
		.name = inner->name,
		.timezone = inner->timezone,
		.accept_days = inner->accept_days,
		.retract_days = inner->retract_days,
		.grace_days = inner->grace_days,
		.counting_since = inner->counting_since,
		.n_teams = inner->n_teams,
		.teams = list_teams(inner, &at),
		.n_domains = inner->n_domains,
		.domains = list_domains(inner, &at),
		.n_labels = inner->n_labels,
		.labels = list_labels(inner, &at),
	};
	return &own->outer;
}

void turf_catalogue_free(struct turf_catalogue *catalogue)
{
	struct own_catalogue *own = (struct own_catalogue *)catalogue;

	if (own)
		catalogue_release(&own->inner);
	free(own);
}

/* ---- Waiting for it --------------------------------------------------------------------------------------------- */

/* Call it under the lock. Waits until `*there` is true; stops waiting when connecting has failed. */
static bool wait_for(struct turf *turf, const bool *there, int64_t until_ms)
{
	if (!*there && turf->has_thread) { /* with tokens, a handle that has nothing to send is not connected */
		turf->tokens.connect_asked = turf->send_asked = true;
		connection_wake(&turf->connection);
	}
	while (!*there && turf->has_thread && (turf->state != TURF_OFFLINE || turf->reason[0] == '\0') &&
	       session_wait_change(turf, turf->changes, until_ms))
		;
	return *there;
}

int turf_catalogue(struct turf *turf, int from_broker, int timeout_ms, struct turf_catalogue **catalogue,
		   struct turf_error *error)
{
	const bool *there = from_broker ? &turf->catalogue_from_broker : &turf->has_catalogue;
	int64_t until_ms = session_deadline_ms(timeout_ms);
	struct catalogue inner;
	int rc = TURF_TIMEOUT;

	*catalogue = NULL;
	(void)pthread_mutex_lock(&turf->lock);
	if (wait_for(turf, there, until_ms))
		rc = catalogue_copy(&turf->catalogue, &inner);
	(void)pthread_mutex_unlock(&turf->lock);
	if (rc == 0) {
		*catalogue = turf_catalogue_new(&inner);
		if (!*catalogue) {
			catalogue_release(&inner);
			rc = FAULT_MEMORY;
		}
	}
	return rc < 0 ? error_set(session_error(error), rc, "no memory for the catalogue") : rc;
}

int turf_today(struct turf *turf, int timeout_ms, uint32_t *today)
{
	int64_t until_ms = session_deadline_ms(timeout_ms);
	bool there;

	(void)pthread_mutex_lock(&turf->lock);
	there = wait_for(turf, &turf->has_today, until_ms);
	if (there)
		*today = turf->today;
	(void)pthread_mutex_unlock(&turf->lock);
	return there ? 0 : TURF_TIMEOUT;
}

/* ---- Finding in it ---------------------------------------------------------------------------------------------- */

static const struct catalogue *inner_catalogue(const struct turf_catalogue *catalogue)
{
	return &((const struct own_catalogue *)catalogue)->inner;
}

const struct turf_team *turf_find_team(const struct turf_catalogue *catalogue, const char *id)
{
	const struct catalogue *inner = inner_catalogue(catalogue);
	const struct team *found = catalogue_team(inner, id);

	return found ? catalogue->teams[found - inner->teams] : NULL;
}

const struct turf_domain *turf_find_domain(const struct turf_catalogue *catalogue, uint32_t code)
{
	const struct catalogue *inner = inner_catalogue(catalogue);
	const struct domain *found = catalogue_domain(inner, code);

	return found ? catalogue->domains[found - inner->domains] : NULL;
}

const struct turf_label *turf_find_label(const struct turf_catalogue *catalogue, uint32_t code)
{
	const struct catalogue *inner = inner_catalogue(catalogue);
	const struct label *found = catalogue_label(inner, code);

	return found ? catalogue->labels[found - inner->labels] : NULL;
}

static int match_result(enum match match)
{
	return match == MATCH_ONE ? 0 : match == MATCH_SEVERAL ? TURF_SEVERAL : TURF_UNKNOWN;
}

int turf_match_domain(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code)
{
	return match_result(catalogue_match_domain(inner_catalogue(catalogue), day, typed, code));
}

int turf_match_label(const struct turf_catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
		     uint32_t *code)
{
	return match_result(catalogue_match_label(inner_catalogue(catalogue), day, domain, typed, code));
}

int turf_valid_on(uint32_t valid_from, uint32_t valid_until, uint32_t day)
{
	return catalogue_valid_on(valid_from, valid_until, day);
}

int turf_label_suits(const struct turf_label *label, uint32_t day, uint32_t domain)
{
	const struct label inner = {
		.valid_from = label->valid_from, .valid_until = label->valid_until, .domain = label->domain};

	return catalogue_label_suits(&inner, day, domain);
}
