/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A stage for the store's tests: a folder that goes away afterwards, a small org, a clock to set, and verbs to tell
 * a scenario with. Dates are days around 2019-11-15, in the middle of a quarter.
 */
#ifndef TURF_TESTS_UNIT_LIB_STORE_STAGE_H
#define TURF_TESTS_UNIT_LIB_STORE_STAGE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "proto/calendar.h"
#include "store/store.h"
#include "store/admin/admin.h"
#include "store/store_view.h"

enum {
	TODAY = 18215, /* 2019-11-15 */
	UNIX_NOW = 1573776000,
	Q3_2019 = 8078,
	Q4_2019 = 8079,
	Q1_2020 = 8080,
	Q3_LAST = 18169,  /* 2019-09-30 */
	Q4_FIRST = 18170, /* 2019-10-01 */
	Q4_LAST = 18261,  /* 2019-12-31 */
};

#define ANSWERED OUTCOME_ANSWERED
#define REFERRED OUTCOME_REFERRED

struct stage {
	char folder[PATH_MAX / 4];
	char path[PATH_MAX / 2]; /* of the store, in the folder */
	struct store_options options;
	struct store *store;
	struct error error;
	uint32_t today;
	struct team teams[3];
	struct domain domains[3];
	struct label labels[2];
	struct catalogue rules;
};

static inline void must(const struct stage *stage, int rc)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, stage->error.text);
}

/* A refusal that says what is wrong, in words that contain `word`. */
static inline void must_refuse(const struct stage *stage, int rc, int fault, const char *word)
{
	if (rc != fault || !strstr(stage->error.text, word))
		fail_msg("expected fault %d with '%s', got %d: %s", fault, word, rc, stage->error.text);
}

static inline void stage_open(struct stage *stage)
{
	must(stage, store_open(&stage->store, &stage->options, &stage->error));
}

static inline void stage_close(struct stage *stage)
{
	store_close(stage->store);
	stage->store = NULL;
}

static inline int stage_setup(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	const char *tmp = getenv("TMPDIR");

	if (!stage)
		return -1;
	(void)snprintf(stage->folder, sizeof stage->folder, "%s/turf-store-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(stage->folder)) {
		free(stage);
		return -1;
	}
	(void)snprintf(stage->path, sizeof stage->path, "%s/store", stage->folder);
	stage->today = TODAY;
	stage->options = (struct store_options){
		.path = stage->path,
		.org = "dekop",
		.as_daemon = true,
		.unix_seconds = UNIX_NOW,
		.today = TODAY,
	};
	stage->teams[0] = (struct team){.id = "oost", .name = "Oost"};
	stage->teams[1] = (struct team){.id = "west", .name = "West"};
	stage->teams[2] = (struct team){.id = "noord", .name = "Noord"};
	stage->domains[0] = (struct domain){.code = 1, .name = "Financiën", .position = 1};
	stage->domains[1] = (struct domain){.code = 3, .name = "Huisvesting", .position = 2};
	stage->domains[2] = (struct domain){.code = 255, .name = "Justitie", .position = 3};
	stage->labels[0] = (struct label){.code = 7, .name = "Sportfonds", .kind = LABEL_SUBJECT};
	stage->labels[1] = (struct label){.code = 65535, .name = "Inloopuur", .kind = LABEL_ORIGIN};
	stage->rules = (struct catalogue){
		.version = 1,
		.org = "dekop",
		.name = "De Kop",
		.timezone = "Europe/Amsterdam",
		.accept_days = 400,
		.retract_days = 14,
		.grace_days = 28,
		.counting_since = Q4_FIRST - 400,
		.teams = stage->teams,
		.n_teams = 3,
		.domains = stage->domains,
		.n_domains = 3,
		.labels = stage->labels,
		.n_labels = 2,
	};
	*state = stage;
	return 0;
}

static inline int stage_setup_open(void **state)
{
	int rc = stage_setup(state);

	if (rc == 0)
		stage_open(*state);
	return rc;
}

