/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Time passing over the store: dates that are trusted and dates that wait, quarters that close, ids that lose their
 * detail and then go, revisions.
 */
#include "tests/unit/lib/store_stage.h"

/* ---- The date guard --------------------------------------------------------------------------------- */

static void test_days_that_follow_are_trusted(void **state)
{
	struct stage *stage = *state;
	static const uint32_t days[] = {TODAY, TODAY + 1, TODAY + 3, TODAY + 2, TODAY + 4};

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		(void)keep_time(stage, days[i], false);
		assert_int_equal(state_of(stage).clock_day, days[i]);
		assert_int_equal(state_of(stage).pending_day, 0);
	}
}

static void test_nothing_is_written_when_nothing_is_due(void **state)
{
	struct stage *stage = *state;
	uint64_t generation;

	(void)keep_time(stage, TODAY, false);
	generation = state_of(stage).generation;
	assert_false(keep_time(stage, TODAY, false));
	assert_int_equal(state_of(stage).generation, generation);
}

static void test_more_than_two_days_are_a_jump(void **state)
{
	struct stage *stage = *state;
	static const uint32_t days[] = {TODAY + 3, TODAY - 3};

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		(void)keep_time(stage, TODAY, false);
		(void)keep_time(stage, days[i], false);
		assert_int_equal(state_of(stage).pending_day, days[i]);
		assert_int_equal(state_of(stage).clock_day, TODAY);
		(void)keep_time(stage, days[i] + 3, false); /* not a day or two later: as much of a jump */
		assert_int_equal(state_of(stage).clock_day, TODAY);
	}
}

/* A year ahead and back: nothing closed, nothing settled, and counting went on. */
static void test_a_jump_and_back_has_done_nothing(void **state)
{
	struct stage *stage = *state;
	struct store_state before, after;

	(void)keep_time(stage, TODAY, false);
	before = state_of(stage);
	stage->rules.retract_days = 3; /* other settings wait with it */
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_COUNTED);
	assert_true(keep_time(stage, TODAY + 365, false));
	after = state_of(stage);
	assert_int_equal(after.pending_day, TODAY + 365);
	assert_int_equal(after.clock_day, TODAY);
	assert_int_equal(after.final_through, before.final_through);
	assert_int_equal(after.settled_before, before.settled_before);
	assert_int_equal(after.purged_before, before.purged_before);
	assert_verdict(stage, "oost", question(2, TODAY + 365, 1, ANSWERED), VERDICT_COUNTED);
	assert_false(keep_time(stage, TODAY + 365, false)); /* it still waits */
	assert_true(keep_time(stage, TODAY + 1, false));
	assert_int_equal(state_of(stage).pending_day, 0);
	assert_int_equal(state_of(stage).clock_day, TODAY + 1);
	assert_verdict(stage, "oost", retraction(1, TODAY), VERDICT_RETRACTED);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 0);
	assert_sound(stage);
}

static void test_a_jump_is_right_when_it_goes_on(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	(void)keep_time(stage, TODAY + 90, false);
	assert_int_equal(state_of(stage).final_through, Q3_2019);
	(void)keep_time(stage, TODAY + 91, false);
	assert_int_equal(state_of(stage).clock_day, TODAY + 91);
	assert_int_equal(state_of(stage).pending_day, 0);
	assert_int_equal(state_of(stage).final_through, Q4_2019);
	assert_int_equal(state_of(stage).settled_before, TODAY + 91 - 14);
}

static void test_one_jump_after_another_is_none_of_them(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY + 90, false);
	(void)keep_time(stage, TODAY + 3000, false);
	assert_int_equal(state_of(stage).pending_day, TODAY + 3000);
	(void)keep_time(stage, TODAY + 2999, false); /* back by a day is no day that passed */
	assert_int_equal(state_of(stage).pending_day, TODAY + 2999);
	assert_int_equal(state_of(stage).clock_day, TODAY);
}

