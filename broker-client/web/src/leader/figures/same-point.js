// SPDX-License-Identifier: EUPL-1.2
// Compares a quarter that is still running with earlier quarters at the same point: after as many whole weeks, never with whole
// quarters. It uses the weekly figures, since only these say how a quarter grew. Pure.
import { isoWeekFirstDay } from '../../core/calendar.js';
import { countedDays, none, teamCell } from './cells.js';
import { daysOfPeriod, shiftQuarter, wholeWeeksOf } from './periods.js';

const DAYS_A_WEEK = 7;

export const isRunning = (period, today) => daysOfPeriod(period).last >= today;

// Questions in some weeks of a team; no figure unless all of every week was counted and received.
function questionsInWeeks(figures, team, weeks) {
  const counted = weeks.map((week) => figures.newest.questionsOfWeek(team, week));
  const { first } = countedDays(figures, team);
  if (weeks.length === 0 || counted.includes(undefined) || isoWeekFirstDay(weeks[0]) < first) return none('not-comparable');
  return counted.reduce((sum, questions) => sum + questions, 0);
}

// The questions of `period` and of the quarters before it and a year before, each after as many whole weeks as `period`
// has behind it: { count, week: number of the last one, own, before, lastYear }. Null: the quarter is over.
export function samePoint(figures, team, period, today) {
  if (!isRunning(period, today)) return null;
  const passed = wholeWeeksOf(period).filter((week) => isoWeekFirstDay(week) + DAYS_A_WEEK <= today);
  const after = (steps) => {
    const other = shiftQuarter(period, steps);
    const whole = teamCell(figures, team, other, today);
    if (typeof whole !== 'number') return whole; // the reason why the quarter has no figure
    return questionsInWeeks(figures, team, wholeWeeksOf(other).slice(0, passed.length));
  };
  const own = questionsInWeeks(figures, team, passed);
  return { count: passed.length, week: passed.at(-1)?.week ?? 0, own, before: after(-1), lastYear: after(-4) };
}
