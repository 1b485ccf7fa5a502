/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Held cells (rule 14, docs/wire-format.md): totals move at once, domains and labels in steps, and what is shown plus
 * what is not yet distributed is always what is counted.
 */
#include "tests/unit/lib/store_stage.h"

static void put_cells_in(struct store_txn *txn, void *cells)
{
	store_put_cells(txn, *(const struct cells *)cells);
}

static void put_cells(struct stage *stage, struct cells cells)
{
	change(stage, put_cells_in, &cells);
}

static uint64_t undistributed(struct stage *stage, const char *team)
{
	struct tally tally = tally_of(stage, team, Q4_2019);
	struct cell answered = sum_of(&tally, ANSWERED), referred = sum_of(&tally, REFERRED);

	assert_true(answered.shown <= answered.counted && referred.shown <= referred.counted);
	for (uint32_t i = 0; i < tally.n_labels; i++)
		assert_true(tally.labels[i].cell.shown <= answered.counted + referred.counted);
	return answered.counted - answered.shown + referred.counted - referred.shown;
}

static void test_live_holds_nothing(void **state)
{
	struct stage *stage = *state;

	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 1);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.shown, 1);
	(void)tell(stage, "oost", retraction(1, TODAY));
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 0);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.shown, 0);
}

static void test_daily_shows_at_the_days_end(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", labelled(1, TODAY, 7));
	(void)tell(stage, "oost", question(2, TODAY, 3, REFERRED));
	assert_int_equal(counted_in(stage, "oost", Q4_2019), 2);
	assert_int_equal(undistributed(stage, "oost"), 2);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.shown, 0);
	assert_false(keep_time(stage, TODAY, false));
	assert_int_equal(undistributed(stage, "oost"), 2);
	assert_true(keep_time(stage, TODAY + 1, false));
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, REFERRED).shown, 1);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.shown, 1);
	(void)tell(stage, "oost", question(3, TODAY + 1, 1, ANSWERED));
	assert_false(keep_time(stage, TODAY + 1, false)); /* once a day */
	assert_int_equal(undistributed(stage, "oost"), 1);
	assert_sound(stage);
}

static void test_daily_begins_on_the_day_of_its_setting(void **state)
{
	struct stage *stage = *state;

	live_until(stage, TODAY + 1); /* nobody has shown anything since the store was made */
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)keep_time(stage, TODAY + 1, false);
	assert_int_equal(undistributed(stage, "oost"), 1);
}

/* A clock that is wrong for a day must not show what belongs to this one, nor stop showing for a year. */
static void test_daily_waits_for_a_trusted_date(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)keep_time(stage, TODAY + 365, false);
	assert_int_equal(undistributed(stage, "oost"), 1);
	(void)keep_time(stage, TODAY + 1, false);
	assert_int_equal(undistributed(stage, "oost"), 0);
}

static void test_daily_shows_when_a_date_is_confirmed(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)keep_time(stage, TODAY - 90, false); /* today's clock was ahead: no bound will move */
	must(stage, confirm_date(stage));
	(void)keep_time(stage, TODAY - 90, false);
	assert_int_equal(undistributed(stage, "oost"), 0);
}

static void test_every_five_shows_five_at_once(void **state)
{
	struct stage *stage = *state;

	put_cells(stage, (struct cells){.policy = CELLS_EVERY, .every = 5});
	for (uint32_t i = 1; i <= 4; i++) {
		(void)tell(stage, "oost", question(i, TODAY, i % 2 ? 1 : 3, i % 2 ? ANSWERED : REFERRED));
		(void)tell(stage, "west", question(100 + i, TODAY, 1, ANSWERED));
		assert_int_equal(undistributed(stage, "oost"), i);
	}
	(void)tell(stage, "oost", question(5, TODAY, 255, ANSWERED));
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_int_equal(undistributed(stage, "west"), 4); /* each team by itself */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 2);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, REFERRED).shown, 2);
	assert_sound(stage);
}