static inline int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline int stage_teardown(void **state)
{
	struct stage *stage = *state;

	store_close(stage->store);
	(void)nftw(stage->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(stage);
	return 0;
}

/* ---- Events -------------------------------------------------------------------------------------- */

static inline struct event_id id_number(uint32_t number)
{
	struct event_id id = {{0}};

	/* Spread as random ids are, and each its own. */
	for (uint32_t i = 0; i < 4; i++)
		put_be32(id.bytes + 4 * i, (number + 1) * 2654435761u + i);
	return id;
}

static inline struct event question(uint32_t number, uint32_t day, uint32_t domain, enum outcome outcome)
{
	return (struct event){
		.id = id_number(number), .day = day, .act = ACT_QUESTION, .domain = domain, .outcome = outcome};
}

static inline struct event labelled(uint32_t number, uint32_t day, uint32_t label)
{
	struct event event = question(number, day, 1, OUTCOME_ANSWERED);

	event.labels[event.n_labels++] = label;
	return event;
}

static inline struct event retraction(uint32_t number, uint32_t day)
{
	return (struct event){.id = id_number(number), .day = day, .act = ACT_RETRACTION};
}

static inline void fold_one(struct stage *stage, struct store_txn *txn, const char *team, struct event event,
			    struct folded *folded)
{
	struct store_state state;
	struct standing standing;
	struct admitted admitted;

	store_txn_state(txn, &state);
	standing = store_standing(&state, stage->today);
	admitted = rules_admit(&event, team, &stage->rules, &standing);
	store_fold(txn, &admitted, folded);
}

/* What a test does in a transaction. */
struct acting {
	void (*act)(struct store_txn *txn, void *context);
	void *context;
};

static inline int act_in(void *context, struct store_txn *txn, struct error *error)
{
	const struct acting *acting = context;

	(void)error;
	acting->act(txn, acting->context);
	return 0;
}

/* Runs `act` in a transaction. 0, or the fault. */
static inline int attempt(struct stage *stage, void (*act)(struct store_txn *txn, void *context), void *context)
{
	struct acting acting = {act, context};

	return store_change(stage->store, act_in, &acting, &stage->error);
}

static inline void change(struct stage *stage, void (*act)(struct store_txn *txn, void *context), void *context)
{
	must(stage, attempt(stage, act, context));
}

struct telling {
	struct stage *stage;
	const char *team;
	struct event event;
	struct folded folded;
};

static inline void fold_told(struct store_txn *txn, void *context)
{
	struct telling *telling = context;

	fold_one(telling->stage, txn, telling->team, telling->event, &telling->folded);
}

/* One event in a transaction of its own. */
static inline struct folded folded_of(struct stage *stage, const char *team, struct event event)
{
	struct telling telling = {.stage = stage, .team = team, .event = event};

	change(stage, fold_told, &telling);
	return telling.folded;
}

static inline enum verdict tell(struct stage *stage, const char *team, struct event event)
{
	return folded_of(stage, team, event).verdict;
}

#define assert_verdict(stage, team, event, expected) \
	assert_string_equal(words_verdict(tell(stage, team, event)), words_verdict(expected))

static inline void put_catalogue(struct store_txn *txn, void *catalogue)
{
	store_put_catalogue(txn, catalogue);
}

static inline void quarantine(struct store_txn *txn, void *entry)
{
	store_quarantine(txn, entry);
}

static inline int confirm_date_in(void *context, struct store_txn *txn, struct error *error)
{
	(void)context;
	(void)error;
	return store_confirm_date(txn);
}

/* 0, or STORE_NOTHING_DONE. */
static inline int confirm_date(struct stage *stage)
{
	return store_change(stage->store, confirm_date_in, NULL, &stage->error);
}

/* Until nothing is left to do. True: figures may have changed. */
static inline bool keep_time_as(struct stage *stage, struct store_time time)
{
	bool changed, any = false;
	int rc;

	time.catalogue = &stage->rules;
	stage->today = time.today;
	do {
		rc = store_keep_time(stage->store, &time, &changed, &stage->error);
		any |= changed;
	} while (rc == STORE_MORE);
	must(stage, rc);
	return any;
}

static inline bool keep_time(struct stage *stage, uint32_t today, bool confirmed)
{
	return keep_time_as(stage, (struct store_time){.today = today, .confirmed = confirmed});
}

/* Days go by one after another, as they do. */
static inline void live_until(struct stage *stage, uint32_t day)
{
	while (stage->today < day)
		(void)keep_time(stage, stage->today + 1, false);
}

/* ---- Looking ------------------------------------------------------------------------------------- */

static inline struct store_state state_of(struct stage *stage)
{
	struct store_state state;
	struct store_view *view;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	store_view_state(view, &state);
	store_view_close(view);
	return state;
}

static inline struct tally tally_of(struct stage *stage, const char *team, uint32_t quarter)
{
	struct store_view *view;
	struct tally tally = {.n_labels = 0};

	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_quarter(view, team, quarter, &tally, &stage->error));
	store_view_close(view);
	return tally;
}

