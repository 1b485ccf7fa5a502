/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfctl's verbs on the store as a whole: verify, backup, restore, revise, confirm-date.
 */
#include "aggregator/ctl/ctl.h"

#include <inttypes.h>

#include "aggregator/config/clock.h"
#include "base/text.h"
#include "store/admin/admin.h"

static void print_finding(void *context, const char *text)
{
	(void)context;
	text_print(stdout, "wrong: %s\n", text);
}

/* The result of a good verify, with what it has seen. */
static int print_verified(struct store *store, struct error *error)
{
	struct store_figures figures;
	int rc = store_figures(store, &figures, error);

	if (rc < 0)
		return rc;
	(void)printf("verified: %" PRIu64 " ids, %" PRIu64 " of them with detail, %" PRIu64
		     " in quarantine; store of %s, generation %" PRIu64 ": OK\n",
		     figures.ids, figures.ids_detailed, figures.quarantined, figures.state.org,
		     figures.state.generation);
	return 0;
}

int ctl_verify(const struct ctl *ctl, struct error *error)
{
	struct store *store = NULL;
	int rc = ctl_store_open(ctl, true, &store, error);

	if (rc == 0)
		rc = store_verify(store, print_finding, NULL, error);
	if (rc == 0)
		rc = print_verified(store, error);
	store_close(store);
	if (rc <= 0)
		return rc;
	text_print(stdout,
		   "NOT OK: %d found wrong in %s. Keep the store as it is, and restore the last good backup "
		   "(turfctl restore).\n",
		   rc, ctl->store);
	return CTL_FAILED;
}

int ctl_backup(const struct ctl *ctl, struct error *error)
{
	struct store *store = NULL;
	int rc = ctl_store_open(ctl, true, &store, error);

	if (rc == 0)
		rc = store_backup(store, ctl->words[0], error);
	store_close(store);
	if (rc < 0)
		return rc;
	text_print(stdout, "backup of %s is in %s; turfctl restore %s brings it back\n", ctl->store, ctl->words[0],
		   ctl->words[0]);
	return CTL_OK;
}

int ctl_restore(const struct ctl *ctl, struct error *error)
{
	int rc = store_restore(ctl->words[0], ctl->store, ctl->replace, clock_unix(), error);

	if (rc < 0)
		return rc;
	text_print(stdout,
		   "%s is restored from %s, with a new epoch: phones offer again what they still remember.\n"
		   "Start turfd on it now.\n",
		   ctl->store, ctl->words[0]);
	return CTL_OK;
}

/* ---- revise ----------------------------------------------------------------------------------- */

struct revision {
	uint32_t quarter;
	uint32_t number;
	uint64_t taken_in;
};

/* Committed even where nothing was taken in: only then is it known that everything could be read. */
static int revise(void *context, struct store_txn *txn, struct error *error)
{
	struct revision *revision = context;

	(void)error;
	revision->number = store_revise(txn, revision->quarter, &revision->taken_in);
	return 0;
}

int ctl_revise(const struct ctl *ctl, struct error *error)
{
	struct revision revision = {0};
	const char *quarter = ctl->words[0];
	struct store *store = NULL;
	struct period period;
	int rc;

	if (period_parse(quarter, &period) != 0 || period.is_year)
		return ctl_usage("revise takes a quarter, such as 2019-Q4");
	revision.quarter = period.quarter;
	rc = ctl_store_open(ctl, false, &store, error);
	if (rc == 0)
		rc = store_change(store, revise, &revision, error);
	store_close(store);
	if (rc < 0)
		return rc;
	if (revision.taken_in == 0) {
		(void)printf("%s: no late questions, nothing to revise\n", quarter);
		return CTL_FAILED;
	}
	(void)printf("%s: late questions taken in: %" PRIu64 "; its figures are final, now revision %u\n", quarter,
		     revision.taken_in, revision.number);
	return CTL_OK;
}

/* ---- confirm-date ----------------------------------------------------------------------------- */

static int confirm_date(void *context, struct store_txn *txn, struct error *error)
{
	uint32_t *day = context;
	struct store_state state;

	(void)error;
	store_txn_state(txn, &state);
	*day = state.pending_day;
	return store_confirm_date(txn);
}

int ctl_confirm_date(const struct ctl *ctl, struct error *error)
{
	struct store *store = NULL;
	char text[DATE_TEXT_BYTES];
	uint32_t day = 0;
	int rc = ctl_store_open(ctl, false, &store, error);

	if (rc == 0)
		rc = store_change(store, confirm_date, &day, error);
	store_close(store);
	if (rc < 0)
		return rc;
	if (rc == STORE_NOTHING_DONE) {
		(void)puts("no date is waiting to be confirmed");
		return CTL_FAILED;
	}
	date_format(day, text);
	(void)printf("%s is confirmed: turfd closes, settles and purges by this date from now on\n", text);
	return CTL_OK;
}
