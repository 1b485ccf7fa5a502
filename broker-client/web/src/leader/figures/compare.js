// SPDX-License-Identifier: EUPL-1.2
// The tables that compare quarters: all quarters of a team, and its domains in several quarters. Pure.

import { ALL } from '../../core/topics.js';
import { countedDays, differenceCell, domainCell, domainName, isFigure, isWhole, none, sumCells, teamCell, teamCells } from './cells.js';
import { heldOf, quartersWithFigures, questionsOf, summaryOf } from './figures.js';
import { countColumns, shareColumn } from './live.js';
import { daysOfPeriod, quarterOfDay, quartersBetween, shiftQuarter } from './periods.js';
import { groupsOf, rollsUpTo } from './roll-up.js';
import { isRunning, samePoint } from './same-point.js';

// Every quarter from the first one with figures up to the present one, or to a later one with questions.
export function quartersShown(figures, team, today) {
  const known = [...new Set([...quartersWithFigures(figures, team), ...quartersWithFigures(figures, ALL)])].sort();
  if (known.length === 0) return [];
  const present = today === null ? known.at(-1) : quarterOfDay(today);
  return quartersBetween(known[0], known.at(-1) > present ? known.at(-1) : present);
}

export function quarterFigures(figures, team, period, today) {
  const summary = summaryOf(figures, team, period);
  return {
    period,
    ...teamCells(figures, team, period, today),
    late: summary?.late ?? 0,
    status: summary?.status ?? 0,
    revision: summary?.revision ?? 0,
    since: summary ? countedSince(figures, team, period) : null,
  };
}

// The day from which a period was counted, where that is not its first.
function countedSince(figures, team, period) {
  const counted = countedDays(figures, team);
  const { first, last } = daysOfPeriod(period);
  return counted.first > first && counted.first <= last ? counted.first : null;
}

// The figures of all these quarters, oldest first.
export const courseOf = (figures, team, today) =>
  quartersShown(figures, team, today).map((period) => quarterFigures(figures, team, period, today));

const areWhole = (figures, team, periods, today) => periods.every((period) => isWhole(figures, team, period, today));

// A quarter beside the same one a year earlier, both whole. The one that is running has a row of its own for that.
function quarterRow(figures, team, one, today, words) {
  const earlier = shiftQuarter(one.period, -4);
  const running = isRunning(one.period, today);
  const lastYear = running ? none('no-comparison') : teamCell(figures, team, earlier, today);
  const difference = differenceCell(lastYear, one.questions, areWhole(figures, team, [one.period, earlier], today));
  const cells = [one.questions, one.answered, one.referred, one.referredShare, lastYear, difference];
  if (team !== ALL) cells.push(teamCell(figures, ALL, one.period, today));
  return { key: one.period, title: words.period(one.period), kind: 'plain', mark: words.statusOf(one), cells };
}

// Of a running quarter, what is counted in its whole weeks, beside as many weeks a year earlier. Nothing before the first.
function samePointRows(figures, team, period, today, words) {
  const point = samePoint(figures, team, period, today);
  if (!point || !isFigure(point.own)) return [];
  const nothing = none('no-comparison');
  const cells = [point.own, nothing, nothing, nothing, point.lastYear, differenceCell(point.lastYear, point.own)];
  if (team !== ALL) cells.push(samePoint(figures, ALL, period, today).own);
  return [{ key: `${period}-weeks`, title: words.t('of_which_until_week', point), kind: 'part', cells }];
}

// Newest first, since that is what people look for most.
export function quarterTable(figures, team, today, words, id) {
  const columns = [{ title: words.t('quarter'), kind: 'text' }, ...countColumns(words)];
  columns.push(shareColumn('referred_share', words), { title: words.t('last_year'), kind: 'count' });
  columns.push({ title: words.t('difference'), kind: 'difference' });
  if (team !== ALL) columns.push({ title: words.t('whole_org'), kind: 'count' });
  const rows = courseOf(figures, team, today).reverse().flatMap((one) => [
    quarterRow(figures, team, one, today, words),
    ...samePointRows(figures, team, one.period, today, words),
  ]);
  return { id, columns, rows };
}