static void test_a_cell_that_shows_too_little_does_not_come_down(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", question(2, TODAY, 3, ANSWERED));
	(void)tell(stage, "oost", question(3, TODAY, 3, ANSWERED));
	(void)keep_time(stage, TODAY + 1, false); /* shown: 1 and 2 */
	(void)tell(stage, "oost", question(4, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", retraction(2, TODAY));
	(void)tell(stage, "oost", retraction(3, TODAY));
	/* Counted: 2 and 0. One too many is shown, and it is not the first code's. */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 1);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, ANSWERED).shown, 1);
	assert_sound(stage);
}

/* More than one may be shown too many in one cell: no more of them go than must. */
static void test_a_retraction_lowers_a_cell_by_no_more_than_it_must(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	for (uint32_t i = 1; i <= 3; i++)
		(void)tell(stage, "oost", labelled(i, TODAY, 7));
	(void)keep_time(stage, TODAY + 1, false); /* three are shown */
	(void)tell(stage, "oost", question(4, TODAY, 3, ANSWERED));
	(void)tell(stage, "oost", retraction(1, TODAY));
	(void)tell(stage, "oost", retraction(2, TODAY));
	/* Counted: 1 and 1. Two may be shown, in whatever domain; and of the label's three, two. */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 2);
	assert_int_equal(tally_of(stage, "oost", Q4_2019).labels[0].cell.shown, 2);
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_sound(stage);
}

/* The retracted question's domain must not be the one that is seen to fall, unless nothing else can. */
static void test_a_retraction_while_held_lowers_no_more_than_it_must(void **state)
{
	struct stage *stage = *state;

	put_cells(stage, (struct cells){.policy = CELLS_EVERY, .every = 3});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", question(2, TODAY, 3, ANSWERED));
	(void)tell(stage, "oost", question(3, TODAY, 3, ANSWERED)); /* shown: 1 and 2 */
	(void)tell(stage, "oost", question(4, TODAY, 1, ANSWERED)); /* held */
	(void)tell(stage, "oost", retraction(2, TODAY));
	/* Counted: 2 and 1. Shown is still 1 and 2, and adds up: nothing has to be seen. */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 1);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, ANSWERED).shown, 2);
	assert_int_equal(undistributed(stage, "oost"), 0);
	(void)tell(stage, "oost", retraction(4, TODAY));
	/* Counted: 1 and 1. One too many is shown: the cell that shows more than it counts comes down. */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 1);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, ANSWERED).shown, 1);
	assert_sound(stage);
}

static void test_cells_come_down_in_the_order_of_their_codes(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	(void)tell(stage, "oost", question(2, TODAY, 3, ANSWERED));
	(void)tell(stage, "oost", question(3, TODAY, 255, REFERRED));
	(void)keep_time(stage, TODAY + 1, false); /* all three are shown */
	(void)tell(stage, "oost", question(4, TODAY, 255, ANSWERED));
	(void)tell(stage, "oost", retraction(2, TODAY));
	(void)tell(stage, "oost", retraction(1, TODAY));
	/* Answered: domain 255 counts 1; shown are 1 and 3, two in all. One must go, and it is the first code. */
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 1, ANSWERED).shown, 0);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 3, ANSWERED).shown, 1);
	assert_int_equal(cell_of(stage, "oost", Q4_2019, 255, REFERRED).shown, 1);
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_sound(stage);
}

static void test_a_change_of_policy_shows_what_was_held(void **state)
{
	struct stage *stage = *state;
	uint64_t generation;

	put_cells(stage, (struct cells){.policy = CELLS_EVERY, .every = 100});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	generation = state_of(stage).generation;
	put_cells(stage, (struct cells){.policy = CELLS_EVERY, .every = 100});
	assert_int_equal(state_of(stage).generation, generation);
	assert_int_equal(undistributed(stage, "oost"), 1);
	stage_close(stage);
	stage_open(stage);
	assert_int_equal(state_of(stage).cells.every, 100);
	put_cells(stage, (struct cells){.policy = CELLS_LIVE});
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_sound(stage);
}

static void fold_and_put_cells(struct store_txn *txn, void *stage)
{
	struct folded folded;

	fold_one(stage, txn, "oost", question(1, TODAY, 1, ANSWERED), &folded);
	store_put_cells(txn, (struct cells){.policy = CELLS_EVERY, .every = 100});
}