static void test_the_operator_may_confirm(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(confirm_date(stage), STORE_NOTHING_DONE);
	(void)keep_time(stage, TODAY + 90, false);
	must(stage, confirm_date(stage));
	assert_int_equal(state_of(stage).clock_day, TODAY + 90);
	assert_int_equal(state_of(stage).pending_day, 0);
	assert_true(keep_time(stage, TODAY + 90, false));
	assert_int_equal(state_of(stage).final_through, Q4_2019);
	(void)keep_time(stage, TODAY, true); /* a pinned date is the operator's word too */
	assert_int_equal(state_of(stage).clock_day, TODAY);
	assert_int_equal(state_of(stage).pending_day, 0);
	assert_int_equal(state_of(stage).final_through, Q4_2019); /* closed is closed */
}

/* The date as a machine has it whose clock a time server keeps right. */
static void synchronised(struct stage *stage, uint32_t today)
{
	(void)keep_time_as(stage, (struct store_time){.today = today, .synchronised = true});
}

static void test_a_synchronised_clock_may_have_been_off_for_a_month(void **state)
{
	struct stage *stage = *state;
	static const struct {
		uint32_t day, trusted, waits;
	} dates[] = {
		{TODAY + 3, TODAY + 3, 0}, /* a long weekend */
		{TODAY + 3 + 31, TODAY + 34, 0},
		{TODAY + 34 + 32, TODAY + 34, TODAY + 66}, /* too long to be a holiday */
		{TODAY + 34 - 3, TODAY + 34, TODAY + 31},  /* no clock that is right goes back */
		{TODAY - 3000, TODAY + 34, TODAY - 3000},
		{TODAY + 3000, TODAY + 34, TODAY + 3000},
		{TODAY + 34 + 7, TODAY + 41, 0}, /* a date that waited is gone with that */
	};

	(void)keep_time(stage, TODAY, false);
	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		synchronised(stage, dates[i].day);
		assert_int_equal(state_of(stage).clock_day, dates[i].trusted);
		assert_int_equal(state_of(stage).pending_day, dates[i].waits);
	}
}

static void test_a_date_that_waits_is_trusted_once_the_clock_is_synchronised(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, Q4_LAST + 20, true);
	(void)keep_time(stage, Q4_LAST + 29, false);
	assert_int_equal(state_of(stage).pending_day, Q4_LAST + 29);
	assert_int_equal(state_of(stage).final_through, Q3_2019);
	synchronised(stage, Q4_LAST + 29);
	assert_int_equal(state_of(stage).pending_day, 0);
	assert_int_equal(state_of(stage).final_through, Q4_2019);
}

/* ---- Closing ---------------------------------------------------------------------------------------- */

static void test_a_quarter_closes_after_its_grace(void **state)
{
	struct stage *stage = *state;

	stage->rules.retract_days = 10;
	live_until(stage, Q4_LAST + 28);
	assert_int_equal(state_of(stage).final_through, Q3_2019);
	assert_verdict(stage, "oost", question(1, Q4_LAST, 1, ANSWERED), VERDICT_COUNTED);
	assert_true(keep_time(stage, Q4_LAST + 29, false));
	assert_int_equal(state_of(stage).final_through, Q4_2019);
	assert_verdict(stage, "oost", question(2, Q4_LAST, 1, REFERRED), VERDICT_COUNTED_LATE);
	assert_verdict(stage, "oost", retraction(1, Q4_LAST), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_int_equal(late_in(stage, "oost", Q4_2019), 1);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, REFERRED).late, 1);
	assert_int_equal(counted_in_week(stage, "oost", 2020, 1), 2); /* the course has both */
	assert_sound(stage);
}