const codesIn = (figures, team, periods) =>
  periods.flatMap((period) => summaryOf(figures, team, period)?.domains ?? []).map(({ domain }) => domain);

// Gives for the cells of some periods these and the differences of the first with each of the others: of whole periods
// only. While the first is running there are none at all.
function differencesOf(figures, team, periods, today) {
  if (isRunning(periods[0], today)) return (cells) => cells;
  const whole = periods.map((period) => areWhole(figures, team, [periods[0], period], today));
  return (cells) => [...cells, ...cells.slice(1).map((earlier, i) => differenceCell(earlier, cells[0], whole[i + 1]))];
}

// `cellsOf(code)`: the figures of a domain in each of the periods; `withDifferences`: of differencesOf.
function groupRows(figures, { target, codes }, cellsOf, withDifferences, rolled, words) {
  const parts = codes.map((code) => ({
    key: code,
    title: domainName(figures, code, words),
    kind: 'plain',
    cells: withDifferences(cellsOf(code)),
  }));
  const sums = () => withDifferences(cellsOf(target).map((_, i) => sumCells(codes.map((code) => cellsOf(code)[i]))));
  const name = domainName(figures, target, words);
  if (rolled) return [{ key: target, title: name, kind: 'plain', cells: sums() }];
  // Only where the older domain itself has figures is there anything to see side by side.
  if (codes.length === 1 || !codes.includes(target)) return parts;
  const group = { key: `${target}+`, title: words.t('domain_and_successors', { name }), kind: 'group', cells: sums() };
  return [group, ...parts.map((part) => ({ ...part, kind: 'part' }))];
}

// The same totals again, each after as many whole weeks as have passed in the running quarter.
function samePointTotals(figures, team, period, today, words) {
  const point = samePoint(figures, team, period, today);
  if (!point || !isFigure(point.own)) return [];
  return [{ key: 'weeks', title: words.t('of_which_first_weeks', { n: point.count }), kind: 'part', cells: [point.own, point.before, point.lastYear] }];
}

// Of a quarter, of the one before and of the same one a year earlier, which it is compared with.
export function domainPeriodTable(figures, team, period, today, rolled, words, id) {
  const periods = [period, shiftQuarter(period, -1), shiftQuarter(period, -4)];
  const withDifferences = differencesOf(figures, team, periods, today);
  const cellsOf = (code) => periods.map((one) => domainCell(figures, team, one, today, code));
  const groups = groupsOf(figures.catalogue, codesIn(figures, team, periods));
  const rows = groups.flatMap((group) => groupRows(figures, group, cellsOf, withDifferences, rolled, words));
  const held = periods.map((one) => teamCell(figures, team, one, today, (summary) => questionsOf(heldOf(summary))));
  if (held.some((cell) => cell > 0)) rows.push({ key: 'held', title: words.t('not_per_domain_yet'), kind: 'held', cells: withDifferences(held) });
  const totals = periods.map((one) => teamCell(figures, team, one, today));
  rows.push({ key: 'total', title: words.t('total'), kind: 'total', cells: withDifferences(totals) });
  rows.push(...samePointTotals(figures, team, period, today, words));
  const compared = isRunning(period, today) ? [] : periods.slice(1);
  const columns = [
    { title: words.t('domain'), kind: 'text' },
    ...periods.map((one) => ({ title: words.period(one), kind: 'count' })),
    ...compared.map((earlier) => ({ title: words.t('difference_with', { period: words.period(earlier) }), kind: 'difference' })),
  ];
  return { id, columns, rows };
}

// Whether rolling up would change anything in what was received of a team.
export function canRollUp(figures, teams) {
  const domains = figures.newest.summaries().filter(({ team }) => teams.includes(team)).flatMap((summary) => summary.domains);
  return domains.some(({ domain }) => rollsUpTo(figures.catalogue.domains, domain) !== domain);
}

// The weeks that isoWeeksUpTo gives, with their questions. A week that no message lists has no figure.
export const weekCourse = (figures, team, weeks) => weeks.map((week) => ({ ...week, questions: figures.newest.questionsOfWeek(team, week) ?? none('before') }));
