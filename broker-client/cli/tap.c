/* SPDX-License-Identifier: EUPL-1.2 */
/* tap, undo, pending: one worker's own questions. */
#include "broker-client/cli/cli.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/monotonic.h"
#include "base/text.h"

enum {
	WAIT_MS = 5000,
	OFFLINE_MS = 1500,          /* after this long without a connection, the command does not wait for a receipt */
	NEWEST_CATALOGUE_MS = 1500, /* how long to wait for it, for a name that the cached one does not have */
	STEP_MS = 200,
	PORTION_MS = 10000, /* how long a command waits for a portion */
	ID_TEXT_BYTES = 2 * sizeof(struct turf_id) + 1,
	ANSWERS_MAX = 64,
};

/* The answers that came while this command ran. The handle's thread writes them. */
struct answers {
	pthread_mutex_t lock;
	struct turf_answer all[ANSWERS_MAX]; /* the newest, in a ring */
	size_t n;
};

static void on_verdict(void *context, const struct turf_answer *answer)
{
	struct answers *answers = context;

	(void)pthread_mutex_lock(&answers->lock);
	answers->all[answers->n++ % ANSWERS_MAX] = *answer;
	(void)pthread_mutex_unlock(&answers->lock);
}

/* The verdict on the question or its retraction; TURF_NO_VERDICT: none came. `*others`: the number of answers to other taps. */
static enum turf_verdict find_answer(struct answers *answers, const struct turf_id *id, bool retraction, size_t *others)
{
	enum turf_verdict verdict = TURF_NO_VERDICT;

	(void)pthread_mutex_lock(&answers->lock);
	*others = answers->n;
	for (size_t i = 0; i < answers->n && i < ANSWERS_MAX; i++) {
		const struct turf_answer *answer = &answers->all[i];

		if (memcmp(&answer->id, id, sizeof *id) != 0)
			continue;
		--*others;
		if ((answer->retraction != 0) == retraction)
			verdict = answer->verdict;
	}
	(void)pthread_mutex_unlock(&answers->lock);
	return verdict;
}

/* Waits for the whole time if --wait was given or the broker is there. Otherwise the tap is on disk, and the worker need not
 * wait for longer than OFFLINE_MS. */
static int wait_for_answer(const struct cli *cli, struct turf *turf, const struct turf_id *id)
{
	int wait_ms = cli->wait_ms < 0 ? WAIT_MS : cli->wait_ms;
	int first_ms = cli->wait_ms < 0 ? OFFLINE_MS : wait_ms;
	int rc = turf_wait_for(turf, id, first_ms);

	if (rc == TURF_TIMEOUT && turf_connection(turf, NULL) == TURF_ONLINE)
		rc = turf_wait_for(turf, id, wait_ms - first_ms);
	return rc;
}

/* Another process that has this outbox open may have got the receipt. A tap that is no longer remembered was not refused, since
 * refusals are kept. */
static enum turf_verdict answered_elsewhere(struct turf *turf, const struct turf_id *id, bool retraction)
{
	struct turf_tap tap = {.size = sizeof tap};

	if (turf_get(turf, id, &tap, NULL) == 0)
		return retraction ? tap.retraction_verdict : tap.verdict;
	return retraction ? TURF_ALREADY_RETRACTED : TURF_ALREADY_COUNTED;
}