static void test_closing_ends_retraction_even_when_young(void **state)
{
	struct stage *stage = *state;

	stage->rules.grace_days = 5;
	stage->rules.retract_days = 14; /* never more than grace_days in fact */
	live_until(stage, Q4_LAST);
	assert_verdict(stage, "oost", question(1, Q4_LAST, 1, ANSWERED), VERDICT_COUNTED);
	live_until(stage, Q4_LAST + 6);
	assert_verdict(stage, "oost", retraction(1, Q4_LAST), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_int_equal(figures_of(stage).ids_detailed, 0);
	assert_sound(stage);
}

static void test_a_longer_grace_opens_nothing_again(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	stage->rules.grace_days = 400;
	(void)keep_time(stage, TODAY + 1, false);
	assert_int_equal(state_of(stage).final_through, Q3_2019);
	assert_verdict(stage, "oost", question(1, Q3_LAST, 1, ANSWERED), VERDICT_COUNTED_LATE);
}

/* ---- Settling and purging ------------------------------------------------------------------------------ */

static void test_detail_goes_when_no_retraction_can_come(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	(void)tell(stage, "oost", question(2, TODAY + 1, 1, ANSWERED));
	assert_int_equal(figures_of(stage).ids_detailed, 2);
	assert_int_equal(state_of(stage).deleted_since, 0);
	live_until(stage, TODAY + 14);
	assert_int_equal(figures_of(stage).ids_detailed, 2);
	live_until(stage, TODAY + 15);
	assert_int_equal(figures_of(stage).ids_detailed, 1);
	assert_int_equal(figures_of(stage).ids, 2);
	assert_int_equal(state_of(stage).deleted_since, TODAY + 15);
	assert_verdict(stage, "oost", retraction(1, TODAY), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_ALREADY_COUNTED);
	assert_verdict(stage, "oost", retraction(2, TODAY + 1), VERDICT_RETRACTED);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	live_until(stage, TODAY + 16);
	(void)tell(stage, "oost", question(3, TODAY + 16, 1, ANSWERED));
	(void)tell(stage, "oost", retraction(3, TODAY + 16));
	assert_int_equal(state_of(stage).deleted_since, TODAY + 15); /* the first day, or it would never be long ago */
	assert_sound(stage);
}

static void test_an_old_question_is_settled_from_the_first(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	assert_verdict(stage, "oost", question(1, TODAY - 15, 1, ANSWERED), VERDICT_COUNTED);
	assert_verdict(stage, "oost", question(2, TODAY - 14, 1, ANSWERED), VERDICT_COUNTED);
	assert_int_equal(figures_of(stage).ids_detailed, 1);
	assert_sound(stage);
}

/* A burst of one day is worked off in steps; the store is sound after each, and whoever comes between sees it. */
struct filling {
	struct stage *stage;
	uint32_t day, from, n;
};

static int fold_day(void *context, struct store_txn *txn, struct error *error)
{
	const struct filling *filling = context;
	struct folded folded;

	(void)error;
	for (uint32_t i = filling->from; i < filling->from + filling->n; i++)
		fold_one(filling->stage, txn, i % 2 ? "oost" : "west",
			 i % 3 ? question(i, filling->day, 1, ANSWERED) : labelled(i, filling->day, 7), &folded);
	return 0;
}

static void fill_day(struct stage *stage, uint32_t day, uint32_t from, uint32_t n)
{
	struct filling filling = {stage, day, from, n};

	must(stage, store_change(stage->store, fold_day, &filling, &stage->error));
}

static void test_settling_and_purging_go_in_steps(void **state)
{
	enum { QUESTIONS = 5000 };
	struct stage *stage = *state;
	struct store_time time = {.catalogue = &stage->rules};
	uint32_t steps = 0;
	bool changed;
	int rc;

	(void)keep_time(stage, TODAY, false);
	fill_day(stage, TODAY, 0, QUESTIONS);
	live_until(stage, TODAY + 14);
	for (time.today = TODAY + 15;
	     (rc = store_keep_time(stage->store, &time, &changed, &stage->error)) == STORE_MORE; steps++) {
		assert_sound(stage);
		/* What the walk has not reached is refused already. */
		assert_verdict(stage, "oost", retraction(QUESTIONS - 1, TODAY), VERDICT_REFUSED_RETRACTION_TOO_LATE);
		stage_close(stage);
		stage_open(stage);
	}
	must(stage, rc);
	assert_true(steps >= 2);
	assert_int_equal(figures_of(stage).ids_detailed, 0);
	live_until(stage, TODAY + 460);
	assert_int_equal(figures_of(stage).ids, QUESTIONS);
	for (time.today = TODAY + 461;
	     (rc = store_keep_time(stage->store, &time, &changed, &stage->error)) == STORE_MORE;)
		assert_sound(stage);
	must(stage, rc);
	assert_int_equal(figures_of(stage).ids, 0);
	assert_int_equal(counted_in(stage, TEAM_ALL, Q4_2019), QUESTIONS);
	assert_sound(stage);
}

static void test_what_was_purged_is_never_accepted_again(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", retraction(2, TODAY));
	(void)tell(stage, "oost", question(3, TODAY + 1, 1, ANSWERED));
	assert_verdict(stage, "oost", question(4, Q3_LAST, 1, ANSWERED), VERDICT_COUNTED_LATE);
	live_until(stage, TODAY + 461);
	assert_int_equal(state_of(stage).purged_before, TODAY + 1);
	assert_int_equal(figures_of(stage).ids, 1);
	assert_sound(stage);
	stage->rules.accept_days = 3000; /* neither a longer setting */
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_REFUSED_DAY_TOO_OLD);
	(void)keep_time(stage, TODAY, true); /* nor an older clock */
	assert_verdict(stage, "oost", question(1, TODAY, 1, ANSWERED), VERDICT_REFUSED_DAY_TOO_OLD);
	assert_verdict(stage, "oost", retraction(1, TODAY), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_verdict(stage, "oost", question(3, TODAY + 1, 1, ANSWERED), VERDICT_ALREADY_COUNTED);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	assert_int_equal(late_in(stage, "oost", Q3_2019), 1);
	assert_sound(stage);
}

static void test_what_is_purged_is_to_be_cleared_away(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", question(1, TODAY - 15, 1, ANSWERED)); /* without detail from the first */
	live_until(stage, TODAY - 15 + 460);
	assert_int_equal(state_of(stage).deleted_since, 0);
	live_until(stage, TODAY - 15 + 461);
	assert_int_equal(figures_of(stage).ids, 0);
	assert_int_equal(state_of(stage).deleted_since, TODAY - 15 + 461);
}

/* Retention may be shorter than retraction; then purging settles first. */
static void test_purging_before_settling(void **state)
{
	struct stage *stage = *state;

	stage->rules.accept_days = 1;
	stage->rules.retract_days = stage->rules.grace_days = 300;
	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	live_until(stage, TODAY + 62);
	assert_int_equal(figures_of(stage).ids, 0);
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 1);
	assert_sound(stage);
}

