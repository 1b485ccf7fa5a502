// SPDX-License-Identifier: EUPL-1.2
// Quarters beside each other: a team's course, and its domains in several quarters. Pure.

import { rollsUpTo } from '../core/crosswalk.js';
import { ALL } from '../core/topics.js';
import { differenceCell, domainCell, domainName, none, share, sumCells, teamCell } from './cells.js';
import { quartersHeard, questionsOf, summaryOf } from './figures.js';
import { groupsOf } from './lists.js';
import { countColumns, heldOf, shareColumn } from './live.js';
import { quarterOfDay, quartersBetween, shiftQuarter } from './periods.js';

// Every quarter from the first that anything is known of up to the present one (or a later one with questions).
export function quartersShown(figures, team, today) {
  const heard = [...new Set([...quartersHeard(figures, team), ...quartersHeard(figures, ALL)])].sort();
  if (heard.length === 0) return [];
  const present = today === null ? heard.at(-1) : quarterOfDay(today);
  return quartersBetween(heard[0], heard.at(-1) > present ? heard.at(-1) : present);
}

export function quarterFigures(figures, team, period, today) {
  const summary = summaryOf(figures, team, period);
  const nothing = none('no-questions'); // the reason stands once, with the questions
  return {
    period,
    questions: teamCell(figures, team, period, today),
    answered: summary?.answered ?? nothing,
    referred: summary?.referred ?? nothing,
    referredShare: summary ? share(summary.referred, questionsOf(summary)) : nothing,
    late: summary?.late ?? 0,
    status: summary?.status ?? 0,
    revision: summary?.revision ?? 0,
  };
}

// The course: oldest first.
export const courseOf = (figures, team, today) =>
  quartersShown(figures, team, today).map((period) => quarterFigures(figures, team, period, today));

function quarterRow(figures, team, one, today, words) {
  const lastYear = teamCell(figures, team, shiftQuarter(one.period, -4), today);
  const cells = [one.questions, one.answered, one.referred, one.referredShare, lastYear, differenceCell(lastYear, one.questions)];
  if (team !== ALL) cells.push(teamCell(figures, ALL, one.period, today));
  return { key: one.period, title: words.period(one.period), kind: 'plain', mark: words.statusOf(one), cells };
}

// Newest first: what is asked about most stands on top.
export function quarterTable(figures, team, today, words, id) {
  const columns = [{ title: words.t('quarter'), kind: 'text' }, ...countColumns(words)];
  columns.push(shareColumn('referred_share', words), { title: words.t('last_year'), kind: 'count' });
  columns.push({ title: words.t('difference'), kind: 'difference' });
  if (team !== ALL) columns.push({ title: words.t('whole_org'), kind: 'count' });
  const rows = courseOf(figures, team, today).reverse().map((one) => quarterRow(figures, team, one, today, words));
  return { id, columns, rows };
}

function codesIn(figures, team, periods) {
  const codes = new Set();
  for (const period of periods)
    for (const { domain } of summaryOf(figures, team, period)?.domains ?? []) codes.add(domain);
  return codes;
}

const withDifference = (cells) => [...cells, ...cells.slice(1).map((earlier) => differenceCell(earlier, cells[0]))];

function groupRows(figures, team, periods, today, { target, codes }, rolled, words) {
  const cellsOf = (code) => periods.map((period) => domainCell(figures, team, period, today, code));
  const parts = codes.map((code) => ({
    key: code,
    title: domainName(figures, code, words),
    kind: 'plain',
    cells: withDifference(cellsOf(code)),
  }));
  const sums = () => withDifference(periods.map((_, i) => sumCells(codes.map((code) => cellsOf(code)[i]))));
  const name = domainName(figures, target, words);
  if (rolled) return [{ key: target, title: name, kind: 'plain', cells: sums() }];
  // Only where the older domain itself has figures is there anything to see side by side.
  if (codes.length === 1 || !codes.includes(target)) return parts;
  const group = { key: `${target}+`, title: words.t('domain_and_successors', { name }), kind: 'group', cells: sums() };
  return [group, ...parts.map((part) => ({ ...part, kind: 'part' }))];
}

function heldRow(figures, team, periods, today, words) {
  const cells = periods.map((period) => teamCell(figures, team, period, today, heldOf));
  if (!cells.some((cell) => cell > 0)) return [];
  return [{ key: 'held', title: words.t('not_per_domain_yet'), kind: 'held', cells: withDifference(cells) }];
}

// The first period is the one looked at; the others are compared with it.
export function domainPeriodTable(figures, team, periods, today, rolled, words, id) {
  const rows = groupsOf(figures.catalogue, codesIn(figures, team, periods)).flatMap((group) =>
    groupRows(figures, team, periods, today, group, rolled, words),
  );
  rows.push(...heldRow(figures, team, periods, today, words));
  const totals = periods.map((period) => teamCell(figures, team, period, today));
  rows.push({ key: 'total', title: words.t('total'), kind: 'total', cells: withDifference(totals) });
  const columns = [
    { title: words.t('domain'), kind: 'text' },
    ...periods.map((period) => ({ title: words.period(period), kind: 'count' })),
    ...periods.slice(1).map((period) => ({ title: words.t('difference_with', { period: words.period(period) }), kind: 'difference' })),
  ];
  return { id, columns, rows };
}

// Whether the crosswalk would change anything for what was heard of a team.
export function hasCrosswalk(figures, teams) {
  for (const summary of figures.newest.summaries())
    if (teams.includes(summary.team) && summary.domains.some(({ domain }) => rollsUpTo(figures.catalogue.domains, domain) !== domain))
      return true;
  return false;
}

// Weeks as weeksUpTo gives them, with their questions; a week that no message lists is no figure.
export function weekCourse(figures, team, weeks) {
  return weeks.map(({ year, week }) => {
    const counted = figures.newest.weekly(team, year)?.weeks.find((one) => one.week === week);
    return { year, week, questions: counted ? counted.questions : none('before') };
  });
}