/* Waits for the verdict and prints it. Returns the exit status. */
static int conclude(struct cli *cli, struct turf *turf, struct answers *answers, const struct turf_tap *tap,
		    bool retraction, const struct turf_catalogue *catalogue)
{
	struct turf_error reason;
	size_t others;
	int rc = wait_for_answer(cli, turf, &tap->id);
	enum turf_verdict verdict = find_answer(answers, &tap->id, retraction, &others);

	if (rc == 0 && verdict == TURF_NO_VERDICT)
		verdict = answered_elsewhere(turf, &tap->id, retraction);
	if (rc < 0)
		return cli_complain(EXIT_FAULT, "the outbox %s cannot be read; the tap is stored in it",
				    cli->outbox_path);
	(void)printf("%s: ", verdict == TURF_NO_VERDICT ? "bewaard, wordt later verstuurd / stored, will be sent later"
			     : retraction               ? cli_retraction_words(verdict)
							: cli_verdict_words(verdict));
	cli_print_tap(stdout, tap, catalogue);
	cli_print_for_org(stdout, cli);
	if (verdict == TURF_NO_VERDICT) {
		(void)turf_connection(turf, &reason);
		if (*reason.text)
			text_print(stdout, "  %s\n", reason.text);
		return EXIT_STORED;
	}
	if (others > 0)
		(void)printf("ook beantwoord / also answered: %zu\n", others);
	return cli_is_refusal(verdict) ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- What goes later -------------------------------------------------------------------------------------------- */

/* What waits is only what goes later, and its next moment has not come. */
static bool only_later_waits(struct turf *turf)
{
	struct turf_later later = {.size = sizeof later};
	size_t waiting;

	return turf_pending(turf, &waiting, NULL) == 0 && turf_get_later(turf, &later, NULL) == 0 &&
	       waiting == later.events && later.from > (int64_t)time(NULL);
}

/* Waits until nothing may go now, or until the moment has come. When the next portion goes is stored before one is sent, so that a
 * connection which is there may be sending it. */
static void wait_until_sent(struct turf *turf, int64_t until_ms)
{
	int64_t left_ms;

	while ((left_ms = until_ms - monotonic_ms()) > 0) {
		if (turf_wait(turf, left_ms < STEP_MS ? (int)left_ms : STEP_MS) != TURF_TIMEOUT)
			return;
		if (only_later_waits(turf) && turf_connection(turf, NULL) != TURF_ONLINE)
			return;
	}
}

/* If a portion is due, this command stays until it was sent: whoever only runs `turf tap` sends the rest too. */
static void send_portion(struct turf *turf)
{
	struct turf_later later = {.size = sizeof later};

	if (turf_get_later(turf, &later, NULL) != 0 || later.events == 0 || later.from == 0 ||
	    later.from > (int64_t)time(NULL))
		return;
	if (fflush(stdout) != 0) /* the answer must not wait for the portion */
		(void)cli_complain(EXIT_DONE, "standard output: %m");
	wait_until_sent(turf, monotonic_ms() + PORTION_MS);
}

/* ---- tap -------------------------------------------------------------------------------------------------------- */

static int choose_codes(const struct cli *cli, const struct turf_catalogue *catalogue, struct turf_question *question)
{
	int rc = choose_team(catalogue, question->day, cli->team, &question->team);

	if (rc == 0)
		rc = choose_domain(catalogue, question->day, cli->arguments[0], &question->domain);
	question->n_labels = cli->n_labels;
	for (unsigned i = 0; i < cli->n_labels && rc == 0; i++)
		rc = choose_label(catalogue, question->day, question->domain, cli->labels[i], &question->labels[i]);
	return rc;
}

/* Whether the words of the command line fit this catalogue. Prints nothing. */
static bool fits(const struct cli *cli, const struct turf_catalogue *catalogue, uint32_t day)
{
	const struct turf_team *team = cli->team ? turf_find_team(catalogue, cli->team) : NULL;
	uint32_t domain, code;

	if (cli->team && (!team || !turf_valid_on(team->valid_from, team->valid_until, day)))
		return false;
	if (turf_match_domain(catalogue, day, cli->arguments[0], &domain) != 0)
		return false;
	for (unsigned i = 0; i < cli->n_labels; i++)
		if (turf_match_label(catalogue, day, domain, cli->labels[i], &code) != 0)
			return false;
	return true;
}

static bool is_code(const char *typed)
{
	return *typed != '\0' && strspn(typed, "0123456789") == strlen(typed);
}

/* The command line has only codes. They need no catalogue, so that such a tap is stored at once. */
static bool all_codes(const struct cli *cli)
{
	bool all = cli->team && is_code(cli->arguments[0]);

	for (unsigned i = 0; i < cli->n_labels; i++)
		all = all && is_code(cli->labels[i]);
	return all;
}

/* Keeps what the catalogue says of the org. Without --day, the day is today in the org's time zone. */
static void take_catalogue(struct cli *cli, const struct turf_catalogue *catalogue, uint32_t *day)
{
	cli_note_catalogue(cli, catalogue);
	if (!cli->day)
		*day = cli_today(cli->timezone);
}

/* The cached catalogue; the newest one if the words do not fit the cached one; NULL: there is none. */
static struct turf_catalogue *find_catalogue(struct cli *cli, struct turf *turf, uint32_t *day)
{
	int wait_ms = all_codes(cli) ? 0 : cli->wait_ms < 0 ? WAIT_MS : cli->wait_ms;
	struct turf_catalogue *catalogue, *newest;

	if (turf_catalogue(turf, 0, wait_ms, &catalogue, NULL) != 0)
		return NULL;
	take_catalogue(cli, catalogue, day);
	if (!fits(cli, catalogue, *day) && turf_catalogue(turf, 1, NEWEST_CATALOGUE_MS, &newest, NULL) == 0) {
		turf_catalogue_free(catalogue);
		catalogue = newest;
		take_catalogue(cli, catalogue, day);
	}
	return catalogue;
}

static int store_tap(struct cli *cli, struct turf *turf, struct answers *answers, const struct turf_question *question,
		     const struct turf_catalogue *catalogue)
{
	struct turf_tap tap = {
		.size = sizeof tap,
		.has_question = 1,
		.day = question->day,
		.domain = question->domain,
		.outcome = question->outcome,
		.n_labels = question->n_labels,
	};
	struct turf_error error;
	int rc = turf_question(turf, question, &tap.id, &error);

	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc), "niet bewaard / not stored: %s", error.text);
	(void)snprintf(tap.team, sizeof tap.team, "%s", question->team);
	memcpy(tap.labels, question->labels, sizeof tap.labels);
	return conclude(cli, turf, answers, &tap, false, catalogue);
}