/* ---- Revisions --------------------------------------------------------------------------------------- */

struct revising {
	uint32_t quarter;
	uint64_t taken_in;
};

static void revise_in(struct store_txn *txn, void *context)
{
	struct revising *revising = context;

	store_revise(txn, revising->quarter, &revising->taken_in);
}

static uint64_t revise(struct stage *stage, uint32_t quarter)
{
	struct revising revising = {.quarter = quarter};

	change(stage, revise_in, &revising);
	return revising.taken_in;
}

static void test_a_revision_takes_the_late_ones_in(void **state)
{
	struct stage *stage = *state;
	struct store_view *view;
	struct tally tally;

	(void)keep_time(stage, TODAY, false);
	(void)tell(stage, "oost", labelled(1, Q3_LAST, 7));
	(void)tell(stage, "west", question(2, Q3_LAST, 3, REFERRED));
	assert_int_equal(late_in(stage, TEAM_ALL, Q3_2019), 2);
	must(stage, store_view_open(stage->store, &view, &stage->error));
	assert_true(store_view_counted(view, PART_TEAM, "west", 0, Q3_2019)); /* a late one keeps its names too */
	store_view_close(view);
	assert_int_equal(tally_of(stage, TEAM_ALL, Q3_2019).revision, 1);
	assert_int_equal(revise(stage, Q3_2019), 2);
	tally = tally_of(stage, TEAM_ALL, Q3_2019);
	assert_int_equal(tally.revision, 2);
	assert_int_equal(tally.answered[1].counted, 1);
	assert_int_equal(tally.answered[1].shown, 1);
	assert_int_equal(tally.referred[3].counted, 1);
	assert_int_equal(tally.labels[0].cell.counted, 1);
	assert_int_equal(late_in(stage, TEAM_ALL, Q3_2019), 0);
	assert_sound(stage);
	/* Nothing late: the figure stands as it is, and so does its revision. */
	assert_int_equal(revise(stage, Q3_2019), 0);
	assert_int_equal(tally_of(stage, "oost", Q3_2019).revision, 2);
	/* What comes later still is late again; what was taken in is known. */
	assert_verdict(stage, "oost", question(1, Q3_LAST, 1, ANSWERED), VERDICT_ALREADY_COUNTED);
	assert_verdict(stage, "oost", retraction(1, Q3_LAST), VERDICT_REFUSED_RETRACTION_TOO_LATE);
	assert_verdict(stage, "oost", question(3, Q3_LAST, 1, ANSWERED), VERDICT_COUNTED_LATE);
	assert_int_equal(revise(stage, Q3_2019), 1);
	assert_int_equal(tally_of(stage, "oost", Q3_2019).revision, 3);
	live_until(stage, TODAY + 461);
	assert_int_equal(figures_of(stage).ids, 0);
	assert_sound(stage);
}

