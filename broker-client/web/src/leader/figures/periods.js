// SPDX-License-Identifier: EUPL-1.2
// Quarters and years by their names ("2019-Q4", "2019"), as topics and tables use them. Pure.
import * as calendar from '../../core/calendar.js';

export const quartersOfYear = (year) => [1, 2, 3, 4].map((n) => `${year}-Q${n}`);
export const quarterOfDay = (day) => calendar.formatQuarter(calendar.quarterOfDay(day));

export const yearOf = (name) => calendar.parsePeriod(name)?.year;

// 1..4; 0 for a year.
export function quarterNumber(name) {
  const { quarter } = calendar.parsePeriod(name);
  return quarter === null ? 0 : (quarter % 4) + 1;
}

// The quarter `steps` later (earlier when negative).
export const shiftQuarter = (name, steps) => calendar.formatQuarter(calendar.parsePeriod(name).quarter + steps);

export function quartersBetween(first, last) {
  const names = [];
  for (let name = first; name <= last; name = shiftQuarter(name, 1)) names.push(name);
  return names;
}

// First and last day, both inside.
export function daysOfPeriod(name) {
  const { year, quarter } = calendar.parsePeriod(name);
  if (quarter === null) return { first: calendar.dayOfDate(year, 1, 1), last: calendar.dayOfDate(year, 12, 31) };
  return { first: calendar.quarterFirstDay(quarter), last: calendar.quarterLastDay(quarter) };
}

// The ISO weeks that lie wholly in a quarter, oldest first: [{ year, week }].
export function wholeWeeksOf(name) {
  const { first, last } = daysOfPeriod(name);
  const weeks = [];
  const monday = calendar.isoWeekFirstDay(calendar.isoWeekOfDay(first));
  for (let day = monday < first ? monday + 7 : monday; day + 6 <= last; day += 7) weeks.push(calendar.isoWeekOfDay(day));
  return weeks;
}

// The year that a report is about: the one before until the first quarter is over.
export function yearOfReport(day) {
  const { year, month } = calendar.dateOfDay(day);
  return month <= 3 ? year - 1 : year;
}