int cli_tap(struct cli *cli)
{
	struct answers answers = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct turf_question question = {.size = sizeof question,
					 .outcome = cli->referred ? TURF_REFERRED : TURF_ANSWERED};
	struct turf_catalogue *catalogue = NULL;
	struct turf *turf = NULL;
	int rc;

	if (cli->day && choose_day("--day", cli->day, &question.day) != 0)
		return EXIT_USAGE;
	rc = cli_find_org(cli, false);
	if (rc == 0)
		rc = cli_open(cli, &turf, true, on_verdict, &answers);
	if (rc == 0) {
		if (!cli->day)
			question.day = cli_today(cli->timezone);
		catalogue = find_catalogue(cli, turf, &question.day);
		rc = choose_codes(cli, catalogue, &question);
		if (rc == 0)
			rc = store_tap(cli, turf, &answers, &question, catalogue);
		if (rc == EXIT_DONE)
			send_portion(turf);
	}
	turf_close(turf);
	turf_catalogue_free(catalogue);
	return rc;
}

/* ---- undo ------------------------------------------------------------------------------------------------------- */

static bool can_be_undone(const struct turf_tap *tap)
{
	return tap->has_question &&
	       (tap->state == TURF_ON_DEVICE || tap->state == TURF_SENT || tap->state == TURF_IS_COUNTED);
}

static const struct turf_tap *last_tap(const struct turf_taps *list)
{
	for (size_t i = list->n; i-- > 0;)
		if (can_be_undone(list->taps[i]))
			return list->taps[i];
	return NULL;
}

/* Finds a tap by the first digits of its id. NULL: none; `*several`: they fit more than one. */
static const struct turf_tap *find_tap(const struct turf_taps *list, const char *digits, bool *several)
{
	const struct turf_tap *found = NULL;
	char text[ID_TEXT_BYTES];

	*several = false;
	for (size_t i = 0; i < list->n; i++) {
		hex_encode(list->taps[i]->id.bytes, sizeof(struct turf_id), text);
		if (strncasecmp(text, digits, strlen(digits)) != 0)
			continue;
		*several = found != NULL;
		if (found)
			return NULL;
		found = list->taps[i];
	}
	return found;
}