static inline struct cell cell_of(struct stage *stage, const char *team, uint32_t quarter, uint32_t domain,
				  enum outcome outcome)
{
	struct tally tally = tally_of(stage, team, quarter);

	return outcome == OUTCOME_ANSWERED ? tally.answered[domain] : tally.referred[domain];
}

static inline struct cell sum_of(const struct tally *tally, enum outcome outcome)
{
	const struct cell *cells = outcome == OUTCOME_ANSWERED ? tally->answered : tally->referred;
	struct cell sum = {0};

	for (size_t i = 0; i <= DOMAIN_CODE_MAX; i++) {
		sum.counted += cells[i].counted;
		sum.shown += cells[i].shown;
		sum.late += cells[i].late;
	}
	return sum;
}

/* Questions of a quarter, of both outcomes. */
static inline uint64_t counted_in(struct stage *stage, const char *team, uint32_t quarter)
{
	struct tally tally = tally_of(stage, team, quarter);

	return sum_of(&tally, OUTCOME_ANSWERED).counted + sum_of(&tally, OUTCOME_REFERRED).counted;
}

static inline uint64_t late_in(struct stage *stage, const char *team, uint32_t quarter)
{
	struct tally tally = tally_of(stage, team, quarter);

	return sum_of(&tally, OUTCOME_ANSWERED).late + sum_of(&tally, OUTCOME_REFERRED).late;
}

static inline uint64_t counted_in_week(struct stage *stage, const char *team, uint32_t iso_year, uint32_t week)
{
	uint64_t weeks[WEEKS_MAX + 1] = {0};
	struct store_view *view;

	must(stage, store_view_open(stage->store, &view, &stage->error));
	must(stage, store_view_weeks(view, team, iso_year, weeks, &stage->error));
	store_view_close(view);
	return weeks[week];
}

static inline void keep_finding(void *context, const char *text)
{
	char *first = context;

	if (!first[0])
		(void)snprintf(first, ERROR_TEXT_BYTES, "%s", text);
}

/* The number of findings; `first` (ERROR_TEXT_BYTES) gets the first one's text. */
static inline int findings_of(struct stage *stage, char *first)
{
	char text[ERROR_TEXT_BYTES] = "";
	int rc = store_verify(stage->store, keep_finding, first ? first : text, &stage->error);

	if (rc < 0)
		fail_msg("verify: %s", stage->error.text);
	return rc;
}

static inline void assert_sound(struct stage *stage)
{
	char first[ERROR_TEXT_BYTES] = "";

	if (findings_of(stage, first) != 0)
		fail_msg("verify: %s", first);
}

static inline struct store_figures figures_of(struct stage *stage)
{
	struct store_figures figures;

	must(stage, store_figures(stage->store, &figures, &stage->error));
	return figures;
}

/* ---- Other processes ------------------------------------------------------------------------------- */

/* Runs `act` in a process of its own, which must not share this one's environment: close the store first, or have
 * `act` open it again. Returns how it ended, as waitpid tells. */
static inline int in_another_process(void (*act)(void *context), void *context)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		act(context);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* For use in another process, where cmocka cannot fail a test: ends it with a status that is not 0. */
#define expect(condition)                                                                             \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1);                                                                     \
		}                                                                                     \
	} while (0)

#endif