static void test_a_change_of_policy_shows_its_own_transaction_too(void **state)
{
	struct stage *stage = *state;

	put_cells(stage, (struct cells){.policy = CELLS_DAILY});
	change(stage, fold_and_put_cells, stage);
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_sound(stage);
}

static void test_a_final_quarter_holds_nothing(void **state)
{
	struct stage *stage = *state;

	(void)keep_time(stage, TODAY, false);
	put_cells(stage, (struct cells){.policy = CELLS_EVERY, .every = 100});
	(void)tell(stage, "oost", question(1, TODAY, 1, ANSWERED));
	live_until(stage, Q4_LAST + 28);
	assert_int_equal(undistributed(stage, "oost"), 1);
	live_until(stage, Q4_LAST + 29);
	assert_int_equal(undistributed(stage, "oost"), 0);
	(void)tell(stage, "oost", question(2, Q4_LAST, 1, ANSWERED));
	assert_int_equal(late_in(stage, "oost", Q4_2019), 1);
	assert_int_equal(undistributed(stage, "oost"), 0);
	assert_sound(stage);
}

/* Thousands of taps and undos, in batches, against what must hold after each. */
static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

static const char *const teams[] = {"oost", "west"};

struct drawing {
	struct stage *stage;
	uint64_t *seed;
	uint32_t first_id;
};

static void fold_drawn(struct store_txn *txn, void *context)
{
	static const uint32_t codes[] = {1, 3, 255};
	const struct drawing *drawing = context;
	uint64_t *seed = drawing->seed;
	uint32_t n = 1 + draw(seed, 9);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = drawing->first_id + draw(seed, 400), day = TODAY - draw(seed, 2);
		struct event event = question(number, day, codes[draw(seed, 3)], 1 + draw(seed, 2));
		struct folded folded;

		if (draw(seed, 2)) {
			event.labels[0] = draw(seed, 2) ? 7 : 65535;
			event.n_labels = 1;
		}
		if (draw(seed, 5) < 2)
			event = retraction(number, day);
		fold_one(drawing->stage, txn, teams[draw(seed, 2)], event, &folded);
	}
}

static void tap_and_undo(struct stage *stage, uint64_t *seed, struct cells cells, uint32_t first_id)
{
	struct drawing drawing = {stage, seed, first_id};

	for (uint32_t batch = 0; batch < 150; batch++) {
		change(stage, fold_drawn, &drawing);
		for (size_t i = 0; i < 2; i++)
			if (cells.policy == CELLS_EVERY)
				assert_true(undistributed(stage, teams[i]) < cells.every);
			else
				(void)undistributed(stage, teams[i]);
		assert_sound(stage);
	}
}

static void test_sums_hold_whatever_comes(void **state)
{
	static const struct cells policies[] = {
		{.policy = CELLS_DAILY},
		{.policy = CELLS_EVERY, .every = 5},
		{.policy = CELLS_LIVE},
		{.policy = CELLS_EVERY, .every = 2},
	};
	struct stage *stage = *state;
	uint64_t seed = 20191115;

	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		put_cells(stage, policies[i]);
		tap_and_undo(stage, &seed, policies[i], (uint32_t)i * 1000);
	}
}

#define OPENED(test) cmocka_unit_test_setup_teardown(test, stage_setup_open, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_live_holds_nothing),
		OPENED(test_daily_shows_at_the_days_end),
		OPENED(test_daily_begins_on_the_day_of_its_setting),
		OPENED(test_daily_waits_for_a_trusted_date),
		OPENED(test_daily_shows_when_a_date_is_confirmed),
		OPENED(test_every_five_shows_five_at_once),
		OPENED(test_a_retraction_while_held_lowers_no_more_than_it_must),
		OPENED(test_a_cell_that_shows_too_little_does_not_come_down),
		OPENED(test_a_retraction_lowers_a_cell_by_no_more_than_it_must),
		OPENED(test_cells_come_down_in_the_order_of_their_codes),
		OPENED(test_a_change_of_policy_shows_what_was_held),
		OPENED(test_a_change_of_policy_shows_its_own_transaction_too),
		OPENED(test_a_final_quarter_holds_nothing),
		OPENED(test_sums_hold_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