static int retract_other(struct cli *cli, struct turf *turf, struct turf_tap *tap)
{
	struct turf_error error;
	int rc;

	if (choose_day("--day", cli->day, &tap->day) != 0)
		return EXIT_USAGE;
	rc = turf_retract_other(turf, &tap->id, NULL, cli->team ? cli->team : tap->team, tap->day, &error);
	if (rc == 0 && cli->team)
		(void)snprintf(tap->team, sizeof tap->team, "%s", cli->team);
	return rc < 0 ? cli_complain(cli_status_of_fault(rc), "%s", error.text) : 0;
}

/* Takes a tap of another device back, by its whole id, its day and a team. */
static int undo_other(struct cli *cli, struct turf *turf, struct turf_tap *tap)
{
	if (hex_decode(cli->arguments[0], tap->id.bytes, sizeof(struct turf_id)) != 0 || !cli->day || !cli->team)
		return cli_complain(
			EXIT_REFUSED,
			"geen registratie / no tap \"%s\" here. One from another device needs its whole id, --day "
			"and --team",
			cli->arguments[0]);
	return retract_other(cli, turf, tap);
}

/* A tap of another device whose retraction was refused, and for which --day gives another day now. */
static bool is_corrected(const struct cli *cli, const struct turf_tap *tap)
{
	return !tap->has_question && tap->state == TURF_IS_REFUSED && cli->day;
}

/* Finds the tap and takes it back. 0: wait for the answer; or an exit status. */
static int start_undo(struct cli *cli, struct turf *turf, struct turf_tap *tap)
{
	const char *digits = cli->n_arguments > 0 ? cli->arguments[0] : NULL;
	const struct turf_tap *found;
	struct turf_taps *list;
	struct turf_error error;
	bool several = false;
	int rc = turf_list(turf, &list, &error);

	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc), "%s", error.text);
	found = digits ? find_tap(list, digits, &several) : last_tap(list);
	if (found)
		*tap = *found;
	turf_free(list);
	if (several)
		return cli_complain(
			EXIT_USAGE,
			"\"%s\" past op meer dan een registratie / fits more than one tap; give more digits", digits);
	if (found && is_corrected(cli, tap))
		return retract_other(cli, turf, tap);
	if (!found)
		return digits ? undo_other(cli, turf, tap)
			      : cli_complain(EXIT_REFUSED, "niets om ongedaan te maken / nothing to take back");
	rc = turf_retract(turf, &tap->id, &error);
	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc), "%s", error.text);
	if (rc > 0 && tap->state != TURF_RETRACTING)
		return cli_complain(
			EXIT_REFUSED, "niets om ongedaan te maken / nothing to take back: %s",
			cli_verdict_words(tap->state == TURF_IS_RETRACTED ? TURF_ALREADY_RETRACTED : tap->verdict));
	return 0;
}

int cli_undo(struct cli *cli)
{
	struct answers answers = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct turf_catalogue *catalogue = NULL;
	struct turf_tap tap = {0};
	struct turf *turf = NULL;
	int rc = cli_find_org(cli, true);

	if (rc == 0)
		rc = cli_open(cli, &turf, true, on_verdict, &answers);
	if (rc == 0)
		rc = start_undo(cli, turf, &tap);
	if (rc == 0) {
		catalogue = cli_known_catalogue(cli, turf);
		rc = conclude(cli, turf, &answers, &tap, true, catalogue);
	}
	turf_close(turf);
	turf_catalogue_free(catalogue);
	return rc;
}

/* ---- pending ---------------------------------------------------------------------------------------------------- */

static bool is_refused(const struct turf_tap *tap)
{
	return !tap->waiting && (tap->state == TURF_IS_REFUSED || cli_is_refusal(tap->retraction_verdict));
}