static void fold_and_revise(struct store_txn *txn, void *stage)
{
	struct folded folded;
	uint64_t taken_in;

	fold_one(stage, txn, "oost", question(1, Q3_LAST, 1, ANSWERED), &folded);
	store_revise(txn, Q3_2019, &taken_in);
	assert_int_equal(taken_in, 1);
}

static void test_a_revision_takes_in_its_own_transaction_too(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	change(stage, fold_and_revise, stage);
	assert_int_equal(counted_in(stage, "oost", Q3_2019), 1);
	assert_int_equal(late_in(stage, "oost", Q3_2019), 0);
	assert_sound(stage);
}

static void test_only_a_final_quarter_is_revised(void **state)
{
	struct stage *stage = *state;
	struct revising revising = {.quarter = Q4_2019, .taken_in = 9};

	(void)keep_time(stage, TODAY, false); /* Q3 is final */
	must_refuse(stage, attempt(stage, revise_in, &revising), FAULT_INPUT, "2019-Q4 is not final");
	assert_int_equal(revising.taken_in, 0);
}

#define OPENED(test) cmocka_unit_test_setup_teardown(test, stage_setup_open, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_days_that_follow_are_trusted),
		OPENED(test_more_than_two_days_are_a_jump),
		OPENED(test_nothing_is_written_when_nothing_is_due),
		OPENED(test_a_jump_and_back_has_done_nothing),
		OPENED(test_a_jump_is_right_when_it_goes_on),
		OPENED(test_one_jump_after_another_is_none_of_them),
		OPENED(test_the_operator_may_confirm),
		OPENED(test_a_synchronised_clock_may_have_been_off_for_a_month),
		OPENED(test_a_date_that_waits_is_trusted_once_the_clock_is_synchronised),
		OPENED(test_a_quarter_closes_after_its_grace),
		OPENED(test_closing_ends_retraction_even_when_young),
		OPENED(test_a_longer_grace_opens_nothing_again),
		OPENED(test_detail_goes_when_no_retraction_can_come),
		OPENED(test_an_old_question_is_settled_from_the_first),
		OPENED(test_settling_and_purging_go_in_steps),
		OPENED(test_what_was_purged_is_never_accepted_again),
		OPENED(test_what_is_purged_is_to_be_cleared_away),
		OPENED(test_purging_before_settling),
		OPENED(test_a_revision_takes_the_late_ones_in),
		OPENED(test_a_revision_takes_in_its_own_transaction_too),
		OPENED(test_only_a_final_quarter_is_revised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