static void print_pending(const struct turf_tap *tap, const struct turf_catalogue *catalogue)
{
	if (is_refused(tap))
		(void)printf("%s: ", cli_is_refusal(tap->retraction_verdict)
					     ? cli_retraction_words(tap->retraction_verdict)
					     : cli_verdict_words(tap->verdict));
	else if (tap->state == TURF_RETRACTING || tap->state == TURF_IS_RETRACTED)
		(void)fputs("wordt ongedaan gemaakt / being taken back: ", stdout);
	else
		(void)fputs("wacht / waiting: ", stdout);
	cli_print_tap(stdout, tap, catalogue);
	(void)putchar('\n');
}

/* Forgets the refusals that --dismiss names. */
static int dismiss(struct cli *cli, struct turf *turf, const struct turf_taps *list)
{
	struct turf_error error;
	size_t dismissed = 0;
	bool several = false;
	const struct turf_tap *one = strcmp(cli->dismiss, "all") == 0 ? NULL : find_tap(list, cli->dismiss, &several);

	if (!one && strcmp(cli->dismiss, "all") != 0)
		return cli_complain(several ? EXIT_USAGE : EXIT_REFUSED, "--dismiss \"%s\": %s", cli->dismiss,
				    several ? "past op meer dan een / fits more than one"
					    : "geen registratie / no such tap");
	for (size_t i = 0; i < list->n; i++) {
		const struct turf_tap *tap = list->taps[i];
		int rc = one && one != tap ? TURF_UNCHANGED : turf_dismiss(turf, &tap->id, &error);

		if (rc < 0)
			return cli_complain(cli_status_of_fault(rc), "%s", error.text);
		dismissed += rc == 0;
	}
	(void)printf("weggehaald / dismissed: %zu", dismissed);
	cli_print_for_org(stdout, cli);
	return dismissed > 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int show_pending(struct cli *cli, struct turf *turf, const struct turf_catalogue *catalogue)
{
	struct turf_taps *list;
	struct turf_error error;
	size_t n_waiting = 0, n_refused = 0;
	int rc = turf_list(turf, &list, &error);

	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc), "%s", error.text);
	if (cli->dismiss) {
		rc = dismiss(cli, turf, list);
		turf_free(list);
		return rc;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct turf_tap *tap = list->taps[i];

		n_waiting += tap->waiting != 0;
		n_refused += is_refused(tap);
		if (tap->waiting || is_refused(tap))
			print_pending(tap, catalogue);
	}
	turf_free(list);
	(void)printf("%zu wacht / waiting, %zu geweigerd / refused", n_waiting, n_refused);
	cli_print_for_org(stdout, cli);
	cli_print_later(turf);
	return n_refused > 0 ? EXIT_REFUSED : n_waiting > 0 ? EXIT_STORED : EXIT_DONE;
}

/* Waits for the status first: if it has a new epoch, all taps are requeued. */
static void send_waiting(const struct cli *cli, struct turf *turf)
{
	int wait_ms = cli->wait_ms < 0 ? WAIT_MS : cli->wait_ms;
	int64_t until_ms = monotonic_ms() + wait_ms;
	uint32_t today;
	struct turf_error reason;

	(void)turf_today(turf, wait_ms, &today);
	wait_until_sent(turf, until_ms);
	if (turf_wait(turf, 0) == TURF_TIMEOUT && !only_later_waits(turf) &&
	    turf_connection(turf, &reason) != TURF_ONLINE)
		(void)cli_complain(0, "%s", *reason.text ? reason.text : "the broker does not answer");
}

int cli_pending(struct cli *cli)
{
	struct turf_catalogue *catalogue = NULL;
	struct turf *turf = NULL;
	int rc = cli_find_org(cli, true);

	if (rc == 0)
		rc = cli_open(cli, &turf, cli->send, NULL, NULL);
	if (rc == 0) {
		if (cli->send)
			send_waiting(cli, turf);
		catalogue = cli_known_catalogue(cli, turf);
		rc = show_pending(cli, turf, catalogue);
	}
	turf_close(turf);
	turf_catalogue_free(catalogue);
	return rc;
}
